/*
 * `expiryctl store check`: is the file whole? Blocking and read-only, in one snapshot, so it
 * may run beside the daemon. It looks at SQLite's own structure and then at ours: every index
 * column in both places, every body JSON, no revision ahead of the counter.
 */
#include "lib/base/sys.h"
#include "stores/sqlite.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include <inttypes.h>
#include <sys/stat.h>

#define FAULTS_TOLD_MAX 50

struct check {
	struct sqlite_store s;
	store_tell_fn *tell;
	void *arg;
	struct err *err;
	uint64_t faults;
	int64_t entries; /* of idx, as the documents have them */
};

/* One line for people; what is stored may hold anything, so all of it is escaped. */
static void tell(struct check *check, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void tell(struct check *check, const char *fmt, ...)
{
	struct buf raw, line;
	va_list args;

	buf_init(&raw, 4 * STORE_ID_MAX);
	buf_init(&line, 8 * raw.max + 1);
	va_start(args, fmt);
	buf_vprintf(&raw, fmt, args);
	va_end(args);
	text_terminal(&line, buf_text(&raw), raw.len);
	check->tell(check->arg, buf_text(&line));
	buf_finish(&raw);
	buf_finish(&line);
}

static void fault(struct check *check, const char *kind, const char *id, const char *what)
{
	if (++check->faults <= FAULTS_TOLD_MAX)
		tell(check, "%s %s: %s", kind, id, what);
}

/* Calls row for each row of the statement. */
static bool each(struct check *check, const char *text, void (*row)(struct check *, sqlite3_stmt *))
{
	struct sqlite_store *s = &check->s;
	sqlite3_stmt *q = NULL;
	int rc;

	if (sqlite3_prepare_v2(s->db, text, -1, &q, NULL) != SQLITE_OK)
		s->rc = sqlite3_extended_errcode(s->db);
	while ((rc = sqlite_step(s, q)) == SQLITE_ROW)
		row(check, q);
	sqlite3_finalize(q);
	if (rc == SQLITE_DONE)
		return true;
	(void)sqlite_fault(s, check->err);
	return false;
}

static const char *text_of(sqlite3_stmt *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q, column);

	return text ? (const char *)text : "";
}

static bool is_json(sqlite3_stmt *q, int column)
{
	const char *body = text_of(q, column);
	struct err err;
	json_t *value = json_parse(body, (size_t)sqlite3_column_bytes(q, column), STORE_BODY_MAX,
				   &err);

	json_decref(value);
	return value != NULL;
}

static void integrity_row(struct check *check, sqlite3_stmt *q)
{
	const char *text = text_of(q, 0);

	if (strcmp(text, "ok"))
		fault(check, "file", check->s.path, text);
}

static bool entry_exists(struct check *check, const char *kind, const char *id,
			 const struct store_index *index)
{
	sqlite3_stmt *q = sqlite_sql(&check->s, SQL_IDX_COUNT_ID);

	sqlite_bind_text(q, 1, kind);
	sqlite_bind_text(q, 2, index->name);
	sqlite3_bind_int64(q, 3, index->value);
	sqlite_bind_text(q, 4, id);
	bool exists = sqlite_step(&check->s, q) == SQLITE_ROW && sqlite3_column_int(q, 0) == 1;
	sqlite3_reset(q);
	return exists;
}

/* kind, id, rev, indexes, body */
static void doc_row(struct check *check, sqlite3_stmt *q)
{
	const char *kind = text_of(q, 0), *id = text_of(q, 1);
	struct store_index indexes[STORE_INDEXES_MAX];
	char *text = sqlite_column_dup(q, 3);
	size_t len;

	if (sqlite3_column_int64(q, 2) <= 0 || sqlite3_column_int64(q, 2) > check->s.rev)
		fault(check, kind, id, "a revision that was never given");
	if (!text || !sqlite_indexes_read(text, indexes, &len)) {
		fault(check, kind, id, "index columns that cannot be read");
		len = 0;
	}
	for (size_t i = 0; i < len; i++) {
		if (!entry_exists(check, kind, id, &indexes[i]))
			fault(check, kind, id, "missing in an index");
	}
	check->entries += (int64_t)len;
	mem_free(text);
	if (!is_json(q, 4))
		fault(check, kind, id, "the body is not JSON");
}

