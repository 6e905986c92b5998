/*
 * Requests. evhttp hands over a complete request from deep inside its own callbacks; it is matched
 * there and handled in the next turn, so that a handler may do anything, even free the server. When
 * the connection ends first, evhttp's close callback takes its request away
 * from ours; ours stays until it is answered (into nothing) or its owner was told.
 */
#include "lib/loop/httpd_inside.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sys/socket.h>
#include <utlist.h>

#define QUERY_PAIRS_MAX 64

static const struct {
	const char *name;
	enum evhttp_cmd_type type;
} methods[] = {
	{"DELETE", EVHTTP_REQ_DELETE},	 {"GET", EVHTTP_REQ_GET},     {"HEAD", EVHTTP_REQ_HEAD},
	{"OPTIONS", EVHTTP_REQ_OPTIONS}, {"PATCH", EVHTTP_REQ_PATCH}, {"POST", EVHTTP_REQ_POST},
	{"PUT", EVHTTP_REQ_PUT},
};

/* --- life -------------------------------------------------------------------------------- */

static void on_close(struct evhttp_connection *connection, void *arg);

struct evhttp_request *httpd_request_take(struct httpd_request *request)
{
	struct evhttp_request *ev = request->ev;

	watch_free(request->peer);
	request->peer = NULL;
	request->ev = NULL;
	if (ev)
		evhttp_connection_set_closecb(request->connection, NULL, NULL);
	return ev;
}

void httpd_request_free(struct httpd_request *request)
{
	httpd_request_take(request);
	deferred_cancel(request->turn);
	deferred_cancel(request->drain_turn);
	DL_DELETE(request->httpd->requests, request);
	arena_finish(&request->arena);
	mem_free(request);
}

void httpd_requests_drop(struct httpd *httpd)
{
	while (httpd->requests)
		httpd_request_free(httpd->requests);
}

static void on_gone_turn(void *arg)
{
	struct httpd_request *request = arg;
	void (*gone)(void *) = request->gone;
	void *gone_arg = request->gone_arg;

	request->turn = NULL;
	httpd_request_free(request);
	gone(gone_arg);
}

/* evhttp is freeing the connection, and its request with it. */
static void on_close(struct evhttp_connection *connection UNUSED, void *arg)
{
	struct httpd_request *request = arg;
	struct evhttp_request *ev = httpd_request_take(request);

	/* After a timeout of writing evhttp has let go of the request and leaves it to whoever
	 * answers. */
	if (!evhttp_request_get_connection(ev))
		evhttp_request_free(ev);
	deferred_cancel(request->drain_turn);
	request->drain_turn = NULL;
	/* The handler waits for its turn and never saw it. */
	if (request->turn) {
		httpd_request_free(request);
		return;
	}
	if (request->gone)
		request->turn = loop_defer(request->httpd->loop, on_gone_turn, request);
}

int httpd_request_fd(const struct httpd_request *request)
{
	return (int)bufferevent_getfd(evhttp_connection_get_bufferevent(request->connection));
}

/* --- matching ---------------------------------------------------------------------------- */

static bool path_matches(const struct httpd_route *route, struct httpd_request *request)
{
	size_t len = strlen(route->path);

	if (len == 0 || route->path[len - 1] != '*')
		return strcmp(route->path, request->path) == 0;
	if (strncmp(route->path, request->path, len - 1) != 0)
		return false;
	request->rest = request->path + len - 1;
	return true;
}

static void allow_add(struct buf *allow, const char *method)
{
	if (allow->len > 0)
		buf_add_str(allow, ", ");
	buf_add_str(allow, method);
	if (strcmp(method, "GET") == 0)
		buf_add_str(allow, ", HEAD");
}

static void route_find(struct httpd_request *request)
{
	const char *method = request->head ? "GET" : httpd_method(request);
	struct buf allow;

	buf_init(&allow, 256);
	for (const struct httpd_route *route = request->httpd->config.routes; route->method;
	     route++) {
		if (!path_matches(route, request))
			continue;
		if (strcmp(route->method, method) == 0) {
			request->route = route;
			break;
		}
		allow_add(&allow, route->method);
	}
	if (!request->route)
		request->refused = allow.len > 0 ? 405 : 404;
	if (request->refused == 405)
		httpd_set_header(request, "Allow", buf_text(&allow));
	buf_finish(&allow);
}

/* Decoded into the arena; NULL when it holds a NUL byte. */
static const char *decoded(struct httpd_request *request, const char *text, bool plus)
{
	size_t len = 0;
	char *plain = evhttp_uridecode(text, plus, &len);
	const char *kept = NULL;

	if (plain && strlen(plain) == len)
		kept = arena_str_n(&request->arena, plain, len);
	free(plain);
	return kept;
}

static bool pair_add(struct httpd_request *request, char *key)
{
	struct httpd_pair *pair = &request->query[request->query_len];
	char *value = strchr(key, '=');

	if (request->query_len == QUERY_PAIRS_MAX)
		return false;
	if (value)
		*value++ = '\0';
	pair->key = decoded(request, key, true);
	pair->value = value ? decoded(request, value, true) : "";
	request->query_len++;
	return pair->key && pair->value;
}

