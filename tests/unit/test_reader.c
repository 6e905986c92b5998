/*
 * The reader as the process it is, behind its sandbox: what one chain is and what members are, how
 * they are named, and what is said of a file that holds no certificate. Files by openssl and by
 * hand.
 */
#include "lib/base/sys.h"
#include "tests/unit/peers.h"
#include "tests/unit/role_client.h"

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/tls/read.h"
#include "probes/members.h"
#include "probes/prober.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static int group_setup(void **state)
{
	(void)state;
	static const struct cert_wish wishes[] = {
		{.name = "root", .cn = "Root", .ca = true, .days = 3000},
		{.name = "root2", .cn = "Second \\, Root", .ca = true, .days = 3000},
		{.name = "inter", .cn = "Inter", .issuer = "root", .ca = true, .days = 200},
		{.name = "leaf",
		 .cn = "leaf.test",
		 .issuer = "inter",
		 .names = "DNS:leaf.test",
		 .days = 300},
		{.name = "old",
		 .cn = "leaf.test",
		 .issuer = "inter",
		 .names = "DNS:leaf.test",
		 .days = 10},
		{.name = "other", .cn = "other.test", .issuer = "root", .days = 300},
	};
	for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
		cert_make(&wishes[i]);
	return 0;
}

/* --- by the process -------------------------------------------------------------------------- */

static struct client *reader_start(void)
{
	const struct msg_setup setup = {.log_level = 1};
	return client_start("reader", &setup);
}

static void send_file(struct client *client, uint64_t item, const char *name)
{
	int fd = open(work_path(name), O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(msg_send_read(client->role.channel, item, 1000, fd));
	close(fd);
}

static struct client *read_file(const char *name)
{
	struct client *client = reader_start();
	send_file(client, 9, name);
	client_wait_done(client, 1);
	assert_int_equal(client->dones[0].item, 9);
	assert_int_equal(client->lines, 0);
	return client;
}

static struct client *read_joined(const char *const *names)
{
	files_join("joined.pem", names);
	return read_file("joined.pem");
}

static void assert_chain(const char *const *names, size_t links, const char *leaf)
{
	struct client *client = read_joined(names);
	const struct client_result *result = &client->results[0];
	assert_true(client->dones[0].one_chain);
	assert_int_equal(client->results_len, 1);
	assert_null(result->member);
	assert_int_equal(result->endpoint.outcome, OUTCOME_OK);
	assert_string_equal(result->endpoint.stage, "read");
	assert_string_equal(result->endpoint.cert.common_name, leaf);
	assert_int_equal(result->endpoint.chain_len, links);
	assert_int_equal(result->ders_len, links + 1);
	assert_int_equal(result->endpoint.trust, TRUST_UNKNOWN);
	assert_int_equal(result->endpoint.name_matches, -1);
	assert_false(result->endpoint.proof);
	assert_true(result->endpoint.earliest_expiry.not_after <= result->endpoint.cert.not_after);
	assert_in_range(result->endpoint.probed_at, 1000, 11000);
	assert_int_equal(client_end(client), 0);
}

static void test_one_chain(void **state)
{
	(void)state;
	assert_chain((const char *const[]){"leaf.pem", "inter.pem", "root.pem", NULL}, 2,
		     "leaf.test");
	/* in any order, with a key and a repetition between */
	assert_chain((const char *const[]){"root.pem", "leaf.key", "leaf.pem", "inter.pem",
					   "leaf.pem", NULL},
		     2, "leaf.test");
	assert_chain((const char *const[]){"leaf.pem", NULL}, 0, "leaf.test");
	assert_chain((const char *const[]){"root.pem", NULL}, 0, "Root");
	assert_chain((const char *const[]){"root.pem", "inter.pem", NULL}, 1, "Inter");
}

static const struct client_result *member_of(const struct client *client, const char *name)
{
	for (size_t i = 0; i < client->results_len; i++)
		if (str_eq(client->results[i].member, name))
			return &client->results[i];
	fail_msg("no member %s", name);
	return NULL;
}

static void test_members(void **state)
{
	(void)state;
	struct client *client = read_joined((const char *const[]){
		"root2.pem", "old.pem", "leaf.pem", "root.pem", "inter.pem", "other.pem", NULL});
	assert_false(client->dones[0].one_chain);
	assert_int_equal(client->results_len, 4);
	/* The one that ends last has the name plain. */
	const struct client_result *leaf = member_of(client, "leaf.test");
	const struct client_result *old = member_of(client, "leaf.test#2");
	assert_true(leaf->endpoint.cert.not_after > old->endpoint.cert.not_after);
	assert_int_equal(leaf->endpoint.chain_len, 2);
	assert_int_equal(old->endpoint.chain_len, 2);
	assert_string_equal(leaf->endpoint.chain[0].subject, "CN=Inter");
	assert_string_equal(leaf->endpoint.chain[1].subject, "CN=Root");
	/* Without names: the subject's last RDN, its escapes undone. */
	assert_int_equal(member_of(client, "other.test")->endpoint.chain_len, 1);
	assert_int_equal(member_of(client, "Second , Root")->endpoint.chain_len, 0);
	assert_int_equal(client_end(client), 0);
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(work_path(name), "w");
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void test_other_contents(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text, *error;
	} rows[] = {
		{"leaf.key", NULL, "no certificate in the file: it holds a private key"},
		{"csr.pem",
		 "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
		 "it holds a certificate signing request"},
		{"crl.pem", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
		 "it holds a certificate revocation list"},
		{"what.pem", "-----BEGIN WHAT-----\nAAAA\n-----END WHAT-----\n",
		 "it holds something else in PEM"},
		{"empty", "", "the file is empty"},
		{"text", "hello\n", "neither PEM nor DER"},
		{"broken.pem", "x\n-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n",
		 "line 2: the certificate that begins here is not base64"},
		{"cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n", "has no end"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].text)
			write_file(rows[i].name, rows[i].text);
		struct client *client = read_file(rows[i].name);
		assert_int_equal(client->results_len, 1);
		assert_int_equal(client->results[0].endpoint.outcome, OUTCOME_FILE_ERROR);
		if (!strstr(client->results[0].endpoint.error, rows[i].error))
			fail_msg("%s: %s", rows[i].name, client->results[0].endpoint.error);
		assert_string_equal(client->results[0].endpoint.stage, "read");
		assert_false(client->dones[0].one_chain);
		assert_int_equal(client_end(client), 0);
	}
}

