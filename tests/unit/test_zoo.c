/*
 * Every certificate of tests/certs/make.sh on its whole way: served by a server, looked at by a
 * real prober and read by a real reader, and taken by the keeper's own parser. What each is judged
 * to be stands in the table; that odd bytes in names pass every step is the point of the rest.
 */
#include "lib/base/sys.h"
#include "tests/unit/certs.h"
#include "tests/unit/peers.h"
#include "tests/unit/role_client.h"

#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "probes/prober.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static const struct row {
	const char *name;
	enum outcome outcome;
	enum trust trust;
	int name_matches;
} rows[] = {
	{"good", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"expired", OUTCOME_OK, TRUST_TIME, 1},
	{"notyet", OUTCOME_OK, TRUST_TIME, 1},
	{"wildcard", OUTCOME_OK, TRUST_TRUSTED, 0},
	{"wrong", OUTCOME_OK, TRUST_TRUSTED, 0},
	{"cnonly", OUTCOME_OK, TRUST_TRUSTED, 0},
	{"nosan", OUTCOME_OK, TRUST_TRUSTED, 0},
	{"selfsigned", OUTCOME_OK, TRUST_SELF_SIGNED, 1},
	{"unknown", OUTCOME_OK, TRUST_UNKNOWN_ROOT, 1},
	{"missing", OUTCOME_OK, TRUST_ISSUER_MISSING, 1},
	{"rsa", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"ed25519", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"under-expired", OUTCOME_OK, TRUST_TIME, 1},
	{"under-short", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"under-path", OUTCOME_OK, TRUST_INVALID, 1},
	{"cross", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"nc-bad", OUTCOME_OK, TRUST_INVALID, -2},
	{"client", OUTCOME_OK, TRUST_INVALID, 1},
	{"full", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"many", OUTCOME_OK, TRUST_TRUSTED, -2},
	{"too-many", OUTCOME_OK, TRUST_TRUSTED, -2},
	{"badsig", OUTCOME_OK, TRUST_BAD_SIGNATURE, 1},
	{"y2060", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"y9999", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"badtime", OUTCOME_BAD_CERTIFICATE, TRUST_UNKNOWN, -1},
	{"serial20", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"negative", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"odd-newline", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"odd-esc", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"odd-html", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"odd-rtl", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"odd-nul", OUTCOME_OK, TRUST_TRUSTED, 0},
	{"odd-bmp", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"odd-t61", OUTCOME_OK, TRUST_TRUSTED, 1},
	{"odd-long", OUTCOME_OK, TRUST_TRUSTED, 1},
};

static const char *path_of(const char *name, const char *ending)
{
	static char paths[8][512];
	static size_t next;
	char *path = paths[next++ % ARRAY_LEN(paths)];
	snprintf(path, sizeof(paths[0]), "%s/%s%s", certs_directory(), name, ending);
	return path;
}

/* What is sent behind the leaf, in a file of its own; NULL when nothing is. */
static const char *rest_of(const char *name)
{
	static const char end[] = "-----END CERTIFICATE-----";
	struct buf chain;
	char file[128];

	snprintf(file, sizeof(file), "%s.chain.pem", name);
	certs_file(file, &chain);
	const char *rest = strstr(buf_text(&chain), end);
	rest = rest ? strstr(rest, "-----BEGIN") : NULL;
	FILE *out = fopen(work_path("rest.pem"), "w");
	if (rest)
		fputs(rest, out);
	fclose(out);
	buf_finish(&chain);
	return rest ? work_path("rest.pem") : NULL;
}

static void serve(struct server *server, const char *name)
{
	const char *rest = rest_of(name);
	server_start(server, "127.0.0.1",
		     (const char *const[]){"-cert", path_of(name, ".pem"), "-key",
					   path_of(name, ".key"), "-cipher", "ALL:@SECLEVEL=0",
					   rest ? "-cert_chain" : NULL, rest, NULL});
}

static void look_at(struct client *client, const char *name, uint64_t item)
{
	struct msg_look look = {
		.item = item, .now = clock_wall_ms(), .deadline_ms = 20000, .all_addresses = true};
	struct server server;
	char text[128];
	struct err err;

	serve(&server, name);
	snprintf(text, sizeof(text), "%s.test:%u@127.0.0.1", name, server.port);
	if (!target_parse(&look.target, text, "", NULL, &err))
		fail_msg("%s", err.text);
	assert_true(msg_send_look(client->role.channel, &look));
	msg_look_finish(&look);
	client->dones_len = 0;
	client_wait_done(client, 1);
	server_stop(&server);
}

static void test_probed(void **state)
{
	(void)state;
	static char none[] = "", hosts[] = "/dev/null";
	const struct msg_setup setup = {.roots = (char *)path_of("roots", ".pem"),
					.resolver = none,
					.hosts_file = hosts,
					.log_level = 1};
	struct client *client = client_start("prober", &setup);

	assert_int_equal(client->facts.roots, 2);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		look_at(client, rows[i].name, i + 1);
		assert_int_equal(client->results_len, i + 1);
		const struct endpoint *endpoint = &client->results[i].endpoint;
		if (endpoint->outcome != rows[i].outcome || endpoint->trust != rows[i].trust ||
		    (rows[i].name_matches > -2 && endpoint->name_matches != rows[i].name_matches))
			fail_msg("%s: %s (%s), %s (%s), name %d", rows[i].name,
				 outcome_text(endpoint->outcome),
				 endpoint->error ? endpoint->error : "",
				 trust_text(endpoint->trust),
				 endpoint->trust_detail ? endpoint->trust_detail : "",
				 endpoint->name_matches);
	}
	assert_int_equal(client->lines, 0);
	assert_int_equal(client_end(client), 0);
}

static void read_path(struct client *client, const char *path, uint64_t item)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(msg_send_read(client->role.channel, item, clock_wall_ms(), fd));
	close(fd);
	client->dones_len = 0;
	client_wait_done(client, 1);
}

static void test_read(void **state)
{
	(void)state;
	const struct msg_setup setup = {.log_level = 1};
	struct client *client = client_start("reader", &setup);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		read_path(client, path_of(rows[i].name, ".chain.pem"), i + 1);
		assert_int_equal(client->results_len, i + 1);
		if (!client->dones[0].one_chain ||
		    client->results[i].endpoint.outcome != rows[i].outcome)
			fail_msg("%s: %s, %s", rows[i].name,
				 client->dones[0].one_chain ? "one chain" : "several",
				 outcome_text(client->results[i].endpoint.outcome));
	}
	read_path(client, path_of("good", ".der"), 1000);
	assert_true(client->dones[0].one_chain);
	read_path(client, path_of("good", ".crlf.pem"), 1001);
	assert_true(client->dones[0].one_chain);
	size_t before = client->results_len;
	read_path(client, path_of("bundle", ".pem"), 1002);
	assert_false(client->dones[0].one_chain);
	assert_true(client->results_len > before + 20);
	for (size_t i = before; i < client->results_len; i++) {
		assert_non_null(client->results[i].member);
		for (size_t k = before; k < i; k++)
			assert_string_not_equal(client->results[i].member,
						client->results[k].member);
	}
	assert_int_equal(client->lines, 0);
	assert_int_equal(client_end(client), 0);
}

int main(int argc, char **argv)
{
	if (str_eq(role_wanted(argc, argv), "prober"))
		return prober_main();
	if (str_eq(role_wanted(argc, argv), "reader"))
		return reader_main();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probed),
		cmocka_unit_test(test_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
