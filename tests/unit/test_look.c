/*
 * One work item end to end, in this process: names from a scripted resolver, real handshakes with
 * openssl s_server and with peers that misbehave. What is told per endpoint, whose failure it is,
 * what "same" saves, and what the gates release.
 */
#include "lib/base/sys.h"
#include "tests/unit/fake_resolve.h"
#include "tests/unit/peers.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "probes/look.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int64_t now;

static struct session_context *context;
static struct anchors *anchors;

struct fixture {
	struct loop *loop;
	struct resolver *resolver;
	struct looks looks;
	struct role_page page;
};

struct seen {
	struct loop *loop;
	struct look_item *item;
	bool finished;
	struct msg_done done;
	size_t len;
	struct {
		struct endpoint endpoint;
		bool same;
		size_t ders_len;
		size_t leaf_len;
	} results[8];
};

static void begin(struct fixture *fixture, const struct fake_name *names,
		  const struct passes_config *gates)
{
	static const struct fake_name nothing[] = {{.name = NULL}};
	static const struct passes_config open = {0};

	memset(fixture, 0, sizeof(*fixture));
	fake_names = names ? names : nothing;
	fake_asked = fake_canaries = 0;
	fixture->loop = loop_new();
	fixture->resolver = resolver_new(fixture->loop, NULL, NULL);
	fixture->looks = (struct looks){
		.loop = fixture->loop,
		.lookups = lookups_new(fixture->loop, fixture->resolver),
		.passes = passes_new(fixture->loop, gates ? gates : &open),
		.context = context,
		.anchors = anchors,
		.page = &fixture->page,
	};
}

static void end(struct fixture *fixture)
{
	assert_int_equal(fixture->page.item, 0);
	passes_free(fixture->looks.passes);
	lookups_free(fixture->looks.lookups);
	resolver_free(fixture->resolver);
	loop_free(fixture->loop);
}

static void on_result(void *arg, const struct msg_result *result)
{
	struct seen *seen = arg;
	assert_true(seen->len < ARRAY_LEN(seen->results));
	assert_int_equal(result->item, 7);
	endpoint_copy(&seen->results[seen->len].endpoint, &result->endpoint);
	seen->results[seen->len].same = result->same;
	seen->results[seen->len].ders_len = result->ders_len;
	if (result->ders_len > 0)
		seen->results[seen->len].leaf_len = result->ders[0].len;
	seen->len++;
}

static void on_done(void *arg, const struct msg_done *done)
{
	struct seen *seen = arg;
	assert_false(seen->finished);
	assert_int_equal(done->item, 7);
	seen->finished = true;
	seen->item = NULL;
	seen->done = *done;
	loop_stop(seen->loop);
}

static void seen_finish(struct seen *seen)
{
	for (size_t i = 0; i < seen->len; i++)
		endpoint_finish(&seen->results[i].endpoint);
	seen->len = 0;
}

struct wish {
	const char *text;
	int64_t deadline_ms;
	bool one_address;
	enum family family;
	const struct msg_known *known;
	const char *server_name;
};

static void start(struct fixture *fixture, const struct wish *wish, struct seen *seen)
{
	struct msg_look look = {
		.item = 7,
		.now = now,
		.deadline_ms = wish->deadline_ms ? wish->deadline_ms : 5000,
		.all_addresses = !wish->one_address,
	};
	struct err err;

	if (!target_parse(&look.target, wish->text, "", NULL, &err))
		fail_msg("%s: %s", wish->text, err.text);
	look.target.policy.family = wish->family;
	look.target.server_name = str_dup(wish->server_name);
	if (wish->known) {
		look.known = mem_dup(wish->known, sizeof(*wish->known));
		look.known_len = 1;
	}
	*seen = (struct seen){.loop = fixture->loop};
	seen->item = look_item_start(&fixture->looks, &look, on_result, on_done, seen);
	assert_null(look.target.host); /* moved in */
	assert_false(seen->finished);
}

static void look_now(struct fixture *fixture, const struct wish *wish, struct seen *seen)
{
	start(fixture, wish, seen);
	run_until(fixture->loop, &seen->finished);
}

