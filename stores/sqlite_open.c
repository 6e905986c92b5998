/*
 * Opening and closing the SQLite file: its path out of the URL, the lock that keeps a second
 * daemon off, mode 0600, whose file it is, its settings and its schema. A file that is not
 * ours, or newer than us, is left exactly as it was.
 */
#include "lib/base/sys.h"
#include "stores/sqlite.h"
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 50

/*
 * meta: what the whole store is. doc: documents; a table with rowids, since bodies are long.
 * idx: their index columns, each row one entry of an ordered list. job: one row per job; a job
 * is in job_free or in job_leased, which is what a claim looks at, and always in job_due.
 */
static const char schema_1[] =
	"CREATE TABLE meta("
	" key TEXT NOT NULL PRIMARY KEY,"
	" value ANY"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE doc("
	" kind TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" rev INTEGER NOT NULL,"
	" indexes TEXT NOT NULL,"
	" body TEXT NOT NULL,"
	" blob BLOB,"
	" UNIQUE(kind, id)"
	") STRICT;"
	"CREATE TABLE idx("
	" kind TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" value INTEGER NOT NULL,"
	" id TEXT NOT NULL,"
	" PRIMARY KEY(kind, name, value, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE job("
	" kind TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" lane TEXT NOT NULL,"
	" zone TEXT NOT NULL,"
	" rev INTEGER NOT NULL,"
	" due INTEGER NOT NULL,"
	" attempt INTEGER NOT NULL,"
	" lease_until INTEGER," /* NULL: free */
	" woken INTEGER,"	/* an ENSURE that waits for the claimed job's commit */
	" body TEXT,"
	" PRIMARY KEY(kind, subject)"
	") STRICT, WITHOUT ROWID;"
	/* The last columns are there so that a claim need not look at the jobs it does not take. */
	"CREATE INDEX job_free ON job(kind, lane, zone, due, subject, lease_until)"
	" WHERE lease_until IS NULL;"
	"CREATE INDEX job_leased ON job(kind, lane, zone, lease_until, due, woken)"
	" WHERE lease_until IS NOT NULL;"
	"CREATE INDEX job_due ON job(kind, due, subject);"
	"INSERT INTO meta VALUES('rev', 0);";

/* Step i leads from schema i to i + 1. */
static const char *const schema_steps[STORE_SCHEMA] = {schema_1};

/* --- the file ----------------------------------------------------------------------------- */

static bool path_of(struct sqlite_store *s, const char *url, struct err *err)
{
	const char *rest = strchr(url, ':') + 1;

	s->lock_fd = -1;
	s->base.shown = str_dup(url);
	if (str_eq(rest, ":memory:")) {
		s->memory = true;
		s->path = str_dup(rest);
		return true;
	}
	if (!str_starts(rest, "///") || !rest[3] || str_ends(rest, "/"))
		return err_set(
			err, ERR_INVALID,
			"%s: an SQLite store is sqlite:///absolute/path or sqlite::memory:", url);
	s->path = str_dup(rest + 2);
	return true;
}

/* How long a lock may be held by a dead daemon's child. */
#define LOCK_PAUSE_MS 20
#define LOCK_TRIES 50

static bool file_fault(const char *doing, const char *path, int error, struct err *err)
{
	enum err_class class = ERR_UNAVAILABLE;

	if (error == ENOENT || error == ENOTDIR)
		return err_set(err, ERR_MISSING, "the directory of the store %s does not exist",
			       path);
	if (error == EACCES || error == EPERM || error == EROFS)
		class = ERR_DENIED;
	else if (error == ENOSPC || error == EDQUOT)
		class = ERR_FULL;
	else if (error == EISDIR || error == ELOOP || error == ENAMETOOLONG)
		class = ERR_INVALID;
	return err_set(err, class, "cannot %s the store %s: %s", doing, path, strerror(error));
}

static bool locked_fault(int fd, const char *path, struct err *err)
{
	char pid[24] = "";
	ssize_t len = pread(fd, pid, sizeof(pid) - 1, 0);
	uint64_t number;

	if (len > 0)
		pid[strcspn(pid, "\n")] = '\0';
	if (len > 0 && str_to_u64(pid, 1, INT32_MAX, &number))
		return err_set(err, ERR_CONFLICT,
			       "the store %s is in use by another daemon, process %s", path, pid);
	return err_set(err, ERR_CONFLICT, "the store %s is in use by another daemon", path);
}

/*
 * A daemon that was killed while it started a child leaves the lock with that child until it has
 * become the new program, an instant later: worth a short wait before a restart is refused.
 */
static bool lock_try(int fd)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};

	for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK || tries == LOCK_TRIES)
			return false;
		nanosleep(&pause, NULL);
		errno = EWOULDBLOCK;
	}
	return true;
}

/* Two keepers on one file would each believe their group to be the only one. The lock is on a
 * file of its own, because closing any descriptor of the database would drop SQLite's locks. It
 * is never removed: a new file under a held lock would let a second daemon in. */
