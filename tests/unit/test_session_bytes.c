/*
 * lib/tls/session: against bytes made by hand: what is no TLS, a close, a reset, a flood, what
 * OpenSSL cannot parse; and the Certificate message by itself.
 */
#include "lib/tls/session.h"

#include "lib/tls/session_chain.h"
#include "lib/base/buf.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static struct session_context *modern;

static void non_blocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static void pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	non_blocking(fds[0]);
	non_blocking(fds[1]);
}

static bool waits(enum session_status status)
{
	return status == SESSION_WANT_READ || status == SESSION_WANT_WRITE;
}

/* The ClientHello goes out; these bytes come in, one by one where asked; then the end. */
static struct session *answer(const void *bytes, size_t len, bool one_by_one, bool closes,
			      enum session_status expected)
{
	struct session *session;
	enum session_status status;
	char hello[4096];
	size_t sent = 0;
	int fds[2];

	pair(fds);
	session = session_new(modern, fds[0], "good.test");
	/* Somebody else's error, left behind: none of ours. */
	ERR_raise(ERR_LIB_USER, 1);
	status = session_handshake(session);
	assert_int_equal(status, SESSION_WANT_READ);
	assert_true(read(fds[1], hello, sizeof(hello)) > 100);
	while (waits(status) && sent < len) {
		ssize_t now = write(fds[1], (const char *)bytes + sent,
				    one_by_one ? 1 : len - sent);

		assert_true(now > 0);
		sent += (size_t)now;
		status = session_handshake(session);
	}
	if (closes)
		close(fds[1]);
	if (waits(status))
		status = session_handshake(session);
	if (status != expected)
		fail_msg("status %d, not %d: %s", (int)status, (int)expected,
			 session_error(session));
	assert_int_equal(ERR_peek_error(), 0);
	if (!closes)
		close(fds[1]);
	close(fds[0]);
	return session;
}

static void what_is_no_tls(void **state UNUSED)
{
	static const struct {
		const char *bytes, *error;
	} cases[] = {
		{"HTTP/1.1 400 Bad Request\r\n\r\n<html>", "the peer answers in HTTP without TLS"},
		{"220 mail.example.com ESMTP\r\n",
		 "the peer does not speak TLS; its first bytes are \"220 mail.example.com ESMTP\""},
		{"N", "the peer does not speak TLS; its first bytes are \"N\""},
		{"\x16\x02\x01 ",
		 "the peer does not speak TLS; its first bytes are \"\\x16\\x02\\x01 \""},
		{"\xff\x1b[31m",
		 "the peer does not speak TLS; its first bytes are \"\\xff\\x1b[31m\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
			struct session *session = answer(cases[i].bytes, strlen(cases[i].bytes),
							 one_by_one, false, SESSION_NOT_TLS);

			/* One by one, it has heard enough before the end. */
			if (!one_by_one)
				assert_string_equal(session_error(session), cases[i].error);
			session_free(session);
		}
	}
}

static void a_close_is_no_reset(void **state UNUSED)
{
	/* The first half of a record. */
	struct session *session = answer("\x16\x03\x03\x00\x7a\x02", 6, false, true,
					 SESSION_CLOSED);

	assert_string_equal(session_error(session),
			    "the peer closed the connection during the handshake");
	session_free(session);
	session = answer("", 0, false, true, SESSION_CLOSED);
	assert_string_equal(session_error(session),
			    "the peer closed the connection without an answer");
	session_free(session);
	/* A close_notify before anything else. */
	session = answer("\x15\x03\x03\x00\x02\x01\x00", 7, true, false, SESSION_CLOSED);
	session_free(session);
	session = answer("\x15\x03\x03\x00\x02\x02\x28", 7, true, false, SESSION_FAILED);
	assert_string_equal(session_error(session),
			    "the peer sent the alert \"handshake failure\" (40)");
	session_free(session);
	session = answer("\x15\x03\x03\x00\x02\x02\x74", 7, true, false, SESSION_FAILED);
	assert_string_equal(session_error(session),
			    "the peer sent the alert \"certificate required\" (116)");
	session_free(session);
}

static void a_reset_is_no_close(void **state UNUSED)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	int listener = socket(AF_INET, SOCK_STREAM, 0), client, peer;
	socklen_t len = sizeof(address);
	struct session *session;
	struct pollfd waiting;

	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&address, &len);
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	peer = accept(listener, NULL, NULL);
	non_blocking(client);
	session = session_new(modern, client, NULL);
	assert_int_equal(session_handshake(session), SESSION_WANT_READ);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(peer);
	waiting = (struct pollfd){.fd = client, .events = POLLIN};
	assert_int_equal(poll(&waiting, 1, 10000), 1);
	assert_int_equal(session_handshake(session), SESSION_RESET);
	assert_string_equal(session_error(session), "the peer reset the connection");
	session_free(session);
	close(client);
	close(listener);
	/* And one that is gone before the first byte: no SIGPIPE. */
	int fds[2];

	pair(fds);
	close(fds[1]);
	session = session_new(modern, fds[0], NULL);
	assert_int_equal(session_handshake(session), SESSION_RESET);
	session_free(session);
	close(fds[0]);
}

static void add_number(struct buf *out, size_t number, int width)
{
	while (width-- > 0)
		buf_add_char(out, (char)(number >> 8 * width & 0xff));
}

