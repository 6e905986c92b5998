/*
 * The words of the outside world (contract: outcomes, finding kinds, severities, statuses,
 * events), each enum and its texts from one X-macro list.
 */
#ifndef LIB_MODEL_WORD_H
#define LIB_MODEL_WORD_H

#include "lib/base/sys.h"

/* class: good; target = the world failed; file = the same for files; ours = uses up no attempt */
#define OUTCOMES(X)                                                           \
	X(OK, "ok", "answered")                                               \
	X(DNS_ERROR, "dns_error", "the name could not be resolved")           \
	X(REFUSED, "refused", "the connection was refused")                   \
	X(UNREACHABLE, "unreachable", "there is no way to the host")          \
	X(TIMEOUT, "timeout", "no answer in time")                            \
	X(RESET, "reset", "the connection was reset")                         \
	X(CLOSED, "closed", "the connection was closed before the end")       \
	X(NOT_TLS, "not_tls", "the answer is not TLS")                        \
	X(STARTTLS_REFUSED, "starttls_refused", "STARTTLS was refused")       \
	X(TLS_ERROR, "tls_error", "the TLS handshake failed")                 \
	X(NO_CERTIFICATE, "no_certificate", "no certificate was presented")   \
	X(BAD_CERTIFICATE, "bad_certificate", "the certificate is malformed") \
	X(TOO_LARGE, "too_large", "the answer is larger than any honest one") \
	X(FILE_ERROR, "file_error", "the file could not be read")             \
	X(PROBER_CRASH, "prober_crash", "the prober died on this target")     \
	X(CANCELLED, "cancelled", "the look was cancelled")
enum outcome {
#define X(id, text, sentence) OUTCOME_##id,
	OUTCOMES(X)
#undef X
		OUTCOME_COUNT
};
const char *outcome_text(enum outcome outcome);
const char *outcome_sentence(enum outcome outcome);
bool outcome_parse(const char *text, enum outcome *out) MUST_CHECK;

/* kind, text, default severity, looks in a row before it is raised, minimum ms between first and
 * raise */
#define FINDING_KINDS(X)                                       \
	X(EXPIRED, "expired", CRITICAL, 1, 0)                  \
	X(EXPIRING, "expiring", WARNING, 1, 0)                 \
	X(NOT_YET_VALID, "not_yet_valid", WARNING, 1, 0)       \
	X(NAME_MISMATCH, "name_mismatch", CRITICAL, 2, 0)      \
	X(UNTRUSTED, "untrusted", CRITICAL, 2, 0)              \
	X(SELF_SIGNED, "self_signed", WARNING, 2, 0)           \
	X(INCOMPLETE_CHAIN, "incomplete_chain", WARNING, 2, 0) \
	X(MIXED_ENDPOINTS, "mixed_endpoints", WARNING, 2, 0)   \
	X(CHANGED, "changed", INFO, 1, 0)                      \
	X(UNREACHABLE, "unreachable", CRITICAL, 3, 300000)     \
	X(BAD_CERTIFICATE, "bad_certificate", WARNING, 2, 0)   \
	X(FILE_ERROR, "file_error", WARNING, 2, 0)             \
	X(NEVER_SEEN, "never_seen", INFO, 1, 0)
enum finding_kind {
#define X(id, text, severity, looks, min_ms) FINDING_##id,
	FINDING_KINDS(X)
#undef X
		FINDING_COUNT
};
const char *finding_kind_text(enum finding_kind kind);
bool finding_kind_parse(const char *text, enum finding_kind *out) MUST_CHECK;

/* Ordered. */
enum severity { SEVERITY_OFF, SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };
const char *severity_text(enum severity severity);
bool severity_parse(const char *text, enum severity *out) MUST_CHECK;

/* The other columns of FINDING_KINDS. */
enum severity finding_kind_severity(enum finding_kind kind);
int finding_kind_looks(enum finding_kind kind);
int64_t finding_kind_min_ms(enum finding_kind kind);

/* Alert kinds: every finding kind, expired and expiring together as expiry; then our own. */
#define ALERT_KINDS(X)                          \
	X(EXPIRY, "expiry")                     \
	X(NOT_YET_VALID, "not_yet_valid")       \
	X(NAME_MISMATCH, "name_mismatch")       \
	X(UNTRUSTED, "untrusted")               \
	X(SELF_SIGNED, "self_signed")           \
	X(INCOMPLETE_CHAIN, "incomplete_chain") \
	X(MIXED_ENDPOINTS, "mixed_endpoints")   \
	X(CHANGED, "changed")                   \
	X(UNREACHABLE, "unreachable")           \
	X(BAD_CERTIFICATE, "bad_certificate")   \
	X(FILE_ERROR, "file_error")             \
	X(NEVER_SEEN, "never_seen")             \
	X(CONFIG, "config")                     \
	X(NOTIFIER, "notifier")                 \
	X(CLOCK, "clock")                       \
	X(NETWORK, "network")                   \
	X(SELF, "self")
enum alert_kind {
#define X(id, text) ALERT_KIND_##id,
	ALERT_KINDS(X)
#undef X
		ALERT_KIND_COUNT
};
const char *alert_kind_text(enum alert_kind kind);
bool alert_kind_parse(const char *text, enum alert_kind *out) MUST_CHECK;
enum alert_kind alert_kind_of(enum finding_kind kind);

#define ALERT_STATUSES(X)               \
	X(PENDING, "pending")           \
	X(FIRING, "firing")             \
	X(ACKNOWLEDGED, "acknowledged") \
	X(SILENCED, "silenced")         \
	X(HELD, "held")                 \
	X(FLAPPING, "flapping")         \
	X(RESOLVED, "resolved")
enum alert_status {
#define X(id, text) ALERT_##id,
	ALERT_STATUSES(X)
#undef X
		ALERT_STATUS_COUNT
};
const char *alert_status_text(enum alert_status status);
bool alert_status_parse(const char *text, enum alert_status *out) MUST_CHECK;

#define ALERT_EVENTS(X)                 \
	X(NONE, "none")                 \
	X(RAISED, "raised")             \
	X(ESCALATED, "escalated")       \
	X(REPEATED, "repeated")         \
	X(ACKNOWLEDGED, "acknowledged") \
	X(RESOLVED, "resolved")         \
	X(FLAPPING, "flapping")         \
	X(SUMMARY, "summary")           \
	X(FIRST_LOOK, "first_look")     \
	X(TEST, "test")
enum alert_event {
#define X(id, text) EVENT_##id,
	ALERT_EVENTS(X)
#undef X
		EVENT_COUNT
};
const char *alert_event_text(enum alert_event event);
bool alert_event_parse(const char *text, enum alert_event *out) MUST_CHECK;

#define END_REASONS(X)        \
	X(NONE, "none")       \
	X(PROVED, "proved")   \
	X(REMOVED, "removed") \
	X(IGNORED, "ignored") \
	X(SUPERSEDED, "superseded")
enum end_reason {
#define X(id, text) END_##id,
	END_REASONS(X)
#undef X
		END_COUNT
};
const char *end_reason_text(enum end_reason reason);
bool end_reason_parse(const char *text, enum end_reason *out) MUST_CHECK;

#endif
