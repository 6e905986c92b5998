/*
 * A role: the same binary started again (fork, exec of /proc/self/exe) with "--role=NAME" as its
 * only argument, one socketpair as descriptor 3, one shared page as descriptor 4. Parent's side:
 * role_start. Child's side: role_enter, called by the program's main when it finds --role=.
 */
#ifndef LIB_WIRE_ROLE_H
#define LIB_WIRE_ROLE_H

#include "lib/loop/child.h"
#include "lib/wire/frame.h"
#include <stdatomic.h>

/* Written by the child before each step, read by the parent after a death or a stall. */
struct role_page {
	_Atomic uint64_t item;	  /* being worked on, 0: none */
	_Atomic uint64_t steps;	  /* of any item, and beats with work pending */
	_Atomic uint64_t pending; /* items accepted and not done */
};

#define ROLE_FD_CHANNEL 3
#define ROLE_FD_PAGE 4

struct role {
	struct child *child;
	struct channel *channel;
	struct role_page *page;
	/* role.c's own */
	child_line_fn *on_line;
	child_done_fn *on_exit;
	void *arg;
};
/* out must not move until role_stop; role->child is NULL from on_exit on. out's channel and child
 * report to the given callbacks with arg. role_stop frees channel, page, and kills (silently) a
 * child that still lives. */
bool role_start(struct role *out, struct loop *loop, const char *name, channel_frame_fn *on_frame,
		channel_gone_fn *on_gone, child_line_fn *on_line, child_done_fn *on_exit, void *arg,
		struct err *err) MUST_CHECK;
void role_stop(struct role *role);

/* Child: "prober" when argv says --role=prober, else NULL. */
const char *role_wanted(int argc, char **argv);
/* Child: maps the page and checks the descriptors; false when not started by role_start (a person
 * typed
 * --role: one clear sentence). Logs go to stderr as the parent expects them. */
bool role_enter(struct role_page **page, int *channel_fd, struct err *err) MUST_CHECK;

#endif