/* A handshake message in records of TLS 1.2. */
static void add_message(struct buf *out, int type, const void *body, size_t len)
{
	struct buf message;

	buf_init(&message, len + 4);
	buf_add_char(&message, (char)type);
	add_number(&message, len, 3);
	buf_add(&message, body, len);
	for (size_t at = 0; at < message.len;) {
		size_t part = message.len - at < 16000 ? message.len - at : 16000;

		buf_add(out, "\x16\x03\x03", 3);
		add_number(out, part, 2);
		buf_add(out, message.data + at, part);
		at += part;
	}
	buf_finish(&message);
}

/* ServerHello for ECDHE-RSA-AES128-GCM-SHA256, with the renegotiation info that is asked for. */
static void add_server_hello(struct buf *out)
{
	uint8_t hello[] = {
		[0] = 3,  [1] = 3,     [34] = 0, [35] = 0xc0, [36] = 0x2f, [37] = 0, [38] = 0,
		[39] = 5, [40] = 0xff, [41] = 1, [42] = 0,    [43] = 1,	   [44] = 0};

	add_message(out, 2, hello, sizeof(hello));
}

static void a_malformed_certificate_is_kept(void **state UNUSED)
{
	static const uint8_t junk[] = {0, 0, 8, 0, 0, 5, 'h', 'e', 'l', 'l', 'o'};
	struct session *session;
	struct buf flight;
	size_t len;

	buf_init(&flight, 4096);
	add_server_hello(&flight);
	add_message(&flight, 11, junk, sizeof(junk));
	session = answer(flight.data, flight.len, true, false, SESSION_FAILED);
	assert_int_equal(session_chain_len(session), 1);
	assert_memory_equal(session_chain_der(session, 0, &len), "hello", 5);
	assert_int_equal(len, 5);
	assert_string_equal(session_version(session), "TLSv1.2");
	assert_string_not_equal(session_error(session), "");
	session_free(session);
	buf_finish(&flight);
}

static void floods_end(void **state UNUSED)
{
	struct buf flight, large;
	struct session *session;

	/* A certificate of 300 KB. */
	buf_init(&flight, 8 << 20);
	buf_init(&large, 1 << 20);
	add_number(&large, 300003, 3);
	add_number(&large, 300000, 3);
	memset(buf_space(&large, 300000), 'x', 300000);
	buf_added(&large, 300000);
	add_server_hello(&flight);
	add_message(&flight, 11, large.data, large.len);
	session = answer(flight.data, flight.len, false, false, SESSION_TOO_LARGE);
	session_free(session);
	/* HelloRequests, which a client has to skip, for ever. */
	buf_reset(&flight);
	while (flight.len < 2 << 20)
		add_message(&flight, 0, "", 0);
	session = answer(flight.data, flight.len, false, false, SESSION_TOO_LARGE);
	assert_string_equal(session_error(session), "the peer's handshake does not end");
	session_free(session);
	buf_finish(&flight);
	buf_finish(&large);
}

/* ---- the Certificate message ---------------------------------------------------------------- */

static void certificate_messages(void **state UNUSED)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool tls13;
		size_t certs;
	} cases[] = {
		{"\0\0\4\0\0\1a", 7, false, 1},
		{"\0\0\10\0\0\1a\0\0\1b", 11, false, 2},
		{"\0\0\0", 3, false, 0},
		{"\0\0\4\0\0\2a", 7, false, 0},
		{"\0\0\5\0\0\1a", 7, false, 0},
		{"\377\377\377\0\0\1a", 7, false, 0},
		{"\0\0\3\0\0\0", 6, false, 1},
		{"\0\0\6\0\0\1a\0\0", 9, false, 1},
		{"\0\0\4", 3, false, 0},
		{"\0\0", 2, false, 0},
		{"", 0, false, 0},
		{"\0\0\0\6\0\0\1a\0\0", 10, true, 1},
		{"\2xx\0\0\6\0\0\1a\0\0", 12, true, 1},
		{"\0\0\0\15\0\0\1a\0\1e\0\0\1b\0\0", 17, true, 2},
		{"\0\0\0\4\0\0\1a", 8, true, 1},
		{"\5", 1, true, 0},
		{"", 0, true, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct session_chain chain = {.len = 0};
		/* Exactly as many bytes, so that the sanitizer sees one too far. */
		uint8_t *bytes = malloc(cases[i].len ? cases[i].len : 1);

		memcpy(bytes, cases[i].bytes, cases[i].len);
		session_chain_read(&chain, bytes, cases[i].len, cases[i].tls13);
		if (chain.len != cases[i].certs)
			fail_msg("case %zu: %zu certificates", i, chain.len);
		session_chain_finish(&chain);
		free(bytes);
	}
}

static int set_up(void **state UNUSED)
{
	modern = session_context_new(false, NULL);
	return modern ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	session_context_free(modern);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_tls),
		cmocka_unit_test(a_close_is_no_reset),
		cmocka_unit_test(a_reset_is_no_close),
		cmocka_unit_test(a_malformed_certificate_is_kept),
		cmocka_unit_test(floods_end),
		cmocka_unit_test(certificate_messages),
	};

	return cmocka_run_group_tests_name("session_bytes", tests, set_up, tear_down);
}
