/*
 * The HTTP server: evhttp on a listening socket of ours, and a count of its connections.
 *
 * evhttp tells when it makes a connection (it asks for a bufferevent) but not when one ends, and
 * its descriptor is known only after that call. So each arrival is looked at in the next turn and
 * given a seat, a descriptor with the inode of its socket; when all seats are taken, those whose
 * inode has changed are free again. What finds no seat is shut down.
 */
#include "lib/loop/httpd_inside.h"

#include "lib/base/clock.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#define HEADERS_MAX 16384
/* After accept failed for want of descriptors: trying at once would only spin. */
#define ACCEPT_AGAIN_MS 100

struct seat {
	int fd; /* -1: free */
	ino_t ino;
	int64_t heard_mono_ms; /* arrival, or the last complete request */
};

struct arrival {
	struct arrival *next;
	struct bufferevent *bev; /* one reference is ours, so that it can be asked */
};

/* --- seats ------------------------------------------------------------------------------- */

static bool socket_ino(int fd, ino_t *out)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	*out = st.st_ino;
	return true;
}

static struct seat *seat_find(struct httpd *httpd, int fd)
{
	struct seat *end = httpd->seats + httpd->config.connections_max;
	ino_t ino;

	for (struct seat *seat = httpd->seats; seat < end; seat++) {
		/* A seat of this number must be old: the number was given again. */
		if (seat->fd == -1 || seat->fd == fd)
			return seat;
	}
	for (struct seat *seat = httpd->seats; seat < end; seat++) {
		if (!socket_ino(seat->fd, &ino) || ino != seat->ino)
			return seat;
	}
	return NULL;
}

void httpd_heard(struct httpd *httpd, int fd)
{
	for (int i = 0; i < httpd->config.connections_max; i++) {
		if (httpd->seats[i].fd == fd)
			httpd->seats[i].heard_mono_ms = clock_mono_ms();
	}
}

static bool is_busy(const struct httpd *httpd, const struct seat *seat)
{
	const struct httpd_request *request;

	DL_FOREACH(httpd->requests, request) {
		if (request->ev && httpd_request_fd(request) == seat->fd)
			return true;
	}
	return false;
}

/* All seats are taken: who has sat for the whole timeout without a request to show for it gives
 * way. A byte now and then keeps evhttp patient for ever. */
static struct seat *seat_vacate(struct httpd *httpd)
{
	struct seat *oldest = NULL;

	for (int i = 0; i < httpd->config.connections_max; i++) {
		struct seat *seat = &httpd->seats[i];

		if ((!oldest || seat->heard_mono_ms < oldest->heard_mono_ms) &&
		    !is_busy(httpd, seat))
			oldest = seat;
	}
	if (!oldest || clock_mono_ms() - oldest->heard_mono_ms < httpd->config.timeout_ms)
		return NULL;
	shutdown(oldest->fd, SHUT_RDWR);
	return oldest;
}

static void seat_take(struct httpd *httpd, struct bufferevent *bev)
{
	int fd = (int)bufferevent_getfd(bev);
	struct seat *seat;
	ino_t ino;

	if (fd < 0 || !socket_ino(fd, &ino))
		return;
	seat = seat_find(httpd, fd);
	if (!seat)
		seat = seat_vacate(httpd);
	if (seat)
		*seat = (struct seat){.fd = fd, .ino = ino, .heard_mono_ms = clock_mono_ms()};
	else
		shutdown(fd, SHUT_RDWR); /* evhttp then reads the end and frees it */
}

static void on_seating(void *arg)
{
	struct httpd *httpd = arg;
	struct arrival *arrival;

	httpd->seating = NULL;
	while ((arrival = httpd->arrivals)) {
		LL_DELETE(httpd->arrivals, arrival);
		seat_take(httpd, arrival->bev);
		bufferevent_decref(arrival->bev);
		mem_free(arrival);
	}
}

static struct bufferevent *on_arrival(struct event_base *base, void *arg)
{
	struct httpd *httpd = arg;
	struct arrival *arrival = MEM_NEW(struct arrival);

	arrival->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (!arrival->bev)
		bug("no bufferevent");
	bufferevent_incref(arrival->bev);
	LL_APPEND(httpd->arrivals, arrival);
	if (!httpd->seating)
		httpd->seating = loop_defer(httpd->loop, on_seating, httpd);
	return arrival->bev;
}

/* --- listening --------------------------------------------------------------------------- */

