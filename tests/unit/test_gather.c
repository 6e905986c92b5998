/*
 * lib/wire/gather: results become one observation; "same" is filled from what was known; digests
 * are held against the bytes; new certificates are kept once; too much of anything is a lie.
 */
#include "lib/base/sys.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/wire/gather.h"
#include "tests/unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct {
	struct gather gather;
	struct target target;
	struct gather_look look;
	struct err err;
} f;

static int set_up(void **state UNUSED)
{
	memset(&f, 0, sizeof(f));
	gather_init(&f.gather, NOW);
	if (!target_parse(&f.target, "www.example.com", "", NULL, NULL))
		return -1;
	f.look.target = &f.target;
	return 0;
}

static int tear_down(void **state UNUSED)
{
	gather_finish(&f.gather);
	target_finish(&f.target);
	return 0;
}

static struct attachment bytes_of(const char *text)
{
	return (struct attachment){(const uint8_t *)text, strlen(text)};
}

/* An endpoint whose leaf, and whose links, are the texts' bytes. */
static struct endpoint serving(const char *address, const struct attachment *ders, size_t count)
{
	struct endpoint endpoint = sample_served(address, 'a', NOW + DAYS(30));

	digest_sha256_hex(ders[0].data, ders[0].len, endpoint.cert.sha256);
	endpoint.chain = MEM_NEW_ARRAY(count - 1, struct chain_link);
	endpoint.chain_len = count - 1;
	for (size_t i = 1; i < count; i++)
		digest_sha256_hex(ders[i].data, ders[i].len, endpoint.chain[i - 1].sha256);
	return endpoint;
}

static bool take(struct msg_result *result)
{
	bool ok = gather_result(&f.gather, result, &f.look, &f.err);

	msg_result_finish(result);
	return ok;
}

static bool take_served(const char *address, const struct attachment *ders, size_t count)
{
	struct msg_result result = {.item = 1, .ders = ders, .ders_len = count};

	result.endpoint = serving(address, ders, count);
	return take(&result);
}

static bool take_same(const char *address)
{
	struct msg_result result = {.item = 1, .same = true};

	result.endpoint = sample_dead(address, OUTCOME_OK);
	result.endpoint.proof = true;
	result.endpoint.probed_at = NOW + 5;
	result.endpoint.duration_ms = 42;
	result.endpoint.tls_version = str_dup("TLSv1.3");
	return take(&result);
}

static void certificates_are_kept_once(void **state UNUSED)
{
	const struct attachment ders[] = {bytes_of("leaf"), bytes_of("issuer"), bytes_of("leaf")};
	struct look_result result = {0};
	struct look_cert *certs;

	assert_true(take_served("192.0.2.1", ders, 3));
	assert_true(take_served("192.0.2.2", ders, 2));
	certs = gather_give(&f.gather, &result);
	assert_int_equal(result.certs_len, 2);
	assert_int_equal(result.certs[1].len, 6);
	assert_memory_equal(result.certs[1].der, "issuer", 6);
	assert_string_equal(result.certs[0].sha256, result.observation.endpoints[0].cert.sha256);
	assert_int_equal(result.observation.len, 2);
	assert_int_equal(result.observation.at, NOW);
	observation_finish(&result.observation);
	mem_free(certs);
}

static void known_certificates_are_not_kept(void **state UNUSED)
{
	const struct attachment ders[] = {bytes_of("leaf"), bytes_of("issuer"), bytes_of("new")};
	struct endpoint known = serving("192.0.2.1", ders, 2);
	struct observation observation = {.endpoints = &known, .len = 1};
	struct look_result result = {0};
	struct look_cert *certs;

	f.look.known = &observation;
	assert_true(take_served("192.0.2.1", ders, 3));
	certs = gather_give(&f.gather, &result);
	assert_int_equal(result.certs_len, 1);
	assert_memory_equal(result.certs[0].der, "new", 3);
	observation_finish(&result.observation);
	mem_free(certs);
	endpoint_finish(&known);
}

