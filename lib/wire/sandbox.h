/*
 * The system call filter of each role. Closed after the role has read its files; a process under it
 * cannot open files, exec, or use unix sockets; a violation ends it by SIGSYS.
 */
#ifndef LIB_WIRE_SANDBOX_H
#define LIB_WIRE_SANDBOX_H

#include "lib/base/err.h"

enum sandbox_role { SANDBOX_PROBER, SANDBOX_READER };
/* no_new_privs, not dumpable, no core, then the filter. Must work under the shipped unit's own
 * SystemCallFilter and MemoryDenyWriteExecute. */
bool sandbox_close(enum sandbox_role role, struct err *err) MUST_CHECK;

#endif
