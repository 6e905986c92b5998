/*
 * One probe against peers that behave and peers that do not: the word each ends in, whose failure
 * it is, and that the certificates which arrived are kept whatever came behind them. Each probe
 * ends exactly once or is cancelled silently; loop_free tells of leftovers.
 */
#include "lib/base/sys.h"
#include "tests/unit/peers.h"

#include "lib/base/mem.h"
#include "lib/model/word.h"
#include "probes/probe.h"
#include "probes/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static struct session_context *context;

struct seen {
	struct loop *loop;
	int calls;
	bool done;
	int outcome;
	char error[512];
	char stage[32];
	bool ours;
	size_t chain_len;
	size_t leaf_len;
	char version[32];
};

static void on_done(void *arg, const struct probe_result *result)
{
	struct seen *seen = arg;
	const struct session *session = result->session;

	seen->calls++;
	seen->done = true;
	seen->outcome = result->outcome;
	seen->ours = result->ours;
	snprintf(seen->error, sizeof(seen->error), "%s", result->error ? result->error : "");
	snprintf(seen->stage, sizeof(seen->stage), "%s", result->stage);
	if (session) {
		const char *version = session_version(session);
		seen->chain_len = session_chain_len(session);
		if (seen->chain_len > 0)
			session_chain_der(session, 0, &seen->leaf_len);
		snprintf(seen->version, sizeof(seen->version), "%s", version ? version : "");
	}
	assert_true(result->duration_ms >= 0);
	loop_stop(seen->loop);
}

static void probe_now(struct loop *loop, const struct address *address, int64_t deadline_ms,
		      struct seen *seen)
{
	const struct probe_config config = {
		.address = *address,
		.server_name = "leaf.test",
		.context = context,
		.deadline_ms = deadline_ms,
	};
	*seen = (struct seen){.loop = loop};
	probe_start(loop, &config, on_done, seen);
	assert_false(seen->done); /* never from inside */
	run_until(loop, &seen->done);
	assert_int_equal(seen->calls, 1);
}

static void assert_outcome(const struct seen *seen, enum outcome outcome, const char *stage,
			   const char *error)
{
	if (seen->outcome != (int)outcome)
		fail_msg("%s (%s), not %s", outcome_text((enum outcome)seen->outcome), seen->error,
			 outcome_text(outcome));
	assert_string_equal(seen->stage, stage);
	if (!strstr(seen->error, error))
		fail_msg("\"%s\" does not tell of \"%s\"", seen->error, error);
}

static int group_setup(void **state)
{
	(void)state;
	struct err err;
	cert_make(&(struct cert_wish){.name = "root", .cn = "Root", .ca = true, .days = 300});
	cert_make(&(struct cert_wish){
		.name = "inter", .cn = "Inter", .issuer = "root", .ca = true, .days = 200});
	cert_make(&(struct cert_wish){.name = "leaf",
				      .cn = "leaf.test",
				      .issuer = "inter",
				      .names = "DNS:leaf.test",
				      .days = 100});
	context = session_context_new(true, &err);
	return context ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	session_context_free(context);
	return 0;
}

/* --- servers --------------------------------------------------------------------------------- */

static void server_args(const char **args, const char *const *extra)
{
	size_t count = 0;
	args[count++] = "-cert";
	args[count++] = work_path("leaf.pem");
	args[count++] = "-key";
	args[count++] = work_path("leaf.key");
	args[count++] = "-cert_chain";
	args[count++] = work_path("inter.pem");
	while (*extra)
		args[count++] = *extra++;
	args[count] = NULL;
}

static void against_server(const char *host, const char *const *extra, struct seen *seen)
{
	const char *args[32];
	struct server server;
	struct loop *loop = loop_new();

	server_args(args, extra);
	server_start(&server, host, args);
	probe_now(loop, &server.address, 10000, seen);
	server_stop(&server);
	loop_free(loop);
}

