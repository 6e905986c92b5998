/*
 * A scenario: the real keeper over real SQLite in memory (or a file, to outlive a restart), in
 * virtual time, with scripted looks and a notifier in memory.
 */
#ifndef TESTS_SCENARIOS_SCENARIO_H
#define TESTS_SCENARIOS_SCENARIO_H

#include "daemon/keeper/keeper.h"
#include "tests/fakes/fake_lookers.h"
#include "tests/fakes/fake_notifier.h"

struct scenario {
	struct loop *loop;
	struct keeper *keeper;
	char folder[64];
	char config_file[128];
	int64_t start;		 /* wall ms */
	size_t warnings, errors; /* logged since the start */
};
/* yaml: behind store and notifier, which are set here ("hook"); file_store keeps the store on disk
 * in the scenario's folder, so that scenario_stop + scenario_continue is a restart. */
void scenario_start(struct scenario *scenario, const char *yaml, bool file_store);
void scenario_stop(struct scenario *scenario); /* the daemon goes away, as by kill: no drain */
void scenario_continue(struct scenario *scenario);
void scenario_write_config(struct scenario *scenario, const char *yaml, bool file_store);
void scenario_finish(struct scenario *scenario);

void scenario_run(struct scenario *scenario, int64_t ms);
/* A document now: kind and id as stored; new reference or NULL. */
json_t *scenario_doc(struct scenario *scenario, const char *kind, const char *id);
json_t *scenario_target(struct scenario *scenario, const char *target_text);
json_t *scenario_alert(struct scenario *scenario, const char *kind, const char *target_text);
/* status text of an alert, or "none"; static buffer. */
const char *scenario_alert_status(struct scenario *scenario, const char *kind,
				  const char *target_text);

#endif
