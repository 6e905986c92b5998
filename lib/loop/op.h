/*
 * The operation engine: the only place that arms a descriptor for an operation. An
 * operation embeds struct op, has one step, one deadline, one completion; see
 * "The one asynchronous shape" in docs/architecture.md.
 */
#ifndef LIB_LOOP_OP_H
#define LIB_LOOP_OP_H

#include "lib/loop/timer.h"

enum want {
	WANT_READ,  /* call me when op->fd is readable */
	WANT_WRITE, /* ... writable */
	WANT_WAKE,  /* a child's completion will op_wake me */
	WANT_AGAIN, /* stage changed: call again now (budgeted, then next turn) */
	WANT_GONE,  /* finished and freed: do not touch me */
};
enum wake { WAKE_START, WAKE_READY, WAKE_DEADLINE };

struct op {
	struct loop *loop;
	enum want (*step)(struct op *op, enum wake wake);
	const char *name;	   /* for traces: "probe" */
	const char *const *stages; /* names, by stage number */
	int stage;
	int fd; /* set by the operation before it wants READ or WRITE; owned by the operation */
	/* engine's own */
	struct timer deadline;
	struct deferred *turn;
	void *event;
	int event_fd;
	bool begun;
	struct op *prev, *next;
};

/* First step in the next turn. deadline_ms relative to now; <= 0: none. Leaves fd as it is. A step
 * must bear a WAKE_READY that nothing explains: a wake and a descriptor may coincide. */
void op_start(struct op *op, struct loop *loop, const char *name, const char *const *stages,
	      enum want (*step)(struct op *, enum wake), int64_t deadline_ms);
/* Moves the deadline (relative to now; <= 0 clears). */
void op_deadline(struct op *op, int64_t deadline_ms);
/* Schedules one step(WAKE_READY) in the next turn; many wakes before it are one. */
void op_wake(struct op *op);
/* Changes stage, traces it, and answers WANT_AGAIN: `return op_go(&p->op, PROBE_CONNECT);` */
enum want op_go(struct op *op, int stage);
const char *op_stage_text(const struct op *op);
/* Disarms everything of the engine's; the operation then frees itself. For finish and cancel.
 * Does not close fd. Must precede close(fd). */
void op_finish(struct op *op);

#endif
