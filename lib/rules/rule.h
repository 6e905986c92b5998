/*
 * What the rules of judge() share: a row of their table, and the few words and counts from which
 * a finding's text and places are made. Inside lib/rules only.
 */
#ifndef LIB_RULES_RULE_H
#define LIB_RULES_RULE_H

#include "lib/rules/judge.h"

/* True when there is something to find; then text, at and places are filled. Kind and severity (the
 * policy's) are set before; a rule may change the severity. */
typedef bool rule_fn(const struct judge_input *input, struct finding *out);

rule_fn rule_bad_certificate, rule_changed, rule_expired, rule_expiring, rule_file_error,
	rule_incomplete_chain, rule_mixed_endpoints, rule_name_mismatch, rule_never_seen,
	rule_not_yet_valid, rule_self_signed, rule_unreachable, rule_untrusted;

/* How far an address let us come. */
enum reach {
	REACH_ANSWERED, /* it said what it had to say, good or bad */
	REACH_HALF,	/* its certificate was seen, then the handshake failed */
	REACH_DEAD,
	REACH_UNKNOWN, /* says nothing about the address: we were cut short, or it is a file */
};
enum reach endpoint_reach(const struct endpoint *endpoint);

/* Appends; cut at the ceiling between characters, with a mark. */
void say(struct finding *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "Fri 04 Dec 10:00 UTC", with the year where it is not obvious from now. */
#define DATE_TEXT_MAX 40
const char *date_text(int64_t at, int64_t now, char out[DATE_TEXT_MAX]);
/* "13 days", without a sign. */
#define SPAN_TEXT_MAX 32
const char *span_text(int64_t from, int64_t to, char out[SPAN_TEXT_MAX]);

void place_add(struct finding *out, const struct endpoint *endpoint);
/* Sets places_total from the look. */
void places_count(struct finding *out, const struct observation *look);
/* "; 1 of 6 addresses: 10.0.0.4" where only some are concerned. */
void say_places(struct finding *out);

#endif
