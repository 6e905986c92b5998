/*
 * Bounds, copies, cursors and answers: see backend.h. A fault found here never reaches a
 * database, and is answered with STORE_BAD and ERR_INVALID by every backend in the same words.
 */
#include "lib/base/sys.h"
#include "stores/backend.h"
#include "lib/base/digest.h"
#include "lib/base/str.h"
#include <inttypes.h>

#define INDEX_NAME_MAX 32

const char *store_job_kind(const char *kind)
{
	return str_starts(kind, JOB_KIND_PREFIX) ? kind + strlen(JOB_KIND_PREFIX) : NULL;
}

/* --- bounds ------------------------------------------------------------------------------- */

static bool text_fits(const char *what, const char *text, struct err *err)
{
	if (!text)
		return err_set(err, ERR_INVALID, "%s is missing", what);
	if (strnlen(text, STORE_ID_MAX + 1) > STORE_ID_MAX)
		return err_set(err, ERR_INVALID, "%s is longer than %d bytes: %.40s...", what,
			       STORE_ID_MAX, text);
	return true;
}

bool store_name_valid(const char *what, const char *text, struct err *err)
{
	if (!text_fits(what, text, err))
		return false;
	return *text ? true : err_set(err, ERR_INVALID, "%s is empty", what);
}

static bool optional_fits(const char *what, const char *text, struct err *err)
{
	return !text || text_fits(what, text, err);
}

/* A kind of documents; jobs change through job verbs alone, or claims would be overwritten. */
static bool doc_kind_valid(const char *kind, struct err *err)
{
	if (!store_name_valid("kind", kind, err))
		return false;
	if (store_job_kind(kind))
		return err_set(err, ERR_INVALID, "%s: a job is not written as a document", kind);
	return true;
}

static bool body_valid(const char *what, const char *body, struct err *err)
{
	if (strnlen(body, STORE_BODY_MAX + 1) > STORE_BODY_MAX)
		return err_set(err, ERR_FULL, "%s: the body is over %d bytes", what,
			       STORE_BODY_MAX);
	return true;
}

static bool index_name_valid(const char *name, struct err *err)
{
	size_t len = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;

	if (!len || name[len] || len > INDEX_NAME_MAX)
		return err_set(err, ERR_INVALID, "index name \"%.40s\": a-z, 0-9 and _, 1 to %d",
			       name ? name : "", INDEX_NAME_MAX);
	return true;
}

static bool put_valid(const struct store_put *put, struct err *err)
{
	if (!doc_kind_valid(put->kind, err) || !text_fits("id", put->id, err))
		return false;
	if (!put->body)
		return err_set(err, ERR_INVALID, "%s: a document needs a body", put->kind);
	if (!body_valid(put->kind, put->body, err))
		return false;
	if (put->blob && put->blob_len > STORE_BODY_MAX)
		return err_set(err, ERR_FULL, "%s: the blob is over %d bytes", put->kind,
			       STORE_BODY_MAX);
	if (put->indexes_len > STORE_INDEXES_MAX)
		return err_set(err, ERR_INVALID, "%s: more than %d index columns", put->kind,
			       STORE_INDEXES_MAX);
	for (size_t i = 0; i < put->indexes_len; i++) {
		if (!index_name_valid(put->indexes[i].name, err))
			return false;
		for (size_t j = 0; j < i; j++) {
			if (str_eq(put->indexes[i].name, put->indexes[j].name))
				return err_set(err, ERR_INVALID, "%s: index %s is given twice",
					       put->kind, put->indexes[i].name);
		}
	}
	return true;
}

static bool change_valid(const struct store_job_change *change, struct err *err)
{
	if (!store_name_valid("job kind", change->kind, err) ||
	    !text_fits("job subject", change->subject, err) ||
	    !optional_fits("job zone", change->zone, err) ||
	    !optional_fits("job lane", change->lane, err))
		return false;
	return !change->body || body_valid(change->kind, change->body, err);
}

static bool count_fits(const char *what, size_t len, struct err *err)
{
	if (len > STORE_ITEMS_MAX)
		return err_set(err, ERR_FULL, "more than %d %s in one call", STORE_ITEMS_MAX, what);
	return true;
}

size_t store_commit_bytes(const struct store_commit *commit)
{
	size_t bytes = 0;

	for (size_t i = 0; i < commit->puts_len; i++)
		bytes += strlen(commit->puts[i].body) +
			 (commit->puts[i].blob ? commit->puts[i].blob_len : 0);
	return bytes;
}

static bool commit_counts_fit(const struct store_commit *commit, struct err *err)
{
	return count_fits("expectations", commit->expects_len, err) &&
	       count_fits("documents", commit->puts_len, err) &&
	       count_fits("deletions", commit->dels_len, err) &&
	       count_fits("job changes", commit->jobs_len, err);
}

