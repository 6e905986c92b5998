/*
 * The event loop: one per process. Everything above this folder waits through it and
 * never sees libevent. In virtual time (clock.h) loop_run_virtual runs until idle and
 * jumps the clock to the next timer, so that months pass in milliseconds.
 */
#ifndef LIB_LOOP_LOOP_H
#define LIB_LOOP_LOOP_H

#include "lib/base/err.h"

struct loop;
struct event_base;

/* Also ignores SIGPIPE, for the process. */
struct loop *loop_new(void);
/* Everything armed on it must be gone: a leftover deferred call, timer, watch or op is a bug()
 * that names it (tests rely on this). */
void loop_free(struct loop *loop);

/* Runs until loop_stop. Real time only. */
void loop_run(struct loop *loop);
/* One turn: handles what is ready now, does not wait. True when anything ran. */
bool loop_turn(struct loop *loop);
void loop_stop(struct loop *loop);
/*
 * Virtual time: runs what is ready, then jumps to the next timer, until the clock has reached
 * until_wall_ms (it ends exactly there) or loop_stop. Descriptors that become ready are served at
 * each jump; real children may be waited for by holding the clock (loop_hold / loop_release):
 * while held, time stands still and the loop waits for descriptors.
 */
void loop_run_virtual(struct loop *loop, int64_t until_wall_ms);
void loop_hold(struct loop *loop);
void loop_release(struct loop *loop);

/* Calls fn(arg) in the next turn, in order of asking. The handle cancels; it is invalid after the
 * call. */
struct deferred;
typedef void deferred_fn(void *arg);
#define loop_defer(loop, fn, arg) loop_defer_named((loop), (fn), (arg), #fn)
struct deferred *loop_defer_named(struct loop *loop, deferred_fn *fn, void *arg, const char *name);
void deferred_cancel(struct deferred *deferred); /* accepts NULL */

/* A unix signal, delivered as an event. */
struct loop_signal;
typedef void loop_signal_fn(void *arg, int signo);
struct loop_signal *loop_signal_new(struct loop *loop, int signo, loop_signal_fn *fn, void *arg);
void loop_signal_free(struct loop_signal *sig);

/* Run-time versions of the libraries behind this folder, a line each, for --version. */
void loop_versions(FILE *out);

/* For the other files of lib/loop only. */
struct event_base *loop_base(struct loop *loop);

#endif
