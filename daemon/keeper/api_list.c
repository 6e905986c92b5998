/*
 * Lists of any length in flat memory: a page of documents at a time becomes rows, the rows go out
 * in chunks, and the next chunk is made when the peer has taken the last. What a row is, and in
 * which order the pages come, is the business of the list's kind.
 *
 * A limit may end a list in the midst of a page. The cursor of that place is asked of the store:
 * the same page again, as short as what was taken of it, without its bodies.
 */
#include "daemon/keeper/api_inside.h"

#include "lib/base/log.h"
#include "lib/base/str.h"

#define CHUNK ((size_t)64 * 1024)
/* A long search that finds little says so, or the connection would end as an idle one. */
#define SILENT_MS (5 * MS_SECOND)

static void ask_page(struct lister *lister);

static struct lister *lister_of(struct api_call *call)
{
	return CONTAINER_OF(call, struct lister, call);
}

static void page_forget(struct lister *lister)
{
	for (size_t i = 0; i < lister->docs_len; i++) {
		store_doc_finish(&lister->docs[i]);
		json_decref(lister->rows[i]);
	}
	mem_free(lister->docs);
	mem_free(lister->rows);
	lister->docs = NULL;
	lister->rows = NULL;
	lister->docs_len = lister->at = 0;
}

void lister_drop(struct api_call *call)
{
	struct lister *lister = lister_of(call);

	page_forget(lister);
	mem_free(lister->from);
	mem_free(lister->next);
	buf_finish(&lister->out);
}

json_t *lister_parse(const struct store_doc *doc)
{
	return json_parse(doc->body, doc->body_len, STORE_BODY_MAX, NULL);
}

bool lister_may_match(const struct lister *lister, const struct store_doc *doc)
{
	if (!lister->word)
		return true;
	/* These are written otherwise in JSON. */
	for (const char *at = lister->word; *at; at++)
		if (*at == '"' || *at == '\\' || (unsigned char)*at < ' ')
			return true;
	return str_icontains(doc->body, lister->word);
}

/* "2.CURSOR": the stage, and the store's own, which may be empty. */
static bool cursor_read(struct lister *lister, const char *text)
{
	const char *dot = strchr(text, '.');
	struct store_page page = {0};

	if (!dot || dot != text + 1 || *text < '0' || *text > '9')
		return false;
	lister->stage = (size_t)(*text - '0');
	lister->from = dot[1] ? str_dup(dot + 1) : NULL;
	lister->resumed = true;
	return lister->kind->stage(lister, lister->stage, &page);
}

bool lister_params(struct lister *lister, const struct lister_kind *kind)
{
	struct httpd_request *request = lister->call.request;
	const char *word = httpd_query(request, "word"), *limit = httpd_query(request, "limit");
	const char *cursor = httpd_query(request, "cursor");

	lister->kind = kind;
	lister->word = word && *word ? arena_str(&lister->call.arena, word) : NULL;
	lister->limit = INT64_MAX;
	lister->total = -1;
	buf_init(&lister->out, HTTPD_PENDING_MAX);
	if (limit && *limit && !str_to_i64(limit, 1, INT64_MAX, &lister->limit)) {
		api_problem(&lister->call, 400, "limit must be a number of 1 or more, not %s",
			    limit);
		return false;
	}
	if (cursor && *cursor && !cursor_read(lister, cursor)) {
		api_problem(&lister->call, 400, "This cursor is none of this list: " API_SHOWN,
			    cursor);
		return false;
	}
	return true;
}

static void member(struct buf *out, const char *key, json_t *value_take)
{
	char *text = json_write(value_take);

	buf_printf(out, "\"%s\":%s", key, text);
	mem_free(text);
	json_decref(value_take);
}

static void start(struct lister *lister)
{
	char at[CLOCK_TEXT_MAX];

	lister->started = lister->first = true;
	lister->sent_mono = clock_mono_ms();
	httpd_set_header(lister->call.request, "Cache-Control", "no-store");
	httpd_chunk_start(lister->call.request, 200, "application/json");
	buf_add_char(&lister->out, '{');
	member(&lister->out, "schema", json_text(lister->kind->schema));
	buf_add_char(&lister->out, ',');
	member(&lister->out, "at", json_text(clock_rfc3339_ms(lister->call.now, at)));
	buf_add_char(&lister->out, ',');
	member(&lister->out, "filter", json_text(lister->word ? lister->word : ""));
	buf_add_str(&lister->out, ",\"rows\":[\n");
}

/* A list that the store broke off ends without its end, so that nobody takes it for a whole one. */
static void break_off(struct lister *lister)
{
	httpd_chunk_end(lister->call.request);
	api_end(&lister->call);
}

bool lister_failed(struct lister *lister, const struct store_answer *answer)
{
	if (!lister->started)
		return api_failed(&lister->call, answer);
	lister->call.store = NULL;
	if (answer->status == STORE_OK)
		return false;
	log_error("list broken off", "schema", lister->kind->schema, "why", answer->err.text, NULL);
	break_off(lister);
	return true;
}

