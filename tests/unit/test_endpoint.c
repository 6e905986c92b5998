/*
 * lib/model/endpoint: the probe object as the contract has it, the lean stored form, the round
 * trip, and what is refused.
 */
#include "lib/model/endpoint.h"

#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Contract 4, in its order; "findings" is the caller's. */
static void probe_object_has_every_member(void **state UNUSED)
{
	static const char *const members[] = {
		"target",
		"id",
		"host",
		"port",
		"protocol",
		"server_name",
		"address",
		"outcome",
		"error",
		"stage",
		"probed_at",
		"duration_ms",
		"proof",
		"tls",
		"certificate",
		"chain",
		"seconds_left",
		"days_left",
		"earliest_expiry",
		"path_expiry",
		"trusted",
		"name_matches",
		"trust",
	};
	struct endpoint endpoints[2] = {sample_dead("192.0.2.7", OUTCOME_TIMEOUT),
					sample_served("192.0.2.7", 'a', NOW + DAYS(44))};
	struct target target;
	struct err err;

	assert_true(target_parse(&target, "www.example.com", "", NULL, &err));
	for (size_t e = 0; e < ARRAY_LEN(endpoints); e++) {
		json_t *json = endpoint_to_json(&endpoints[e], &target, NOW);

		for (size_t i = 0; i < ARRAY_LEN(members); i++) {
			if (!json_object_get(json, members[i]))
				fail_msg("no %s", members[i]);
		}
		assert_int_equal(json_object_size(json), ARRAY_LEN(members));
		json_decref(json);
		endpoint_finish(&endpoints[e]);
	}
	target_finish(&target);
}

static void probe_object_values(void **state UNUSED)
{
	static const char want[] =
		"{\"address\":\"192.0.2.7\",\"certificate\":null,\"chain\":null,\"days_left\":null,"
		"\"duration_ms\":41,\"earliest_expiry\":null,\"error\":\"too slow\","
		"\"host\":\"www.example.com\",\"id\":\"1b9afc2066929cc5e78d7dfed0b22fbf\","
		"\"name_matches\":null,\"outcome\":\"timeout\",\"path_expiry\":null,\"port\":443,"
		"\"probed_at\":\"2026-11-21T10:00:00Z\",\"proof\":false,\"protocol\":\"https\","
		"\"seconds_left\":null,\"server_name\":\"www.example.com\",\"stage\":\"connect\","
		"\"target\":\"www.example.com:443\",\"tls\":null,\"trust\":null,\"trusted\":null}";
	struct endpoint endpoint = sample_dead("192.0.2.7", OUTCOME_TIMEOUT);
	struct target target;
	struct err err;
	json_t *json;
	char *text;

	assert_true(target_parse(&target, "https://www.example.com", "", NULL, &err));
	endpoint.error = str_dup("too slow");
	endpoint.duration_ms = 41;
	/* Users get whole seconds. */
	endpoint.probed_at = NOW + 999;
	json = endpoint_to_json(&endpoint, &target, NOW);
	text = json_write(json);
	assert_string_equal(text, want);
	mem_free(text);
	json_decref(json);
	endpoint_finish(&endpoint);
	target_finish(&target);
}

static void time_left_is_floor(void **state UNUSED)
{
	static const struct {
		int64_t not_after, now, seconds, days;
	} rows[] = {
		{NOW, NOW, 0, 0},
		/* The last second is valid to its end. */
		{NOW, NOW + 999, 0, 0},
		{NOW, NOW + 1000, -1, -1},
		{NOW + 1000, NOW, 1, 0},
		{NOW + 1000, NOW + 1, 1, 0},
		{NOW + DAYS(44), NOW, 44 * 86400, 44},
		{NOW + DAYS(44) - 1000, NOW, 44 * 86400 - 1, 43},
		{NOW, NOW + DAYS(1), -86400, -1},
		{NOW, NOW + DAYS(1) + 1000, -86401, -2},
		{-1, 0, -1, -1},
		{INT64_MAX, INT64_MIN + 1, INT64_MAX / 1000 - (INT64_MIN / 1000 - 1), 213503982334},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(time_left_s(rows[i].not_after, rows[i].now), rows[i].seconds);
		assert_int_equal(time_left_days(rows[i].not_after, rows[i].now), rows[i].days);
	}
}

static void trusted_is_three_valued(void **state UNUSED)
{
	for (int trust = TRUST_UNKNOWN; trust <= TRUST_BUDGET; trust++) {
		struct endpoint endpoint = sample_served("192.0.2.7", 'a', NOW);
		enum trust back;
		json_t *json;

		endpoint.trust = (enum trust)trust;
		json = endpoint_to_json(&endpoint, NULL, TIME_UNKNOWN);
		if (trust == TRUST_UNKNOWN)
			assert_null(json_object_get(json, "trusted"));
		else
			assert_int_equal(json_is_true(json_object_get(json, "trusted")),
					 trust == TRUST_TRUSTED);
		assert_true(trust_parse(trust_text((enum trust)trust), &back));
		assert_int_equal(back, trust);
		json_decref(json);
		endpoint_finish(&endpoint);
	}
}

