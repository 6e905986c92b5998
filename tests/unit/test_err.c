/*
 * lib/base/err: sentences are one line, bounded, and stay as they are when passed on.
 */
#include "lib/base/err.h"
#include "tests/unit/bugs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void sets_and_returns_false(void **state UNUSED)
{
	struct err err = {0};

	assert_false(err_set(&err, ERR_MISSING, "no file %s", "x"));
	assert_int_equal(err.class, ERR_MISSING);
	assert_string_equal(err.text, "no file x");
	assert_false(err_set(NULL, ERR_MISSING, "no file %s", "x"));
	assert_false(err_prefix(NULL, "line %d", 3));
}

static void is_one_harmless_line(void **state UNUSED)
{
	struct err err;

	err_set(&err, ERR_INVALID, "bad \"%s\"", "a\nb\x1b[31m\xff\xe2\x80\xae\\");
	assert_string_equal(err.text, "bad \"a\\x0ab\\x1b[31m\\xff\\u{202E}\\\"");
	/* Passed up through another sentence it stays the same. */
	err_set(&err, ERR_FULL, "outer: %s", err.text);
	assert_int_equal(err.class, ERR_FULL);
	assert_string_equal(err.text, "outer: bad \"a\\x0ab\\x1b[31m\\xff\\u{202E}\\\"");
}

static void is_prefixed(void **state UNUSED)
{
	struct err err;

	err_set(&err, ERR_DENIED, "no");
	assert_false(err_prefix(&err, "file %s", "a\tb"));
	assert_int_equal(err.class, ERR_DENIED);
	assert_string_equal(err.text, "file a\\x09b: no");
}

static void is_cut_at_a_character(void **state UNUSED)
{
	char text[5000];
	struct err err;
	size_t i;
	size_t start;

	/* Three bytes a character, from each offset. */
	for (start = 0; start < 3; start++) {
		memset(text, 'a', start);
		for (i = start; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[i] = '\0';
		err_set(&err, ERR_INVALID, "%s", text);
		i = strlen(err.text);
		assert_true(i >= sizeof(err.text) - 4 && i < sizeof(err.text));
		assert_string_equal(err.text + i - 6, "\xe2\x82\xac...");
		err_prefix(&err, "%s", text);
		assert_true(strlen(err.text) < sizeof(err.text));
		assert_string_equal(err.text + strlen(err.text) - 6, "\xe2\x82\xac...");
	}
}

static void classes_have_names(void **state UNUSED)
{
	static const char *const names[] = {"none",	   "invalid", "missing",  "denied",
					    "unavailable", "full",    "conflict", "internal"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		assert_string_equal(err_class_text((enum err_class)i), names[i]);
}

static void wrong(void)
{
	bug("%s", "wrong");
}

static void bug_aborts(void **state UNUSED)
{
	assert_true(ends_in_bug(wrong));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_and_returns_false),
		cmocka_unit_test(is_one_harmless_line),
		cmocka_unit_test(is_prefixed),
		cmocka_unit_test(is_cut_at_a_character),
		cmocka_unit_test(classes_have_names),
		cmocka_unit_test(bug_aborts),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
