/*
 * The one door to jansson: its memory is ours (and so cannot fail), its hash seed comes from
 * the kernel, and what a stranger sends is measured before it is parsed.
 */
#include "lib/base/json.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/text.h"

#include <sys/random.h>

static void *json_memory(size_t size)
{
	return mem_resize(NULL, 1, size);
}

/*
 * Before main, because jansson must not have allocated before, and because it would otherwise
 * open /dev/urandom at the first object: perhaps inside a sandbox that forbids it. Not from
 * rand.c: a scenario's seed must not make the hash guessable, nor the hash use up its numbers.
 */
static void __attribute__((constructor)) json_prepare(void)
{
	size_t seed = 0;

	json_set_alloc_funcs(json_memory, mem_free);
	/* Too early to wait for the kernel's pool; zero lets jansson find its own. */
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
		seed = 0;
	json_object_seed(seed);
}

/* What is known of the text up to one character; columns are counted as jansson does. */
struct scan {
	int line;
	int column;
	bool inside; /* a string */
	bool escaped;
	size_t depth;
};

static void scan_string(struct scan *scan, char c)
{
	if (scan->escaped)
		scan->escaped = false;
	else if (c == '\\')
		scan->escaped = true;
	else if (c == '"')
		scan->inside = false;
}

static void scan_structure(struct scan *scan, char c)
{
	if (c == '"')
		scan->inside = true;
	else if (c == '[' || c == '{')
		scan->depth++;
	else if ((c == ']' || c == '}') && scan->depth > 0)
		scan->depth--;
}

/*
 * False at the first bracket that is too deep. Agrees with the parser on what is inside a
 * string up to the first syntax error, where the parser stops anyway.
 */
static bool depth_ok(const char *text, size_t len, struct scan *scan)
{
	size_t i;

	*scan = (struct scan){.line = 1};
	for (i = 0; i < len; i++) {
		if (text[i] == '\n') {
			scan->line++;
			scan->column = 0;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			scan->column++;
		}
		if (scan->inside)
			scan_string(scan, text[i]);
		else
			scan_structure(scan, text[i]);
		if (scan->depth > JSON_DEPTH_MAX_OURS)
			return false;
	}
	return true;
}

json_t *json_parse(const char *text, size_t len, size_t max_len, struct err *err)
{
	struct scan scan;
	json_error_t error;
	json_t *value;

	if (len > max_len) {
		err_set(err, ERR_INVALID, "1:1: %zu bytes, and at most %zu are allowed", len,
			max_len);
		return NULL;
	}
	if (!depth_ok(text, len, &scan)) {
		err_set(err, ERR_INVALID, "%d:%d: nested deeper than %d", scan.line, scan.column,
			JSON_DEPTH_MAX_OURS);
		return NULL;
	}
	value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (value == NULL)
		err_set(err, ERR_INVALID, "%d:%d: %s", error.line > 0 ? error.line : 1,
			error.column > 0 ? error.column : 1, error.text);
	return value;
}

static char *json_write_flags(const json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	if (text == NULL)
		bug("JSON value that cannot be written");
	return text;
}

char *json_write(const json_t *value)
{
	return json_write_flags(value, JSON_COMPACT);
}

char *json_write_pretty(const json_t *value)
{
	return json_write_flags(value, JSON_INDENT(2));
}

const char *json_get_str(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int64_t json_get_int(const json_t *object, const char *key, int64_t fallback)
{
	json_has_int(object, key, &fallback);
	return fallback;
}

bool json_get_bool(const json_t *object, const char *key, bool fallback)
{
	json_has_bool(object, key, &fallback);
	return fallback;
}

json_t *json_get_array(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_array(value) ? value : NULL;
}

json_t *json_get_object(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_object(value) ? value : NULL;
}

bool json_has_int(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		return false;
	*out = json_integer_value(value);
	return true;
}

bool json_has_bool(const json_t *object, const char *key, bool *out)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_boolean(value))
		return false;
	*out = json_is_true(value);
	return true;
}

bool json_has_time(const json_t *object, const char *key, int64_t *wall_ms)
{
	return clock_parse(json_get_str(object, key), wall_ms);
}

static char *valid_utf8(const char *s)
{
	size_t len = strlen(s);
	struct buf buf;

	/* One bad byte becomes the three of U+FFFD. */
	buf_init(&buf, len * 3 + 1);
	text_utf8(&buf, s, len);
	return buf_take(&buf);
}

json_t *json_text(const char *s)
{
	char *valid;
	json_t *value;

	if (s == NULL)
		return json_null();
	value = json_string(s);
	if (value != NULL)
		return value;
	valid = valid_utf8(s);
	value = json_string(valid);
	mem_free(valid);
	if (value == NULL)
		bug("text that JSON cannot hold");
	return value;
}

void json_put(json_t *object, const char *key, json_t *value_take)
{
	char *valid;
	int failed;

	if (!json_is_object(object))
		bug("member \"%s\" put into what is no object", key);
	if (value_take == NULL)
		value_take = json_null();
	/* Keys may be a stranger's too: a tag, a header. */
	if (text_is_utf8(key, strlen(key))) {
		failed = json_object_set_new(object, key, value_take);
	} else {
		valid = valid_utf8(key);
		failed = json_object_set_new(object, valid, value_take);
		mem_free(valid);
	}
	if (failed != 0)
		bug("member that cannot be put");
}

void json_put_str(json_t *object, const char *key, const char *value)
{
	json_put(object, key, json_text(value));
}

void json_put_int(json_t *object, const char *key, int64_t value)
{
	json_put(object, key, json_integer(value));
}

void json_put_bool(json_t *object, const char *key, bool value)
{
	json_put(object, key, json_boolean(value));
}

void json_put_null(json_t *object, const char *key)
{
	json_put(object, key, json_null());
}

void json_put_time(json_t *object, const char *key, int64_t wall_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (wall_ms == INT64_MIN)
		json_put_null(object, key);
	else if (wall_ms % MS_SECOND == 0)
		json_put_str(object, key, clock_rfc3339(wall_ms, text));
	else
		json_put_str(object, key, clock_rfc3339_ms(wall_ms, text));
}
