/*
 * Reading for the SQLite backend: documents by key, pages of them by an index or by id, and
 * counts. A page is a range of a composite index that begins behind the cursor, so its cost is
 * its rows, wherever it lies among a million. Jobs are read as documents of "job/<kind>".
 */
#include "lib/base/sys.h"
#include "stores/sqlite.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include <inttypes.h>

/* What one answer may weigh; a page that would be heavier ends early, with a cursor. */
#define PAGE_BYTES_MAX (16 * 1024 * 1024)

/* --- rows --------------------------------------------------------------------------------- */

/* The handler's own JSON inside ours; what is not JSON is shown as text, or one bad body would
 * hide a whole page. */
static json_t *job_body_json(const char *body)
{
	struct err err;

	if (!body)
		return json_null();
	json_t *value = json_parse(body, strlen(body), STORE_BODY_MAX, &err);
	return value ? value : json_text(body);
}

/* Columns from `at`: zone, lane, due, attempt, lease_until, body. */
static char *job_as_body(sqlite3_stmt *q, int at)
{
	json_t *object = json_object();

	json_put_str(object, "zone", (const char *)sqlite3_column_text(q, at));
	json_put_str(object, "lane", (const char *)sqlite3_column_text(q, at + 1));
	json_put_int(object, "due", sqlite3_column_int64(q, at + 2));
	json_put_int(object, "attempt", sqlite3_column_int64(q, at + 3));
	if (sqlite3_column_type(q, at + 4) == SQLITE_NULL)
		json_put_null(object, "lease_until");
	else
		json_put_int(object, "lease_until", sqlite3_column_int64(q, at + 4));
	json_put(object, "body", job_body_json((const char *)sqlite3_column_text(q, at + 5)));
	char *text = json_write(object);
	json_decref(object);
	return text;
}

/* Columns from `at`: body, blob. */
static bool doc_fill(struct store_doc *doc, sqlite3_stmt *q, int at, bool with_body)
{
	if (doc->rev <= 0)
		return false;
	if (!with_body)
		return true;
	if (sqlite3_column_type(q, at) != SQLITE_TEXT)
		return false;
	doc->body = sqlite_column_dup(q, at);
	doc->body_len = (size_t)sqlite3_column_bytes(q, at);
	if (strlen(doc->body) != doc->body_len)
		return false;
	size_t blob_len = (size_t)sqlite3_column_bytes(q, at + 1);
	if (blob_len) {
		doc->blob = mem_dup(sqlite3_column_blob(q, at + 1), blob_len);
		doc->blob_len = blob_len;
	}
	return true;
}

/* --- get ---------------------------------------------------------------------------------- */

static enum store_status get_one(struct sqlite_store *s, const struct store_key *key,
				 struct store_doc *doc, struct err *err)
{
	const char *job = store_job_kind(key->kind);
	sqlite3_stmt *q = sqlite_sql(s, job ? SQL_JOB_GET : SQL_DOC_GET);
	bool whole = true;

	doc->kind = str_dup(key->kind);
	doc->id = str_dup(key->id);
	sqlite_bind_text(q, 1, job ? job : key->kind);
	sqlite_bind_text(q, 2, key->id);
	int rc = sqlite_step(s, q);
	if (rc == SQLITE_ERROR)
		return sqlite_fault(s, err);
	if (rc == SQLITE_DONE)
		return STORE_OK;
	doc->rev = sqlite3_column_int64(q, 0);
	if (job) {
		doc->body = job_as_body(q, 1);
		doc->body_len = strlen(doc->body);
	} else {
		whole = doc_fill(doc, q, 1, true);
	}
	sqlite3_reset(q);
	return whole ? STORE_OK : sqlite_damaged(err, key->kind, key->id, "no text as its body");
}

enum store_status sqlite_get(struct sqlite_store *s, struct sqlite_call *call)
{
	const struct sqlite_get *get = &call->in.get;
	struct store_answer *answer = &call->answer;
	enum store_status status = STORE_OK;

	answer->docs = MEM_NEW_ARRAY(get->len, struct store_doc);
	while (status == STORE_OK && answer->docs_len < get->len) {
		size_t i = answer->docs_len++;

		status = get_one(s, &get->keys[i], &answer->docs[i], &answer->err);
	}
	return status;
}

/* --- page --------------------------------------------------------------------------------- */

