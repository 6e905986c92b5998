/*
 * lib/model/observation: the questions asked of a look, its ceiling, and the round trip.
 */
#include "lib/model/observation.h"

#include "lib/base/rand.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void any_ok_is_ok(void **state UNUSED)
{
	struct observation look = LOOK(sample_dead("10.0.0.1", OUTCOME_TIMEOUT),
				       sample_served("10.0.0.2", 'a', NOW));

	assert_int_equal(look.len, 2);
	assert_int_equal(observation_outcome(&look), OUTCOME_OK);
	assert_false(observation_failed(&look));
	observation_finish(&look);
	look = LOOK(sample_dead("10.0.0.1", OUTCOME_TIMEOUT),
		    sample_dead("10.0.0.2", OUTCOME_REFUSED));
	assert_int_equal(observation_outcome(&look), OUTCOME_TIMEOUT);
	assert_true(observation_failed(&look));
	assert_null(observation_oldest(&look));
	observation_finish(&look);
}

static void a_seen_certificate_is_an_answer(void **state UNUSED)
{
	struct observation look = LOOK(sample_served("10.0.0.1", 'a', NOW));

	look.endpoints[0].outcome = OUTCOME_TLS_ERROR;
	assert_int_equal(observation_outcome(&look), OUTCOME_TLS_ERROR);
	assert_false(observation_failed(&look));
	observation_finish(&look);
}

static void oldest_ends_first(void **state UNUSED)
{
	struct observation look = LOOK(
		sample_dead("10.0.0.1", OUTCOME_TIMEOUT), sample_served("10.0.0.2", 'b', NOW + 2),
		sample_served("10.0.0.3", 'a', NOW + 1), sample_served("10.0.0.4", 'b', NOW + 2));

	assert_ptr_equal(observation_oldest(&look), &look.endpoints[2]);
	/* A date that could not be read is not the beginning of time. */
	look.endpoints[3].cert.not_after = TIME_UNKNOWN;
	assert_ptr_equal(observation_oldest(&look), &look.endpoints[2]);
	observation_finish(&look);
	observation_finish(&look);
}

static void nothing_is_a_failure(void **state UNUSED)
{
	struct observation look;

	observation_init(&look);
	assert_int_equal(observation_outcome(&look), OUTCOME_CANCELLED);
	assert_true(observation_failed(&look));
	observation_finish(&look);
	observation_finish(NULL);
}

static void full_is_full(void **state UNUSED)
{
	struct observation look;
	struct endpoint endpoint;

	observation_init(&look);
	for (int i = 0; i < OBSERVATION_ENDPOINTS_MAX; i++) {
		endpoint = sample_served("10.0.0.1", 'a', NOW);
		assert_true(observation_add_take(&look, &endpoint));
		assert_null(endpoint.cert.subject);
	}
	endpoint = sample_served("10.0.0.1", 'a', NOW);
	assert_false(observation_add_take(&look, &endpoint));
	assert_null(endpoint.cert.subject);
	assert_int_equal(look.len, OBSERVATION_ENDPOINTS_MAX);
	observation_finish(&look);
}

static void round_trips(void **state UNUSED)
{
	rand_seed(3);
	for (int i = 0; i < 300; i++) {
		struct observation look, back, copy;
		struct err err;
		json_t *json;

		random_observation(&look);
		json = sample_reparse(observation_to_json(&look));
		if (!observation_from_json(&back, json, &err))
			fail_msg("%s", err.text);
		assert_int_equal(back.len, look.len);
		assert_int_equal(back.at, look.at);
		assert_true(sample_same(observation_to_json(&back), json_incref(json)));
		observation_copy(&copy, &back);
		assert_true(sample_same(observation_to_json(&copy), json));
		observation_finish(&copy);
		observation_finish(&back);
		observation_finish(&look);
	}
}

static void documents_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"1", "observation"},
		{"{}", "endpoints"},
		{"{\"endpoints\": []}", "endpoints"},
		{"{\"endpoints\": {}}", "endpoints"},
		{"{\"endpoints\": [{\"outcome\": \"ok\"}, {\"outcome\": 1}]}",
		 "endpoints[1]: outcome"},
		{"{\"endpoints\": [{\"outcome\": \"ok\"}], \"at\": \"x\"}", "at"},
		{"{\"endpoints\": [{\"outcome\": \"ok\"}], \"ours\": \"x\"}", "ours"},
		{"{\"endpoints\": [{\"outcome\": \"ok\"}], \"families_skipped\": -1}",
		 "families_skipped"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct observation look;
		struct err err;
		json_t *json = json_parse(rows[i].text, strlen(rows[i].text), 4096, &err);

		/* A bare number is a document, too. */
		assert_non_null(json);
		if (observation_from_json(&look, json, &err))
			fail_msg("%s passed", rows[i].text);
		if (!strstr(err.text, rows[i].name))
			fail_msg("%s: %s", rows[i].text, err.text);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_ok_is_ok),
		cmocka_unit_test(a_seen_certificate_is_an_answer),
		cmocka_unit_test(oldest_ends_first),
		cmocka_unit_test(nothing_is_a_failure),
		cmocka_unit_test(full_is_full),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(documents_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
