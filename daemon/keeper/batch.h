/*
 * A commit under construction: owns every string that goes into it, so that it can be built from
 * several places and sent once. Used by each job and by the API.
 */
#ifndef DAEMON_KEEPER_BATCH_H
#define DAEMON_KEEPER_BATCH_H

#include "daemon/keeper/keeper.h"

struct batch {
	struct arena arena;
	struct store_commit commit;
	struct store_expect *expects;
	struct store_put *puts;
	struct store_key *dels;
	struct store_job_change *jobs;
	size_t expects_cap, puts_cap, dels_cap, jobs_cap;
};
void batch_finish(struct batch *batch); /* a zeroed batch is empty and valid */
void batch_expect(struct batch *batch, const char *kind, const char *id, int64_t rev);
/* json is written out here (borrowed). */
struct store_put *batch_put(struct batch *batch, const char *kind, const char *id,
			    const json_t *json);
void batch_blob(struct batch *batch, struct store_put *put, const void *blob, size_t len);
void batch_index(struct store_put *put, const char *name, int64_t value);
void batch_del(struct batch *batch, const char *kind, const char *id);
void batch_job(struct batch *batch, enum store_job_verb verb, const char *kind, const char *subject,
	       const char *zone, const char *lane, int64_t due);
/* The fence: this job moves to due. */
void batch_fence_move(struct batch *batch, const struct store_job *job, int64_t due, int attempt);
void batch_fence_delete(struct batch *batch, const struct store_job *job);
struct store_call *batch_commit(struct batch *batch, struct store *store, store_done_fn *done,
				void *arg);

/* A target's document with its index columns; expects the rev it was read at (0: new). */
void batch_put_record(struct batch *batch, const struct record *record, int64_t rev);
/* The lane and the job of a target. */
const char *target_lane(const struct target *target);
void batch_ensure_probe(struct batch *batch, const struct target *target, int64_t due);

#endif
