/*
 * The child's side of a start, between fork and exec. Apart from child.c because other rules hold
 * there: a thread of libcurl's may have held any lock at the fork, so only async-signal-safe calls
 * are made and nothing is allocated.
 */
#ifndef LIB_LOOP_CHILD_EXEC_H
#define LIB_LOOP_CHILD_EXEC_H

#include "lib/loop/child.h"

/* Becomes the program of spec, or writes why not to stderr_fd and exits with 127. All signals
 * are blocked when it is called. */
void child_exec(const struct child_spec *spec, int stderr_fd, pid_t parent) NORETURN;

#endif
