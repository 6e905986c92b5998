/*
 * Reading documents as if from an enemy: a member is absent (or null), or it is of the right type,
 * within its ceiling and well formed, or the whole document is refused with the member's name.
 * Writing: only what is known, so that a million stored documents stay small. Used by every
 * *_from_json of the model; knows no noun.
 */
#ifndef LIB_MODEL_CODEC_H
#define LIB_MODEL_CODEC_H

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"

/* err "KEY: what"; false. */
bool codec_refuse(struct err *err, const char *key, const char *what);
/* Absent or null. */
bool codec_none(const json_t *object, const char *key);

bool codec_is_object(const json_t *json, const char *what, struct err *err) MUST_CHECK;
/* *out owned, at most max bytes; left alone when absent. */
bool codec_str(const json_t *object, const char *key, size_t max, char **out,
	       struct err *err) MUST_CHECK;
/* Into a fixed array, which must hold all of it; left alone when absent. */
bool codec_text(const json_t *object, const char *key, char *out, size_t out_len,
		struct err *err) MUST_CHECK;
/* Lower-case hex of exactly `digits`; out holds digits + 1. */
bool codec_hex(const json_t *object, const char *key, size_t digits, char *out,
	       struct err *err) MUST_CHECK;
bool codec_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *out,
	       struct err *err) MUST_CHECK;
/* The same into an int. */
bool codec_int32(const json_t *object, const char *key, int min, int max, int *out,
		 struct err *err) MUST_CHECK;
bool codec_bool(const json_t *object, const char *key, bool *out, struct err *err) MUST_CHECK;
bool codec_time(const json_t *object, const char *key, int64_t *out, struct err *err) MUST_CHECK;
/* *out is NULL when absent. Borrowed. */
bool codec_array(const json_t *object, const char *key, size_t max, json_t **out,
		 struct err *err) MUST_CHECK;
bool codec_object(const json_t *object, const char *key, size_t max, json_t **out,
		  struct err *err) MUST_CHECK;
/* An array of at most max strings of at most text_max bytes: *out and its members owned. */
bool codec_strs(const json_t *object, const char *key, size_t max, size_t text_max, char ***out,
		size_t *out_len, struct err *err) MUST_CHECK;

/* An enum by its x_parse; *out is left alone when absent. An expression. */
#define CODEC_WORD(object, key, parse, out, err)                          \
	(codec_none(object, key) ||                                       \
	 (json_is_string(json_object_get(object, key)) &&                 \
	  parse(json_string_value(json_object_get(object, key)), out)) || \
	 codec_refuse(err, key, "not a known word"))

/* Exact, to the millisecond where there are any; INT64_MIN is left out. */
void codec_put_time(json_t *object, const char *key, int64_t wall_ms);
/* For users: whole seconds (floor); INT64_MIN is null. */
void codec_put_second(json_t *object, const char *key, int64_t wall_ms);
/* Left out: NULL and "". */
void codec_put_str(json_t *object, const char *key, const char *value);
/* Left out: when equal to the default. */
void codec_put_int(json_t *object, const char *key, int64_t value, int64_t absent);
/* Left out: false. */
void codec_put_flag(json_t *object, const char *key, bool value);
/* Takes value; left out when NULL, null or empty. */
void codec_put(json_t *object, const char *key, json_t *value);
/* Drops members that are null or empty containers, all the way down. */
void codec_lean(json_t *json);

#endif
