/*
 * What every file of lib/tls needs of OpenSSL: that it is started our way, and its error queue as
 * one sentence. Inside this folder only.
 */
#ifndef LIB_TLS_LIBRARY_H
#define LIB_TLS_LIBRARY_H

#include "lib/base/sys.h"

/* Starts OpenSSL once, without its configuration file: a sandboxed role cannot read it, and a
 * line in it must not change what we see of a peer. First call of every way into this folder. */
void library_start(void);

/* The reason of the oldest entry of the error queue, or fallback; empties the queue. Static. */
const char *library_reason(const char *fallback);
/* The oldest entry's reason code of `lib` (ERR_LIB_SSL ...), or 0; leaves the queue. */
int library_reason_code(int lib);

#endif