static void test_too_large(void **state)
{
	(void)state;
	write_file("large", "x");
	assert_int_equal(truncate(work_path("large"), READ_FILE_MAX + 1), 0);
	struct client *client = read_file("large");
	assert_int_equal(client->results[0].endpoint.outcome, OUTCOME_FILE_ERROR);
	assert_string_equal(client->results[0].endpoint.error, "the file is larger than 16 MiB");
	assert_int_equal(client_end(client), 0);
}

/* A directory cannot be read, and a pipe's writer may be gone: both are the file's error. */
static void test_unreadable(void **state)
{
	(void)state;
	struct client *client = read_file(".");
	assert_int_equal(client->results[0].endpoint.outcome, OUTCOME_FILE_ERROR);
	assert_non_null(strstr(client->results[0].endpoint.error, "cannot be read"));
	assert_int_equal(client_end(client), 0);
}

static const char bad_pem[] = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";

static void test_bad_certificates(void **state)
{
	(void)state;
	write_file("bad.pem", bad_pem);
	struct client *client = read_file("bad.pem");
	assert_true(client->dones[0].one_chain);
	assert_int_equal(client->results[0].endpoint.outcome, OUTCOME_BAD_CERTIFICATE);
	assert_non_null(
		strstr(client->results[0].endpoint.error, "certificate 1 of 1 in the file"));
	assert_false(client->results[0].endpoint.has_cert);
	assert_int_equal(client_end(client), 0);

	/* In a chain: the chain is told, and that one of it is bad. */
	client = read_joined((const char *const[]){"leaf.pem", "bad.pem", "inter.pem", NULL});
	assert_true(client->dones[0].one_chain);
	assert_int_equal(client->results_len, 1);
	assert_int_equal(client->results[0].endpoint.outcome, OUTCOME_BAD_CERTIFICATE);
	assert_non_null(
		strstr(client->results[0].endpoint.error, "certificate 2 of 3 in the file"));
	assert_true(client->results[0].endpoint.has_cert);
	assert_int_equal(client->results[0].endpoint.chain_len, 1);
	assert_int_equal(client_end(client), 0);

	/* In a bundle: a member of its own, named by its digest. */
	client = read_joined((const char *const[]){"root.pem", "bad.pem", "root2.pem", NULL});
	assert_false(client->dones[0].one_chain);
	assert_int_equal(client->results_len, 3);
	assert_string_equal(member_of(client, "Root")->endpoint.cert.common_name, "Root");
	assert_int_equal(strlen(client->results[2].member), 16);
	assert_int_equal(client->results[2].endpoint.outcome, OUTCOME_BAD_CERTIFICATE);
	assert_int_equal(client_end(client), 0);
}

