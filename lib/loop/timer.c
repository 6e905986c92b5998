/*
 * Timers: a binary heap of pointers into their owners, ordered by instant and then by order of
 * arming. loop.c asks for the next instant to bound its wait; nothing here touches libevent, so
 * virtual time needs no second way.
 */
#include "lib/loop/inside.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"

static bool sooner(const struct timer *a, const struct timer *b)
{
	if (a->at_mono_ms != b->at_mono_ms)
		return a->at_mono_ms < b->at_mono_ms;
	return a->order < b->order;
}

static void put(struct loop *loop, size_t index, struct timer *timer)
{
	loop->heap[index] = timer;
	timer->place = index + 1;
}

static void sift_up(struct loop *loop, size_t index, struct timer *timer)
{
	while (index > 0) {
		size_t parent = (index - 1) / 2;

		if (!sooner(timer, loop->heap[parent]))
			break;
		put(loop, index, loop->heap[parent]);
		index = parent;
	}
	put(loop, index, timer);
}

static void sift_down(struct loop *loop, size_t index, struct timer *timer)
{
	for (;;) {
		size_t least = 2 * index + 1;

		if (least >= loop->heap_len)
			break;
		if (least + 1 < loop->heap_len && sooner(loop->heap[least + 1], loop->heap[least]))
			least++;
		if (!sooner(loop->heap[least], timer))
			break;
		put(loop, index, loop->heap[least]);
		index = least;
	}
	put(loop, index, timer);
}

void timer_init_named(struct timer *timer, struct loop *loop, timer_fn *fn, void *arg,
		      const char *name)
{
	*timer = (struct timer){.loop = loop, .fn = fn, .arg = arg, .name = name};
}

void timer_set_at(struct timer *timer, int64_t mono_ms)
{
	struct loop *loop = timer->loop;
	int64_t now = clock_mono_ms();

	timer_clear(timer);
	/* Else one that always arms itself in the past would stand before all others. */
	if (mono_ms < now)
		mono_ms = now;
	if (loop->heap_len == loop->heap_cap) {
		loop->heap_cap = loop->heap_cap ? 2 * loop->heap_cap : 64;
		loop->heap = mem_resize(loop->heap, loop->heap_cap, sizeof(*loop->heap));
	}
	timer->at_mono_ms = mono_ms;
	timer->order = loop->order++;
	loop->heap_len++;
	sift_up(loop, loop->heap_len - 1, timer);
}

void timer_set(struct timer *timer, int64_t after_ms)
{
	int64_t now = clock_mono_ms();

	if (after_ms < 0)
		after_ms = 0;
	timer_set_at(timer, after_ms > INT64_MAX - now ? INT64_MAX : now + after_ms);
}

void timer_clear(struct timer *timer)
{
	struct loop *loop = timer->loop;
	struct timer *last;
	size_t index;

	if (timer->place == 0)
		return;
	index = timer->place - 1;
	timer->place = 0;
	last = loop->heap[--loop->heap_len];
	if (last == timer)
		return;
	if (index > 0 && sooner(last, loop->heap[(index - 1) / 2]))
		sift_up(loop, index, last);
	else
		sift_down(loop, index, last);
}

bool timer_armed(const struct timer *timer)
{
	return timer->place != 0;
}

bool timers_next(const struct loop *loop, int64_t *at_mono_ms)
{
	if (loop->heap_len == 0)
		return false;
	*at_mono_ms = loop->heap[0]->at_mono_ms;
	return true;
}

bool timers_run(struct loop *loop)
{
	/* Those armed meanwhile wait for the next turn, so that a timer which arms itself
	 * with 0 cannot keep the descriptors waiting. */
	uint64_t end = loop->order;
	int64_t now;
	bool ran = false;

	if (loop->heap_len == 0)
		return false;
	now = clock_mono_ms();
	while (loop->heap_len > 0) {
		struct timer *timer = loop->heap[0];

		if (timer->at_mono_ms > now || timer->order >= end)
			break;
		timer_clear(timer);
		timer->fn(timer->arg);
		ran = true;
	}
	return ran;
}
