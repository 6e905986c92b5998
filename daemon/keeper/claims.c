/*
 * Claiming: asks the store for what is due, as far as the gates have room, starts a run for each
 * job, and sleeps until the next due time. The only file that decides when work begins; what a
 * job does is its kind's business.
 */
#include "daemon/keeper/jobs.h"

#include "daemon/keeper/clockwatch.h"
#include "daemon/keeper/heartbeat.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#include <utlist.h>

#define CLAIM_MAX 256
#define QUEUES_MAX 128
#define STORE_LANE_MAX 128
/* A store that others write to is looked at every second; one of our own wakes us itself. */
#define POLL_SHARED_MS MS_SECOND
#define POLL_OWN_MS MS_MINUTE
#define AWAY_FIRST_MS MS_SECOND
#define AWAY_MAX_MS (30 * MS_SECOND)

struct claims {
	struct keeper *keeper;
	struct run *runs;
	struct gate gate; /* of probes: how many at once, how many a second */
	struct timer timer;
	struct store_call *call;
	bool full;  /* since a write found no room, until one does */
	bool again; /* kicked while a claim was under way */
	int64_t away_ms;
	int64_t next_at;
	size_t asked;
	int64_t probe_lease_ms;
	struct store_queue queues[QUEUES_MAX];
	char lanes[NOTIFIERS_MAX][STORE_LANE_MAX];
};

static void claims_ask(void *arg);

/* A probe's lease is the longest deadline that any target here may have, and half a minute. */
static int64_t probe_lease(const struct config *config)
{
	int64_t longest = config->policy.timeout_ms;

	for (size_t i = 0; i < config->targets_len; i++)
		if (config->targets[i].target.policy.timeout_ms > longest)
			longest = config->targets[i].target.policy.timeout_ms;
	return longest + 30 * MS_SECOND;
}

struct claims *claims_new(struct keeper *keeper)
{
	struct claims *claims = MEM_NEW(struct claims);

	claims->keeper = keeper;
	claims->probe_lease_ms = probe_lease(keeper->config);
	gate_init(&claims->gate, keeper->config->probe.concurrency, keeper->config->probe.rate,
		  clock_mono_ms());
	timer_init(&claims->timer, keeper->loop, claims_ask, claims);
	timer_set(&claims->timer, 0);
	return claims;
}

static void run_free(struct run *run)
{
	store_cancel(run->call);
	timer_clear(&run->again);
	store_job_finish(&run->job);
	mem_free(run);
}

void claims_free(struct claims *claims)
{
	struct run *run, *next;

	if (!claims)
		return;
	store_cancel(claims->call);
	timer_clear(&claims->timer);
	DL_FOREACH_SAFE(claims->runs, run, next) {
		DL_DELETE(claims->runs, run);
		run->kind->cancel(run);
		run_free(run);
	}
	mem_free(claims);
}

size_t claims_inflight(const struct claims *claims, const char *kind)
{
	const struct run *run;
	size_t count = 0;

	DL_FOREACH(claims->runs, run)
		count += !kind || strcmp(run->kind->kind, kind) == 0;
	return count;
}

int64_t claims_next_at(const struct claims *claims)
{
	return claims->next_at;
}

void claims_reload(struct claims *claims)
{
	const struct config *config = claims->keeper->config;
	int64_t inflight = claims->gate.inflight;

	gate_init(&claims->gate, config->probe.concurrency, config->probe.rate, clock_mono_ms());
	claims->gate.inflight = inflight;
	claims->probe_lease_ms = probe_lease(config);
	claims_kick(claims);
}

void claims_kick(struct claims *claims)
{
	/* While the store is away the back-off timer alone decides. */
	if (claims->call)
		claims->again = true;
	else if (!claims->keeper->draining && claims->away_ms == 0)
		timer_set(&claims->timer, 0);
}

void run_end(struct run *run)
{
	struct claims *claims = run->keeper->claims;

	if (strcmp(run->kind->kind, JOB_PROBE) == 0)
		gate_give(&claims->gate, 1);
	DL_DELETE(claims->runs, run);
	/* Work given up with its lease still holds what it had gathered. */
	run->kind->cancel(run);
	run_free(run);
	claims_kick(claims);
}

static void on_released(void *arg, struct store_answer *answer)
{
	struct run *run = arg;

	run->call = NULL;
	/* Whatever the answer, the lease brings it back. */
	if (answer->status != STORE_OK)
		log_debug("release not stored", "job", run->job.subject, "why", answer->err.text,
			  NULL);
	run_end(run);
}

