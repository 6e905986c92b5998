/*
 * See worker.h. A role's end has two halves that come in either order: the process is reaped, and
 * the channel has ended. Only with both is everything heard that it said before it died, and only
 * then is its death told. Silence is not waited for: what we killed ourselves is not heard any
 * more, and a channel that ends alone is followed by a kill.
 */
#include "lib/base/sys.h"
#include "lib/wire/worker.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include <signal.h>
#include <sys/wait.h>

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS (30 * MS_SECOND)
#define LIFE_GOOD_MS MS_MINUTE
#define TICK_MS MS_SECOND
/* In ticks, not in time: when the whole machine stood still, the role gets its turns before it is
 * judged. */
#define STALL_TICKS 5
#define START_TICKS 30
/* What a role may take to leave, and its other half of death to follow the first. */
#define GRACE_MS (2 * MS_SECOND)
/* A hostile role must not fill the journal. */
#define LINES_MAX 500
#define LINES_MS (10 * MS_SECOND)

struct worker {
	struct loop *loop;
	enum worker_kind kind;
	const struct msg_setup *setup;
	const struct worker_events *events;
	void *arg;
	struct role role;
	bool running; /* between role_start and the telling of the death */
	bool ready;
	bool leaving;
	bool gone; /* the channel has ended, or we do not listen any more */
	bool exited;
	int wait_status;
	enum worker_end end;
	char why[160];
	int32_t pid; /* kept for telling */
	size_t load;
	int64_t started_mono;
	int64_t backoff_ms;
	struct timer start;
	struct timer tick;
	struct timer grace;
	uint64_t steps; /* at the last tick */
	int still;	/* ticks without a step while something was pending */
	int starting;	/* ticks before it was ready */
	uint64_t stalled_item;
	int64_t lines_since;
	int lines;
};

static const char *const kind_texts[] = {
	[WORKER_PROBER] = "prober",
	[WORKER_READER] = "reader",
};

const char *worker_kind_text(enum worker_kind kind)
{
	return kind_texts[kind];
}

bool worker_is_ready(const struct worker *worker)
{
	return worker->running && worker->ready && !worker->gone && !worker->exited &&
	       !worker->leaving && channel_is_open(worker->role.channel);
}

bool worker_is_starting(const struct worker *worker)
{
	return worker->running && !worker->ready && !worker->gone && !worker->exited;
}

struct channel *worker_channel(struct worker *worker)
{
	return worker_is_ready(worker) ? worker->role.channel : NULL;
}

int32_t worker_pid(const struct worker *worker)
{
	return worker->role.child ? (int32_t)child_pid(worker->role.child) : 0;
}

/* --- death --- */

static bool is_crash(int signo)
{
	return signo == SIGSEGV || signo == SIGABRT || signo == SIGSYS || signo == SIGBUS ||
	       signo == SIGILL || signo == SIGFPE || signo == SIGTRAP;
}

static enum blame blame_of(const struct worker *worker)
{
	if (worker->leaving)
		return BLAME_NONE;
	switch (worker->end) {
	case END_STALLED:
		return BLAME_SURE;
	case END_OVERRUN: /* the page names whoever it was busy with just then */
	case END_BROKEN:
	case END_LATE:
		return BLAME_NONE;
	case END_ITSELF:
		break;
	}
	if (WIFSIGNALED(worker->wait_status))
		return is_crash(WTERMSIG(worker->wait_status)) ? BLAME_SURE : BLAME_DOUBT;
	return WEXITSTATUS(worker->wait_status) != 0 ? BLAME_SURE : BLAME_DOUBT;
}

