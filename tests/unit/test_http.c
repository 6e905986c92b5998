/*
 * HTTP requests: against the project's own server, and against bare sockets that stop half-way,
 * hang, reset and flood.
 */
#include "tests/unit/loop_help.h"
#include "tests/unit/loop_peer.h"

#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "lib/loop/http_url.h"
#include "lib/loop/httpd.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 15000

struct caller {
	struct http_exchange *exchange;
	int done;
	struct http_answer answer;
	char *body;
	void (*then)(struct caller *caller);
};

static struct loop *loop;
static struct http_client *client;
static struct httpd *httpd;
static struct httpd_request *kept;
static char *seen; /* what the server's handler was given */
static int handled;

/* --- the server ------------------------------------------------------------------------------ */

static void show(void *arg, struct httpd_request *request)
{
	static const char *const names[] = {"Content-Type", "X-A",    "X-Empty",
					    "User-Agent",   "Expect", "Authorization"};
	struct buf text;
	size_t len;
	const char *body = httpd_body(request, &len);

	(void)arg;
	handled++;
	buf_init(&text, 1000000);
	buf_printf(&text, "%s %s\n", httpd_method(request), httpd_path(request));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = httpd_header(request, names[i]);

		if (value)
			buf_printf(&text, "%s=[%s]\n", names[i], value);
	}
	buf_printf(&text, "%zu:%s", len, len < 100 ? body : "...");
	mem_free(seen);
	seen = str_dup(buf_text(&text));
	buf_finish(&text);
	httpd_answer(request, 200, "text/plain", "fine", 4);
}

static void status(void *arg, struct httpd_request *request)
{
	const char *after = httpd_query(request, "after");
	uint64_t code = 200;

	(void)arg;
	handled++;
	if (after)
		httpd_set_header(request, "Retry-After", after);
	httpd_set_header(request, "Location", "/show");
	if (!str_to_u64(httpd_path_rest(request), 100, 599, &code))
		code = 400;
	httpd_answer(request, (int)code, "text/plain", "body", 4);
}

static void keep(void *arg, struct httpd_request *request)
{
	(void)arg;
	handled++;
	kept = request;
}

static const struct httpd_route routes[] = {
	{"GET", "/show*", show},   {"POST", "/show", show},  {"PUT", "/show", show},
	{"DELETE", "/show", show}, {"PATCH", "/show", show}, {"GET", "/status/*", status},
	{"GET", "/keep", keep},	   {NULL, NULL, NULL},
};

static int set_up(void **state)
{
	struct httpd_config config = {.routes = routes,
				      .body_max = 300000,
				      .timeout_ms = PATIENCE_MS,
				      .connections_max = 700};
	struct err err;

	(void)state;
	help_log();
	loop = loop_new();
	client = http_client_new(loop);
	httpd = httpd_listen_tcp(loop, &config, "127.0.0.1:0", &err);
	assert_non_null(httpd);
	handled = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_client_free(client);
	httpd_free(httpd);
	loop_free(loop);
	mem_free(seen);
	seen = NULL;
	return 0;
}

/* --- asking ---------------------------------------------------------------------------------- */

static void on_answer(void *arg, const struct http_answer *answer)
{
	struct caller *caller = arg;

	caller->exchange = NULL;
	caller->done++;
	caller->answer = *answer;
	assert_int_equal(strlen(answer->body), answer->body_len);
	mem_free(caller->body);
	caller->body = str_dup(answer->body);
	caller->answer.body = caller->body;
	if (caller->then)
		caller->then(caller);
}

static void begin(struct caller *caller, const struct http_request *request)
{
	caller->exchange = http_start(client, request, on_answer, caller);
	assert_int_equal(caller->done, 0);
}

static const struct http_answer *ask(struct caller *caller, struct http_request *request)
{
	if (!request->method)
		request->method = "GET";
	if (!request->timeout_ms)
		request->timeout_ms = PATIENCE_MS;
	if (!request->answer_max)
		request->answer_max = 1000;
	caller->done = 0;
	begin(caller, request);
	UNTIL(loop, caller->done);
	assert_int_equal(caller->done, 1);
	return &caller->answer;
}

static const char *url_of(const char *path, char out[512])
{
	snprintf(out, 512, "http://127.0.0.1:%d%s", httpd_port(httpd), path);
	return out;
}

static const struct http_answer *ask_path(struct caller *caller, const char *path)
{
	char url[512];
	struct http_request request = {.url = url_of(path, url)};

	return ask(caller, &request);
}

