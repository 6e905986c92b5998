/*
 * lib/model/word: every word both ways, and the columns beside the finding kinds. The words are
 * promises: those of the contract are written out here once more.
 */
#include "lib/model/word.h"

#include "lib/base/str.h"
#include "tests/unit/bugs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Each word goes out and comes back; and nothing else comes in. */
#define BOTH_WAYS(name, count)                                                       \
	static void name##_both_ways(void **state UNUSED)                            \
	{                                                                            \
		for (int i = 0; i < (int)(count); i++) {                             \
			enum name back = (enum name) - 1;                            \
                                                                                     \
			assert_true(name##_parse(name##_text((enum name)i), &back)); \
			assert_int_equal(back, i);                                   \
		}                                                                    \
		enum name untouched = (enum name)0;                                  \
		assert_false(name##_parse("nonsense", &untouched));                  \
		assert_false(name##_parse("", &untouched));                          \
		assert_false(name##_parse(NULL, &untouched));                        \
	}

BOTH_WAYS(outcome, OUTCOME_COUNT)
BOTH_WAYS(finding_kind, FINDING_COUNT)
BOTH_WAYS(severity, SEVERITY_CRITICAL + 1)
BOTH_WAYS(alert_kind, ALERT_KIND_COUNT)
BOTH_WAYS(alert_status, ALERT_STATUS_COUNT)
BOTH_WAYS(alert_event, EVENT_COUNT)
BOTH_WAYS(end_reason, END_COUNT)

/* Contract 6. */
static void outcomes_are_those_promised(void **state UNUSED)
{
	static const char *const promised[] = {
		"ok",	       "dns_error",	 "refused",
		"unreachable", "timeout",	 "reset",
		"closed",      "not_tls",	 "starttls_refused",
		"tls_error",   "no_certificate", "bad_certificate",
		"too_large",   "file_error",	 "prober_crash",
		"cancelled",
	};

	assert_int_equal(ARRAY_LEN(promised), OUTCOME_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(promised); i++) {
		assert_string_equal(outcome_text((enum outcome)i), promised[i]);
		assert_true(strlen(outcome_sentence((enum outcome)i)) > 0);
	}
}

static void kinds_have_their_defaults(void **state UNUSED)
{
	static const struct {
		enum finding_kind kind;
		enum severity severity;
		int looks;
		int64_t min_ms;
		const char *alert;
	} rows[] = {
		{FINDING_EXPIRED, SEVERITY_CRITICAL, 1, 0, "expiry"},
		{FINDING_EXPIRING, SEVERITY_WARNING, 1, 0, "expiry"},
		{FINDING_NOT_YET_VALID, SEVERITY_WARNING, 1, 0, "not_yet_valid"},
		{FINDING_NAME_MISMATCH, SEVERITY_CRITICAL, 2, 0, "name_mismatch"},
		{FINDING_UNTRUSTED, SEVERITY_CRITICAL, 2, 0, "untrusted"},
		{FINDING_SELF_SIGNED, SEVERITY_WARNING, 2, 0, "self_signed"},
		{FINDING_INCOMPLETE_CHAIN, SEVERITY_WARNING, 2, 0, "incomplete_chain"},
		{FINDING_MIXED_ENDPOINTS, SEVERITY_WARNING, 2, 0, "mixed_endpoints"},
		{FINDING_CHANGED, SEVERITY_INFO, 1, 0, "changed"},
		{FINDING_UNREACHABLE, SEVERITY_CRITICAL, 3, 300000, "unreachable"},
		{FINDING_BAD_CERTIFICATE, SEVERITY_WARNING, 2, 0, "bad_certificate"},
		{FINDING_FILE_ERROR, SEVERITY_WARNING, 2, 0, "file_error"},
		{FINDING_NEVER_SEEN, SEVERITY_INFO, 1, 0, "never_seen"},
	};

	assert_int_equal(ARRAY_LEN(rows), FINDING_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(finding_kind_severity(rows[i].kind), rows[i].severity);
		assert_int_equal(finding_kind_looks(rows[i].kind), rows[i].looks);
		assert_int_equal(finding_kind_min_ms(rows[i].kind), rows[i].min_ms);
		assert_string_equal(alert_kind_text(alert_kind_of(rows[i].kind)), rows[i].alert);
	}
}

static void wrong_outcome(void)
{
	outcome_text(OUTCOME_COUNT);
}

static void wrong_kind(void)
{
	alert_kind_of(FINDING_COUNT);
}

static void no_word_is_a_bug(void **state UNUSED)
{
	assert_true(ends_in_bug(wrong_outcome));
	assert_true(ends_in_bug(wrong_kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outcome_both_ways),
		cmocka_unit_test(finding_kind_both_ways),
		cmocka_unit_test(severity_both_ways),
		cmocka_unit_test(alert_kind_both_ways),
		cmocka_unit_test(alert_status_both_ways),
		cmocka_unit_test(alert_event_both_ways),
		cmocka_unit_test(end_reason_both_ways),
		cmocka_unit_test(outcomes_are_those_promised),
		cmocka_unit_test(kinds_have_their_defaults),
		cmocka_unit_test(no_word_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