/*
 * Where a page lies: from low to high in (value, id), or in id alone. A cursor replaces the end
 * it comes from and is itself left out. Bound alike in every form of the statement: ?1 kind,
 * ?2 index, ?3 low, ?4 high, ?5 cursor's value, ?6 cursor's id, ?7 rows, ?8 bodies too.
 */
struct range {
	bool jobs, by_index, descending, with_cursor;
	int64_t cursor_value;
	const char *cursor_id;
	const char *low_id, *high_id; /* high_id NULL: no end */
};

#define DOC_COLUMNS "doc.id, doc.rev, iif(?8, doc.body, NULL), iif(?8, doc.blob, NULL)"
#define JOB_COLUMNS "subject, rev, zone, lane, due, attempt, lease_until, iif(?8, body, NULL)"
#define VALUE_COLUMN 4 /* idx.value behind the document, or the job's due */

static const char *from_text(const struct range *range)
{
	if (range->jobs)
		return range->by_index ? JOB_COLUMNS " FROM job INDEXED BY job_due WHERE kind=?1"
				       : JOB_COLUMNS " FROM job WHERE kind=?1";
	return range->by_index ? DOC_COLUMNS ", idx.value FROM idx CROSS JOIN doc"
					     " ON doc.kind=idx.kind AND doc.id=idx.id"
					     " WHERE idx.kind=?1 AND idx.name=?2"
			       : DOC_COLUMNS " FROM doc WHERE kind=?1";
}

static sqlite3_stmt *page_statement(struct sqlite_store *s, const struct range *range)
{
	size_t form = (size_t)range->jobs | (size_t)range->by_index << 1 |
		      (size_t)range->descending << 2 | (size_t)range->with_cursor << 3;
	const char *value = range->jobs ? "due" : "idx.value";
	const char *id = range->jobs ? "subject" : range->by_index ? "idx.id" : "doc.id";
	const char *key = range->by_index ? value : id;
	const char *order = range->descending ? "DESC" : "ASC";
	const char *below = range->by_index ? "<=?4" : "<?4"; /* a prefix's end is behind it */
	char text[600], near[80], far[64];

	if (s->pages[form])
		return s->pages[form];
	/* One bound on each side only: with two on one side SQLite may choose the loose one and
	 * walk over all rows before the cursor. */
	if (!range->with_cursor)
		snprintf(near, sizeof(near), "%s%s", key, range->descending ? below : ">=?3");
	else if (range->by_index)
		snprintf(near, sizeof(near), "(%s, %s)%s(?5, ?6)", value, id,
			 range->descending ? "<" : ">");
	else
		snprintf(near, sizeof(near), "%s%s?6", id, range->descending ? "<" : ">");
	snprintf(far, sizeof(far), "%s%s", key, range->descending ? ">=?3" : below);
	snprintf(text, sizeof(text), "SELECT %s AND %s AND %s ORDER BY %s %s%s%s%s%s LIMIT ?7",
		 from_text(range), near, far, key, order, range->by_index ? ", " : "",
		 range->by_index ? id : "", range->by_index ? " " : "",
		 range->by_index ? order : "");
	if (sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &s->pages[form], NULL) !=
	    SQLITE_OK)
		s->rc = sqlite3_extended_errcode(s->db);
	return s->pages[form];
}

/* The first id behind all that begin with prefix, NULL: there is none. */
static const char *prefix_end(struct arena *arena, const char *prefix)
{
	size_t len = strlen(prefix);
	char *end = arena_str(arena, prefix);

	while (len && (unsigned char)end[len - 1] == 0xff)
		len--;
	if (!len)
		return NULL;
	end[len - 1] = (char)((unsigned char)end[len - 1] + 1);
	end[len] = '\0';
	return end;
}

/* A cursor outside the page's own bounds is no bound: the page begins at its end instead. */
static bool range_find(struct range *range, struct sqlite_call *call)
{
	const struct store_page *page = &call->in.page;
	const char *prefix = page->id_prefix ? page->id_prefix : "";

	*range = (struct range){
		.jobs = store_job_kind(page->kind) != NULL,
		.by_index = page->index != NULL,
		.descending = page->descending,
		.low_id = prefix,
		.high_id = prefix_end(&call->arena, prefix),
	};
	if (!page->cursor)
		return true;
	if (!store_cursor_read(&call->arena, page->cursor, range->by_index, &range->cursor_value,
			       &range->cursor_id, &call->answer.err))
		return false;
	if (range->by_index)
		range->with_cursor = page->descending ? range->cursor_value <= page->max
						      : range->cursor_value >= page->min;
	else if (page->descending)
		range->with_cursor = !range->high_id ||
				     strcmp(range->cursor_id, range->high_id) < 0;
	else
		range->with_cursor = strcmp(range->cursor_id, range->low_id) >= 0;
	return true;
}

