/*
 * Job kinds: everything the daemon does is a job with a due time, and each kind is a row here: its
 * purpose, its lease, how many at once, and the function that performs one.
 */
#ifndef DAEMON_KEEPER_JOBS_H
#define DAEMON_KEEPER_JOBS_H

#include "daemon/keeper/keeper.h"
#include "lib/loop/timer.h"

struct run;
struct job_kind {
	const char *kind;
	unsigned purpose; /* enum purpose bits: claimed only by instances that have one of them */
	int64_t lease_ms; /* the longest honest run plus 30 s */
	size_t inflight_max; /* 0: by the probe gate */
	size_t size;	     /* of the structure that embeds struct run first */
	void (*start)(struct run *run);
	void (*cancel)(struct run *run); /* frees what it holds, silently */
};
extern const struct job_kind *const job_kinds[]; /* ends with NULL */

/* One claimed job in flight. It ends in exactly one of: its commit, or run_release. */
struct run {
	struct keeper *keeper;
	const struct job_kind *kind;
	struct store_job job;
	int64_t started_mono;
	struct store_call *call; /* the store operation under way */
	struct timer again;	 /* a commit is tried again while the store is away */
	int tries;
	struct run *prev, *next;
};
/* The job is over: what it held is freed with it, and the claims go on. Last statement of its
 * caller. */
void run_end(struct run *run);
/* Gives the job back: due moves, nothing else; then ends the run. */
void run_release(struct run *run, int64_t due);
/* Keeps asking `again` with back-off while the store is away and the lease lasts; else ends the
 * run. */
void run_store_failed(struct run *run, const struct store_answer *answer, timer_fn *again);

/* claims.c */
struct claims *claims_new(struct keeper *keeper);
void claims_free(struct claims *claims); /* cancels every run silently */
/* Something became due or a place became free: claim in the next turn. */
void claims_kick(struct claims *claims);
/* Something could not be written for want of room: nothing is claimed until the heartbeat could. A
 * claim that finds nothing writes nothing, and would not notice. */
void claims_store_full(struct claims *claims, const char *why);
void claims_store_takes(struct claims *claims);
/* A new configuration generation: gates and queues. */
void claims_reload(struct claims *claims);
size_t claims_inflight(const struct claims *claims, const char *kind); /* NULL: all */
/* The next instant it will look at the schedule, wall ms. */
int64_t claims_next_at(const struct claims *claims);

#endif