static void methods_and_bodies_arrive(void **state)
{
	static const struct {
		const char *method, *body, *seen;
	} rows[] = {
		{"GET", NULL, "GET /show\nUser-Agent=[expiryd/" PACKAGE_VERSION "]\n0:"},
		{"POST", "hello", "POST /show\nUser-Agent=[expiryd/" PACKAGE_VERSION "]\n5:hello"},
		{"POST", NULL, "POST /show\nUser-Agent=[expiryd/" PACKAGE_VERSION "]\n0:"},
		{"PUT", "put", "PUT /show\nUser-Agent=[expiryd/" PACKAGE_VERSION "]\n3:put"},
		{"PATCH", "p", "PATCH /show\nUser-Agent=[expiryd/" PACKAGE_VERSION "]\n1:p"},
		{"DELETE", NULL, "DELETE /show\nUser-Agent=[expiryd/" PACKAGE_VERSION "]\n0:"},
	};
	struct caller caller = {.done = 0};
	char url[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http_request request = {
			.method = rows[i].method,
			.url = url_of("/show", url),
			.body = rows[i].body,
			.body_len = rows[i].body ? strlen(rows[i].body) : 0,
		};
		const struct http_answer *answer = ask(&caller, &request);

		assert_int_equal(answer->failure, HTTP_OK);
		assert_int_equal(answer->status, 200);
		assert_string_equal(answer->body, "fine");
		assert_string_equal(answer->detail, "");
		assert_int_equal(answer->retry_after_ms, -1);
		assert_false(answer->cut);
		assert_string_equal(seen, rows[i].seen);
	}
	mem_free(caller.body);
}

static void headers_arrive(void **state)
{
	static const struct http_header headers[] = {
		{"Content-Type", "application/json"},
		{"X-A", "one\r\nX-Evil: two"},
		{"X-Empty", ""},
		{"User-Agent", "other"},
	};
	struct caller caller = {.done = 0};
	char *body = mem_new(200000);
	char url[512];
	struct http_request request = {
		.method = "POST",
		.url = url_of("/show", url),
		.headers = headers,
		.headers_len = ARRAY_LEN(headers),
		.body = body,
		.body_len = 200000,
	};

	(void)state;
	snprintf(url, sizeof(url), "http://us%%20er:pass@127.0.0.1:%d/show", httpd_port(httpd));
	assert_int_equal(ask(&caller, &request)->status, 200);
	/* No Expect, and the large body came. */
	assert_string_equal(seen, "POST /show\nContent-Type=[application/json]\n"
				  "X-A=[one  X-Evil: two]\nX-Empty=[]\nUser-Agent=[other]\n"
				  "Authorization=[Basic dXMgZXI6cGFzcw==]\n200000:...");
	mem_free(body);
	mem_free(caller.body);
}

static void head_has_no_body(void **state)
{
	struct caller caller = {.done = 0};
	char url[512];
	struct http_request request = {.method = "HEAD", .url = url_of("/status/204", url)};

	(void)state;
	assert_int_equal(ask(&caller, &request)->status, 204);
	request.url = url_of("/status/200", url);
	assert_int_equal(ask(&caller, &request)->status, 200);
	assert_int_equal(caller.answer.body_len, 0);
	mem_free(caller.body);
}

static void statuses_are_not_failures(void **state)
{
	static const int codes[] = {200, 201, 204, 301, 302, 307, 400, 401, 404, 429, 500, 503};
	struct caller caller = {.done = 0};
	char path[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		snprintf(path, sizeof(path), "/status/%d", codes[i]);
		assert_int_equal(ask_path(&caller, path)->failure, HTTP_OK);
		assert_int_equal(caller.answer.status, codes[i]);
	}
	/* No redirect was followed. */
	assert_int_equal(handled, ARRAY_LEN(codes));
	mem_free(caller.body);
}

static void retry_after_is_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{"0", 0},
		{"17", 17000},
		{"99999999", MS_DAY},
		{"99999999999999999999999999", MS_DAY},
		{"-5", -1},
		{"soon", -1},
		{"Thu,%2001%20Jan%201970%2000:00:00%20GMT", 0},
		{"Fri,%2031%20Dec%209999%2023:59:59%20GMT", MS_DAY},
	};
	struct caller caller = {.done = 0};
	char path[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(path, sizeof(path), "/status/503?after=%s", rows[i].text);
		ask_path(&caller, path);
		if (caller.answer.retry_after_ms != rows[i].ms)
			fail_msg("%s: %lld", rows[i].text, (long long)caller.answer.retry_after_ms);
	}
	mem_free(caller.body);
}

