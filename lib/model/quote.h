/*
 * A stranger's text inside a sentence of ours: in quotes, escaped, cut.
 */
#ifndef LIB_MODEL_QUOTE_H
#define LIB_MODEL_QUOTE_H

#include "lib/base/sys.h"

#define QUOTE_MAX 128

/* Returns out. */
const char *quote(const char *text, char out[QUOTE_MAX]);

#endif
