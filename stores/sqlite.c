/*
 * The embedded store: SQLite in one file, or in memory. This file has the calls in the house's
 * asynchronous shape: writes wait for their group, a group is one transaction, and each answer
 * is given in a turn of its own after the COMMIT is on disk. Never a transaction over a turn.
 */
#include "lib/base/sys.h"
#include "stores/sqlite.h"
#include <utlist.h>

/* A group closes at so many calls, bytes, or so long after its first call. */
#define GROUP_MAX 16
#define GROUP_BYTES_MAX (4 * 1024 * 1024)
#define GROUP_MS 5

/* The write-ahead log is emptied when nothing was written for IDLE_MS and it is worth it; and,
 * however busy we are, each time it has grown by SQLITE_BUSY_PAGES. */
#define IDLE_MS 1000
#define IDLE_PAGES 256

static struct sqlite_store *sqlite_of(struct store *store)
{
	return CONTAINER_OF(store, struct sqlite_store, base);
}

/* --- calls -------------------------------------------------------------------------------- */

static struct sqlite_call *call_new(struct store *store, enum sqlite_verb verb, store_done_fn *done,
				    void *arg)
{
	struct sqlite_call *call = MEM_NEW(struct sqlite_call);

	call->base.store = store;
	call->verb = verb;
	call->done = done;
	call->arg = arg;
	return call;
}

static void call_unlink(struct sqlite_call *call)
{
	struct sqlite_store *s = sqlite_of(call->base.store);

	if (call->turn) {
		DL_DELETE(s->turns, call);
		return;
	}
	DL_DELETE(s->writes, call);
	s->writes_len--;
}

static void call_free(struct sqlite_call *call)
{
	call_unlink(call);
	deferred_cancel(call->turn);
	store_answer_finish(&call->answer);
	arena_finish(&call->arena);
	mem_free(call);
}

static void sqlite_cancel(struct store_call *base)
{
	call_free(CONTAINER_OF(base, struct sqlite_call, base));
}

/* What the answer borrows is kept here while done runs, which may close the store. */
static void call_finish(struct sqlite_call *call)
{
	store_done_fn *done = call->done;
	void *arg = call->arg;
	struct store_answer answer = call->answer;
	struct arena arena = call->arena;

	mem_free(call);
	done(arg, &answer);
	store_answer_finish(&answer);
	arena_finish(&arena);
}

static enum store_status perform(struct sqlite_store *s, struct sqlite_call *call)
{
	switch (call->verb) {
	case CALL_CLAIM:
		return sqlite_claim(s, call);
	case CALL_EXTEND:
		return sqlite_extend(s, call);
	case CALL_COMMIT:
		return sqlite_commit(s, call);
	case CALL_GET:
		return sqlite_get(s, call);
	case CALL_PAGE:
		return sqlite_page(s, call);
	case CALL_COUNT:
		return sqlite_tally(s, call);
	}
	bug("sqlite verb %d", (int)call->verb);
}

/* Nothing of a call that failed is answered but why. */
static void answer_strip(struct store_answer *answer, enum store_status status)
{
	struct err err = answer->err;
	size_t conflict = answer->conflict;

	store_answer_finish(answer);
	answer->status = status;
	answer->err = err;
	answer->conflict = conflict;
	answer->next_due = STORE_NEVER;
}

static void on_answer(void *arg)
{
	struct sqlite_call *call = arg;

	call_unlink(call);
	call_finish(call);
}

static void on_read(void *arg)
{
	struct sqlite_call *call = arg;
	enum store_status status = perform(sqlite_of(call->base.store), call);

	if (status != STORE_OK)
		answer_strip(&call->answer, status);
	call_unlink(call);
	call_finish(call);
}

static struct store_call *turn_later(struct sqlite_call *call, deferred_fn *fn)
{
	struct sqlite_store *s = sqlite_of(call->base.store);

	call->turn = loop_defer(s->base.loop, fn, call);
	DL_APPEND(s->turns, call);
	return &call->base;
}

/* The caller's own fault, found before anything was asked. */
static struct store_call *answer_invalid(struct sqlite_call *call)
{
	answer_strip(&call->answer, STORE_BAD);
	return turn_later(call, on_answer);
}

/* --- groups ------------------------------------------------------------------------------- */

static bool run(struct sqlite_store *s, enum sql sql)
{
	return sqlite_run(s, sqlite_sql(s, sql));
}

static bool rev_save(struct sqlite_store *s)
{
	if (s->rev == s->rev_saved)
		return true;
	sqlite3_stmt *q = sqlite_sql(s, SQL_REV_SAVE);
	sqlite3_bind_int64(q, 1, s->rev);
	return sqlite_run(s, q);
}

