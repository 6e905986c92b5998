/*
 * When a target is looked at next, and why: refresh, retry, rest, confirmation, threshold, repeat.
 * Pure but for the random draw, which is passed in. The daemon and `explain` call the same
 * function.
 */
#ifndef LIB_RULES_DUE_H
#define LIB_RULES_DUE_H

#include "lib/model/alert.h"
#include "lib/model/record.h"

struct due_input {
	const struct record *record; /* after the look was laid in: look, outcome, schedule.attempts
					before this look */
	bool failed;	      /* this look: no address answered (and it was the target's failure) */
	bool ours;	      /* this look failed on our side, or is held by network: no attempt */
	bool pending_confirm; /* a trust or name finding awaits its second look */
	bool pending_unreachable; /* a partial unreachable awaits confirmation */
	bool clock_hold;	  /* two looks must agree after a clock jump */
	int64_t next_repeat;	  /* earliest over its alerts, or INT64_MAX */
	uint64_t draw;		  /* random bits */
	int64_t now;
};
/* Fills attempts, rest_until, next_at, reason, first_failed_at of out (a copy of record->schedule
 * updated). */
void due_next(const struct due_input *input, struct schedule *out);

/* The refresh band for a certificate's lifetime (0: unknown): capped at a twelfth, never under 15
 * min. */
void refresh_band(const struct policy *policy, int64_t lifetime_ms, int64_t *min_ms,
		  int64_t *max_ms);
/* First look of the i-th of n added at once, in ms from now, spread so that rate_per_s is not
 * passed. */
int64_t first_look_delay(size_t i, size_t n, int64_t rate_per_s, uint64_t draw);

/* Sentences for `explain`. */
json_t *due_explain(const struct record *record, const struct alert *alerts, size_t alerts_len,
		    int64_t now);

/* Delivery back-off: 1 s doubling to 5 min with jitter; tries = failed so far (>= 1). */
int64_t delivery_backoff(int tries, uint64_t draw);

#endif
