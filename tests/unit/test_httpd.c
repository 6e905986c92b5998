/*
 * The HTTP server against bare connections: well-behaved peers, and those who stop half-way, hang,
 * leave or never read.
 */
#include "tests/unit/loop_help.h"
#include "tests/unit/loop_peer.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS_MAX 8
#define BODY_MAX 1000
#define TIMEOUT_MS 15000
#define SHORT_TIMEOUT_MS 200
#define SOCKET "httpd.sock"
#define PIECE_LEN 65536

struct site {
	struct loop *loop;
	struct httpd *httpd;
	struct httpd_request *kept;
	int handled, gone, pieces, pieces_left;
	size_t pending_max;
	char piece[PIECE_LEN];
};

static struct site site;

/* --- handlers ------------------------------------------------------------------------------ */

static void say(void *arg, struct httpd_request *request)
{
	struct site *s = arg;
	const char *query = httpd_query(request, "q");
	const char *agent = httpd_header(request, "User-Agent");
	struct buf text;
	size_t len;
	const char *body = httpd_body(request, &len);

	s->handled++;
	buf_init(&text, 8192);
	buf_printf(&text, "%s %s rest=%s q=%s agent=%s body=%zu:%s", httpd_method(request),
		   httpd_path(request), httpd_path_rest(request), query ? query : "-",
		   agent ? agent : "-", len, body);
	httpd_set_header(request, "X-Once", "first");
	httpd_set_header(request, "X-Once", "second");
	httpd_set_header(request, "X-Split", "a\r\nX-Injected: b");
	httpd_answer(request, 200, "text/plain", buf_text(&text), text.len);
	buf_finish(&text);
}

static void on_gone(void *arg)
{
	struct site *s = arg;

	s->gone++;
	s->kept = NULL;
}

static void keep(void *arg, struct httpd_request *request)
{
	struct site *s = arg;

	s->handled++;
	s->kept = request;
	if (!httpd_query(request, "deaf"))
		httpd_on_gone(request, on_gone, s);
}

static void quit(void *arg, struct httpd_request *request)
{
	struct site *s = arg;

	s->handled++;
	httpd_answer(request, 200, NULL, "bye", 3);
	httpd_free(s->httpd);
	s->httpd = NULL;
}

static void on_drained(void *arg)
{
	struct site *s = arg;

	if (s->pieces_left-- == 0) {
		httpd_chunk_end(s->kept);
		s->kept = NULL;
		return;
	}
	s->pieces++;
	httpd_chunk(s->kept, s->piece, sizeof(s->piece));
	if (httpd_chunk_pending(s->kept) > s->pending_max)
		s->pending_max = httpd_chunk_pending(s->kept);
}

static void stream(void *arg, struct httpd_request *request)
{
	struct site *s = arg;

	s->kept = request;
	httpd_on_gone(request, on_gone, s);
	httpd_on_drained(request, on_drained, s);
	httpd_chunk_start(request, 200, "application/x-ndjson");
	on_drained(s);
}

static void who(void *arg, struct httpd_request *request)
{
	uint32_t uid = 1, gid = 1;
	int32_t pid = 1;
	bool told = httpd_peer(request, &uid, &gid, &pid);
	char text[100];

	(void)arg;
	snprintf(text, sizeof(text), "unix=%d peer=%d same=%d", httpd_is_unix(request), told,
		 uid == getuid() && gid == getgid() && pid == getpid());
	httpd_answer(request, 200, "text/plain", text, strlen(text));
}

static void complain(void *arg, struct httpd_request *request)
{
	(void)arg;
	httpd_problem(request, 422, "no \"%s\"", "quotes");
}

static const struct httpd_route routes[] = {
	{"GET", "/say", say},	    {"POST", "/say", say},  {"GET", "/tree/*", say},
	{"DELETE", "/tree/*", say}, {"GET", "/keep", keep}, {"GET", "/quit", quit},
	{"GET", "/stream", stream}, {"GET", "/who", who},   {"GET", "/fail", complain},
	{NULL, NULL, NULL},
};

