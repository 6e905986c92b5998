/*
 * Looking, from the keeper's or expiryctl's side: a pool of probers (and one reader), one look per
 * target, results gathered into one observation. Crash and stall isolate the culprit: its own look
 * ends with `crashed`, the neighbours are tried again or end as `ours`; the role is started again
 * with back-off. Death by a signal from outside blames nobody until it happens twice to one look.
 * Scenario tests link a scripted lookers.c behind this header.
 */
#ifndef LIB_WIRE_LOOKERS_H
#define LIB_WIRE_LOOKERS_H

#include "lib/model/observation.h"
#include "lib/wire/msg.h"

struct lookers;
struct lookers_config {
	size_t probers; /* 0: one per core, at most 16 */
	/* Copied. Connections at once, to one address, and a second are the pool's: each prober
	 * gets its share. */
	struct msg_setup setup;
};
/* Told when something an operator should know happens: a role died (LOOKERS_ERROR), does not start,
 * roots changed. From the loop; must not free the lookers. */
enum lookers_level { LOOKERS_INFO, LOOKERS_WARN, LOOKERS_ERROR };
typedef void lookers_note_fn(void *arg, enum lookers_level level, const char *phrase,
			     const char *detail);

struct lookers *lookers_new(struct loop *loop, const struct lookers_config *config,
			    lookers_note_fn *note, void *arg);
/* New settings: new roles for new looks, the old ones are drained and leave. */
void lookers_reload(struct lookers *lookers, const struct lookers_config *config);
void lookers_free(struct lookers *lookers); /* cancels silently */

struct look_request {
	const struct target *target;
	int64_t now;
	int64_t deadline_ms;
	bool all_addresses;
	const struct observation *known; /* or NULL */
	int file;  /* file targets: an open descriptor, stays the caller's; else -1 */
	bool each; /* of a file: every certificate is a member without a chain, in the file's order,
		    * whatever they are to each other; one that does not parse too */
};
struct look_cert {
	char sha256[65]; /* computed by this side from the bytes */
	const uint8_t *der;
	size_t len;
};
struct look_member { /* file targets: each leaf with its chain */
	char *name;
	struct endpoint endpoint;
};
struct look_result {
	bool released; /* not started, or not started again, in time: no attempt */
	bool lost;     /* its roles died or kept it too long: says nothing of host and network */
	bool crashed;  /* this target killed its role: outcome prober_crash is in the observation */
	struct observation observation; /* .ours says whose failure; may be moved out (zero it) */
	/* certificates new to `known`; borrowed */
	const struct look_cert *certs;
	size_t certs_len;
	/* files */
	bool one_chain;
	struct look_member *members;
	size_t members_len;
};
struct look;
typedef void look_done_fn(void *arg, struct look_result *result);
/* done exactly once, never from inside; a deadline overrun by the role itself (2 s over) ends the
 * look as `ours` and kills the role as stalled. Called even when no role can be started (ours). */
struct look *look_start(struct lookers *lookers, const struct look_request *request,
			look_done_fn *done, void *arg);
void look_cancel(struct look *look);
/* file-descriptor-free count of looks in flight, for gates and status. */
size_t lookers_inflight(const struct lookers *lookers);
bool lookers_ready(const struct lookers *lookers); /* a prober has said MSG_READY */
/* Of the newest prober; NULL before. */
const struct msg_ready *lookers_facts(const struct lookers *lookers);
/* For kill tests: pids of living roles; returns how many were written. */
size_t lookers_pids(const struct lookers *lookers, int32_t *out, size_t max);

#endif
