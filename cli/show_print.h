/*
 * What `show` answers, for people.
 */
#ifndef CLI_SHOW_PRINT_H
#define CLI_SHOW_PRINT_H

#include "lib/base/json.h"

/* The object of GET /api/v1/targets/X. */
void show_print_target(const json_t *answer);
/* An alert row. */
void show_print_alert(const json_t *row);

#endif
