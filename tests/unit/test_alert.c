/*
 * lib/model/alert: its name, the contract's row, and the round trip.
 */
#include "lib/model/alert.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void the_key_is_for_ever(void **state UNUSED)
{
	struct alert alert;
	char id[SHORT_ID_LEN + 1], want[200];

	alert_init(&alert);
	alert_name(&alert, "default", ALERT_KIND_EXPIRY, "www.example.com:443", true);
	digest_short_id("www.example.com:443", id);
	snprintf(want, sizeof(want), "expiryd/default/expiry/%s", id);
	assert_string_equal(alert.dedup_key, want);
	assert_string_equal(alert.subject_id, id);
	digest_short_id(want, id);
	assert_string_equal(alert.id, id);
	assert_string_equal(alert.subject, "www.example.com:443");
	alert_finish(&alert);
	alert_finish(&alert);
}

/* alerts.md 1: at most 200 of [A-Za-z0-9:_./-], whatever the site and the kind. */
static void the_key_is_short_and_plain(void **state UNUSED)
{
	for (int kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		struct alert alert;
		char site[300];

		memset(site, 'x', sizeof(site));
		site[sizeof(site) - 1] = 0;
		site[1] = '\n';
		site[2] = '/';
		alert_init(&alert);
		alert_name(&alert, site, (enum alert_kind)kind, "instance/\"edge\n1\"", false);
		assert_true(strlen(alert.dedup_key) < 200);
		assert_int_equal(strspn(alert.dedup_key,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789:_./-"),
				 strlen(alert.dedup_key));
		alert_finish(&alert);
	}
}

static void open_is_what_stands(void **state UNUSED)
{
	static const bool open[] = {
		[ALERT_PENDING] = false, [ALERT_FIRING] = true, [ALERT_ACKNOWLEDGED] = true,
		[ALERT_SILENCED] = true, [ALERT_HELD] = true,	[ALERT_FLAPPING] = true,
		[ALERT_RESOLVED] = false};
	struct alert alert;

	alert_init(&alert);
	assert_false(alert_open(&alert));
	for (int i = 0; i < ALERT_STATUS_COUNT; i++) {
		alert.status = (enum alert_status)i;
		assert_int_equal(alert_open(&alert), open[i]);
	}
	alert_finish(&alert);
}

/* Contract 5. */
static void row_has_every_member(void **state UNUSED)
{
	static const char *const members[] = {
		"id",
		"dedup_key",
		"fingerprint",
		"event_id",
		"event",
		"target",
		"target_id",
		"places",
		"kind",
		"severity",
		"previous_severity",
		"status",
		"episode",
		"text",
		"threshold",
		"not_after",
		"seconds_left",
		"certificate",
		"at",
		"organization",
		"owner",
		"tags",
		"note",
		"runbook",
		"next",
		"started_at",
		"last_told_at",
		"ended_at",
		"reason",
		"acknowledged",
		"silence",
	};
	struct alert alert;
	json_t *row;

	alert_init(&alert);
	alert_name(&alert, "default", ALERT_KIND_EXPIRY, "www.example.com:443", true);
	row = alert_row(&alert, NOW);
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		if (!json_object_get(row, members[i]))
			fail_msg("no %s", members[i]);
	}
	assert_int_equal(json_object_size(row), ARRAY_LEN(members));
	assert_int_equal(strlen(json_get_str(row, "fingerprint")), 16);
	assert_true(json_is_null(json_object_get(row, "acknowledged")));
	assert_true(json_is_null(json_object_get(row, "reason")));
	assert_true(json_is_null(json_object_get(row, "event")));
	assert_true(json_is_null(json_object_get(row, "seconds_left")));
	assert_true(json_is_object(json_object_get(row, "tags")));
	json_decref(row);
	alert_finish(&alert);
}

