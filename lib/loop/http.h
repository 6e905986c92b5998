/*
 * HTTP requests by libcurl's multi on the loop. One http_client per process; each request is
 * an operation with one completion. Redirects are never followed; only http and https; the
 * answer's body is cut at a ceiling. CURLOPT_QUICK_EXIT is set on every handle. Timeouts are of
 * real time: a request under way holds virtual time (loop_hold).
 */
#ifndef LIB_LOOP_HTTP_H
#define LIB_LOOP_HTTP_H

#include "lib/loop/loop.h"

struct http_client;
struct http_client *http_client_new(struct loop *loop);
void http_client_free(struct http_client *client); /* no request may be in flight */

struct http_header {
	const char *name;
	const char *value;
};
struct http_request {
	const char *method; /* "POST" */
	const char *url;    /* may hold user info and secrets: never logged by this folder */
	const struct http_header *headers;
	size_t headers_len;
	const void *body;
	size_t body_len;
	int64_t timeout_ms;
	const char *ca_file; /* NULL: the system's */
	size_t answer_max;   /* ceiling in bytes for the answer body kept; rest is dropped */
};
enum http_failure {
	HTTP_OK,      /* an answer came: look at status */
	HTTP_BAD_URL, /* permanent */
	HTTP_NO_NAME,
	HTTP_NO_CONNECT,
	HTTP_TLS,
	HTTP_TIMEOUT,
	HTTP_BROKEN,
};
const char *http_failure_text(enum http_failure failure);
struct http_answer {
	enum http_failure failure;
	char detail[256];	/* curl's words, URL secrets removed */
	int status;		/* 0 without an answer */
	int64_t retry_after_ms; /* Retry-After, seconds or date; -1: absent; at most 24 h */
	const char *body;	/* borrowed; NUL-terminated */
	size_t body_len;
	bool cut; /* there was more than answer_max */
};
struct http_exchange;
typedef void http_done_fn(void *arg, const struct http_answer *answer);
/* Copies its inputs. done comes from the loop, exactly once, unless cancelled. */
struct http_exchange *http_start(struct http_client *client, const struct http_request *request,
				 http_done_fn *done, void *arg);
void http_cancel(struct http_exchange *exchange); /* accepts NULL */

/* Reads scheme, host and whether user info is there; for configuration checks. False with err. */
bool http_url_check(const char *url, struct err *err) MUST_CHECK;
/* url with password and query values replaced by ***. */
void http_url_shown(const char *url, char *out, size_t out_len);

#endif
