/*
 * Names to addresses: against a DNS server that answers, lies and is silent; without one; and
 * the parts that need none.
 */
#include "tests/unit/loop_dns.h"
#include "tests/unit/loop_help.h"

#include "lib/base/mem.h"
#include "lib/loop/resolve_inside.h"

#include <arpa/inet.h>
#include <unistd.h>

#define PATIENCE_MS 15000

struct asking {
	struct loop *loop;
	struct dns *dns;
	struct resolver *resolver;
	struct resolve *resolve;
	int done;
	struct resolve_result result;
};

static void on_resolved(void *arg, const struct resolve_result *result)
{
	struct asking *asking = arg;

	asking->resolve = NULL;
	asking->result = *result;
	asking->done++;
}

static struct resolver *resolver_of(struct loop *loop, const struct resolver_config *config)
{
	struct err err;
	struct resolver *resolver = resolver_new(loop, config, &err);

	if (!resolver)
		fail_msg("%s", err.text);
	return resolver;
}

static int set_up(void **state)
{
	struct asking *asking = MEM_NEW(struct asking);
	struct resolver_config config = {.hosts_file = NULL};

	help_log();
	asking->loop = loop_new();
	asking->dns = dns_new(asking->loop);
	config.servers = dns_servers(asking->dns);
	asking->resolver = resolver_of(asking->loop, &config);
	*state = asking;
	return 0;
}

static int tear_down(void **state)
{
	struct asking *asking = *state;

	resolver_free(asking->resolver);
	dns_free(asking->dns);
	loop_free(asking->loop);
	mem_free(asking);
	return 0;
}

static const struct resolve_result *ask_for(struct asking *asking, const char *name, int families,
					    int64_t deadline_ms)
{
	asking->done = 0;
	asking->resolve = resolve_start(asking->resolver, name, families, deadline_ms, on_resolved,
					asking);
	assert_int_equal(asking->done, 0);
	UNTIL(asking->loop, asking->done);
	assert_int_equal(asking->done, 1);
	assert_null(asking->resolve);
	return &asking->result;
}

static const struct resolve_result *ask(struct asking *asking, const char *name)
{
	return ask_for(asking, name, RESOLVE_V4 | RESOLVE_V6, PATIENCE_MS);
}

static void assert_address(const struct resolve_result *result, size_t index, const char *text)
{
	char shown[ADDRESS_TEXT_MAX];

	assert_true(index < result->count);
	assert_string_equal(address_text(&result->addresses[index], shown), text);
}

/* --- answers ----------------------------------------------------------------------------- */

