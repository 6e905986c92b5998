/*
 * Making many targets due: after the clock jumped, and for `recheck` of a whole filter. Pages
 * through the probe jobs and makes each due within a spread of time.
 */
#ifndef DAEMON_KEEPER_SWEEP_H
#define DAEMON_KEEPER_SWEEP_H

#include "lib/base/sys.h"

struct keeper;
struct sweep;
/* Every probe job becomes due within spread_ms, evenly. done(arg, count) once from the loop; count
 * -1: the store failed on the way. done may be NULL. */
struct sweep *sweep_all(struct keeper *keeper, int64_t spread_ms,
			void (*done)(void *arg, int64_t count), void *arg);
void sweep_cancel(struct sweep *sweep); /* accepts NULL */

#endif
