/*
 * What every backend does alike, so that the code above cannot tell them apart: the bounds on
 * what a caller hands in, deep copies of it (calls are asynchronous and borrow nothing), the
 * text of a page's cursor, and the release of an answer. For the files of this folder only.
 */
#ifndef STORES_BACKEND_H
#define STORES_BACKEND_H

#include "lib/base/mem.h"
#include "stores/store.h"

/* The kind of a job read as a document: "job/probe". */
#define JOB_KIND_PREFIX "job/"
/* What follows the prefix, or NULL: a kind of documents. */
const char *store_job_kind(const char *kind);

/* Bounds. False with ERR_INVALID and a sentence that names the fault. */
bool store_claim_valid(const struct store_claim *claim, struct err *err) MUST_CHECK;
bool store_commit_valid(const struct store_commit *commit, struct err *err) MUST_CHECK;
bool store_keys_valid(const struct store_key *keys, size_t keys_len, struct err *err) MUST_CHECK;
bool store_page_valid(const struct store_page *page, struct err *err) MUST_CHECK;
bool store_name_valid(const char *what, const char *text, struct err *err) MUST_CHECK;

/* Deep copies that live as long as the arena. NULL zones, lanes become "default" and "". */
void store_claim_copy(struct arena *arena, struct store_claim *to, const struct store_claim *from);
void store_commit_copy(struct arena *arena, struct store_commit *to,
		       const struct store_commit *from);
const struct store_key *store_keys_copy(struct arena *arena, const struct store_key *keys,
					size_t keys_len);
void store_page_copy(struct arena *arena, struct store_page *to, const struct store_page *from);
/* Bytes of bodies and blobs a commit carries. */
size_t store_commit_bytes(const struct store_commit *commit);

/* A cursor names the last row given: (value, id) of an index, or the id alone. ASCII, so that it
 * passes through JSON and URLs whatever the id holds. */
const char *store_cursor_write(struct arena *arena, bool by_index, int64_t value, const char *id);
bool store_cursor_read(struct arena *arena, const char *cursor, bool by_index, int64_t *value,
		       const char **id, struct err *err) MUST_CHECK;

/* Frees what a backend put into an answer; the cursor and revs are the backend's own. */
void store_answer_finish(struct store_answer *answer);

extern const struct store_ops store_sqlite;

#endif
