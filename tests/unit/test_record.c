/*
 * lib/model/record: the stored document is small, comes back as it was, and is not believed.
 */
#include "lib/model/record.h"

#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void set_target(struct record *record, const char *text)
{
	struct err err;

	target_finish(&record->target);
	assert_true(target_parse(&record->target, text, "", NULL, &err));
}

static void round_trips(void **state UNUSED)
{
	static struct record record, back;

	rand_seed(6);
	for (int i = 0; i < 300; i++) {
		struct err err;
		json_t *json;

		random_record(&record);
		json = sample_reparse(record_to_json(&record));
		if (!record_from_json(&back, json, &err))
			fail_msg("%s", err.text);
		assert_string_equal(back.target.text, record.target.text);
		assert_int_equal(back.alerts, record.alerts);
		assert_int_equal(back.outcome, record.outcome);
		assert_int_equal(back.has_look, record.has_look);
		assert_int_equal(back.schedule.next_at, record.schedule.next_at);
		assert_int_equal(back.schedule.clock_epoch, record.schedule.clock_epoch);
		assert_true(sample_same(record_to_json(&back), json));
		record_finish(&back);
		record_finish(&record);
		record_finish(&record);
	}
}

static void fresh_is_small(void **state UNUSED)
{
	static struct record record;
	json_t *json;
	char *text;

	record_init(&record);
	set_target(&record, "www.example.com");
	json = record_to_json(&record);
	text = json_write(json);
	assert_string_equal(text, "{\"target\":{\"target\":\"www.example.com:443\"}}");
	mem_free(text);
	json_decref(json);
	record_finish(&record);
}

/* A million of these are a million times this many bytes. */
static void a_common_one_is_lean(void **state UNUSED)
{
	static struct record record;
	json_t *json;
	char *text;

	record_init(&record);
	set_target(&record, "www.example.com");
	record.sources[record.sources_len++] = str_dup("config");
	record.has_look = true;
	record.look = LOOK(sample_served("192.0.2.7", 'a', NOW + DAYS(60)));
	record.first_seen = record.last_ok = record.last_looked = NOW;
	record.schedule.next_at = NOW + DAYS(1);
	json = record_to_json(&record);
	text = json_write(json);
	assert_null(strstr(text, "null"));
	assert_null(strstr(text, "[]"));
	assert_null(strstr(text, "{}"));
	assert_true(strlen(text) < 1000);
	mem_free(text);
	json_decref(json);
	record_finish(&record);
}

static void documents_refused(void **state UNUSED)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"[]", "record"},
		{"{}", "target"},
		{"{\"target\": \"a:1\"}", "target"},
		{"{\"target\": {\"target\": \"a\"}}", "target"},
		{"{\"target\": {\"target\": \"a:1\"}, \"sources\": [1]}", "sources"},
		{"{\"target\": {\"target\": \"a:1\"}, \"sources\": \"config\"}", "sources"},
		{"{\"target\": {\"target\": \"a:1\"}, \"first_seen\": 7}", "first_seen"},
		{"{\"target\": {\"target\": \"a:1\"}, \"ignored\": 0}", "ignored"},
		{"{\"target\": {\"target\": \"a:1\"}, \"look\": []}", "look"},
		{"{\"target\": {\"target\": \"a:1\"}, \"look\": {}}", "look: endpoints"},
		{"{\"target\": {\"target\": \"a:1\"}, \"outcome\": \"?\"}", "outcome"},
		{"{\"target\": {\"target\": \"a:1\"}, \"findings\": {}}", "findings"},
		{"{\"target\": {\"target\": \"a:1\"}, \"schedule\": {\"attempts\": -1}}",
		 "attempts"},
		{"{\"target\": {\"target\": \"a:1\"}, \"alerts\": [1]}", "alerts"},
	};
	static struct record record;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err;
		json_t *json = json_parse(rows[i].text, strlen(rows[i].text), 4096, &err);

		assert_non_null(json);
		if (record_from_json(&record, json, &err))
			fail_msg("%s passed", rows[i].text);
		if (!strstr(err.text, rows[i].name))
			fail_msg("%s: %s", rows[i].text, err.text);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(fresh_is_small),
		cmocka_unit_test(a_common_one_is_lean),
		cmocka_unit_test(documents_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
