/*
 * Questions about strings, by ASCII rules whatever the locale says. Numbers and durations are
 * whole-string or nothing: "10x" is a mistake to report, not a ten.
 */
#include "lib/base/str.h"
#include "lib/base/clock.h"

#define NEAREST_MAX 64

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_eq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

/* How many leading characters of a and b are the same but for case. */
static size_t common_len(const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] != '\0' && fold(a[i]) == fold(b[i]))
		i++;
	return i;
}

bool str_ieq(const char *a, const char *b)
{
	size_t len;

	if (a == NULL || b == NULL)
		return a == b;
	len = common_len(a, b);
	return a[len] == '\0' && b[len] == '\0';
}

bool str_starts(const char *s, const char *prefix)
{
	return s != NULL && prefix != NULL && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len;
	size_t tail;

	if (s == NULL || suffix == NULL)
		return false;
	len = strlen(s);
	tail = strlen(suffix);
	return len >= tail && memcmp(s + len - tail, suffix, tail) == 0;
}

int str_cmp_null_last(const char *a, const char *b)
{
	int order;

	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	order = strcmp(a, b);
	return (order > 0) - (order < 0);
}

bool str_icontains(const char *haystack, const char *needle)
{
	size_t len;

	if (haystack == NULL || needle == NULL)
		return false;
	len = strlen(needle);
	for (;; haystack++) {
		if (common_len(needle, haystack) == len)
			return true;
		if (*haystack == '\0')
			return false;
	}
}

/* Digits up to the first other character; false without one or past 64 bits. */
static bool take_u64(const char **s, uint64_t *out)
{
	uint64_t n = 0;

	if (!is_digit(**s))
		return false;
	for (; is_digit(**s); (*s)++) {
		if (__builtin_mul_overflow(n, UINT64_C(10), &n) ||
		    __builtin_add_overflow(n, (uint64_t)(**s - '0'), &n))
			return false;
	}
	*out = n;
	return true;
}

bool str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n;

	if (s == NULL || !take_u64(&s, &n) || *s != '\0' || n < min || n > max)
		return false;
	*out = n;
	return true;
}

bool str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative;
	uint64_t magnitude;
	int64_t n;

	if (s == NULL)
		return false;
	negative = *s == '-';
	if (negative)
		s++;
	if (!take_u64(&s, &magnitude) || *s != '\0')
		return false;
	if (magnitude > (uint64_t)INT64_MAX + negative)
		return false;
	/* Negated while unsigned: INT64_MIN has no positive twin. */
	n = (int64_t)(negative ? -magnitude : magnitude);
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}

/* From the longest, because parts must come in that order: "1h30m", never "30m1h". */
static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{"w", MS_WEEK},	  {"d", MS_DAY},    {"h", MS_HOUR},
	{"m", MS_MINUTE}, {"s", MS_SECOND}, {"ms", 1},
};

static bool take_unit(const char **s, size_t *unit)
{
	const char *name = *s;
	size_t len = 0;
	size_t i;

	while (name[len] >= 'a' && name[len] <= 'z')
		len++;
	for (i = 0; i < ARRAY_LEN(units); i++) {
		if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0) {
			*unit = i;
			*s += len;
			return true;
		}
	}
	return false;
}

bool str_to_duration_ms(const char *s, int64_t *out)
{
	int64_t total = 0;
	size_t next_unit = 0;

	if (s == NULL || *s == '\0')
		return false;
	while (*s != '\0') {
		uint64_t n;
		int64_t part;
		size_t unit;

		if (!take_u64(&s, &n) || !take_unit(&s, &unit) || unit < next_unit)
			return false;
		if (__builtin_mul_overflow(n, units[unit].ms, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return false;
		next_unit = unit + 1;
	}
	*out = total;
	return true;
}

void duration_text(int64_t ms, char *out, size_t out_len)
{
	const char *sign = ms < 0 ? "-" : "";
	uint64_t n = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
	const char *unit;

	if (n > 0 && n < MS_SECOND) {
		unit = "ms";
	} else if (n < MS_MINUTE) {
		n /= MS_SECOND;
		unit = "s";
	} else if (n < 2 * MS_HOUR) {
		n /= MS_MINUTE;
		unit = "min";
	} else if (n == MS_DAY) {
		/* A setting rather than a remainder: people write it so. */
		n = 1;
		unit = "day";
	} else if (n < 2 * MS_DAY) {
		n /= MS_HOUR;
		unit = "h";
	} else {
		n /= MS_DAY;
		unit = "days";
	}
	snprintf(out, out_len, "%s%llu %s", sign, (unsigned long long)n, unit);
}

void str_lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = fold(*s);
}

char *str_trim(char *s)
{
	size_t len;

	while (is_blank(*s))
		s++;
	len = strlen(s);
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	s[len] = '\0';
	return s;
}

bool str_copy(char *dst, size_t dst_len, const char *src)
{
	size_t len = strlen(src);
	size_t kept;

	if (dst_len == 0)
		return false;
	kept = len < dst_len ? len : dst_len - 1;
	memcpy(dst, src, kept);
	dst[kept] = '\0';
	return kept == len;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein without overlapping swaps; both words at most NEAREST_MAX long. */
static size_t edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t *before = rows[0]; /* the row two above */
	size_t *above = rows[1];
	size_t *here = rows[2];
	size_t i;
	size_t j;

	for (j = 0; j <= b_len; j++)
		here[j] = j;
	for (i = 1; i <= a_len; i++) {
		size_t *spare = before;

		before = above;
		above = here;
		here = spare;
		here[0] = i;
		for (j = 1; j <= b_len; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);

			here[j] = min_size(above[j], here[j - 1]) + 1;
			here[j] = min_size(here[j], above[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				here[j] = min_size(here[j], before[j - 2] + 1);
		}
	}
	return here[b_len];
}

const char *str_nearest(const char *word, const char *(*next)(const void *arg, size_t i),
			const void *arg)
{
	size_t len = strlen(word);
	size_t least = 1 + len / 3 + 1;
	const char *nearest = NULL;
	const char *candidate;
	size_t i;

	if (len > NEAREST_MAX)
		return NULL;
	for (i = 0; (candidate = next(arg, i)) != NULL; i++) {
		size_t candidate_len = strlen(candidate);
		size_t distance;

		if (candidate_len > NEAREST_MAX)
			continue;
		distance = edit_distance(word, len, candidate, candidate_len);
		if (distance < least) {
			least = distance;
			nearest = candidate;
		}
	}
	return nearest;
}
