/*
 * Claiming for the SQLite backend. Each queue gives its earliest due jobs from one partial
 * index and those whose lease ran out from another; the earliest over all queues are taken.
 * The cost is that of the rows looked at, never of the jobs there are.
 */
#include "lib/base/sys.h"
#include "stores/sqlite.h"

/* A job that might be claimed; its subject lives in the call's arena. */
struct candidate {
	size_t queue;
	const char *kind, *subject;
	int64_t due;
	bool expired; /* somebody's lease ran out */
};

struct candidates {
	struct candidate *list;
	size_t len, room;
};

static sqlite3_stmt *queue_sql(struct sqlite_store *s, enum sql sql,
			       const struct store_queue *queue)
{
	sqlite3_stmt *q = sqlite_sql(s, sql);

	sqlite_bind_text(q, 1, queue->kind);
	sqlite_bind_text(q, 2, queue->lane);
	sqlite_bind_text(q, 3, queue->zone);
	return q;
}

static bool candidates_add(struct sqlite_store *s, struct sqlite_call *call, enum sql sql, size_t i,
			   size_t max, struct candidates *to)
{
	const struct store_claim *claim = &call->in.claim;
	sqlite3_stmt *q = queue_sql(s, sql, &claim->queues[i]);
	int rc;

	sqlite3_bind_int64(q, 4, claim->now);
	if (sql == SQL_JOB_DUE)
		sqlite3_bind_int64(q, 5, (int64_t)max);
	while ((rc = sqlite_step(s, q)) == SQLITE_ROW) {
		if (to->len == to->room) {
			to->room = to->room ? 2 * to->room : 64;
			to->list = mem_resize(to->list, to->room, sizeof(*to->list));
		}
		to->list[to->len++] = (struct candidate){
			.queue = i,
			.kind = claim->queues[i].kind,
			.subject = arena_str(&call->arena, (const char *)sqlite3_column_text(q, 0)),
			.due = sqlite3_column_int64(q, 1),
			.expired = sql == SQL_JOB_EXPIRED,
		};
	}
	return rc == SQLITE_DONE;
}

static int candidate_cmp(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;

	if (a->due != b->due)
		return a->due < b->due ? -1 : 1;
	int order = strcmp(a->subject, b->subject);
	return order ? order : strcmp(a->kind, b->kind);
}

static int64_t lease_end(int64_t now, int64_t lease_ms)
{
	return now > INT64_MAX - lease_ms ? INT64_MAX : now + lease_ms;
}

/* STORE_OK with the job in the answer; without it when another queue of this claim, asked for
 * twice, has just taken it. */
static enum store_status job_claim(struct sqlite_store *s, struct sqlite_call *call,
				   const struct candidate *candidate)
{
	const struct store_claim *claim = &call->in.claim;
	sqlite3_stmt *q = sqlite_sql(s, candidate->expired ? SQL_JOB_TAKE_OVER : SQL_JOB_CLAIM);
	int64_t until = lease_end(claim->now, claim->queues[candidate->queue].lease_ms);

	sqlite_bind_text(q, 1, candidate->kind);
	sqlite_bind_text(q, 2, candidate->subject);
	sqlite3_bind_int64(q, 3, ++s->rev);
	sqlite3_bind_int64(q, 4, until);
	if (candidate->expired)
		sqlite3_bind_int64(q, 5, claim->now);
	int rc = sqlite_step(s, q);
	if (rc == SQLITE_ERROR)
		return sqlite_fault(s, &call->answer.err);
	if (rc == SQLITE_DONE)
		return STORE_OK;
	call->answer.jobs[call->answer.jobs_len++] = (struct store_job){
		.kind = str_dup(candidate->kind),
		.subject = str_dup(candidate->subject),
		.lane = sqlite_column_dup(q, 0),
		.zone = sqlite_column_dup(q, 1),
		.rev = s->rev,
		.due = sqlite3_column_int64(q, 2),
		.lease_until = until,
		.attempt = sqlite3_column_int(q, 3),
		.body = sqlite_column_dup(q, 4),
	};
	sqlite3_reset(q);
	return STORE_OK;
}

static enum store_status candidates_claim(struct sqlite_store *s, struct sqlite_call *call,
					  const struct candidates *from, size_t max)
{
	const struct store_claim *claim = &call->in.claim;
	size_t *taken = arena_alloc(&call->arena, (claim->queues_len + 1) * sizeof(*taken));
	enum store_status status = STORE_OK;

	call->answer.jobs = MEM_NEW_ARRAY(max, struct store_job);
	for (size_t i = 0; i < from->len && status == STORE_OK; i++) {
		size_t queue = from->list[i].queue, before = call->answer.jobs_len;

		if (before == max)
			break;
		if (taken[queue] == claim->queues[queue].max)
			continue;
		status = job_claim(s, call, &from->list[i]);
		taken[queue] += call->answer.jobs_len - before;
	}
	return status;
}

static enum store_status next_due(struct sqlite_store *s, struct sqlite_call *call)
{
	const struct store_claim *claim = &call->in.claim;

	call->answer.next_due = STORE_NEVER;
	for (size_t i = 0; i < claim->queues_len; i++) {
		sqlite3_stmt *q = queue_sql(s, SQL_JOB_NEXT, &claim->queues[i]);

		if (sqlite_step(s, q) != SQLITE_ROW)
			return sqlite_fault(s, &call->answer.err);
		int64_t due = sqlite3_column_int64(q, 0);
		sqlite3_reset(q);
		if (due < call->answer.next_due)
			call->answer.next_due = due;
	}
	return STORE_OK;
}

enum store_status sqlite_claim(struct sqlite_store *s, struct sqlite_call *call)
{
	const struct store_claim *claim = &call->in.claim;
	size_t max = claim->max < STORE_PAGE_MAX ? claim->max : STORE_PAGE_MAX;
	struct candidates candidates = {0};
	enum store_status status = STORE_OK;

	for (size_t i = 0; i < claim->queues_len && status == STORE_OK; i++) {
		size_t room = claim->queues[i].max < max ? claim->queues[i].max : max;

		if (room && (!candidates_add(s, call, SQL_JOB_DUE, i, room, &candidates) ||
			     !candidates_add(s, call, SQL_JOB_EXPIRED, i, room, &candidates)))
			status = sqlite_fault(s, &call->answer.err);
	}
	if (candidates.len)
		qsort(candidates.list, candidates.len, sizeof(*candidates.list), candidate_cmp);
	if (status == STORE_OK)
		status = candidates_claim(s, call, &candidates, max);
	mem_free(candidates.list);
	return status == STORE_OK ? next_due(s, call) : status;
}
