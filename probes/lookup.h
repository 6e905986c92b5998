/*
 * A name's addresses, and when there are none, whose failure that is. A resolver that is away must
 * not use up the attempts of every target there is: before a name is blamed for silence, some
 * sign that the resolver lives is looked for.
 */
#ifndef PROBES_LOOKUP_H
#define PROBES_LOOKUP_H

#include "lib/loop/resolve.h"

struct lookups; /* what the lookups of a prober share */
/* resolver stays the caller's and must outlive it. */
struct lookups *lookups_new(struct loop *loop, struct resolver *resolver);
void lookups_free(struct lookups *lookups); /* accepts NULL; no lookup may be in flight */

struct lookup_result {	   /* borrowed during the completion */
	const char *error; /* NULL: addresses were found */
	bool ours;
	const struct address *addresses;
	size_t count;
};
struct lookup;
typedef void lookup_done_fn(void *arg, const struct lookup_result *result);
/* families: RESOLVE_V4 | RESOLVE_V6. done within deadline_ms, exactly once, from the loop. */
struct lookup *lookup_start(struct lookups *lookups, const char *name, int families,
			    int64_t deadline_ms, lookup_done_fn *done, void *arg);
void lookup_cancel(struct lookup *lookup); /* accepts NULL */

#endif