static void row_has_values(void **state UNUSED)
{
	struct alert alert;
	json_t *row, *ack;

	alert_init(&alert);
	alert_name(&alert, "default", ALERT_KIND_EXPIRY, "www.example.com:443", true);
	alert.severity = SEVERITY_CRITICAL;
	alert.previous_severity = SEVERITY_WARNING;
	alert.status = ALERT_ACKNOWLEDGED;
	alert.episode = 3;
	alert.event = EVENT_ESCALATED;
	alert.not_after = NOW + DAYS(2);
	alert.started_at = NOW + 123;
	str_copy(alert.threshold_text, sizeof(alert.threshold_text), "1/16");
	alert.ack_by = str_dup("root");
	alert.ack_at = NOW;
	row = alert_row(&alert, NOW);
	assert_string_equal(json_get_str(row, "severity"), "critical");
	assert_string_equal(json_get_str(row, "previous_severity"), "warning");
	assert_string_equal(json_get_str(row, "event"), "escalated");
	assert_string_equal(json_get_str(row, "threshold"), "1/16");
	assert_string_equal(json_get_str(row, "started_at"), "2026-11-21T10:00:00Z");
	assert_int_equal(json_get_int(row, "seconds_left", 0), 2 * 86400);
	assert_int_equal(json_get_int(row, "episode", 0), 3);
	ack = json_get_object(row, "acknowledged");
	assert_string_equal(json_get_str(ack, "by"), "root");
	assert_string_equal(json_get_str(ack, "at"), "2026-11-21T10:00:00Z");
	assert_true(json_is_null(json_object_get(ack, "why")));
	assert_true(json_is_null(json_object_get(ack, "until")));
	json_decref(row);
	alert_finish(&alert);
}

static void round_trips(void **state UNUSED)
{
	rand_seed(5);
	for (int i = 0; i < 500; i++) {
		struct alert alert, back, copy;
		struct err err;
		json_t *json;

		random_alert(&alert);
		json = sample_reparse(alert_to_json(&alert));
		if (!alert_from_json(&back, json, &err))
			fail_msg("%s", err.text);
		assert_true(alert_equal(&alert, &back));
		assert_int_equal(back.ack_until, alert.ack_until);
		assert_int_equal(back.told_len, alert.told_len);
		alert_copy(&copy, &back);
		assert_true(alert_equal(&copy, &alert));
		copy.episode++;
		assert_false(alert_equal(&copy, &alert));
		json_decref(json);
		alert_finish(&copy);
		alert_finish(&back);
		alert_finish(&alert);
	}
}

/* One member of a good document is replaced by a bad one. */
static void documents_refused(void **state UNUSED)
{
	static const struct {
		const char *key, *value;
	} rows[] = {
		{"id", "\"00000000000000000000000000000000\""},
		{"id", "null"},
		{"kind", "null"},
		{"kind", "\"expired\""},
		{"status", "\"loud\""},
		{"severity", "3"},
		{"dedup_key", "\"expiryd/a b\""},
		{"dedup_key", "null"},
		{"subject_id", "null"},
		{"subject", "{}"},
		{"is_target", "\"yes\""},
		{"episode", "-1"},
		{"episode", "\"1\""},
		{"places", "[\"x\", 2]"},
		{"told", "[3]"},
		{"acknowledged", "{}"},
		{"acknowledged", "{\"by\": 7}"},
		{"certificate", "\"zz\""},
		{"started_at", "\"soon\""},
		{"tags", "{\"a\": null}"},
		{"threshold_index", "1000"},
	};
	struct alert alert, back;
	struct err err;
	json_t *good;

	alert_init(&alert);
	alert_name(&alert, "default", ALERT_KIND_EXPIRY, "www.example.com:443", true);
	good = alert_to_json(&alert);
	assert_true(alert_from_json(&back, good, &err));
	alert_finish(&back);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		json_t *bad = json_copy(good);

		json_put(bad, rows[i].key,
			 json_parse(rows[i].value, strlen(rows[i].value), 4096, &err));
		if (alert_from_json(&back, bad, &err))
			fail_msg("%s: %s passed", rows[i].key, rows[i].value);
		json_decref(bad);
	}
	json_decref(good);
	alert_finish(&alert);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_for_ever), cmocka_unit_test(the_key_is_short_and_plain),
		cmocka_unit_test(open_is_what_stands), cmocka_unit_test(row_has_every_member),
		cmocka_unit_test(row_has_values),      cmocka_unit_test(round_trips),
		cmocka_unit_test(documents_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
