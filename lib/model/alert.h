/*
 * A finding over time, keyed by (subject, kind); see alerts.md. The JSON form holds everything,
 * the alert row of the contract (5) is made from it by alert_row.
 */
#ifndef LIB_MODEL_ALERT_H
#define LIB_MODEL_ALERT_H

#include "lib/model/finding.h"

#define ALERT_TOLD_MAX 32 /* notifiers of one alert */

struct alert {
	char id[33];	     /* first 32 hex of SHA-256 of the dedup key */
	char dedup_key[200]; /* expiryd/<site>/<kind>/<subject id> */
	enum alert_kind kind;
	char subject_id[33]; /* target id, or the short id of "instance/NAME", "notifier/NAME",
				"zone/NAME" */
	char *subject;	     /* canonical text, or "instance/NAME" ... */
	bool is_target;
	enum severity severity, previous_severity;
	enum alert_status status;
	int64_t episode; /* counts up; 1 = first */
	char *text;
	int threshold; /* of expiry: deepest told, index as in struct finding; -1 none */
	char threshold_text[24];
	int64_t threshold_at;	   /* when that threshold was crossed; TIME_UNKNOWN when none */
	char told_certificate[65]; /* the certificate it was told of */
	int64_t told_not_after; /* latest end of those told of in this episode: a later one is a new
				   certificate */
	int64_t not_after;
	char certificate[65];
	char at[16]; /* as in struct finding */
	char places[FINDING_PLACES_MAX][64];
	size_t places_len;
	int seen;	       /* consecutive looks with the finding while pending */
	int64_t first_seen_at; /* of this pending or episode */
	int64_t started_at, last_told_at, ended_at; /* TIME_UNKNOWN */
	int64_t repeat_at;			    /* next repeat, or TIME_UNKNOWN */
	int64_t first_look_at; /* when this episode was found by a first look, or TIME_UNKNOWN */
	enum severity told_severity;
	enum end_reason reason;
	enum alert_event event; /* the last one */
	char event_id[37];
	int64_t event_at;
	/* acknowledged */
	char *ack_by, *ack_why; /* ack_by NULL: not acknowledged */
	int64_t ack_at, ack_until;
	enum severity ack_severity;
	/* of the target, copied for the row */
	char *organization, *owner, *note, *runbook;
	struct tag *tags;
	size_t tags_len;
	int64_t next_at;	    /* when the target is looked at next */
	char *told[ALERT_TOLD_MAX]; /* notifiers that got this episode's raise */
	size_t told_len;
};

void alert_init(struct alert *alert);
void alert_finish(struct alert *alert);
void alert_copy(struct alert *dst, const struct alert *src);
bool alert_equal(const struct alert *a, const struct alert *b); /* by JSON form */
/* Sets dedup key, id, subject; site is at most 64 of [A-Za-z0-9_.-]. */
void alert_name(struct alert *alert, const char *site, enum alert_kind kind, const char *subject,
		bool is_target);
bool alert_open(const struct alert *alert); /* firing, acknowledged, silenced, held, flapping */

json_t *alert_to_json(const struct alert *alert);
bool alert_from_json(struct alert *out, const json_t *json, struct err *err) MUST_CHECK;
/* The alert row of the contract (commands, API, webhook alike), as of `now`. */
json_t *alert_row(const struct alert *alert, int64_t now);

#endif
