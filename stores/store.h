/*
 * The store is the schedule: claim due jobs, perform each, commit result, alerts and next due
 * time in one atomic step. One interface, one row per backend (table.c); the code above never
 * knows which one it has.
 *
 * A document is JSON text under (kind, id) with a `rev` that every write bumps, a few numeric
 * index columns, and at most one binary blob (a certificate's DER). A job is addressed by
 * (kind, subject). Claiming a job bumps its rev, and that rev is the fencing token of the commit.
 *
 * All calls are asynchronous in the house's shape: done(arg, answer) exactly once from the loop,
 * never from inside the call; store_cancel is silent (a commit under way may or may not land,
 * as after a crash).
 */
#ifndef STORES_STORE_H
#define STORES_STORE_H

#include "lib/loop/loop.h"

#define STORE_SCHEMA 1
#define STORE_INDEXES_MAX 6
#define STORE_ID_MAX 512 /* bytes of a kind, id, subject, lane, zone each */
#define STORE_BODY_MAX (4 * 1024 * 1024)
#define STORE_COMMIT_MAX (64 * 1024 * 1024) /* bytes of all bodies and blobs of a commit */
#define STORE_ITEMS_MAX 10000		    /* in each list of a call */
#define STORE_PAGE_MAX 1000
#define STORE_NEVER INT64_MAX /* a due time that never comes; such jobs are kept */

enum store_status {
	STORE_OK,
	STORE_LOST,	/* the job's rev moved or its lease was taken over: drop the work */
	STORE_CONFLICT, /* an expected rev moved: read again, judge again, never probe again */
	STORE_AWAY,	/* the store cannot be asked now; nothing was changed as far as known */
	STORE_FULL,	/* disk full or read-only: nothing was changed */
	STORE_BAD,	/* the store answered nonsense or a document is damaged: err tells */
};
const char *store_status_text(enum store_status status);

struct store_index {
	const char *name; /* static text: "not_after", "due", "outcome" */
	int64_t value;
};

struct store_doc {
	char *kind, *id;
	int64_t rev; /* 0: does not exist */
	char *body;  /* JSON text, NUL-terminated */
	size_t body_len;
	void *blob; /* or NULL */
	size_t blob_len;
};
void store_doc_finish(struct store_doc *doc);

struct store_job {
	char *kind, *subject, *zone, *lane; /* lane "" = any daemon; zone "default" */
	int64_t rev;			    /* the fencing token */
	int64_t due;			    /* was due at */
	int64_t lease_until;
	int attempt;
	char *body; /* JSON text of the handler's own, or NULL */
};
void store_job_finish(struct store_job *job);

struct store_answer {
	enum store_status status;
	struct err err; /* with every status but OK */
	/* claim */
	struct store_job *jobs;
	size_t jobs_len;
	int64_t next_due; /* earliest due time not claimed, over the asked queues; leased jobs count
			   * with the end of their lease; STORE_NEVER: none */
	/* get (in the order asked; rev 0 = absent), page */
	struct store_doc *docs;
	size_t docs_len;
	const char *cursor; /* of a page: where to go on, NULL at the end */
	/* count */
	int64_t count;
	/* commit with CONFLICT: index into expects; with OK: the new rev of puts[i] */
	size_t conflict;
	const int64_t *revs;
};
/* The answer is borrowed during the call; jobs and docs may be moved out by copying the struct and
 * zeroing it in the answer. */
typedef void store_done_fn(void *arg, struct store_answer *answer);

struct store;
struct store_call;

/* url: "sqlite:///absolute/path", "sqlite::memory:". site: fixed when a store is created; another
 * site than the stored one is ERR_CONFLICT, a newer schema ERR_INVALID. NULL with err. */
struct store *store_open(struct loop *loop, const char *url, const char *site, struct err *err);
/* A second, read-only view of a store that may be in use elsewhere: get, page and count; anything
 * else answers STORE_FULL. For long scans (report writer, dump) beside the daemon. */
struct store *store_open_reader(struct loop *loop, const char *url, struct err *err);
/* Calls in flight are finished (commits) or cancelled (others) silently. */
void store_close(struct store *store);
const char *store_backend(const struct store *store); /* "sqlite" */
/* For people: the URL without its secrets. */
const char *store_shown(const struct store *store);

/* At the start of a daemon that has the store for itself (a lock says so): whoever held a lease is
 * dead, and what he had claimed is due again at once. Does nothing on a store that is shared. */
void store_free_leases(struct store *store);

/* Which jobs: one row per queue. */
struct store_queue {
	const char *kind, *lane, *zone;
	int64_t lease_ms;
	size_t max; /* at most so many of this queue in this claim */
};
struct store_claim {
	const struct store_queue *queues;
	size_t queues_len;
	size_t max;  /* over all queues, at most STORE_PAGE_MAX; earliest due first */
	int64_t now; /* wall ms; a backend with a clock of its own uses that instead */
};
struct store_call *store_claim(struct store *store, const struct store_claim *claim,
			       store_done_fn *done, void *arg);

/* A lease moves to `until`; LOST when it is not ours any more. The rev does not move. */
struct store_call *store_extend(struct store *store, const char *kind, const char *subject,
				int64_t rev, int64_t until, store_done_fn *done, void *arg);

