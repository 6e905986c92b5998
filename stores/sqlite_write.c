/*
 * Writing for the SQLite backend: commit, claim and extend, each performed inside the group's
 * transaction and under a savepoint of its own, so that LOST and CONFLICT undo one call and
 * not its neighbours. Called by sqlite.c only.
 */
#include "lib/base/sys.h"
#include "stores/sqlite.h"
#include "lib/base/str.h"
#include <inttypes.h>

/* --- index columns ------------------------------------------------------------------------ */

void sqlite_indexes_write(char out[SQLITE_INDEXES_TEXT_MAX], const struct store_index *indexes,
			  size_t len)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < len; i++)
		used += (size_t)snprintf(out + used, SQLITE_INDEXES_TEXT_MAX - used,
					 "%s%s=%" PRId64, i ? " " : "", indexes[i].name,
					 indexes[i].value);
}

bool sqlite_indexes_read(char *text, struct store_index out[STORE_INDEXES_MAX], size_t *len)
{
	*len = 0;
	while (*text) {
		char *end = text + strcspn(text, " ");
		char *equals = strchr(text, '=');

		if (!equals || equals > end || *len == STORE_INDEXES_MAX)
			return false;
		*equals = '\0';
		struct store_index *index = &out[(*len)++];
		index->name = text;
		text = *end ? end + 1 : end;
		*end = '\0';
		if (!str_to_i64(equals + 1, INT64_MIN, INT64_MAX, &index->value))
			return false;
	}
	return true;
}

static bool index_among(const struct store_index *index, const struct store_index *among,
			size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (among[i].value == index->value && str_eq(among[i].name, index->name))
			return true;
	}
	return false;
}

/* Rows of `which` that are not in `but` go through the statement: deleted, or inserted. */
static bool indexes_apply(struct sqlite_store *s, enum sql sql, const char *kind, const char *id,
			  const struct store_index *which, size_t which_len,
			  const struct store_index *but, size_t but_len)
{
	for (size_t i = 0; i < which_len; i++) {
		if (index_among(&which[i], but, but_len))
			continue;
		sqlite3_stmt *q = sqlite_sql(s, sql);
		sqlite_bind_text(q, 1, kind);
		sqlite_bind_text(q, 2, which[i].name);
		sqlite3_bind_int64(q, 3, which[i].value);
		sqlite_bind_text(q, 4, id);
		if (!sqlite_run(s, q))
			return false;
	}
	return true;
}

/* --- documents ---------------------------------------------------------------------------- */

/* What is stored under a key before it is written. */
struct found {
	int64_t rowid, rev; /* rev 0: nothing */
	char text[SQLITE_INDEXES_TEXT_MAX];
	char cut[SQLITE_INDEXES_TEXT_MAX]; /* indexes point into it */
	struct store_index indexes[STORE_INDEXES_MAX];
	size_t indexes_len;
};

static enum store_status doc_find(struct sqlite_store *s, const char *kind, const char *id,
				  struct found *found, struct err *err)
{
	sqlite3_stmt *q = sqlite_sql(s, SQL_DOC_FIND);

	*found = (struct found){0};
	sqlite_bind_text(q, 1, kind);
	sqlite_bind_text(q, 2, id);
	int rc = sqlite_step(s, q);
	if (rc == SQLITE_ERROR)
		return sqlite_fault(s, err);
	if (rc == SQLITE_DONE)
		return STORE_OK;
	found->rowid = sqlite3_column_int64(q, 0);
	found->rev = sqlite3_column_int64(q, 1);
	const char *text = (const char *)sqlite3_column_text(q, 2);
	bool whole = text && str_copy(found->text, sizeof(found->text), text) &&
		     str_copy(found->cut, sizeof(found->cut), text) && found->rev > 0 &&
		     sqlite_indexes_read(found->cut, found->indexes, &found->indexes_len);
	sqlite3_reset(q);
	return whole ? STORE_OK : sqlite_damaged(err, kind, id, "its index columns");
}

static bool doc_insert(struct sqlite_store *s, const struct store_put *put, const char *indexes,
		       int64_t rev)
{
	sqlite3_stmt *q = sqlite_sql(s, SQL_DOC_INSERT);

	sqlite_bind_text(q, 1, put->kind);
	sqlite_bind_text(q, 2, put->id);
	sqlite3_bind_int64(q, 3, rev);
	sqlite_bind_text(q, 4, indexes);
	sqlite_bind_text(q, 5, put->body);
	if (put->blob && put->blob_len)
		sqlite3_bind_blob64(q, 6, put->blob, put->blob_len, SQLITE_STATIC);
	else
		sqlite3_bind_null(q, 6);
	return sqlite_run(s, q);
}

