/*
 * The prober as the process it is: started again from this program, behind its real sandbox, spoken
 * to over its channel. Names through libunbound from a DNS server of the test's own. Linked with
 * the poisoned variant of the library, to see that the page names who killed or held it.
 */
#include "lib/base/sys.h"
#include "tests/unit/peers.h"
#include "tests/unit/role_client.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "probes/forwarders.h"
#include "probes/prober.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static char hosts[] = "/dev/null";
static char nothing[] = "";

static struct msg_setup setup_of(const char *roots, const char *resolver)
{
	return (struct msg_setup){
		.roots = (char *)roots,
		.resolver = (char *)resolver,
		.hosts_file = hosts,
		.concurrency = 100,
		.per_address = 4,
		.log_level = 1,
	};
}

static void send_look(struct client *client, uint64_t item, const char *text, int64_t deadline_ms)
{
	struct msg_look look = {
		.item = item,
		.now = clock_wall_ms(),
		.deadline_ms = deadline_ms,
		.all_addresses = true,
	};
	struct err err;
	if (!target_parse(&look.target, text, "", NULL, &err))
		fail_msg("%s", err.text);
	assert_true(msg_send_look(client->role.channel, &look));
	msg_look_finish(&look);
}

static const char *with_port(const char *before, uint16_t port, const char *after)
{
	static char text[256];
	snprintf(text, sizeof(text), "%s:%u%s", before, port, after);
	return text;
}

static int group_setup(void **state)
{
	(void)state;
	static const char *const names[] = {"leaf", "crash", "stall"};
	static const char *const cns[] = {"leaf.test", "poison.crash.test", "poison.stall.test"};
	cert_make(&(struct cert_wish){.name = "root", .cn = "Root", .ca = true, .days = 3000});
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		cert_make(&(struct cert_wish){.name = names[i],
					      .cn = cns[i],
					      .issuer = "root",
					      .names = "DNS:leaf.test",
					      .days = 2500});
	return 0;
}

static void serve(struct server *server, const char *name)
{
	char cert[64], key[64];
	snprintf(cert, sizeof(cert), "%s.pem", name);
	snprintf(key, sizeof(key), "%s.key", name);
	server_start(server, "127.0.0.1",
		     (const char *const[]){"-cert", work_path(cert), "-key", work_path(key), NULL});
}

static void test_look(void **state)
{
	(void)state;
	static const struct dns_row names[] = {
		{.name = "leaf.test.example", .v4 = "127.0.0.1"},
		{.name = "none.test.example", .rcode = 3},
		{.name = NULL},
	};
	struct client *client = client_new("prober");
	struct dns dns;
	struct server server;

	serve(&server, "leaf");
	dns_start(&dns, client->loop, names);
	struct msg_setup setup = setup_of(work_path("root.pem"), dns.servers);
	client_setup(client, &setup);
	assert_int_equal(client->facts.roots, 1);
	assert_int_equal(strlen(client->facts.generation), 16);
	assert_int_equal(client->facts.resolvers, 1);
	assert_string_equal(client->facts.warning, "");
	assert_int_equal(client->role.page->pending, 0);

	send_look(client, 5, with_port("leaf.test", server.port, "@leaf.test.example"), 5000);
	send_look(client, 6, "none.test.example:443", 5000);
	client_wait_done(client, 2);
	assert_int_equal(client->results_len, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct client_result *result = &client->results[i];
		if (result->item == 6) {
			assert_int_equal(result->endpoint.outcome, OUTCOME_DNS_ERROR);
			assert_string_equal(result->endpoint.error, "no such name");
			continue;
		}
		assert_int_equal(result->endpoint.outcome, OUTCOME_OK);
		assert_true(result->endpoint.proof);
		assert_string_equal(result->endpoint.address, "127.0.0.1");
		assert_int_equal(result->endpoint.trust, TRUST_TRUSTED);
		assert_int_equal(result->endpoint.name_matches, 1);
		assert_int_equal(result->ders_len, 1);
		assert_true(result->leaf_len > 200);
	}
	client_wait_idle(client);
	assert_true(client->role.page->steps > 4);
	assert_int_equal(client->role.page->pending, 0);
	dns_stop(&dns);
	server_stop(&server);
	assert_int_equal(client->lines, 0);
	assert_int_equal(client_end(client), 0);
}

/* libunbound itself: a name that is silent while the resolver lives, and the same while it is away
 * and only the cache still answers. */