static void finish(struct lister *lister, const char *cursor)
{
	struct httpd_request *request = lister->call.request;
	bool whole = !cursor && !lister->resumed;

	if (lister->total < 0 && whole)
		lister->total = lister->emitted;
	buf_add_str(&lister->out, "\n],");
	member(&lister->out, "total",
	       lister->total < 0 ? json_null() : json_integer(lister->total));
	buf_add_char(&lister->out, ',');
	member(&lister->out, "next", json_text(cursor));
	buf_add_str(&lister->out, "}\n");
	httpd_chunk(request, lister->out.data, lister->out.len);
	httpd_chunk_end(request);
	api_end(&lister->call);
}

static void finish_at(struct lister *lister, size_t stage, const char *cursor)
{
	char *text = str_printf("%zu.%s", stage, cursor ? cursor : "");

	finish(lister, text);
	mem_free(text);
}

static bool has_stage(const struct lister *lister, size_t stage)
{
	struct store_page page = {0};

	return lister->kind->stage(lister, stage, &page);
}

static void on_place(void *arg, struct store_answer *answer)
{
	struct lister *lister = arg;

	if (!lister_failed(lister, answer))
		finish_at(lister, lister->stage, answer->cursor);
}

/* The limit was reached behind row `at` of the page. */
static void stop(struct lister *lister)
{
	struct store_page page = {
		.cursor = lister->from, .limit = lister->at, .without_body = true};

	if (lister->at == lister->docs_len && lister->next) {
		finish_at(lister, lister->stage, lister->next);
	} else if (lister->at == lister->docs_len) {
		if (has_stage(lister, lister->stage + 1))
			finish_at(lister, lister->stage + 1, NULL);
		else
			finish(lister, NULL);
	} else {
		lister->kind->stage(lister, lister->stage, &page);
		lister->call.store = store_page(lister->call.keeper->store, &page, on_place,
						lister);
	}
}

static void emit_row(struct lister *lister, json_t *row)
{
	char *text = json_write(row);

	if (!lister->first)
		buf_add_str(&lister->out, ",\n");
	lister->first = false;
	buf_add_str(&lister->out, text);
	mem_free(text);
	lister->emitted++;
	lister->limit--;
}

static void on_drained(void *arg)
{
	struct lister *lister = arg;

	lister_emit(lister);
}

static void next_page(struct lister *lister)
{
	bool more = lister->next != NULL;

	page_forget(lister);
	mem_free(lister->from);
	lister->from = lister->next;
	lister->next = NULL;
	if (!more && !has_stage(lister, lister->stage + 1)) {
		finish(lister, NULL);
		return;
	}
	lister->stage += !more;
	ask_page(lister);
}

static void send_chunk(struct lister *lister)
{
	buf_add_char(&lister->out, '\n'); /* nothing to JSON, and never an empty chunk */
	lister->sent_mono = clock_mono_ms();
	httpd_on_drained(lister->call.request, on_drained, lister);
	httpd_chunk(lister->call.request, lister->out.data, lister->out.len);
	buf_reset(&lister->out);
}

void lister_emit(struct lister *lister)
{
	if (!lister->started)
		start(lister);
	while (lister->at < lister->docs_len && lister->limit > 0 && lister->out.len < CHUNK) {
		json_t *row = lister->rows[lister->at++];

		if (row)
			emit_row(lister, row);
	}
	if (lister->out.overflow) {
		break_off(lister);
	} else if (lister->limit == 0) {
		stop(lister);
	} else if (lister->out.len >= CHUNK || clock_mono_ms() - lister->sent_mono > SILENT_MS) {
		send_chunk(lister);
	} else {
		next_page(lister);
	}
}

static void on_page(void *arg, struct store_answer *answer)
{
	struct lister *lister = arg;

	if (answer->status == STORE_BAD && lister->resumed && !lister->started) {
		lister->call.store = NULL;
		api_problem(&lister->call, 400, "The list cannot be taken up at this cursor: %s",
			    answer->err.text);
		return;
	}
	if (lister_failed(lister, answer))
		return;
	lister->docs = answer->docs;
	lister->docs_len = answer->docs_len;
	answer->docs = NULL;
	answer->docs_len = 0;
	lister->rows = MEM_NEW_ARRAY(lister->docs_len, json_t *);
	lister->next = str_dup(answer->cursor);
	lister->kind->read(lister);
}

static void ask_page(struct lister *lister)
{
	struct store_page page = {.cursor = lister->from, .limit = lister->kind->page_rows};

	if (!lister->kind->stage(lister, lister->stage, &page))
		bug("a list without this stage");
	/* With a word, a page's rows may be few: then it is not made smaller. */
	if (!lister->word && lister->limit < (int64_t)page.limit)
		page.limit = (size_t)lister->limit;
	lister->call.store = store_page(lister->call.keeper->store, &page, on_page, lister);
}

static void on_count(void *arg, struct store_answer *answer)
{
	struct lister *lister = arg;

	if (api_failed(&lister->call, answer))
		return;
	lister->total = answer->count;
	ask_page(lister);
}

void lister_start(struct lister *lister)
{
	if (lister->word || !lister->counted)
		ask_page(lister);
	else
		lister->call.store = store_count(lister->call.keeper->store, lister->counted,
						 lister->counted_index, INT64_MIN, INT64_MAX,
						 on_count, lister);
}
