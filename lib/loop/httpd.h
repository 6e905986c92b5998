/*
 * The HTTP server for control socket and loopback listener: evhttp with limits, TCP_NODELAY,
 * and a table of routes matched exactly (a trailing * takes the rest). Requests are answered
 * later from any callback; a peer that goes away cancels silently.
 */
#ifndef LIB_LOOP_HTTPD_H
#define LIB_LOOP_HTTPD_H

#include "lib/loop/loop.h"
#include "lib/base/buf.h"

struct httpd;
struct httpd_request;

struct httpd_route {
	const char *method; /* GET serves HEAD too */
	const char *path;   /* "/api/v1/targets" or "/api/v1/targets/" "*" at its end */
	void (*handle)(void *arg, struct httpd_request *request);
};
struct httpd_config {
	const struct httpd_route *routes; /* ends with method NULL; first match; borrowed */
	void *arg;
	size_t body_max;     /* ceiling of request bodies */
	int64_t timeout_ms;  /* idle and read */
	int connections_max; /* further ones are closed at once; but see seat_vacate in httpd.c */
};
/* Unix socket: mode (0660) and, when not -1, group; stale socket files of dead daemons are
 * replaced, live ones are an error (ERR_CONFLICT). */
struct httpd *httpd_listen_unix(struct loop *loop, const struct httpd_config *config,
				const char *path, int mode, int gid, struct err *err);
/* "127.0.0.1:9843", "[::1]:0"; a taken port is ERR_CONFLICT. */
struct httpd *httpd_listen_tcp(struct loop *loop, const struct httpd_config *config,
			       const char *address, struct err *err);
int httpd_port(const struct httpd *httpd); /* the port in use; -1 for unix */
/* Closes listeners and open connections. Requests not answered yet are invalid then, silently. */
void httpd_free(struct httpd *httpd);

/* Of a request; borrowed until it is answered. */
const char *httpd_method(const struct httpd_request *request);
const char *httpd_path(const struct httpd_request *request);	  /* decoded, no query */
const char *httpd_path_rest(const struct httpd_request *request); /* what * took, "" */
const char *httpd_query(const struct httpd_request *request, const char *key); /* decoded or NULL */
const char *httpd_header(const struct httpd_request *request, const char *name);
const char *httpd_body(const struct httpd_request *request, size_t *len);
bool httpd_is_unix(const struct httpd_request *request);
/* SO_PEERCRED of a unix connection; false on TCP. */
bool httpd_peer(const struct httpd_request *request, uint32_t *uid, uint32_t *gid, int32_t *pid);
/* Called when the peer went away before the answer; the request is then invalid. Also a peer that
 * only closed its sending side counts as gone. Without it, the answer is written into nothing;
 * a stream needs it, for its source will not be asked for more. */
void httpd_on_gone(struct httpd_request *request, void (*gone)(void *arg), void *arg);

/* Exactly one of these ends a request (httpd_chunk_end for streams). */
void httpd_answer(struct httpd_request *request, int status, const char *content_type,
		  const void *body, size_t len);
/* RFC 9457: {"type":"about:blank","title":...,"status":...,"detail":...} */
void httpd_problem(struct httpd_request *request, int status, const char *detail_fmt, ...)
	PRINTF_LIKE(3, 4);
void httpd_set_header(struct httpd_request *request, const char *name, const char *value);
void httpd_chunk_start(struct httpd_request *request, int status, const char *content_type);
void httpd_chunk(struct httpd_request *request, const void *data, size_t len);
void httpd_chunk_end(struct httpd_request *request);
/* Flow: drained(arg) comes each time all chunks given so far were taken by the system; the source
 * then gives the next ones. Who gives more than HTTPD_PENDING_MAX ahead of a slow peer loses the
 * peer. */
#define HTTPD_PENDING_MAX ((size_t)8 * 1024 * 1024)
void httpd_on_drained(struct httpd_request *request, void (*drained)(void *arg), void *arg);
size_t httpd_chunk_pending(const struct httpd_request *request); /* bytes not yet taken */

/* The client's side over a unix socket or loopback, blocking, for expiryctl: see cli/client.c. */

#endif