static void a_lie_about_a_digest_is_told(void **state UNUSED)
{
	const struct attachment ders[] = {bytes_of("leaf"), bytes_of("issuer")};
	struct msg_result result = {.item = 1, .ders = ders, .ders_len = 2};

	result.endpoint = serving("192.0.2.1", ders, 2);
	result.endpoint.cert.sha256[0] ^= 1;
	assert_false(take(&result));
	assert_non_null(strstr(f.err.text, "certificate 0"));
	result = (struct msg_result){.item = 1, .ders = ders, .ders_len = 2};
	result.endpoint = serving("192.0.2.1", ders, 2);
	result.endpoint.chain[0].sha256[63] ^= 1;
	assert_false(take(&result));
	assert_non_null(strstr(f.err.text, "certificate 1"));
}

static void same_is_filled_from_what_was_known(void **state UNUSED)
{
	const struct attachment ders[] = {bytes_of("leaf"), bytes_of("issuer")};
	struct endpoint known = serving("192.0.2.1", ders, 2);
	struct observation observation = {.endpoints = &known, .len = 1};
	const struct endpoint *got;

	f.look.known = &observation;
	known.duration_ms = 7;
	known.cert.names = MEM_NEW_ARRAY(1, char *);
	known.cert.names[0] = str_dup("*.example.com");
	known.cert.names_len = 1;
	str_copy(known.trust_generation, sizeof(known.trust_generation), "00ff");
	sample_set(&known.tls_version, "TLSv1.2");
	assert_true(take_same("192.0.2.1"));
	got = &f.gather.observation.endpoints[0];
	assert_true(got->has_cert);
	assert_string_equal(got->cert.sha256, known.cert.sha256);
	assert_int_equal(got->chain_len, 1);
	assert_int_equal(got->trust, TRUST_TRUSTED);
	assert_string_equal(got->trust_generation, "00ff");
	assert_int_equal(got->name_matches, 1);
	/* and fresh is what is fresh */
	assert_int_equal(got->outcome, OUTCOME_OK);
	assert_int_equal(got->probed_at, NOW + 5);
	assert_int_equal(got->duration_ms, 42);
	assert_string_equal(got->tls_version, "TLSv1.3");
	assert_true(got->proof);
	endpoint_finish(&known);
}

static void same_is_asked_the_name_of_now(void **state UNUSED)
{
	const struct attachment ders[] = {bytes_of("leaf")};
	struct endpoint known = serving("192.0.2.1", ders, 1);
	struct observation observation = {.endpoints = &known, .len = 1};

	f.look.known = &observation;
	known.cert.names = MEM_NEW_ARRAY(1, char *);
	known.cert.names[0] = str_dup("www.example.com");
	known.cert.names_len = 1;
	sample_set(&f.target.server_name, "other.example.com");
	assert_true(take_same("192.0.2.1"));
	assert_int_equal(f.gather.observation.endpoints[0].name_matches, 0);
	endpoint_finish(&known);
}

static void same_as_nothing_is_a_lie(void **state UNUSED)
{
	struct endpoint known = sample_dead("192.0.2.1", OUTCOME_REFUSED);
	struct observation observation = {.endpoints = &known, .len = 1};

	assert_false(take_same("192.0.2.1"));
	f.look.known = &observation;
	assert_false(take_same("192.0.2.1"));
	assert_false(take_same("192.0.2.2"));
	assert_int_equal(f.gather.observation.len, 0);
	endpoint_finish(&known);
}

static void endpoints_have_a_ceiling(void **state UNUSED)
{
	for (int i = 0; i <= OBSERVATION_ENDPOINTS_MAX; i++) {
		struct msg_result result = {.item = 1};

		result.endpoint = sample_dead("192.0.2.1", OUTCOME_REFUSED);
		assert_int_equal(take(&result), i < OBSERVATION_ENDPOINTS_MAX);
	}
}

