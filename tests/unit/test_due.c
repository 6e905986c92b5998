/*
 * lib/rules/due: the refresh band, five attempts and a rest, confirmations, holds, cuts by
 * thresholds and repeats; that nothing is looked at in a loop; and what explain says of it.
 */
#include "lib/rules/due.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "lib/rules/judge.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct record record;
static struct due_input input;
static struct schedule next;

static int set_up(void **state UNUSED)
{
	struct err err;

	record_init(&record);
	target_finish(&record.target);
	input = (struct due_input){.record = &record, .next_repeat = INT64_MAX, .now = NOW};
	return target_parse(&record.target, "www.example.com", "", NULL, &err) ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	record_finish(&record);
	return 0;
}

/* The newest known leaf: `lifetime` long, `left` of it left. */
static void know(int64_t lifetime, int64_t left)
{
	observation_finish(&record.look);
	record.look = LOOK(sample_served("10.0.0.1", 'a', NOW + left));
	record.look.endpoints[0].cert.not_before = NOW + left - lifetime;
	record.has_look = true;
}

/* Looks now; the schedule is laid into the record as the keeper's commit does. */
static void look(bool failed)
{
	input.failed = failed;
	due_next(&input, &next);
	record.schedule = next;
}

static void assert_next(int64_t after_ms, const char *reason)
{
	assert_int_equal(next.next_at - input.now, after_ms);
	assert_string_equal(next.reason, reason);
}

/* ---- refresh ------------------------------------------------------------------------------ */

static void band_is_capped_by_the_lifetime(void **state UNUSED)
{
	static const struct {
		int64_t lifetime, min, max;
	} rows[] = {
		{0, 24 * MS_HOUR, 48 * MS_HOUR},	{DAYS(398), 24 * MS_HOUR, 48 * MS_HOUR},
		{DAYS(90), 24 * MS_HOUR, 48 * MS_HOUR}, {DAYS(24), 24 * MS_HOUR, 48 * MS_HOUR},
		{DAYS(18), 18 * MS_HOUR, 36 * MS_HOUR}, {DAYS(6), 6 * MS_HOUR, 12 * MS_HOUR},
		{DAYS(1), MS_HOUR, 2 * MS_HOUR},	{MS_HOUR, 15 * MS_MINUTE, 15 * MS_MINUTE},
		{1, 15 * MS_MINUTE, 15 * MS_MINUTE},
	};
	int64_t min, max;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		refresh_band(&record.target.policy, rows[i].lifetime, &min, &max);
		assert_int_equal(min, rows[i].min);
		assert_int_equal(max, rows[i].max);
	}
	record.target.policy.refresh_min_ms = 1;
	record.target.policy.refresh_max_ms = 2;
	refresh_band(&record.target.policy, 0, &min, &max);
	assert_int_equal(min, 15 * MS_MINUTE);
	assert_int_equal(max, 15 * MS_MINUTE);
}

/* every gap in the band, the hours of it equally often. */
static void refresh_is_even(void **state UNUSED)
{
	int hours[24] = {0};

	rand_seed(8);
	know(DAYS(90), DAYS(89));
	for (int i = 0; i < 24000; i++) {
		input.draw = rand_u64();
		look(false);
		assert_string_equal(next.reason, "refresh");
		assert_in_range(next.next_at - NOW, 24 * MS_HOUR, 48 * MS_HOUR);
		hours[(next.next_at - NOW - 24 * MS_HOUR) / MS_HOUR % 24]++;
	}
	for (int i = 0; i < 24; i++)
		assert_in_range(hours[i], 850, 1150);
}

static void the_shortest_life_counts(void **state UNUSED)
{
	record.look = LOOK(sample_served("10.0.0.1", 'a', NOW + DAYS(89)),
			   sample_served("10.0.0.2", 'b', NOW + DAYS(5)),
			   sample_dead("10.0.0.3", OUTCOME_TIMEOUT));
	record.look.endpoints[1].cert.not_before = NOW - DAYS(1);
	record.has_look = true;
	input.draw = UINT64_MAX;
	look(false);
	assert_in_range(next.next_at - NOW, 6 * MS_HOUR, 12 * MS_HOUR);
}

static void cut_by_the_next_threshold(void **state UNUSED)
{
	/* 90 days: the first threshold is at 22.5 days left. */
	know(DAYS(90), DAYS(90) / 4 + MS_HOUR);
	look(false);
	assert_next(MS_HOUR, "threshold");
	know(DAYS(90), 5 * MS_MINUTE);
	look(false);
	assert_next(5 * MS_MINUTE + MS_SECOND, "threshold");
	/* The last line crossed: nothing more to cut. */
	know(DAYS(90), -MS_HOUR);
	look(false);
	assert_string_equal(next.reason, "refresh");
}