static void on_again(void *arg)
{
	struct httpd *httpd = arg;

	evconnlistener_enable(httpd->listener);
}

/* evhttp makes itself the argument of the listener's callbacks, so who it is must be looked up. */
static struct httpd *servers;

static void on_accept_error(struct evconnlistener *listener, void *arg UNUSED)
{
	struct httpd *httpd;

	DL_SEARCH_SCALAR(servers, httpd, listener, listener);
	evconnlistener_disable(listener);
	timer_set(&httpd->again, ACCEPT_AGAIN_MS);
}

static void limits_set(struct evhttp *http, const struct httpd_config *config)
{
	struct timeval tv = {.tv_sec = config->timeout_ms / MS_SECOND,
			     .tv_usec = config->timeout_ms % MS_SECOND * 1000};

	evhttp_set_max_headers_size(http, HEADERS_MAX);
	/* evhttp refuses in HTML. Up to twice the ceiling we do it ourselves, in JSON. */
	evhttp_set_max_body_size(http, (ev_ssize_t)(2 * config->body_max));
	evhttp_set_timeout_tv(http, &tv);
	/* So that who sends too much can read why, instead of a reset. */
	evhttp_set_flags(http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_default_content_type(http, NULL);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
						 EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
						 EVHTTP_REQ_PATCH | EVHTTP_REQ_OPTIONS);
}

static struct httpd *httpd_new(struct loop *loop, const struct httpd_config *config, int fd)
{
	struct httpd *httpd = MEM_NEW(struct httpd);

	if (config->connections_max <= 0 || config->timeout_ms <= 0)
		bug("an HTTP server without limits");
	httpd->loop = loop;
	httpd->config = *config;
	httpd->port = -1;
	httpd->seats = MEM_NEW_ARRAY((size_t)config->connections_max, struct seat);
	for (int i = 0; i < config->connections_max; i++)
		httpd->seats[i].fd = -1;
	timer_init(&httpd->again, loop, on_again, httpd);
	httpd->http = evhttp_new(loop_base(loop));
	httpd->listener = evconnlistener_new(loop_base(loop), NULL, NULL,
					     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!httpd->http || !httpd->listener || !evhttp_bind_listener(httpd->http, httpd->listener))
		bug("no HTTP server");
	limits_set(httpd->http, config);
	evhttp_set_bevcb(httpd->http, on_arrival, httpd);
	evhttp_set_gencb(httpd->http, httpd_on_request, httpd);
	evconnlistener_set_error_cb(httpd->listener, on_accept_error);
	DL_APPEND(servers, httpd);
	return httpd;
}

struct httpd *httpd_listen_unix(struct loop *loop, const struct httpd_config *config,
				const char *path, int mode, int gid, struct err *err)
{
	int fd = httpd_socket_unix(path, mode, gid, err);
	struct httpd *httpd;
	struct stat st;

	if (fd < 0)
		return NULL;
	httpd = httpd_new(loop, config, fd);
	httpd->path = str_dup(path);
	if (stat(path, &st) == 0) {
		httpd->path_dev = st.st_dev;
		httpd->path_ino = st.st_ino;
	}
	return httpd;
}

struct httpd *httpd_listen_tcp(struct loop *loop, const struct httpd_config *config,
			       const char *address, struct err *err)
{
	struct httpd *httpd;
	int port;
	int fd = httpd_socket_tcp(address, &port, err);

	if (fd < 0)
		return NULL;
	httpd = httpd_new(loop, config, fd);
	httpd->port = port;
	return httpd;
}

int httpd_port(const struct httpd *httpd)
{
	return httpd->port;
}

/* Only our own: a successor may have put his there. */
static void path_remove(const struct httpd *httpd)
{
	struct stat st;

	if (httpd->path && stat(httpd->path, &st) == 0 && st.st_dev == httpd->path_dev &&
	    st.st_ino == httpd->path_ino)
		unlink(httpd->path);
}

void httpd_free(struct httpd *httpd)
{
	struct arrival *arrival;

	if (!httpd)
		return;
	path_remove(httpd);
	DL_DELETE(servers, httpd);
	httpd_requests_drop(httpd);
	timer_clear(&httpd->again);
	deferred_cancel(httpd->seating);
	while ((arrival = httpd->arrivals)) {
		LL_DELETE(httpd->arrivals, arrival);
		bufferevent_decref(arrival->bev);
		mem_free(arrival);
	}
	evhttp_free(httpd->http);
	mem_free(httpd->seats);
	mem_free(httpd->path);
	mem_free(httpd);
}
