/*
 * The loop: turns of deferred calls, due timers and ready descriptors, in this order, over one
 * libevent base. It runs libevent one turn at a time instead of handing it the thread, because
 * virtual time must know when everything is idle, and because a call deferred from a callback
 * belongs to the next turn, behind a look at the descriptors. It never runs anything from
 * inside the call that asked for it.
 */
#include "lib/loop/inside.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <event2/event.h>
#include <signal.h>
#include <utlist.h>

struct loop_signal {
	struct loop_signal *prev, *next;
	struct loop *loop;
	struct event *event;
	loop_signal_fn *fn;
	void *arg;
	int signo;
};

static void on_libevent_log(int severity UNUSED, const char *text)
{
	log_debug("libevent", "text", text, NULL);
}

static void on_libevent_fatal(int code)
{
	bug("libevent gave up with code %d", code);
}

/* Nothing to do: that the wait has ended is all. */
static void on_wait(evutil_socket_t fd UNUSED, short what UNUSED, void *arg UNUSED)
{
}

struct loop *loop_new(void)
{
	struct loop *loop = MEM_NEW(struct loop);

	/* A peer that closed while we write is an EPIPE, not the end of the daemon; and neither
	 * evhttp nor OpenSSL writes with MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	event_set_log_callback(on_libevent_log);
	event_set_fatal_callback(on_libevent_fatal);
	loop->base = event_base_new();
	if (!loop->base)
		bug("no event base: out of descriptors?");
	loop->wait = event_new(loop->base, -1, 0, on_wait, NULL);
	if (!loop->wait)
		bug("no event for the wait");
	return loop;
}

static void leftovers_name(const struct loop *loop)
{
	if (loop->ops)
		bug("loop_free: operation %s in stage \"%s\" is left", loop->ops->name,
		    op_stage_text(loop->ops));
	if (loop->watches)
		bug("loop_free: watch %s of descriptor %d is left", loop->watches->name,
		    loop->watches->fd);
	if (loop->deferred)
		bug("loop_free: deferred call %s is left", loop->deferred->name);
	if (loop->heap_len > 0)
		bug("loop_free: timer %s is left", loop->heap[0]->name);
	if (loop->signals)
		bug("loop_free: handler of signal %d is left", loop->signals->signo);
	if (loop->holds > 0)
		bug("loop_free: the clock is held %d times", loop->holds);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	if (loop->running)
		bug("loop_free from inside the loop");
	children_finish(loop);
	leftovers_name(loop);
	event_free(loop->wait);
	event_base_free(loop->base);
	mem_free(loop->heap);
	mem_free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

/* --- deferred calls ---------------------------------------------------------------------- */

struct deferred *loop_defer_named(struct loop *loop, deferred_fn *fn, void *arg, const char *name)
{
	struct deferred *deferred = MEM_NEW(struct deferred);