void run_release(struct run *run, int64_t due)
{
	struct store_commit commit = {
		.fence = FENCE_MOVE,
		.job_kind = run->job.kind,
		.job_subject = run->job.subject,
		.job_rev = run->job.rev,
		.job_due = due,
		.job_attempt = run->job.attempt,
	};

	run->call = store_commit(run->keeper->store, &commit, on_released, run);
}

static void store_state(struct keeper *keeper, bool up, const char *why)
{
	if (keeper->store_up == up)
		return;
	keeper->store_up = up;
	mem_free(keeper->store_fault);
	keeper->store_fault = up ? NULL : str_dup(why);
	if (up)
		log_info("store answers again", NULL);
	else
		log_error("store cannot be used: nothing is claimed until it can", "why", why,
			  NULL);
}

void claims_store_full(struct claims *claims, const char *why)
{
	if (claims->full || !claims->keeper->heartbeat)
		return;
	claims->full = true;
	heartbeat_soon(claims->keeper->heartbeat);
	store_state(claims->keeper, false, why);
}

void claims_store_takes(struct claims *claims)
{
	if (!claims->full)
		return;
	claims->full = false;
	store_state(claims->keeper, true, NULL);
	if (!claims->call)
		timer_set(&claims->timer, claims->away_ms);
}

void run_store_failed(struct run *run, const struct store_answer *answer, timer_fn *again)
{
	struct keeper *keeper = run->keeper;

	switch (answer->status) {
	case STORE_LOST:
		keeper->counters.lost++;
		log_info("job taken over by another worker", "kind", run->job.kind, "subject",
			 run->job.subject, NULL);
		run_end(run);
		return;
	case STORE_AWAY:
	case STORE_FULL:
		if (answer->status == STORE_FULL)
			claims_store_full(keeper->claims, answer->err.text);
		keeper->counters.away++;
		if (clock_wall_ms() + AWAY_FIRST_MS < run->job.lease_until) {
			timer_init(&run->again, keeper->loop, again, run);
			timer_set(&run->again, AWAY_FIRST_MS << (run->tries < 4 ? run->tries : 4));
			run->tries++;
			return;
		}
		log_warn("work given up with its lease", "kind", run->job.kind, "subject",
			 run->job.subject, "why", answer->err.text, NULL);
		run_end(run);
		return;
	case STORE_OK:
	case STORE_CONFLICT:
	case STORE_BAD:
		break;
	}
	log_error("job not stored", "kind", run->job.kind, "subject", run->job.subject, "why",
		  answer->err.text, NULL);
	/* A damaged document must not be claimed in a tight loop: the lease is its back-off. */
	run_end(run);
}

static void run_begin(struct claims *claims, const struct job_kind *kind, struct store_job *job)
{
	struct run *run = mem_new(kind->size);

	run->keeper = claims->keeper;
	run->kind = kind;
	run->job = *job;
	*job = (struct store_job){0};
	run->started_mono = clock_mono_ms();
	DL_APPEND(claims->runs, run);
	if (strcmp(kind->kind, JOB_PROBE) == 0)
		gate_take(&claims->gate, 1);
	kind->start(run);
}

static const struct job_kind *kind_named(const char *name)
{
	for (size_t i = 0; job_kinds[i]; i++)
		if (strcmp(job_kinds[i]->kind, name) == 0)
			return job_kinds[i];
	return NULL;
}

static void sleep_until(struct claims *claims, int64_t next_due)
{
	bool own = strcmp(store_backend(claims->keeper->store), "sqlite") == 0;
	int64_t now = clock_wall_ms();
	int64_t wait = own ? POLL_OWN_MS : POLL_SHARED_MS;
	int64_t gate = gate_wait_ms(&claims->gate, clock_mono_ms());

	if (next_due < now + wait)
		wait = next_due > now ? next_due - now : 0;
	/* While the gate was shut no probe was asked for: next_due does not know of any. */
	if (gate > 0 && gate < wait)
		wait = gate;
	/* What is due and does not fit through the gate waits for the gate, not in a spin. */
	if (wait == 0)
		wait = gate > 0 ? gate : 10;
	claims->next_at = now + wait;
	timer_set(&claims->timer, wait);
}