/* kind, subject, rev, body, woken without a lease */
static void job_row(struct check *check, sqlite3_stmt *q)
{
	const char *kind = text_of(q, 0), *subject = text_of(q, 1);

	if (sqlite3_column_int64(q, 2) <= 0 || sqlite3_column_int64(q, 2) > check->s.rev)
		fault(check, kind, subject, "a job's revision that was never given");
	if (sqlite3_column_type(q, 3) != SQLITE_NULL && !is_json(q, 3))
		fault(check, kind, subject, "the job's body is not JSON");
	if (sqlite3_column_int(q, 4))
		fault(check, kind, subject, "a job woken that nobody works on");
}

static void entries_row(struct check *check, sqlite3_stmt *q)
{
	if (sqlite3_column_int64(q, 0) != check->entries)
		fault(check, "index", "entries", "some belong to no document");
}

static void rev_row(struct check *check, sqlite3_stmt *q)
{
	check->s.rev = sqlite3_column_int64(q, 0);
}

static void site_row(struct check *check, sqlite3_stmt *q)
{
	tell(check, "site %s, schema %d", text_of(q, 0), STORE_SCHEMA);
}

static void docs_row(struct check *check, sqlite3_stmt *q)
{
	tell(check, "%s: %" PRId64 " documents", text_of(q, 0),
	     (int64_t)sqlite3_column_int64(q, 1));
}

static void jobs_row(struct check *check, sqlite3_stmt *q)
{
	tell(check, "job %s: %" PRId64 ", %" PRId64 " claimed", text_of(q, 0),
	     (int64_t)sqlite3_column_int64(q, 1), (int64_t)sqlite3_column_int64(q, 2));
}

static void mode_check(struct check *check)
{
	struct stat st;

	if (stat(check->s.path, &st) == 0 && (st.st_mode & 077))
		tell(check, "warning: mode %04o lets others at the store, 0600 is meant",
		     (unsigned)(st.st_mode & 07777));
}

static bool check_all(struct check *check)
{
	mode_check(check);
	return each(check, "BEGIN", integrity_row) &&
	       each(check, "SELECT value FROM meta WHERE key='site'", site_row) &&
	       each(check, "SELECT value FROM meta WHERE key='rev'", rev_row) &&
	       each(check, "PRAGMA integrity_check(20)", integrity_row) &&
	       each(check, "SELECT kind, count(*) FROM doc GROUP BY kind", docs_row) &&
	       each(check, "SELECT kind, count(*), count(lease_until) FROM job GROUP BY kind",
		    jobs_row) &&
	       each(check, "SELECT kind, id, rev, indexes, body FROM doc", doc_row) &&
	       each(check, "SELECT count(*) FROM idx", entries_row) &&
	       each(check,
		    "SELECT kind, subject, rev, body,"
		    " woken IS NOT NULL AND lease_until IS NULL FROM job",
		    job_row);
}

bool sqlite_check(const char *url, store_tell_fn *tell_fn, void *arg, struct err *err)
{
	struct check check = {.tell = tell_fn, .arg = arg, .err = err};
	bool whole = sqlite_connect_reader(&check.s, url, err) && check_all(&check);

	if (whole && check.faults) {
		if (check.faults > FAULTS_TOLD_MAX)
			tell(&check, "and %" PRIu64 " more", check.faults - FAULTS_TOLD_MAX);
		whole = err_set(err, ERR_INVALID, "the store %s is damaged: %" PRIu64 " faults",
				check.s.path, check.faults);
	}
	sqlite_disconnect(&check.s);
	return whole;
}
