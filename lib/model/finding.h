/*
 * A judgement on a target now. One per target and kind: the worst, with its places.
 */
#ifndef LIB_MODEL_FINDING_H
#define LIB_MODEL_FINDING_H

#include "lib/model/endpoint.h"

#define FINDING_PLACES_MAX 32
#define FINDING_TEXT_MAX 512

struct finding {
	enum finding_kind kind;
	enum severity severity;
	char text[FINDING_TEXT_MAX];	     /* valid UTF-8; may quote foreign text */
	char at[16];			     /* "leaf", "chain[2]", "path", "host" */
	char places[FINDING_PLACES_MAX][64]; /* addresses; empty for a target without one */
	size_t places_len;
	size_t places_total; /* of how many addresses */
	/* expiring, expired */
	int64_t not_after;    /* TIME_UNKNOWN elsewhere */
	char certificate[65]; /* sha256 it speaks of, or "" */
	int threshold; /* index in the policy of the threshold crossed, deepest; -1 none; expired:
			  thresholds_len */
	char threshold_text[24]; /* "1/4", "30d", "0" */
	int64_t threshold_at;	 /* when that threshold was crossed; TIME_UNKNOWN when none */
};
/* At most one per kind. */
struct findings {
	struct finding list[FINDING_COUNT];
	size_t len;
};
void finding_init(struct finding *finding, enum finding_kind kind, enum severity severity);
const struct finding *findings_get(const struct findings *findings, enum finding_kind kind);
enum severity findings_worst(const struct findings *findings); /* SEVERITY_OFF when none */

json_t *finding_to_json(const struct finding *finding);
/* As array; only those whose places hold `address` (NULL: all). */
json_t *findings_to_json(const struct findings *findings, const char *address);
bool findings_from_json(struct findings *out, const json_t *json, struct err *err) MUST_CHECK;

#endif