static void test_tls13(void **state)
{
	(void)state;
	struct seen seen;
	against_server("127.0.0.1", (const char *const[]){"-tls1_3", NULL}, &seen);
	assert_outcome(&seen, OUTCOME_OK, "done", "");
	assert_int_equal(seen.chain_len, 2);
	assert_string_equal(seen.version, "TLSv1.3");
	assert_false(seen.ours);
}

static void test_tls12_and_v6(void **state)
{
	(void)state;
	struct seen seen;
	against_server("::1", (const char *const[]){"-tls1_2", NULL}, &seen);
	assert_outcome(&seen, OUTCOME_OK, "done", "");
	assert_int_equal(seen.chain_len, 2);
	assert_string_equal(seen.version, "TLSv1.2");
}

static void test_client_certificate(void **state)
{
	(void)state;
	struct seen seen;
	const char *const tls12[] = {"-tls1_2", "-Verify", "1", "-verify_return_error", NULL};
	const char *const tls13[] = {"-tls1_3", "-Verify", "1", "-verify_return_error", NULL};

	against_server("127.0.0.1", tls12, &seen);
	assert_outcome(&seen, OUTCOME_TLS_ERROR, "handshake", "handshake failure");
	assert_int_equal(seen.chain_len, 2); /* arrived before */
	against_server("127.0.0.1", tls13, &seen);
	assert_outcome(&seen, OUTCOME_OK, "done", "");
	assert_int_equal(seen.chain_len, 2);
}

static void test_no_common_version(void **state)
{
	(void)state;
	struct seen seen;
	const char *const nothing[] = {"-tls1_2", "-cipher", "PSK-AES128-CBC-SHA", NULL};
	against_server("127.0.0.1", nothing, &seen);
	assert_outcome(&seen, OUTCOME_TLS_ERROR, "handshake", "handshake failure");
	assert_int_equal(seen.chain_len, 0);
}

/* --- peers that misbehave -------------------------------------------------------------------- */

static void against_peer(enum peer_kind kind, const void *bytes, size_t len, int64_t deadline_ms,
			 struct seen *seen)
{
	struct loop *loop = loop_new();
	struct peer peer;

	peer_start(&peer, loop, "127.0.0.1", kind, bytes, len);
	probe_now(loop, &peer.address, deadline_ms, seen);
	peer_stop(&peer);
	loop_free(loop);
}