static void answers_are_read(void **state)
{
	static const struct {
		const char *name;
		enum resolve_status status;
		size_t count;
	} rows[] = {
		{"both.test", RESOLVE_OK, 2},
		{"both.example.test.", RESOLVE_OK, 2},
		{"BOTH.Upper.Test", RESOLVE_OK, 2},
		{"v4.test", RESOLVE_OK, 1},
		{"v6.test", RESOLVE_OK, 1},
		{"none.test", RESOLVE_NO_ADDRESS, 0},
		{"nx.test", RESOLVE_NO_NAME, 0},
		{"servfail.test", RESOLVE_SERVFAIL, 0},
		{"refused.test", RESOLVE_SERVFAIL, 0},
		{"both.invalid", RESOLVE_OK, 2},
		{"both.home.arpa", RESOLVE_OK, 2},
		{"both", RESOLVE_OK, 2},
		{"both.example.com", RESOLVE_OK, 2},
		{"stranger.test", RESOLVE_NO_ADDRESS, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct resolve_result *result = ask(*state, rows[i].name);

		if (result->status != rows[i].status || result->count != rows[i].count)
			fail_msg("%s: %s (%s), %zu addresses", rows[i].name,
				 resolve_status_text(result->status), result->detail,
				 result->count);
		assert_int_equal(result->detail[0] == '\0', result->status == RESOLVE_OK);
		assert_false(result->truncated);
	}
}

static void families_are_kept_apart(void **state)
{
	const struct resolve_result *result;

	result = ask(*state, "both.test");
	assert_true(dns_asked_for(((struct asking *)*state)->dns, "both.test"));
	assert_address(result, 0, "2001:db8::1");
	assert_address(result, 1, "192.0.2.1");
	result = ask_for(*state, "both.test", RESOLVE_V4, PATIENCE_MS);
	assert_int_equal(result->count, 1);
	assert_address(result, 0, "192.0.2.1");
	result = ask_for(*state, "both.test", RESOLVE_V6, PATIENCE_MS);
	assert_int_equal(result->count, 1);
	assert_address(result, 0, "2001:db8::1");
	result = ask_for(*state, "v4.test", RESOLVE_V6, PATIENCE_MS);
	assert_int_equal(result->status, RESOLVE_NO_ADDRESS);
}

static void aliases_are_followed(void **state)
{
	const struct resolve_result *result = ask(*state, "chain.test");

	assert_int_equal(result->status, RESOLVE_OK);
	assert_int_equal(result->count, 2);
	assert_address(result, 1, "192.0.2.1");
	result = ask(*state, "ring.test");
	assert_int_not_equal(result->status, RESOLVE_OK);
	assert_int_equal(result->count, 0);
}

static void many_addresses_are_cut(void **state)
{
	const struct resolve_result *result = ask(*state, "many.test");

	assert_int_equal(result->status, RESOLVE_OK);
	assert_int_equal(result->count, RESOLVE_ADDRESSES_MAX);
	assert_true(result->truncated);
}

static void truncated_answers_are_asked_by_tcp(void **state)
{
	struct asking *asking = *state;
	const struct resolve_result *result = ask_for(asking, "trunc.test", RESOLVE_V4,
						      PATIENCE_MS);

	assert_int_equal(result->status, RESOLVE_OK);
	assert_int_equal(result->count, RESOLVE_ADDRESSES_MAX);
	assert_true(dns_asked_tcp(asking->dns) > 0);
}

/* --- no answers -------------------------------------------------------------------------- */

static void silence_is_a_timeout(void **state)
{
	const struct resolve_result *result = ask_for(*state, "silent.test",
						      RESOLVE_V4 | RESOLVE_V6, 300);

	assert_int_equal(result->status, RESOLVE_TIMEOUT);
	assert_non_null(strstr(result->detail, "no answer"));
}

static void garbage_is_no_answer(void **state)
{
	const struct resolve_result *result = ask_for(*state, "garbage.test",
						      RESOLVE_V4 | RESOLVE_V6, 1000);

	assert_true(result->status == RESOLVE_TIMEOUT || result->status == RESOLVE_SERVFAIL);
}

static void one_family_does_not_wait_for_the_other(void **state)
{
	int64_t before = clock_mono_ms();
	const struct resolve_result *result = ask(*state, "silent6.test");

	assert_int_equal(result->status, RESOLVE_OK);
	assert_int_equal(result->count, 1);
	assert_address(result, 0, "192.0.2.1");
	assert_string_equal(result->detail, "no answer to AAAA in time");
	assert_true(clock_mono_ms() - before < PATIENCE_MS / 2);
}

static void a_dead_server_recovers_at_once(void **state)
{
	struct asking *asking = *state;

	dns_silence(asking->dns, true);
	assert_int_equal(ask_for(asking, "both.one.test", RESOLVE_V4, 1500)->status,
			 RESOLVE_TIMEOUT);
	dns_silence(asking->dns, false);
	assert_int_equal(ask(asking, "both.two.test")->status, RESOLVE_OK);
}

/* --- cancelling -------------------------------------------------------------------------- */

static void cancel_is_silent(void **state)
{
	struct asking *asking = *state;
	struct resolve *resolve;

	/* Before its first step, in the queue's place of a question under way, and with NULL. */
	resolve_cancel(resolve_start(asking->resolver, "held.a.test", RESOLVE_V4, PATIENCE_MS,
				     on_resolved, asking));
	resolve = resolve_start(asking->resolver, "held.b.test", RESOLVE_V4, PATIENCE_MS,
				on_resolved, asking);
	UNTIL(asking->loop, dns_held(asking->dns) == 1);
	resolve_cancel(resolve);
	resolve_cancel(NULL);
	assert_int_equal(asking->resolver->inflight, 0);
	dns_release(asking->dns);
	assert_int_equal(ask(asking, "both.test")->status, RESOLVE_OK);
	assert_int_equal(asking->done, 1);
}

static void freeing_the_resolver_cancels(void **state)
{
	struct asking *asking = *state;

	for (int i = 0; i < 20; i++)
		resolve_start(asking->resolver, i % 2 ? "held.test" : "silent.test",
			      RESOLVE_V4 | RESOLVE_V6, PATIENCE_MS, on_resolved, asking);
	UNTIL(asking->loop, dns_held(asking->dns) > 0);
	resolver_free(asking->resolver);
	asking->resolver = NULL;
	dns_release(asking->dns);
	help_idle(asking->loop);
	assert_int_equal(asking->done, 0);
}

static void on_resolved_free(void *arg, const struct resolve_result *result)
{
	struct asking *asking = arg;

	on_resolved(arg, result);
	resolver_free(asking->resolver);
	asking->resolver = NULL;
}

static void a_completion_may_free_the_resolver(void **state)
{
	struct asking *asking = *state;

	resolve_start(asking->resolver, "silent.test", RESOLVE_V4, PATIENCE_MS, on_resolved,
		      asking);
	resolve_start(asking->resolver, "both.test", RESOLVE_V4, PATIENCE_MS, on_resolved_free,
		      asking);
	UNTIL(asking->loop, asking->done);
	help_idle(asking->loop);
	assert_int_equal(asking->done, 1);
}

/* --- many at once ------------------------------------------------------------------------ */

#define CROWD 1500

struct crowd {
	int done[CROWD];
	struct one {
		struct crowd *crowd;
		struct resolve *resolve;
		int number;
	} ones[CROWD];
	int ok, failed;
};

static void on_one(void *arg, const struct resolve_result *result)
{
	struct one *one = arg;

	one->resolve = NULL;
	one->crowd->done[one->number]++;
	if (result->status == RESOLVE_OK)
		one->crowd->ok++;
	else
		one->crowd->failed++;
}

static void a_crowd_is_queued(void **state)
{
	struct asking *asking = *state;
	struct crowd *crowd = MEM_NEW(struct crowd);
	int64_t end = clock_mono_ms() + 4 * PATIENCE_MS;
	int cancelled = 0;

	for (int i = 0; i < CROWD; i++) {
		char name[64];

		snprintf(name, sizeof(name), "v4.n%d.test", i);
		crowd->ones[i] = (struct one){.crowd = crowd, .number = i};
		crowd->ones[i].resolve = resolve_start(asking->resolver, name, RESOLVE_V4,
						       4 * PATIENCE_MS, on_one, &crowd->ones[i]);
	}
	/* All begin in one turn, before an answer can be read. */
	loop_turn(asking->loop);
	assert_int_equal(asking->resolver->inflight, RESOLVE_INFLIGHT_MAX);
	assert_non_null(asking->resolver->queue);
	/* Some that were asked and some that wait. */
	for (int i = 0; i < CROWD; i += 7) {
		if (crowd->done[i])
			continue;
		resolve_cancel(crowd->ones[i].resolve);
		cancelled++;
	}
	while (crowd->ok + crowd->failed < CROWD - cancelled && clock_mono_ms() < end) {
		help_turn(asking->loop);
		assert_true(asking->resolver->inflight <= RESOLVE_INFLIGHT_MAX);
	}
	for (int i = 0; i < CROWD; i++)
		assert_int_equal(crowd->done[i], i % 7 ? 1 : 0);
	assert_int_equal(crowd->failed, 0);
	assert_int_equal(asking->resolver->inflight, 0);
	assert_null(asking->resolver->queue);
	mem_free(crowd);
}

static void the_queue_has_a_deadline(void **state)
{
	struct asking *asking = *state;

	for (int i = 0; i < RESOLVE_INFLIGHT_MAX; i++)
		resolve_start(asking->resolver, "silent.test", RESOLVE_V4, PATIENCE_MS, on_resolved,
			      asking);
	ask_for(asking, "both.test", RESOLVE_V4, 100);
	assert_int_equal(asking->result.status, RESOLVE_TIMEOUT);
	assert_non_null(strstr(asking->result.detail, "too many"));
}

/* --- without questions ------------------------------------------------------------------- */

static void some_names_need_no_question(void **state)
{
	static const struct {
		const char *name;
		int families;
		enum resolve_status status;
		size_t count;
	} rows[] = {
		{"192.0.2.7", 3, RESOLVE_OK, 1},
		{"2001:db8::7", 3, RESOLVE_OK, 1},
		{"2001:db8::7", RESOLVE_V4, RESOLVE_NO_ADDRESS, 0},
		{"localhost", 3, RESOLVE_OK, 2},
		{"web.localhost.", RESOLVE_V4, RESOLVE_OK, 1},
		{"", 3, RESOLVE_NO_NAME, 0},
		{".", 3, RESOLVE_NO_NAME, 0},
		{"a..b", 3, RESOLVE_NO_NAME, 0},
		{"-_x.a b", 3, RESOLVE_NO_NAME, 0},
		{"a\\065.test", 3, RESOLVE_NO_NAME, 0},
		{"a123456789b123456789c123456789d123456789e123456789f123456789g1234.test", 3,
		 RESOLVE_NO_NAME, 0},
	};
	struct asking *asking = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct resolve_result *result = ask_for(asking, rows[i].name,
							      rows[i].families, PATIENCE_MS);

		if (result->status != rows[i].status || result->count != rows[i].count)
			fail_msg("\"%s\": %s, %zu addresses", rows[i].name,
				 resolve_status_text(result->status), result->count);
	}
	assert_false(dns_asked_for(asking->dns, "localhost"));
	assert_false(dns_asked_for(asking->dns, "192."));
	assert_false(dns_asked_for(asking->dns, "a\\065"));
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void without_a_server(void **state)
{
	struct asking *asking = *state;
	struct resolver_config config = {
		.servers = "system", .resolv_conf = "no-such-file", .hosts_file = "hosts.tmp"};
	const struct resolve_result *result;

	write_file("hosts.tmp", "# comment\n"
				"192.0.2.9\tWeb.Corp web # alias\n"
				"2001:db8::9 web.corp.\n"
				"192.0.2.9 web.corp\n"
				"not-an-address web.corp\n"
				"192.0.2.10");
	resolver_free(asking->resolver);
	asking->resolver = resolver_of(asking->loop, &config);
	unlink("hosts.tmp");
	result = ask(asking, "web.corp");
	assert_int_equal(result->status, RESOLVE_OK);
	assert_int_equal(result->count, 2);
	assert_address(result, 0, "192.0.2.9");
	assert_address(result, 1, "2001:db8::9");
	assert_int_equal(ask_for(asking, "WEB", RESOLVE_V4, PATIENCE_MS)->count, 1);
	assert_int_equal(ask(asking, "192.0.2.1")->status, RESOLVE_OK);
	assert_int_equal(ask(asking, "both.never.test")->status, RESOLVE_NO_RESOLVER);
	assert_false(dns_asked_for(asking->dns, "both.never.test"));
	assert_false(dns_asked_for(asking->dns, "web"));
}

static void servers_come_from_resolv_conf(void **state)
{
	struct asking *asking = *state;
	struct resolver_config config = {.servers = "system", .resolv_conf = "resolv.tmp"};

	/* Nobody answers at port 53 of these; that they are asked is what counts. */
	write_file("resolv.tmp", "; comment\nsearch test\nnameserver nonsense\n"
				 "nameserver \t127.9.9.9 \nnameserver ::1\noptions edns0\n");
	resolver_free(asking->resolver);
	asking->resolver = resolver_of(asking->loop, &config);
	unlink("resolv.tmp");
	assert_non_null(asking->resolver->context);
	ask_for(asking, "both.test", RESOLVE_V4, 200);
	assert_true(asking->result.status == RESOLVE_TIMEOUT ||
		    asking->result.status == RESOLVE_SERVFAIL);
}

static void wrong_settings_are_told(void **state)
{
	static const struct {
		struct resolver_config config;
		const char *text;
	} rows[] = {
		{{.servers = "ns1.example.com"}, "ns1.example.com"},
		{{.servers = "127.0.0.1@0"}, "127.0.0.1@0"},
		{{.servers = "127.0.0.1,127.0.0.2@70000"}, "127.0.0.2@70000"},
		{{.servers = "127.0.0.1", .hosts_file = "/proc/self/mem/x"}, "/proc/self/mem/x"},
		{{.servers = "127.0.0.1", .trust_anchor = "this is no anchor"}, "trust anchor"},
	};
	struct asking *asking = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = {.class = ERR_NONE};

		assert_null(resolver_new(asking->loop, &rows[i].config, &err));
		if (err.class == ERR_NONE || !strstr(err.text, rows[i].text))
			fail_msg("row %zu: %s", i, err.text);
	}
}