static const char *at_port(const char *format, uint16_t port)
{
	static char text[256];
	snprintf(text, sizeof(text), "%.*s%u%s", (int)strcspn(format, "%"), format, port,
		 strchr(format, '%') + 1);
	return text;
}

static void assert_endpoint(const struct seen *seen, size_t i, enum outcome outcome,
			    const char *stage, const char *error)
{
	const struct endpoint *endpoint = &seen->results[i].endpoint;
	assert_true(i < seen->len);
	if (endpoint->outcome != outcome || !str_eq(endpoint->stage, stage))
		fail_msg("%s at %s (%s), not %s at %s", outcome_text(endpoint->outcome),
			 endpoint->stage, endpoint->error ? endpoint->error : "",
			 outcome_text(outcome), stage);
	if (error && !strstr(endpoint->error ? endpoint->error : "", error))
		fail_msg("\"%s\" does not tell of \"%s\"", endpoint->error, error);
	assert_in_range(endpoint->probed_at, now, now + 10000);
}

static int group_setup(void **state)
{
	(void)state;
	struct err err;
	size_t len;
	/* Not the moment itself: what is told is reckoned from the time in the item. */
	now = clock_wall_ms() + 30 * MS_DAY;
	cert_make(&(struct cert_wish){.name = "root", .cn = "Root", .ca = true, .days = 3000});
	cert_make(&(struct cert_wish){
		.name = "inter", .cn = "Inter", .issuer = "root", .ca = true, .days = 2000});
	cert_make(&(struct cert_wish){.name = "leaf",
				      .cn = "leaf.test",
				      .issuer = "inter",
				      .names = "DNS:leaf.test,IP:127.0.0.1",
				      .days = 2500});
	context = session_context_new(true, &err);
	uint8_t *pem = slurp(work_path("root.pem"), &len);
	anchors = anchors_new(pem, len, &err);
	mem_free(pem);
	return context && anchors ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	session_context_free(context);
	anchors_free(anchors);
	return 0;
}

static void serve(struct server *server, const char *host, const char *const *extra)
{
	const char *args[32] = {"-cert",       work_path("leaf.pem"), "-key", work_path("leaf.key"),
				"-cert_chain", work_path("inter.pem")};
	size_t count = 6;
	while (extra && *extra)
		args[count++] = *extra++;
	server_start(server, host, args);
}

/* --- what was seen --------------------------------------------------------------------------- */

static void test_literal(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server server;
	struct seen seen;

	begin(&fixture, NULL, NULL);
	serve(&server, "127.0.0.1", NULL);
	look_now(&fixture, &(struct wish){.text = at_port("127.0.0.1:%", server.port)}, &seen);
	assert_int_equal(seen.len, 1);
	assert_endpoint(&seen, 0, OUTCOME_OK, "done", NULL);
	const struct endpoint *endpoint = &seen.results[0].endpoint;
	assert_string_equal(endpoint->address, "127.0.0.1");
	assert_true(endpoint->proof);
	assert_string_equal(endpoint->tls_version, "TLSv1.3");
	assert_string_equal(endpoint->tls_group, "X25519");
	assert_true(endpoint->has_cert);
	assert_string_equal(endpoint->cert.common_name, "leaf.test");
	assert_int_equal(endpoint->chain_len, 1);
	assert_string_equal(endpoint->chain[0].subject, "CN=Inter");
	/* The intermediate ends before the leaf: earliest as sent. */
	assert_string_equal(endpoint->earliest_expiry.sha256, endpoint->chain[0].sha256);
	assert_int_equal(endpoint->trust, TRUST_TRUSTED);
	assert_null(endpoint->trust_detail);
	assert_string_equal(endpoint->trust_generation, anchors_generation(anchors));
	assert_string_equal(endpoint->path_expiry.sha256, endpoint->chain[0].sha256);
	assert_int_equal(endpoint->path_expiry.not_after, endpoint->chain[0].not_after);
	assert_int_equal(endpoint->name_matches, 1); /* by its iPAddress */
	assert_int_equal(seen.results[0].ders_len, 2);
	assert_false(seen.results[0].same);
	assert_false(seen.done.ours || seen.done.released);
	assert_int_equal(fake_asked, 0);
	seen_finish(&seen);
	server_stop(&server);
	end(&fixture);
}

