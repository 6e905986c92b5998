/*
 * lib/base/log: each format's line, levels, the context, ceilings, and the one write to stderr.
 * Time is virtual, so that lines can be compared whole.
 */
#include "lib/base/log.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "tests/unit/bugs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TS "2026-11-21T10:00:00.123Z"

static struct {
	char line[70000];
	enum log_level level;
	int count;
} caught;

static void catch_line(void *arg, enum log_level level, const char *line)
{
	assert_ptr_equal(arg, &caught);
	caught.level = level;
	caught.count++;
	assert_true(str_copy(caught.line, sizeof(caught.line), line));
}

static int set_up(void **state UNUSED)
{
	int64_t wall_ms;

	if (!clock_parse(TS, &wall_ms))
		return -1;
	clock_virtual_start(wall_ms);
	memset(&caught, 0, sizeof(caught));
	log_set_sink(catch_line, &caught);
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, NULL);
	return 0;
}

static void writes_logfmt(void **state UNUSED)
{
	log_info("probe finished", "target", "example.org:443", "outcome", "it timed out", "detail",
		 NULL, "ms", LOG_NUM(-12), NULL);
	assert_string_equal(caught.line,
			    "ts=" TS " level=info msg=\"probe finished\" target=example.org:443 "
			    "outcome=\"it timed out\" detail=- ms=-12");
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, "keeper");
	log_warn("started", NULL);
	assert_string_equal(caught.line, "ts=" TS " level=warn role=keeper msg=started");
}

static void writes_json(void **state UNUSED)
{
	json_t *line;

	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON, "keeper");
	log_error("store \"gone\"", "name", "a\n\"b\"\xff\xe2\x80\xae", "count", LOG_NUM(3), "port",
		  "443", "none", NULL, NULL);
	assert_string_equal(caught.line,
			    "{\"ts\":\"" TS "\",\"level\":\"error\",\"role\":\"keeper\","
			    "\"msg\":\"store \\\"gone\\\"\","
			    "\"name\":\"a\\u000a\\\"b\\\"\xef\xbf\xbd\\u202e\",\"count\":3,"
			    "\"port\":\"443\",\"none\":null}");
	line = json_parse(caught.line, strlen(caught.line), 1000, NULL);
	assert_non_null(line);
	json_decref(line);
}

static void writes_for_the_journal(void **state UNUSED)
{
	log_setup(LOG_LEVEL_DEBUG, LOG_FORMAT_JOURNAL, "prober");
	log_debug("probe finished", "target", "a b", NULL);
	assert_string_equal(caught.line, "probe finished role=prober target=\"a b\"");
	log_debug("a\nb", NULL);
	assert_string_equal(caught.line, "a\\x0ab role=prober");
}

static void escapes_foreign_bytes(void **state UNUSED)
{
	log_info("x", "cn", "a\nts=forged level=error\x1b[2J\\", NULL);
	assert_string_equal(caught.line, "ts=" TS " level=info msg=x "
					 "cn=\"a\\x0ats=forged level=error\\x1b[2J\\\\\"");
}

static void filters_by_level(void **state UNUSED)
{
	log_debug("no", NULL);
	assert_int_equal(caught.count, 0);
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(log_get_level(), LOG_LEVEL_ERROR);
	log_warn("no", NULL);
	log_relay(LOG_LEVEL_WARN, "prober", "no");
	assert_int_equal(caught.count, 0);
	log_error("yes", NULL);
	log_relay(LOG_LEVEL_ERROR, "prober", "yes");
	assert_int_equal(caught.count, 2);
	assert_int_equal(caught.level, LOG_LEVEL_ERROR);
}

static void levels_have_names(void **state UNUSED)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	enum log_level level;
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(log_level_parse(names[i], &level));
		assert_int_equal(level, i);
		assert_string_equal(log_level_text(level), names[i]);
	}
	assert_false(log_level_parse("Error", &level));
	assert_false(log_level_parse("", &level));
	assert_false(log_level_parse(NULL, &level));
}

static void adds_the_context(void **state UNUSED)
{
	log_push("target", "a:443");
	log_push("stage", "dialogue");
	log_info("x", "k", "v", NULL);
	assert_true(str_ends(caught.line, " msg=x target=a:443 stage=dialogue k=v"));
	/* What the author says of the subject wins; no key twice. */
	log_info("x", "stage", "handshake", NULL);
	assert_true(str_ends(caught.line, " msg=x target=a:443 stage=handshake"));
	log_pop();
	log_info("x", NULL);
	assert_true(str_ends(caught.line, " msg=x target=a:443"));
	log_relay(LOG_LEVEL_INFO, "prober", "from a child");
	assert_true(str_ends(caught.line, " role=prober msg=\"from a child\""));
	log_pop();
	log_info("x", NULL);
	assert_true(str_ends(caught.line, " msg=x"));
}