	deferred->loop = loop;
	deferred->fn = fn;
	deferred->arg = arg;
	deferred->name = name;
	deferred->order = loop->order++;
	DL_APPEND(loop->deferred, deferred);
	return deferred;
}

void deferred_cancel(struct deferred *deferred)
{
	if (!deferred)
		return;
	DL_DELETE(deferred->loop->deferred, deferred);
	mem_free(deferred);
}

static bool deferred_run(struct loop *loop)
{
	uint64_t end = loop->order;
	bool ran = false;

	/* From the head each time: a call may cancel its neighbours. */
	while (loop->deferred && loop->deferred->order < end) {
		struct deferred *deferred = loop->deferred;
		deferred_fn *fn = deferred->fn;
		void *arg = deferred->arg;

		deferred_cancel(deferred);
		fn(arg);
		ran = true;
	}
	return ran;
}

/* --- turns ------------------------------------------------------------------------------- */

/* How long libevent may wait for descriptors: 0 not at all, -1 until one is ready. */
static int64_t wait_ms(const struct loop *loop)
{
	int64_t at, now;

	if (loop->deferred)
		return 0;
	if (clock_is_virtual() || !timers_next(loop, &at))
		return -1;
	now = clock_mono_ms();
	return at > now ? at - now : 0;
}

static bool descriptors_run(struct loop *loop, int64_t ms)
{
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

	if (ms == 0) {
		flags |= EVLOOP_NONBLOCK;
	} else if (ms > 0) {
		struct timeval tv = {.tv_sec = ms / MS_SECOND, .tv_usec = ms % MS_SECOND * 1000};
		event_add(loop->wait, &tv);
	}
	event_base_get_max_events(loop->base, EVENT_BASE_COUNT_ACTIVE, 1);
	if (event_base_loop(loop->base, flags) < 0)
		bug("libevent's loop failed");
	event_del(loop->wait);
	return event_base_get_max_events(loop->base, EVENT_BASE_COUNT_ACTIVE, 0) > 0;
}

static bool turn(struct loop *loop, bool wait)
{
	bool ran = deferred_run(loop);

	if (timers_run(loop))
		ran = true;
	if (loop->stopped)
		wait = false;
	return descriptors_run(loop, wait ? wait_ms(loop) : 0) || ran;
}

static void enter(struct loop *loop)
{
	if (loop->running)
		bug("the loop was run from inside itself");
	loop->running = true;
	loop->stopped = false;
}

void loop_run(struct loop *loop)
{
	/* Its timers would never come: nobody moves the clock. */
	if (clock_is_virtual())
		bug("loop_run in virtual time");
	enter(loop);
	while (!loop->stopped)
		turn(loop, true);
	loop->running = false;
}

bool loop_turn(struct loop *loop)
{
	bool ran;

	enter(loop);
	ran = turn(loop, false);
	loop->running = false;
	return ran;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

/* --- virtual time ------------------------------------------------------------------------ */

/* To the next timer or to the end, whichever is sooner. */
static void clock_jump(struct loop *loop, int64_t until_wall_ms)
{
	int64_t jump = until_wall_ms - clock_wall_ms();
	int64_t at;

	if (timers_next(loop, &at) && at - clock_mono_ms() < jump)
		jump = at - clock_mono_ms();
	clock_virtual_advance(jump > 0 ? jump : 0);
}

void loop_run_virtual(struct loop *loop, int64_t until_wall_ms)
{
	if (!clock_is_virtual())
		bug("loop_run_virtual without virtual time");
	enter(loop);
	while (!loop->stopped) {
		if (turn(loop, false))
			continue;
		if (loop->holds > 0) {
			turn(loop, true);
			continue;
		}
		if (clock_wall_ms() >= until_wall_ms)
			break;
		clock_jump(loop, until_wall_ms);
	}
	loop->running = false;
}

void loop_hold(struct loop *loop)
{
	loop->holds++;
}

void loop_release(struct loop *loop)
{
	if (loop->holds == 0)
		bug("loop_release without loop_hold");
	loop->holds--;
}

/* --- signals ----------------------------------------------------------------------------- */

static void on_signal(evutil_socket_t signo, short what UNUSED, void *arg)
{
	struct loop_signal *sig = arg;

	sig->fn(sig->arg, (int)signo);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signo, loop_signal_fn *fn, void *arg)
{
	struct loop_signal *sig = MEM_NEW(struct loop_signal);

	sig->loop = loop;
	sig->fn = fn;
	sig->arg = arg;
	sig->signo = signo;
	sig->event = event_new(loop->base, signo, EV_SIGNAL | EV_PERSIST, on_signal, sig);
	if (!sig->event || event_add(sig->event, NULL) < 0)
		bug("signal %d cannot be waited for", signo);
	DL_APPEND(loop->signals, sig);
	return sig;
}

void loop_signal_free(struct loop_signal *sig)
{
	if (!sig)
		return;
	DL_DELETE(sig->loop->signals, sig);
	event_free(sig->event);
	mem_free(sig);
}
