/*
 * What the files of the HTTP server share: httpd.c has the listeners and connections,
 * httpd_listen.c their sockets, httpd_request.c the requests, httpd_answer.c the answers.
 */
#ifndef LIB_LOOP_HTTPD_INSIDE_H
#define LIB_LOOP_HTTPD_INSIDE_H

#include "lib/base/mem.h"
#include "lib/loop/httpd.h"
#include "lib/loop/timer.h"
#include "lib/loop/watch.h"

#include <sys/types.h>

struct evconnlistener;
struct evhttp;
struct evhttp_connection;
struct evhttp_request;
struct seat;

struct httpd {
	struct httpd *prev, *next;
	struct loop *loop;
	struct httpd_config config;
	struct evhttp *http;
	struct evconnlistener *listener; /* freed with http */
	struct timer again;		 /* accepts again after a lack of descriptors */
	char *path;			 /* of the unix socket; NULL for TCP */
	dev_t path_dev;
	ino_t path_ino;
	int port;
	struct httpd_request *requests; /* not answered yet */
	struct seat *seats;		/* of open connections: connections_max of them */
	struct arrival *arrivals;	/* accepted in this turn, not seated yet */
	struct deferred *seating;
};

struct httpd_pair {
	const char *key;
	const char *value;
};

struct httpd_request {
	struct httpd_request *prev, *next;
	struct httpd *httpd;
	struct evhttp_request *ev; /* NULL: the connection is gone */
	struct evhttp_connection *connection;
	struct arena arena;
	const char *path;
	const char *rest;
	struct httpd_pair *query;
	size_t query_len;
	const struct httpd_route *route;
	int refused;	       /* a status, when no route takes it */
	struct deferred *turn; /* to the handler, then to gone or drained */
	struct watch *peer;
	void (*gone)(void *arg);
	void *gone_arg;
	void (*drained)(void *arg);
	void *drained_arg;
	struct deferred *drain_turn;
	int status; /* of a stream */
	bool head;
	const char *body; /* in evhttp's buffer, a NUL byte behind it */
	size_t body_len;
};

/* Called by evhttp for each complete request. */
void httpd_on_request(struct evhttp_request *ev, void *arg);
int httpd_request_fd(const struct httpd_request *request); /* only while it has its ev */
/* This connection has sent a whole request. */
void httpd_heard(struct httpd *httpd, int fd);
/* Forgets all requests; their owners are not told. */
void httpd_requests_drop(struct httpd *httpd);

/* From here on evhttp's request is evhttp's affair alone. NULL: its connection is gone. */
struct evhttp_request *httpd_request_take(struct httpd_request *request);
void httpd_request_free(struct httpd_request *request);
/* Closes the connection; the request learns it as if the peer had. */
void httpd_connection_end(struct httpd_request *request);

/* A listening, non-blocking socket, or -1 with err. */
int httpd_socket_unix(const char *path, int mode, int gid, struct err *err);
int httpd_socket_tcp(const char *address, int *port, struct err *err);

#endif
