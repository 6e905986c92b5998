/*
 * Waiting for the daemon to have done something: asks again, soon at first, then each second, until
 * a time.
 */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include "lib/base/sys.h"

struct waiting {
	int64_t until_mono, pause_ms;
};
void waiting_start(struct waiting *waiting, int64_t limit_ms);
/* Sleeps a little; false when the time is over. */
bool waiting_more(struct waiting *waiting);

#endif
