/*
 * What is in the store, counted: for status and metrics. Everything is asked of index columns, one
 * small question after the other, so that nothing waits for long however many targets there are.
 */
#ifndef DAEMON_KEEPER_CENSUS_H
#define DAEMON_KEEPER_CENSUS_H

#include "daemon/keeper/keeper.h"

/* Upper ends of what a certificate may have left, in days; 0: expired. The last is without end. */
#define CENSUS_LEFT_DAYS                             \
	{                                            \
		0, 1, 3, 7, 14, 30, 60, 90, 180, 365 \
	}
#define CENSUS_LEFT 11

struct census_outbox {
	char name[65];
	int64_t waiting; /* lines and messages */
	int64_t parked;
	int64_t oldest_at; /* TIME_UNKNOWN: nothing waits */
	char last_error[256];
};
struct census {
	int64_t at;	       /* wall ms */
	int64_t cost_ms, mono; /* how long it took, and when it was ready */
	int64_t targets;
	int64_t outcomes[OUTCOME_COUNT + 1]; /* the last: never looked at */
	int64_t left[CENSUS_LEFT];	     /* each band alone */
	int64_t alerts[ALERT_KIND_COUNT][SEVERITY_CRITICAL + 1][ALERT_STATUS_COUNT];
	int64_t probe_jobs, notify_jobs, due_now;
	int64_t instances_active, instances_inactive;
	struct census_outbox outbox[NOTIFIERS_MAX];
	size_t outbox_len;
};
void census_free(struct census *census);
/* NULL: it was not there when this was counted. census may be NULL. */
const struct census_outbox *census_outbox(const struct census *census, const char *notifier);

struct api_call;
/* done from the loop: the census is the API's, until the next turn; NULL with a fault when the
 * store cannot be asked. A young one is given again when it was dear. */
typedef void census_done_fn(struct api_call *call, const struct census *census, const char *fault);
struct census_taking;
struct census_taking *census_take(struct api_call *call, census_done_fn *done);
void census_cancel(struct census_taking *taking); /* accepts NULL */

#endif