static struct httpd_config config = {
	.routes = routes,
	.arg = &site,
	.body_max = BODY_MAX,
	.timeout_ms = TIMEOUT_MS,
	.connections_max = CONNECTIONS_MAX,
};

static int set_up(void **state)
{
	struct err err;

	(void)state;
	help_log();
	memset(&site, 0, sizeof(site));
	site.loop = loop_new();
	site.httpd = httpd_listen_tcp(site.loop, &config, "127.0.0.1:0", &err);
	assert_non_null(site.httpd);
	assert_true(httpd_port(site.httpd) > 0);
	return 0;
}

/* For what waits until the server loses patience; elsewhere a slow machine would be taken for a
 * slow peer. */
static int set_up_impatient(void **state)
{
	config.timeout_ms = SHORT_TIMEOUT_MS;
	set_up(state);
	config.timeout_ms = TIMEOUT_MS;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	httpd_free(site.httpd);
	loop_free(site.loop);
	return 0;
}

/* --- asking -------------------------------------------------------------------------------- */

static bool answer_is_whole(struct peer *peer)
{
	const char *text, *end, *length;
	uint64_t len = 0;
	char digits[24];

	peer_read(peer);
	text = buf_text(&peer->got);
	end = strstr(text, "\r\n\r\n");
	if (!end)
		return peer->ended;
	length = strstr(text, "Content-Length: ");
	if (!length || length > end || str_starts(text, "HTTP/1.1 100"))
		return peer->ended;
	str_copy(digits, sizeof(digits), length + 16);
	digits[strspn(digits, "0123456789")] = '\0';
	assert_true(str_to_u64(digits, 0, 1000000, &len));
	return peer->got.len >= (size_t)(end - text) + 4 + len;
}

/* On a connection of its own; the answer stays in peer, who is to be closed. */
static const char *ask(struct peer *peer, const char *request)
{
	peer_tcp(peer, httpd_port(site.httpd));
	peer_send(peer, request);
	UNTIL(site.loop, answer_is_whole(peer));
	return buf_text(&peer->got);
}

static void assert_answer(const char *request, const char *first, const char *part)
{
	struct peer peer;
	const char *text = ask(&peer, request);

	if (!str_starts(text, first) || !strstr(text, part))
		fail_msg("%s\nwas answered with\n%s", request, text);
	peer_close(&peer);
}

