/*
 * lib/model/policy: the defaults of the contract, thresholds both ways, the sparse JSON form and
 * what it refuses.
 */
#include "lib/model/policy.h"

#include "lib/base/str.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void defaults_are_the_contracts(void **state UNUSED)
{
	struct policy policy;
	json_t *json;

	policy_init(&policy);
	assert_int_equal(policy.refresh_min_ms, 24 * MS_HOUR);
	assert_int_equal(policy.refresh_max_ms, 48 * MS_HOUR);
	assert_int_equal(policy.timeout_ms, 10 * MS_SECOND);
	assert_int_equal(policy.retry_attempts, 5);
	assert_int_equal(policy.retry_first_ms, MS_MINUTE);
	assert_int_equal(policy.retry_factor, 4);
	assert_int_equal(policy.retry_rest_ms, 7 * MS_DAY);
	assert_int_equal(policy.repeat_ms, 24 * MS_HOUR);
	assert_int_equal(policy.unreachable_after, 3);
	assert_int_equal(policy.thresholds_len, 3);
	for (int kind = 0; kind < FINDING_COUNT; kind++)
		assert_int_equal(policy_severity(&policy, (enum finding_kind)kind),
				 finding_kind_severity((enum finding_kind)kind));
	/* All defaults: nothing to write. */
	json = policy_to_json(&policy);
	assert_int_equal(json_object_size(json), 0);
	json_decref(json);
}

static void thresholds_both_ways(void **state UNUSED)
{
	static const struct {
		const char *in, *out;
		int num, den;
		int64_t ms;
	} rows[] = {
		{"1/4", "1/4", 1, 4, 0},
		{"1/1", "1/1", 1, 1, 0},
		{"0d", "0d", 0, 0, 0},
		{"30d", "30d", 0, 0, 30 * MS_DAY},
		{"24h", "1d", 0, 0, MS_DAY},
		{"36h", "36h", 0, 0, 36 * MS_HOUR},
		{"2w", "14d", 0, 0, 14 * MS_DAY},
		{"90m", "90m", 0, 0, 90 * MS_MINUTE},
		{"1h30m", "90m", 0, 0, 90 * MS_MINUTE},
		{"1500ms", "1500ms", 0, 0, 1500},
	};
	char text[24];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct threshold threshold;
		struct err err;

		assert_true(threshold_parse(&threshold, rows[i].in, &err));
		assert_int_equal(threshold.num, rows[i].num);
		assert_int_equal(threshold.den, rows[i].den);
		assert_int_equal(threshold.ms, rows[i].ms);
		threshold_text(&threshold, text, sizeof(text));
		assert_string_equal(text, rows[i].out);
	}
}

static void thresholds_refused(void **state UNUSED)
{
	static const char *const wrong[] = {"",	       "x",    "30",   "-1d",	 "1/0",
					    "0/4",     "5/4",  "1/",   "/4",	 "1/4d",
					    "1/99999", "1 /4", "1/ 4", "99999d", "111111111/4"};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct threshold threshold;
		struct err err;

		if (threshold_parse(&threshold, wrong[i], &err))
			fail_msg("'%s' passed", wrong[i]);
		assert_non_null(strstr(err.text, wrong[i]));
	}
}

/* One member each that must be refused, with the member's name in the sentence. */
static void documents_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"[]", "policy"},
		{"{\"refresh_min_ms\": \"1\"}", "refresh_min_ms"},
		{"{\"refresh_min_ms\": 0}", "refresh_min_ms"},
		{"{\"refresh_min_ms\": 1.5}", "refresh_min_ms"},
		{"{\"refresh_max_ms\": 1000}", "refresh_min_ms"},
		{"{\"timeout_ms\": 9223372036854775807}", "timeout_ms"},
		{"{\"retry_attempts\": 0}", "retry_attempts"},
		{"{\"family\": \"5\"}", "family"},
		{"{\"family\": 4}", "family"},
		{"{\"expiry\": {}}", "expiry"},
		{"{\"expiry\": [1,2,3,4,5,6,7,8,9]}", "expiry"},
		{"{\"expiry\": [\"1/4\"]}", "expiry"},
		{"{\"expiry\": [{\"at\": \"1/4\", \"severity\": \"loud\"}]}", "severity"},
		{"{\"unreachable_any\": 1}", "unreachable_any"},
		{"{\"severities\": {\"expired\": 3}}", "severities"},
		{"{\"severities\": {\"expired\": \"loud\"}}", "severities"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct policy policy;
		struct err err;
		json_t *json = json_parse(rows[i].text, strlen(rows[i].text), 4096, &err);

		assert_non_null(json);
		if (policy_from_json(&policy, json, &err))
			fail_msg("%s passed", rows[i].text);
		if (!strstr(err.text, rows[i].name))
			fail_msg("%s: %s", rows[i].text, err.text);
		json_decref(json);
	}
}

static void unknown_members_are_left_alone(void **state UNUSED)
{
	static const char text[] = "{\"later\": [1], \"severities\": {\"weak_key\": \"loud\", "
				   "\"expired\": \"info\"}, \"family\": null, \"expiry\": []}";
	struct policy policy;
	struct err err;
	json_t *json = json_parse(text, strlen(text), 4096, &err);

	assert_true(policy_from_json(&policy, json, &err));
	assert_int_equal(policy_severity(&policy, FINDING_EXPIRED), SEVERITY_INFO);
	assert_int_equal(policy.family, FAMILY_AUTO);
	/* No thresholds at all is something an operator may say. */
	assert_int_equal(policy.thresholds_len, 0);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_contracts),
		cmocka_unit_test(thresholds_both_ways),
		cmocka_unit_test(thresholds_refused),
		cmocka_unit_test(documents_refused),
		cmocka_unit_test(unknown_members_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
