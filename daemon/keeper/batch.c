/*
 * Building a commit. Everything is copied into the batch's arena, so callers may free what they
 * passed; the store copies once more when the commit is sent, so a batch may be finished after
 * that.
 */
#include "daemon/keeper/batch.h"

#include "lib/base/mem.h"

void batch_finish(struct batch *batch)
{
	mem_free(batch->expects);
	mem_free(batch->puts);
	mem_free(batch->dels);
	mem_free(batch->jobs);
	arena_finish(&batch->arena);
	*batch = (struct batch){0};
}

static size_t grown(size_t cap)
{
	return cap ? cap * 2 : 8;
}

void batch_expect(struct batch *batch, const char *kind, const char *id, int64_t rev)
{
	if (batch->commit.expects_len == batch->expects_cap) {
		batch->expects_cap = grown(batch->expects_cap);
		batch->expects = mem_resize(batch->expects, batch->expects_cap,
					    sizeof(*batch->expects));
	}
	batch->expects[batch->commit.expects_len++] = (struct store_expect){
		.kind = arena_str(&batch->arena, kind),
		.id = arena_str(&batch->arena, id),
		.rev = rev,
	};
}

struct store_put *batch_put(struct batch *batch, const char *kind, const char *id,
			    const json_t *json)
{
	char *body = json_write(json);
	struct store_put *put;

	if (batch->commit.puts_len == batch->puts_cap) {
		batch->puts_cap = grown(batch->puts_cap);
		batch->puts = mem_resize(batch->puts, batch->puts_cap, sizeof(*batch->puts));
	}
	put = &batch->puts[batch->commit.puts_len++];
	*put = (struct store_put){
		.kind = arena_str(&batch->arena, kind),
		.id = arena_str(&batch->arena, id),
		.body = arena_str(&batch->arena, body),
	};
	mem_free(body);
	return put;
}

void batch_blob(struct batch *batch, struct store_put *put, const void *blob, size_t len)
{
	/* Not arena_str_n, which ends at a NUL byte. */
	char *copy = arena_alloc(&batch->arena, len + 1);

	memcpy(copy, blob, len);
	put->blob = copy;
	put->blob_len = len;
}

void batch_index(struct store_put *put, const char *name, int64_t value)
{
	if (put->indexes_len == STORE_INDEXES_MAX)
		bug("too many index columns");
	put->indexes[put->indexes_len++] = (struct store_index){.name = name, .value = value};
}

void batch_del(struct batch *batch, const char *kind, const char *id)
{
	if (batch->commit.dels_len == batch->dels_cap) {
		batch->dels_cap = grown(batch->dels_cap);
		batch->dels = mem_resize(batch->dels, batch->dels_cap, sizeof(*batch->dels));
	}
	batch->dels[batch->commit.dels_len++] = (struct store_key){
		.kind = arena_str(&batch->arena, kind),
		.id = arena_str(&batch->arena, id),
	};
}

void batch_job(struct batch *batch, enum store_job_verb verb, const char *kind, const char *subject,
	       const char *zone, const char *lane, int64_t due)
{
	if (batch->commit.jobs_len == batch->jobs_cap) {
		batch->jobs_cap = grown(batch->jobs_cap);
		batch->jobs = mem_resize(batch->jobs, batch->jobs_cap, sizeof(*batch->jobs));
	}
	batch->jobs[batch->commit.jobs_len++] = (struct store_job_change){
		.verb = verb,
		.kind = arena_str(&batch->arena, kind),
		.subject = arena_str(&batch->arena, subject),
		.zone = arena_str(&batch->arena, zone),
		.lane = arena_str(&batch->arena, lane),
		.due = due,
	};
}

static void fence(struct batch *batch, const struct store_job *job, enum store_fence_verb verb)
{
	batch->commit.fence = verb;
	batch->commit.job_kind = arena_str(&batch->arena, job->kind);
	batch->commit.job_subject = arena_str(&batch->arena, job->subject);
	batch->commit.job_rev = job->rev;
}

void batch_fence_move(struct batch *batch, const struct store_job *job, int64_t due, int attempt)
{
	fence(batch, job, FENCE_MOVE);
	batch->commit.job_due = due;
	batch->commit.job_attempt = attempt;
}

void batch_fence_delete(struct batch *batch, const struct store_job *job)
{
	fence(batch, job, FENCE_DELETE);
}

struct store_call *batch_commit(struct batch *batch, struct store *store, store_done_fn *done,
				void *arg)
{
	batch->commit.expects = batch->expects;
	batch->commit.puts = batch->puts;
	batch->commit.dels = batch->dels;
	batch->commit.jobs = batch->jobs;
	return store_commit(store, &batch->commit, done, arg);
}

/* A leaf's end for the inventory's order; nulls sort last. */
static int64_t index_not_after(const struct record *record)
{
	const struct endpoint *oldest = record->has_look ? observation_oldest(&record->look) : NULL;

	return oldest ? oldest->cert.not_after : INT64_MAX - 1;
}

void batch_put_record(struct batch *batch, const struct record *record, int64_t rev)
{
	json_t *json = record_to_json(record);
	struct store_put *put = batch_put(batch, KIND_TARGET, record->target.id, json);

	json_decref(json);
	batch_index(put, "not_after", index_not_after(record));
	/* A target that was never looked at counts under its own number. */
	batch_index(put, "outcome",
		    record->last_looked == TIME_UNKNOWN ? OUTCOME_COUNT : (int64_t)record->outcome);
	batch_index(put, "severity", findings_worst(&record->findings));
	batch_expect(batch, KIND_TARGET, record->target.id, rev);
}

const char *target_lane(const struct target *target)
{
	return target->protocol == PROTOCOL_FILE ? target->instance : "";
}

void batch_ensure_probe(struct batch *batch, const struct target *target, int64_t due)
{
	batch_job(batch, JOB_ENSURE, JOB_PROBE, target->id, target->zone, target_lane(target), due);
}