static bool lock_take(struct sqlite_store *s, struct err *err)
{
	char *path = str_printf("%s.lock", s->path);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int error = errno;

	mem_free(path);
	if (fd < 0)
		return file_fault("lock", s->path, error, err);
	if (!lock_try(fd)) {
		bool held = errno == EWOULDBLOCK;

		error = errno;
		if (held)
			locked_fault(fd, s->path, err);
		close(fd);
		return held ? false : file_fault("lock", s->path, error, err);
	}
	s->lock_fd = fd;
	/* The pid is for people; a full disk must not keep a store from being opened. */
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%ld\n", (long)getpid());
	return true;
}

/* Made by us, not by SQLite, for the mode; the log and its index inherit it. Less than the
 * smallest page is what is left of a store; SQLite would take it for a new one. */
static bool file_make(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int error = errno;
	struct stat st;

	if (fd < 0)
		return file_fault("open", path, error, err);
	bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	close(fd);
	if (!regular)
		return err_set(err, ERR_INVALID, "the store %s is not a file", path);
	if (st.st_size > 0 && st.st_size < 512)
		return err_set(err, ERR_INVALID, "the store %s is damaged: it was cut short", path);
	return true;
}

/* --- the connection ----------------------------------------------------------------------- */

static bool fault(const struct sqlite_store *s, struct err *err)
{
	(void)sqlite_fault(s, err);
	return false;
}

static bool execute(struct sqlite_store *s, const char *text, struct err *err)
{
	if (sqlite3_exec(s->db, text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	s->rc = sqlite3_extended_errcode(s->db);
	return fault(s, err);
}

static bool ask_int(struct sqlite_store *s, const char *text, int64_t *out, struct err *err)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(s->db, text, -1, &q, NULL) != SQLITE_OK)
		s->rc = sqlite3_extended_errcode(s->db);
	int rc = sqlite_step(s, q);
	if (rc == SQLITE_ROW)
		*out = sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return rc == SQLITE_ROW || fault(s, err);
}

static bool connect_file(struct sqlite_store *s, int flags, struct err *err)
{
	int rc = sqlite3_open_v2(s->path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK) {
		s->rc = s->db ? sqlite3_extended_errcode(s->db) : rc;
		return fault(s, err);
	}
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return execute(s, "PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY", err);
}

/* Whose file is it, and how old? Asked before anything in it is changed. */
static bool identify(struct sqlite_store *s, int64_t *schema, struct err *err)
{
	int64_t application, objects;

	if (!ask_int(s, "PRAGMA application_id", &application, err) ||
	    !ask_int(s, "PRAGMA user_version", schema, err) ||
	    !ask_int(s, "SELECT count(*) FROM sqlite_schema", &objects, err))
		return false;
	if (application != SQLITE_APPLICATION_ID && (application || *schema || objects))
		return err_set(err, ERR_INVALID, "%s is an SQLite database, but of another program",
			       s->path);
	if (*schema > STORE_SCHEMA)
		return err_set(err, ERR_INVALID,
			       "the store %s was made by a newer version (schema %" PRId64
			       ", this one knows %d)",
			       s->path, *schema, STORE_SCHEMA);
	return true;
}

/* checkpoint_plan uses what is noted here; SQLite's own checkpoint is replaced by it. */
static int on_wal(void *arg, sqlite3 *db UNUSED, const char *name UNUSED, int pages)
{
	struct sqlite_store *s = arg;

	if (pages < s->wal_pages)
		s->checkpoint_at = SQLITE_BUSY_PAGES; /* begun anew */
	s->wal_pages = pages;
	return SQLITE_OK;
}

static bool settings(struct sqlite_store *s, struct err *err)
{
	sqlite3_stmt *q = NULL;
	bool wal = false;

	if (s->memory)
		return true;
	if (sqlite3_prepare_v2(s->db, "PRAGMA journal_mode=WAL", -1, &q, NULL) != SQLITE_OK)
		s->rc = sqlite3_extended_errcode(s->db);
	int rc = sqlite_step(s, q);
	if (rc == SQLITE_ROW)
		wal = str_eq((const char *)sqlite3_column_text(q, 0), "wal");
	sqlite3_finalize(q);
	if (rc != SQLITE_ROW)
		return fault(s, err);
	if (!wal)
		return err_set(err, ERR_INVALID,
			       "the store %s is on a file system without shared memory (WAL)",
			       s->path);
	sqlite3_wal_hook(s->db, on_wal, s);
	return execute(s,
		       "PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;"
		       " PRAGMA journal_size_limit=16777216",
		       err);
}

