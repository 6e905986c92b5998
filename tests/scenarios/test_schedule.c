/*
 * The schedule over weeks: gaps in the band, five attempts and the rest, what is told and when.
 */
#include "tests/scenarios/scenario.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* With sanitizers a look costs tenfold; make distcheck plays the whole crowd. */
#ifdef EXPIRYD_SANITIZERS
#define TARGETS 2000
#else
#define TARGETS 10000
#endif
#define DAYS 12

struct world {
	int64_t not_before, not_after;
	bool refusing;
	int64_t looks[64];
	size_t looks_len;
};

static void answer_one(void *arg, const struct target *target, int64_t now,
		       struct look_result *result)
{
	struct world *world = arg;
	struct fake_cert cert = {.name = target->host,
				 .not_before = world->not_before,
				 .not_after = world->not_after};

	if (world->looks_len < 64)
		world->looks[world->looks_len++] = now;
	if (world->refusing)
		fake_endpoint_failed(result, "192.0.2.1", OUTCOME_REFUSED, "connection refused",
				     now);
	else
		fake_endpoint_ok(result, "192.0.2.1", &cert, now);
}

/* Five attempts at 0, +1, +5, +21, +85 minutes, then a week of rest, then five again. */
static void five_attempts_then_the_rest(void **state)
{
	struct scenario scenario;
	struct world world = {0};

	(void)state;
	fake_lookers_script(answer_one, &world);
	scenario_start(&scenario, "targets: [www.example.org]", false);
	world.not_before = scenario.start - 30 * MS_DAY;
	world.not_after = scenario.start + 335 * MS_DAY;
	scenario_run(&scenario, MS_MINUTE);
	assert_int_equal(world.looks_len, 1);
	world.refusing = true;
	world.looks_len = 0;
	scenario_run(&scenario, 3 * MS_DAY);
	assert_int_equal(world.looks_len, 5);
	assert_in_range(world.looks[1] - world.looks[0], MS_MINUTE, MS_MINUTE * 12 / 10);
	assert_in_range(world.looks[2] - world.looks[0], 5 * MS_MINUTE, 6 * MS_MINUTE);
	assert_in_range(world.looks[4] - world.looks[0], 85 * MS_MINUTE, 95 * MS_MINUTE);
	assert_string_equal(scenario_alert_status(&scenario, "unreachable", "www.example.org:443"),
			    "firing");
	assert_int_equal(fake_told("raised", "unreachable", "www.example.org:443"), 1);
	/* Nothing is repeated while it rests. */
	assert_int_equal(fake_told("repeated", NULL, NULL), 0);
	scenario_run(&scenario, 6 * MS_DAY);
	assert_int_equal(world.looks_len, 10);
	assert_in_range(world.looks[5] - world.looks[4], 7 * MS_DAY, 7 * MS_DAY + MS_HOUR);
	world.refusing = false;
	scenario_run(&scenario, 8 * MS_DAY);
	assert_string_equal(scenario_alert_status(&scenario, "unreachable", "www.example.org:443"),
			    "resolved");
	assert_int_equal(fake_told("resolved", "unreachable", NULL), 1);
	scenario_finish(&scenario);
}

/* A 90-day certificate that nobody renews speaks at a quarter, an eighth, a sixteenth and its end.
 */
