/*
 * The typed, bounded members from which every document of the model is read, and the sparse
 * writing beside it. A refusal names the member and what is wrong with it, never the value: the
 * value is a stranger's.
 */
#include "lib/model/codec.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

bool codec_refuse(struct err *err, const char *key, const char *what)
{
	return err_set(err, ERR_INVALID, "%s: %s", key, what);
}

bool codec_none(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return !value || json_is_null(value);
}

bool codec_is_object(const json_t *json, const char *what, struct err *err)
{
	return json_is_object(json) || codec_refuse(err, what, "not an object");
}

/* The string behind key, or NULL with err. Only called when something is there. */
static const char *string_of(const json_t *object, const char *key, size_t max, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value)) {
		codec_refuse(err, key, "not a string");
		return NULL;
	}
	if (json_string_length(value) > max) {
		codec_refuse(err, key, "too long");
		return NULL;
	}
	/* A NUL inside would make two texts of one. */
	if (strlen(json_string_value(value)) != json_string_length(value)) {
		codec_refuse(err, key, "holds a NUL");
		return NULL;
	}
	return json_string_value(value);
}

bool codec_str(const json_t *object, const char *key, size_t max, char **out, struct err *err)
{
	const char *text;

	if (codec_none(object, key))
		return true;
	text = string_of(object, key, max, err);
	if (!text)
		return false;
	mem_free(*out);
	*out = str_dup(text);
	return true;
}

bool codec_text(const json_t *object, const char *key, char *out, size_t out_len, struct err *err)
{
	const char *text;

	if (codec_none(object, key))
		return true;
	text = string_of(object, key, out_len - 1, err);
	return text && str_copy(out, out_len, text);
}

bool codec_hex(const json_t *object, const char *key, size_t digits, char *out, struct err *err)
{
	const char *text;

	if (codec_none(object, key))
		return true;
	text = string_of(object, key, digits, err);
	if (!text)
		return false;
	if (strspn(text, "0123456789abcdef") != digits)
		return codec_refuse(err, key, "not hexadecimal digits of the right number");
	return str_copy(out, digits + 1, text);
}

bool codec_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *out,
	       struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (codec_none(object, key))
		return true;
	if (!json_is_integer(value))
		return codec_refuse(err, key, "not an integer");
	if (json_integer_value(value) < min || json_integer_value(value) > max)
		return codec_refuse(err, key, "out of range");
	*out = json_integer_value(value);
	return true;
}

bool codec_int32(const json_t *object, const char *key, int min, int max, int *out, struct err *err)
{
	int64_t value = *out;

	if (!codec_int(object, key, min, max, &value, err))
		return false;
	*out = (int)value;
	return true;
}

bool codec_bool(const json_t *object, const char *key, bool *out, struct err *err)
{
	const json_t *value = json_object_get(object, key);

	if (codec_none(object, key))
		return true;
	if (!json_is_boolean(value))
		return codec_refuse(err, key, "not true or false");
	*out = json_is_true(value);
	return true;
}

bool codec_time(const json_t *object, const char *key, int64_t *out, struct err *err)
{
	if (codec_none(object, key))
		return true;
	return json_has_time(object, key, out) || codec_refuse(err, key, "not a time");
}

bool codec_array(const json_t *object, const char *key, size_t max, json_t **out, struct err *err)
{
	*out = NULL;
	if (codec_none(object, key))
		return true;
	*out = json_object_get(object, key);
	if (!json_is_array(*out))
		return codec_refuse(err, key, "not an array");
	return json_array_size(*out) <= max || codec_refuse(err, key, "too many members");
}

bool codec_object(const json_t *object, const char *key, size_t max, json_t **out, struct err *err)
{
	*out = NULL;
	if (codec_none(object, key))
		return true;
	*out = json_object_get(object, key);
	if (!json_is_object(*out))
		return codec_refuse(err, key, "not an object");
	return json_object_size(*out) <= max || codec_refuse(err, key, "too many members");
}

bool codec_strs(const json_t *object, const char *key, size_t max, size_t text_max, char ***out,
		size_t *out_len, struct err *err)
{
	json_t *array, *value;
	size_t i;

	if (!codec_array(object, key, max, &array, err))
		return false;
	json_array_foreach(array, i, value) {
		if (!json_is_string(value) || json_string_length(value) > text_max ||
		    strlen(json_string_value(value)) != json_string_length(value))
			return codec_refuse(err, key, "a member is not a string, or too long");
	}
	if (json_array_size(array) == 0)
		return true;
	*out = MEM_NEW_ARRAY(json_array_size(array), char *);
	json_array_foreach(array, i, value)
		(*out)[i] = str_dup(json_string_value(value));
	*out_len = json_array_size(array);
	return true;
}

void codec_put_time(json_t *object, const char *key, int64_t wall_ms)
{
	if (wall_ms != INT64_MIN)
		json_put_time(object, key, wall_ms);
}

void codec_put_second(json_t *object, const char *key, int64_t wall_ms)
{
	int64_t part = (wall_ms % MS_SECOND + MS_SECOND) % MS_SECOND;

	json_put_time(object, key, wall_ms == INT64_MIN ? wall_ms : wall_ms - part);
}

void codec_put_str(json_t *object, const char *key, const char *value)
{
	if (value && *value)
		json_put_str(object, key, value);
}

void codec_put_int(json_t *object, const char *key, int64_t value, int64_t absent)
{
	if (value != absent)
		json_put_int(object, key, value);
}

void codec_put_flag(json_t *object, const char *key, bool value)
{
	if (value)
		json_put_bool(object, key, true);
}

static bool is_nothing(const json_t *value)
{
	return !value || json_is_null(value) ||
	       (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_object(value) && json_object_size(value) == 0);
}

void codec_put(json_t *object, const char *key, json_t *value)
{
	if (is_nothing(value))
		json_decref(value);
	else
		json_put(object, key, value);
}

void codec_lean(json_t *json)
{
	const char *key;
	json_t *value;
	void *next;
	size_t i;

	json_object_foreach_safe(json, next, key, value) {
		codec_lean(value);
		if (is_nothing(value))
			json_object_del(json, key);
	}
	json_array_foreach(json, i, value)
		codec_lean(value);
}
