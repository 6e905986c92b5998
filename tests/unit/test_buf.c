/*
 * lib/base/buf: the ceiling drops a write whole and is remembered; the NUL is always there.
 */
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "tests/unit/bugs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void grows_and_ends_in_nul(void **state UNUSED)
{
	struct buf buf;
	size_t i;

	buf_init(&buf, 10000);
	assert_string_equal(buf_text(&buf), "");
	assert_null(buf.data);
	for (i = 0; i < 10000; i++) {
		assert_true(buf_add_char(&buf, (char)('a' + i % 26)));
		assert_int_equal(buf.data[buf.len], '\0');
	}
	assert_int_equal(strlen(buf_text(&buf)), 10000);
	assert_true(buf.cap <= 10001);
	assert_false(buf.overflow);
	assert_false(buf_add_char(&buf, 'x'));
	buf_finish(&buf);
	buf_finish(NULL);
	buf_finish(&(struct buf){0});
}

static void ceiling_drops_whole_writes(void **state UNUSED)
{
	struct buf buf;

	buf_init(&buf, 8);
	assert_true(buf_add_str(&buf, "12345"));
	assert_false(buf_add_str(&buf, "6789"));
	assert_string_equal(buf_text(&buf), "12345");
	/* It would fit; but a text with a hole in it is worse than a short one. */
	assert_false(buf_add_str(&buf, "6"));
	assert_false(buf_printf(&buf, "%d", 6));
	assert_null(buf_space(&buf, 1));
	assert_true(buf.overflow);
	assert_string_equal(buf_text(&buf), "12345");
	buf_reset(&buf);
	assert_false(buf.overflow);
	assert_string_equal(buf_text(&buf), "");
	assert_true(buf_add_str(&buf, "12345678"));
	assert_true(buf_add(&buf, NULL, 0));
	assert_false(buf.overflow);
	assert_false(buf_add(&buf, "9", SIZE_MAX));
	buf_finish(&buf);
}

static void formats(void **state UNUSED)
{
	struct buf buf;
	size_t width;

	/* Every width around the first allocation's edge and the ceiling. */
	for (width = 1; width <= 200; width++) {
		buf_init(&buf, 150);
		assert_true(buf_add_str(&buf, "ab"));
		assert_int_equal(buf_printf(&buf, "%*d", (int)width, 7), width <= 148);
		assert_int_equal(buf.len, width <= 148 ? 2 + width : 2);
		assert_int_equal(buf.data[buf.len], '\0');
		assert_int_equal(strlen(buf_text(&buf)), buf.len);
		buf_finish(&buf);
	}
	buf_init(&buf, 150);
	assert_true(buf_printf(&buf, "%s", ""));
	assert_string_equal(buf_text(&buf), "");
	buf_finish(&buf);
}

static void gives_space_and_consumes(void **state UNUSED)
{
	struct buf buf;
	char *space;

	buf_init(&buf, 100);
	space = buf_space(&buf, 100);
	assert_non_null(space);
	memcpy(space, "line one\nline two\n", 18);
	buf_added(&buf, 18);
	buf_consume(&buf, 9);
	assert_string_equal(buf_text(&buf), "line two\n");
	buf_consume(&buf, 0);
	buf_consume(&buf, 9);
	assert_string_equal(buf_text(&buf), "");
	assert_null(buf_space(&buf, 101));
	assert_true(buf.overflow);
	buf_finish(&buf);
	buf_init(&buf, 100);
	buf_consume(&buf, 0);
	buf_finish(&buf);
}

static void is_taken(void **state UNUSED)
{
	struct buf buf;
	char *text;

	buf_init(&buf, 10);
	text = buf_take(&buf);
	assert_string_equal(text, "");
	mem_free(text);
	buf_add_str(&buf, "0123456789");
	text = buf_take(&buf);
	assert_string_equal(text, "0123456789");
	mem_free(text);
	assert_int_equal(buf.len, 0);
	assert_true(buf_add_str(&buf, "again"));
	assert_string_equal(buf_text(&buf), "again");
	buf_finish(&buf);
}

static void use_before_init(void)
{
	struct buf buf = {0};

	buf_add_char(&buf, 'x');
}

static void init_without_ceiling(void)
{
	struct buf buf;

	buf_init(&buf, 0);
}

static void add_without_space(void)
{
	struct buf buf;

	buf_init(&buf, 10);
	buf_space(&buf, 10);
	buf_added(&buf, 11);
}

static void consume_too_much(void)
{
	struct buf buf;

	buf_init(&buf, 10);
	buf_add_str(&buf, "abc");
	buf_consume(&buf, 4);
}

static void misuse_is_a_bug(void **state UNUSED)
{
	assert_true(ends_in_bug(use_before_init));
	assert_true(ends_in_bug(init_without_ceiling));
	assert_true(ends_in_bug(add_without_space));
	assert_true(ends_in_bug(consume_too_much));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_ends_in_nul),
		cmocka_unit_test(ceiling_drops_whole_writes),
		cmocka_unit_test(formats),
		cmocka_unit_test(gives_space_and_consumes),
		cmocka_unit_test(is_taken),
		cmocka_unit_test(misuse_is_a_bug),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
