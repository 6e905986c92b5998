/*
 * The statements of the SQLite backend, all in one table, and what SQLite's result codes mean
 * to the code above: no space, not now, or damaged. Statements are prepared at first use and
 * kept. Used by the other sqlite files only.
 */
#include "lib/base/sys.h"
#include "stores/sqlite.h"

#define JOB "kind=?1 AND subject=?2"
#define QUEUE "kind=?1 AND lane=?2 AND zone=?3"
#define NEVER "9223372036854775807"

static const char *const texts[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_SAVEPOINT] = "SAVEPOINT one",
	[SQL_RELEASE] = "RELEASE one",
	[SQL_UNDO] = "ROLLBACK TO one",
	[SQL_REV_SAVE] = "UPDATE meta SET value=?1 WHERE key='rev'",

	[SQL_DOC_FIND] = "SELECT rowid, rev, indexes FROM doc WHERE kind=?1 AND id=?2",
	[SQL_DOC_INSERT] = "INSERT INTO doc(kind, id, rev, indexes, body, blob)"
			   " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_DOC_UPDATE] = "UPDATE doc SET rev=?2, indexes=?3, body=?4 WHERE rowid=?1",
	[SQL_DOC_UPDATE_BLOB] =
		"UPDATE doc SET rev=?2, indexes=?3, body=?4, blob=?5 WHERE rowid=?1",
	[SQL_DOC_DELETE] = "DELETE FROM doc WHERE rowid=?1",
	[SQL_DOC_GET] = "SELECT rev, body, blob FROM doc WHERE kind=?1 AND id=?2",
	[SQL_DOC_COUNT] = "SELECT count(*) FROM doc WHERE kind=?1",

	[SQL_IDX_INSERT] = "INSERT INTO idx(kind, name, value, id) VALUES(?1, ?2, ?3, ?4)",
	[SQL_IDX_DELETE] = "DELETE FROM idx WHERE kind=?1 AND name=?2 AND value=?3 AND id=?4",
	[SQL_IDX_COUNT] = "SELECT count(*) FROM idx WHERE kind=?1 AND name=?2"
			  " AND value BETWEEN ?3 AND ?4",

	[SQL_IDX_COUNT_ID] = "SELECT count(*) FROM idx WHERE kind=?1 AND name=?2 AND value=?3"
			     " AND id=?4",

	[SQL_JOB_REV] = "SELECT rev FROM job WHERE " JOB,
	/* A free job moves and its rev with it; of a claimed one the rev is the worker's token and
	 * stays, and the wish waits in `woken` for the worker's commit. */
	[SQL_JOB_ENSURE] = "INSERT INTO job(kind, subject, lane, zone, rev, due, attempt, body)"
			   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)"
			   " ON CONFLICT DO UPDATE SET lane=excluded.lane, zone=excluded.zone,"
			   " rev=iif(lease_until IS NULL, excluded.rev, rev),"
			   " due=iif(lease_until IS NULL, min(due, excluded.due), due),"
			   " woken=iif(lease_until IS NULL, NULL,"
			   " min(ifnull(woken, excluded.due), excluded.due))"
			   " WHERE lane<>excluded.lane OR zone<>excluded.zone"
			   " OR iif(lease_until IS NULL, excluded.due<due,"
			   " woken IS NULL OR excluded.due<woken)",
	[SQL_JOB_DELETE] = "DELETE FROM job WHERE " JOB,
	[SQL_JOB_MOVE] = "UPDATE job SET rev=?3, due=min(?4, ifnull(woken, ?4)), attempt=?5,"
			 " body=ifnull(?6, body), lease_until=NULL, woken=NULL WHERE " JOB,
	[SQL_JOB_END] = "DELETE FROM job WHERE " JOB " AND woken IS NULL",
	[SQL_JOB_END_WOKEN] = "UPDATE job SET rev=?3, due=woken, attempt=0, lease_until=NULL,"
			      " woken=NULL WHERE " JOB,
	[SQL_JOB_EXTEND] = "UPDATE job SET lease_until=?4 WHERE " JOB
			   " AND rev=?3 AND lease_until IS NOT NULL",

	/* Both are answered from their index alone, whatever other queues have to offer. */
	[SQL_JOB_DUE] = "SELECT subject, due FROM job INDEXED BY job_free WHERE " QUEUE
			" AND lease_until IS NULL AND due<=?4 ORDER BY due, subject LIMIT ?5",
	/* No order and no limit, which would build a table to sort in at each claim: there are as
	 * many as died in somebody's hands, most often none, and who claims puts them in order. */
	[SQL_JOB_EXPIRED] = "SELECT subject, min(due, ifnull(woken, due))"
			    " FROM job INDEXED BY job_leased WHERE " QUEUE
			    " AND lease_until IS NOT NULL AND lease_until<=?4",
	/* A free job has no wish waiting; naming `due` here would write its index entry anew. */
	[SQL_JOB_CLAIM] = "UPDATE job SET rev=?3, lease_until=?4 WHERE " JOB
			  " AND lease_until IS NULL RETURNING lane, zone, due, attempt, body",
	[SQL_JOB_TAKE_OVER] =
		"UPDATE job SET rev=?3, lease_until=?4, due=min(due, ifnull(woken, due)),"
		" woken=NULL WHERE " JOB " AND lease_until<=?5"
		" RETURNING lane, zone, due, attempt, body",
	[SQL_JOB_NEXT] = "SELECT min(ifnull((SELECT due FROM job INDEXED BY job_free WHERE " QUEUE
			 " AND lease_until IS NULL ORDER BY due LIMIT 1), " NEVER "),"
			 " ifnull((SELECT lease_until FROM job INDEXED BY job_leased WHERE " QUEUE
			 " AND lease_until IS NOT NULL ORDER BY lease_until LIMIT 1), " NEVER "))",
	[SQL_JOB_GET] =
		"SELECT rev, zone, lane, due, attempt, lease_until, body FROM job WHERE " JOB,
	[SQL_JOB_COUNT] = "SELECT count(*) FROM job WHERE kind=?1",
	[SQL_JOB_COUNT_DUE] = "SELECT count(*) FROM job INDEXED BY job_due WHERE kind=?1"
			      " AND due BETWEEN ?2 AND ?3",
};

