/*
 * libcurl's multi on the loop: its descriptors as watches, its timer as one of libevent's, because
 * libcurl reads the real clock and nothing else. libcurl must not be touched from inside its own
 * callbacks, so those only arm what it asks for; results are collected when it has returned.
 */
#include "lib/loop/http_inside.h"

#include "lib/base/mem.h"
#include "lib/loop/watch.h"

#include <event2/event.h>
#include <utlist.h>

#define IDLE_CONNECTIONS_MAX 16L

/* A descriptor of libcurl's and what it waits for. */
struct http_socket {
	struct http_socket *prev, *next;
	struct http_client *client;
	struct watch *watch;
};

static void results_collect(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		void *exchange = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
		http_exchange_ended(exchange, message->data.result);
	}
}

static void on_socket_ready(void *arg, int fd, int what)
{
	struct http_socket *sock = arg;
	/* The socket may be freed by the call. */
	struct http_client *client = sock->client;
	int flags = (what & WATCH_READ ? CURL_CSELECT_IN : 0) |
		    (what & WATCH_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(client->multi, fd, flags, &running);
	results_collect(client);
}

static void on_curl_timer(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct http_client *client = arg;
	int running;

	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	results_collect(client);
}

static int on_timer_wanted(CURLM *multi UNUSED, long ms, void *arg)
{
	struct http_client *client = arg;
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (ms < 0)
		event_del(client->timer);
	else
		event_add(client->timer, &tv);
	return 0;
}

static void socket_free(struct http_socket *sock)
{
	watch_free(sock->watch);
	DL_DELETE(sock->client->sockets, sock);
	mem_free(sock);
}

static int on_socket_wanted(CURL *easy UNUSED, curl_socket_t fd, int what, void *arg, void *mine)
{
	struct http_client *client = arg;
	struct http_socket *sock = mine;
	int wanted = 0;

	if (what == CURL_POLL_REMOVE) {
		if (sock)
			socket_free(sock);
		curl_multi_assign(client->multi, fd, NULL);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		wanted |= WATCH_READ;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		wanted |= WATCH_WRITE;
	if (sock) {
		watch_set(sock->watch, wanted);
		return 0;
	}
	sock = MEM_NEW(struct http_socket);
	sock->client = client;
	sock->watch = watch_new(client->loop, fd, wanted, on_socket_ready, sock);
	DL_APPEND(client->sockets, sock);
	curl_multi_assign(client->multi, fd, sock);
	return 0;
}

struct http_client *http_client_new(struct loop *loop)
{
	struct http_client *client = MEM_NEW(struct http_client);

	/* For the life of the process. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		bug("libcurl cannot begin");
	client->loop = loop;
	client->multi = curl_multi_init();
	client->timer = event_new(loop_base(loop), -1, 0, on_curl_timer, client);
	if (!client->multi || !client->timer)
		bug("no memory for libcurl");
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX);
	return client;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	if (client->inflight > 0)
		bug("http_client_free with %zu requests in flight", client->inflight);
	curl_multi_cleanup(client->multi);
	while (client->sockets)
		socket_free(client->sockets);
	event_free(client->timer);
	mem_free(client);
}