static void test_no_anchors_and_other_name(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server server;
	struct seen seen;

	begin(&fixture, NULL, NULL);
	fixture.looks.anchors = NULL;
	serve(&server, "127.0.0.1", NULL);
	look_now(&fixture, &(struct wish){.text = at_port("other.test:%@127.0.0.1", server.port)},
		 &seen);
	assert_endpoint(&seen, 0, OUTCOME_OK, "done", NULL);
	assert_int_equal(seen.results[0].endpoint.trust, TRUST_UNKNOWN);
	assert_int_equal(seen.results[0].endpoint.path_expiry.not_after, TIME_UNKNOWN);
	assert_int_equal(seen.results[0].endpoint.name_matches, 0);
	seen_finish(&seen);
	server_stop(&server);
	end(&fixture);
}

static void test_not_yet_valid(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server server;
	struct seen seen;
	struct msg_look look = {.item = 7, .deadline_ms = 5000, .all_addresses = true};
	struct err err;

	begin(&fixture, NULL, NULL);
	serve(&server, "127.0.0.1", NULL);
	look.now = 1000; /* 1970 */
	assert_true(
		target_parse(&look.target, at_port("127.0.0.1:%", server.port), "", NULL, &err));
	seen = (struct seen){.loop = fixture.loop};
	seen.item = look_item_start(&fixture.looks, &look, on_result, on_done, &seen);
	run_until(fixture.loop, &seen.finished);
	assert_int_equal(seen.results[0].endpoint.trust, TRUST_TIME);
	/* Withheld, so that nobody takes the verdict for good until then. */
	assert_int_equal(seen.results[0].endpoint.path_expiry.not_after, TIME_UNKNOWN);
	seen_finish(&seen);
	server_stop(&server);
	end(&fixture);
}

/* The server refuses any name but its own, and says so. */
static void test_server_name(void **state)
{
	(void)state;
	static const struct fake_name names[] = {
		{.name = "place.test", .addresses = {"127.0.0.1"}},
		{.name = NULL},
	};
	struct fixture fixture;
	struct server server;
	struct {
		const char *text, *server_name;
		enum outcome outcome;
	} rows[] = {
		{"leaf.test:%@127.0.0.1", NULL, OUTCOME_OK},
		{"leaf.test:%@place.test", NULL, OUTCOME_OK},
		{"place.test:%", "leaf.test", OUTCOME_OK},
		{"other.test:%@127.0.0.1", NULL, OUTCOME_TLS_ERROR},
		{"127.0.0.1:%", NULL, OUTCOME_OK}, /* none is sent for an address */
	};

	serve(&server, "127.0.0.1",
	      (const char *const[]){"-servername", "leaf.test", "-servername_fatal", "-cert2",
				    work_path("leaf.pem"), "-key2", work_path("leaf.key"), NULL});
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen seen;
		begin(&fixture, names, NULL);
		look_now(&fixture,
			 &(struct wish){.text = at_port(rows[i].text, server.port),
					.server_name = rows[i].server_name},
			 &seen);
		assert_int_equal(seen.len, 1);
		assert_endpoint(&seen, 0, rows[i].outcome,
				rows[i].outcome == OUTCOME_OK ? "done" : "handshake",
				rows[i].outcome == OUTCOME_OK ? NULL : "unrecognized name");
		seen_finish(&seen);
		end(&fixture);
	}
	server_stop(&server);
}

/* --- same ------------------------------------------------------------------------------------ */

