/*
 * lib/base/str: comparisons, whole-string numbers, durations both ways, and the nearest word.
 */
#include "lib/base/str.h"
#include "lib/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void compares(void **state UNUSED)
{
	assert_true(str_eq("a", "a"));
	assert_false(str_eq("a", "A"));
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_false(str_eq("", NULL));
	assert_true(str_ieq("ExAmple", "eXaMPLE"));
	assert_false(str_ieq("example", "examples"));
	assert_false(str_ieq("\xc3\x84", "\xc3\xa4"));
	assert_true(str_ieq(NULL, NULL));
	assert_false(str_ieq("", NULL));
	/* Neighbours of the letters do not fold. */
	assert_false(str_ieq("@[", "`{"));
	assert_true(str_starts("prefix", "pre"));
	assert_true(str_starts("", ""));
	assert_false(str_starts("pre", "prefix"));
	assert_false(str_starts(NULL, ""));
	assert_true(str_ends("a.example", ".example"));
	assert_false(str_ends("example", ".example"));
	assert_true(str_ends("a", ""));
	assert_true(str_icontains("An Example", "eXa"));
	assert_true(str_icontains("aab", "ab"));
	assert_true(str_icontains("", ""));
	assert_false(str_icontains("ab", "abc"));
	assert_false(str_icontains(NULL, "a"));
}

static void sorts_null_last(void **state UNUSED)
{
	assert_int_equal(str_cmp_null_last("a", "b"), -1);
	assert_int_equal(str_cmp_null_last("b", "a"), 1);
	assert_int_equal(str_cmp_null_last("a", "a"), 0);
	assert_int_equal(str_cmp_null_last(NULL, "a"), 1);
	assert_int_equal(str_cmp_null_last("\xff", NULL), -1);
	assert_int_equal(str_cmp_null_last(NULL, NULL), 0);
}

static void reads_u64(void **state UNUSED)
{
	static const char *const wrong[] = {"",
					    " 1",
					    "1 ",
					    "+1",
					    "-1",
					    "-0",
					    "1x",
					    "0x10",
					    "1.",
					    "18446744073709551616",
					    "99999999999999999999999"};
	uint64_t n = 77;
	size_t i;

	for (i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(str_to_u64(wrong[i], 0, UINT64_MAX, &n));
	assert_false(str_to_u64(NULL, 0, UINT64_MAX, &n));
	assert_false(str_to_u64("9", 10, 20, &n));
	assert_false(str_to_u64("21", 10, 20, &n));
	assert_int_equal(n, 77);
	assert_true(str_to_u64("10", 10, 20, &n));
	assert_int_equal(n, 10);
	assert_true(str_to_u64("0020", 10, 20, &n));
	assert_int_equal(n, 20);
	assert_true(str_to_u64("18446744073709551615", 0, UINT64_MAX, &n));
	assert_true(n == UINT64_MAX);
}

static void reads_i64(void **state UNUSED)
{
	static const char *const wrong[] = {
		"", "-", "--1", "+1", "- 1", "9223372036854775808", "-9223372036854775809"};
	int64_t n = 77;
	size_t i;

	for (i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(str_to_i64(wrong[i], INT64_MIN, INT64_MAX, &n));
	assert_false(str_to_i64(NULL, INT64_MIN, INT64_MAX, &n));
	assert_false(str_to_i64("-11", -10, 10, &n));
	assert_int_equal(n, 77);
	assert_true(str_to_i64("-10", -10, 10, &n));
	assert_int_equal(n, -10);
	assert_true(str_to_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &n));
	assert_true(n == INT64_MIN);
	assert_true(str_to_i64("9223372036854775807", INT64_MIN, INT64_MAX, &n));
	assert_true(n == INT64_MAX);
}

static void reads_durations(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t ms;
	} right[] = {
		{"250ms", 250},
		{"90s", 90 * MS_SECOND},
		{"15m", 15 * MS_MINUTE},
		{"24h", 24 * MS_HOUR},
		{"30d", 30 * MS_DAY},
		{"2w", 2 * MS_WEEK},
		{"1h30m", 90 * MS_MINUTE},
		{"1w2d3h4m5s6ms", MS_WEEK + 2 * MS_DAY + 3 * MS_HOUR + 4 * MS_MINUTE + 5006},
		{"0s", 0},
	};
	static const char *const wrong[] = {"",
					    "5",
					    "s",
					    "1x",
					    "1 h",
					    " 1h",
					    "1h ",
					    "-1h",
					    "1.5h",
					    "1h30",
					    "30m1h",
					    "1h1h",
					    "1H",
					    "1hm",
					    "1min",
					    "99999999999999999999d",
					    "9223372036854775807s",
					    "15250284452w9d"};
	int64_t ms = 77;
	size_t i;

	for (i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(str_to_duration_ms(wrong[i], &ms));
	assert_false(str_to_duration_ms(NULL, &ms));
	assert_int_equal(ms, 77);
	for (i = 0; i < ARRAY_LEN(right); i++) {
		assert_true(str_to_duration_ms(right[i].text, &ms));
		assert_int_equal(ms, right[i].ms);
	}
}

static void writes_durations(void **state UNUSED)
{
	static const struct {
		int64_t ms;
		const char *text;
	} table[] = {
		{0, "0 s"},
		{1, "1 ms"},
		{999, "999 ms"},
		{1000, "1 s"},
		{30999, "30 s"},
		{MS_MINUTE - 1, "59 s"},
		{MS_MINUTE, "1 min"},
		{45 * MS_MINUTE, "45 min"},
		{2 * MS_HOUR - 1, "119 min"},
		{2 * MS_HOUR, "2 h"},
		{15 * MS_HOUR + MS_MINUTE, "15 h"},
		{MS_DAY, "1 day"},
		{MS_DAY + 1, "24 h"},
		{2 * MS_DAY - 1, "47 h"},
		{2 * MS_DAY, "2 days"},
		{13 * MS_DAY + 23 * MS_HOUR, "13 days"},
		{-3 * MS_DAY - 1, "-3 days"},
		{-MS_DAY, "-1 day"},
		{-500, "-500 ms"},
		{INT64_MIN, "-106751991167 days"},
		{INT64_MAX, "106751991167 days"},
	};
	char text[32];
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		duration_text(table[i].ms, text, sizeof(text));
		assert_string_equal(text, table[i].text);
	}
	duration_text(13 * MS_DAY, text, 5);
	assert_string_equal(text, "13 d");
}

