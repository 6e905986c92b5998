/*
 * The inside of a loop, for the files of lib/loop only: the lists of what is armed, so that
 * loop_free can name what was forgotten, and the doors between loop, timers, operations and
 * children.
 */
#ifndef LIB_LOOP_INSIDE_H
#define LIB_LOOP_INSIDE_H

#include "lib/loop/op.h"
#include "lib/loop/watch.h"

struct child;
struct event;

struct deferred {
	struct deferred *prev, *next;
	struct loop *loop;
	deferred_fn *fn;
	void *arg;
	const char *name;
	uint64_t order; /* of asking; a turn runs only what was asked before it began */
};

struct watch {
	struct watch *prev, *next;
	struct loop *loop;
	struct event *event;
	watch_fn *fn;
	void *arg;
	const char *name;
	int fd;
	int what;
};

struct loop {
	struct event_base *base;
	struct event *wait;  /* the one libevent timer: bounds the wait, its call does nothing */
	struct timer **heap; /* heap[0] is next */
	size_t heap_len;
	size_t heap_cap;
	struct deferred *deferred;
	struct watch *watches;
	struct op *ops;
	struct loop_signal *signals;
	struct child *children;
	struct loop_signal *on_child; /* SIGCHLD, while there are children */
	uint64_t order;		      /* counts deferred calls and timers */
	int holds;
	bool running;
	bool stopped;
};

/* Runs the timers that were due when the call began; true when there was one. */
bool timers_run(struct loop *loop);
/* When the next timer is due; false without any. */
bool timers_next(const struct loop *loop, int64_t *at_mono_ms);
/* Reaps what child_cancel left behind. Called by loop_free before it counts. */
void children_finish(struct loop *loop);

#endif