static void test_same(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server server;
	struct seen seen;
	struct msg_known known = {.address = "127.0.0.1", .chain_len = 2};

	begin(&fixture, NULL, NULL);
	serve(&server, "127.0.0.1", NULL);
	struct wish wish = {.text = at_port("127.0.0.1:%", server.port)};
	look_now(&fixture, &wish, &seen);
	struct endpoint *first = &seen.results[0].endpoint;
	str_copy(known.chain[0], sizeof(known.chain[0]), first->cert.sha256);
	str_copy(known.chain[1], sizeof(known.chain[1]), first->chain[0].sha256);
	str_copy(known.generation, sizeof(known.generation), first->trust_generation);
	known.path_until = first->path_expiry.not_after;
	seen_finish(&seen);

	wish.known = &known;
	look_now(&fixture, &wish, &seen);
	assert_endpoint(&seen, 0, OUTCOME_OK, "done", NULL);
	assert_true(seen.results[0].same);
	assert_true(seen.results[0].endpoint.proof);
	assert_false(seen.results[0].endpoint.has_cert);
	assert_int_equal(seen.results[0].ders_len, 0);
	seen_finish(&seen);

	for (int i = 0; i < 6; i++) {
		struct msg_known other = known;
		if (i == 0)
			other.path_until = now; /* has passed */
		else if (i == 1)
			other.path_until = TIME_UNKNOWN; /* was not trusted */
		else if (i == 2)
			other.generation[0] ^= 1;
		else if (i == 3)
			other.chain[1][5] ^= 1;
		else if (i == 4)
			other.chain_len = 1;
		else
			str_copy(other.address, sizeof(other.address), "127.0.0.2");
		wish.known = &other;
		look_now(&fixture, &wish, &seen);
		assert_false(seen.results[0].same);
		assert_true(seen.results[0].endpoint.has_cert);
		seen_finish(&seen);
	}
	server_stop(&server);
	end(&fixture);
}

/* --- certificates and trouble ---------------------------------------------------------------- */

static void against_flight(const uint8_t *der, size_t der_len, enum peer_kind kind,
			   struct seen *seen)
{
	struct fixture fixture;
	struct peer peer;
	size_t len;
	uint8_t *flight = first_flight(&der, &der_len, 1, &len);

	begin(&fixture, NULL, NULL);
	peer_start(&peer, fixture.loop, "127.0.0.1", kind, flight, len);
	look_now(&fixture,
		 &(struct wish){.text = at_port("leaf.test:%@127.0.0.1", peer.port),
				.deadline_ms = 400},
		 seen);
	peer_stop(&peer);
	end(&fixture);
	mem_free(flight);
}

static void test_failed_handshake_reports(void **state)
{
	(void)state;
	static const struct {
		enum peer_kind kind;
		enum outcome outcome;
	} rows[] = {{PEER_LAST_WORDS, OUTCOME_CLOSED}, {PEER_ANSWER, OUTCOME_TIMEOUT}};
	size_t len;
	uint8_t *der = cert_der("leaf", &len);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen seen;
		against_flight(der, len, rows[i].kind, &seen);
		assert_endpoint(&seen, 0, rows[i].outcome, "handshake", NULL);
		assert_true(seen.results[0].endpoint.has_cert);
		assert_false(seen.results[0].endpoint.proof);
		assert_int_equal(seen.results[0].endpoint.trust, TRUST_ISSUER_MISSING);
		assert_int_equal(seen.results[0].endpoint.name_matches, 1);
		assert_int_equal(seen.results[0].leaf_len, len);
		assert_false(seen.done.ours);
		seen_finish(&seen);
	}
	mem_free(der);
}

static void test_bad_leaf(void **state)
{
	(void)state;
	static const uint8_t junk[40] = {0x30, 0x26, 0x02};
	struct seen seen;
	against_flight(junk, sizeof(junk), PEER_ANSWER, &seen);
	assert_endpoint(&seen, 0, OUTCOME_BAD_CERTIFICATE, "handshake", "malformed certificate");
	assert_false(seen.results[0].endpoint.has_cert);
	assert_int_equal(seen.results[0].ders_len, 0);
	seen_finish(&seen);
	/* A connection that ended by itself keeps its own word. */
	against_flight(junk, sizeof(junk), PEER_LAST_WORDS, &seen);
	assert_false(seen.results[0].endpoint.has_cert);
	seen_finish(&seen);
}