static bool migrate(struct sqlite_store *s, int64_t from, struct err *err)
{
	char mark[96];

	if (from == STORE_SCHEMA)
		return true;
	if (!execute(s, "BEGIN IMMEDIATE", err))
		return false;
	snprintf(mark, sizeof(mark), "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
		 SQLITE_APPLICATION_ID, STORE_SCHEMA);
	for (int64_t i = from; i < STORE_SCHEMA; i++) {
		if (!execute(s, schema_steps[i], err))
			goto undo;
	}
	if (execute(s, mark, err))
		return true;
undo:
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return false;
}

/* A store keeps the site it was made for; NULL asks nothing. */
static bool site_settle(struct sqlite_store *s, const char *site, struct err *err)
{
	sqlite3_stmt *q = NULL;
	char *stored = NULL;

	if (sqlite3_prepare_v2(s->db,
			       "INSERT INTO meta SELECT 'site', ?1 WHERE ?1 IS NOT NULL"
			       " AND NOT EXISTS(SELECT 1 FROM meta WHERE key='site')",
			       -1, &q, NULL) != SQLITE_OK)
		s->rc = sqlite3_extended_errcode(s->db);
	sqlite_bind_text(q, 1, site);
	bool done = sqlite_run(s, q);
	sqlite3_finalize(q);
	q = NULL;
	if (!done)
		return fault(s, err);
	if (sqlite3_prepare_v2(s->db, "SELECT value FROM meta WHERE key='site'", -1, &q, NULL) !=
	    SQLITE_OK)
		s->rc = sqlite3_extended_errcode(s->db);
	int rc = sqlite_step(s, q);
	if (rc == SQLITE_ROW)
		stored = sqlite_column_dup(q, 0);
	sqlite3_finalize(q);
	if (rc == SQLITE_ERROR)
		return fault(s, err);
	done = !site || str_eq(site, stored);
	if (!done)
		err_set(err, ERR_CONFLICT, "the store %s belongs to the site \"%s\", not \"%s\"",
			s->path, stored ? stored : "", site);
	mem_free(stored);
	return done;
}

static bool open_steps(struct sqlite_store *s, const char *site, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | (s->memory ? SQLITE_OPEN_CREATE : 0);
	int64_t schema;

	if (!s->memory && (!lock_take(s, err) || !file_make(s->path, err)))
		return false;
	return connect_file(s, flags, err) && identify(s, &schema, err) && settings(s, err) &&
	       migrate(s, schema, err) && site_settle(s, site, err) &&
	       ask_int(s, "SELECT value FROM meta WHERE key='rev'", &s->rev, err);
}

/* On a full disk this does nothing, and the leases end by themselves. */
void sqlite_free_leases(struct store *store)
{
	struct sqlite_store *s = (struct sqlite_store *)store;

	execute(s,
		"UPDATE job SET due=min(due, ifnull(woken, due)), woken=NULL, lease_until=NULL"
		" WHERE lease_until IS NOT NULL",
		NULL);
}

void sqlite_disconnect(struct sqlite_store *s)
{
	sqlite_finalize(s);
	sqlite3_close(s->db);
	s->db = NULL;
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	s->lock_fd = -1;
	mem_free(s->path);
	mem_free(s->base.shown);
}

static struct sqlite_store *store_new(struct loop *loop)
{
	struct sqlite_store *s = MEM_NEW(struct sqlite_store);

	s->base.ops = &store_sqlite;
	s->base.loop = loop;
	s->lock_fd = -1;
	s->checkpoint_at = SQLITE_BUSY_PAGES;
	timer_init(&s->flush_timer, loop, sqlite_on_flush, s);
	timer_init(&s->idle_timer, loop, sqlite_on_idle, s);
	return s;
}

struct store *sqlite_open(struct loop *loop, const char *url, const char *site, struct err *err)
{
	struct sqlite_store *s = store_new(loop);

	if (path_of(s, url, err) && open_steps(s, site, err)) {
		s->rev_saved = s->rev;
		return &s->base;
	}
	sqlite_disconnect(s);
	mem_free(s);
	return NULL;
}

bool sqlite_connect_reader(struct sqlite_store *s, const char *url, struct err *err)
{
	int64_t schema;

	if (!path_of(s, url, err))
		return false;
	if (s->memory)
		return err_set(err, ERR_INVALID,
			       "a store in memory is seen by its own process only");
	if (access(s->path, F_OK) < 0)
		return err_set(err, ERR_MISSING, "there is no store %s", s->path);
	if (!connect_file(s, SQLITE_OPEN_READONLY, err) || !identify(s, &schema, err))
		return false;
	return schema == STORE_SCHEMA ||
	       err_set(err, ERR_INVALID,
		       "the store %s has schema %" PRId64 ", not %d: start the "
		       "daemon once",
		       s->path, schema, STORE_SCHEMA);
}

struct store *sqlite_open_reader(struct loop *loop, const char *url, struct err *err)
{
	struct sqlite_store *s = store_new(loop);

	s->reader = true;
	if (sqlite_connect_reader(s, url, err))
		return &s->base;
	sqlite_disconnect(s);
	mem_free(s);
	return NULL;
}
