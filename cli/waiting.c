/*
 * The pause between two questions.
 */
#include "cli/waiting.h"

#include "lib/base/clock.h"

#include <time.h>

#define PAUSE_FIRST_MS 50

void waiting_start(struct waiting *waiting, int64_t limit_ms)
{
	*waiting = (struct waiting){.until_mono = clock_mono_ms() + limit_ms,
				    .pause_ms = PAUSE_FIRST_MS};
}

bool waiting_more(struct waiting *waiting)
{
	int64_t left = waiting->until_mono - clock_mono_ms();
	int64_t pause = waiting->pause_ms < left ? waiting->pause_ms : left;
	struct timespec span;

	if (left <= 0)
		return false;
	span.tv_sec = (time_t)(pause / MS_SECOND);
	span.tv_nsec = (long)(pause % MS_SECOND) * 1000000;
	nanosleep(&span, NULL);
	waiting->pause_ms = waiting->pause_ms * 2 < MS_SECOND ? waiting->pause_ms * 2 : MS_SECOND;
	return true;
}