/* --- addresses ------------------------------------------------------------------------------- */

static const struct fake_name places[] = {
	{.name = "two.test", .addresses = {"127.0.0.2", "127.0.0.1"}, .after_ms = 3},
	{.name = "dual.test", .addresses = {"::1", "127.0.0.1"}},
	{.name = "none.test", .status = RESOLVE_NO_NAME},
	{.name = "nowhere.test", .status = RESOLVE_NO_RESOLVER},
	{.name = NULL},
};

static void test_all_addresses(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server server;
	struct seen seen;

	begin(&fixture, places, NULL);
	serve(&server, "127.0.0.1", NULL);
	look_now(&fixture, &(struct wish){.text = at_port("two.test:%", server.port)}, &seen);
	assert_int_equal(seen.len, 2);
	assert_endpoint(&seen, 0, OUTCOME_REFUSED, "connect", NULL);
	assert_string_equal(seen.results[0].endpoint.address, "127.0.0.2");
	assert_endpoint(&seen, 1, OUTCOME_OK, "done", NULL);
	assert_string_equal(seen.results[1].endpoint.address, "127.0.0.1");
	assert_false(seen.done.ours);
	seen_finish(&seen);
	server_stop(&server);
	end(&fixture);
}

static void test_one_address(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server server;
	struct seen seen;
	struct wish wish = {.one_address = true};

	begin(&fixture, places, NULL);
	serve(&server, "127.0.0.1", NULL);
	wish.text = at_port("two.test:%", server.port);
	look_now(&fixture, &wish, &seen);
	assert_int_equal(seen.len, 1); /* the one that answered, though the first did not */
	assert_endpoint(&seen, 0, OUTCOME_OK, "done", NULL);
	seen_finish(&seen);
	server_stop(&server);

	wish.text = at_port("two.test:%", free_port("127.0.0.1"));
	look_now(&fixture, &wish, &seen);
	assert_int_equal(seen.len, 1); /* none did: the first one's word */
	assert_endpoint(&seen, 0, OUTCOME_REFUSED, "connect", NULL);
	assert_string_equal(seen.results[0].endpoint.address, "127.0.0.2");
	seen_finish(&seen);
	end(&fixture);
}

/* A first address that is silent is not waited for alone. */
static void test_one_address_staggered(void **state)
{
	(void)state;
	static const struct fake_name names[] = {
		{.name = "slow.test", .addresses = {"::1", "127.0.0.1"}},
		{.name = NULL},
	};
	struct fixture fixture;
	struct peer silent, other;
	struct seen seen;

	begin(&fixture, names, NULL);
	peer_start(&silent, fixture.loop, "::1", PEER_SILENT, NULL, 0);
	/* The same port on the other family, if nobody has it. */
	peer_start_at(&other, fixture.loop, "127.0.0.1", silent.port, PEER_CLOSE);
	look_now(&fixture,
		 &(struct wish){.text = at_port("slow.test:%", silent.port),
				.one_address = true,
				.deadline_ms = 2000},
		 &seen);
	assert_int_equal(seen.len, 1);
	assert_endpoint(&seen, 0, OUTCOME_CLOSED, "handshake", NULL);
	assert_int_equal(silent.accepted, 1);
	seen_finish(&seen);
	peer_stop(&silent);
	peer_stop(&other);
	end(&fixture);
}

static void test_families(void **state)
{
	(void)state;
	static const struct {
		enum family family;
		int asked;
		size_t results;
	} rows[] = {
		{FAMILY_AUTO, RESOLVE_V4 | RESOLVE_V6, 2},
		{FAMILY_ANY, RESOLVE_V4 | RESOLVE_V6, 2},
		{FAMILY_4, RESOLVE_V4, 1},
		{FAMILY_6, RESOLVE_V6, 1},
	};
	uint16_t port = free_port("127.0.0.1");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture fixture;
		struct seen seen;
		begin(&fixture, places, NULL);
		look_now(&fixture,
			 &(struct wish){.text = at_port("dual.test:%", port),
					.family = rows[i].family},
			 &seen);
		assert_int_equal(fake_families, rows[i].asked);
		assert_int_equal(seen.len, rows[i].results);
		assert_int_equal(seen.done.families_skipped, 0);
		seen_finish(&seen);
		end(&fixture);
	}
}