sqlite3_stmt *sqlite_sql(struct sqlite_store *s, enum sql sql)
{
	sqlite3_stmt **q = &s->statements[sql];

	if (!*q && sqlite3_prepare_v3(s->db, texts[sql], -1, SQLITE_PREPARE_PERSISTENT, q, NULL) !=
			   SQLITE_OK) {
		s->rc = sqlite3_extended_errcode(s->db);
		return NULL;
	}
	return *q;
}

void sqlite_bind_text(sqlite3_stmt *q, int at, const char *text)
{
	sqlite3_bind_text(q, at, text, -1, SQLITE_STATIC);
}

int sqlite_step(struct sqlite_store *s, sqlite3_stmt *q)
{
	if (!q) /* s->rc is that of the prepare */
		return SQLITE_ERROR;
	int rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		return rc;
	if (rc != SQLITE_DONE)
		s->rc = sqlite3_extended_errcode(s->db);
	sqlite3_reset(q);
	return rc == SQLITE_DONE ? rc : SQLITE_ERROR;
}

bool sqlite_run(struct sqlite_store *s, sqlite3_stmt *q)
{
	int rc = sqlite_step(s, q);

	if (rc == SQLITE_ROW)
		sqlite3_reset(q);
	return rc != SQLITE_ERROR;
}

char *sqlite_column_dup(sqlite3_stmt *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q, column);

	return text ? mem_dup(text, (size_t)sqlite3_column_bytes(q, column)) : NULL;
}

static enum store_status fault_status(int rc)
{
	switch (rc) {
	case SQLITE_IOERR_WRITE:
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_DIR_FSYNC:
	case SQLITE_IOERR_TRUNCATE:
	case SQLITE_IOERR_SHMSIZE:
	case SQLITE_IOERR_SHMOPEN:
	case SQLITE_IOERR_SHMMAP:
		return STORE_FULL;
	case SQLITE_READONLY_RECOVERY:
	case SQLITE_READONLY_CANTLOCK:
		return STORE_AWAY;
	}
	switch (rc & 0xff) {
	case SQLITE_FULL:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return STORE_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_NOMEM:
	case SQLITE_CANTOPEN:
	case SQLITE_INTERRUPT:
	case SQLITE_PROTOCOL:
		return STORE_AWAY;
	}
	return STORE_BAD;
}

enum store_status sqlite_fault(const struct sqlite_store *s, struct err *err)
{
	enum store_status status = fault_status(s->rc);
	const char *why = sqlite3_errstr(s->rc);

	if (status == STORE_FULL && (s->rc & 0xff) == SQLITE_READONLY)
		err_set(err, ERR_FULL, "the store %s cannot be written: it is read-only", s->path);
	else if (status == STORE_FULL)
		err_set(err, ERR_FULL, "the store %s cannot grow: %s (%d)", s->path, why, s->rc);
	else if (status == STORE_AWAY)
		err_set(err, ERR_UNAVAILABLE, "the store %s cannot be used now: %s", s->path, why);
	else
		err_set(err, ERR_INVALID, "the store %s is damaged: %s (%d)", s->path, why, s->rc);
	return status;
}

enum store_status sqlite_damaged(struct err *err, const char *kind, const char *id,
				 const char *what)
{
	err_set(err, ERR_INVALID, "the stored %s %s is damaged: %s", kind, id, what);
	return STORE_BAD;
}

void sqlite_finalize(struct sqlite_store *s)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(s->statements[i]);
		s->statements[i] = NULL;
	}
	for (size_t i = 0; i < SQL_PAGES; i++) {
		sqlite3_finalize(s->pages[i]);
		s->pages[i] = NULL;
	}
}