static void test_misbehaving(void **state)
{
	(void)state;
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const char ssh[] = "SSH-2.0-OpenSSH_9.2\r\n";
	static const char garbage[] = "\x16\x03\x03\x00\x08garbage!";
	static const char alert[] = "\x15\x03\x03\x00\x02\x02\x70"; /* unrecognized_name */
	struct {
		enum peer_kind kind;
		const char *bytes;
		size_t len;
		enum outcome outcome;
		const char *error;
	} rows[] = {
		{PEER_CLOSE, NULL, 0, OUTCOME_CLOSED, "closed"},
		{PEER_RESET, NULL, 0, OUTCOME_RESET, "reset"},
		{PEER_ANSWER, http, sizeof(http) - 1, OUTCOME_NOT_TLS, "HTTP"},
		{PEER_GREET, ssh, sizeof(ssh) - 1, OUTCOME_NOT_TLS, "SSH"},
		{PEER_LAST_WORDS, http, sizeof(http) - 1, OUTCOME_NOT_TLS, "HTTP"},
		{PEER_ANSWER, garbage, sizeof(garbage) - 1, OUTCOME_TLS_ERROR, ""},
		{PEER_LAST_WORDS, alert, sizeof(alert) - 1, OUTCOME_TLS_ERROR, "unrecognized name"},
		{PEER_LAST_WORDS, garbage, 3, OUTCOME_CLOSED, "closed"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen seen;
		against_peer(rows[i].kind, rows[i].bytes, rows[i].len, 5000, &seen);
		assert_outcome(&seen, rows[i].outcome, "handshake", rows[i].error);
		assert_false(seen.ours);
	}
}

static void test_silent(void **state)
{
	(void)state;
	struct seen seen;
	against_peer(PEER_SILENT, NULL, 0, 60, &seen);
	assert_outcome(&seen, OUTCOME_TIMEOUT, "handshake", "handshake");
	assert_false(seen.ours);
}

static void test_certificates_then_trouble(void **state)
{
	(void)state;
	struct seen seen;
	size_t der_len, len;
	uint8_t *der = cert_der("leaf", &der_len);
	uint8_t *flight = first_flight((const uint8_t *const[]){der}, &der_len, 1, &len);

	against_peer(PEER_LAST_WORDS, flight, len, 5000, &seen);
	assert_outcome(&seen, OUTCOME_CLOSED, "handshake", "closed");
	assert_int_equal(seen.chain_len, 1);
	assert_int_equal(seen.leaf_len, der_len);
	against_peer(PEER_ANSWER, flight, len, 100, &seen);
	assert_outcome(&seen, OUTCOME_TIMEOUT, "handshake", "handshake");
	assert_int_equal(seen.chain_len, 1);
	mem_free(flight);
	mem_free(der);
}

static void test_malformed_leaf(void **state)
{
	(void)state;
	struct seen seen;
	size_t der_len = 40, len;
	uint8_t der[40] = {0x30, 0x26, 0x02};
	uint8_t *flight = first_flight((const uint8_t *const[]){der}, &der_len, 1, &len);

	against_peer(PEER_ANSWER, flight, len, 5000, &seen);
	assert_outcome(&seen, OUTCOME_TLS_ERROR, "handshake", "");
	assert_int_equal(seen.chain_len, 1); /* for the look to say what it is */
	mem_free(flight);
}

static void test_too_large(void **state)
{
	(void)state;
	struct seen seen;
	enum { COUNT = 10, EACH = 30000 };
	uint8_t *der = mem_new(EACH);
	const uint8_t *ders[COUNT];
	size_t lens[COUNT], len;

	memcpy(der, "\x30\x82\x75\x2c", 4);
	for (int i = 0; i < COUNT; i++) {
		ders[i] = der;
		lens[i] = EACH;
	}
	uint8_t *flight = first_flight(ders, lens, COUNT, &len);
	against_peer(PEER_ANSWER, flight, len, 5000, &seen);
	assert_outcome(&seen, OUTCOME_TOO_LARGE, "handshake", "");
	mem_free(flight);
	mem_free(der);
}

/* --- connecting ------------------------------------------------------------------------------ */

static void test_refused(void **state)
{
	(void)state;
	static const char *const hosts[] = {"127.0.0.1", "::1"};
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct loop *loop = loop_new();
		struct address address;
		struct seen seen;
		assert_true(address_parse(hosts[i], &address));
		address_set_port(&address, free_port(hosts[i]));
		probe_now(loop, &address, 5000, &seen);
		assert_outcome(&seen, OUTCOME_REFUSED, "connect", "connect: Connection refused");
		assert_false(seen.ours);
		loop_free(loop);
	}
}

/* A listener whose queue is full lets SYNs fall on the floor. */
static void test_silent_connect(void **state)
{
	(void)state;
	int fillers[4];
	struct loop *loop = loop_new();
	struct peer peer;
	struct seen seen;

	peer_start(&peer, loop, "127.0.0.1", PEER_SILENT, NULL, 0);
	assert_int_equal(listen(peer.listener, 0), 0);
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fillers[i], &peer.address.sa, address_len(&peer.address));
	}
	/* The peer must not accept meanwhile: a loop of its own for the probe. */
	struct loop *other = loop_new();
	probe_now(other, &peer.address, 60, &seen);
	assert_outcome(&seen, OUTCOME_TIMEOUT, "connect", "connect");
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++)
		close(fillers[i]);
	peer_stop(&peer);
	loop_free(other);
	loop_free(loop);
}