static void test_resolver_away(void **state)
{
	(void)state;
	static const struct dns_row living[] = {
		{.name = "cached.test.example", .v4 = "127.0.0.1"},
		{.name = "dead.test.example", .silent = true},
		{.name = "*", .rcode = 3},
		{.name = NULL},
	};
	static const struct dns_row away[] = {{.name = NULL}};
	struct client *client = client_new("prober");
	struct peer closes;
	struct dns dns;

	dns_start(&dns, client->loop, living);
	peer_start(&closes, client->loop, "127.0.0.1", PEER_CLOSE, NULL, 0);
	struct msg_setup setup = setup_of(NULL, dns.servers);
	client_setup(client, &setup);
	send_look(client, 1, with_port("cached.test.example", closes.port, ""), 2000);
	send_look(client, 2, "dead.test.example:443", 1200);
	client_wait_done(client, 2);
	assert_int_equal(client->dones[1].item, 2);
	assert_false(client->dones[1].ours);

	dns.rows = away;
	size_t asked = dns.asked;
	send_look(client, 3, "other.test.example:443", 1200);
	send_look(client, 4, with_port("cached.test.example", closes.port, ""), 2000);
	client_wait_done(client, 4);
	assert_int_equal(client->dones[2].item, 4); /* out of the cache */
	assert_int_equal(client->results[2].endpoint.outcome, OUTCOME_CLOSED);
	assert_int_equal(client->dones[3].item, 3);
	assert_true(client->dones[3].ours);
	assert_true(dns.asked > asked);
	peer_stop(&closes);
	dns_stop(&dns);
	assert_int_equal(client_end(client), 0);
}

static void test_cancel(void **state)
{
	(void)state;
	struct msg_setup setup = setup_of(NULL, nothing);
	struct client *client = client_start("prober", &setup);
	struct peer silent;

	assert_int_equal(client->facts.roots, 0);
	assert_int_equal(client->facts.resolvers, 0);
	peer_start(&silent, client->loop, "127.0.0.1", PEER_SILENT, NULL, 0);
	send_look(client, 1, with_port("127.0.0.1", silent.port, ""), 5000);
	while (silent.open == 0)
		loop_turn(client->loop);
	assert_int_equal(client->role.page->pending, 1);
	assert_true(msg_send_cancel(client->role.channel, 1));
	assert_true(msg_send_cancel(client->role.channel, 99)); /* was done long ago */
	while (silent.open > 0)
		loop_turn(client->loop);
	/* Silence: the next item's words are the first. */
	send_look(client, 2, "some.test:443", 5000);
	client_wait_done(client, 1);
	assert_int_equal(client->dones[0].item, 2);
	assert_true(client->dones[0].ours);
	assert_string_equal(client->results[0].endpoint.error, "no resolver is configured");
	assert_int_equal(client->results_len, 1);
	/* The channel ends while work is in flight. */
	send_look(client, 3, with_port("127.0.0.1", silent.port, ""), 5000);
	while (silent.open == 0)
		loop_turn(client->loop);
	channel_free(client->role.channel);
	client->role.channel = NULL;
	assert_int_equal(client_wait_exit(client), 0);
	peer_stop(&silent);
	client_free(client);
}

/* While an item waits on the network, the steps go on: it is no stall. */
static void test_beat(void **state)
{
	(void)state;
	struct msg_setup setup = setup_of(NULL, nothing);
	struct client *client = client_start("prober", &setup);
	struct peer silent;

	peer_start(&silent, client->loop, "127.0.0.1", PEER_SILENT, NULL, 0);
	send_look(client, 1, with_port("127.0.0.1", silent.port, ""), 5000);
	while (silent.open == 0 || client->role.page->item != 0)
		loop_turn(client->loop);
	uint64_t before = client->role.page->steps;
	int64_t started = clock_mono_ms();
	while (client->role.page->steps < before + 2 && clock_mono_ms() - started < 5000)
		loop_turn(client->loop);
	assert_true(client->role.page->steps >= before + 2);
	peer_stop(&silent);
	assert_int_equal(client_end(client), 0);
}

static void test_warnings(void **state)
{
	(void)state;
	struct msg_setup setup = setup_of(work_path("nothing.pem"), nothing);
	struct client *client = client_start("prober", &setup);
	assert_int_equal(client->facts.roots, 0);
	assert_string_equal(client->facts.generation, "");
	assert_non_null(strstr(client->facts.warning, "No such file"));
	assert_int_equal(client_end(client), 0);

	setup = setup_of(work_path("root.key"), nothing);
	client = client_start("prober", &setup);
	assert_int_equal(client->facts.roots, 0);
	assert_non_null(strstr(client->facts.warning, "root.key"));
	assert_int_equal(client_end(client), 0);
}

