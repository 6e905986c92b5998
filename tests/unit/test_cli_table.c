/*
 * Tables: columns that fit, the window, what a stranger's text may do to a line.
 */
#include "lib/base/sys.h"

#include "cli/table.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char *heads[] = {"NAME", "TEXT"};

static char *printed(const struct table *table, size_t width, bool color)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	table_print(table, out, width, color);
	fclose(out);
	return text;
}

static void check(const char *const (*rows)[2], size_t len, size_t width, const char *want)
{
	struct table table;
	char *text;

	table_init(&table, heads, 2);
	for (size_t i = 0; i < len; i++)
		table_row(&table, rows[i], NULL);
	text = printed(&table, width, false);
	assert_string_equal(text, want);
	free(text);
	table_finish(&table);
}

static void columns_are_as_wide_as_their_widest(void **state UNUSED)
{
	const char *const rows[][2] = {{"a", "one"}, {"longest", NULL}, {"", "x"}};

	check(rows, 3, 0,
	      "NAME     TEXT\n"
	      "a        one\n"
	      "longest  -\n"
	      "-        x\n");
	check(rows, 0, 0, "NAME  TEXT\n");
}

static void the_widest_gives_way(void **state UNUSED)
{
	const char *const rows[][2] = {{"short", "a text that is too long for this window"}};

	check(rows, 1, 20,
	      "NAME   TEXT\n"
	      "short  a text that \xe2\x80\xa6\n");
}

static void foreign_text_does_nothing(void **state UNUSED)
{
	const char *const rows[][2] = {{"\033[2J\007", "a\nb\xe2\x80\xae"}};
	struct table table;
	int lines = 0;
	char *text;

	table_init(&table, heads, 2);
	table_row(&table, rows[0], NULL);
	text = printed(&table, 0, false);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\007'));
	assert_null(strstr(text, "\xe2\x80\xae"));
	/* two lines, whatever the cells hold */
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 2);
	free(text);
	table_finish(&table);
}

static void colour_is_asked_for(void **state UNUSED)
{
	const char *const row[] = {"a", "b"};
	struct table table;
	char *text;

	table_init(&table, heads, 2);
	table_row(&table, row, "\033[31m");
	text = printed(&table, 0, false);
	assert_null(strchr(text, '\033'));
	free(text);
	text = printed(&table, 0, true);
	assert_non_null(strstr(text, "\033[31ma"));
	assert_non_null(strstr(text, "\033[0m\n"));
	free(text);
	table_finish(&table);
}

static void many_rows(void **state UNUSED)
{
	const char *const row[] = {"a", "b"};
	struct table table;

	table_init(&table, heads, 2);
	for (int i = 0; i < 1000; i++)
		table_row(&table, row, NULL);
	assert_int_equal(table.rows, 1000);
	table_finish(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest),
		cmocka_unit_test(the_widest_gives_way),
		cmocka_unit_test(foreign_text_does_nothing),
		cmocka_unit_test(colour_is_asked_for),
		cmocka_unit_test(many_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
