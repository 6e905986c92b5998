/*
 * Readiness of a descriptor for the few long-lived things that are not operations: a frame
 * channel, a listening socket, a pipe of log lines.
 */
#ifndef LIB_LOOP_WATCH_H
#define LIB_LOOP_WATCH_H

#include "lib/loop/loop.h"

struct watch;
enum { WATCH_READ = 1, WATCH_WRITE = 2 };
typedef void watch_fn(void *arg, int fd, int what);
/* Level-triggered. fd stays the caller's and must outlive the watch. */
#define watch_new(loop, fd, what, fn, arg) watch_new_named((loop), (fd), (what), (fn), (arg), #fn)
struct watch *watch_new_named(struct loop *loop, int fd, int what, watch_fn *fn, void *arg,
			      const char *name);
void watch_set(struct watch *watch, int what); /* 0 pauses */
void watch_free(struct watch *watch);	       /* accepts NULL; legal from inside its call */

#endif
