/*
 * What the files of the HTTP client share: http_client.c drives libcurl's multi, http.c has the
 * single requests.
 */
#ifndef LIB_LOOP_HTTP_INSIDE_H
#define LIB_LOOP_HTTP_INSIDE_H

#include "lib/loop/http.h"

#include <curl/curl.h>

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct event *timer;
	struct http_socket *sockets;
	size_t inflight;
};

/* libcurl is done with it. Called when libcurl has returned, never from inside its callbacks. */
void http_exchange_ended(struct http_exchange *exchange, CURLcode code);

#endif
