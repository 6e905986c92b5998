/*
 * The words of findings: texts that are cut cleanly, dates and spans for people, places. No
 * judgement here.
 */
#include "lib/rules/rule.h"

#include "lib/base/str.h"
#include <stdarg.h>
#include <time.h>

#define CUT "..."
#define PLACES_SAID 5

void say(struct finding *out, const char *fmt, ...)
{
	size_t used = strlen(out->text), room = sizeof(out->text) - used, keep;
	va_list args;
	int wanted;

	va_start(args, fmt);
	wanted = vsnprintf(out->text + used, room, fmt, args);
	va_end(args);
	if (wanted < 0 || (size_t)wanted < room)
		return;
	keep = sizeof(out->text) - sizeof(CUT);
	while (keep > 0 && ((unsigned char)out->text[keep] & 0xc0) == 0x80)
		keep--;
	memcpy(out->text + keep, CUT, sizeof(CUT));
}

const char *date_text(int64_t at, int64_t now, char out[DATE_TEXT_MAX])
{
	/* Not strftime: a locale has no say in what is compared and searched for. */
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t apart = time_left_days(at, now);
	time_t seconds = (time_t)time_left_s(at, 0);
	struct tm tm;
	char year[16] = "";

	if (at == TIME_UNKNOWN || !gmtime_r(&seconds, &tm)) {
		str_copy(out, DATE_TEXT_MAX, "at an unknown time");
		return out;
	}
	if (apart > 180 || apart < -180)
		snprintf(year, sizeof(year), " %d", tm.tm_year + 1900);
	snprintf(out, DATE_TEXT_MAX, "%s %02d %s%s %02d:%02d UTC", days[tm.tm_wday], tm.tm_mday,
		 months[tm.tm_mon], year, tm.tm_hour, tm.tm_min);
	return out;
}

const char *span_text(int64_t from, int64_t to, char out[SPAN_TEXT_MAX])
{
	int64_t seconds = time_left_s(to, from), max = INT64_MAX / MS_SECOND;

	if (seconds < 0)
		seconds = seconds < -max ? max : -seconds;
	duration_text((seconds > max ? max : seconds) * MS_SECOND, out, SPAN_TEXT_MAX);
	return out;
}

void place_add(struct finding *out, const struct endpoint *endpoint)
{
	if (endpoint->address[0] && out->places_len < FINDING_PLACES_MAX)
		str_copy(out->places[out->places_len++], sizeof(out->places[0]), endpoint->address);
}

void places_count(struct finding *out, const struct observation *look)
{
	out->places_total = 0;
	for (size_t i = 0; i < look->len; i++)
		out->places_total += look->endpoints[i].address[0] != 0;
}

void say_places(struct finding *out)
{
	if (out->places_len == 0 || out->places_len >= out->places_total)
		return;
	say(out, "; %zu of %zu addresses:", out->places_len, out->places_total);
	for (size_t i = 0; i < out->places_len && i < PLACES_SAID; i++)
		say(out, "%s %s", i ? "," : "", out->places[i]);
	if (out->places_len > PLACES_SAID)
		say(out, " and %zu more", out->places_len - PLACES_SAID);
}