static void long_answers_are_cut(void **state)
{
	struct caller caller = {.done = 0};
	char url[512];
	struct http_request request = {.url = url_of("/show", url), .answer_max = 3};

	(void)state;
	ask(&caller, &request);
	assert_int_equal(caller.answer.failure, HTTP_OK);
	assert_int_equal(caller.answer.status, 200);
	assert_string_equal(caller.answer.body, "fin");
	assert_true(caller.answer.cut);
	request.answer_max = 4;
	ask(&caller, &request);
	assert_string_equal(caller.answer.body, "fine");
	assert_false(caller.answer.cut);
	mem_free(caller.body);
}

/* --- bad peers ------------------------------------------------------------------------------- */

struct bad {
	const char *text; /* sent at once, %s not expanded */
	bool reset;	  /* instead of closing */
	bool hang;	  /* instead of closing */
	enum http_failure failure;
	int status;
	const char *detail;
};

static void bad_peer(const struct bad *bad)
{
	struct caller caller = {.done = 0};
	struct http_request request = {.method = "GET", .answer_max = 1000};
	struct peer peer;
	char url[512];
	int port, listener = peer_listen(&port);

	snprintf(url, sizeof(url), "http://user:geheim@127.0.0.1:%d/hook/T0P?token=S3CRET", port);
	request.url = url;
	request.timeout_ms = bad->hang ? 200 : PATIENCE_MS;
	begin(&caller, &request);
	UNTIL(loop, peer_accept(&peer, listener));
	if (!bad->hang)
		UNTIL(loop, peer_has(&peer, "\r\n\r\n"));
	if (bad->text)
		peer_send(&peer, bad->text);
	if (bad->reset)
		peer_reset(&peer);
	else if (!bad->hang)
		peer_close(&peer);
	UNTIL(loop, caller.done);
	if (bad->hang)
		peer_close(&peer);
	close(listener);
	if (caller.answer.failure != bad->failure || caller.answer.status != bad->status ||
	    !strstr(caller.answer.detail, bad->detail))
		fail_msg("\"%s\": %s, %d, \"%s\"", bad->text ? bad->text : "",
			 http_failure_text(caller.answer.failure), caller.answer.status,
			 caller.answer.detail);
	assert_null(strstr(caller.answer.detail, "geheim"));
	assert_null(strstr(caller.answer.detail, "T0P"));
	assert_null(strstr(caller.answer.detail, "S3CRET"));
	mem_free(caller.body);
}

static void bad_peers_are_told_apart(void **state)
{
	static const struct bad rows[] = {
		{NULL, false, false, HTTP_BROKEN, 0, "Empty reply"},
		{NULL, true, false, HTTP_BROKEN, 0, "reset"},
		{NULL, false, true, HTTP_TIMEOUT, 0, "timed out"},
		{"HTTP/1.1 20", false, false, HTTP_BROKEN, 0, ""},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false, false, HTTP_BROKEN, 0,
		 "bytes remaining"},
		{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false, true, HTTP_TIMEOUT, 0,
		 "timed out"},
		{"HTTP/1.1 200 OK\r\n", false, true, HTTP_TIMEOUT, 0, "timed out"},
		{"SSH-2.0-x\r\n", false, false, HTTP_BROKEN, 0, "HTTP/0.9"},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false, false,
		 HTTP_BROKEN, 0, ""},
		{"HTTP/1.1 200 OK\r\n\r\nuntil the end", false, false, HTTP_OK, 200, ""},
		{"HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n"
		 "HTTP/1.1 204 No Content\r\n\r\n",
		 false, false, HTTP_OK, 204, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		bad_peer(&rows[i]);
}

