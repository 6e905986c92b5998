/*
 * What the files of the HTTP server share: httpd.c has the listeners and connections,
 * httpd_request.c the requests and answers, httpd_listen.c the sockets.
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

/* Called by evhttp for each complete request. */
void httpd_on_request(struct evhttp_request *ev, void *arg);
/* Forgets all requests; their owners are not told. */
void httpd_requests_drop(struct httpd *httpd);

/* A listening, non-blocking socket, or -1 with err. */
int httpd_socket_unix(const char *path, int mode, int gid, struct err *err);
int httpd_socket_tcp(const char *address, int *port, struct err *err);

#endif
