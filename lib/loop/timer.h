/*
 * Timers: one heap per loop, one libevent timer under it. Monotonic; embedded in the owner.
 */
#ifndef LIB_LOOP_TIMER_H
#define LIB_LOOP_TIMER_H

#include "lib/loop/loop.h"

typedef void timer_fn(void *arg);
struct timer {
	struct loop *loop;
	timer_fn *fn;
	void *arg;
	int64_t at_mono_ms;
	size_t place; /* index in the heap + 1; 0 = not armed */
	uint64_t order;
	const char *name; /* for loop_free's complaint: the function's */
};

#define timer_init(timer, loop, fn, arg) timer_init_named((timer), (loop), (fn), (arg), #fn)
void timer_init_named(struct timer *timer, struct loop *loop, timer_fn *fn, void *arg,
		      const char *name);
/* (Re)arms; after_ms < 0 counts as 0. The call comes from the loop, never from here. */
void timer_set(struct timer *timer, int64_t after_ms);
/* An instant that has passed counts as now. */
void timer_set_at(struct timer *timer, int64_t mono_ms);
void timer_clear(struct timer *timer);
bool timer_armed(const struct timer *timer);

#endif