static void floods_are_stopped(void **state)
{
	static const char *const pieces[] = {
		"X-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
		"body body body body body body body body body body body body body body body\n"};
	struct caller caller = {.done = 0};
	struct http_request request = {
		.method = "GET", .timeout_ms = PATIENCE_MS, .answer_max = 1000};
	struct peer peer;
	char url[512];
	int port, listener = peer_listen(&port);

	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
	request.url = url;
	for (int i = 0; i < 2; i++) {
		caller.done = 0;
		begin(&caller, &request);
		UNTIL(loop, peer_accept(&peer, listener));
		UNTIL(loop, peer_has(&peer, "\r\n\r\n"));
		peer_send(&peer, i ? "HTTP/1.1 200 OK\r\n\r\n" : "HTTP/1.1 200 OK\r\n");
		while (!caller.done) {
			send(peer.fd, pieces[i], strlen(pieces[i]), MSG_NOSIGNAL | MSG_DONTWAIT);
			loop_turn(loop);
		}
		peer_close(&peer);
		if (i == 0) {
			assert_int_equal(caller.answer.failure, HTTP_BROKEN);
			assert_non_null(strstr(caller.answer.detail, "header"));
		} else {
			assert_int_equal(caller.answer.failure, HTTP_OK);
			assert_int_equal(caller.answer.body_len, 1000);
			assert_true(caller.answer.cut);
		}
	}
	close(listener);
	mem_free(caller.body);
}

static void connections_fail_in_their_ways(void **state)
{
	struct caller caller = {.done = 0};
	char url[512];
	struct http_request request = {.url = "http://127.0.0.1:1/"};
	struct peer peer;
	int port, listener = peer_listen(&port);

	(void)state;
	assert_int_equal(ask(&caller, &request)->failure, HTTP_NO_CONNECT);
	request.url = "http://no-such-name.invalid/";
	assert_int_equal(ask(&caller, &request)->failure, HTTP_NO_NAME);
	/* No TLS there. */
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", httpd_port(httpd));
	request.url = url;
	assert_int_equal(ask(&caller, &request)->failure, HTTP_TLS);
	/* A file that is no certificate. */
	request.ca_file = "/proc/self/cmdline";
	assert_int_equal(ask(&caller, &request)->failure, HTTP_TLS);
	request.ca_file = NULL;
	/* Nobody accepts: the handshake of TLS hangs. */
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	request.timeout_ms = 200;
	assert_int_equal(ask(&caller, &request)->failure, HTTP_TIMEOUT);
	assert_true(peer_accept(&peer, listener));
	peer_close(&peer);
	close(listener);
	mem_free(caller.body);
}

static void bad_urls_are_refused(void **state)
{
	static const char *const urls[] = {
		"",
		"127.0.0.1/",
		"/path",
		"ftp://127.0.0.1/",
		"file:///etc/hostname",
		"gopher://127.0.0.1/",
		"http://",
		"http:///path",
		"http://127.0.0.1:99999/",
		"http://127.0.0.1:port/",
		"http://a b/",
		"http://127.0.0.1/\r\nHost: x",
	};
	struct caller caller = {.done = 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct http_request request = {.url = urls[i]};
		struct err err = {.class = ERR_NONE};

		if (ask(&caller, &request)->failure != HTTP_BAD_URL)
			fail_msg("%s: %s", urls[i], caller.answer.detail);
		assert_true(caller.answer.detail[0] != '\0');
		assert_false(http_url_check(urls[i], &err));
		assert_int_equal(err.class, ERR_INVALID);
	}
	assert_true(http_url_check("https://user:pw@host.example:8443/x?y=z#f", NULL));
	mem_free(caller.body);
}

static void the_proxy_of_the_environment_is_not_ours(void **state)
{
	static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
	struct caller caller = {.done = 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		setenv(names[i], "http://127.0.0.1:1", 1);
	assert_int_equal(ask_path(&caller, "/show")->status, 200);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unsetenv(names[i]);
	mem_free(caller.body);
}

/* --- cancelling ------------------------------------------------------------------------------ */

static void cancel_is_silent(void **state)
{
	struct caller callers[4] = {{.done = 0}};
	struct http_request request = {
		.method = "GET", .timeout_ms = PATIENCE_MS, .answer_max = 1000};
	char url[512];

	(void)state;
	http_cancel(NULL);
	/* Before its first step; while the server thinks; when the answer is here and not yet told;
	 * while a name is looked up. */
	request.url = url_of("/keep", url);
	begin(&callers[0], &request);
	http_cancel(callers[0].exchange);
	begin(&callers[1], &request);
	UNTIL(loop, handled == 1);
	http_cancel(callers[1].exchange);
	httpd_answer(kept, 200, NULL, "late", 4);
	begin(&callers[2], &request);
	UNTIL(loop, handled == 2);
	httpd_answer(kept, 200, NULL, "now", 3);
	loop_turn(loop);
	http_cancel(callers[2].exchange);
	request.url = "http://name.invalid/";
	begin(&callers[3], &request);
	loop_turn(loop);
	http_cancel(callers[3].exchange);
	for (int i = 0; i < 20; i++)
		help_turn(loop);
	for (size_t i = 0; i < ARRAY_LEN(callers); i++)
		assert_int_equal(callers[i].done, 0);
}

/* --- a resolver that never answers -------------------------------------------------------------
 */

/* A network of its own, where nobody answers at port 53. False where the system forbids it. */
static bool silent_network(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct ifreq lo = {.ifr_flags = IFF_UP};
	FILE *conf;
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) < 0)
		return false;
	conf = fopen("resolv.tmp", "w");
	if (!conf || fputs("nameserver 127.0.0.1\n", conf) < 0 || fclose(conf) != 0)
		return false;
	snprintf(lo.ifr_name, sizeof(lo.ifr_name), "lo");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	/* The socket stays open: it takes the questions. */
	return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0 &&
	       bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("resolv.tmp", "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
}

