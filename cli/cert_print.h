/*
 * A certificate object of the contract (4) for people.
 */
#ifndef CLI_CERT_PRINT_H
#define CLI_CERT_PRINT_H

#include "lib/base/json.h"

void cert_print(const json_t *certificate, int indent);

#endif