static void test_several_files(void **state)
{
	(void)state;
	struct client *client = reader_start();
	send_file(client, 1, "leaf.pem");
	send_file(client, 2, "leaf.key");
	send_file(client, 3, "root.pem");
	client_wait_done(client, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(client->dones[i].item, i + 1);
	assert_int_equal(client->results_len, 3);
	client_wait_idle(client);
	assert_int_equal(client->role.page->pending, 0);
	assert_true(client->role.page->steps >= 3);
	assert_true(msg_send_cancel(client->role.channel, 2));
	assert_int_equal(client_end(client), 0);
}

static void test_broken_protocol(void **state)
{
	(void)state;
	struct client *client = client_new("reader");
	assert_true(msg_send_read(client->role.channel, 1, 0, 0));
	assert_int_equal(client_wait_exit(client), 1);
	client_free(client);
	client = reader_start();
	assert_true(msg_send_read(client->role.channel, 1, 0, -1)); /* no descriptor */
	assert_int_equal(client_wait_exit(client), 1);
	client_free(client);
}

/* --- by the thousand ------------------------------------------------------------------------- */

/* The same leaf with another serial: `count` certificates of one name. */
static void write_many(const char *name, size_t count)
{
	size_t len;
	uint8_t *der = cert_der("other", &len);
	FILE *file = fopen(work_path(name), "w");
	/* SEQUENCE, SEQUENCE, [0] version, INTEGER of 20 bytes */
	assert_memory_equal(der + 13, "\x02\x14", 2);
	for (size_t i = 0; i < count; i++) {
		struct buf text;
		buf_init(&text, 65536);
		der[20] = (uint8_t)(i >> 8);
		der[21] = (uint8_t)i;
		base64_encode(&text, der, len);
		fprintf(file, "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n",
			buf_text(&text));
		buf_finish(&text);
	}
	assert_int_equal(fclose(file), 0);
	mem_free(der);
}

static void test_many_members(void **state)
{
	(void)state;
	write_many("many.pem", MEMBERS_MAX);
	struct client *client = read_file("many.pem");
	assert_int_equal(client->results_len, MEMBERS_MAX);
	member_of(client, "other.test");
	member_of(client, "other.test#2000");
	assert_int_equal(client_end(client), 0);

	write_many("more.pem", MEMBERS_MAX + 1);
	client = read_file("more.pem");
	assert_int_equal(client->results_len, 1);
	assert_int_equal(client->results[0].endpoint.outcome, OUTCOME_FILE_ERROR);
	assert_non_null(strstr(client->results[0].endpoint.error, "more than 2000"));
	assert_int_equal(client_end(client), 0);
}

/* Cancelled while its members go out: the next file's word comes, and nothing more of this one's
 * behind it. */
static void test_cancel(void **state)
{
	(void)state;
	struct client *client = reader_start();
	write_many("many.pem", 300);
	send_file(client, 1, "many.pem");
	send_file(client, 2, "leaf.pem");
	send_file(client, 3, "many.pem");
	assert_true(msg_send_cancel(client->role.channel, 1));
	assert_true(msg_send_cancel(client->role.channel, 3));
	client_wait_done(client, 1);
	assert_int_equal(client->dones[0].item, 2);
	assert_int_equal(client->results[client->results_len - 1].item, 2);
	assert_int_equal(client_end(client), 0);
}

/* Authorities that issued each other have a member all the same. */
static void test_members_of_a_circle(void **state)
{
	(void)state;
	static const struct cert_wish wishes[] = {
		{.name = "a", .cn = "A", .ca = true, .days = 300},
		{.name = "b", .cn = "B", .ca = true, .days = 300},
	};
	struct members *members = members_new(NULL);
	struct err err;

	for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
		cert_make(&wishes[i]);
	/* Each one's key under the other's signature. */
	static const char *const pairs[][2] = {{"a", "b"}, {"b", "a"}};
	for (size_t i = 0; i < 2; i++) {
		char command[1024];
		size_t len;
		snprintf(command, sizeof(command),
			 "cd '%s' && openssl req -x509 -new -key %s.key -subj /CN=%c -days 100 "
			 "-addext basicConstraints=critical,CA:TRUE -CA %s.pem -CAkey %s.key "
			 "-out cross%zu.pem 2>cert_make.log",
			 work_path(""), pairs[i][0], i == 0 ? 'A' : 'B', pairs[i][1], pairs[i][1],
			 i);
		assert_int_equal(system(command), 0);
		snprintf(command, sizeof(command), "cross%zu", i);
		uint8_t *der = cert_der(command, &len);
		members_add(members, der, len);
		mem_free(der);
	}
	assert_true(members_group(members, &err));
	assert_int_equal(members_len(members), 1);
	assert_true(members_one_chain(members));
	members_free(members);
	members_free(NULL);
}

static void test_by_hand(void **state)
{
	(void)state;
	assert_int_equal(reader_main(), 2);
}

int main(int argc, char **argv)
{
	if (str_eq(role_wanted(argc, argv), "reader"))
		return reader_main();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_chain),	    cmocka_unit_test(test_members),
		cmocka_unit_test(test_other_contents),	    cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_unreadable),	    cmocka_unit_test(test_bad_certificates),
		cmocka_unit_test(test_several_files),	    cmocka_unit_test(test_broken_protocol),
		cmocka_unit_test(test_many_members),	    cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_members_of_a_circle), cmocka_unit_test(test_by_hand),
	};
	return cmocka_run_group_tests(tests, group_setup, NULL);
}