static void test_out_of_descriptors(void **state)
{
	(void)state;
	struct loop *loop = loop_new();
	struct peer peer;
	struct seen seen;
	struct rlimit before, none;

	peer_start(&peer, loop, "127.0.0.1", PEER_SILENT, NULL, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	int next = dup(0);
	close(next);
	none = before;
	none.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	probe_now(loop, &peer.address, 5000, &seen);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_outcome(&seen, OUTCOME_UNREACHABLE, "connect", "Too many open files");
	assert_true(seen.ours);
	peer_stop(&peer);
	loop_free(loop);
}

static bool without_route(void)
{
	struct loop *loop = loop_new();
	struct address address;
	struct seen seen;

	if (!address_parse("192.0.2.1", &address))
		return false;
	address_set_port(&address, 443);
	probe_now(loop, &address, 5000, &seen);
	loop_free(loop);
	session_context_free(context);
	return seen.outcome == OUTCOME_UNREACHABLE && seen.ours && !strcmp(seen.stage, "connect") &&
	       strstr(seen.error, "no route") && !route_exists(&address);
}

static void test_no_route(void **state)
{
	(void)state;
	in_own_network(without_route);
}

static void test_route(void **state)
{
	(void)state;
	struct address found[3], picked[3];
	int skipped = -1;

	assert_true(address_parse("127.0.0.1", &found[0]));
	assert_true(address_parse("::1", &found[1]));
	assert_true(address_parse("127.0.0.2", &found[2]));
	assert_true(route_exists(&found[0]));
	assert_int_equal(route_pick(FAMILY_AUTO, found, 3, picked, &skipped),
			 route_exists(&found[1]) ? 3 : 2);
	assert_int_equal(skipped, route_exists(&found[1]) ? 0 : 1);
	assert_int_equal(route_pick(FAMILY_ANY, found, 3, picked, &skipped), 3);
	assert_int_equal(skipped, 0);
	assert_int_equal(route_pick(FAMILY_6, found, 3, picked, &skipped), 1);
	assert_true(address_equal(&picked[0], &found[1]));
	assert_int_equal(route_pick(FAMILY_4, found, 3, picked, &skipped), 2);
	assert_true(address_equal(&picked[1], &found[2]));
	assert_int_equal(route_pick(FAMILY_6, found, 1, picked, &skipped), 0);
}

/* --- cancelling ------------------------------------------------------------------------------ */

static void test_cancel(void **state)
{
	(void)state;
	struct loop *loop = loop_new();
	struct peer peer;
	struct seen seen = {.loop = loop};

	peer_start(&peer, loop, "127.0.0.1", PEER_SILENT, NULL, 0);
	const struct probe_config config = {
		.address = peer.address, .context = context, .deadline_ms = 5000};
	probe_cancel(NULL);
	probe_cancel(probe_start(loop, &config, on_done, &seen)); /* before its first step */
	struct probe *probe = probe_start(loop, &config, on_done, &seen);
	while (peer.accepted == 0)
		loop_turn(loop);
	for (int i = 0; i < 10; i++)
		loop_turn(loop); /* into the handshake */
	probe_cancel(probe);
	while (peer.open > 0)
		loop_turn(loop); /* the connection is gone too */
	assert_int_equal(seen.calls, 0);
	peer_stop(&peer);
	loop_free(loop);
}

static void test_page(void **state)
{
	(void)state;
	struct loop *loop = loop_new();
	struct role_page page = {0};
	struct address address;
	struct seen seen = {.loop = loop};

	assert_true(address_parse("127.0.0.1", &address));
	address_set_port(&address, free_port("127.0.0.1"));
	const struct probe_config config = {.address = address,
					    .context = context,
					    .deadline_ms = 5000,
					    .page = &page,
					    .item = 7};
	probe_start(loop, &config, on_done, &seen);
	run_until(loop, &seen.done);
	assert_true(page.steps >= 1);
	assert_int_equal(page.item, 0); /* nobody is to blame between steps */
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls13),
		cmocka_unit_test(test_tls12_and_v6),
		cmocka_unit_test(test_client_certificate),
		cmocka_unit_test(test_no_common_version),
		cmocka_unit_test(test_misbehaving),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_certificates_then_trouble),
		cmocka_unit_test(test_malformed_leaf),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_silent_connect),
		cmocka_unit_test(test_out_of_descriptors),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_page),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
