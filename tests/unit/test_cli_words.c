/*
 * Words of the command line and of rows: options of all commands wherever they stand, formats, how
 * a value reads, and facts by path; lines of input however they come.
 */
#include "lib/base/sys.h"

#include "cli/asking.h"
#include "cli/globals.h"
#include "cli/input.h"
#include "cli/listing.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

static const struct cmd plain = {.name = "plain", .what = "", .usage = ""};
static const struct cmd own = {.name = "own", .what = "", .usage = "", .own_c = true};

#define TAKE(cmd, globals, argc, ...)                                        \
	char *words[] = {(char *)(uintptr_t)(cmd)->name, __VA_ARGS__, NULL}; \
	int argc = (int)ARRAY_LEN(words) - 1;                                \
	bool ok = globals_take(&(globals), (cmd), &argc, words)

#define W(text) ((char[]){text})

static void globals_behind_the_word(void **state UNUSED)
{
	struct globals globals = {0};
	TAKE(&plain, globals, argc, W("--socket"), W("/s"), W("a"), W("-c"), W("/c"),
	     W("--color=never"), W("--wait"), W("--"), W("--socket"), W("b"));

	assert_true(ok);
	assert_string_equal(globals.socket, "/s");
	assert_string_equal(globals.config, "/c");
	assert_int_equal(globals.color, COLOR_NEVER);
	assert_int_equal(argc, 6);
	assert_string_equal(words[1], "a");
	assert_string_equal(words[2], "--wait");
	assert_string_equal(words[3], "--");
	assert_string_equal(words[4], "--socket");
	assert_string_equal(words[5], "b");
	assert_null(words[6]);
}

static void a_c_of_its_own(void **state UNUSED)
{
	struct globals globals = {0};
	TAKE(&own, globals, argc, W("-c"), W("14"), W("--config=/f"));

	assert_true(ok);
	assert_int_equal(argc, 3);
	assert_string_equal(words[2], "14");
	assert_string_equal(globals.config, "/f");
}

static void globals_that_are_wrong(void **state UNUSED)
{
	struct globals globals = {0};
	{
		TAKE(&plain, globals, argc, W("--socket"));
		assert_false(ok);
	}
	{
		TAKE(&plain, globals, argc, W("--color"), W("pink"));
		assert_false(ok);
	}
	{
		/* not ours, and not begun like ours */
		TAKE(&plain, globals, argc, W("--sockets"), W("--colour=x"));
		assert_true(ok);
		assert_int_equal(argc, 3);
	}
}

static void formats(void **state UNUSED)
{
	enum format format;

	assert_true(format_parse("ndjson", &format));
	assert_int_equal(format, FORMAT_NDJSON);
	assert_false(format_parse("yaml", &format));
	assert_false(format_parse("", &format));
	assert_true(asking_format(&plain, "json", &format));
	assert_false(asking_format(&plain, "csv", &format));
}