static void cut_by_the_next_repeat(void **state UNUSED)
{
	know(DAYS(90), DAYS(80));
	input.next_repeat = NOW + 4 * MS_HOUR;
	look(false);
	assert_next(4 * MS_HOUR, "repeat");
	/* One that should have been told and was not: no loop. */
	input.next_repeat = NOW - MS_HOUR;
	look(false);
	assert_next(MS_MINUTE, "repeat");
}

/* ---- retry -------------------------------------------------------------------------------- */

/* contract: 5 attempts, 1 min, times 4, a week; alerts.md 3: 0, +1 m, +5 m. */
static void five_attempts_and_a_rest(void **state UNUSED)
{
	static const int64_t minutes[] = {1, 4, 16, 64};

	for (int cycle = 0; cycle < 3; cycle++) {
		int64_t first = input.now;

		for (int i = 0; i < 4; i++) {
			look(true);
			assert_int_equal(next.attempts, i + 1);
			assert_next(minutes[i] * MS_MINUTE, "retry");
			assert_int_equal(next.rest_until, TIME_UNKNOWN);
			input.now = next.next_at;
			if (i == 1)
				assert_int_equal(input.now - first, 5 * MS_MINUTE);
		}
		look(true);
		assert_int_equal(next.attempts, 5);
		assert_next(DAYS(7), "rest");
		assert_int_equal(next.rest_until, next.next_at);
		assert_int_equal(next.first_failed_at, NOW);
		input.now = next.next_at;
	}
}

static void jitter_only_adds(void **state UNUSED)
{
	int64_t min = INT64_MAX, max = 0;

	rand_seed(9);
	for (int i = 0; i < 5000; i++) {
		record.schedule.attempts = 1;
		input.draw = rand_u64();
		look(true);
		min = next.next_at - NOW < min ? next.next_at - NOW : min;
		max = next.next_at - NOW > max ? next.next_at - NOW : max;
	}
	assert_in_range(min, 4 * MS_MINUTE, 4 * MS_MINUTE + MS_SECOND);
	assert_in_range(max, 4 * MS_MINUTE * 109 / 100, 4 * MS_MINUTE * 110 / 100);
}

static void a_success_begins_anew(void **state UNUSED)
{
	for (int i = 0; i < 5; i++, input.now = next.next_at)
		look(true);
	look(false);
	assert_int_equal(next.attempts, 0);
	assert_int_equal(next.rest_until, TIME_UNKNOWN);
	assert_int_equal(next.first_failed_at, TIME_UNKNOWN);
	assert_string_equal(next.reason, "refresh");
	look(true);
	assert_int_equal(next.attempts, 1);
	assert_int_equal(next.first_failed_at, input.now);
}

static void rest_is_a_quarter_of_the_life_left(void **state UNUSED)
{
	static const struct {
		int64_t left, rest;
	} rows[] = {
		{DAYS(80), DAYS(7)},
		{DAYS(28), DAYS(6) - DAYS(1) / 2},
		{MS_HOUR * 8, MS_HOUR * 2},
		{MS_MINUTE * 8, MS_MINUTE * 8 + MS_SECOND},
		{MS_MINUTE * 40, 15 * MS_MINUTE},
		{-MS_SECOND, 24 * MS_HOUR},
		{-DAYS(400), 24 * MS_HOUR},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		know(DAYS(90), rows[i].left);
		record.schedule.attempts = 4;
		record.schedule.rest_until = TIME_UNKNOWN;
		look(true);
		/* Row two: a quarter would be seven days, the first threshold comes before. Row
		 * four: the floor is a quarter of an hour, the end comes before. */
		assert_next(rows[i].rest, "rest");
		assert_int_equal(next.rest_until, next.next_at);
	}
}

/* Somebody asks, or an open alert repeats: one look, and the rest goes on. */
static void an_early_look_does_not_break_the_rest(void **state UNUSED)
{
	int64_t until;

	record.schedule.attempts = 4;
	look(true);
	until = next.rest_until;
	input.now = NOW + DAYS(2);
	input.next_repeat = input.now + MS_HOUR;
	look(true);
	assert_int_equal(next.attempts, 5);
	assert_int_equal(next.rest_until, until);
	assert_next(MS_HOUR, "repeat");
	input.next_repeat = INT64_MAX;
	look(true);
	assert_int_equal(next.next_at, until);
	assert_string_equal(next.reason, "rest");
	/* The rest is over. */
	input.now = until;
	look(true);
	assert_int_equal(next.attempts, 1);
	assert_int_equal(next.rest_until, TIME_UNKNOWN);
	assert_next(MS_MINUTE, "retry");
}