struct store_key {
	const char *kind, *id;
};
struct store_expect {
	const char *kind, *id;
	int64_t rev; /* 0: must not exist */
};
struct store_put {
	const char *kind, *id;
	const char *body;
	const void *blob; /* NULL keeps the stored blob; not NULL with length 0 removes it */
	size_t blob_len;
	struct store_index indexes[STORE_INDEXES_MAX]; /* replace all of the document's */
	size_t indexes_len;
};
enum store_job_verb {
	/* Absent: created with this due time. There: due = the earlier of both, zone and lane as
	 * given; when it is claimed just now, the earlier due time takes effect at its commit. */
	JOB_ENSURE,
	JOB_DELETE, /* a worker on it finds LOST */
};
struct store_job_change {
	enum store_job_verb verb;
	const char *kind, *subject, *zone, *lane, *body; /* body only when created */
	int64_t due;
};
/* DELETE: the job goes, unless it was ENSUREd while it was claimed: then it stays, due as that
 * ENSURE said and with no attempts used, or the wake would be lost. */
enum store_fence_verb { FENCE_NONE, FENCE_MOVE, FENCE_DELETE };
struct store_commit {
	/* The claimed job that this commit ends, if any: its rev must be unmoved, else LOST. A
	 * lease that ran out but was not taken over is still ours. */
	enum store_fence_verb fence;
	const char *job_kind, *job_subject;
	int64_t job_rev;
	int64_t job_due;      /* MOVE: next due time (an ENSURE meanwhile may make it earlier) */
	int job_attempt;      /* MOVE */
	const char *job_body; /* MOVE: NULL keeps */
	const struct store_expect *expects;
	size_t expects_len;
	const struct store_put *puts;
	size_t puts_len;
	const struct store_key *dels;
	size_t dels_len;
	const struct store_job_change *jobs;
	size_t jobs_len;
};
/* All or nothing. Inputs are copied. In this order: fence, expects, puts, dels, the fenced job's
 * own move, jobs; so a commit may move its own job and ENSURE it too. */
struct store_call *store_commit(struct store *store, const struct store_commit *commit,
				store_done_fn *done, void *arg);

struct store_call *store_get(struct store *store, const struct store_key *keys, size_t keys_len,
			     store_done_fn *done, void *arg);

/*
 * A page of documents of one kind, by an index column (value, then id) or by id. The cursor stays
 * valid under change: it names a place in the order, not a row. Jobs are read the same way, as
 * documents of the kind "job/<kind>" with id = subject, index "due" and the body
 * {"zone","lane","due","attempt","lease_until","body"} (times in ms).
 */
struct store_page {
	const char *kind;
	const char *index;     /* NULL: by id */
	int64_t min, max;      /* of the index value, both included */
	const char *id_prefix; /* by id only; NULL: all */
	bool descending;
	const char *cursor; /* of the last answer, NULL: from the start */
	size_t limit;	    /* 1..1000; large documents may make an answer shorter: only a NULL
			     * cursor is the end */
	bool without_body;  /* nor blob */
};
struct store_call *store_page(struct store *store, const struct store_page *page,
			      store_done_fn *done, void *arg);
/* Walks the rows it counts, some 0.1 s for a million: for operators, not for each turn. */
struct store_call *store_count(struct store *store, const char *kind, const char *index,
			       int64_t min, int64_t max, store_done_fn *done, void *arg);

void store_cancel(struct store_call *call); /* accepts NULL */

/* `expiryctl store check URL`, offline and blocking: is it whole? Each line of the finding goes to
 * `tell`; false with err when it could not be opened or is damaged. */
typedef void store_tell_fn(void *arg, const char *line);
bool store_check(const char *url, store_tell_fn *tell, void *arg, struct err *err) MUST_CHECK;

/* Run-time versions of the backends' libraries, a line each, for --version. */
void stores_versions(FILE *out);

/* One row per backend. */
struct store_ops {
	const char *scheme;
	struct store *(*open)(struct loop *loop, const char *url, const char *site,
			      struct err *err);
	struct store *(*open_reader)(struct loop *loop, const char *url, struct err *err);
	void (*close)(struct store *store);
	void (*free_leases)(struct store *store); /* NULL: shared */
	struct store_call *(*claim)(struct store *, const struct store_claim *, store_done_fn *,
				    void *);
	struct store_call *(*extend)(struct store *, const char *, const char *, int64_t, int64_t,
				     store_done_fn *, void *);
	struct store_call *(*commit)(struct store *, const struct store_commit *, store_done_fn *,
				     void *);
	struct store_call *(*get)(struct store *, const struct store_key *, size_t, store_done_fn *,
				  void *);
	struct store_call *(*page)(struct store *, const struct store_page *, store_done_fn *,
				   void *);
	struct store_call *(*count)(struct store *, const char *, const char *, int64_t, int64_t,
				    store_done_fn *, void *);
	void (*cancel)(struct store_call *);
	bool (*check)(const char *url, store_tell_fn *, void *, struct err *);
};
/* Backends embed this first. */
struct store {
	const struct store_ops *ops;
	struct loop *loop;
	char *shown;
};
struct store_call {
	struct store *store;
};

#endif
