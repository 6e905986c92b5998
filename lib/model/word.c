/*
 * The words of the outside world, both ways. Every enum and its texts come from one list in
 * word.h, so a word that is added there is known here. A text is compared exactly: these are
 * promises, not prose.
 */
#include "lib/model/word.h"

#include "lib/base/err.h"
#include "lib/base/str.h"

static const char *word_at(const char *const *words, size_t len, unsigned i, const char *what)
{
	if (i >= len)
		bug("%s %u has no word", what, i);
	return words[i];
}

static bool word_find(const char *const *words, size_t len, const char *text, unsigned *out)
{
	for (unsigned i = 0; text && i < len; i++) {
		if (strcmp(words[i], text) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

#define WORD_TEXT(id, text, ...) text,
/* x_text and x_parse of one enum. */
#define WORDS(name, list)                                                                      \
	static const char *const name##_words[] = {list(WORD_TEXT)};                           \
	const char *name##_text(enum name value)                                               \
	{                                                                                      \
		return word_at(name##_words, ARRAY_LEN(name##_words), (unsigned)value, #name); \
	}                                                                                      \
	bool name##_parse(const char *text, enum name *out)                                    \
	{                                                                                      \
		unsigned i;                                                                    \
                                                                                               \
		if (!word_find(name##_words, ARRAY_LEN(name##_words), text, &i))               \
			return false;                                                          \
		*out = (enum name)i;                                                           \
		return true;                                                                   \
	}

#define SEVERITIES(X)         \
	X(OFF, "off")         \
	X(INFO, "info")       \
	X(WARNING, "warning") \
	X(CRITICAL, "critical")

WORDS(outcome, OUTCOMES)
WORDS(finding_kind, FINDING_KINDS)
WORDS(severity, SEVERITIES)
WORDS(alert_kind, ALERT_KINDS)
WORDS(alert_status, ALERT_STATUSES)
WORDS(alert_event, ALERT_EVENTS)
WORDS(end_reason, END_REASONS)

const char *outcome_sentence(enum outcome outcome)
{
	static const char *const sentences[] = {
#define X(id, text, sentence) sentence,
		OUTCOMES(X)
#undef X
	};

	return word_at(sentences, ARRAY_LEN(sentences), (unsigned)outcome, "outcome");
}

/* One row per finding kind: what the list in word.h says beside the word. */
static const struct {
	enum severity severity;
	int looks;
	int64_t min_ms;
} kinds[] = {
#define X(id, text, default_severity, default_looks, default_min_ms) \
	[FINDING_##id] = {SEVERITY_##default_severity, default_looks, default_min_ms},
	FINDING_KINDS(X)
#undef X
};

enum severity finding_kind_severity(enum finding_kind kind)
{
	return kinds[kind].severity;
}

int finding_kind_looks(enum finding_kind kind)
{
	return kinds[kind].looks;
}

int64_t finding_kind_min_ms(enum finding_kind kind)
{
	return kinds[kind].min_ms;
}

enum alert_kind alert_kind_of(enum finding_kind kind)
{
	switch (kind) {
	case FINDING_EXPIRED:
	case FINDING_EXPIRING:
		return ALERT_KIND_EXPIRY;
	case FINDING_NOT_YET_VALID:
		return ALERT_KIND_NOT_YET_VALID;
	case FINDING_NAME_MISMATCH:
		return ALERT_KIND_NAME_MISMATCH;
	case FINDING_UNTRUSTED:
		return ALERT_KIND_UNTRUSTED;
	case FINDING_SELF_SIGNED:
		return ALERT_KIND_SELF_SIGNED;
	case FINDING_INCOMPLETE_CHAIN:
		return ALERT_KIND_INCOMPLETE_CHAIN;
	case FINDING_MIXED_ENDPOINTS:
		return ALERT_KIND_MIXED_ENDPOINTS;
	case FINDING_CHANGED:
		return ALERT_KIND_CHANGED;
	case FINDING_UNREACHABLE:
		return ALERT_KIND_UNREACHABLE;
	case FINDING_BAD_CERTIFICATE:
		return ALERT_KIND_BAD_CERTIFICATE;
	case FINDING_FILE_ERROR:
		return ALERT_KIND_FILE_ERROR;
	case FINDING_NEVER_SEEN:
		return ALERT_KIND_NEVER_SEEN;
	case FINDING_COUNT:
		break;
	}
	bug("finding kind %d", (int)kind);
}
