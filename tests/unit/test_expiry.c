/*
 * lib/rules/expiry: threshold arithmetic to the second, severities by place, the next crossing.
 */
#include "lib/base/str.h"
#include "lib/rules/judge.h"

#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S MS_SECOND

static struct threshold part(int num, int den)
{
	return (struct threshold){.num = num, .den = den};
}

static struct threshold left(int64_t ms)
{
	return (struct threshold){.ms = ms};
}

/* alerts.md 4: right for a ten-year, a 398-day and a 6-day certificate alike. */
static void fractions_are_of_120_days_at_most(void **state UNUSED)
{
	static const struct {
		int64_t lifetime;
		int num, den;
		int64_t want;
	} rows[] = {
		{DAYS(3650), 1, 4, DAYS(30)},
		{DAYS(398), 1, 4, DAYS(30)},
		{DAYS(120), 1, 4, DAYS(30)},
		{DAYS(90), 1, 4, DAYS(90) / 4},
		{DAYS(6), 1, 4, 36 * MS_HOUR},
		{DAYS(6), 1, 16, 9 * MS_HOUR},
		{0, 1, 4, 0},
		{-DAYS(5), 1, 4, 0},
		{DAYS(90), 1, 1, DAYS(90)},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct threshold threshold = part(rows[i].num, rows[i].den);

		assert_int_equal(threshold_left_ms(&threshold, NOW, NOW + rows[i].lifetime),
				 rows[i].want);
	}
}

static void times_are_obeyed_literally(void **state UNUSED)
{
	struct threshold threshold = left(DAYS(60));

	/* Longer than its whole life: crossed from the beginning. */
	assert_int_equal(threshold_left_ms(&threshold, NOW, NOW + DAYS(6)), DAYS(60));
	assert_int_equal(threshold_at(&threshold, NOW, NOW + DAYS(6)), NOW - DAYS(54));
}

static void unknown_beginnings_count_as_long(void **state UNUSED)
{
	struct threshold threshold = part(1, 4);

	assert_int_equal(threshold_left_ms(&threshold, TIME_UNKNOWN, NOW), DAYS(30));
	assert_int_equal(threshold_left_ms(&threshold, INT64_MIN + 1, INT64_MAX), DAYS(30));
	assert_int_equal(threshold_left_ms(&threshold, INT64_MAX, INT64_MIN + 1), 0);
}

/* A 120-day certificate: thresholds at 30, 15 and 7.5 days left. */
static void crossed_to_the_millisecond(void **state UNUSED)
{
	static const struct {
		int64_t left_ms;
		int want;
	} rows[] = {
		{DAYS(120), -1},
		{DAYS(30) + 1, -1},
		{DAYS(30), 0},
		{DAYS(15) + 1, 0},
		{DAYS(15), 1},
		{DAYS(15) / 2 + 1, 1},
		{DAYS(15) / 2, 2},
		{1, 2},
		{0, 2},
		/* The last second belongs to the certificate. */
		{-999, 2},
		{-1000, 3},
		{-DAYS(1), 3},
		{-DAYS(4000), 3},
	};
	int64_t not_after = NOW + DAYS(120);
	struct policy policy;

	policy_init(&policy);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(
			threshold_crossed(&policy, NOW, not_after, not_after - rows[i].left_ms),
			rows[i].want);
	assert_int_equal(threshold_crossed(&policy, NOW, TIME_UNKNOWN, NOW), -1);
	policy.thresholds_len = 0;
	assert_int_equal(threshold_crossed(&policy, NOW, not_after, not_after), -1);
	assert_int_equal(threshold_crossed(&policy, NOW, not_after, not_after + S), 0);
}

static void severity_by_place(void **state UNUSED)
{
	/* How many of a list of n are warnings: the last third, rounded up, is critical. */
	static const int warnings[] = {0, 0, 1, 2, 2, 3, 4, 4, 5};
	struct policy policy;

	policy_init(&policy);
	for (int n = 1; n <= THRESHOLDS_MAX; n++) {
		policy.thresholds_len = (size_t)n;
		for (int i = 0; i < n; i++) {
			policy.thresholds[i] = left(DAYS(60 - i));
			assert_int_equal(threshold_severity(&policy, i),
					 i < warnings[n] ? SEVERITY_WARNING : SEVERITY_CRITICAL);
		}
	}
	policy.thresholds[0].severity = SEVERITY_INFO;
	assert_int_equal(threshold_severity(&policy, 0), SEVERITY_INFO);
	assert_int_equal(threshold_severity(&policy, -1), SEVERITY_OFF);
	assert_int_equal(threshold_severity(&policy, THRESHOLDS_MAX), SEVERITY_CRITICAL);
}

/* Where parts and times are mixed, the certificate decides which comes first. */
static void mixed_lists_are_put_in_order(void **state UNUSED)
{
	struct threshold order[THRESHOLDS_MAX];
	struct policy policy;

	policy_init(&policy);
	policy.thresholds[0] = left(DAYS(7));
	policy.thresholds[1] = part(1, 4);
	policy.thresholds[2] = left(DAYS(20));
	assert_int_equal(threshold_order(&policy, NOW, NOW + DAYS(400), order), 3);
	assert_int_equal(order[0].den, 4);
	assert_int_equal(order[1].ms, DAYS(20));
	assert_int_equal(order[2].ms, DAYS(7));
	threshold_order(&policy, NOW, NOW + DAYS(8), order);
	assert_int_equal(order[0].ms, DAYS(20));
	assert_int_equal(order[1].ms, DAYS(7));
	assert_int_equal(order[2].den, 4);
	/* 20 days before the end of a long one: 1/4 and 20d are crossed, 7d is not. */
	assert_int_equal(threshold_crossed(&policy, NOW, NOW + DAYS(400), NOW + DAYS(380)), 1);
}

/* Walking from one crossing to the next visits each once and ends. */
static void next_visits_each_once(void **state UNUSED)
{
	int64_t not_after = NOW + DAYS(120), at = NOW;
	static const int64_t want[] = {DAYS(30), DAYS(15), DAYS(15) / 2, -S};
	struct policy policy;

	policy_init(&policy);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		at = threshold_next(&policy, NOW, not_after, at);
		assert_int_equal(at, not_after - want[i]);
		assert_int_equal(threshold_crossed(&policy, NOW, not_after, at), (int)i);
		assert_int_equal(threshold_crossed(&policy, NOW, not_after, at - 1), (int)i - 1);
	}
	assert_int_equal(threshold_next(&policy, NOW, not_after, at), INT64_MAX);
	assert_int_equal(threshold_next(&policy, NOW, TIME_UNKNOWN, at), INT64_MAX);
}

static void days_are_floors(void **state UNUSED)
{
	assert_int_equal(days_left(NOW, NOW), 0);
	assert_int_equal(days_left(NOW, NOW + S), -1);
	assert_int_equal(days_left(NOW + DAYS(1), NOW), 1);
	assert_int_equal(seconds_left(NOW + DAYS(1), NOW), 86400);
	assert_int_equal(seconds_left(NOW, NOW + S), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fractions_are_of_120_days_at_most),
		cmocka_unit_test(times_are_obeyed_literally),
		cmocka_unit_test(unknown_beginnings_count_as_long),
		cmocka_unit_test(crossed_to_the_millisecond),
		cmocka_unit_test(severity_by_place),
		cmocka_unit_test(mixed_lists_are_put_in_order),
		cmocka_unit_test(next_visits_each_once),
		cmocka_unit_test(days_are_floors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