static void requests_are_understood(void **state)
{
	struct peer peer;
	const char *text;

	(void)state;
	text = ask(&peer, "GET /say?x=1&q=a+b%20c%26d&q=no HTTP/1.1\r\nHost: x\r\n"
			  "User-Agent: test\r\n\r\n");
	assert_true(str_starts(text, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(text, "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(text, "\r\n\r\nGET /say rest= q=a b c&d agent=test body=0:"));
	assert_non_null(strstr(text, "X-Once: second\r\n"));
	assert_null(strstr(text, "first"));
	assert_null(strstr(text, "X-Injected"));
	peer_close(&peer);
	assert_answer("POST /say HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		      "HTTP/1.1 200", "POST /say rest= q=- agent=- body=5:hello");
	assert_answer("POST /say HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
		      "HTTP/1.1 200", "body=5:abcde");
	assert_answer("DELETE /tree/a%2Fb%25 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200",
		      "DELETE /tree/a/b% rest=a/b% ");
	assert_answer("GET /say?flag&&q= HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "q= agent");
	assert_answer("GET /say HTTP/1.0\r\n\r\n", "HTTP/1.", "GET /say");
	assert_answer("GET /fail HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 422",
		      "application/problem+json");
	assert_answer("GET /fail HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 422",
		      "{\"detail\":\"no \\\"quotes\\\"\",\"status\":422,"
		      "\"title\":\"Unprocessable Content\",\"type\":\"about:blank\"}");
}

static void paths_match_exactly(void **state)
{
	(void)state;
	assert_answer("GET /tree/../say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200",
		      "GET /tree/../say rest=../say ");
	assert_answer("GET /say/ HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404",
		      "\"title\":\"Not Found\"");
	assert_answer("GET /x/../say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", "problem+json");
	assert_answer("GET //say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", "problem+json");
	assert_answer("GET /tree HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", "problem+json");
	assert_answer("GET /say%00x HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400", "problem+json");
	assert_answer("GET /say?q=%00 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400", "problem+json");
	assert_int_equal(site.handled, 1);
}

static void methods_are_checked(void **state)
{
	(void)state;
	assert_answer("PUT /say HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405",
		      "Allow: GET, HEAD, POST\r\n");
	assert_answer("POST /tree/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		      "HTTP/1.1 405", "Allow: GET, HEAD, DELETE\r\n");
	assert_answer("BREW /say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 501", "");
	assert_answer("TRACE /say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 501", "");
	assert_int_equal(site.handled, 0);
}

static void head_is_get_without_a_body(void **state)
{
	struct peer peer;
	const char *text;

	(void)state;
	peer_tcp(&peer, httpd_port(site.httpd));
	peer_send(&peer, "HEAD /say HTTP/1.1\r\nHost: x\r\n\r\n");
	UNTIL(site.loop, peer_has(&peer, "\r\n\r\n"));
	text = buf_text(&peer.got);
	assert_true(str_starts(text, "HTTP/1.1 200"));
	assert_non_null(strstr(text, "Content-Length: 35\r\n"));
	assert_true(str_ends(text, "\r\n\r\n"));
	/* The connection is still in step. */
	peer_send(&peer, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n");
	UNTIL(site.loop, peer_has(&peer, "unix=0 peer=0"));
	peer_close(&peer);
}

static void large_bodies_are_refused(void **state)
{
	static const size_t lens[] = {BODY_MAX + 1, 2 * BODY_MAX + 1, 300000};
	struct buf request;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
		char *body = mem_new(lens[i] + 1);

		memset(body, 'x', lens[i]);
		buf_init(&request, 400000);
		buf_printf(&request,
			   "POST /say HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
			   lens[i], body);
		assert_answer(buf_text(&request), "HTTP/1.1 413", "");
		buf_finish(&request);
		mem_free(body);
	}
	assert_int_equal(site.handled, 0);
	buf_init(&request, 4000);
	buf_add_str(&request, "POST /say HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
	for (int i = 0; i < BODY_MAX; i++)
		buf_add_char(&request, 'y');
	assert_answer(buf_text(&request), "HTTP/1.1 200", "body=1000:yyy");
	buf_finish(&request);
}

static void large_headers_are_refused(void **state)
{
	struct buf request;
	struct peer peer;

	(void)state;
	buf_init(&request, 100000);
	buf_add_str(&request, "GET /say HTTP/1.1\r\nHost: x\r\nX-Long: ");
	for (int i = 0; i < 60000; i++)
		buf_add_char(&request, 'h');
	peer_tcp(&peer, httpd_port(site.httpd));
	peer_send(&peer, buf_text(&request));
	UNTIL(site.loop, peer_has(&peer, "HTTP/1.1 400") || peer.ended);
	assert_int_equal(site.handled, 0);
	peer_close(&peer);
	buf_finish(&request);
}

static void a_connection_is_kept(void **state)
{
	int64_t begin = clock_mono_ms();
	struct peer peer;

	(void)state;
	peer_tcp(&peer, httpd_port(site.httpd));
	for (int i = 0; i < 50; i++) {
		buf_reset(&peer.got);
		peer_send(&peer, "GET /say HTTP/1.1\r\nHost: x\r\n\r\n");
		UNTIL(site.loop, answer_is_whole(&peer));
		assert_false(peer.ended);
	}
	assert_int_equal(site.handled, 50);
	/* Without TCP_NODELAY: 44 ms each. */
	assert_true(clock_mono_ms() - begin < 50 * 30);
	/* Two at once are answered in order. */
	buf_reset(&peer.got);
	peer_send(&peer, "GET /tree/1 HTTP/1.1\r\nHost: x\r\n\r\n"
			 "GET /tree/2 HTTP/1.1\r\nHost: x\r\n\r\n");
	UNTIL(site.loop, peer_has(&peer, "rest=2 "));
	assert_true(strstr(buf_text(&peer.got), "rest=1 ") <
		    strstr(buf_text(&peer.got), "rest=2 "));
	peer_close(&peer);
}

/* --- later answers, and peers who leave ------------------------------------------------------ */

static void ask_kept(struct peer *peer, const char *path)
{
	int before = site.handled;

	peer_tcp(peer, httpd_port(site.httpd));
	peer_send(peer, "GET ");
	peer_send(peer, path);
	peer_send(peer, " HTTP/1.1\r\nHost: x\r\n\r\n");
	UNTIL(site.loop, site.handled == before + 1);
}

static void answers_may_come_later(void **state)
{
	struct peer peer;

	(void)state;
	ask_kept(&peer, "/keep");
	help_idle(site.loop);
	assert_false(peer_read(&peer));
	httpd_answer(site.kept, 200, "text/plain", "late", 4);
	UNTIL(site.loop, peer_has(&peer, "\r\n\r\nlate"));
	assert_int_equal(site.gone, 0);
	peer_close(&peer);
}

static void a_peer_that_leaves_is_told(void **state)
{
	struct peer peer;

	(void)state;
	ask_kept(&peer, "/keep");
	peer_close(&peer);
	UNTIL(site.loop, site.gone == 1);
	ask_kept(&peer, "/keep");
	peer_reset(&peer);
	UNTIL(site.loop, site.gone == 2);
	/* One that only sends its next request has not left. */
	ask_kept(&peer, "/keep");
	peer_send(&peer, "GET /say HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 10; i++)
		help_turn(site.loop);
	assert_int_equal(site.gone, 2);
	httpd_answer(site.kept, 200, NULL, "one", 3);
	UNTIL(site.loop, peer_has(&peer, "GET /say"));
	peer_close(&peer);
	help_idle(site.loop);
	assert_int_equal(site.gone, 2);
}

static void an_answer_into_nothing_is_harmless(void **state)
{
	struct peer peer;

	(void)state;
	ask_kept(&peer, "/keep?deaf=1");
	peer_reset(&peer);
	for (int i = 0; i < 5; i++)
		help_turn(site.loop);
	httpd_answer(site.kept, 200, NULL, "x", 1);
	help_idle(site.loop);
	/* Between the end and its telling. */
	ask_kept(&peer, "/keep");
	peer_close(&peer);
	while (site.gone == 0 && loop_turn(site.loop))
		continue;
	UNTIL(site.loop, site.gone == 1);
	help_idle(site.loop);
}

static void half_requests_time_out(void **state)
{
	static const char *const halves[] = {"", "GET /sa", "GET /say HTTP/1.1\r\nHost",
					     "POST /say HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"};
	struct peer peers[ARRAY_LEN(halves)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
		peer_tcp(&peers[i], httpd_port(site.httpd));
		if (*halves[i])
			peer_send(&peers[i], halves[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
		UNTIL(site.loop, peer_over(&peers[i]));
		peer_close(&peers[i]);
	}
	/* And those that leave half-way. */
	for (size_t i = 0; i < ARRAY_LEN(halves); i++) {
		peer_tcp(&peers[i], httpd_port(site.httpd));
		if (*halves[i])
			peer_send(&peers[i], halves[i]);
		help_turn(site.loop);
		if (i % 2)
			peer_reset(&peers[i]);
		else
			peer_close(&peers[i]);
	}
	help_idle(site.loop);
	assert_int_equal(site.handled, 0);
	assert_answer("GET /say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "");
}

static void nonsense_does_no_harm(void **state)
{
	static const char *const texts[] = {
		"\r\n\r\n\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"GET\r\n\r\n",
		"GET /say\r\n\r\n",
		"GET /say HTTP/9.9\r\n\r\n",
		"GET http://[::1 HTTP/1.1\r\n\r\n",
		"GET /say HTTP/1.1\r\nNoColon\r\n\r\n",
		"POST /say HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST /say HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"POST /say HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct peer peer;

		peer_tcp(&peer, httpd_port(site.httpd));
		peer_send(&peer, texts[i]);
		shutdown(peer.fd, SHUT_WR);
		UNTIL(site.loop, peer_over(&peer));
		peer_close(&peer);
	}
	assert_answer("GET /say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "");
}

/* --- limits ---------------------------------------------------------------------------------- */

static void connections_are_limited(void **state)
{
	struct peer peers[CONNECTIONS_MAX], more;

	(void)state;
	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		peer_tcp(&peers[i], httpd_port(site.httpd));
		peer_send(&peers[i], "GET /say HTTP/1.1\r\nHost: x\r\n\r\n");
		UNTIL(site.loop, answer_is_whole(&peers[i]));
	}
	peer_tcp(&more, httpd_port(site.httpd));
	UNTIL(site.loop, peer_over(&more));
	assert_int_equal(more.got.len, 0);
	peer_close(&more);
	/* One goes, one may come. */
	peer_close(&peers[3]);
	help_idle(site.loop);
	assert_answer("GET /say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "");
	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		if (i != 3)
			peer_close(&peers[i]);
	}
	help_idle(site.loop);
	for (int i = 0; i < 3 * CONNECTIONS_MAX; i++)
		assert_answer("GET /say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "");
}

/* A byte now and then, for ever: the timeout of reading never comes. */
static void drippers_give_way(void **state)
{
	struct peer peers[CONNECTIONS_MAX];
	int64_t end = clock_mono_ms() + 2 * SHORT_TIMEOUT_MS, next = 0;
	int over = 0;

	(void)state;
	for (int i = 0; i < CONNECTIONS_MAX; i++) {
		peer_tcp(&peers[i], httpd_port(site.httpd));
		peer_send(&peers[i], i ? "GET /say HTTP/1.1\r\nX: " : "GET /keep HTTP/1.1\r\n\r\n");
	}
	while (clock_mono_ms() < end) {
		help_turn(site.loop);
		if (clock_mono_ms() < next)
			continue;
		next = clock_mono_ms() + SHORT_TIMEOUT_MS / 10;
		for (int i = 1; i < CONNECTIONS_MAX; i++)
			peer_send(&peers[i], "x");
	}
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		assert_false(peer_over(&peers[i]));
	assert_answer("GET /say HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "");
	help_idle(site.loop);
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		over += peer_over(&peers[i]);
	assert_int_equal(over, 1);
	/* One whose answer is awaited is no dripper. */
	httpd_answer(site.kept, 200, NULL, "kept", 4);
	UNTIL(site.loop, peer_has(&peers[0], "kept"));
	for (int i = 0; i < CONNECTIONS_MAX; i++)
		peer_close(&peers[i]);
}

static void a_lack_of_descriptors_passes(void **state)
{
	struct rlimit limit, low;
	struct peer peer;
	int turns = 0;

	(void)state;
	peer_tcp(&peer, httpd_port(site.httpd));
	peer_send(&peer, "GET /say HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 0; /* those that are open stay */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	/* It does not spin: after the failed accept nothing is ready. */
	while (loop_turn(site.loop) && turns < 100)
		turns++;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_in_range(turns, 1, 99);
	assert_int_equal(site.handled, 0);
	UNTIL(site.loop, peer_has(&peer, "HTTP/1.1 200"));
	peer_close(&peer);
}

/* --- streams --------------------------------------------------------------------------------- */

static void streams_flow(void **state)
{
	struct peer peer;

	(void)state;
	memset(site.piece, 's', sizeof(site.piece));
	site.pieces_left = 200;
	peer_tcp(&peer, httpd_port(site.httpd));
	peer_send(&peer, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	/* Only the end is looked at: all of it each time would take long. */
	UNTIL(site.loop, peer_ends(&peer, "\r\n0\r\n\r\n"));
	assert_int_equal(site.pieces, 200);
	assert_true(peer.got.len > 200 * sizeof(site.piece));
	assert_non_null(memmem(buf_text(&peer.got), 400, "Transfer-Encoding: chunked", 26));
	/* Only a piece ahead of the system's own buffers, however slow the peer. */
	assert_true(site.pending_max < 2 * sizeof(site.piece));
	assert_int_equal(site.gone, 0);
	/* The connection goes on. */
	buf_reset(&peer.got);
	peer_send(&peer, "HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	site.pieces_left = 3;
	UNTIL(site.loop, peer_has(&peer, "\r\n\r\n"));
	assert_true(str_starts(buf_text(&peer.got), "HTTP/1.1 200"));
	assert_true(str_ends(buf_text(&peer.got), "\r\n\r\n"));
	peer_close(&peer);
}

static void a_stream_waits_for_its_reader(void **state)
{
	struct peer peer;
	int pieces;

	(void)state;
	site.pieces_left = 1000000;
	peer_tcp(&peer, httpd_port(site.httpd));
	peer_send(&peer, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	UNTIL(site.loop, site.pieces > 0);
	help_idle(site.loop);
	pieces = site.pieces;
	help_idle(site.loop);
	assert_int_equal(site.pieces, pieces);
	peer_read(&peer);
	/* Who never reads on loses the connection, after the timeout. */
	UNTIL(site.loop, site.gone == 1);
	peer_close(&peer);
}

static void a_stream_too_far_ahead_is_cut(void **state)
{
	struct peer peer;

	(void)state;
	ask_kept(&peer, "/keep");
	httpd_chunk_start(site.kept, 200, NULL);
	for (size_t i = 0; i < 2 * HTTPD_PENDING_MAX / sizeof(site.piece); i++) {
		httpd_chunk(site.kept, site.piece, sizeof(site.piece));
		assert_true(httpd_chunk_pending(site.kept) <= HTTPD_PENDING_MAX);
	}
	assert_int_equal(site.gone, 0); /* never from inside the call */
	UNTIL(site.loop, site.gone == 1);
	peer_close(&peer);
}

static void a_reader_may_leave_a_stream(void **state)
{
	struct peer peer;

	(void)state;
	site.pieces_left = 1000000;
	peer_tcp(&peer, httpd_port(site.httpd));
	peer_send(&peer, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	UNTIL(site.loop, site.pieces > 10 || (peer_read(&peer) && false));
	peer_reset(&peer);
	UNTIL(site.loop, site.gone == 1);
}

/* --- the server's end ------------------------------------------------------------------------ */

static void a_handler_may_free_the_server(void **state)
{
	struct peer peer;

	(void)state;
	peer_tcp(&peer, httpd_port(site.httpd));
	peer_send(&peer, "GET /quit HTTP/1.1\r\nHost: x\r\n\r\n");
	UNTIL(site.loop, peer_over(&peer));
	assert_null(site.httpd);
	peer_close(&peer);
}

static void freeing_drops_what_is_open(void **state)
{
	struct peer kept, idle, half;
	int before = help_open_fds();

	(void)state;
	ask_kept(&kept, "/keep");
	peer_tcp(&idle, httpd_port(site.httpd));
	peer_tcp(&half, httpd_port(site.httpd));
	peer_send(&half, "GET /say");
	help_turn(site.loop);
	httpd_free(site.httpd);
	site.httpd = NULL;
	UNTIL(site.loop, peer_over(&kept) && peer_over(&idle) && peer_over(&half));
	assert_int_equal(site.gone, 0);
	peer_close(&kept);
	peer_close(&idle);
	peer_close(&half);
	help_idle(site.loop);
	assert_int_equal(help_open_fds(), before - 1); /* the listener */
}

/* --- where it listens ------------------------------------------------------------------------ */

static void addresses_are_checked(void **state)
{
	static const char *const wrong[] = {
		"127.0.0.1", "127.0.0.1:",     "127.0.0.1:70000", "localhost:80",
		"::1:80",    "[127.0.0.1]:80", "[::1]80",	  ":80",
		"",	     "[::1:80",
	};
	struct httpd *httpd;
	char taken[64];
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		assert_null(httpd_listen_tcp(site.loop, &config, wrong[i], &err));
		assert_int_equal(err.class, ERR_INVALID);
	}
	snprintf(taken, sizeof(taken), "127.0.0.1:%d", httpd_port(site.httpd));
	assert_null(httpd_listen_tcp(site.loop, &config, taken, &err));
	assert_int_equal(err.class, ERR_CONFLICT);
	httpd = httpd_listen_tcp(site.loop, &config, "[::1]:0", &err);
	if (httpd) /* a machine may be without IPv6 */
		assert_true(httpd_port(httpd) > 0);
	httpd_free(httpd);
}

static void unix_sockets_have_owners(void **state)
{
	struct peer peer;
	struct stat st;
	struct err err;

	(void)state;
	httpd_free(site.httpd);
	site.httpd = httpd_listen_unix(site.loop, &config, SOCKET, 0660, (int)getgid(), &err);
	assert_non_null(site.httpd);
	assert_int_equal(httpd_port(site.httpd), -1);
	assert_int_equal(stat(SOCKET, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	peer_unix(&peer, SOCKET);
	peer_send(&peer, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n");
	UNTIL(site.loop, peer_has(&peer, "unix=1 peer=1 same=1"));
	/* A second one does not take it away. */
	assert_null(httpd_listen_unix(site.loop, &config, SOCKET, 0660, -1, &err));
	assert_int_equal(err.class, ERR_CONFLICT);
	peer_send(&peer, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n");
	peer_close(&peer);
	httpd_free(site.httpd);
	site.httpd = NULL;
	assert_int_equal(stat(SOCKET, &st), -1);
}

static void socket_leave(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	close(fd);
}

static void stale_sockets_are_replaced(void **state)
{
	struct httpd *successor;
	struct stat st;
	struct err err;

	(void)state;
	httpd_free(site.httpd);
	socket_leave(SOCKET);
	site.httpd = httpd_listen_unix(site.loop, &config, SOCKET, 0600, -1, &err);
	if (!site.httpd)
		fail_msg("%s", err.text);
	assert_int_equal(stat(SOCKET, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	/* Somebody removed it, and a successor listens: his stays when we go. */
	unlink(SOCKET);
	successor = httpd_listen_unix(site.loop, &config, SOCKET, 0600, -1, &err);
	assert_non_null(successor);
	httpd_free(site.httpd);
	site.httpd = NULL;
	assert_int_equal(stat(SOCKET, &st), 0);
	httpd_free(successor);
	assert_int_equal(stat(SOCKET, &st), -1);
}

static void what_is_no_socket_stays(void **state)
{
	char long_path[200];
	struct stat st;
	struct err err;
	int fd = open("plain.tmp", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_null(httpd_listen_unix(site.loop, &config, "plain.tmp", 0600, -1, &err));
	assert_int_equal(err.class, ERR_CONFLICT);
	assert_int_equal(stat("plain.tmp", &st), 0);
	unlink("plain.tmp");
	memset(long_path, 'p', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_null(httpd_listen_unix(site.loop, &config, long_path, 0600, -1, &err));
	assert_int_equal(err.class, ERR_INVALID);
	assert_null(httpd_listen_unix(site.loop, &config, "no-folder/x", 0600, -1, &err));
	assert_int_equal(err.class, ERR_MISSING);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define IMPATIENT(test) cmocka_unit_test_setup_teardown(test, set_up_impatient, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(requests_are_understood),
		TEST(paths_match_exactly),
		TEST(methods_are_checked),
		TEST(head_is_get_without_a_body),
		TEST(large_bodies_are_refused),
		TEST(large_headers_are_refused),
		TEST(a_connection_is_kept),
		TEST(answers_may_come_later),
		TEST(a_peer_that_leaves_is_told),
		TEST(an_answer_into_nothing_is_harmless),
		IMPATIENT(half_requests_time_out),
		TEST(nonsense_does_no_harm),
		TEST(connections_are_limited),
		IMPATIENT(drippers_give_way),
		TEST(a_lack_of_descriptors_passes),
		TEST(streams_flow),
		IMPATIENT(a_stream_waits_for_its_reader),
		TEST(a_stream_too_far_ahead_is_cut),
		TEST(a_reader_may_leave_a_stream),
		TEST(a_handler_may_free_the_server),
		TEST(freeing_drops_what_is_open),
		TEST(addresses_are_checked),
		TEST(unix_sockets_have_owners),
		TEST(stale_sockets_are_replaced),
		TEST(what_is_no_socket_stays),
	};

	help_enter_tmp();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
