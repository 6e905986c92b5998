/*
 * What the operator decided about looking and alerting, by value inside each target. Durations in
 * ms.
 */
#ifndef LIB_MODEL_POLICY_H
#define LIB_MODEL_POLICY_H

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/model/word.h"

#define THRESHOLDS_MAX 8

/* "1/4" of the lifetime (num, den), or a time left (ms, den 0). */
struct threshold {
	int num, den;
	int64_t ms;
	enum severity severity; /* SEVERITY_OFF: by place in the list */
};

enum family { FAMILY_AUTO, FAMILY_ANY, FAMILY_4, FAMILY_6 };
const char *family_text(enum family family);
bool family_parse(const char *text, enum family *out) MUST_CHECK;

struct policy {
	int64_t refresh_min_ms, refresh_max_ms; /* 24 h .. 48 h */
	int64_t timeout_ms;			/* 10 s: one deadline for the whole look */
	int retry_attempts;			/* 5 */
	int64_t retry_first_ms;			/* 1 min */
	int retry_factor;			/* 4 */
	int64_t retry_rest_ms;			/* 7 d */
	enum family family;
	struct threshold thresholds[THRESHOLDS_MAX];
	size_t thresholds_len;
	int64_t repeat_ms;     /* 24 h; critical: a sixth of it (4 h) */
	int unreachable_after; /* 3 */
	bool unreachable_any;  /* some addresses dead is critical too */
	/* per finding kind; -1: the kind's default */
	signed char severities[FINDING_COUNT];
};

void policy_init(struct policy *policy); /* the defaults of contract.md 8 */
enum severity policy_severity(const struct policy *policy, enum finding_kind kind);
/* "1/4", "30d". */
bool threshold_parse(struct threshold *out, const char *text, struct err *err) MUST_CHECK;
void threshold_text(const struct threshold *threshold, char *out, size_t out_len);
/* Only what differs from policy_init is written; absent fields read as the defaults. */
json_t *policy_to_json(const struct policy *policy);
bool policy_from_json(struct policy *out, const json_t *json, struct err *err) MUST_CHECK;

#endif
