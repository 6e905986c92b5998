/*
 * What follows from one look: the target's new record, its alerts, what is told, and when it is
 * looked at next. Takes documents as read from the store, gives a batch; asks nobody and waits for
 * nothing, so that after a CONFLICT it is simply run again on fresh documents.
 */
#ifndef DAEMON_KEEPER_VERDICT_H
#define DAEMON_KEEPER_VERDICT_H

#include "daemon/keeper/batch.h"

#define VERDICT_ALERTS_MAX ALERT_KIND_COUNT

/* What a look brought, in the keeper's terms. */
struct look_facts {
	const struct observation *observation;
	bool crashed;	     /* this target killed its prober */
	bool held;	     /* the network of its zone is held */
	bool one_chain_lost; /* a file target whose file is no single chain any more */
	int64_t now;
	uint64_t draw;
};

/* A target with its alerts, as the store has them. */
struct verdict {
	struct record record;
	int64_t rev; /* 0: absent */
	struct alert alerts[VERDICT_ALERTS_MAX];
	int64_t alert_revs[VERDICT_ALERTS_MAX];
	bool alert_loaded[VERDICT_ALERTS_MAX];
};
void verdict_finish(struct verdict *verdict);
/* From the documents; false with err when one is damaged. */
bool verdict_read_record(struct verdict *verdict, const struct store_doc *doc,
			 struct err *err) MUST_CHECK;
bool verdict_read_alert(struct verdict *verdict, enum alert_kind kind, const struct store_doc *doc,
			struct err *err) MUST_CHECK;
/* The alert document of a target and kind. */
void verdict_alert_id(const char *site, const char *target_text, enum alert_kind kind,
		      char out[33]);

/* Lays the look into verdict->record (findings, outcome, history of changes). Returns the alert
 * kinds, as bits, whose documents verdict_conclude will need. */
unsigned verdict_lay(struct verdict *verdict, const struct look_facts *facts);
/* Transitions, outbox, next due time (returned), all into the batch; the caller adds the fence. */
int64_t verdict_conclude(struct keeper *keeper, struct verdict *verdict,
			 const struct look_facts *facts, struct batch *batch);
/* The target goes: its alerts end with `reason`, told; the documents and its job are deleted unless
 * only ignored. */
void verdict_close(struct keeper *keeper, struct verdict *verdict, enum end_reason reason,
		   struct batch *batch, int64_t now);

#endif