static bool look_without_v6(const char *text, enum family family, struct seen *seen)
{
	static const struct fake_name names[] = {
		{.name = "dual.test", .addresses = {"2001:db8::1", "127.0.0.1", "2001:db8::2"}},
		{.name = "six.test", .addresses = {"2001:db8::1"}},
		{.name = NULL},
	};
	struct fixture fixture;

	begin(&fixture, names, NULL);
	look_now(&fixture, &(struct wish){.text = text, .family = family}, seen);
	end(&fixture);
	seen->item = NULL;
	bool unreachable = seen->results[0].endpoint.outcome == OUTCOME_UNREACHABLE;
	size_t len = seen->len;
	seen_finish(seen);
	seen->len = len;
	return unreachable;
}

static bool without_v6(void)
{
	struct seen seen;
	bool right = true;

	right &= !look_without_v6("dual.test:1", FAMILY_AUTO, &seen);
	right &= seen.len == 1 && seen.done.families_skipped == 2 && !seen.done.ours;
	right &= look_without_v6("dual.test:1", FAMILY_ANY, &seen);
	right &= seen.len == 3 && seen.done.families_skipped == 0 && !seen.done.ours;
	right &= look_without_v6("six.test:1", FAMILY_AUTO, &seen);
	right &= seen.len == 1 && seen.done.families_skipped == 0 && seen.done.ours;
	right &= look_without_v6("six.test:1", FAMILY_6, &seen);
	right &= seen.len == 1 && seen.done.ours;
	group_teardown(NULL);
	return right;
}

static void test_family_without_route(void **state)
{
	(void)state;
	in_own_network(without_v6);
}

static void test_literal_of_other_family(void **state)
{
	(void)state;
	struct fixture fixture;
	struct seen seen;
	begin(&fixture, NULL, NULL);
	look_now(&fixture, &(struct wish){.text = "127.0.0.1:443", .family = FAMILY_6}, &seen);
	assert_int_equal(seen.len, 1);
	assert_endpoint(&seen, 0, OUTCOME_DNS_ERROR, "resolve", "no address of the family");
	assert_false(seen.done.ours);
	seen_finish(&seen);
	end(&fixture);
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
		bool ours;
	} rows[] = {
		{"none.test:443", "no such name", false},
		{"nowhere.test:443", "no resolver is configured", true},
		{"x.test:443@none.test", "no such name", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture fixture;
		struct seen seen;
		begin(&fixture, places, NULL);
		look_now(&fixture, &(struct wish){.text = rows[i].text}, &seen);
		assert_int_equal(seen.len, 1);
		assert_endpoint(&seen, 0, OUTCOME_DNS_ERROR, "resolve", rows[i].error);
		assert_string_equal(seen.results[0].endpoint.address, "");
		assert_int_equal(seen.done.ours, rows[i].ours);
		seen_finish(&seen);
		end(&fixture);
	}
}

/* --- gates ----------------------------------------------------------------------------------- */

static void test_per_address_releases(void **state)
{
	(void)state;
	enum { ITEMS = 6 };
	struct fixture fixture;
	struct peer silent;
	struct seen seen[ITEMS];
	size_t released = 0;

	begin(&fixture, NULL, &(struct passes_config){.per_address = 2});
	peer_start(&silent, fixture.loop, "127.0.0.1", PEER_SILENT, NULL, 0);
	for (size_t i = 0; i < ITEMS; i++)
		start(&fixture,
		      &(struct wish){.text = at_port("127.0.0.1:%", silent.port),
				     .deadline_ms = 200},
		      &seen[i]);
	for (size_t i = 0; i < ITEMS; i++) {
		run_until(fixture.loop, &seen[i].finished);
		assert_int_equal(seen[i].len, seen[i].done.released ? 0 : 1);
		if (seen[i].len > 0)
			assert_endpoint(&seen[i], 0, OUTCOME_TIMEOUT, "handshake", "handshake");
		assert_false(seen[i].done.ours);
		released += seen[i].done.released;
		seen_finish(&seen[i]);
	}
	assert_int_equal(released, ITEMS - 2);
	assert_int_equal(silent.accepted, 2);
	peer_stop(&silent);
	end(&fixture);
}

