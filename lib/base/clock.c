/*
 * Reads the kernel's clocks, or stands in for them in scenario tests, and turns instants into
 * RFC 3339 text and back. Calendar arithmetic is done here (after Howard Hinnant's days_from_civil)
 * and not by libc: no time zone, no year 2038, no surprise before 1970.
 */
#include "lib/base/clock.h"
#include "lib/base/err.h"

#include <time.h>

/* 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z */
#define WALL_FIRST_MS (INT64_C(-62167219200) * MS_SECOND)
#define WALL_LAST_MS (INT64_C(253402300800) * MS_SECOND - 1)

/* Not zero at the start: zero often means "never" in records. */
static struct {
	bool on;
	int64_t wall_ms;
	int64_t mono_ms;
	int64_t boot_ms;
} virtual_clock;

static struct timespec clock_read(clockid_t id)
{
	struct timespec now;

	if (clock_gettime(id, &now) != 0)
		bug("no clock %d", (int)id);
	return now;
}

static int64_t clock_read_ms(clockid_t id)
{
	struct timespec now = clock_read(id);

	return (int64_t)now.tv_sec * MS_SECOND + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return virtual_clock.on ? virtual_clock.wall_ms : clock_read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return virtual_clock.on ? virtual_clock.mono_ms : clock_read_ms(CLOCK_MONOTONIC);
}

int64_t clock_boot_ms(void)
{
	return virtual_clock.on ? virtual_clock.boot_ms : clock_read_ms(CLOCK_BOOTTIME);
}

