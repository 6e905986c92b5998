/*
 * Small string questions, ASCII only and independent of the locale.
 */
#ifndef LIB_BASE_STR_H
#define LIB_BASE_STR_H

#include "lib/base/sys.h"

/* NULL equals only NULL. */
bool str_eq(const char *a, const char *b);
bool str_ieq(const char *a, const char *b); /* ASCII case folded */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* -1, 0, 1; NULL sorts last. */
int str_cmp_null_last(const char *a, const char *b);
/* Needle in haystack with ASCII case folded. */
bool str_icontains(const char *haystack, const char *needle);

/* Whole-string decimal numbers: no sign for u64, no blanks, range checked. */
bool str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out) MUST_CHECK;
bool str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out) MUST_CHECK;
/* "90s", "15m", "24h", "30d", "2w", "250ms"; several parts may follow: "1h30m". In ms. */
bool str_to_duration_ms(const char *s, int64_t *out) MUST_CHECK;
/* "15 h", "13 days", "2 min": for people, rounded down, at most two characters of unit loss. */
void duration_text(int64_t ms, char *out, size_t out_len);

/* Lower-cases ASCII in place. */
void str_lower(char *s);
/* Trims blanks at both ends in place; returns s advanced. */
char *str_trim(char *s);
/* strlcpy: true when all of src fit. */
bool str_copy(char *dst, size_t dst_len, const char *src);

/* The candidate with the smallest edit distance to word, if near enough to be meant
 * (distance <= 1 + len/3), else NULL. `next(arg, i)` returns candidate i or NULL. */
const char *str_nearest(const char *word, const char *(*next)(const void *arg, size_t i),
			const void *arg);

#endif