/* Once one address was begun, the others are told, as what says nothing of the target. */
static void test_begun_is_not_released(void **state)
{
	(void)state;
	struct fixture fixture;
	struct peer silent;
	struct seen seen;

	begin(&fixture, places, &(struct passes_config){.concurrency = 1});
	peer_start(&silent, fixture.loop, "0.0.0.0", PEER_SILENT, NULL, 0);
	look_now(&fixture,
		 &(struct wish){.text = at_port("two.test:%", silent.port), .deadline_ms = 200},
		 &seen);
	assert_int_equal(seen.len, 2);
	assert_endpoint(&seen, 0, OUTCOME_CANCELLED, "connect", "not looked at");
	assert_endpoint(&seen, 1, OUTCOME_TIMEOUT, "handshake", NULL);
	assert_false(seen.done.released);
	seen_finish(&seen);
	peer_stop(&silent);
	end(&fixture);
}

static void test_waits_for_its_turn(void **state)
{
	(void)state;
	struct fixture fixture;
	struct server server;
	struct seen seen[5];

	begin(&fixture, NULL, &(struct passes_config){.concurrency = 1, .per_address = 4});
	serve(&server, "127.0.0.1", NULL);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		start(&fixture, &(struct wish){.text = at_port("127.0.0.1:%", server.port)},
		      &seen[i]);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		run_until(fixture.loop, &seen[i].finished);
		assert_endpoint(&seen[i], 0, OUTCOME_OK, "done", NULL);
		seen_finish(&seen[i]);
	}
	server_stop(&server);
	end(&fixture);
}

/* --- cancelling ------------------------------------------------------------------------------ */

static void test_cancel(void **state)
{
	(void)state;
	static const struct fake_name names[] = {
		{.name = "silent.test", .silent = true},
		{.name = NULL},
	};
	struct fixture fixture;
	struct peer silent;
	struct seen seen;

	begin(&fixture, names, &(struct passes_config){.per_address = 1});
	peer_start(&silent, fixture.loop, "127.0.0.1", PEER_SILENT, NULL, 0);
	look_item_cancel(NULL);
	start(&fixture, &(struct wish){.text = "silent.test:1"}, &seen);
	look_item_cancel(seen.item); /* before its first step */
	start(&fixture, &(struct wish){.text = "silent.test:1"}, &seen);
	for (int i = 0; i < 5; i++)
		loop_turn(fixture.loop);
	look_item_cancel(seen.item); /* while its name is looked up */
	struct seen waits;
	start(&fixture, &(struct wish){.text = at_port("127.0.0.1:%", silent.port)}, &seen);
	start(&fixture, &(struct wish){.text = at_port("127.0.0.1:%", silent.port)}, &waits);
	while (silent.accepted == 0)
		loop_turn(fixture.loop);
	look_item_cancel(waits.item); /* while it waits for its pass */
	look_item_cancel(seen.item);  /* in the handshake */
	while (silent.open > 0)
		loop_turn(fixture.loop);
	assert_false(seen.finished || waits.finished);
	peer_stop(&silent);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_literal),
		cmocka_unit_test(test_no_anchors_and_other_name),
		cmocka_unit_test(test_not_yet_valid),
		cmocka_unit_test(test_server_name),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_failed_handshake_reports),
		cmocka_unit_test(test_bad_leaf),
		cmocka_unit_test(test_all_addresses),
		cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_one_address_staggered),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_family_without_route),
		cmocka_unit_test(test_literal_of_other_family),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_per_address_releases),
		cmocka_unit_test(test_begun_is_not_released),
		cmocka_unit_test(test_waits_for_its_turn),
		cmocka_unit_test(test_cancel),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
