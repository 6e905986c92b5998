/*
 * lib/tls/chain: every verdict on certificates of tests/certs/make.sh at chosen instants, the
 * choice among several paths, and chains made to hide a path or to hang the search.
 */
#include "lib/tls/chain.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/tls/read.h"
#include "tests/unit/certs.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

static struct anchors *load(const char *name)
{
	struct anchors *anchors;
	struct buf file;
	struct err err;

	certs_file(name, &file);
	anchors = anchors_new(file.data, file.len, &err);
	if (!anchors)
		fail_msg("%s: %s", name, err.text);
	buf_finish(&file);
	return anchors;
}

static void verify(const char *roots, const struct certs *certs, int64_t at,
		   struct chain_result *out)
{
	struct anchors *anchors = load(roots);

	chain_verify(anchors, certs->ders, certs->lens, certs->len, at, out);
	anchors_free(anchors);
}

static int64_t not_after(const uint8_t *der, size_t len)
{
	struct cert cert;
	int64_t until;

	assert_true(read_der(&cert, der, len, NULL));
	until = cert.not_after;
	cert_finish(&cert);
	return until;
}

static const struct {
	const char *chain;
	int64_t days; /* from now */
	enum chain_verdict verdict;
	size_t path_len;
	int earliest;
	const char *detail; /* part of it */
} cases[] = {
	{"good.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"good.pem", 0, CHAIN_ISSUER_MISSING, 0, 0, "CN=good.test"},
	{"missing.chain.pem", 0, CHAIN_ISSUER_MISSING, 0, 0, "not sent"},
	{"expired.chain.pem", 0, CHAIN_TIME, 3, 0, "ended"},
	{"expired.chain.pem", -5, CHAIN_TIME, 3, 0, "not valid before"},
	{"notyet.chain.pem", 0, CHAIN_TIME, 3, 0, "not valid before"},
	{"notyet.chain.pem", 2, CHAIN_TRUSTED, 3, 0, ""},
	{"ends-1.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"ends-1.chain.pem", 2, CHAIN_TIME, 3, 0, "CN=ends-1.test"},
	{"good.chain.pem", 80 * 365, CHAIN_TIME, 3, 0, "ended"},
	{"under-expired.chain.pem", 0, CHAIN_TIME, 3, 1, "CN=Expired Intermediate"},
	{"under-short.chain.pem", 0, CHAIN_TRUSTED, 3, 1, ""},
	{"under-short.chain.pem", 21, CHAIN_TIME, 3, 1, "CN=Short Intermediate"},
	{"selfsigned.chain.pem", 0, CHAIN_SELF_SIGNED, 0, 0, "CN=selfsigned.test"},
	{"unknown.chain.pem", 0, CHAIN_UNKNOWN_ROOT, 0, 0, "CN=Strange Root"},
	{"unknown.pem", 0, CHAIN_ISSUER_MISSING, 0, 0, "CN=unknown.test"},
	{"stranger.pem", 0, CHAIN_SELF_SIGNED, 0, 0, ""},
	{"badsig.chain.pem", 0, CHAIN_BAD_SIGNATURE, 0, 0, "CN=badsig.test"},
	{"under-path.chain.pem", 0, CHAIN_INVALID, 0, 0, "path length"},
	{"under-leaf.chain.pem", 0, CHAIN_INVALID, 0, 0, "invalid CA certificate: CN=good.test"},
	{"nc-good.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"nc-bad.chain.pem", 0, CHAIN_INVALID, 0, 0, "permitted subtree"},
	{"client.chain.pem", 0, CHAIN_INVALID, 0, 0, "purpose"},
	{"usage-none.chain.pem", 0, CHAIN_INVALID, 0, 0, "purpose"},
	{"sha1.chain.pem", 0, CHAIN_INVALID, 0, 0, "too weak"},
	{"badtime.chain.pem", 0, CHAIN_INVALID, 0, 0, "malformed"},
	{"rsa.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"rsa1024.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"ed25519.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"v1.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"many.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"negative.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"odd-nul.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
	{"y9999.chain.pem", 0, CHAIN_TRUSTED, 3, 1, ""},
	{"root.pem", 0, CHAIN_INVALID, 0, 0, "purpose"},
	{"inter.pem", 0, CHAIN_INVALID, 0, 0, "purpose"},
	{"inter-cross.pem", 0, CHAIN_INVALID, 0, 0, "purpose"},
	{"cross.chain.pem", 0, CHAIN_TRUSTED, 3, 0, ""},
};

static void each_verdict(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct chain_result result;
		struct certs certs;

		certs_load(&certs, cases[i].chain);
		verify("roots.pem", &certs, clock_wall_ms() + cases[i].days * MS_DAY, &result);
		if (result.verdict != cases[i].verdict || result.path_len != cases[i].path_len ||
		    result.path_earliest != cases[i].earliest ||
		    !strstr(result.detail, cases[i].detail) ||
		    (result.verdict == CHAIN_TRUSTED) != (result.detail[0] == '\0'))
			fail_msg("%s after %d days: %s, path of %zu, earliest %d, \"%s\"",
				 cases[i].chain, (int)cases[i].days,
				 chain_verdict_text(result.verdict), result.path_len,
				 result.path_earliest, result.detail);
		assert_int_equal(result.path_until == INT64_MIN, result.path_len == 0);
		certs_finish(&certs);
	}
}

static void the_last_second_counts(void **state UNUSED)
{
	struct chain_result result;
	struct certs certs;
	int64_t until;

	certs_load(&certs, "good.chain.pem");
	until = not_after(certs.ders[0], certs.lens[0]);
	verify("roots.pem", &certs, until + 999, &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_true(result.path_until == until);
	verify("roots.pem", &certs, until + 1000, &result);
	assert_int_equal(result.verdict, CHAIN_TIME);
	assert_true(result.path_until == until);
	certs_finish(&certs);
}

/* By root alone 1000 days; by root2 alone 300 over inter-cross, or 200 over root-cross. */
static void the_longest_path_is_found(void **state UNUSED)
{
	struct chain_result result;
	struct certs certs;
	int64_t now = clock_wall_ms();

	certs_load(&certs, "cross.chain.pem");
	verify("roots.pem", &certs, now, &result);
	assert_true(result.path_until == not_after(certs.ders[0], certs.lens[0]));
	verify("root2.pem", &certs, now, &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_int_equal(result.path_len, 3);
	assert_int_equal(result.path_earliest, 1);
	assert_true(result.path_until == not_after(certs.ders[2], certs.lens[2]));
	/* The shorter way is still one when the longer is not sent. */
	mem_free((void *)(uintptr_t)certs.ders[2]);
	certs.ders[2] = certs.ders[3];
	certs.lens[2] = certs.lens[3];
	certs.len = 3;
	verify("root2.pem", &certs, now, &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_int_equal(result.path_len, 4);
	assert_int_equal(result.path_earliest, 2);
	/* And at an instant when it has ended, its times are all that is wrong. */
	verify("root2.pem", &certs, now + 250 * MS_DAY, &result);
	assert_int_equal(result.verdict, CHAIN_TIME);
	certs_finish(&certs);
}

static void any_anchor_ends_a_path(void **state UNUSED)
{
	struct chain_result result;
	struct certs certs;

	certs_load(&certs, "selfsigned.chain.pem");
	verify("selfsigned.pem", &certs, clock_wall_ms(), &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_int_equal(result.path_len, 1);
	certs_finish(&certs);
	certs_load(&certs, "good.chain.pem");
	verify("inter.pem", &certs, clock_wall_ms(), &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_int_equal(result.path_len, 2);
	verify("good.pem", &certs, clock_wall_ms(), &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_int_equal(result.path_len, 1);
	certs_finish(&certs);
}

static void order_and_rubbish_do_not_matter(void **state UNUSED)
{
	static const uint8_t rubbish[] = {0x30, 0x03, 0x02, 0x01, 0x01};
	struct certs certs, sent = {.len = 0};
	struct chain_result result;

	certs_load(&certs, "cross.chain.pem");
	certs_add(&sent, certs.ders[0], certs.lens[0]);
	certs_add(&sent, rubbish, sizeof(rubbish));
	certs_add(&sent, certs.ders[3], certs.lens[3]);
	certs_add(&sent, certs.ders[0], certs.lens[0]);
	certs_add(&sent, "", 0);
	certs_add(&sent, certs.ders[1], certs.lens[1]);
	certs_add(&sent, certs.ders[1], certs.lens[1]);
	verify("roots.pem", &sent, clock_wall_ms(), &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_int_equal(result.path_len, 3);
	verify("roots.pem", &(struct certs){.len = 0}, clock_wall_ms(), &result);
	assert_int_equal(result.verdict, CHAIN_INVALID);
	certs_finish(&certs);
	certs_finish(&sent);
}

/* ---- hostile chains ------------------------------------------------------------------------- */

static EVP_PKEY *new_key(void)
{
	return EVP_EC_gen("P-256");
}

static void set_name(X509_NAME *name, const char *text)
{
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Test", -1, -1,
				   0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1,
				   0);
}

/* A CA certificate for key, by issuer; each call another serial. */
static void add_ca(struct certs *certs, const char *subject, EVP_PKEY *key, const char *issuer,
		   EVP_PKEY *issuer_key)
{
	static long serial = 1;
	X509_EXTENSION *extension;
	X509 *x509 = X509_new();
	uint8_t *der = NULL;
	int len;

	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
	set_name(X509_get_subject_name(x509), subject);
	set_name(X509_get_issuer_name(x509), issuer);
	X509_gmtime_adj(X509_getm_notBefore(x509), -1000);
	X509_time_adj_ex(X509_getm_notAfter(x509), 9000 - (int)serial, 0, NULL);
	X509_set_pubkey(x509, key);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
	X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	X509_sign(x509, issuer_key, EVP_sha256());
	len = i2d_X509(x509, &der);
	certs_add(certs, der, (size_t)len);
	OPENSSL_free(der);
	X509_free(x509);
}

static int64_t timed(const char *roots, const struct certs *certs, struct chain_result *result)
{
	struct anchors *anchors = load(roots);
	int64_t began = clock_mono_us();

	chain_verify(anchors, certs->ders, certs->lens, certs->len, clock_wall_ms(), result);
	anchors_free(anchors);
	return clock_mono_us() - began;
}

/* Thirty strangers that call themselves the intermediate, each signed by each other's key. */
static void decoys_do_not_hide_the_path(void **state UNUSED)
{
	struct certs good, sent = {.len = 0};
	struct chain_result result;
	EVP_PKEY *keys[6];

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		keys[i] = new_key();
	certs_load(&good, "good.chain.pem");
	certs_add(&sent, good.ders[0], good.lens[0]);
	for (size_t i = 0; i < 30; i++)
		add_ca(&sent, "Test Intermediate", keys[i % 6], "Test Intermediate",
		       keys[i / 6 % 6]);
	for (size_t i = 0; i < 30; i++)
		add_ca(&sent, "Test Intermediate", keys[i % 6], "Test Root", keys[i / 6 % 6]);
	timed("roots.pem", &sent, &result);
	assert_int_equal(result.verdict, CHAIN_BAD_SIGNATURE);
	certs_add(&sent, good.ders[1], good.lens[1]);
	timed("roots.pem", &sent, &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_int_equal(result.path_len, 3);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		EVP_PKEY_free(keys[i]);
	certs_finish(&good);
	certs_finish(&sent);
}

/*
 * Layers of CAs, each layer certified by all of the one above: 4^9 ways to the top, which is an
 * anchor or, first, is not.
 */
static void a_web_of_cross_certificates_ends(void **state UNUSED)
{
	struct certs sent = {.len = 0}, top = {.len = 0};
	EVP_PKEY *keys[10], *leaf = new_key();
	struct chain_result result;
	struct anchors *anchors;
	char name[16], above[16];
	struct buf pem;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		keys[i] = new_key();
	add_ca(&sent, "Leaf", leaf, "L0", keys[0]);
	for (int layer = 0; layer < 9; layer++) {
		snprintf(name, sizeof(name), "L%d", layer);
		snprintf(above, sizeof(above), "L%d", layer + 1);
		for (int i = 0; i < 4; i++)
			add_ca(&sent, name, keys[layer], above, keys[layer + 1]);
	}
	timed("roots.pem", &sent, &result);
	assert_int_equal(result.verdict, CHAIN_ISSUER_MISSING);
	add_ca(&top, "L9", keys[9], "L9", keys[9]);
	buf_init(&pem, 65536);
	buf_add(&pem, top.ders[0], top.lens[0]);
	anchors = anchors_new(pem.data, pem.len, NULL);
	assert_non_null(anchors);
	chain_verify(anchors, sent.ders, sent.lens, sent.len, clock_wall_ms(), &result);
	assert_int_equal(result.verdict, CHAIN_TRUSTED);
	assert_int_equal(result.path_len, 11);
	anchors_free(anchors);
	buf_finish(&pem);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		EVP_PKEY_free(keys[i]);
	EVP_PKEY_free(leaf);
	certs_finish(&sent);
	certs_finish(&top);
}

/* Every certificate by another key, so that each pair costs a signature. */
static void signatures_have_a_budget(void **state UNUSED)
{
	struct certs sent = {.len = 0};
	struct chain_result result;
	EVP_PKEY *keys[32];

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		keys[i] = new_key();
	for (size_t i = 0; i < 60; i++)
		add_ca(&sent, "Same", keys[i % 32], "Same", keys[(i * 7 + 3) % 32]);
	timed("roots.pem", &sent, &result);
	assert_int_equal(result.verdict, CHAIN_BUDGET);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		EVP_PKEY_free(keys[i]);
	certs_finish(&sent);
}

/* Cross-certified both ways and nothing else. */
static void a_circle_is_no_path(void **state UNUSED)
{
	EVP_PKEY *a = new_key(), *b = new_key();
	struct certs sent = {.len = 0};
	struct chain_result result;

	add_ca(&sent, "A", a, "B", b);
	add_ca(&sent, "B", b, "A", a);
	timed("roots.pem", &sent, &result);
	assert_int_equal(result.verdict, CHAIN_ISSUER_MISSING);
	assert_non_null(strstr(result.detail, "circle"));
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	certs_finish(&sent);
}

/* ---- anchors -------------------------------------------------------------------------------- */

static void generation_is_of_the_set(void **state UNUSED)
{
	struct buf root, root2, text;
	struct anchors *one, *two, *three;

	certs_file("root.pem", &root);
	certs_file("root2.pem", &root2);
	buf_init(&text, 65536);
	buf_printf(&text, "%s%s%s", buf_text(&root2), buf_text(&root), buf_text(&root2));
	one = load("roots.pem");
	two = anchors_new(text.data, text.len, NULL);
	three = load("root.pem");
	assert_int_equal(anchors_count(one), 2);
	assert_int_equal(anchors_count(two), 2);
	assert_int_equal(strlen(anchors_generation(one)), 16);
	assert_string_equal(anchors_generation(one), anchors_generation(two));
	assert_string_not_equal(anchors_generation(one), anchors_generation(three));
	anchors_free(one);
	anchors_free(two);
	anchors_free(three);
	buf_finish(&root);
	buf_finish(&root2);
	buf_finish(&text);
}

static void refuses_what_holds_no_anchors(void **state UNUSED)
{
	static const char broken[] = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n"
				     "-----END CERTIFICATE-----\n";
	struct err err;

	assert_null(anchors_new("", 0, &err));
	assert_null(anchors_new("hello\n", 6, &err));
	assert_null(anchors_new(broken, strlen(broken), &err));
	assert_string_equal(err.text, "certificate 1: malformed certificate");
	anchors_free(NULL);
}

static void loads_the_roots_of_a_system(void **state UNUSED)
{
	struct anchors *anchors;
	int64_t began;
	struct buf file;

	if (access(SYSTEM_ROOTS, R_OK) != 0)
		skip();
	certs_file(SYSTEM_ROOTS, &file);
	began = clock_mono_us();
	anchors = anchors_new(file.data, file.len, NULL);
	assert_non_null(anchors);
	print_message("%zu anchors in %d us\n", anchors_count(anchors),
		      (int)(clock_mono_us() - began));
	assert_true(anchors_count(anchors) > 50);
	anchors_free(anchors);
	buf_finish(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verdict),
		cmocka_unit_test(the_last_second_counts),
		cmocka_unit_test(the_longest_path_is_found),
		cmocka_unit_test(any_anchor_ends_a_path),
		cmocka_unit_test(order_and_rubbish_do_not_matter),
		cmocka_unit_test(decoys_do_not_hide_the_path),
		cmocka_unit_test(a_web_of_cross_certificates_ends),
		cmocka_unit_test(signatures_have_a_budget),
		cmocka_unit_test(a_circle_is_no_path),
		cmocka_unit_test(generation_is_of_the_set),
		cmocka_unit_test(refuses_what_holds_no_anchors),
		cmocka_unit_test(loads_the_roots_of_a_system),
	};

	return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