static void how_text(const struct worker *worker, char *out, size_t len)
{
	int status = worker->wait_status;

	switch (worker->end) {
	case END_STALLED:
		snprintf(out, len, "stood still for %d s, killed", STALL_TICKS);
		return;
	case END_OVERRUN:
		snprintf(out, len, "let a deadline pass, killed");
		return;
	case END_BROKEN:
		snprintf(out, len, "broke the rules, killed: %s", worker->why);
		return;
	case END_LATE:
		snprintf(out, len, "was not ready within %d s, killed", START_TICKS);
		return;
	case END_ITSELF:
		break;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(out, len, "made a system call that its sandbox forbids (SIGSYS)");
	else if (WIFSIGNALED(status))
		snprintf(out, len, "signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(out, len, "left with status %d", WEXITSTATUS(status));
}

static uint64_t item_named(const struct worker *worker)
{
	if (worker->end == END_STALLED)
		return worker->stalled_item;
	return worker->role.page ? atomic_load(&worker->role.page->item) : 0;
}

static int64_t backoff_next(struct worker *worker)
{
	int64_t now_ms = worker->backoff_ms;

	if (clock_mono_ms() - worker->started_mono >= LIFE_GOOD_MS)
		now_ms = BACKOFF_FIRST_MS;
	worker->backoff_ms = now_ms * 2 < BACKOFF_MAX_MS ? now_ms * 2 : BACKOFF_MAX_MS;
	return now_ms;
}

/* The last statement of whoever calls it: the owner may free the worker. */
static void tell_death(struct worker *worker, const struct death *death)
{
	const struct worker_events *events = worker->events;
	void *arg = worker->arg;

	timer_clear(&worker->tick);
	timer_clear(&worker->grace);
	role_stop(&worker->role);
	worker->running = false;
	worker->ready = false;
	if (!death->expected)
		timer_set(&worker->start, backoff_next(worker));
	events->dead(arg, death);
}

static void settle(struct worker *worker)
{
	struct death death = {
		.blame = blame_of(worker),
		.item = item_named(worker),
		.expected = worker->leaving,
		.pid = worker->pid,
	};

	how_text(worker, death.how, sizeof(death.how));
	tell_death(worker, &death);
}

static void silence(struct worker *worker)
{
	channel_free(worker->role.channel);
	worker->role.channel = NULL;
	worker->gone = true;
}

void worker_kill(struct worker *worker, enum worker_end why, const char *detail)
{
	/* The first reason is the reason. */
	if (!worker->running || worker->exited || worker->end != END_ITSELF)
		return;
	worker->end = why;
	str_copy(worker->why, sizeof(worker->why), detail ? detail : "");
	if (why == END_STALLED)
		worker->stalled_item = atomic_load(&worker->role.page->item);
	silence(worker);
	timer_clear(&worker->tick);
	child_kill(worker->role.child, SIGKILL);
}

static void on_exit_status(void *arg, int wait_status)
{
	struct worker *worker = arg;

	worker->exited = true;
	worker->wait_status = wait_status;
	if (worker->gone)
		settle(worker);
	else
		timer_set(&worker->grace, GRACE_MS);
}

static void on_grace(void *arg)
{
	struct worker *worker = arg;

	if (!worker->running) {
		tell_death(worker, &(struct death){.blame = BLAME_NONE, .expected = true});
		return;
	}
	if (worker->exited) {
		settle(worker);
		return;
	}
	if (worker->end == END_ITSELF && !worker->leaving) {
		worker->end = END_BROKEN;
		str_copy(worker->why, sizeof(worker->why), "closed its channel and stayed");
	}
	child_kill(worker->role.child, SIGKILL);
}

/* --- what it says --- */

static void on_gone(void *arg, const char *why)
{
	struct worker *worker = arg;

	worker->gone = true;
	if (worker->exited) {
		settle(worker);
		return;
	}
	if (str_eq(why, CHANNEL_CLOSED))
		timer_set(&worker->grace, GRACE_MS); /* its death is under way */
	else
		worker_kill(worker, END_BROKEN, why);
}

static bool take_ready(struct worker *worker, const struct frame *frame, struct err *err)
{
	struct msg_ready facts;

	if (worker->ready)
		return err_set(err, ERR_INVALID, "ready twice");
	if (!msg_parse_ready(&facts, frame, err))
		return false;
	worker->ready = true;
	timer_clear(&worker->tick);
	worker->events->ready(worker->arg, &facts);
	return true;
}

static void on_frame(void *arg, struct frame *frame)
{
	struct worker *worker = arg;
	struct err err = {0};
	bool ok;

	if (frame->type == MSG_READY)
		ok = take_ready(worker, frame, &err);
	else if (!worker->ready)
		ok = err_set(&err, ERR_INVALID, "message %u before it was ready", frame->type);
	else
		ok = worker->events->said(worker->arg, frame, &err);
	if (!ok)
		worker_kill(worker, END_BROKEN, err.text);
}

/* "<N>" as the journal reads it; a line without one is a library's, a sanitizer's or a bug's. */
static enum log_level line_level(const char **line)
{
	const char *text = *line;

	if (text[0] != '<' || text[1] < '0' || text[1] > '7' || text[2] != '>')
		return LOG_LEVEL_WARN;
	*line = text + 3;
	if (text[1] <= '3')
		return LOG_LEVEL_ERROR;
	if (text[1] == '4')
		return LOG_LEVEL_WARN;
	return text[1] == '7' ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

static void on_line(void *arg, const char *line)
{
	struct worker *worker = arg;
	const char *role = kind_texts[worker->kind];
	int64_t now = clock_mono_ms();
	enum log_level level = line_level(&line);

	if (now - worker->lines_since > LINES_MS) {
		if (worker->lines > LINES_MAX)
			log_warn("lines of a role were dropped", "role", role, "lines",
				 LOG_NUM(worker->lines - LINES_MAX), NULL);
		worker->lines_since = now;
		worker->lines = 0;
	}
	/* Whoever asked for debugging has asked for many lines. */
	if (++worker->lines <= LINES_MAX || log_get_level() == LOG_LEVEL_DEBUG)
		log_relay(level, role, line);
}

/* --- watching --- */

static void on_tick(void *arg)
{
	struct worker *worker = arg;
	struct role_page *page = worker->role.page;
	uint64_t steps = atomic_load(&page->steps);
	bool pending = atomic_load(&page->pending) > 0;

	timer_set(&worker->tick, TICK_MS);
	/* A scripted clock ticks as fast as it likes: it says nothing of a process. */
	if (clock_is_virtual())
		return;
	if (!worker->ready) {
		if (++worker->starting >= START_TICKS)
			worker_kill(worker, END_LATE, NULL);
		return;
	}
	worker->still = pending && steps == worker->steps ? worker->still + 1 : 0;
	worker->steps = steps;
	if (worker->still >= STALL_TICKS)
		worker_kill(worker, END_STALLED, NULL);
	else if (!pending && worker->load == 0)
		timer_clear(&worker->tick);
}

void worker_load(struct worker *worker, size_t load)
{
	worker->load = load;
	if (load == 0 || timer_armed(&worker->tick) || !worker_is_ready(worker))
		return;
	worker->still = 0;
	worker->steps = atomic_load(&worker->role.page->steps);
	timer_set(&worker->tick, TICK_MS);
}

bool worker_stands_still(const struct worker *worker)
{
	return worker->still >= 1;
}

/* --- start and end --- */

static void on_start(void *arg)
{
	struct worker *worker = arg;
	struct death death = {.blame = BLAME_NONE};
	struct err err = {0};

	worker->started_mono = clock_mono_ms();
	worker->ready = worker->gone = worker->exited = false;
	worker->end = END_ITSELF;
	worker->still = worker->starting = 0;
	if (!role_start(&worker->role, worker->loop, kind_texts[worker->kind], on_frame, on_gone,
			on_line, on_exit_status, worker, &err)) {
		str_copy(death.how, sizeof(death.how), err.text);
		tell_death(worker, &death);
		return;
	}
	worker->running = true;
	worker->pid = (int32_t)child_pid(worker->role.child);
	timer_set(&worker->tick, TICK_MS);
	if (!msg_send_setup(worker->role.channel, worker->setup))
		worker_kill(worker, END_BROKEN, "takes no settings");
}

void worker_leave(struct worker *worker)
{
	if (worker->leaving)
		return;
	worker->leaving = true;
	timer_clear(&worker->start);
	timer_clear(&worker->tick);
	if (worker->running)
		silence(worker);
	timer_set(&worker->grace, worker->running && !worker->exited ? GRACE_MS : 0);
}

struct worker *worker_new(struct loop *loop, enum worker_kind kind, const struct msg_setup *setup,
			  const struct worker_events *events, void *arg)
{
	struct worker *worker = MEM_NEW(struct worker);

	worker->loop = loop;
	worker->kind = kind;
	worker->setup = setup;
	worker->events = events;
	worker->arg = arg;
	worker->backoff_ms = BACKOFF_FIRST_MS;
	timer_init(&worker->start, loop, on_start, worker);
	timer_init(&worker->tick, loop, on_tick, worker);
	timer_init(&worker->grace, loop, on_grace, worker);
	timer_set(&worker->start, 0);
	return worker;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	timer_clear(&worker->start);
	timer_clear(&worker->tick);
	timer_clear(&worker->grace);
	role_stop(&worker->role);
	mem_free(worker);
}
