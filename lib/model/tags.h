/*
 * The operator's tags, sorted by key: in a target, and copied into its alerts.
 */
#ifndef LIB_MODEL_TAGS_H
#define LIB_MODEL_TAGS_H

#include "lib/model/target.h"

/* NULL for none; the caller owns it. */
struct tag *tags_copy(const struct tag *tags, size_t len);
void tags_finish(struct tag *tags, size_t len);
/* An object; empty for none. */
json_t *tags_to_json(const struct tag *tags, size_t len);
/* The member "tags" of an object; at most TARGET_TAGS_MAX. */
bool tags_from_json(const json_t *object, struct tag **out, size_t *out_len,
		    struct err *err) MUST_CHECK;

#endif