static void round_trips(void **state UNUSED)
{
	rand_seed(2);
	for (int i = 0; i < 1000; i++) {
		struct endpoint endpoint, back, copy;
		struct err err;
		json_t *json;

		random_endpoint(&endpoint);
		json = sample_reparse(endpoint_to_json(&endpoint, NULL, TIME_UNKNOWN));
		if (!endpoint_from_json(&back, json, &err))
			fail_msg("%s", err.text);
		assert_int_equal(back.probed_at, endpoint.probed_at);
		assert_int_equal(back.name_matches, endpoint.name_matches);
		assert_int_equal(back.earliest_expiry.not_after,
				 endpoint.earliest_expiry.not_after);
		assert_true(sample_same(endpoint_to_json(&back, NULL, TIME_UNKNOWN),
					json_incref(json)));
		endpoint_copy(&copy, &back);
		assert_true(sample_same(endpoint_to_json(&copy, NULL, TIME_UNKNOWN), json));
		endpoint_finish(&copy);
		endpoint_finish(&back);
		endpoint_finish(&endpoint);
	}
}

/* The users' form is read as well: it says the same, but for milliseconds. */
static void users_form_is_read(void **state UNUSED)
{
	struct endpoint endpoint = sample_served("192.0.2.7", 'a', NOW + DAYS(44)), back;
	struct target target;
	struct err err;
	json_t *json;

	assert_true(target_parse(&target, "www.example.com", "", NULL, &err));
	json = sample_reparse(endpoint_to_json(&endpoint, &target, NOW));
	assert_int_equal(json_get_int(json, "days_left", 0), 44);
	assert_int_equal(json_get_int(json, "seconds_left", 0), 44 * 86400);
	assert_true(endpoint_from_json(&back, json, &err));
	assert_true(sample_same(endpoint_to_json(&back, NULL, TIME_UNKNOWN),
				endpoint_to_json(&endpoint, NULL, TIME_UNKNOWN)));
	json_decref(json);
	endpoint_finish(&back);
	endpoint_finish(&endpoint);
	target_finish(&target);
}

static void documents_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"[]", "endpoint"},
		{"{}", "outcome"},
		{"{\"outcome\": \"fine\"}", "outcome"},
		{"{\"outcome\": 0}", "outcome"},
		{"{\"outcome\": \"ok\", \"address\": \"www.example.com\"}", "address"},
		{"{\"outcome\": \"ok\", \"address\": \"1.2.3\"}", "address"},
		{"{\"outcome\": \"ok\", \"stage\": \"a stage whose name does not fit there\"}",
		 "stage"},
		{"{\"outcome\": \"ok\", \"probed_at\": 1}", "probed_at"},
		{"{\"outcome\": \"ok\", \"probed_at\": \"yesterday\"}", "probed_at"},
		{"{\"outcome\": \"ok\", \"duration_ms\": -1}", "duration_ms"},
		{"{\"outcome\": \"ok\", \"proof\": 1}", "proof"},
		{"{\"outcome\": \"ok\", \"tls\": []}", "tls"},
		{"{\"outcome\": \"ok\", \"tls\": {\"version\": 13}}", "version"},
		{"{\"outcome\": \"ok\", \"certificate\": []}", "certificate"},
		{"{\"outcome\": \"ok\", \"certificate\": {\"sha256\": \"ABC\"}}", "certificate"},
		{"{\"outcome\": \"ok\", \"chain\": [1]}", "chain"},
		{"{\"outcome\": \"ok\", \"chain\": [{\"subject\": \"a\"}, {\"sha256\": \"x\"}]}",
		 "sha256"},
		{"{\"outcome\": \"ok\", \"earliest_expiry\": {\"not_after\": 3}}", "not_after"},
		{"{\"outcome\": \"ok\", \"name_matches\": 1}", "name_matches"},
		{"{\"outcome\": \"ok\", \"trust\": {\"verdict\": \"maybe\"}}", "verdict"},
		{"{\"outcome\": \"ok\", \"trust\": {\"generation\": \"12345678901234567\"}}",
		 "generation"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint endpoint;
		struct err err;
		json_t *json = json_parse(rows[i].text, strlen(rows[i].text), 4096, &err);

		assert_non_null(json);
		if (endpoint_from_json(&endpoint, json, &err))
			fail_msg("%s passed", rows[i].text);
		if (!strstr(err.text, rows[i].name))
			fail_msg("%s: %s", rows[i].text, err.text);
		json_decref(json);
	}
}

static void ceilings_hold(void **state UNUSED)
{
	json_t *json = json_object(), *chain = json_array();
	struct endpoint endpoint;
	char *text = mem_new(5001);
	struct err err;

	json_put_str(json, "outcome", "ok");
	for (int i = 0; i < ENDPOINT_CHAIN_MAX + 1; i++)
		json_array_append_new(chain, json_object());
	json_put(json, "chain", json_incref(chain));
	assert_false(endpoint_from_json(&endpoint, json, &err));
	json_array_remove(chain, 0);
	assert_true(endpoint_from_json(&endpoint, json, &err));
	assert_int_equal(endpoint.chain_len, ENDPOINT_CHAIN_MAX);
	endpoint_finish(&endpoint);
	memset(text, 'a', 5000);
	json_put_str(json, "error", text);
	assert_false(endpoint_from_json(&endpoint, json, &err));
	mem_free(text);
	json_decref(chain);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe_object_has_every_member),
		cmocka_unit_test(probe_object_values),
		cmocka_unit_test(time_left_is_floor),
		cmocka_unit_test(trusted_is_three_valued),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(users_form_is_read),
		cmocka_unit_test(documents_refused),
		cmocka_unit_test(ceilings_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