int64_t clock_mono_us(void)
{
	struct timespec now;

	if (virtual_clock.on)
		return virtual_clock.mono_ms * 1000;
	now = clock_read(CLOCK_MONOTONIC);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_virtual_start(int64_t wall_ms)
{
	virtual_clock.on = true;
	virtual_clock.wall_ms = wall_ms;
	virtual_clock.mono_ms = MS_HOUR;
	virtual_clock.boot_ms = 2 * MS_HOUR;
}

bool clock_is_virtual(void)
{
	return virtual_clock.on;
}

void clock_virtual_advance(int64_t ms)
{
	if (!virtual_clock.on || ms < 0)
		bug("virtual clock advanced by %lld ms", (long long)ms);
	virtual_clock.wall_ms += ms;
	virtual_clock.mono_ms += ms;
	virtual_clock.boot_ms += ms;
}

void clock_virtual_jump_wall(int64_t ms)
{
	if (!virtual_clock.on)
		bug("real clock cannot jump");
	virtual_clock.wall_ms += ms;
}

struct date {
	int64_t year;
	unsigned month; /* 1..12 */
	unsigned day;	/* 1..31 */
};

/* Years begin in March here, so that the leap day is the last of its year. */
static int64_t date_to_days(struct date date)
{
	int64_t year = date.year - (date.month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	unsigned year_of_era = (unsigned)(year - era * 400);
	unsigned month = date.month > 2 ? date.month - 3 : date.month + 9;
	unsigned day_of_year = (153 * month + 2) / 5 + date.day - 1;
	unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + (int64_t)day_of_era - 719468;
}

static struct date date_from_days(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	unsigned day_of_era = (unsigned)(shifted - era * 146097);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era -
			       (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned month = (5 * day_of_year + 2) / 153;
	struct date date;

	date.day = day_of_year - (153 * month + 2) / 5 + 1;
	date.month = month < 10 ? month + 3 : month - 9;
	date.year = (int64_t)year_of_era + era * 400 + (date.month <= 2);
	return date;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static void rfc3339_write(int64_t wall_ms, bool fraction, char out[CLOCK_TEXT_MAX])
{
	struct date date;
	int64_t days;
	int64_t ms;
	int len;

	if (wall_ms < WALL_FIRST_MS)
		wall_ms = WALL_FIRST_MS;
	if (wall_ms > WALL_LAST_MS)
		wall_ms = WALL_LAST_MS;
	days = wall_ms / MS_DAY - (wall_ms % MS_DAY < 0);
	ms = wall_ms - days * MS_DAY;
	date = date_from_days(days);
	len = snprintf(out, CLOCK_TEXT_MAX, "%04d-%02u-%02uT%02d:%02d:%02d", (int)date.year,
		       date.month, date.day, (int)(ms / MS_HOUR), (int)(ms / MS_MINUTE % 60),
		       (int)(ms / MS_SECOND % 60));
	if (fraction)
		snprintf(out + len, CLOCK_TEXT_MAX - (size_t)len, ".%03dZ", (int)(ms % MS_SECOND));
	else
		snprintf(out + len, CLOCK_TEXT_MAX - (size_t)len, "Z");
}

const char *clock_rfc3339(int64_t wall_ms, char out[CLOCK_TEXT_MAX])
{
	rfc3339_write(wall_ms, false, out);
	return out;
}

const char *clock_rfc3339_ms(int64_t wall_ms, char out[CLOCK_TEXT_MAX])
{
	rfc3339_write(wall_ms, true, out);
	return out;
}

/* Exactly `digits` digits, at most max. */
static bool take_number(const char **text, int digits, unsigned min, unsigned max, unsigned *out)
{
	unsigned n = 0;

	for (; digits > 0; digits--, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		n = n * 10 + (unsigned)(**text - '0');
	}
	*out = n;
	return n >= min && n <= max;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_date(const char **text, int64_t *ms)
{
	struct date date;
	unsigned year;

	if (!take_number(text, 4, 0, 9999, &year) || !take_char(text, '-') ||
	    !take_number(text, 2, 1, 12, &date.month) || !take_char(text, '-'))
		return false;
	date.year = year;
	if (!take_number(text, 2, 1, days_in_month(date.year, date.month), &date.day))
		return false;
	*ms = date_to_days(date) * MS_DAY;
	return true;
}

/* Adds hh:mm:ss and a fraction, of which what is finer than a millisecond is dropped. */
static bool take_time(const char **text, int64_t *ms)
{
	unsigned hour;
	unsigned minute;
	unsigned second;
	int64_t weight = 100;

	if (!take_number(text, 2, 0, 23, &hour) || !take_char(text, ':') ||
	    !take_number(text, 2, 0, 59, &minute) || !take_char(text, ':') ||
	    !take_number(text, 2, 0, 60, &second))
		return false;
	/* A leap second has no instant of its own in POSIX time. */
	if (second == 60)
		second = 59;
	*ms += hour * MS_HOUR + minute * MS_MINUTE + second * MS_SECOND;
	if (!take_char(text, '.'))
		return true;
	if (**text < '0' || **text > '9')
		return false;
	for (; **text >= '0' && **text <= '9'; (*text)++, weight /= 10)
		*ms += (**text - '0') * weight;
	return true;
}

static bool take_offset(const char **text, int64_t *ms)
{
	unsigned hours;
	unsigned minutes;
	int sign;

	if (take_char(text, 'Z') || take_char(text, 'z'))
		return true;
	if (take_char(text, '+'))
		sign = 1;
	else if (take_char(text, '-'))
		sign = -1;
	else
		return false;
	if (!take_number(text, 2, 0, 23, &hours) || !take_char(text, ':') ||
	    !take_number(text, 2, 0, 59, &minutes))
		return false;
	*ms -= sign * (hours * MS_HOUR + minutes * MS_MINUTE);
	return true;
}

bool clock_parse(const char *text, int64_t *wall_ms)
{
	int64_t ms;

	if (text == NULL || !take_date(&text, &ms))
		return false;
	if (*text != '\0') {
		if (!take_char(&text, 'T') && !take_char(&text, 't'))
			return false;
		if (!take_time(&text, &ms) || !take_offset(&text, &ms) || *text != '\0')
			return false;
	}
	*wall_ms = ms;
	return true;
}
