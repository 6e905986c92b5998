/*
 * lib/base/clock: RFC 3339 both ways against known instants and libc's calendar, and the virtual
 * clock. The virtual tests come last: there is no way back from it.
 */
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "tests/unit/bugs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

static const struct {
	int64_t ms;
	const char *text;
	const char *text_ms;
} instants[] = {
	{0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
	{-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z"},
	{951827696789, "2000-02-29T12:34:56Z", "2000-02-29T12:34:56.789Z"},
	{INT64_C(2147483648) * 1000, "2038-01-19T03:14:08Z", "2038-01-19T03:14:08.000Z"},
	{INT64_C(4107542400) * 1000, "2100-03-01T00:00:00Z", "2100-03-01T00:00:00.000Z"},
	{INT64_C(-2208988800) * 1000, "1900-01-01T00:00:00Z", "1900-01-01T00:00:00.000Z"},
	{INT64_C(253402300799) * 1000, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"},
	{INT64_C(-62167219200) * 1000, "0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
};

static void writes_and_reads_instants(void **state UNUSED)
{
	char text[CLOCK_TEXT_MAX];
	int64_t ms;
	size_t i;

	for (i = 0; i < ARRAY_LEN(instants); i++) {
		assert_string_equal(clock_rfc3339(instants[i].ms, text), instants[i].text);
		assert_string_equal(clock_rfc3339_ms(instants[i].ms, text), instants[i].text_ms);
		assert_true(clock_parse(instants[i].text_ms, &ms));
		assert_true(ms == instants[i].ms);
	}
}

static void clamps_far_years(void **state UNUSED)
{
	static const int64_t far[] = {INT64_MAX, INT64_C(253402300800) * 1000};
	static const int64_t long_ago[] = {INT64_MIN, INT64_C(-62167219200) * 1000 - 1};
	char text[CLOCK_TEXT_MAX];
	size_t i;

	for (i = 0; i < ARRAY_LEN(far); i++) {
		assert_string_equal(clock_rfc3339_ms(far[i], text), "9999-12-31T23:59:59.999Z");
		assert_string_equal(clock_rfc3339_ms(long_ago[i], text),
				    "0000-01-01T00:00:00.000Z");
	}
}

static void agrees_with_libc(void **state UNUSED)
{
	char ours[CLOCK_TEXT_MAX];
	char theirs[CLOCK_TEXT_MAX + 32];
	int round;

	rand_seed(1);
	for (round = 0; round < 20000; round++) {
		int64_t ms = rand_between(INT64_C(-62167219200000), INT64_C(253402300799999));
		int64_t floor_ms = ms - ((ms % 1000) + 1000) % 1000;
		time_t second = (time_t)(floor_ms / 1000);
		struct tm tm;
		int64_t back;

		assert_non_null(gmtime_r(&second, &tm));
		snprintf(theirs, sizeof(theirs), "%04d-%02d-%02dT%02d:%02d:%02dZ",
			 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			 tm.tm_sec);
		assert_string_equal(clock_rfc3339(ms, ours), theirs);
		assert_true(clock_parse(ours, &back));
		assert_true(back == floor_ms);
		assert_true(clock_parse(clock_rfc3339_ms(ms, ours), &back));
		assert_true(back == ms);
	}
}

static void parses_what_the_rfc_allows(void **state UNUSED)
{
	static const struct {
		const char *text;
		const char *utc_ms;
	} table[] = {
		{"2026-11-21", "2026-11-21T00:00:00.000Z"},
		{"2024-02-29", "2024-02-29T00:00:00.000Z"},
		{"2026-11-21t10:00:00z", "2026-11-21T10:00:00.000Z"},
		{"2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00.000Z"},
		{"2026-11-21T23:30:00-05:30", "2026-11-22T05:00:00.000Z"},
		{"2026-11-21T10:00:00-00:00", "2026-11-21T10:00:00.000Z"},
		{"2026-11-21T10:00:00.1Z", "2026-11-21T10:00:00.100Z"},
		{"2026-11-21T10:00:00.123999999999999999999Z", "2026-11-21T10:00:00.123Z"},
		{"1969-12-31T23:59:59.9995Z", "1969-12-31T23:59:59.999Z"},
		{"2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z"},
		{"2017-01-01T05:29:60.250+05:30", "2016-12-31T23:59:59.250Z"},
	};
	char text[CLOCK_TEXT_MAX];
	int64_t ms;
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		assert_true(clock_parse(table[i].text, &ms));
		assert_string_equal(clock_rfc3339_ms(ms, text), table[i].utc_ms);
	}
}

static void refuses_the_rest(void **state UNUSED)
{
	static const char *const wrong[] = {
		"",
		"2026",
		"2026-11",
		"2026-1-1",
		"26-11-21",
		"2026-00-01",
		"2026-13-01",
		"2026-11-00",
		"2026-11-31",
		"2026-02-29",
		"1900-02-29",
		" 2026-11-21",
		"2026-11-21 ",
		"2026-11-21T",
		"2026-11-21Z",
		"2026-11-21T10:00Z",
		"2026-11-21T10:00:00",
		"2026-11-21 10:00:00Z",
		"2026-11-21T24:00:00Z",
		"2026-11-21T10:60:00Z",
		"2026-11-21T10:00:61Z",
		"2026-11-21T10:00:00.Z",
		"2026-11-21T10:00:00,5Z",
		"2026-11-21T10:00:00+0200",
		"2026-11-21T10:00:00+02",
		"2026-11-21T10:00:00+24:00",
		"2026-11-21T10:00:00+02:60",
		"2026-11-21T10:00:00Zx",
		"2026-11-21T10:00:00+02:00Z",
		"-026-11-21",
		"+2026-11-21",
		"12026-11-21",
		"2026-11-21T-1:00:00Z",
		"2026/11/21",
	};
	int64_t ms = 77;
	size_t i;

	for (i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(clock_parse(wrong[i], &ms));
	assert_false(clock_parse(NULL, &ms));
	assert_int_equal(ms, 77);
}

static void real_clocks_run(void **state UNUSED)
{
	int64_t mono = clock_mono_ms();
	int64_t us = clock_mono_us();
	int64_t wall = clock_wall_ms();

	assert_false(clock_is_virtual());
	assert_true(wall / 1000 >= (int64_t)time(NULL) - 1);
	assert_true(wall / 1000 <= (int64_t)time(NULL) + 1);
	assert_true(clock_mono_ms() >= mono);
	assert_true(clock_mono_us() >= us);
	assert_true(us / 1000 >= mono);
	assert_true(clock_boot_ms() >= mono);
}

static void advance_real(void)
{
	clock_virtual_advance(1);
}

static void jump_real(void)
{
	clock_virtual_jump_wall(1);
}

static void advance_back(void)
{
	clock_virtual_start(0);
	clock_virtual_advance(-1);
}

static void misuse_is_a_bug(void **state UNUSED)
{
	assert_true(ends_in_bug(advance_real));
	assert_true(ends_in_bug(jump_real));
	assert_true(ends_in_bug(advance_back));
}

static void virtual_clocks_stand_still(void **state UNUSED)
{
	int64_t mono;
	int64_t boot;

	clock_virtual_start(1000000);
	assert_true(clock_is_virtual());
	mono = clock_mono_ms();
	boot = clock_boot_ms();
	assert_true(mono > 0 && boot >= mono);
	usleep(3000);
	assert_int_equal(clock_wall_ms(), 1000000);
	assert_int_equal(clock_mono_ms(), mono);
	assert_int_equal(clock_mono_us(), mono * 1000);
	clock_virtual_advance(MS_DAY);
	assert_int_equal(clock_wall_ms(), 1000000 + MS_DAY);
	assert_int_equal(clock_mono_ms(), mono + MS_DAY);
	assert_int_equal(clock_boot_ms(), boot + MS_DAY);
	clock_virtual_jump_wall(-MS_WEEK);
	assert_int_equal(clock_wall_ms(), 1000000 + MS_DAY - MS_WEEK);
	assert_int_equal(clock_mono_ms(), mono + MS_DAY);
	assert_int_equal(clock_boot_ms(), boot + MS_DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_and_reads_instants),
		cmocka_unit_test(clamps_far_years),
		cmocka_unit_test(agrees_with_libc),
		cmocka_unit_test(parses_what_the_rfc_allows),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(real_clocks_run),
		cmocka_unit_test(misuse_is_a_bug),
		cmocka_unit_test(virtual_clocks_stand_still),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