static void bytes_have_a_ceiling(void **state UNUSED)
{
	uint8_t *big = mem_new(FRAME_ATTACHMENT_MAX);
	const struct attachment der = {big, FRAME_ATTACHMENT_MAX};
	int taken = 0;

	f.look.file = true;
	while (taken < 1000) {
		memcpy(big, &taken, sizeof(taken));
		if (!take_served("", &der, 1))
			break;
		taken++;
	}
	assert_int_equal(taken, GATHER_BYTES_MAX / FRAME_ATTACHMENT_MAX);
	mem_free(big);
}

static void files_have_members(void **state UNUSED)
{
	const struct attachment der = bytes_of("leaf");
	struct msg_result result = {.item = 1, .ders = &der, .ders_len = 1};
	struct look_result out = {0};
	struct look_cert *certs;

	f.look.file = true;
	result.member = str_dup("alias");
	result.endpoint = serving("", &der, 1);
	assert_true(take(&result));
	assert_true(take_served("", &der, 1));
	certs = gather_give(&f.gather, &out);
	assert_int_equal(out.members_len, 2);
	assert_string_equal(out.members[0].name, "alias");
	assert_null(out.members[1].name);
	assert_int_equal(out.certs_len, 1);
	/* The observation speaks of them too, so that it is never empty. */
	assert_int_equal(out.observation.len, 2);
	assert_true(out.observation.endpoints[0].has_cert);
	observation_finish(&out.observation);
	mem_free(certs);
}

static void members_have_a_ceiling(void **state UNUSED)
{
	const struct attachment der = bytes_of("leaf");

	f.look.file = true;
	for (int i = 0; i < GATHER_MEMBERS_MAX; i++)
		assert_true(take_served("", &der, 1));
	assert_false(take_served("", &der, 1));
}

static void a_file_that_fails_has_an_endpoint(void **state UNUSED)
{
	struct msg_result result = {.item = 1};

	f.look.file = true;
	result.endpoint = sample_dead("", OUTCOME_FILE_ERROR);
	assert_true(take(&result));
	assert_int_equal(f.gather.observation.len, 1);
	assert_int_equal(f.gather.members_len, 0);
}

static void the_other_roles_words_are_refused(void **state UNUSED)
{
	struct msg_result result = {.item = 1, .member = str_dup("alias")};

	result.endpoint = sample_dead("192.0.2.1", OUTCOME_REFUSED);
	assert_false(take(&result));
	f.look.file = true;
	assert_false(take_same(""));
}

static void only_replaces_all(void **state UNUSED)
{
	const struct attachment der = bytes_of("leaf");
	struct look_result out = {0};
	struct look_cert *certs;

	assert_true(take_served("192.0.2.1", &der, 1));
	gather_only(&f.gather, OUTCOME_PROBER_CRASH, "it died", false);
	certs = gather_give(&f.gather, &out);
	assert_int_equal(out.observation.len, 1);
	assert_int_equal(out.observation.at, NOW);
	assert_int_equal(observation_outcome(&out.observation), OUTCOME_PROBER_CRASH);
	assert_string_equal(out.observation.endpoints[0].error, "it died");
	assert_int_equal(out.certs_len, 0);
	observation_finish(&out.observation);
	mem_free(certs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(certificates_are_kept_once),
		TEST(known_certificates_are_not_kept),
		TEST(a_lie_about_a_digest_is_told),
		TEST(same_is_filled_from_what_was_known),
		TEST(same_is_asked_the_name_of_now),
		TEST(same_as_nothing_is_a_lie),
		TEST(endpoints_have_a_ceiling),
		TEST(bytes_have_a_ceiling),
		TEST(files_have_members),
		TEST(members_have_a_ceiling),
		TEST(a_file_that_fails_has_an_endpoint),
		TEST(the_other_roles_words_are_refused),
		TEST(only_replaces_all),
	};

	return cmocka_run_group_tests_name("wire/gather", tests, NULL, NULL);
}
