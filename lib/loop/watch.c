/*
 * Watches: a persistent libevent event and who to call. For what lives long and is not an
 * operation; an operation waits through op.c.
 */
#include "lib/loop/inside.h"

#include "lib/base/mem.h"

#include <event2/event.h>
#include <utlist.h>

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;
	int ready = (what & EV_READ ? WATCH_READ : 0) | (what & EV_WRITE ? WATCH_WRITE : 0);

	/* The last statement: the call may free the watch. */
	watch->fn(watch->arg, (int)fd, ready);
}

static void arm(struct watch *watch)
{
	short what = (short)((watch->what & WATCH_READ ? EV_READ : 0) |
			     (watch->what & WATCH_WRITE ? EV_WRITE : 0));

	if (what == 0)
		return;
	event_assign(watch->event, watch->loop->base, watch->fd, what | EV_PERSIST, on_ready,
		     watch);
	if (event_add(watch->event, NULL) < 0)
		bug("watch %s: descriptor %d cannot be waited for", watch->name, watch->fd);
}

struct watch *watch_new_named(struct loop *loop, int fd, int what, watch_fn *fn, void *arg,
			      const char *name)
{
	struct watch *watch = MEM_NEW(struct watch);

	watch->loop = loop;
	watch->fn = fn;
	watch->arg = arg;
	watch->name = name;
	watch->fd = fd;
	watch->what = what;
	watch->event = event_new(loop->base, fd, EV_PERSIST, on_ready, watch);
	if (!watch->event)
		bug("no event for watch %s", name);
	DL_APPEND(loop->watches, watch);
	arm(watch);
	return watch;
}

void watch_set(struct watch *watch, int what)
{
	if (watch->what == what)
		return;
	event_del(watch->event);
	watch->what = what;
	arm(watch);
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	DL_DELETE(watch->loop->watches, watch);
	event_free(watch->event);
	mem_free(watch);
}
