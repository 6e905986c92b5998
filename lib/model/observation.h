/*
 * What one look at a target saw, over all its addresses; the newest is kept with the target.
 */
#ifndef LIB_MODEL_OBSERVATION_H
#define LIB_MODEL_OBSERVATION_H

#include "lib/model/endpoint.h"

#define OBSERVATION_ENDPOINTS_MAX 32

struct observation {
	int64_t at;
	bool ours; /* it failed on our side: no route, resolver away, out of descriptors,
		      neighbour's crash */
	struct endpoint
		*endpoints; /* at least one; a failed resolve is one endpoint without address */
	size_t len;
	int families_skipped; /* addresses left out for want of a local route */
};

void observation_init(struct observation *observation);
void observation_finish(struct observation *observation);
void observation_copy(struct observation *dst, const struct observation *src);
/* Appends a copy moved in: endpoint is zeroed. False (and finished) when full. */
bool observation_add_take(struct observation *observation, struct endpoint *endpoint);
/* ok when any address is ok; else that of the first address. */
enum outcome observation_outcome(const struct observation *observation);
/* No address answered. */
bool observation_failed(const struct observation *observation);
/* The endpoint whose leaf ends first among those that answered, or NULL. */
const struct endpoint *observation_oldest(const struct observation *observation);

json_t *observation_to_json(const struct observation *observation);
bool observation_from_json(struct observation *out, const json_t *json, struct err *err) MUST_CHECK;

#endif
