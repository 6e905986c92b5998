/*
 * The life of one request of the API: begun, dropped when the peer goes away, ended by one answer.
 * And the answers that all handlers give alike: JSON, problems (RFC 9457), a store that is away.
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/jobs.h"

#include "lib/base/log.h"
#include "lib/base/str.h"

#include <stdarg.h>
#include <utlist.h>

#define DETAIL_MAX 2048
#define BODY_MAX ((size_t)1024 * 1024)

static void call_free(struct api_call *call)
{
	DL_DELETE(call->api->calls, call);
	store_cancel(call->store);
	if (call->drop)
		call->drop(call);
	arena_finish(&call->arena);
	mem_free(call);
}

static void on_gone(void *arg)
{
	call_free(arg);
}

struct api_call *api_begin(struct api *api, struct httpd_request *request, enum api_access access,
			   size_t size, void (*drop)(struct api_call *call))
{
	struct arena arena = {0};
	const char *actor = NULL;
	struct api_call *call;

	if (!api_admit(api, request, access, &arena, &actor)) {
		arena_finish(&arena);
		return NULL;
	}
	call = mem_new(size);
	call->api = api;
	call->keeper = api->keeper;
	call->request = request;
	call->arena = arena;
	call->actor = actor;
	call->now = clock_wall_ms();
	call->drop = drop;
	DL_APPEND(api->calls, call);
	httpd_on_gone(request, on_gone, call);
	if (actor)
		log_info("change asked for", "by", actor, "what", httpd_path(request), NULL);
	return call;
}

void api_end(struct api_call *call)
{
	call_free(call);
}

void api_drop_all(struct api *api)
{
	while (api->calls)
		call_free(api->calls);
}

void api_answer(struct api_call *call, int status, const char *type, const void *data, size_t len)
{
	httpd_set_header(call->request, "Cache-Control", "no-store");
	httpd_answer(call->request, status, type, data, len);
	api_end(call);
}

void api_answer_json(struct api_call *call, json_t *json_take)
{
	char *text = json_write(json_take);

	json_decref(json_take);
	api_answer(call, 200, "application/json", text, strlen(text));
	mem_free(text);
}

void api_problem(struct api_call *call, int status, const char *fmt, ...)
{
	struct buf detail;
	va_list args;

	buf_init(&detail, DETAIL_MAX);
	va_start(args, fmt);
	buf_vprintf(&detail, fmt, args);
	va_end(args);
	httpd_problem(call->request, status, "%s", buf_text(&detail));
	buf_finish(&detail);
	api_end(call);
}

static const char *title_of(int status)
{
	switch (status) {
	case 409:
		return "Conflict";
	case 422:
		return "Unprocessable Content";
	default:
		return "Error";
	}
}

void api_problem_with(struct api_call *call, int status, const char *key, json_t *value_take,
		      const char *fmt, ...)
{
	json_t *problem = json_object();
	struct buf detail;
	va_list args;
	char *text;

	buf_init(&detail, DETAIL_MAX);
	va_start(args, fmt);
	buf_vprintf(&detail, fmt, args);
	va_end(args);
	json_put_str(problem, "type", "about:blank");
	json_put_str(problem, "title", title_of(status));
	json_put_int(problem, "status", status);
	json_put_str(problem, "detail", buf_text(&detail));
	json_put(problem, key, value_take);
	text = json_write(problem);
	json_decref(problem);
	buf_finish(&detail);
	api_answer(call, status, "application/problem+json", text, strlen(text));
	mem_free(text);
}

bool api_failed(struct api_call *call, const struct store_answer *answer)
{
	call->store = NULL;
	switch (answer->status) {
	case STORE_OK:
		return false;
	case STORE_AWAY:
		api_problem(call, 503, "The store does not answer: %s", answer->err.text);
		return true;
	case STORE_FULL:
		claims_store_full(call->keeper->claims, answer->err.text);
		api_problem(call, 503, "The store takes nothing: %s", answer->err.text);
		return true;
	case STORE_LOST:
	case STORE_CONFLICT:
	case STORE_BAD:
		break;
	}
	log_error("request not answered", "path", httpd_path(call->request), "why",
		  answer->err.text, NULL);
	api_problem(call, 500, "The store: %s", answer->err.text);
	return true;
}

static bool is_member(const char *const *members, const char *key)
{
	for (; *members; members++)
		if (strcmp(*members, key) == 0)
			return true;
	return false;
}

bool api_body(struct api_call *call, const char *const *members, json_t **out)
{
	size_t len;
	const char *text = httpd_body(call->request, &len);
	struct err err = {0};
	json_t *value, *body = len ? json_parse(text, len, BODY_MAX, &err) : json_object();
	const char *key;

	if (!body) {
		api_problem(call, 400, "The body is no JSON: %s", err.text);
		return false;
	}
	if (!json_is_object(body)) {
		json_decref(body);
		api_problem(call, 400, "The body is no JSON object.");
		return false;
	}
	json_object_foreach(body, key, value) {
		if (is_member(members, key))
			continue;
		api_problem(call, 400, "The body has a member that is not known here: " API_SHOWN,
			    key);
		json_decref(body);
		return false;
	}
	*out = body;
	return true;
}

/* A document that cannot be read is our fault or the store's, never the caller's. */
static bool damaged(struct api_call *call, const struct store_doc *doc, const struct err *err)
{
	log_error("document damaged", "kind", doc->kind, "id", doc->id, "why", err->text, NULL);
	api_problem(call, 500, "The store has a damaged document, %s %s: %s", doc->kind, doc->id,
		    err->text);
	return false;
}

bool api_record(struct api_call *call, const struct store_doc *doc, struct record *out)
{
	struct err err = {0};
	json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, &err);
	bool ok = json && record_from_json(out, json, &err);

	json_decref(json);
	return ok || damaged(call, doc, &err);
}

bool api_alert(struct api_call *call, const struct store_doc *doc, struct alert *out)
{
	struct err err = {0};
	json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, &err);
	bool ok = json && alert_from_json(out, json, &err);

	json_decref(json);
	return ok || damaged(call, doc, &err);
}

json_t *api_object(const struct api_call *call, const char *schema)
{
	json_t *json = json_object();

	json_put_str(json, "schema", schema);
	json_put(json, "at", api_exact(call->now));
	return json;
}

json_t *api_exact(int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	return wall_ms == TIME_UNKNOWN ? NULL : json_text(clock_rfc3339_ms(wall_ms, text));
}

json_t *api_lines(const char *text)
{
	json_t *lines = json_array();

	while (text && *text) {
		size_t len = strcspn(text, "\n");
		char *line = str_dup_n(text, len);

		if (len)
			json_array_append_new(lines, json_text(line));
		mem_free(line);
		text += len + (text[len] == '\n');
	}
	return lines;
}