static int64_t longest_turn(struct caller *caller)
{
	int64_t longest = 0, end = clock_mono_ms() + PATIENCE_MS;

	while (!caller->done && clock_mono_ms() < end) {
		int64_t before = clock_mono_ms();

		help_turn(loop);
		if (clock_mono_ms() - before > longest)
			longest = clock_mono_ms() - before;
	}
	return longest;
}

/* Exit status: 0 good, 77 cannot be tried here, else what went wrong. */
static int with_silent_names(void)
{
	struct caller first = {.done = 0}, second = {.done = 0};
	struct http_request request = {
		.method = "GET", .url = "http://name.test/", .timeout_ms = 300, .answer_max = 10};
	int64_t begun = clock_mono_ms();

	if (!silent_network())
		return 77;
	begin(&first, &request);
	begin(&second, &request);
	for (int i = 0; i < 5; i++)
		help_turn(loop);
	http_cancel(second.exchange);
	if (longest_turn(&first) > 250)
		return 2;
	if (first.answer.failure != HTTP_TIMEOUT)
		return 3;
	begin(&second, &request);
	for (int i = 0; i < 5; i++)
		help_turn(loop);
	http_cancel(second.exchange);
	http_client_free(client);
	return clock_mono_ms() - begun > 3000 ? 4 : 0;
}

static void a_silent_resolver_blocks_nothing(void **state)
{
	int code;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(with_silent_names());
	assert_int_equal(waitpid(pid, &code, 0), pid);
	unlink("resolv.tmp");
	assert_true(WIFEXITED(code));
	if (WEXITSTATUS(code) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(code), 0);
}

/* --- many at once ---------------------------------------------------------------------------- */

enum { CROWD = 500 };

static struct caller *crowd;
static int ended, cancelled;

static void crowd_then(struct caller *caller)
{
	int64_t dice = rand_between(0, 9);
	struct caller *other = &crowd[rand_between(0, CROWD - 1)];

	(void)caller;
	ended++;
	if (dice < 3 && other->exchange) {
		http_cancel(other->exchange);
		other->exchange = NULL;
		cancelled++;
	}
}

static void each_of_a_crowd_ends_once(void **state)
{
	static const char *const paths[] = {"/show", "/status/503", "/status/404", "/nothing"};
	int ok = 0, failed = 0;

	(void)state;
	rand_seed(11);
	crowd = MEM_NEW_ARRAY(CROWD, struct caller);
	ended = cancelled = 0;
	for (int i = 0; i < CROWD; i++) {
		char url[512];
		struct http_request request = {.method = "GET",
					       .timeout_ms = PATIENCE_MS,
					       .answer_max = 1000,
					       .url = url_of(paths[i % 4], url)};

		if (i % 10 == 9)
			request.url = "http://127.0.0.1:1/";
		if (i % 50 == 7)
			request.url = "nonsense";
		crowd[i].then = crowd_then;
		begin(&crowd[i], &request);
		if (i % 13 == 0) {
			http_cancel(crowd[i].exchange);
			crowd[i].exchange = NULL;
			cancelled++;
		}
	}
	UNTIL(loop, ended + cancelled == CROWD);
	help_idle(loop);
	for (int i = 0; i < CROWD; i++) {
		assert_null(crowd[i].exchange);
		assert_in_range(crowd[i].done, 0, 1);
		ok += crowd[i].done && crowd[i].answer.failure == HTTP_OK;
		failed += crowd[i].done && crowd[i].answer.failure != HTTP_OK;
		mem_free(crowd[i].body);
	}
	assert_int_equal(ok + failed, ended);
	assert_true(ok > 150 && failed > 20 && cancelled > 80);
	mem_free(crowd);
}