/* LOST and CONFLICT concern this call alone and count as done; false: the whole group fails. */
static bool group_perform(struct sqlite_store *s, struct sqlite_call *call)
{
	store_answer_finish(&call->answer);
	if (!run(s, SQL_SAVEPOINT)) {
		call->answer.status = sqlite_fault(s, &call->answer.err);
		return false;
	}
	enum store_status status = perform(s, call);
	if (status != STORE_OK)
		answer_strip(&call->answer, status);
	if (status != STORE_OK && status != STORE_LOST && status != STORE_CONFLICT)
		return false;
	if ((status == STORE_OK || run(s, SQL_UNDO)) && run(s, SQL_RELEASE))
		return true;
	call->answer.status = sqlite_fault(s, &call->answer.err);
	return false;
}

static enum store_status group_try(struct sqlite_store *s, struct sqlite_call **calls, size_t len,
				   struct err *err)
{
	enum store_status status = STORE_OK;

	if (!run(s, SQL_BEGIN))
		return sqlite_fault(s, err);
	for (size_t i = 0; i < len && status == STORE_OK; i++) {
		if (!group_perform(s, calls[i])) {
			status = calls[i]->answer.status;
			*err = calls[i]->answer.err;
		}
	}
	if (status == STORE_OK && (!rev_save(s) || !run(s, SQL_COMMIT)))
		status = sqlite_fault(s, err);
	if (status == STORE_OK)
		s->rev_saved = s->rev;
	/* A full disk may have rolled back already. What fails here is reported by the next BEGIN.
	 */
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

/* Passive: copies what no reader needs any more and waits for nobody. */
static void checkpoint(struct sqlite_store *s)
{
	int in_log = -1, copied = -1;
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log,
					   &copied);

	if (rc == SQLITE_OK && in_log >= 0 && in_log == copied) {
		s->wal_pages = 0; /* the next commit begins the log anew */
		s->checkpoint_at = SQLITE_BUSY_PAGES;
	} else { /* a reader holds it, or there is no space: not again at each commit */
		s->checkpoint_at = s->wal_pages + SQLITE_BUSY_PAGES;
	}
}

/* No space: the log may hold what the database has room for, and can be begun anew then. True when
 * it is worth another try. */
static bool space_find(struct sqlite_store *s)
{
	if (s->memory || !s->wal_pages)
		return false;
	checkpoint(s);
	return !s->wal_pages;
}

/* One call that does not fit on the disk, or meets a damaged record, must not spoil its
 * neighbours for ever: a group that fails is tried again one by one. */
static void group_commit(struct sqlite_store *s, struct sqlite_call **calls, size_t len)
{
	struct err err = {0};
	enum store_status status = group_try(s, calls, len, &err);

	if (status == STORE_FULL && space_find(s))
		status = group_try(s, calls, len, &err);
	if (status == STORE_OK)
		return;
	if (len > 1 && status != STORE_AWAY) {
		for (size_t i = 0; i < len; i++)
			group_commit(s, &calls[i], 1);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		calls[i]->answer.err = err;
		answer_strip(&calls[i]->answer, status);
	}
}

static size_t call_bytes(const struct sqlite_call *call)
{
	return call->verb == CALL_COMMIT ? store_commit_bytes(&call->in.commit) : 0;
}

static void checkpoint_plan(struct sqlite_store *s)
{
	if (s->memory)
		return;
	if (s->wal_pages >= s->checkpoint_at)
		checkpoint(s);
	if (s->wal_pages >= IDLE_PAGES)
		timer_set(&s->idle_timer, IDLE_MS);
}

void sqlite_on_idle(void *arg)
{
	checkpoint(arg);
}

static void flush_plan(struct sqlite_store *s)
{
	if (s->flush_turn || !s->writes)
		return;
	if (s->memory || s->writes_len >= GROUP_MAX) {
		timer_clear(&s->flush_timer);
		s->flush_turn = loop_defer(s->base.loop, sqlite_on_flush, s);
	} else if (!timer_armed(&s->flush_timer)) {
		timer_set(&s->flush_timer, GROUP_MS);
	}
}

/* Moves the first calls in waiting to those to be answered, and commits them. */
static void flush(struct sqlite_store *s)
{
	struct sqlite_call *calls[GROUP_MAX];
	size_t len = 0, bytes = 0;

	while (s->writes && len < GROUP_MAX && bytes < GROUP_BYTES_MAX) {
		struct sqlite_call *call = s->writes;

		call_unlink(call);
		bytes += call_bytes(call);
		calls[len++] = call;
		turn_later(call, on_answer);
	}
	if (len)
		group_commit(s, calls, len);
	checkpoint_plan(s);
}

void sqlite_on_flush(void *arg)
{
	struct sqlite_store *s = arg;

	s->flush_turn = NULL;
	timer_clear(&s->flush_timer);
	flush(s);
	/* What is left has waited already. */
	if (s->writes)
		s->flush_turn = loop_defer(s->base.loop, sqlite_on_flush, s);
}

