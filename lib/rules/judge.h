/*
 * Findings: what an observation means under a policy at an instant. One table of rules; pure.
 */
#ifndef LIB_RULES_JUDGE_H
#define LIB_RULES_JUDGE_H

#include "lib/model/record.h"

struct judge_input {
	const struct target *target;
	const struct observation *look;	  /* the look judged */
	const struct observation *before; /* the newest earlier look that answered, or NULL */
	bool ever_seen; /* the target answered at least once, this look included */
	int64_t now;
};
/* out is overwritten. Severity OFF findings are left out. */
void judge(const struct judge_input *input, struct findings *out);

/* Expiry arithmetic. Lifetime counted as 120 days at most for fractions. */
int64_t threshold_left_ms(const struct threshold *threshold, int64_t not_before, int64_t not_after);
/* The first instant at which it is crossed. */
int64_t threshold_at(const struct threshold *threshold, int64_t not_before, int64_t not_after);
/* Index of the deepest threshold crossed at now (-1 none; policy->thresholds_len = expired),
 * thresholds in order of time left, longest first: in a list that is written in that order, the
 * place in the list. */
int threshold_crossed(const struct policy *policy, int64_t not_before, int64_t not_after,
		      int64_t now);
/* The policy's thresholds in that order, for this certificate (fractions and times may change
 * places). */
size_t threshold_order(const struct policy *policy, int64_t not_before, int64_t not_after,
		       struct threshold out[THRESHOLDS_MAX]);
/* Severity of threshold i: as written, else the last third (rounded up) critical, the rest warning.
 */
enum severity threshold_severity(const struct policy *policy, int i);
/* The next instant after now at which a threshold (or expiry itself) is crossed, or INT64_MAX. */
int64_t threshold_next(const struct policy *policy, int64_t not_before, int64_t not_after,
		       int64_t now);
/* floor((not_after - now) / day) and whole seconds left, floor. */
int64_t days_left(int64_t not_after, int64_t now);
int64_t seconds_left(int64_t not_after, int64_t now);
/* "expires in 13 days (Fri 04 Dec 10:00 UTC)", "expired 2 h ago (...)": for a message rendered
 * anew. */
void expiry_text(int64_t not_after, int64_t now, char *out, size_t out_len);

#endif