static void retries_of_any_policy(void **state UNUSED)
{
	record.target.policy.retry_attempts = 1;
	look(true);
	assert_next(DAYS(7), "rest");
	record.target.policy.retry_attempts = 1000;
	record.target.policy.retry_factor = 1000;
	record.schedule.rest_until = TIME_UNKNOWN;
	record.schedule.attempts = 998;
	look(true);
	assert_int_equal(next.attempts, 999);
	assert_true(next.next_at > NOW);
}

static void our_failure_uses_no_attempt(void **state UNUSED)
{
	int64_t min = INT64_MAX, max = 0;

	rand_seed(10);
	record.schedule.attempts = 3;
	input.ours = true;
	input.next_repeat = NOW + 1;
	for (int i = 0; i < 5000; i++) {
		input.draw = rand_u64();
		look(true);
		assert_int_equal(next.attempts, 3);
		assert_string_equal(next.reason, "held");
		min = next.next_at - NOW < min ? next.next_at - NOW : min;
		max = next.next_at - NOW > max ? next.next_at - NOW : max;
	}
	/* All are back within ten minutes, spread. */
	assert_in_range(min, 5 * MS_MINUTE, 5 * MS_MINUTE + MS_SECOND);
	assert_in_range(max, 9 * MS_MINUTE + 29 * MS_SECOND, 9 * MS_MINUTE + 30 * MS_SECOND);
}

/* ---- confirmations ------------------------------------------------------------------------ */

static void a_finding_is_seen_again_after_ten_seconds(void **state UNUSED)
{
	know(DAYS(90), DAYS(80));
	input.pending_confirm = true;
	look(false);
	assert_next(10 * MS_SECOND, "confirm");
	assert_int_equal(next.attempts, 0);
}

/* Looks at 0, 1 and 5 minutes, as for one that does not answer at all. */
static void some_addresses_dead_are_seen_again(void **state UNUSED)
{
	know(DAYS(90), DAYS(80));
	input.pending_unreachable = true;
	look(false);
	assert_next(MS_MINUTE, "confirm");
	input.now += MS_MINUTE + 10 * MS_SECOND;
	look(false);
	assert_int_equal(next.next_at, NOW + 5 * MS_MINUTE);
	input.now = next.next_at;
	look(false);
	assert_next(4 * MS_MINUTE, "confirm");
	assert_int_equal(next.attempts, 0);
	input.pending_unreachable = false;
	look(false);
	assert_string_equal(next.reason, "refresh");
	assert_int_equal(next.first_failed_at, TIME_UNKNOWN);
}

static void a_jumped_clock_is_looked_at_again(void **state UNUSED)
{
	know(DAYS(90), DAYS(80));
	input.clock_hold = true;
	look(false);
	assert_next(10 * MS_SECOND, "confirm");
	look(true);
	assert_next(10 * MS_SECOND, "confirm");
	input.ours = true;
	look(true);
	assert_next(10 * MS_SECOND, "confirm");
}

/* ---- the rest ----------------------------------------------------------------------------- */

static void first_looks_keep_the_rate(void **state UNUSED)
{
	int seconds[21] = {0};

	rand_seed(11);
	assert_int_equal(first_look_delay(0, 1, 500, 7), 0);
	assert_int_equal(first_look_delay(5, 10, 0, 7), 0);
	for (size_t i = 0; i < 10000; i++) {
		int64_t delay = first_look_delay(i, 10000, 500, rand_u64());

		assert_in_range(delay, 0, 20 * MS_SECOND);
		seconds[delay / MS_SECOND]++;
	}
	for (int i = 0; i < 20; i++)
		assert_in_range(seconds[i], 490, 500);
	/* A rate above one in a microsecond is no rate. */
	assert_int_equal(first_look_delay(999, 1000, INT64_MAX, 7), 0);
}

static void deliveries_back_off(void **state UNUSED)
{
	static const int64_t seconds[] = {1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};

	rand_seed(12);
	for (int tries = 0; tries < (int)ARRAY_LEN(seconds); tries++) {
		for (int i = 0; i < 200; i++)
			assert_in_range(delivery_backoff(tries, rand_u64()),
					seconds[tries] * MS_SECOND * 8 / 10,
					seconds[tries] * MS_SECOND);
	}
	assert_in_range(delivery_backoff(1000000, 0), 240 * MS_SECOND, 300 * MS_SECOND);
}

