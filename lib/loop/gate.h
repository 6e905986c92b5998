/*
 * How many at once and how many a second: a counting gate with a token bucket.
 */
#ifndef LIB_LOOP_GATE_H
#define LIB_LOOP_GATE_H

#include "lib/base/sys.h"

struct gate {
	int64_t inflight_max; /* 0: no limit */
	int64_t rate_per_s;   /* 0: no limit; burst = rate_per_s / 4, at least 1 */
	int64_t inflight;
	int64_t tokens_milli;
	int64_t filled_at_ms;
};
void gate_init(struct gate *gate, int64_t inflight_max, int64_t rate_per_s, int64_t mono_ms);
/* How many may pass now (0..want), without taking. */
int64_t gate_room(struct gate *gate, int64_t want, int64_t mono_ms);
void gate_take(struct gate *gate, int64_t count);
void gate_give(struct gate *gate, int64_t count); /* ended: frees the places, not the tokens */
/* When one more may pass, in ms from now; 0 now, -1 only after a give. */
int64_t gate_wait_ms(struct gate *gate, int64_t mono_ms);

#endif