static struct store_call *write_later(struct sqlite_call *call)
{
	struct sqlite_store *s = sqlite_of(call->base.store);

	if (s->reader) {
		err_set(&call->answer.err, ERR_DENIED, "the store %s is open for reading only",
			s->path);
		answer_strip(&call->answer, STORE_FULL);
		return turn_later(call, on_answer);
	}
	DL_APPEND(s->writes, call);
	s->writes_len++;
	flush_plan(s);
	return &call->base;
}

/* --- the row ------------------------------------------------------------------------------ */

static struct store_call *sqlite_claim_start(struct store *store, const struct store_claim *claim,
					     store_done_fn *done, void *arg)
{
	struct sqlite_call *call = call_new(store, CALL_CLAIM, done, arg);

	if (!store_claim_valid(claim, &call->answer.err))
		return answer_invalid(call);
	store_claim_copy(&call->arena, &call->in.claim, claim);
	return write_later(call);
}

static struct store_call *sqlite_extend_start(struct store *store, const char *kind,
					      const char *subject, int64_t rev, int64_t until,
					      store_done_fn *done, void *arg)
{
	struct sqlite_call *call = call_new(store, CALL_EXTEND, done, arg);
	struct store_key key = {kind, subject};

	if (!store_keys_valid(&key, 1, &call->answer.err))
		return answer_invalid(call);
	call->in.extend = (struct sqlite_extend){
		.kind = arena_str(&call->arena, kind),
		.subject = arena_str(&call->arena, subject),
		.rev = rev,
		.until = until,
	};
	return write_later(call);
}

static struct store_call *sqlite_commit_start(struct store *store,
					      const struct store_commit *commit,
					      store_done_fn *done, void *arg)
{
	struct sqlite_call *call = call_new(store, CALL_COMMIT, done, arg);

	if (!store_commit_valid(commit, &call->answer.err))
		return answer_invalid(call);
	store_commit_copy(&call->arena, &call->in.commit, commit);
	return write_later(call);
}

static struct store_call *sqlite_get_start(struct store *store, const struct store_key *keys,
					   size_t keys_len, store_done_fn *done, void *arg)
{
	struct sqlite_call *call = call_new(store, CALL_GET, done, arg);

	if (!store_keys_valid(keys, keys_len, &call->answer.err))
		return answer_invalid(call);
	call->in.get.keys = store_keys_copy(&call->arena, keys, keys_len);
	call->in.get.len = keys_len;
	return turn_later(call, on_read);
}

static struct store_call *sqlite_page_start(struct store *store, const struct store_page *page,
					    store_done_fn *done, void *arg)
{
	struct sqlite_call *call = call_new(store, CALL_PAGE, done, arg);

	if (!store_page_valid(page, &call->answer.err))
		return answer_invalid(call);
	store_page_copy(&call->arena, &call->in.page, page);
	return turn_later(call, on_read);
}

static struct store_call *sqlite_count_start(struct store *store, const char *kind,
					     const char *index, int64_t min, int64_t max,
					     store_done_fn *done, void *arg)
{
	struct sqlite_call *call = call_new(store, CALL_COUNT, done, arg);
	struct store_page as_page = {.kind = kind, .index = index, .limit = 1};

	if (!store_page_valid(&as_page, &call->answer.err))
		return answer_invalid(call);
	call->in.tally = (struct sqlite_tally){
		.kind = arena_str(&call->arena, kind),
		.index = index ? arena_str(&call->arena, index) : NULL,
		.min = min,
		.max = max,
	};
	return turn_later(call, on_read);
}

/* Commits that were asked for are done; nobody hears of it. */
static void sqlite_close(struct store *store)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_call *call, *next;

	DL_FOREACH_SAFE(s->writes, call, next) {
		if (call->verb != CALL_COMMIT)
			call_free(call);
	}
	while (s->writes)
		flush(s);
	DL_FOREACH_SAFE(s->turns, call, next)
		call_free(call);
	deferred_cancel(s->flush_turn);
	timer_clear(&s->flush_timer);
	timer_clear(&s->idle_timer);
	sqlite_disconnect(s);
	mem_free(s);
}

const struct store_ops store_sqlite = {
	.scheme = "sqlite",
	.open = sqlite_open,
	.open_reader = sqlite_open_reader,
	.close = sqlite_close,
	.free_leases = sqlite_free_leases,
	.claim = sqlite_claim_start,
	.extend = sqlite_extend_start,
	.commit = sqlite_commit_start,
	.get = sqlite_get_start,
	.page = sqlite_page_start,
	.count = sqlite_count_start,
	.cancel = sqlite_cancel,
	.check = sqlite_check,
};
