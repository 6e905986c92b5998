/*
 * The one place that reads time. Real, or virtual for scenario tests: then wall,
 * monotonic and boot time stand still until clock_virtual_advance.
 * Wall time is milliseconds since 1970 UTC, int64 (years past 2038 and before 1970).
 */
#ifndef LIB_BASE_CLOCK_H
#define LIB_BASE_CLOCK_H

#include "lib/base/sys.h"

#define MS_SECOND INT64_C(1000)
#define MS_MINUTE (60 * MS_SECOND)
#define MS_HOUR (60 * MS_MINUTE)
#define MS_DAY (24 * MS_HOUR)
#define MS_WEEK (7 * MS_DAY)

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void); /* CLOCK_MONOTONIC */
int64_t clock_boot_ms(void); /* CLOCK_BOOTTIME: goes on through suspend */
int64_t clock_mono_us(void); /* for durations in reports and benches */

/* Virtual time: on until the process ends. */
void clock_virtual_start(int64_t wall_ms);
bool clock_is_virtual(void);
void clock_virtual_advance(int64_t ms);
/* Moves the wall clock only, as an operator or NTP does. */
void clock_virtual_jump_wall(int64_t ms);

/* Room for the longest RFC 3339 text made here, NUL included. */
#define CLOCK_TEXT_MAX 32
/* "2026-11-21T10:00:00Z" (whole seconds, floor) into out; returns out. Years outside 0..9999
 * are clamped to those ends. */
const char *clock_rfc3339(int64_t wall_ms, char out[CLOCK_TEXT_MAX]);
/* The same with milliseconds: "2026-11-21T10:00:00.123Z". */
const char *clock_rfc3339_ms(int64_t wall_ms, char out[CLOCK_TEXT_MAX]);
/* RFC 3339 with any offset, optional fraction; or a date alone (00:00 UTC). */
bool clock_parse(const char *text, int64_t *wall_ms) MUST_CHECK;

#endif