static void page_bind(sqlite3_stmt *q, const struct range *range, const struct store_page *page)
{
	sqlite_bind_text(q, 1, range->jobs ? store_job_kind(page->kind) : page->kind);
	if (range->by_index) {
		sqlite_bind_text(q, 2, page->index);
		sqlite3_bind_int64(q, 3, page->min);
		sqlite3_bind_int64(q, 4, page->max);
	} else {
		sqlite_bind_text(q, 3, range->low_id);
		/* Any blob sorts behind any text. */
		if (range->high_id)
			sqlite_bind_text(q, 4, range->high_id);
		else
			sqlite3_bind_zeroblob(q, 4, 0);
	}
	sqlite3_bind_int64(q, 5, range->cursor_value);
	sqlite_bind_text(q, 6, range->cursor_id);
	sqlite3_bind_int64(q, 7, (int64_t)page->limit + 1); /* one more tells whether it ends */
	sqlite3_bind_int(q, 8, !page->without_body);
}

static bool page_row(sqlite3_stmt *q, const struct range *range, const struct store_page *page,
		     struct store_doc *doc)
{
	doc->kind = str_dup(page->kind);
	doc->id = sqlite_column_dup(q, 0);
	doc->rev = sqlite3_column_int64(q, 1);
	if (!range->jobs)
		return doc_fill(doc, q, 2, !page->without_body);
	if (!page->without_body) {
		doc->body = job_as_body(q, 2);
		doc->body_len = strlen(doc->body);
	}
	return true;
}

enum store_status sqlite_page(struct sqlite_store *s, struct sqlite_call *call)
{
	const struct store_page *page = &call->in.page;
	struct store_answer *answer = &call->answer;
	struct range range;
	size_t bytes = 0;
	int64_t value = 0;
	int rc;

	if (!range_find(&range, call))
		return STORE_BAD;
	sqlite3_stmt *q = page_statement(s, &range);
	if (q)
		page_bind(q, &range, page);
	answer->docs = MEM_NEW_ARRAY(page->limit, struct store_doc);
	while ((rc = sqlite_step(s, q)) == SQLITE_ROW) {
		size_t len = answer->docs_len;

		if (len == page->limit || bytes > PAGE_BYTES_MAX) {
			answer->cursor = store_cursor_write(&call->arena, range.by_index, value,
							    answer->docs[len - 1].id);
			break;
		}
		struct store_doc *doc = &answer->docs[answer->docs_len++];
		if (!page_row(q, &range, page, doc)) {
			enum store_status status = sqlite_damaged(&answer->err, page->kind, doc->id,
								  "no text as its body");
			sqlite3_reset(q);
			return status;
		}
		bytes += doc->body_len + doc->blob_len;
		if (range.by_index)
			value = sqlite3_column_int64(q, VALUE_COLUMN);
	}
	if (rc == SQLITE_ROW)
		sqlite3_reset(q);
	return rc == SQLITE_ERROR ? sqlite_fault(s, &answer->err) : STORE_OK;
}

/* --- count -------------------------------------------------------------------------------- */

enum store_status sqlite_tally(struct sqlite_store *s, struct sqlite_call *call)
{
	const struct sqlite_tally *in = &call->in.tally;
	const char *job = store_job_kind(in->kind);
	sqlite3_stmt *q = sqlite_sql(s, job ? (in->index ? SQL_JOB_COUNT_DUE : SQL_JOB_COUNT)
					    : (in->index ? SQL_IDX_COUNT : SQL_DOC_COUNT));
	int at = 1;

	sqlite_bind_text(q, at++, job ? job : in->kind);
	if (in->index) {
		if (!job)
			sqlite_bind_text(q, at++, in->index);
		sqlite3_bind_int64(q, at++, in->min);
		sqlite3_bind_int64(q, at, in->max);
	}
	if (sqlite_step(s, q) != SQLITE_ROW)
		return sqlite_fault(s, &call->answer.err);
	call->answer.count = sqlite3_column_int64(q, 0);
	sqlite3_reset(q);
	return STORE_OK;
}