static bool query_read(struct httpd_request *request, const char *text)
{
	char *copy, *next;
	bool good = true;

	if (!text || !*text)
		return true;
	request->query = arena_alloc(&request->arena, QUERY_PAIRS_MAX * sizeof(struct httpd_pair));
	next = copy = str_dup(text);
	while (next && good) {
		char *key = strsep(&next, "&");

		if (*key)
			good = pair_add(request, key);
	}
	mem_free(copy);
	return good;
}

static int request_read(struct httpd_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request->ev);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	struct evbuffer *body = evhttp_request_get_input_buffer(request->ev);

	request->path = decoded(request, path && *path ? path : "/", false);
	if (!request->path || !query_read(request, uri ? evhttp_uri_get_query(uri) : NULL))
		return 400;
	request->body_len = evbuffer_get_length(body);
	if (request->body_len > request->httpd->config.body_max)
		return 413;
	evbuffer_add(body, "", 1);
	request->body = (const char *)evbuffer_pullup(body, -1);
	return 0;
}

static void refuse(struct httpd_request *request)
{
	switch (request->refused) {
	case 404:
		httpd_problem(request, 404, "There is nothing at this path.");
		break;
	case 405:
		httpd_problem(request, 405, "This path does not take %s.", httpd_method(request));
		break;
	case 413:
		httpd_problem(request, 413, "The body is over %zu bytes.",
			      request->httpd->config.body_max);
		break;
	default:
		httpd_problem(request, request->refused, "The path or query cannot be read.");
		break;
	}
}

static void on_handle_turn(void *arg)
{
	struct httpd_request *request = arg;

	request->turn = NULL;
	if (request->refused)
		refuse(request);
	else
		request->route->handle(request->httpd->config.arg, request);
}

void httpd_on_request(struct evhttp_request *ev, void *arg)
{
	struct httpd *httpd = arg;
	struct httpd_request *request = MEM_NEW(struct httpd_request);

	request->httpd = httpd;
	request->ev = ev;
	request->connection = evhttp_request_get_connection(ev);
	request->rest = "";
	request->head = evhttp_request_get_command(ev) == EVHTTP_REQ_HEAD;
	DL_APPEND(httpd->requests, request);
	evhttp_connection_set_closecb(request->connection, on_close, request);
	httpd_heard(httpd, httpd_request_fd(request));
	request->refused = request_read(request);
	if (!request->refused)
		route_find(request);
	request->turn = loop_defer(httpd->loop, on_handle_turn, request);
}

/* --- what a handler asks ----------------------------------------------------------------- */

const char *httpd_method(const struct httpd_request *request)
{
	enum evhttp_cmd_type type = request->ev ? evhttp_request_get_command(request->ev)
						: EVHTTP_REQ_GET;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (methods[i].type == type)
			return methods[i].name;
	}
	return "?";
}

const char *httpd_path(const struct httpd_request *request)
{
	return request->path;
}

const char *httpd_path_rest(const struct httpd_request *request)
{
	return request->rest;
}

const char *httpd_query(const struct httpd_request *request, const char *key)
{
	for (size_t i = 0; i < request->query_len; i++) {
		if (strcmp(request->query[i].key, key) == 0)
			return request->query[i].value;
	}
	return NULL;
}

const char *httpd_header(const struct httpd_request *request, const char *name)
{
	if (!request->ev)
		return NULL;
	return evhttp_find_header(evhttp_request_get_input_headers(request->ev), name);
}

const char *httpd_body(const struct httpd_request *request, size_t *len)
{
	*len = request->ev ? request->body_len : 0;
	return request->ev ? request->body : "";
}

bool httpd_is_unix(const struct httpd_request *request)
{
	return request->httpd->path != NULL;
}

bool httpd_peer(const struct httpd_request *request, uint32_t *uid, uint32_t *gid, int32_t *pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (!request->ev || !httpd_is_unix(request) ||
	    getsockopt(httpd_request_fd(request), SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*uid = peer.uid;
	*gid = peer.gid;
	*pid = peer.pid;
	return true;
}

/* --- the peer goes away ------------------------------------------------------------------ */

void httpd_connection_end(struct httpd_request *request)
{
	/* on_close comes from inside. */
	evhttp_connection_free(request->connection);
}

/* evhttp does not read while a request is being handled, so it would not notice. */
static void on_peer(void *arg, int fd, int what UNUSED)
{
	struct httpd_request *request = arg;
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0)
		watch_set(request->peer, 0); /* its next request; that one waits */
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		httpd_connection_end(request);
}

void httpd_on_gone(struct httpd_request *request, void (*gone)(void *arg), void *arg)
{
	request->gone = gone;
	request->gone_arg = arg;
	if (!request->ev) {
		if (!request->turn)
			request->turn = loop_defer(request->httpd->loop, on_gone_turn, request);
		return;
	}
	if (!request->peer)
		request->peer = watch_new(request->httpd->loop, httpd_request_fd(request),
					  WATCH_READ, on_peer, request);
}
