/*
 * The roots of trust: the operator's file or the system's bundle, read before the sandbox closes.
 */
#ifndef PROBES_ROOTS_H
#define PROBES_ROOTS_H

#include "lib/tls/chain.h"

#define ROOTS_WARNING_MAX 256

/* spec: "system", a path, or NULL (judge no trust). NULL when there are none; warning then says
 * why, and is "" when all is well. */
struct anchors *roots_load(const char *spec, char warning[ROOTS_WARNING_MAX]);

#endif