static bool fence_valid(const struct store_commit *commit, struct err *err)
{
	if (commit->fence == FENCE_NONE)
		return true;
	if (!store_name_valid("job kind", commit->job_kind, err) ||
	    !text_fits("job subject", commit->job_subject, err))
		return false;
	return !commit->job_body || body_valid(commit->job_kind, commit->job_body, err);
}

bool store_commit_valid(const struct store_commit *commit, struct err *err)
{
	if (!commit_counts_fit(commit, err) || !fence_valid(commit, err))
		return false;
	for (size_t i = 0; i < commit->expects_len; i++) {
		if (!store_name_valid("kind", commit->expects[i].kind, err) ||
		    !text_fits("id", commit->expects[i].id, err))
			return false;
	}
	for (size_t i = 0; i < commit->puts_len; i++) {
		if (!put_valid(&commit->puts[i], err))
			return false;
	}
	for (size_t i = 0; i < commit->dels_len; i++) {
		if (!doc_kind_valid(commit->dels[i].kind, err) ||
		    !text_fits("id", commit->dels[i].id, err))
			return false;
	}
	for (size_t i = 0; i < commit->jobs_len; i++) {
		if (!change_valid(&commit->jobs[i], err))
			return false;
	}
	if (store_commit_bytes(commit) > STORE_COMMIT_MAX)
		return err_set(err, ERR_FULL, "a commit of over %d bytes", STORE_COMMIT_MAX);
	return true;
}

bool store_claim_valid(const struct store_claim *claim, struct err *err)
{
	if (!count_fits("queues", claim->queues_len, err))
		return false;
	for (size_t i = 0; i < claim->queues_len; i++) {
		const struct store_queue *queue = &claim->queues[i];

		if (!store_name_valid("job kind", queue->kind, err) ||
		    !optional_fits("lane", queue->lane, err) ||
		    !optional_fits("zone", queue->zone, err))
			return false;
		if (queue->lease_ms <= 0)
			return err_set(err, ERR_INVALID, "%s: a lease of no length", queue->kind);
	}
	return true;
}

bool store_keys_valid(const struct store_key *keys, size_t keys_len, struct err *err)
{
	if (!count_fits("documents", keys_len, err))
		return false;
	for (size_t i = 0; i < keys_len; i++) {
		if (!store_name_valid("kind", keys[i].kind, err) ||
		    !text_fits("id", keys[i].id, err))
			return false;
	}
	return true;
}

bool store_page_valid(const struct store_page *page, struct err *err)
{
	if (!store_name_valid("kind", page->kind, err) ||
	    !optional_fits("id prefix", page->id_prefix, err) ||
	    (page->index && !index_name_valid(page->index, err)))
		return false;
	if (page->index && page->id_prefix)
		return err_set(err, ERR_INVALID, "a page goes by an index or by id, not by both");
	if (page->limit < 1 || page->limit > STORE_PAGE_MAX)
		return err_set(err, ERR_INVALID, "a page has 1 to %d rows", STORE_PAGE_MAX);
	if (store_job_kind(page->kind) && page->index && !str_eq(page->index, "due"))
		return err_set(err, ERR_INVALID, "jobs are indexed by due alone, not by %s",
			       page->index);
	return true;
}

/* --- copies ------------------------------------------------------------------------------- */

static const char *copy_or(struct arena *arena, const char *text, const char *otherwise)
{
	return text ? arena_str(arena, text) : otherwise;
}

static const char *copy(struct arena *arena, const char *text)
{
	return copy_or(arena, text, NULL);
}

static void *copy_array(struct arena *arena, const void *from, size_t len, size_t size)
{
	if (!len)
		return NULL;
	void *to = arena_alloc(arena, len * size);
	memcpy(to, from, len * size);
	return to;
}

void store_claim_copy(struct arena *arena, struct store_claim *to, const struct store_claim *from)
{
	struct store_queue *queues = copy_array(arena, from->queues, from->queues_len,
						sizeof(*queues));

	*to = *from;
	to->queues = queues;
	for (size_t i = 0; i < from->queues_len; i++) {
		queues[i].kind = copy(arena, queues[i].kind);
		queues[i].lane = copy_or(arena, queues[i].lane, "");
		queues[i].zone = copy_or(arena, queues[i].zone, "default");
	}
}

const struct store_key *store_keys_copy(struct arena *arena, const struct store_key *keys,
					size_t keys_len)
{
	struct store_key *to = copy_array(arena, keys, keys_len, sizeof(*to));

	for (size_t i = 0; i < keys_len; i++) {
		to[i].kind = copy(arena, keys[i].kind);
		to[i].id = copy(arena, keys[i].id);
	}
	return to;
}

