/*
 * One place in the pool: a role that is started, watched, and started again with back-off when it
 * dies. Knows what a death looks like and whom the page names, but nothing of looks: post.c
 * does, and is told through three calls, all of them from the loop.
 */
#ifndef LIB_WIRE_WORKER_H
#define LIB_WIRE_WORKER_H

#include "lib/loop/timer.h"
#include "lib/wire/msg.h"
#include "lib/wire/role.h"

enum worker_kind { WORKER_PROBER, WORKER_READER };
#define WORKER_KINDS 2
const char *worker_kind_text(enum worker_kind kind);

/* Who is to blame when a role ends while the page names an item. */
enum blame {
	BLAME_NONE,  /* nobody: told to leave, killed for what it said or did not, did not start */
	BLAME_DOUBT, /* killed from outside, or left unasked: the item may be innocent */
	BLAME_SURE,  /* a crash, a stall, a failure status */
};
struct death {
	enum blame blame;
	uint64_t item; /* named by the page, 0: none */
	bool expected; /* we had told it to leave */
	int32_t pid;   /* 0: no process could be made */
	char how[256]; /* "signal 11 (Segmentation fault)" */
};

struct worker_events {
	void (*ready)(void *arg, const struct msg_ready *facts);
	/* A frame that is not MSG_READY; false with err when it breaks the rules. */
	bool (*said)(void *arg, const struct frame *frame, struct err *err);
	/* All it had said has been told. Unless `expected`, it is started again after the back-off:
	 * worker_free is legal inside. */
	void (*dead)(void *arg, const struct death *death);
};

struct worker;
/* Starts in the next turn. setup is borrowed for the worker's life. */
struct worker *worker_new(struct loop *loop, enum worker_kind kind, const struct msg_setup *setup,
			  const struct worker_events *events, void *arg);
/* Silent: `dead` is not called. Accepts NULL. */
void worker_free(struct worker *worker);

bool worker_is_ready(const struct worker *worker);
bool worker_is_starting(const struct worker *worker);  /* there is a process, not ready yet */
struct channel *worker_channel(struct worker *worker); /* only while it is ready */
int32_t worker_pid(const struct worker *worker);       /* 0: none lives */
/* Items in its hands, as the owner counts them: while there are any, or the page says that some are
 * pending, the counter of steps is watched. */
void worker_load(struct worker *worker, size_t load);
/* The counter has not moved of late, with work pending. */
bool worker_stands_still(const struct worker *worker);

enum worker_end {
	END_ITSELF,
	END_STALLED, /* the counter stood still with work pending */
	END_OVERRUN, /* it lives, but let a deadline pass */
	END_BROKEN,  /* it lied, or spoke no frames */
	END_LATE,    /* not ready in time */
};
/* Ends it now; `dead` follows. Nothing more of what it said is heard. detail may be NULL. */
void worker_kill(struct worker *worker, enum worker_end why, const char *detail);
/* Asks it to leave, and insists after a while; `dead` follows with `expected`, even when no process
 * lives. */
void worker_leave(struct worker *worker);

#endif