static void values(void **state UNUSED)
{
	static const struct {
		const char *json, *column, *want;
	} cases[] = {
		{"[5]", "x", "5"},
		{"[-3]", "x", "-3"},
		{"[0.25]", "x", "0.25"},
		{"[true]", "x", "yes"},
		{"[false]", "x", "no"},
		{"[null]", "x", ""},
		{"[\"2026-11-21T10:00:59Z\"]", "at", "2026-11-21 10:00"},
		{"[\"2026-11-21T10:00:59Z\"]", "", "2026-11-21T10:00:59Z"},
		{"[\"0000-00-00T00:00:00Zxx\"]", "at", "0000-00-00T00:00:00Zxx"},
		{"[[\"a\",\"b\"]]", "names", "a b"},
		{"[{\"env\":\"prod\",\"n\":1}]", "tags", "env=prod n=1"},
		{"[[]]", "names", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		json_t *json = json_parse(cases[i].json, strlen(cases[i].json), 1000, NULL);
		struct buf out;

		buf_init(&out, 1000);
		listing_text(&out, cases[i].column, json_array_get(json, 0));
		assert_string_equal(buf_text(&out), cases[i].want);
		buf_finish(&out);
		json_decref(json);
	}
}

static void facts_by_path(void **state UNUSED)
{
	static const char text[] = "{\"a\":{\"b\":{\"c\":\"x\\u001b[2J\"}},\"d\":1}";
	json_t *json = json_parse(text, strlen(text), 1000, NULL);
	struct buf out;

	assert_int_equal(json_integer_value(fact_get(json, "d")), 1);
	assert_null(fact_get(json, "a.x.c"));
	assert_null(fact_get(json, "d.e"));
	assert_null(fact_get(NULL, "a"));
	buf_init(&out, 1000);
	assert_null(strchr(fact_text(&out, fact_get(json, "a.b.c")), '\033'));
	buf_finish(&out);
	json_decref(json);
}

/* ---- lines -------------------------------------------------------------------------------- */

struct taker {
	struct loop *loop;
	struct input *input;
	char lines[8][INPUT_LINE_MAX];
	int64_t numbers[8];
	size_t len;
	bool ended;
};

static void on_more(void *arg)
{
	struct taker *taker = arg;
	char line[INPUT_LINE_MAX];
	int64_t number;
	enum input_next next;

	while ((next = input_take(taker->input, line, &number)) == INPUT_LINE) {
		assert_true(taker->len < ARRAY_LEN(taker->lines));
		str_copy(taker->lines[taker->len], INPUT_LINE_MAX, line);
		taker->numbers[taker->len++] = number;
	}
	taker->ended = next == INPUT_END;
}

static void feed(struct taker *taker, int fd, const char *bytes)
{
	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
	while (loop_turn(taker->loop))
		;
}

static void a_slow_pipe(void **state UNUSED)
{
	struct taker taker = {.loop = loop_new()};
	struct err err = {0};
	char name[64], *long_line = mem_new(9000);
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[0]);
	taker.input = input_new(taker.loop, name, on_more, &taker, &err);
	assert_non_null(taker.input);
	on_more(&taker);
	assert_int_equal(taker.len, 0);
	feed(&taker, fds[1], "one\n# no\n\n tw");
	assert_int_equal(taker.len, 1);
	feed(&taker, fds[1], "o \r\n");
	assert_int_equal(taker.len, 2);
	assert_string_equal(taker.lines[1], "two");
	assert_int_equal(taker.numbers[1], 4);
	memset(long_line, 'x', 8999);
	feed(&taker, fds[1], long_line);
	feed(&taker, fds[1], "\nlast");
	assert_int_equal(taker.len, 3);
	assert_int_equal(strlen(taker.lines[2]), INPUT_LINE_MAX - 1);
	assert_false(taker.ended);
	close(fds[1]);
	while (loop_turn(taker.loop))
		;
	assert_true(taker.ended);
	assert_int_equal(taker.len, 4);
	assert_string_equal(taker.lines[3], "last");
	assert_int_equal(taker.numbers[3], 6);
	input_free(taker.input);
	loop_free(taker.loop);
	close(fds[0]);
	mem_free(long_line);
}

static void no_input(void **state UNUSED)
{
	struct loop *loop = loop_new();
	struct err err = {0};

	assert_null(input_new(loop, "/nonexistent/file", on_more, NULL, &err));
	assert_null(input_new(loop, "/", on_more, NULL, &err));
	assert_non_null(strstr(err.text, "directory"));
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globals_behind_the_word),
		cmocka_unit_test(a_c_of_its_own),
		cmocka_unit_test(globals_that_are_wrong),
		cmocka_unit_test(formats),
		cmocka_unit_test(values),
		cmocka_unit_test(facts_by_path),
		cmocka_unit_test(a_slow_pipe),
		cmocka_unit_test(no_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