static void thresholds_speak_when_crossed(void **state)
{
	struct scenario scenario;
	struct world world = {0};

	(void)state;
	fake_lookers_script(answer_one, &world);
	world.not_before = clock_wall_ms();
	scenario_start(&scenario, "targets: [www.example.org]", false);
	world.not_before = scenario.start;
	world.not_after = scenario.start + 90 * MS_DAY;
	scenario_run(&scenario, 67 * MS_DAY);
	assert_int_equal(fake_told(NULL, "expiry", NULL), 0);
	scenario_run(&scenario, MS_DAY);
	assert_int_equal(fake_told("raised", "expiry", NULL), 1);
	scenario_run(&scenario, 11 * MS_DAY);
	assert_int_equal(fake_told(NULL, "expiry", NULL), 2);
	scenario_run(&scenario, 6 * MS_DAY);
	assert_int_equal(fake_told(NULL, "expiry", NULL), 3);
	assert_int_equal(fake_told("escalated", "expiry", NULL), 1);
	scenario_run(&scenario, 5 * MS_DAY + 10 * MS_MINUTE);
	assert_int_equal(fake_told(NULL, "expiry", NULL), 4);
	/* The new certificate ends it, once. */
	world.not_before = clock_wall_ms();
	world.not_after = clock_wall_ms() + 90 * MS_DAY;
	scenario_run(&scenario, 2 * MS_DAY);
	assert_string_equal(scenario_alert_status(&scenario, "expiry", "www.example.org:443"),
			    "resolved");
	assert_int_equal(fake_told("resolved", "expiry", NULL), 1);
	assert_int_equal(scenario.errors, 0);
	scenario_finish(&scenario);
}

struct crowd {
	int64_t start, not_before, not_after;
	int64_t last[TARGETS];
	int64_t gap_min, gap_max;
	int hourly[DAYS * 24];
};

static size_t number_of(const struct target *target)
{
	return (size_t)strtoul(target->host + 1, NULL, 10);
}

static void answer_crowd(void *arg, const struct target *target, int64_t now,
			 struct look_result *result)
{
	struct crowd *crowd = arg;
	struct fake_cert cert = {.name = target->host,
				 .not_before = crowd->not_before,
				 .not_after = crowd->not_after};
	size_t i = number_of(target);
	size_t hour = (size_t)((now - crowd->start) / MS_HOUR);

	if (crowd->last[i]) {
		int64_t gap = now - crowd->last[i];

		crowd->gap_min = gap < crowd->gap_min ? gap : crowd->gap_min;
		crowd->gap_max = gap > crowd->gap_max ? gap : crowd->gap_max;
	}
	crowd->last[i] = now;
	if (hour < DAYS * 24)
		crowd->hourly[hour]++;
	fake_endpoint_ok(result, "192.0.2.1", &cert, now);
}

static char *crowd_config(void)
{
	struct buf text;
	char *yaml;

	buf_init(&text, 1024 * 1024);
	buf_add_str(&text, "targets:\n");
	for (int i = 0; i < TARGETS; i++)
		buf_printf(&text, " - h%d.example.org\n", i);
	yaml = buf_take(&text);
	buf_finish(&text);
	return yaml;
}

/* 10,000 targets added at once: every gap in the band, a flat load from day 10. */
static void a_crowd_spreads(void **state)
{
	struct scenario scenario;
	struct crowd *crowd = MEM_NEW(struct crowd);
	char *yaml = crowd_config();
	int64_t mean = TARGETS / 36;

	(void)state;
	crowd->gap_min = INT64_MAX;
	fake_lookers_script(answer_crowd, crowd);
	crowd->start = clock_wall_ms();
	scenario_start(&scenario, yaml, false);
	crowd->start = scenario.start;
	crowd->not_before = scenario.start - MS_DAY;
	crowd->not_after = scenario.start + 390 * MS_DAY;
	scenario_run(&scenario, DAYS * MS_DAY);
	assert_in_range(crowd->gap_min, 24 * MS_HOUR, 48 * MS_HOUR);
	assert_in_range(crowd->gap_max, 24 * MS_HOUR, 48 * MS_HOUR + MS_MINUTE);
	/* Even draws scatter like counts do: five standard deviations, which is 30 % of 10,000
	 * / 36. */
	for (int hour = 10 * 24; hour < DAYS * 24; hour++) {
		int64_t off = crowd->hourly[hour] - mean;

		assert_in_range(off * off, 0, 25 * mean);
	}
	assert_int_equal(scenario.errors, 0);
	scenario_finish(&scenario);
	mem_free(yaml);
	mem_free(crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(five_attempts_then_the_rest),
		cmocka_unit_test(thresholds_speak_when_crossed),
		cmocka_unit_test(a_crowd_spreads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
