/*
 * lib/base/json: what is refused and where it says so, one canonical text, getters and setters.
 */
#include "lib/base/json.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "tests/unit/bugs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static json_t *parsed(const char *text)
{
	struct err err = {0};
	json_t *value = json_parse(text, strlen(text), 1000, &err);

	if (value == NULL)
		fail_msg("%s: %s", text, err.text);
	return value;
}

static void refused(const char *text, size_t len, const char *place)
{
	struct err err = {0};

	assert_null(json_parse(text, len, 1000, &err));
	assert_int_equal(err.class, ERR_INVALID);
	assert_memory_equal(err.text, place, strlen(place));
	assert_null(json_parse(text, len, 1000, NULL));
}

static void parses_any_value(void **state UNUSED)
{
	static const char *const texts[] = {"{}", "[]",	   "null",	   "true",
					    "-1", "\"a\"", "{\"a\":[1,2]}"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++) {
		json_t *value = parsed(texts[i]);
		char *text = json_write(value);

		assert_string_equal(text, texts[i]);
		mem_free(text);
		json_decref(value);
	}
}

static void refuses_with_a_place(void **state UNUSED)
{
	static const struct {
		const char *text;
		const char *place;
	} table[] = {
		{"", "1:"},
		{" ", "1:"},
		{"{\n\"a\": x}", "2:6: "},
		{"{\"a\":1,\"a\":2}", "1:"},
		{"{} {}", "1:"},
		{"[1,]", "1:4: "},
		{"{'a':1}", "1:2: "},
		{"[01]", "1:"},
		{"[NaN]", "1:"},
		{"[9223372036854775808]", "1:"},
		{"[1e999]", "1:"},
		{"\"\\u0000\"", "1:"},
		{"\"\\ud800\"", "1:"},
		{"\"\xff\"", "1:"},
		{"\"\xc0\x80\"", "1:"},
		{"\"\xed\xa0\x80\"", "1:"},
		{"\"a\nb\"", "1:"},
		{"\"a", "1:"},
		{"\xef\xbb\xbf{}", "1:"},
		{"// no\n{}", "1:"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		refused(table[i].text, strlen(table[i].text), table[i].place);
	refused("{}\0", 3, "1:");
	refused("\"a\0b\"", 5, "1:");
}

static void says_one_harmless_line(void **state UNUSED)
{
	static const char text[] = "[1, \x1b[31mred]";
	struct err err;

	assert_null(json_parse(text, strlen(text), 1000, &err));
	assert_null(strchr(err.text, '\x1b'));
	assert_null(strchr(err.text, '\n'));
}

static void has_a_size_ceiling(void **state UNUSED)
{
	json_t *value;
	struct err err = {0};

	value = json_parse("[1]", 3, 3, &err);
	assert_non_null(value);
	json_decref(value);
	assert_null(json_parse("[1]", 3, 2, &err));
	assert_string_equal(err.text, "1:1: 3 bytes, and at most 2 are allowed");
}

static void nest(char *text, size_t depth, const char *open, const char *close)
{
	char *end = text;
	size_t i;

	for (i = 0; i < depth; i++, end += strlen(open))
		memcpy(end, open, strlen(open));
	*end++ = '1';
	for (i = 0; i < depth; i++, end += strlen(close))
		memcpy(end, close, strlen(close));
	*end = '\0';
}

static void has_a_depth_ceiling(void **state UNUSED)
{
	char text[1000];
	json_t *value;
	size_t i;

	nest(text, 32, "[", "]");
	json_decref(parsed(text));
	nest(text, 33, "[", "]");
	refused(text, strlen(text), "1:33: nested deeper than 32");
	nest(text, 32, "{\"a\":", "}");
	json_decref(parsed(text));
	nest(text, 33, "{\"a\":", "}");
	refused(text, strlen(text), "1:161: nested deeper than 32");
	nest(text, 33, "\n[", "]");
	refused(text, strlen(text), "34:1: nested deeper than 32");
	memcpy(text, "\"\\\"\xc3\xa4\"", 6);
	nest(text + 6, 33, "[", "]");
	refused(text, strlen(text), "1:38: nested deeper than 32");
	/* Wide is not deep, and a bracket in a string is none. */
	text[0] = '[';
	for (i = 0; i < 100; i++)
		memcpy(text + 1 + 4 * i, i % 2 ? "{}, " : "[], ", 4);
	memcpy(text + 401, "0]", 3);
	json_decref(parsed(text));
	value = parsed("\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"");
	json_decref(value);
	/* Closing what is not open must not buy depth. */
	memset(text, ']', 40);
	nest(text + 40, 33, "[", "]");
	refused(text, strlen(text), "1:");
}

static void writes_one_canonical_text(void **state UNUSED)
{
	json_t *object =
		parsed("{ \"b\" : [1, 2.5, {\"z\":null,\"y\":\"\\u00e4/\\n\"}], \"a\" : true }");
	char *text = json_write(object);
	char *pretty = json_write_pretty(object);

	assert_string_equal(text, "{\"a\":true,\"b\":[1,2.5,{\"y\":\"\xc3\xa4/\\n\",\"z\":null}]}");
	assert_memory_equal(pretty, "{\n  \"a\": true,\n  \"b\": [\n    1,", 30);
	mem_free(text);
	mem_free(pretty);
	json_decref(object);
}

static void gets_members_or_fallbacks(void **state UNUSED)
{
	json_t *object = parsed(
		"{\"s\":\"x\",\"i\":5,\"r\":1.5,\"t\":true,\"f\":false,\"n\":null,\"a\":[],"
		"\"o\":{},\"at\":\"2026-11-21T10:00:00Z\"}");
	int64_t n = 77;
	bool truth = true;

	assert_string_equal(json_get_str(object, "s"), "x");
	assert_null(json_get_str(object, "i"));
	assert_null(json_get_str(object, "n"));
	assert_null(json_get_str(object, "absent"));
	assert_null(json_get_str(NULL, "s"));
	assert_int_equal(json_get_int(object, "i", 9), 5);
	assert_int_equal(json_get_int(object, "r", 9), 9);
	assert_int_equal(json_get_int(object, "s", 9), 9);
	assert_int_equal(json_get_int(object, "n", 9), 9);
	assert_true(json_get_bool(object, "t", false));
	assert_false(json_get_bool(object, "f", true));
	assert_true(json_get_bool(object, "i", true));
	assert_non_null(json_get_array(object, "a"));
	assert_null(json_get_array(object, "o"));
	assert_non_null(json_get_object(object, "o"));
	assert_null(json_get_object(object, "a"));
	assert_false(json_has_int(object, "t", &n));
	assert_int_equal(n, 77);
	assert_true(json_has_int(object, "i", &n));
	assert_false(json_has_bool(object, "n", &truth));
	assert_true(truth);
	assert_true(json_has_bool(object, "f", &truth));
	assert_false(truth);
	assert_false(json_has_time(object, "s", &n));
	assert_false(json_has_time(object, "i", &n));
	assert_false(json_has_time(object, "absent", &n));
	assert_int_equal(n, 5);
	assert_true(json_has_time(object, "at", &n));
	assert_int_equal(n, INT64_C(1795255200000));
	json_decref(object);
}

static void puts_members(void **state UNUSED)
{
	json_t *object = json_object();
	char *text;

	json_put_str(object, "s", "x\xff\xc3\xa4");
	json_put_str(object, "none", NULL);
	json_put_int(object, "i", INT64_MIN);
	json_put_bool(object, "b", true);
	json_put_null(object, "n");
	json_put_time(object, "at", 1000);
	json_put_time(object, "at_ms", -1);
	json_put_time(object, "never", INT64_MIN);
	json_put(object, "list", json_array());
	json_put(object, "gone", NULL);
	json_put(object, "k\xc0", json_text("v"));
	json_put_int(object, "i", 2);
	text = json_write(object);
	assert_string_equal(
		text, "{\"at\":\"1970-01-01T00:00:01Z\",\"at_ms\":\"1969-12-31T23:59:59.999Z\","
		      "\"b\":true,\"gone\":null,\"i\":2,\"k\xef\xbf\xbd\":\"v\",\"list\":[],"
		      "\"n\":null,\"never\":null,\"none\":null,"
		      "\"s\":\"x\xef\xbf\xbd\xc3\xa4\"}");
	mem_free(text);
	json_decref(object);
}

static void put_into_array(void)
{
	json_put_int(json_array(), "a", 1);
}

static void write_nothing(void)
{
	mem_free(json_write(NULL));
}

static void misuse_is_a_bug(void **state UNUSED)
{
	assert_true(ends_in_bug(put_into_array));
	assert_true(ends_in_bug(write_nothing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_any_value),
		cmocka_unit_test(refuses_with_a_place),
		cmocka_unit_test(says_one_harmless_line),
		cmocka_unit_test(has_a_size_ceiling),
		cmocka_unit_test(has_a_depth_ceiling),
		cmocka_unit_test(writes_one_canonical_text),
		cmocka_unit_test(gets_members_or_fallbacks),
		cmocka_unit_test(puts_members),
		cmocka_unit_test(misuse_is_a_bug),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