/* --- texts ----------------------------------------------------------------------------------- */

static void shown_urls_keep_secrets(void **state)
{
	static const struct {
		const char *url, *shown;
	} rows[] = {
		{"https://example.com/", "https://example.com/"},
		{"https://example.com", "https://example.com/"},
		{"http://user:pass@example.com:8080/a/b", "http://user:***@example.com:8080/a/b"},
		{"https://token@example.com/", "https://***@example.com/"},
		{"https://example.com/x?key=value&other=1",
		 "https://example.com/x?key=***&other=***"},
		{"https://example.com/x?justakey", "https://example.com/x?***"},
		{"https://example.com/x?a=b#fragment", "https://example.com/x?a=***"},
		{"https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"},
		{"not a url", "(not a URL)"},
	};
	char shown[256], small[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		http_url_shown(rows[i].url, shown, sizeof(shown));
		assert_string_equal(shown, rows[i].shown);
	}
	http_url_shown("https://example.com/", small, sizeof(small));
	assert_string_equal(small, "https:/");
}

static void texts_are_scrubbed(void **state)
{
	static const char url[] = "https://us%20er:pa%21ss@h.example/services/T0/B1?k=v1v2";
	char out[256];

	(void)state;
	http_url_scrub(url, "for us er with pa!ss or pa%21ss at /services/T0/B1?k=v1v2 \x1b[31m",
		       out, sizeof(out));
	assert_string_equal(out, "for *** with *** or *** at ***?*** \\x1b[31m");
	http_url_scrub("not a url", "it says: not a url", out, sizeof(out));
	assert_string_equal(out, "it says: ***");
}

static void failures_have_words(void **state)
{
	(void)state;
	for (int failure = HTTP_OK; failure <= HTTP_BROKEN; failure++)
		assert_true(strlen(http_failure_text((enum http_failure)failure)) > 1);
}

/* --- mistakes, and virtual time -------------------------------------------------------------- */

static void free_in_flight(void)
{
	struct http_request request = {.method = "GET", .url = "http://x/", .timeout_ms = 1};
	struct loop *own = loop_new();
	struct http_client *mine = http_client_new(own);

	http_start(mine, &request, on_answer, NULL);
	http_client_free(mine);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	help_expect_bug(free_in_flight, "1 requests in flight");
}

/* The clock stands still until the answer is here. */
static void virtual_time_waits_for_an_answer(void **state)
{
	int code;
	pid_t pid = fork();

	(void)state;
	if (pid > 0) {
		assert_int_equal(waitpid(pid, &code, 0), pid);
		assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 0);
		return;
	}
	tear_down(NULL);
	clock_virtual_start(INT64_C(1800000000000));
	set_up(NULL);
	{
		struct caller caller = {.done = 0};
		int64_t before = clock_wall_ms();
		char url[512];
		struct http_request request = {.method = "GET",
					       .url = url_of("/show", url),
					       .timeout_ms = PATIENCE_MS,
					       .answer_max = 10};

		begin(&caller, &request);
		loop_run_virtual(loop, before + MS_HOUR);
		if (caller.done != 1 || caller.answer.status != 200 ||
		    clock_wall_ms() != before + MS_HOUR)
			_exit(1);
		mem_free(caller.body);
	}
	tear_down(NULL);
	_exit(0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(methods_and_bodies_arrive),
		TEST(headers_arrive),
		TEST(head_has_no_body),
		TEST(statuses_are_not_failures),
		TEST(retry_after_is_read),
		TEST(long_answers_are_cut),
		TEST(bad_peers_are_told_apart),
		TEST(floods_are_stopped),
		TEST(connections_fail_in_their_ways),
		TEST(bad_urls_are_refused),
		TEST(the_proxy_of_the_environment_is_not_ours),
		TEST(cancel_is_silent),
		TEST(a_silent_resolver_blocks_nothing),
		TEST(each_of_a_crowd_ends_once),
		TEST(virtual_time_waits_for_an_answer),
		cmocka_unit_test(shown_urls_keep_secrets),
		cmocka_unit_test(texts_are_scrubbed),
		cmocka_unit_test(failures_have_words),
		cmocka_unit_test(mistakes_are_named),
	};

	help_enter_tmp();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