static const struct store_expect *expects_copy(struct arena *arena, const struct store_commit *from)
{
	struct store_expect *to = copy_array(arena, from->expects, from->expects_len, sizeof(*to));

	for (size_t i = 0; i < from->expects_len; i++) {
		to[i].kind = copy(arena, to[i].kind);
		to[i].id = copy(arena, to[i].id);
	}
	return to;
}

static const struct store_put *puts_copy(struct arena *arena, const struct store_commit *from)
{
	struct store_put *to = copy_array(arena, from->puts, from->puts_len, sizeof(*to));

	for (size_t i = 0; i < from->puts_len; i++) {
		to[i].kind = copy(arena, to[i].kind);
		to[i].id = copy(arena, to[i].id);
		to[i].body = copy(arena, to[i].body);
		for (size_t j = 0; j < to[i].indexes_len; j++)
			to[i].indexes[j].name = copy(arena, to[i].indexes[j].name);
		if (!to[i].blob)
			continue;
		/* One byte more, so that an empty blob is still told from none. */
		char *blob = arena_alloc(arena, to[i].blob_len + 1);
		memcpy(blob, to[i].blob, to[i].blob_len);
		to[i].blob = blob;
	}
	return to;
}

static const struct store_job_change *changes_copy(struct arena *arena,
						   const struct store_commit *from)
{
	struct store_job_change *to = copy_array(arena, from->jobs, from->jobs_len, sizeof(*to));

	for (size_t i = 0; i < from->jobs_len; i++) {
		to[i].kind = copy(arena, to[i].kind);
		to[i].subject = copy(arena, to[i].subject);
		to[i].zone = copy_or(arena, to[i].zone, "default");
		to[i].lane = copy_or(arena, to[i].lane, "");
		to[i].body = copy(arena, to[i].body);
	}
	return to;
}

void store_commit_copy(struct arena *arena, struct store_commit *to,
		       const struct store_commit *from)
{
	*to = *from;
	if (from->fence != FENCE_NONE) {
		to->job_kind = copy(arena, from->job_kind);
		to->job_subject = copy(arena, from->job_subject);
		to->job_body = copy(arena, from->job_body);
	}
	to->expects = expects_copy(arena, from);
	to->puts = puts_copy(arena, from);
	to->dels = store_keys_copy(arena, from->dels, from->dels_len);
	to->jobs = changes_copy(arena, from);
}

void store_page_copy(struct arena *arena, struct store_page *to, const struct store_page *from)
{
	*to = *from;
	to->kind = copy(arena, from->kind);
	to->index = copy(arena, from->index);
	to->id_prefix = copy(arena, from->id_prefix);
	to->cursor = copy(arena, from->cursor);
}

/* --- cursors ------------------------------------------------------------------------------ */

const char *store_cursor_write(struct arena *arena, bool by_index, int64_t value, const char *id)
{
	char place[32] = "i";
	size_t id_len = strlen(id);

	if (by_index)
		snprintf(place, sizeof(place), "v%" PRId64, value);
	size_t place_len = strlen(place);
	char *cursor = arena_alloc(arena, place_len + 1 + 2 * id_len + 1);
	memcpy(cursor, place, place_len);
	cursor[place_len] = '.';
	hex_encode((const uint8_t *)id, id_len, cursor + place_len + 1);
	return cursor;
}

bool store_cursor_read(struct arena *arena, const char *cursor, bool by_index, int64_t *value,
		       const char **id, struct err *err)
{
	const char *dot = strchr(cursor, '.');
	size_t hex_len = dot ? strlen(dot + 1) : 1;

	if (hex_len % 2 || hex_len > 2 * STORE_ID_MAX || *cursor != (by_index ? 'v' : 'i'))
		goto wrong;
	const char *number = arena_str_n(arena, cursor + 1, (size_t)(dot - cursor - 1));
	if (by_index ? !str_to_i64(number, INT64_MIN, INT64_MAX, value) : *number)
		goto wrong;
	uint8_t *bytes = arena_alloc(arena, hex_len / 2 + 1);
	if (!hex_decode(dot + 1, bytes, hex_len / 2) || memchr(bytes, 0, hex_len / 2))
		goto wrong;
	*id = (const char *)bytes;
	return true;
wrong:
	return err_set(err, ERR_INVALID, "this cursor belongs to no page of this order");
}

/* --- answers ------------------------------------------------------------------------------ */

void store_answer_finish(struct store_answer *answer)
{
	for (size_t i = 0; i < answer->jobs_len; i++)
		store_job_finish(&answer->jobs[i]);
	for (size_t i = 0; i < answer->docs_len; i++)
		store_doc_finish(&answer->docs[i]);
	mem_free(answer->jobs);
	mem_free(answer->docs);
	*answer = (struct store_answer){0};
}
