/*
 * The only door to jansson. Strict parsing with ceilings (size, depth, no duplicate
 * keys, valid UTF-8, nothing behind the value), compact writing with sorted keys,
 * and getters that answer "absent or wrong type" in one way.
 * json_t values follow jansson's reference counts; getters borrow.
 */
#ifndef LIB_BASE_JSON_H
#define LIB_BASE_JSON_H

#include "lib/base/err.h"
#include <jansson.h>

#define JSON_DEPTH_MAX_OURS 32

/* A new reference, or NULL with err "line:column: what". max_len: ceiling in bytes. */
json_t *json_parse(const char *text, size_t len, size_t max_len, struct err *err) MUST_CHECK;
/* Compact, keys sorted, heap string the caller frees with mem_free. */
char *json_write(const json_t *value);
/* For people: indented by two. */
char *json_write_pretty(const json_t *value);

/* Getters: the member of an object, or the fallback when absent, null or of another type. */
const char *json_get_str(const json_t *object, const char *key); /* NULL when absent */
int64_t json_get_int(const json_t *object, const char *key, int64_t fallback);
bool json_get_bool(const json_t *object, const char *key, bool fallback);
json_t *json_get_array(const json_t *object, const char *key);	/* NULL when absent */
json_t *json_get_object(const json_t *object, const char *key); /* NULL when absent */
/* True when present and an integer / a boolean. */
bool json_has_int(const json_t *object, const char *key, int64_t *out);
bool json_has_bool(const json_t *object, const char *key, bool *out);
/* RFC 3339 text to wall ms; false when absent, null or not a time. */
bool json_has_time(const json_t *object, const char *key, int64_t *wall_ms);

/* Setters: NULL text writes null. Invalid UTF-8 is made valid first (text_utf8). */
void json_put_str(json_t *object, const char *key, const char *value);
void json_put_int(json_t *object, const char *key, int64_t value);
void json_put_bool(json_t *object, const char *key, bool value);
void json_put_null(json_t *object, const char *key);
/* RFC 3339, with milliseconds only where there are some; INT64_MIN writes null. */
void json_put_time(json_t *object, const char *key, int64_t wall_ms);
/* Takes the reference; NULL writes null. */
void json_put(json_t *object, const char *key, json_t *value_take);
/* A JSON string from any bytes, made valid UTF-8. NULL gives null. */
json_t *json_text(const char *s);

#endif