/* --- DNSSEC ------------------------------------------------------------------------------ */

static void unsigned_answers_below_an_anchor_are_bogus(void **state)
{
	struct asking *asking = *state;
	struct resolver_config config = {.servers = dns_servers(asking->dns),
					 .trust_anchor = "; ours\nsigned.test. IN DS 12345 13 2 "
							 "0123456789abcdef0123456789abcdef"
							 "0123456789abcdef0123456789abcdef\n"};
	const struct resolve_result *result;

	resolver_free(asking->resolver);
	asking->resolver = resolver_of(asking->loop, &config);
	result = ask(asking, "both.signed.test");
	assert_int_equal(result->status, RESOLVE_BOGUS);
	assert_int_equal(result->count, 0);
	assert_true(result->detail[0] != '\0');
	assert_int_equal(ask(asking, "both.unsigned.test")->status, RESOLVE_OK);
}

/* --- addresses --------------------------------------------------------------------------- */

static void addresses_go_there_and_back(void **state)
{
	static const struct {
		const char *text;
		const char *shown; /* NULL: no address */
	} rows[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::1", "::1"},
		{"2001:DB8:0::1", "2001:db8::1"},
		{"fe80::1%lo", "fe80::1%lo"},
		{"fe80::1%1", "fe80::1%lo"},
		{"fe80::1%4000000000", "fe80::1%4000000000"},
		{"fe80::1%0", NULL},
		{"fe80::1%5000000000", NULL},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
		{"192.0.2.1%lo", NULL},
		{"fe80::1%nosuchzone", NULL},
		{"192.0.2", NULL},
		{"0300.0.2.1", NULL},
		{"[::1]", NULL},
		{"", NULL},
		{"1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20", NULL},
	};
	struct address address, other;
	char shown[ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(address_parse(rows[i].text, &address), rows[i].shown != NULL);
		if (rows[i].shown)
			assert_string_equal(address_text(&address, shown), rows[i].shown);
	}
	assert_true(address_parse("::1", &address) && address_parse("0::1", &other));
	address_set_port(&address, 443);
	assert_int_equal(ntohs(address.v6.sin6_port), 443);
	assert_int_equal(address_len(&address), sizeof(struct sockaddr_in6));
	assert_true(address_equal(&address, &other));
	assert_true(address_parse("127.0.0.1", &other));
	address_set_port(&other, 80);
	assert_int_equal(ntohs(other.v4.sin_port), 80);
	assert_int_equal(address_len(&other), sizeof(struct sockaddr_in));
	assert_false(address_equal(&address, &other));
}