/* A keeper that breaks the protocol is left, with a line that says why. */
static void test_broken_protocol(void **state)
{
	(void)state;
	struct msg_setup setup = setup_of(NULL, nothing);
	for (int i = 0; i < 4; i++) {
		struct client *client = client_new("prober");
		if (i > 0)
			client_setup(client, &setup);
		if (i == 0)
			send_look(client, 1, "127.0.0.1:1", 1000); /* before the settings */
		else if (i == 1)
			assert_true(msg_send_setup(client->role.channel, &setup));
		else if (i == 2)
			assert_true(msg_send_read(client->role.channel, 1, 0, 0));
		else
			send_look(client, 1, "/etc/hosts", 1000);
		assert_int_equal(client_wait_exit(client), 1);
		assert_int_equal(client->lines, 1);
		client_free(client);
	}
	setup = setup_of(NULL, "not an address");
	struct client *client = client_new("prober");
	assert_true(msg_send_setup(client->role.channel, &setup));
	assert_int_equal(client_wait_exit(client), 1);
	assert_non_null(strstr(client->last_line, "resolver"));
	client_free(client);
}

static void test_poison_crash(void **state)
{
	(void)state;
	struct msg_setup setup = setup_of(NULL, nothing);
	struct client *client = client_start("prober", &setup);
	struct server server;
	struct peer silent;

	serve(&server, "crash");
	peer_start(&silent, client->loop, "127.0.0.1", PEER_SILENT, NULL, 0);
	send_look(client, 1, with_port("127.0.0.1", silent.port, ""), 5000);
	send_look(client, 42, with_port("127.0.0.1", server.port, ""), 5000);
	assert_int_equal(client_wait_exit(client), -SIGABRT);
	assert_int_equal(client->role.page->item, 42);
	assert_int_equal(client->role.page->pending, 2);
	peer_stop(&silent);
	server_stop(&server);
	client_free(client);
}

static void test_poison_stall(void **state)
{
	(void)state;
	struct msg_setup setup = setup_of(NULL, nothing);
	struct client *client = client_start("prober", &setup);
	struct server server;
	uint64_t steps = 0;
	int64_t stood_ms = 0, since = clock_mono_ms();

	serve(&server, "stall");
	send_look(client, 42, with_port("127.0.0.1", server.port, ""), 5000);
	/* It is stuck when the counter stands for longer than a beat; ten beats at most. */
	while (stood_ms < 1500 && clock_mono_ms() - since < 10000) {
		int64_t from = clock_mono_ms();
		uint64_t now = client->role.page->steps;
		stood_ms = now == steps ? stood_ms : 0;
		steps = now;
		loop_turn(client->loop);
		usleep(1000);
		stood_ms += clock_mono_ms() - from;
	}
	assert_true(stood_ms >= 1500);
	assert_int_equal(client->role.page->item, 42);
	child_kill(client->role.child, SIGKILL);
	assert_int_equal(client_wait_exit(client), -SIGKILL);
	server_stop(&server);
	client_free(client);
}

static void test_forwarders(void **state)
{
	(void)state;
	FILE *file = fopen(work_path("resolv.conf"), "w");
	fputs("# nameserver 192.0.2.9\nsearch test\nnameserver 192.0.2.1\n"
	      "nameserver\t2001:db8::1 \nnameservers 192.0.2.3\nnameserver nonsense\n",
	      file);
	fclose(file);
	struct resolver_config config = {.servers = "system",
					 .resolv_conf = work_path("resolv.conf")};
	assert_int_equal(forwarders_count(&config), 2);
	config.resolv_conf = work_path("missing");
	assert_int_equal(forwarders_count(&config), 0);
	config.servers = "192.0.2.1, 2001:db8::1@5353 ,";
	assert_int_equal(forwarders_count(&config), 2);
	config.servers = "";
	assert_int_equal(forwarders_count(&config), 0);
}

/* By hand it says what it is. */
static void test_by_hand(void **state)
{
	(void)state;
	assert_int_equal(prober_main(), 2);
}

int main(int argc, char **argv)
{
	if (str_eq(role_wanted(argc, argv), "prober"))
		return prober_main();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look),	     cmocka_unit_test(test_resolver_away),
		cmocka_unit_test(test_cancel),	     cmocka_unit_test(test_beat),
		cmocka_unit_test(test_warnings),     cmocka_unit_test(test_broken_protocol),
		cmocka_unit_test(test_poison_crash), cmocka_unit_test(test_poison_stall),
		cmocka_unit_test(test_forwarders),   cmocka_unit_test(test_by_hand),
	};
	return cmocka_run_group_tests(tests, group_setup, NULL);
}