static bool doc_update(struct sqlite_store *s, const struct store_put *put, const char *indexes,
		       int64_t rev, int64_t rowid)
{
	sqlite3_stmt *q = sqlite_sql(s, put->blob ? SQL_DOC_UPDATE_BLOB : SQL_DOC_UPDATE);

	sqlite3_bind_int64(q, 1, rowid);
	sqlite3_bind_int64(q, 2, rev);
	sqlite_bind_text(q, 3, indexes);
	sqlite_bind_text(q, 4, put->body);
	if (put->blob && put->blob_len)
		sqlite3_bind_blob64(q, 5, put->blob, put->blob_len, SQLITE_STATIC);
	else if (put->blob)
		sqlite3_bind_null(q, 5);
	return sqlite_run(s, q);
}

static enum store_status doc_put(struct sqlite_store *s, const struct store_put *put, int64_t *rev,
				 struct err *err)
{
	char indexes[SQLITE_INDEXES_TEXT_MAX];
	struct found found;
	enum store_status status = doc_find(s, put->kind, put->id, &found, err);

	if (status != STORE_OK)
		return status;
	*rev = ++s->rev;
	sqlite_indexes_write(indexes, put->indexes, put->indexes_len);
	if (found.rev ? !doc_update(s, put, indexes, *rev, found.rowid)
		      : !doc_insert(s, put, indexes, *rev))
		return sqlite_fault(s, err);
	if (str_eq(indexes, found.text)) /* most writes move no index */
		return STORE_OK;
	if (!indexes_apply(s, SQL_IDX_DELETE, put->kind, put->id, found.indexes, found.indexes_len,
			   put->indexes, put->indexes_len) ||
	    !indexes_apply(s, SQL_IDX_INSERT, put->kind, put->id, put->indexes, put->indexes_len,
			   found.indexes, found.indexes_len))
		return sqlite_fault(s, err);
	return STORE_OK;
}

static enum store_status doc_delete(struct sqlite_store *s, const struct store_key *key,
				    struct err *err)
{
	struct found found;
	enum store_status status = doc_find(s, key->kind, key->id, &found, err);

	if (status != STORE_OK || !found.rev)
		return status;
	sqlite3_stmt *q = sqlite_sql(s, SQL_DOC_DELETE);
	sqlite3_bind_int64(q, 1, found.rowid);
	if (!sqlite_run(s, q) || !indexes_apply(s, SQL_IDX_DELETE, key->kind, key->id,
						found.indexes, found.indexes_len, NULL, 0))
		return sqlite_fault(s, err);
	return STORE_OK;
}

/* --- jobs --------------------------------------------------------------------------------- */

static sqlite3_stmt *job_sql(struct sqlite_store *s, enum sql sql, const char *kind,
			     const char *subject)
{
	sqlite3_stmt *q = sqlite_sql(s, sql);

	sqlite_bind_text(q, 1, kind);
	sqlite_bind_text(q, 2, subject);
	return q;
}

static bool job_ensure(struct sqlite_store *s, const struct store_job_change *change)
{
	sqlite3_stmt *q = job_sql(s, SQL_JOB_ENSURE, change->kind, change->subject);

	sqlite_bind_text(q, 3, change->lane);
	sqlite_bind_text(q, 4, change->zone);
	sqlite3_bind_int64(q, 5, ++s->rev);
	sqlite3_bind_int64(q, 6, change->due);
	sqlite_bind_text(q, 7, change->body);
	return sqlite_run(s, q);
}

static bool job_change(struct sqlite_store *s, const struct store_job_change *change)
{
	switch (change->verb) {
	case JOB_ENSURE:
		return job_ensure(s, change);
	case JOB_DELETE:
		return sqlite_run(s, job_sql(s, SQL_JOB_DELETE, change->kind, change->subject));
	}
	bug("job verb %d", (int)change->verb);
}

static bool job_move(struct sqlite_store *s, const struct store_commit *commit)
{
	sqlite3_stmt *q = job_sql(s, SQL_JOB_MOVE, commit->job_kind, commit->job_subject);

	sqlite3_bind_int64(q, 3, ++s->rev);
	sqlite3_bind_int64(q, 4, commit->job_due);
	sqlite3_bind_int(q, 5, commit->job_attempt);
	sqlite_bind_text(q, 6, commit->job_body);
	return sqlite_run(s, q);
}

/* A job that was ENSUREd while we worked on it stays, due as that wish said. */
static bool job_end(struct sqlite_store *s, const struct store_commit *commit)
{
	sqlite3_stmt *q = job_sql(s, SQL_JOB_END, commit->job_kind, commit->job_subject);

	if (!sqlite_run(s, q))
		return false;
	if (sqlite3_changes(s->db))
		return true;
	q = job_sql(s, SQL_JOB_END_WOKEN, commit->job_kind, commit->job_subject);
	sqlite3_bind_int64(q, 3, ++s->rev);
	return sqlite_run(s, q);
}

