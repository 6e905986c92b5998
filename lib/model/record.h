/*
 * The target's document in the store: definition, where it comes from, newest observation,
 * schedule. One document, so that one commit says everything about a look.
 */
#ifndef LIB_MODEL_RECORD_H
#define LIB_MODEL_RECORD_H

#include "lib/model/finding.h"
#include "lib/model/observation.h"

#define RECORD_SOURCES_MAX 16

struct schedule {
	int attempts;	    /* failed attempts of this cycle, 0..retry_attempts */
	int64_t rest_until; /* TIME_UNKNOWN: not resting */
	int64_t next_at;    /* as committed with the job */
	char reason[24];    /* "refresh", "retry", "rest", "confirm", "threshold", "repeat", "held",
			       "first", "asked" */
	int64_t first_failed_at; /* of the current run of failures, or TIME_UNKNOWN */
	int64_t clock_epoch;	 /* of the keeper, see keeper/clockwatch */
	int clock_looks;	 /* looks since that epoch began */
};

struct record {
	struct target target;
	char *sources[RECORD_SOURCES_MAX]; /* "config", "cli", "list:PATH" */
	size_t sources_len;
	int64_t first_seen;   /* when it became a target */
	int64_t last_ok;      /* last look in which any address answered, or TIME_UNKNOWN */
	int64_t last_changed; /* leaf changed, or TIME_UNKNOWN */
	int64_t last_looked;  /* any completed look */
	bool baseline;	      /* a first look was completed */
	bool ignored;
	bool has_look;
	struct observation look; /* newest look that answered; kept through failures */
	enum outcome outcome;	 /* of the newest look, answered or not */
	char *error;		 /* its sentence, or NULL */
	char *failed_stage;
	struct findings findings; /* as of the newest look */
	struct schedule schedule;
	unsigned alerts; /* bit per alert_kind: documents that are pending or open */
};

void record_init(struct record *record);
void record_finish(struct record *record);
json_t *record_to_json(const struct record *record);
bool record_from_json(struct record *out, const json_t *json, struct err *err) MUST_CHECK;

#endif
