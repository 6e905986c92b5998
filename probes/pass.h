/*
 * Leave to open a connection: overall (how many at once, how many a second) and per address (how
 * many at once). Asked for by each place of a look, granted from the loop in the order of asking;
 * a place that waits for a busy address holds nobody else up.
 */
#ifndef PROBES_PASS_H
#define PROBES_PASS_H

#include "lib/loop/gate.h"
#include "lib/loop/resolve.h"

struct passes;
struct passes_config {
	int64_t concurrency; /* 0: no limit */
	int64_t per_address; /* 0: no limit */
	int64_t rate;	     /* a second; 0: no limit */
};
struct passes *passes_new(struct loop *loop, const struct passes_config *config);
void passes_free(struct passes *passes); /* accepts NULL; no pass may be asked for or held */

enum pass_state { PASS_NONE, PASS_BEHIND, PASS_READY, PASS_GRANTED };
typedef void pass_fn(void *arg);
/* Embedded in its owner; zeroed is valid. */
struct pass {
	enum pass_state state;
	struct passes *passes;
	struct pass_host *host;
	pass_fn *granted;
	void *arg;
	struct pass *prev, *next;
};
/* granted is called once, from the loop, never from here. The port does not count. */
void pass_ask(struct pass *pass, struct passes *passes, const struct address *address,
	      pass_fn *granted, void *arg);
/* Gives the pass back, or withdraws the asking; nothing when there is none. */
void pass_end(struct pass *pass);

#endif