/* --- packets alone ----------------------------------------------------------------------- */

static void packets_of_strangers_do_no_harm(void **state)
{
	uint8_t packet[64] = {0};
	struct resolve_answer answer = {.name = "x.test", .type = 1, .packet = packet};
	struct resolve_result result;

	(void)state;
	for (size_t len = 0; len <= sizeof(packet); len++) {
		for (int fill = 0; fill < 256; fill += 51) {
			memset(packet, fill, sizeof(packet));
			answer.packet_len = len;
			resolve_answer_read(&answer, &result);
			assert_int_equal(result.count, 0);
			assert_int_not_equal(result.status, RESOLVE_OK);
		}
	}
	answer.bogus = true;
	answer.why_bogus = "because\x1b[31m of\nthis";
	resolve_answer_read(&answer, &result);
	assert_int_equal(result.status, RESOLVE_BOGUS);
	assert_null(strchr(result.detail, '\n'));
	assert_null(strchr(result.detail, '\x1b'));
}

static void the_merge_tells_most(void **state)
{
	static const struct {
		enum resolve_status a, b, merged;
	} rows[] = {
		{RESOLVE_NO_ADDRESS, RESOLVE_NO_ADDRESS, RESOLVE_NO_ADDRESS},
		{RESOLVE_NO_NAME, RESOLVE_SERVFAIL, RESOLVE_NO_NAME},
		{RESOLVE_NO_ADDRESS, RESOLVE_TIMEOUT, RESOLVE_TIMEOUT},
		{RESOLVE_SERVFAIL, RESOLVE_TIMEOUT, RESOLVE_SERVFAIL},
		{RESOLVE_BOGUS, RESOLVE_NO_NAME, RESOLVE_BOGUS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct resolve_result a = {.status = rows[i].a}, b = {.status = rows[i].b}, out;
		const struct resolve_result *ab[] = {&a, &b}, *ba[] = {&b, &a};

		resolve_results_merge(ab, 2, &out);
		assert_int_equal(out.status, rows[i].merged);
		resolve_results_merge(ba, 2, &out);
		assert_int_equal(out.status, rows[i].merged);
	}
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(answers_are_read),
		TEST(families_are_kept_apart),
		TEST(aliases_are_followed),
		TEST(many_addresses_are_cut),
		TEST(truncated_answers_are_asked_by_tcp),
		TEST(silence_is_a_timeout),
		TEST(garbage_is_no_answer),
		TEST(one_family_does_not_wait_for_the_other),
		TEST(a_dead_server_recovers_at_once),
		TEST(cancel_is_silent),
		TEST(freeing_the_resolver_cancels),
		TEST(a_completion_may_free_the_resolver),
		TEST(a_crowd_is_queued),
		TEST(the_queue_has_a_deadline),
		TEST(some_names_need_no_question),
		TEST(without_a_server),
		TEST(servers_come_from_resolv_conf),
		TEST(wrong_settings_are_told),
		TEST(unsigned_answers_below_an_anchor_are_bogus),
		cmocka_unit_test(addresses_go_there_and_back),
		cmocka_unit_test(packets_of_strangers_do_no_harm),
		cmocka_unit_test(the_merge_tells_most),
	};

	help_enter_tmp();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
