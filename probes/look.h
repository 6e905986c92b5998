/*
 * One work item: one target looked at over all its addresses within one deadline. Resolves the
 * name, asks leave for each address, probes them side by side, judges what they served, and answers
 * an endpoint at a time. Lives in the prober; one per item of the keeper's.
 */
#ifndef PROBES_LOOK_H
#define PROBES_LOOK_H

#include "lib/tls/chain.h"
#include "lib/tls/session.h"
#include "lib/wire/msg.h"
#include "lib/wire/role.h"
#include "probes/lookup.h"
#include "probes/pass.h"

/* What all looks of a prober share; outlives them. */
struct looks {
	struct loop *loop;
	struct lookups *lookups;
	struct passes *passes;
	struct session_context *context;
	const struct anchors *anchors; /* NULL: trust is not judged */
	struct role_page *page;	       /* NULL: none */
};

struct look_item;
/* Zero or more; the result is borrowed. */
typedef void look_item_result_fn(void *arg, const struct msg_result *result);
/* Once, last. */
typedef void look_item_done_fn(void *arg, const struct msg_done *done);
/* Moves *look in (it is zeroed). Both calls come from the loop. */
struct look_item *look_item_start(const struct looks *looks, struct msg_look *look,
				  look_item_result_fn *on_result, look_item_done_fn *done,
				  void *arg);
void look_item_cancel(struct look_item *item); /* accepts NULL */

#endif
