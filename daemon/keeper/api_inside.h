/*
 * What the files of the API share. A handler begins a call (access is checked there), asks the
 * store as often as it must, and ends the call with exactly one answer. A peer that goes away, or
 * the end of the keeper, drops the call silently wherever it stands; so a call has one store
 * operation under way at most, in call->store, and everything else it holds is in its arena or
 * freed by its drop.
 */
#ifndef DAEMON_KEEPER_API_INSIDE_H
#define DAEMON_KEEPER_API_INSIDE_H

#include "daemon/keeper/api.h"
#include "daemon/keeper/batch.h"
#include "daemon/keeper/keeper.h"
#include "lib/base/mem.h"
#include "lib/loop/httpd.h"

#define API_PREFIX_MIN 8      /* digits of an id that stand for the whole */
#define API_CANDIDATES_MAX 10 /* named when a prefix fits several */
#define API_SHOWN "%.200s"    /* of a text that the caller gave: a detail has its ceiling */
#define API_INSTANCE_AWAY_MS (3 * MS_MINUTE) /* three heartbeats */

struct census;
struct sweep;
struct api {
	struct keeper *keeper;
	struct httpd *control, *tcp;
	char *listen;  /* http.listen as it was at the start */
	bool loopback; /* it is on this machine only */
	struct api_call *calls;
	struct sweep *sweep;   /* of a recheck of all; NULL */
	struct census *census; /* the newest that was taken, for who asks again soon; NULL */
};

enum api_access {
	API_OPEN,    /* for monitoring: off loopback too */
	API_READ,    /* off loopback: refused */
	API_OPERATE, /* changes something: unix socket, or a token */
};

struct api_call {
	struct api *api;
	struct keeper *keeper;
	struct httpd_request *request;
	struct store_call *store;
	struct arena arena;
	const char *actor; /* of API_OPERATE: who */
	int64_t now;	   /* wall ms as it began */
	void (*drop)(struct api_call *call);
	struct api_call *prev, *next;
};

/* ---- api_access.c */
/* False: refused, and answered. */
bool api_admit(struct api *api, struct httpd_request *request, enum api_access access,
	       struct arena *arena, const char **actor);
/* "127.0.0.1:9843", "localhost", "[::1]": a Host header or http.listen. */
bool api_is_loopback(const char *host_port);

/* ---- api_call.c */
/* size: of the structure that embeds struct api_call first. drop frees what it holds; may be NULL.
 * NULL: refused, and answered. */
struct api_call *api_begin(struct api *api, struct httpd_request *request, enum api_access access,
			   size_t size, void (*drop)(struct api_call *call));
/* Forgets the call, when the request was answered. */
void api_end(struct api_call *call);
/* Silently, answered or not; for api_free. */
void api_drop_all(struct api *api);
/* These answer and end the call. */
void api_answer(struct api_call *call, int status, const char *type, const void *data, size_t len);
void api_answer_json(struct api_call *call, json_t *json_take);
void api_problem(struct api_call *call, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* With a member of its own. */
void api_problem_with(struct api_call *call, int status, const char *key, json_t *value_take,
		      const char *fmt, ...) PRINTF_LIKE(5, 6);
/* First line of each completion: the operation is over. True: it failed, and the call with it. */
bool api_failed(struct api_call *call, const struct store_answer *answer);
/* The body as an object with no members but these (ends with NULL); none is an empty object. False:
 * ended. */
bool api_body(struct api_call *call, const char *const *members, json_t **out) MUST_CHECK;
/* The record of a document; false: ended. */
bool api_record(struct api_call *call, const struct store_doc *doc, struct record *out) MUST_CHECK;
bool api_alert(struct api_call *call, const struct store_doc *doc, struct alert *out) MUST_CHECK;
/* {"schema":..., "at":...} */
json_t *api_object(const struct api_call *call, const char *schema);
/* Always with milliseconds, so that such texts compare like their times; NULL when unknown. */
json_t *api_exact(int64_t wall_ms);
/* "a\nb\n" as ["a","b"] */
json_t *api_lines(const char *text);

/* ---- api_find.c: a target by id, prefix of it, or text */
struct finder;
typedef void found_fn(struct api_call *call, struct store_doc *doc);
struct finder {
	struct api_call *call;
	const char *key;
	found_fn *found;
	char id[TARGET_ID_LEN + 1];
};
/* found is called from the loop with a document that exists; else the call ends with 404 or 409.
 * key is copied. */
void api_find(struct finder *finder, struct api_call *call, const char *key, found_fn *found);
/* 8 to 32 hex digits, lower-cased into out: an id, or the beginning of one. */
bool api_is_prefix(const char *key, size_t digits_max, char *out);

/* ---- api_list.c: lists of any length */
struct lister;
struct lister_kind {
	const char *schema;
	size_t page_rows;
	/* The page of a stage (0, 1, ...); false: there is no such stage. */
	bool (*stage)(const struct lister *lister, size_t stage, struct store_page *page);
	/* Makes rows of docs (one each; NULL: left out), then calls lister_emit, now or later. */
	void (*read)(struct lister *lister);
};
struct lister {
	struct api_call call;
	const struct lister_kind *kind;
	const char *word;    /* NULL: all */
	const char *counted; /* kind of documents whose number is the total; NULL: none is told */
	const char *counted_index;
	struct store_doc *docs;
	json_t **rows;
	size_t docs_len;
	/* inside api_list.c */
	int64_t limit, total, emitted;
	size_t stage, at;
	char *from, *next; /* store cursors: of this page, behind it */
	bool first, started, resumed;
	int64_t sent_mono; /* of the newest chunk */
	struct buf out;
};
void lister_drop(struct api_call *call); /* of the embedded call */
/* Reads word, limit and cursor; false: ended. */
bool lister_params(struct lister *lister, const struct lister_kind *kind) MUST_CHECK;
void lister_start(struct lister *lister);
void lister_emit(struct lister *lister);
/* As api_failed; once rows went out, the list is broken off without its end. */
bool lister_failed(struct lister *lister, const struct store_answer *answer);
/* False: the word is not even in the document's text, which need not be parsed then. */
bool lister_may_match(const struct lister *lister, const struct store_doc *doc);
/* For kinds whose rows need nothing but their document. */
json_t *lister_parse(const struct store_doc *doc);

/* ---- api_row.c: the flat row of a target (contract 7) */
json_t *target_row(const struct record *record, int64_t now);
/* Its alert columns, once its alerts are known. */
void target_row_alert(json_t *row, const struct alert *alert);
bool target_matches(const struct record *record, const char *word);

/* ---- api_events.c */
/* Of one subject (NULL: all), newest first; limit and cursor are the caller's. */
struct store_page event_page(const char *subject_id);
json_t *event_row(const struct store_doc *doc);

/* ---- api_status.c */
json_t *purpose_json(unsigned purpose);

/* ---- the handlers, by path */
typedef void api_handler_fn(void *arg, struct httpd_request *request);
api_handler_fn api_get_index, api_get_health, api_get_ready, api_get_metrics, api_get_status,
	api_get_targets, api_get_target, api_get_explain, api_get_alerts, api_post_alert,
	api_get_events, api_post_recheck, api_post_reload, api_get_notifiers, api_get_notifier,
	api_post_notifier, api_get_instances, api_get_certificate;

#endif