/* Whatever is put in, the next look is in the future, and not absurdly far. */
static void never_now(void **state UNUSED)
{
	rand_seed(13);
	for (int i = 0; i < 20000; i++) {
		know(rand_between(1, DAYS(4000)), rand_between(-DAYS(4000), DAYS(4000)));
		record.has_look = rand_between(0, 1);
		record.schedule.attempts = (int)rand_between(0, 7);
		record.schedule.rest_until = rand_between(0, 1)
						     ? NOW + rand_between(-DAYS(9), DAYS(7))
						     : TIME_UNKNOWN;
		record.schedule.first_failed_at = rand_between(0, 1)
							  ? NOW - rand_between(0, DAYS(9))
							  : TIME_UNKNOWN;
		input.ours = rand_between(0, 9) == 0;
		input.pending_confirm = rand_between(0, 1);
		input.pending_unreachable = rand_between(0, 1);
		input.clock_hold = rand_between(0, 9) == 0;
		input.next_repeat = rand_between(0, 1) ? NOW + rand_between(-DAYS(1), DAYS(1))
						       : INT64_MAX;
		input.draw = rand_u64();
		look(rand_between(0, 1));
		assert_in_range(next.next_at - NOW, 1, DAYS(8));
		assert_in_range(next.attempts, 0, 7);
	}
}

/* ---- explain ------------------------------------------------------------------------------ */

static bool says(const json_t *json, const char *what)
{
	const json_t *sentence;
	size_t i;

	json_array_foreach(json_get_array(json, "sentences"), i, sentence) {
		if (strstr(json_string_value(sentence), what))
			return true;
	}
	return false;
}

static void explains_a_healthy_target(void **state UNUSED)
{
	json_t *json, *rows;

	know(DAYS(90), DAYS(60));
	input.draw = 0;
	look(false);
	json = due_explain(&record, NULL, 0, NOW);
	assert_true(says(json, "the next look is in 1 day (Sun 22 Nov 10:00 UTC), because it is "
			       "refreshed"));
	assert_true(says(json, "the next threshold (1/4, warning) is crossed in 37 days"));
	rows = json_get_array(json, "thresholds");
	assert_int_equal(json_array_size(rows), 4);
	assert_string_equal(json_get_str(json_array_get(rows, 3), "severity"), "critical");
	assert_string_equal(json_get_str(json_get_object(json, "next"), "reason"), "refresh");
	assert_int_equal(json_array_size(json_get_array(json, "pending")), 0);
	json_decref(json);
}

static void explains_what_is_missing(void **state UNUSED)
{
	struct alert alerts[3];
	json_t *json;

	for (size_t i = 0; i < ARRAY_LEN(alerts); i++) {
		alert_init(&alerts[i]);
		alert_name(&alerts[i], "default",
			   i == 0   ? ALERT_KIND_UNREACHABLE
			   : i == 1 ? ALERT_KIND_UNTRUSTED
				    : ALERT_KIND_EXPIRY,
			   "www.example.com:443", true);
	}
	alerts[0].status = ALERT_PENDING;
	alerts[0].seen = 2;
	alerts[0].first_seen_at = NOW;
	alerts[1].status = ALERT_ACKNOWLEDGED;
	alerts[1].ack_by = str_dup("root");
	alerts[1].ack_until = NOW + DAYS(1);
	alerts[2].status = ALERT_FIRING;
	alerts[2].repeat_at = NOW + MS_HOUR;
	for (int i = 0; i < 5; i++, input.now = next.next_at)
		look(true);
	record.outcome = OUTCOME_TIMEOUT;
	json = due_explain(&record, alerts, ARRAY_LEN(alerts), NOW + DAYS(1));
	assert_true(says(json, "5 of 5 attempts failed: timeout"));
	assert_true(says(json, "it rests until"));
	assert_true(says(json, "no certificate was seen yet"));
	assert_true(says(json, "unreachable was seen in 2 of 3 looks in a row"));
	assert_true(says(json, "untrusted is acknowledged by root until Sun 22 Nov 10:00 UTC"));
	assert_true(says(json, "is told again Sat 21 Nov 11:00 UTC"));
	assert_int_equal(json_array_size(json_get_array(json, "pending")), 1);
	assert_int_equal(json_array_size(json_get_array(json, "open")), 2);
	assert_int_equal(
		json_get_int(json_array_get(json_get_array(json, "pending"), 0), "needed", 0), 3);
	json_decref(json);
	for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
		alert_finish(&alerts[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(band_is_capped_by_the_lifetime),
		TEST(refresh_is_even),
		TEST(the_shortest_life_counts),
		TEST(cut_by_the_next_threshold),
		TEST(cut_by_the_next_repeat),
		TEST(five_attempts_and_a_rest),
		TEST(jitter_only_adds),
		TEST(a_success_begins_anew),
		TEST(rest_is_a_quarter_of_the_life_left),
		TEST(an_early_look_does_not_break_the_rest),
		TEST(retries_of_any_policy),
		TEST(our_failure_uses_no_attempt),
		TEST(a_finding_is_seen_again_after_ten_seconds),
		TEST(some_addresses_dead_are_seen_again),
		TEST(a_jumped_clock_is_looked_at_again),
		TEST(first_looks_keep_the_rate),
		TEST(deliveries_back_off),
		TEST(never_now),
		TEST(explains_a_healthy_target),
		TEST(explains_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