static void relays(void **state UNUSED)
{
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, "keeper");
	log_relay(LOG_LEVEL_WARN, "prober", "done k=\"v\"\nlevel=error");
	assert_string_equal(caught.line, "ts=" TS " level=warn role=prober "
					 "msg=\"done k=\\\"v\\\"\\x0alevel=error\"");
	assert_int_equal(caught.level, LOG_LEVEL_WARN);
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JOURNAL, "keeper");
	log_relay(LOG_LEVEL_WARN, "prober", "done k=\"v\\x0a\"");
	assert_string_equal(caught.line, "done k=\"v\\x0a\" role=prober");
	log_relay(LOG_LEVEL_WARN, NULL, "<0>forged");
	assert_string_equal(caught.line, "<0>forged");
}

static void cuts_long_values(void **state UNUSED)
{
	char value[10001];
	size_t start;

	for (start = 0; start < 3; start++) {
		size_t i;

		memset(value, 'a', start);
		for (i = start; i + 3 < sizeof(value); i += 3)
			memcpy(value + i, "\xe2\x82\xac", 3);
		value[i] = '\0';
		log_info("x", "v", value, NULL);
		assert_true(str_ends(caught.line, "\xe2\x82\xac..."));
		assert_in_range(strlen(caught.line), 2000, 2150);
	}
}

static void cuts_long_lines(void **state UNUSED)
{
	char value[2049] = "";
	json_t *line;

	memset(value, '\n', sizeof(value) - 1);
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON, NULL);
	log_info("x", "a", value, "b", value, "c", value, "d", "small", NULL);
	assert_true(strlen(caught.line) <= 16384);
	line = json_parse(caught.line, strlen(caught.line), sizeof(caught.line), NULL);
	assert_non_null(line);
	assert_string_equal(json_get_str(line, "cut"), "yes");
	assert_non_null(json_get_str(line, "a"));
	assert_null(json_get_str(line, "b"));
	json_decref(line);
	log_setup(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT, NULL);
	log_info("x", "a", value, "b", value, "c", value, NULL);
	assert_true(str_ends(caught.line, " cut=yes"));
	log_info("x", "a", "again", NULL);
	assert_true(str_ends(caught.line, " a=again"));
}

static void numbers_last_for_one_line(void **state UNUSED)
{
	log_info("x", "a", LOG_NUM(1), "b", LOG_NUM(INT64_MIN), "c", LOG_NUM(INT64_MAX), "d",
		 LOG_NUM(0), "e", LOG_NUM(5), "f", LOG_NUM(6), "g", LOG_NUM(7), "h", LOG_NUM(8),
		 NULL);
	assert_true(str_ends(caught.line, " a=1 b=-9223372036854775808 c=9223372036854775807 d=0 "
					  "e=5 f=6 g=7 h=8"));
}

static void leaves_errno_alone(void **state UNUSED)
{
	errno = ENOSPC;
	log_info("x", "v", "a\nb", NULL);
	assert_int_equal(errno, ENOSPC);
}

/* What one call leaves on descriptor 2. */
static ssize_t stderr_of(enum log_format format, char *out, size_t out_len)
{
	int pipe_fds[2];
	int saved = dup(STDERR_FILENO);
	ssize_t len;

	assert_true(saved >= 0);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
	close(pipe_fds[1]);
	log_set_sink(NULL, NULL);
	log_setup(LOG_LEVEL_DEBUG, format, NULL);
	log_error("one", "k", "v", NULL);
	log_debug("two", NULL);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	len = read(pipe_fds[0], out, out_len - 1);
	close(pipe_fds[0]);
	assert_true(len >= 0);
	out[len] = '\0';
	return len;
}

static void writes_to_stderr(void **state UNUSED)
{
	char text[500];

	assert_true(stderr_of(LOG_FORMAT_JOURNAL, text, sizeof(text)) > 0);
	assert_string_equal(text, "<3>one k=v\n<7>two\n");
	stderr_of(LOG_FORMAT_LOGFMT, text, sizeof(text));
	assert_string_equal(text,
			    "ts=" TS " level=error msg=one k=v\nts=" TS " level=debug msg=two\n");
	assert_int_equal(caught.count, 0);
}

static void push_too_deep(void)
{
	int i;

	for (i = 0; i < 9; i++)
		log_push("k", "v");
}

static void misuse_is_a_bug(void **state UNUSED)
{
	log_set_sink(NULL, NULL);
	assert_true(ends_in_bug(push_too_deep));
	assert_true(ends_in_bug(log_pop));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(writes_logfmt, set_up),
		cmocka_unit_test_setup(writes_json, set_up),
		cmocka_unit_test_setup(writes_for_the_journal, set_up),
		cmocka_unit_test_setup(escapes_foreign_bytes, set_up),
		cmocka_unit_test_setup(filters_by_level, set_up),
		cmocka_unit_test_setup(levels_have_names, set_up),
		cmocka_unit_test_setup(adds_the_context, set_up),
		cmocka_unit_test_setup(relays, set_up),
		cmocka_unit_test_setup(cuts_long_values, set_up),
		cmocka_unit_test_setup(cuts_long_lines, set_up),
		cmocka_unit_test_setup(numbers_last_for_one_line, set_up),
		cmocka_unit_test_setup(leaves_errno_alone, set_up),
		cmocka_unit_test_setup(writes_to_stderr, set_up),
		cmocka_unit_test_setup(misuse_is_a_bug, set_up),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
