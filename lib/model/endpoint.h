/*
 * An endpoint as one look saw it: one address of a target. Its JSON form is the contract's probe
 * object (4), findings apart; the same form on the wire, in the store and for users.
 */
#ifndef LIB_MODEL_ENDPOINT_H
#define LIB_MODEL_ENDPOINT_H

#include "lib/model/cert.h"
#include "lib/model/target.h"

#define ENDPOINT_CHAIN_MAX 32
#define TIME_UNKNOWN INT64_MIN

/* Why there is no path, for the rules; texts as in chain_verdict_text. */
enum trust {
	TRUST_UNKNOWN, /* not judged (no certificate, --no-verify, a file) */
	TRUST_TRUSTED,
	TRUST_TIME, /* would be trusted but for a validity time */
	TRUST_SELF_SIGNED,
	TRUST_UNKNOWN_ROOT,
	TRUST_ISSUER_MISSING,
	TRUST_BAD_SIGNATURE,
	TRUST_INVALID,
	TRUST_BUDGET,
};
const char *trust_text(enum trust trust);
bool trust_parse(const char *text, enum trust *out) MUST_CHECK;

struct chain_link {
	char sha256[65];
	char *subject, *issuer;
	int64_t not_after;
};
struct dated {		   /* which certificate ends, and when */
	char sha256[65];   /* "" when unknown */
	int64_t not_after; /* TIME_UNKNOWN when unknown */
};

struct endpoint {
	char address[64]; /* "" = null (a file, or nothing was resolved) */
	enum outcome outcome;
	char *error;	/* sentence or NULL */
	char stage[24]; /* "done", "resolve", "connect", "handshake", "read" */
	int64_t probed_at;
	int64_t duration_ms;
	bool proof;
	/* tls; NULL when unknown */
	char *tls_version, *tls_cipher, *tls_group, *tls_alpn;
	bool post_quantum;
	bool has_cert;
	struct cert cert;	  /* the leaf */
	struct chain_link *chain; /* as sent, without the leaf */
	size_t chain_len;
	struct dated earliest_expiry, path_expiry;
	enum trust trust;
	char *trust_detail;
	char trust_generation[17];
	int name_matches; /* 1, 0, -1 = null */
};

void endpoint_init(struct endpoint *endpoint);
void endpoint_finish(struct endpoint *endpoint);
void endpoint_copy(struct endpoint *dst, const struct endpoint *src);
/* It answered: ok, or at least its certificate was seen. */
bool endpoint_answered(const struct endpoint *endpoint);

/* floor(not_after) - floor(now) in whole seconds, so that what is printed adds up: negative from
 * the first second after the last valid one on. Saturates. */
int64_t time_left_s(int64_t not_after, int64_t now);
/* Whole days of that, floor. */
int64_t time_left_days(int64_t not_after, int64_t now);

/* The probe object; target may be NULL (then its fields are left out: store form). `now`: for
 * seconds_left and days_left; TIME_UNKNOWN leaves them out. Extra to the contract: "trust":
 * {"verdict","detail","generation"}. */
json_t *endpoint_to_json(const struct endpoint *endpoint, const struct target *target, int64_t now);
/* From either form, as if from an enemy. */
bool endpoint_from_json(struct endpoint *out, const json_t *json, struct err *err) MUST_CHECK;

#endif
