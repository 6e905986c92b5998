/*
 * What the files of the SQLite backend share: sqlite.c (calls, groups, answers), sqlite_open.c
 * (the file, its lock, its schema), sqlite_db.c (statements and faults), sqlite_write.c and
 * sqlite_read.c (what is done inside a transaction), sqlite_check.c (offline).
 *
 * Nothing here holds a transaction over a turn of the loop: writes wait in a queue and are
 * done as one group from BEGIN to COMMIT, so a read between groups sees what was committed.
 */
#ifndef STORES_SQLITE_H
#define STORES_SQLITE_H

#include "lib/loop/timer.h"
#include "stores/backend.h"
#include <sqlite3.h>

/* In the header of the file, so that file(1) and we know it: "expd". */
#define SQLITE_APPLICATION_ID 0x65787064

/* Every statement but those of pages, which are put together in sqlite_read.c. */
enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_SAVEPOINT,
	SQL_RELEASE,
	SQL_UNDO,
	SQL_REV_SAVE,
	SQL_DOC_FIND,
	SQL_DOC_INSERT,
	SQL_DOC_UPDATE,
	SQL_DOC_UPDATE_BLOB,
	SQL_DOC_DELETE,
	SQL_DOC_GET,
	SQL_DOC_COUNT,
	SQL_IDX_INSERT,
	SQL_IDX_DELETE,
	SQL_IDX_COUNT,
	SQL_IDX_COUNT_ID,
	SQL_JOB_REV,
	SQL_JOB_ENSURE,
	SQL_JOB_DELETE,
	SQL_JOB_MOVE,
	SQL_JOB_END,
	SQL_JOB_END_WOKEN,
	SQL_JOB_EXTEND,
	SQL_JOB_DUE,
	SQL_JOB_EXPIRED,
	SQL_JOB_CLAIM,
	SQL_JOB_TAKE_OVER,
	SQL_JOB_NEXT,
	SQL_JOB_GET,
	SQL_JOB_COUNT,
	SQL_JOB_COUNT_DUE,
	SQL_COUNT,
};
#define SQL_PAGES 16

/* Growth of the write-ahead log, in pages, after which it is emptied although we are busy. */
#define SQLITE_BUSY_PAGES 2048

enum sqlite_verb { CALL_CLAIM, CALL_EXTEND, CALL_COMMIT, CALL_GET, CALL_PAGE, CALL_COUNT };

struct sqlite_extend {
	const char *kind, *subject;
	int64_t rev, until;
};
struct sqlite_get {
	const struct store_key *keys;
	size_t len;
};
struct sqlite_tally {
	const char *kind, *index;
	int64_t min, max;
};

struct sqlite_call {
	struct store_call base;
	enum sqlite_verb verb;
	store_done_fn *done;
	void *arg;
	struct arena arena; /* the copied inputs; cursor and revs of the answer */
	union {
		struct store_claim claim;
		struct sqlite_extend extend;
		struct store_commit commit;
		struct sqlite_get get;
		struct store_page page;
		struct sqlite_tally tally;
	} in;
	struct store_answer answer;
	struct deferred *turn; /* NULL while it waits for its group */
	struct sqlite_call *prev, *next;
};

struct sqlite_store {
	struct store base;
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT];
	sqlite3_stmt *pages[SQL_PAGES];
	int rc; /* of the last statement that failed, extended */
	char *path;
	bool memory;
	bool reader;
	int lock_fd; /* -1: none */
	/* Revisions are drawn from one counter for the whole store: a document or job that was
	 * deleted and made again never meets an old rev, so no old token fits it. */
	int64_t rev;
	int64_t rev_saved;
	struct sqlite_call *writes; /* waiting for their group */
	size_t writes_len;
	struct sqlite_call *turns; /* a read to be done, or an answer to be given, next turn */
	struct deferred *flush_turn;
	struct timer flush_timer;
	struct timer idle_timer;
	int wal_pages;	   /* in the write-ahead log after the last commit */
	int checkpoint_at; /* pages at which it is emptied although we are busy */
};

/* --- sqlite_db.c ------------------------------------------------------------------------- */

/* Ready to be bound; NULL when it cannot be prepared, which the next step reports. */
sqlite3_stmt *sqlite_sql(struct sqlite_store *s, enum sql sql);
void sqlite_bind_text(sqlite3_stmt *q, int at, const char *text); /* borrowed until the step */
/* SQLITE_ROW (end with sqlite3_reset), SQLITE_DONE, or SQLITE_ERROR with s->rc set. */
int sqlite_step(struct sqlite_store *s, sqlite3_stmt *q);
/* A statement that gives no rows. False with s->rc. */
bool sqlite_run(struct sqlite_store *s, sqlite3_stmt *q) MUST_CHECK;
/* A heap copy of a text column, NULL for NULL. */
char *sqlite_column_dup(sqlite3_stmt *q, int column);
/* What s->rc means to the caller; fills err. */
enum store_status sqlite_fault(const struct sqlite_store *s, struct err *err);
/* A stored record that contradicts itself: STORE_BAD. */
enum store_status sqlite_damaged(struct err *err, const char *kind, const char *id,
				 const char *what);
void sqlite_finalize(struct sqlite_store *s);

/* --- sqlite_open.c ----------------------------------------------------------------------- */

struct store *sqlite_open(struct loop *loop, const char *url, const char *site, struct err *err);
void sqlite_free_leases(struct store *store);
struct store *sqlite_open_reader(struct loop *loop, const char *url, struct err *err);
/* A connection and nothing else, for readers and check: no lock, no loop. */
bool sqlite_connect_reader(struct sqlite_store *s, const char *url, struct err *err) MUST_CHECK;
/* Statements, connection, lock, and what open allocated, but not s itself. */
void sqlite_disconnect(struct sqlite_store *s);

/* --- sqlite_write.c: inside a transaction, under a savepoint ------------------------------ */

enum store_status sqlite_claim(struct sqlite_store *s, struct sqlite_call *call);
enum store_status sqlite_extend(struct sqlite_store *s, struct sqlite_call *call);
enum store_status sqlite_commit(struct sqlite_store *s, struct sqlite_call *call);

/* --- sqlite_read.c ------------------------------------------------------------------------ */

enum store_status sqlite_get(struct sqlite_store *s, struct sqlite_call *call);
enum store_status sqlite_page(struct sqlite_store *s, struct sqlite_call *call);
enum store_status sqlite_tally(struct sqlite_store *s, struct sqlite_call *call);

/* The index columns of a document as its row keeps them: "due=5 outcome=0". */
#define SQLITE_INDEXES_TEXT_MAX 512
void sqlite_indexes_write(char out[SQLITE_INDEXES_TEXT_MAX], const struct store_index *indexes,
			  size_t len);
/* Cuts text up in place; names point into it. False when it is not ours. */
bool sqlite_indexes_read(char *text, struct store_index out[STORE_INDEXES_MAX],
			 size_t *len) MUST_CHECK;

/* --- sqlite_check.c ----------------------------------------------------------------------- */

bool sqlite_check(const char *url, store_tell_fn *tell, void *arg, struct err *err);

/* --- sqlite.c ----------------------------------------------------------------------------- */

void sqlite_on_flush(void *arg);
void sqlite_on_idle(void *arg);

#endif