static bool fence_apply(struct sqlite_store *s, const struct store_commit *commit)
{
	switch (commit->fence) {
	case FENCE_NONE:
		return true;
	case FENCE_MOVE:
		return job_move(s, commit);
	case FENCE_DELETE:
		return job_end(s, commit);
	}
	bug("fence verb %d", (int)commit->fence);
}

enum store_status sqlite_extend(struct sqlite_store *s, struct sqlite_call *call)
{
	const struct sqlite_extend *in = &call->in.extend;
	sqlite3_stmt *q = job_sql(s, SQL_JOB_EXTEND, in->kind, in->subject);

	sqlite3_bind_int64(q, 3, in->rev);
	sqlite3_bind_int64(q, 4, in->until);
	if (!sqlite_run(s, q))
		return sqlite_fault(s, &call->answer.err);
	if (sqlite3_changes(s->db))
		return STORE_OK;
	err_set(&call->answer.err, ERR_CONFLICT, "the job %s %s is not ours any more", in->kind,
		in->subject);
	return STORE_LOST;
}

/* --- commit ------------------------------------------------------------------------------- */

/* The rev of a job or a document, 0 for none. */
static bool rev_of(struct sqlite_store *s, const char *kind, const char *id, int64_t *rev)
{
	const char *job = store_job_kind(kind);
	sqlite3_stmt *q = job_sql(s, job ? SQL_JOB_REV : SQL_DOC_FIND, job ? job : kind, id);
	int rc = sqlite_step(s, q);

	*rev = 0;
	if (rc == SQLITE_ROW) {
		*rev = sqlite3_column_int64(q, job ? 0 : 1);
		sqlite3_reset(q);
	}
	return rc != SQLITE_ERROR;
}

static enum store_status fence_test(struct sqlite_store *s, const struct store_commit *commit,
				    struct err *err)
{
	int64_t rev = 0;

	if (commit->fence == FENCE_NONE)
		return STORE_OK;
	sqlite3_stmt *q = job_sql(s, SQL_JOB_REV, commit->job_kind, commit->job_subject);
	int rc = sqlite_step(s, q);
	if (rc == SQLITE_ERROR)
		return sqlite_fault(s, err);
	if (rc == SQLITE_ROW) {
		rev = sqlite3_column_int64(q, 0);
		sqlite3_reset(q);
	}
	if (rev == commit->job_rev && rev)
		return STORE_OK;
	err_set(err, ERR_CONFLICT, "the job %s %s was %s meanwhile", commit->job_kind,
		commit->job_subject, rev ? "taken over" : "deleted");
	return STORE_LOST;
}

static enum store_status expects_test(struct sqlite_store *s, const struct store_commit *commit,
				      struct store_answer *answer)
{
	for (size_t i = 0; i < commit->expects_len; i++) {
		const struct store_expect *expect = &commit->expects[i];
		int64_t rev;

		if (!rev_of(s, expect->kind, expect->id, &rev))
			return sqlite_fault(s, &answer->err);
		if (rev == expect->rev)
			continue;
		answer->conflict = i;
		err_set(&answer->err, ERR_CONFLICT, "the %s %s was changed meanwhile", expect->kind,
			expect->id);
		return STORE_CONFLICT;
	}
	return STORE_OK;
}

static enum store_status docs_apply(struct sqlite_store *s, const struct store_commit *commit,
				    int64_t *revs, struct err *err)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; i < commit->puts_len && status == STORE_OK; i++)
		status = doc_put(s, &commit->puts[i], &revs[i], err);
	for (size_t i = 0; i < commit->dels_len && status == STORE_OK; i++)
		status = doc_delete(s, &commit->dels[i], err);
	return status;
}

enum store_status sqlite_commit(struct sqlite_store *s, struct sqlite_call *call)
{
	const struct store_commit *commit = &call->in.commit;
	struct store_answer *answer = &call->answer;
	int64_t *revs = arena_alloc(&call->arena, (commit->puts_len + 1) * sizeof(*revs));
	enum store_status status = fence_test(s, commit, &answer->err);

	if (status == STORE_OK)
		status = expects_test(s, commit, answer);
	if (status == STORE_OK)
		status = docs_apply(s, commit, revs, &answer->err);
	if (status != STORE_OK)
		return status;
	if (!fence_apply(s, commit))
		return sqlite_fault(s, &answer->err);
	for (size_t i = 0; i < commit->jobs_len; i++) {
		if (!job_change(s, &commit->jobs[i]))
			return sqlite_fault(s, &answer->err);
	}
	answer->revs = revs;
	return STORE_OK;
}
