/*
 * One probe: one address of one target, from connect to the end of the handshake, as an operation.
 * Runs in the prober only.
 */
#ifndef PROBES_PROBE_H
#define PROBES_PROBE_H

#include "lib/loop/op.h"
#include "lib/loop/resolve.h"
#include "lib/tls/session.h"
#include "lib/wire/role.h"

enum probe_stage { PROBE_CONNECT, PROBE_HANDSHAKE, PROBE_DONE };
struct probe_config {
	struct address address;	 /* with port */
	const char *server_name; /* SNI, NULL: none; borrowed for the start only (copied) */
	struct session_context *context;
	int64_t deadline_ms;
	struct role_page *page; /* each step names the item there; NULL: none */
	uint64_t item;
};
/* Raw facts; judged into an endpoint by the prober (sight.c). Borrowed during the completion. */
struct probe_result {
	int outcome;	   /* enum outcome */
	const char *error; /* sentence or NULL */
	const char *stage;
	int64_t duration_ms;
	bool ours;		       /* no local route, out of descriptors or ports */
	const struct session *session; /* NULL when it never got so far */
};
struct probe;
typedef void probe_done_fn(void *arg, const struct probe_result *result);
/* done: exactly once, from the loop. The connection is closed by then. */
struct probe *probe_start(struct loop *loop, const struct probe_config *config, probe_done_fn *done,
			  void *arg);
void probe_cancel(struct probe *probe); /* accepts NULL */

#endif
