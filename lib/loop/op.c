/*
 * The operation engine: calls a step, looks at what it wants, arms that, returns. Whenever a
 * step runs, nothing of its operation is armed on a descriptor: a step may then close its
 * descriptor and open another of the same number, which libevent would not notice.
 */
#include "lib/loop/inside.h"

#include "lib/base/log.h"

#include <event2/event.h>
#include <fcntl.h>
#include <utlist.h>

/* How often a step may say WANT_AGAIN before others have their turn. */
#define STEPS_IN_A_ROW 64

static void on_turn(void *arg);
static void on_ready(evutil_socket_t fd, short what, void *arg);

static void turn_ask(struct op *op)
{
	if (!op->turn)
		op->turn = loop_defer_named(op->loop, on_turn, op, op->name);
}

static void disarm(struct op *op)
{
	if (op->event)
		event_del(op->event);
}

static void arm(struct op *op, short what)
{
	if (op->fd < 0)
		bug("operation %s waits for descriptor %d", op->name, op->fd);
	if (!op->event) {
		op->event = event_new(op->loop->base, op->fd, what, on_ready, op);
		if (!op->event)
			bug("no event for operation %s", op->name);
	} else {
		event_assign(op->event, op->loop->base, op->fd, what, on_ready, op);
	}
	op->event_fd = op->fd;
	if (event_add(op->event, NULL) == 0)
		return;
	if (fcntl(op->fd, F_GETFD) < 0)
		bug("operation %s waits for descriptor %d, which is closed", op->name, op->fd);
	/* A plain file cannot be waited for and is always ready. */
	turn_ask(op);
}

static void run(struct op *op, enum wake wake)
{
	for (int budget = STEPS_IN_A_ROW; budget > 0; budget--) {
		switch (op->step(op, wake)) {
		case WANT_READ:
			arm(op, EV_READ);
			return;
		case WANT_WRITE:
			arm(op, EV_WRITE);
			return;
		case WANT_WAKE:
			return;
		case WANT_GONE:
			return;
		case WANT_AGAIN:
			wake = WAKE_READY;
			break;
		}
	}
	turn_ask(op);
}

static void on_turn(void *arg)
{
	struct op *op = arg;
	enum wake wake = op->begun ? WAKE_READY : WAKE_START;

	op->turn = NULL;
	op->begun = true;
	disarm(op);
	run(op, wake);
}

static void on_ready(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct op *op = arg;

	/* A wake asked for in this turn is answered by this very step. */
	deferred_cancel(op->turn);
	op->turn = NULL;
	run(op, WAKE_READY);
}

static void on_deadline(void *arg)
{
	struct op *op = arg;

	disarm(op);
	run(op, WAKE_DEADLINE);
}

void op_start(struct op *op, struct loop *loop, const char *name, const char *const *stages,
	      enum want (*step)(struct op *, enum wake), int64_t deadline_ms)
{
	op->loop = loop;
	op->step = step;
	op->name = name;
	op->stages = stages;
	op->stage = 0;
	op->turn = NULL;
	op->event = NULL;
	op->event_fd = -1;
	op->begun = false;
	DL_APPEND(loop->ops, op);
	timer_init_named(&op->deadline, loop, on_deadline, op, name);
	op_deadline(op, deadline_ms);
	turn_ask(op);
}

void op_deadline(struct op *op, int64_t deadline_ms)
{
	if (deadline_ms > 0)
		timer_set(&op->deadline, deadline_ms);
	else
		timer_clear(&op->deadline);
}

void op_wake(struct op *op)
{
	turn_ask(op);
}

enum want op_go(struct op *op, int stage)
{
	const char *from = op_stage_text(op);

	op->stage = stage;
	log_debug("stage", "op", op->name, "from", from, "to", op_stage_text(op), NULL);
	return WANT_AGAIN;
}

const char *op_stage_text(const struct op *op)
{
	return op->stages ? op->stages[op->stage] : "";
}

void op_finish(struct op *op)
{
	if (!op->loop)
		return;
	timer_clear(&op->deadline);
	deferred_cancel(op->turn);
	op->turn = NULL;
	if (op->event)
		event_free(op->event);
	op->event = NULL;
	DL_DELETE(op->loop->ops, op);
	op->loop = NULL;
}
