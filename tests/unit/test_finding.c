/*
 * lib/model/finding: the worst, the places, and the round trip.
 */
#include "lib/model/finding.h"

#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void worst_and_get(void **state UNUSED)
{
	struct findings findings = {.len = 0};

	assert_int_equal(findings_worst(&findings), SEVERITY_OFF);
	assert_null(findings_get(&findings, FINDING_CHANGED));
	finding_init(&findings.list[findings.len++], FINDING_CHANGED, SEVERITY_INFO);
	finding_init(&findings.list[findings.len++], FINDING_UNTRUSTED, SEVERITY_CRITICAL);
	finding_init(&findings.list[findings.len++], FINDING_EXPIRING, SEVERITY_WARNING);
	assert_int_equal(findings_worst(&findings), SEVERITY_CRITICAL);
	assert_ptr_equal(findings_get(&findings, FINDING_UNTRUSTED), &findings.list[1]);
	assert_int_equal(findings.list[2].threshold, -1);
	assert_int_equal(findings.list[2].not_after, TIME_UNKNOWN);
}

/* Contract 4: kind, severity, text, at. */
static void has_the_contracts_members(void **state UNUSED)
{
	struct finding finding;
	json_t *json;

	finding_init(&finding, FINDING_EXPIRING, SEVERITY_WARNING);
	str_copy(finding.text, sizeof(finding.text), "expires in 13 days");
	str_copy(finding.at, sizeof(finding.at), "leaf");
	json = finding_to_json(&finding);
	assert_string_equal(json_get_str(json, "kind"), "expiring");
	assert_string_equal(json_get_str(json, "severity"), "warning");
	assert_string_equal(json_get_str(json, "text"), "expires in 13 days");
	assert_string_equal(json_get_str(json, "at"), "leaf");
	assert_int_equal(json_object_size(json), 4);
	json_decref(json);
}

static void an_endpoint_has_its_own(void **state UNUSED)
{
	struct findings findings = {.len = 2};
	json_t *json;

	finding_init(&findings.list[0], FINDING_EXPIRING, SEVERITY_WARNING);
	str_copy(findings.list[0].places[0], 64, "10.0.0.4");
	findings.list[0].places_len = 1;
	/* No places: it concerns every endpoint. */
	finding_init(&findings.list[1], FINDING_NEVER_SEEN, SEVERITY_INFO);
	json = findings_to_json(&findings, "10.0.0.4");
	assert_int_equal(json_array_size(json), 2);
	json_decref(json);
	json = findings_to_json(&findings, "10.0.0.5");
	assert_int_equal(json_array_size(json), 1);
	json_decref(json);
	json = findings_to_json(&findings, NULL);
	assert_int_equal(json_array_size(json), 2);
	json_decref(json);
}

static void round_trips(void **state UNUSED)
{
	static struct findings findings, back;

	rand_seed(4);
	for (int i = 0; i < 300; i++) {
		struct err err;
		json_t *json;

		random_findings(&findings);
		json = sample_reparse(findings_to_json(&findings, NULL));
		if (!findings_from_json(&back, json, &err))
			fail_msg("%s", err.text);
		assert_int_equal(back.len, findings.len);
		assert_true(sample_same(findings_to_json(&back, NULL), json));
	}
}

static void documents_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"{}", "findings"},
		{"[1]", "kind"},
		{"[{\"kind\": \"expired\"}, {\"kind\": \"expired\"}]", "twice"},
		{"[{\"kind\": \"expired\", \"severity\": \"loud\"}]", "severity"},
		{"[{\"kind\": \"expired\", \"at\": \"somewhere over the rainbow\"}]", "at"},
		{"[{\"kind\": \"expired\", \"places\": \"10.0.0.1\"}]", "places"},
		{"[{\"kind\": \"expired\", \"places\": [1]}]", "places"},
		{"[{\"kind\": \"expired\", \"certificate\": \"3F\"}]", "certificate"},
		{"[{\"kind\": \"expired\", \"threshold_index\": 9}]", "threshold_index"},
	};
	static struct findings findings;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err;
		json_t *json = json_parse(rows[i].text, strlen(rows[i].text), 4096, &err);

		assert_non_null(json);
		if (findings_from_json(&findings, json, &err))
			fail_msg("%s passed", rows[i].text);
		if (!strstr(err.text, rows[i].name))
			fail_msg("%s: %s", rows[i].text, err.text);
		json_decref(json);
	}
}

static void kinds_of_later_versions_are_skipped(void **state UNUSED)
{
	static const char text[] = "[{\"kind\": \"weak_key\"}, {\"kind\": \"expired\"}]";
	static struct findings findings;
	struct err err;
	json_t *json = json_parse(text, strlen(text), 4096, &err);

	assert_true(findings_from_json(&findings, json, &err));
	assert_int_equal(findings.len, 1);
	assert_int_equal(findings.list[0].kind, FINDING_EXPIRED);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worst_and_get),
		cmocka_unit_test(has_the_contracts_members),
		cmocka_unit_test(an_endpoint_has_its_own),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(documents_refused),
		cmocka_unit_test(kinds_of_later_versions_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
