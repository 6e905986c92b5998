/*
 * Answers: whole ones, problems (RFC 9457) and streams. A request is ours until its answer is given
 * to evhttp, which then writes it and goes on with the connection. A stream's source is asked for
 * more when the system has taken what it gave.
 */
#include "lib/loop/httpd_inside.h"

#include "lib/base/json.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdarg.h>

#define DETAIL_MAX 1024

static const struct {
	int status;
	const char *title;
} titles[] = {
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Content"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
};

static const char *title_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		if (titles[i].status == status)
			return titles[i].title;
	}
	return "Error";
}

void httpd_set_header(struct httpd_request *request, const char *name, const char *value)
{
	struct evkeyvalq *headers;

	if (!request->ev)
		return;
	headers = evhttp_request_get_output_headers(request->ev);
	evhttp_remove_header(headers, name);
	/* evhttp refuses a value with a line break; the answer then goes without it. */
	evhttp_add_header(headers, name, value);
}

static void content_type_set(struct httpd_request *request, const char *content_type)
{
	if (content_type)
		httpd_set_header(request, "Content-Type", content_type);
}

void httpd_answer(struct httpd_request *request, int status, const char *content_type,
		  const void *body, size_t len)
{
	struct evhttp_request *ev;
	struct evbuffer *out = NULL;

	content_type_set(request, content_type);
	if (request->ev && request->head) {
		char length[24];

		snprintf(length, sizeof(length), "%zu", len);
		httpd_set_header(request, "Content-Length", length);
	} else if (request->ev && len > 0) {
		out = evbuffer_new();
		if (!out || evbuffer_add(out, body, len) < 0)
			bug("no buffer for an answer");
	}
	ev = httpd_request_take(request);
	if (ev)
		evhttp_send_reply(ev, status, NULL, out);
	if (out)
		evbuffer_free(out);
	httpd_request_free(request);
}

void httpd_problem(struct httpd_request *request, int status, const char *detail_fmt, ...)
{
	json_t *problem = json_object();
	struct buf detail;
	va_list args;
	char *text;

	buf_init(&detail, DETAIL_MAX);
	va_start(args, detail_fmt);
	buf_vprintf(&detail, detail_fmt, args);
	va_end(args);
	json_put_str(problem, "type", "about:blank");
	json_put_str(problem, "title", title_of(status));
	json_put_int(problem, "status", status);
	json_put_str(problem, "detail", buf_text(&detail));
	text = json_write(problem);
	json_decref(problem);
	buf_finish(&detail);
	httpd_answer(request, status, "application/problem+json", text, strlen(text));
	mem_free(text);
}

/* --- streams ----------------------------------------------------------------------------- */

static void on_drain_turn(void *arg)
{
	struct httpd_request *request = arg;

	request->drain_turn = NULL;
	if (request->drained)
		request->drained(request->drained_arg);
}

static void on_written(struct evhttp_connection *connection UNUSED, void *arg)
{
	struct httpd_request *request = arg;

	if (!request->drain_turn)
		request->drain_turn = loop_defer(request->httpd->loop, on_drain_turn, request);
}

void httpd_chunk_start(struct httpd_request *request, int status, const char *content_type)
{
	content_type_set(request, content_type);
	request->status = status;
	if (request->ev && !request->head)
		evhttp_send_reply_start(request->ev, status, NULL);
}

size_t httpd_chunk_pending(const struct httpd_request *request)
{
	struct bufferevent *bev;

	if (!request->ev)
		return 0;
	bev = evhttp_connection_get_bufferevent(request->connection);
	return evbuffer_get_length(bufferevent_get_output(bev));
}

void httpd_chunk(struct httpd_request *request, const void *data, size_t len)
{
	struct evbuffer *out;

	if (!request->ev || len == 0)
		return;
	if (request->head) {
		on_written(NULL, request);
		return;
	}
	if (httpd_chunk_pending(request) + len > HTTPD_PENDING_MAX) {
		httpd_connection_end(request);
		return;
	}
	out = evbuffer_new();
	if (!out || evbuffer_add(out, data, len) < 0)
		bug("no buffer for a chunk");
	evhttp_send_reply_chunk_with_cb(request->ev, out, on_written, request);
	evbuffer_free(out);
}

void httpd_chunk_end(struct httpd_request *request)
{
	bool head = request->head;
	int status = request->status;
	struct evhttp_request *ev = httpd_request_take(request);

	httpd_request_free(request);
	if (ev && head)
		evhttp_send_reply(ev, status, NULL, NULL);
	else if (ev)
		evhttp_send_reply_end(ev);
}

void httpd_on_drained(struct httpd_request *request, void (*drained)(void *arg), void *arg)
{
	request->drained = drained;
	request->drained_arg = arg;
}