static void on_claimed(void *arg, struct store_answer *answer)
{
	struct claims *claims = arg;
	struct keeper *keeper = claims->keeper;
	size_t got = answer->jobs_len;
	int64_t now = clock_wall_ms();

	claims->call = NULL;
	if (answer->status != STORE_OK) {
		store_state(keeper, false, answer->err.text);
		claims->away_ms = claims->away_ms ? claims->away_ms * 2 : AWAY_FIRST_MS;
		if (claims->away_ms > AWAY_MAX_MS)
			claims->away_ms = AWAY_MAX_MS;
		claims->again = false;
		timer_set(&claims->timer, claims->away_ms);
		return;
	}
	if (!claims->full)
		store_state(keeper, true, NULL);
	claims->away_ms = 0;
	keeper->last_cycle_at = now;
	keeper->lag_ms = 0;
	for (size_t i = 0; i < got; i++) {
		const struct job_kind *kind = kind_named(answer->jobs[i].kind);

		if (now - answer->jobs[i].due > keeper->lag_ms)
			keeper->lag_ms = now - answer->jobs[i].due;
		if (kind)
			run_begin(claims, kind, &answer->jobs[i]);
	}
	if (claims->again || (got > 0 && got == claims->asked)) {
		claims->again = false;
		timer_set(&claims->timer, 0);
		return;
	}
	sleep_until(claims, answer->next_due);
}

static size_t kind_room(struct claims *claims, const struct job_kind *kind)
{
	size_t busy;

	if (kind->inflight_max == 0)
		return (size_t)gate_room(&claims->gate, CLAIM_MAX, clock_mono_ms());
	busy = claims_inflight(claims, kind->kind);
	return busy < kind->inflight_max ? kind->inflight_max - busy : 0;
}

static size_t notify_queues(struct claims *claims, struct store_queue queue, size_t len)
{
	const char *names[NOTIFIERS_MAX];
	size_t names_len = keeper_notifier_names(claims->keeper, names);

	for (size_t n = 0; n < names_len && len < QUEUES_MAX; n++) {
		snprintf(claims->lanes[n], sizeof(claims->lanes[n]), JOB_NOTIFY "/%s", names[n]);
		queue.lane = claims->lanes[n];
		claims->queues[len++] = queue;
	}
	return len;
}

static size_t probe_queues(struct claims *claims, struct store_queue queue, size_t len)
{
	const struct config *config = claims->keeper->config;

	queue.lease_ms = claims->probe_lease_ms;
	for (size_t z = 0; z < config->instance.zones_len && len + 1 < QUEUES_MAX; z++) {
		queue.zone = config->instance.zones[z];
		queue.lane = "";
		claims->queues[len++] = queue;
		/* Files are looked at by the instance that has them. */
		queue.lane = config->instance.name;
		claims->queues[len++] = queue;
	}
	return len;
}

static size_t add_queues(struct claims *claims)
{
	const struct config *config = claims->keeper->config;
	size_t len = 0;

	for (size_t i = 0; job_kinds[i]; i++) {
		const struct job_kind *kind = job_kinds[i];
		size_t room = kind_room(claims, kind);
		struct store_queue queue = {.kind = kind->kind,
					    .lane = "",
					    .zone = "default",
					    .lease_ms = kind->lease_ms,
					    .max = room};

		if (!(kind->purpose & config->instance.purpose) || room == 0)
			continue;
		if (strcmp(kind->kind, JOB_NOTIFY) == 0) {
			len = notify_queues(claims, queue, len);
		} else if (strcmp(kind->kind, JOB_EXPAND) == 0) {
			/* Sources belong to the instance whose configuration names them. */
			queue.lane = config->instance.name;
			if (len < QUEUES_MAX)
				claims->queues[len++] = queue;
		} else {
			len = probe_queues(claims, queue, len);
		}
	}
	return len;
}

static void claims_ask(void *arg)
{
	struct claims *claims = arg;
	struct keeper *keeper = claims->keeper;
	struct store_claim claim = {.queues = claims->queues, .now = clock_wall_ms()};

	if (keeper->draining || claims->call || claims->full)
		return;
	if (!clockwatch_check(keeper->clockwatch)) {
		/* Before the build date nothing can be judged: look at the clock again soon. */
		timer_set(&claims->timer, POLL_SHARED_MS);
		return;
	}
	claim.queues_len = add_queues(claims);
	for (size_t i = 0; i < claim.queues_len; i++)
		claim.max += claims->queues[i].max;
	if (claim.max > CLAIM_MAX)
		claim.max = CLAIM_MAX;
	if (claim.max == 0) {
		sleep_until(claims, claim.now);
		return;
	}
	claims->asked = claim.max;
	claims->call = store_claim(keeper->store, &claim, on_claimed, claims);
}