static void changes_in_place(void **state UNUSED)
{
	char mixed[] = "MiXed \xc3\x84 [Z]";
	char padded[] = " \t inner blank \r\n";
	char blank[] = " \n ";
	char small[4];

	str_lower(mixed);
	assert_string_equal(mixed, "mixed \xc3\x84 [z]");
	assert_string_equal(str_trim(padded), "inner blank");
	assert_string_equal(str_trim(blank), "");
	assert_true(str_copy(small, sizeof(small), "abc"));
	assert_string_equal(small, "abc");
	assert_false(str_copy(small, sizeof(small), "defg"));
	assert_string_equal(small, "def");
	assert_false(str_copy(small, 0, "x"));
	assert_string_equal(small, "def");
	assert_true(str_copy(small, 1, ""));
	assert_string_equal(small, "");
}

static const char *word_at(const void *arg, size_t i)
{
	const char *const *words = arg;

	return words[i];
}

static void finds_the_nearest(void **state UNUSED)
{
	static const char *const words[] = {
		"interval", "timeout", "threshold", "tls", "ntp", "thresholds",
		/* Too long to be compared. */
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL};
	static const struct {
		const char *word;
		const char *nearest;
	} table[] = {
		{"timeout", "timeout"},
		{"tiemout", "timeout"},
		{"TimeOut", "timeout"},
		{"intervall", "interval"},
		{"thresholdz", "threshold"},
		{"thresolds", "thresholds"},
		{"tsl", "tls"},
		{"tlss", "tls"},
		{"organization", NULL},
		{"t", NULL},
		{"zzzzz", NULL},
	};
	char longest[66] = "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		const char *nearest = str_nearest(table[i].word, word_at, words);

		assert_true(str_eq(nearest, table[i].nearest));
	}
	memset(longest, 'x', 64);
	assert_string_equal(str_nearest("tls", word_at, words), "tls");
	assert_null(str_nearest(longest, word_at, words + 6));
	longest[64] = 'x';
	assert_null(str_nearest(longest, word_at, words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),	    cmocka_unit_test(sorts_null_last),
		cmocka_unit_test(reads_u64),	    cmocka_unit_test(reads_i64),
		cmocka_unit_test(reads_durations),  cmocka_unit_test(writes_durations),
		cmocka_unit_test(changes_in_place), cmocka_unit_test(finds_the_nearest),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
