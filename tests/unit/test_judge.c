/*
 * lib/rules/judge: one table for what is found on one address, then what needs several: places,
 * the oldest, mixed and changed; files; severities of the policy; texts.
 */
#include "lib/rules/judge.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S MS_SECOND

static struct target target;
static struct findings found;

static int set_up(void **state UNUSED)
{
	struct err err;

	return target_parse(&target, "www.example.com", "", NULL, &err) ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	target_finish(&target);
	return 0;
}

/* Judges and frees the looks; before may have no endpoints. */
static void judge_at(struct observation look, struct observation before, bool ever_seen,
		     int64_t now)
{
	struct judge_input input = {&target, &look, before.len ? &before : NULL, ever_seen, now};

	judge(&input, &found);
	observation_finish(&look);
	observation_finish(&before);
}

static void judge_look(struct observation look)
{
	judge_at(look, (struct observation){0}, true, NOW);
}

static void judge_one(struct endpoint endpoint)
{
	judge_look(LOOK(endpoint));
}

/* The kinds found, in order, as one text. */
static const char *kinds(void)
{
	static char text[512];

	text[0] = 0;
	for (size_t i = 0; i < found.len; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 finding_kind_text(found.list[i].kind));
	return text;
}

static void assert_text(enum finding_kind kind, const char *want)
{
	const struct finding *finding = findings_get(&found, kind);

	assert_non_null(finding);
	assert_string_equal(finding->text, want);
}

static void assert_severity(enum finding_kind kind, enum severity severity)
{
	const struct finding *finding = findings_get(&found, kind);

	assert_non_null(finding);
	assert_int_equal(finding->severity, severity);
}

/* One address, ninety days of life: thresholds at 22.5, 11.25 and 5.625 days. */
static void by_time(void **state UNUSED)
{
	static const struct {
		int64_t left;
		const char *kinds, *threshold, *text;
		enum severity severity;
	} rows[] = {
		{DAYS(60), "", "", "", SEVERITY_OFF},
		{DAYS(22), "expiring", "1/4", "expires in 22 days (Sun 13 Dec 10:00 UTC)",
		 SEVERITY_WARNING},
		{DAYS(11), "expiring", "1/8", "expires in 11 days (Wed 02 Dec 10:00 UTC)",
		 SEVERITY_WARNING},
		{DAYS(5), "expiring", "1/16", "expires in 5 days (Thu 26 Nov 10:00 UTC)",
		 SEVERITY_CRITICAL},
		{15 * MS_HOUR, "expiring", "1/16", "expires in 15 h (Sun 22 Nov 01:00 UTC)",
		 SEVERITY_CRITICAL},
		{0, "expiring", "1/16", "expires in 0 s (Sat 21 Nov 10:00 UTC)", SEVERITY_CRITICAL},
		{-S, "expired", "0", "expired 1 s ago (Sat 21 Nov 09:59 UTC)", SEVERITY_CRITICAL},
		{-DAYS(3), "expired", "0", "expired 3 days ago (Wed 18 Nov 10:00 UTC)",
		 SEVERITY_CRITICAL},
		{-DAYS(400), "expired", "0", "expired 400 days ago (Fri 17 Oct 2025 10:00 UTC)",
		 SEVERITY_CRITICAL},
		{DAYS(91), "not_yet_valid", "", "not valid before Sun 22 Nov 10:00 UTC, in 1 day",
		 SEVERITY_WARNING},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		judge_one(sample_served("10.0.0.1", 'a', NOW + rows[i].left));
		assert_string_equal(kinds(), rows[i].kinds);
		if (!found.len)
			continue;
		if (!str_eq(found.list[0].text, rows[i].text))
			fail_msg("%s", found.list[0].text);
		assert_int_equal(found.list[0].severity, rows[i].severity);
		assert_string_equal(found.list[0].threshold_text, rows[i].threshold);
		assert_string_equal(found.list[0].at, "leaf");
		assert_int_equal(found.list[0].places_len, 1);
		assert_int_equal(found.list[0].places_total, 1);
		assert_int_equal(strspn(found.list[0].certificate, "a"), 64);
	}
}

static void thresholds_are_noted(void **state UNUSED)
{
	const struct finding *finding;

	judge_one(sample_served("10.0.0.1", 'a', NOW + DAYS(11)));
	finding = &found.list[0];
	assert_int_equal(finding->threshold, 1);
	assert_int_equal(finding->not_after, NOW + DAYS(11));
	assert_int_equal(finding->threshold_at, NOW + DAYS(11) - DAYS(90) / 8);
	judge_one(sample_served("10.0.0.1", 'a', NOW - DAYS(1)));
	finding = &found.list[0];
	assert_int_equal(finding->threshold, 3);
	assert_int_equal(finding->threshold_at, NOW - DAYS(1) + S);
}

/* One address each, with its trust; the leaf is in its time. */
static void by_trust(void **state UNUSED)
{
	static const struct {
		enum trust trust;
		const char *kinds, *at;
	} rows[] = {
		{TRUST_UNKNOWN, "", ""},
		{TRUST_TRUSTED, "", ""},
		{TRUST_TIME, "untrusted", "path"},
		{TRUST_SELF_SIGNED, "self_signed", "leaf"},
		{TRUST_UNKNOWN_ROOT, "untrusted", "path"},
		{TRUST_ISSUER_MISSING, "untrusted incomplete_chain", "path"},
		{TRUST_BAD_SIGNATURE, "untrusted", "path"},
		{TRUST_INVALID, "untrusted", "path"},
		{TRUST_BUDGET, "untrusted", "path"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct endpoint endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(60));

		endpoint.trust = rows[i].trust;
		endpoint.trust_detail = str_dup("detail");
		judge_one(endpoint);
		assert_string_equal(kinds(), rows[i].kinds);
		if (found.len)
			assert_string_equal(found.list[0].at, rows[i].at);
	}
}

static struct endpoint with_link(struct endpoint endpoint, int64_t not_after)
{
	endpoint.chain = mem_resize(endpoint.chain, endpoint.chain_len + 1,
				    sizeof(*endpoint.chain));
	endpoint.chain[endpoint.chain_len++] = (struct chain_link){
		.subject = str_dup("CN=Old Intermediate"), .not_after = not_after};
	return endpoint;
}

static void an_expired_issuer_is_named(void **state UNUSED)
{
	struct endpoint endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(60));

	endpoint = with_link(with_link(endpoint, NOW + DAYS(9)), NOW - DAYS(2));
	endpoint.trust = TRUST_TIME;
	judge_one(endpoint);
	assert_string_equal(kinds(), "untrusted");
	assert_text(FINDING_UNTRUSTED, "the chain's certificate of CN=Old Intermediate expired "
				       "(Thu 19 Nov 10:00 UTC)");
	assert_string_equal(found.list[0].at, "chain[1]");
	assert_severity(FINDING_UNTRUSTED, SEVERITY_CRITICAL);
}

/* That the leaf is out of its time is one finding, not two. */
static void an_expired_leaf_is_only_expired(void **state UNUSED)
{
	struct endpoint endpoint = sample_served("10.0.0.1", 'a', NOW - DAYS(1));

	endpoint.trust = TRUST_TIME;
	judge_one(endpoint);
	assert_string_equal(kinds(), "expired");
	endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(91));
	endpoint.trust = TRUST_TIME;
	judge_one(endpoint);
	assert_string_equal(kinds(), "not_yet_valid");
}

static void a_missing_issuer_is_a_servers_fault_where_it_can_be(void **state UNUSED)
{
	struct endpoint endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(60));

	/* Something was sent, and the leaf does not say where its issuer is: a strange CA. */
	endpoint = with_link(endpoint, NOW + DAYS(900));
	endpoint.trust = TRUST_ISSUER_MISSING;
	judge_one(endpoint);
	assert_string_equal(kinds(), "untrusted");
	endpoint = with_link(sample_served("10.0.0.1", 'a', NOW + DAYS(60)), NOW + DAYS(900));
	endpoint.trust = TRUST_ISSUER_MISSING;
	endpoint.cert.issuer_url = str_dup("http://ca.example/ca.der");
	judge_one(endpoint);
	assert_string_equal(kinds(), "untrusted incomplete_chain");
	assert_text(
		FINDING_INCOMPLETE_CHAIN,
		"the server does not send the certificate of the issuer CN=Example CA; it is at "
		"http://ca.example/ca.der");
}

static void never_self_signed_and_untrusted(void **state UNUSED)
{
	struct observation look = LOOK(sample_served("10.0.0.1", 'a', NOW + DAYS(60)),
				       sample_served("10.0.0.2", 'a', NOW + DAYS(60)));

	look.endpoints[0].trust = TRUST_SELF_SIGNED;
	look.endpoints[1].trust = TRUST_UNKNOWN_ROOT;
	judge_look(look);
	assert_string_equal(kinds(), "untrusted");
	assert_int_equal(found.list[0].places_len, 2);
}

static void names_are_listed(void **state UNUSED)
{
	static char *names[] = {"a.example", "b.example", "c.example",
				"d.example", "e.example", "f.example"};
	struct endpoint endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(60));

	endpoint.name_matches = 0;
	judge_one(endpoint);
	assert_string_equal(kinds(), "name_mismatch");
	assert_text(FINDING_NAME_MISMATCH,
		    "not for www.example.com: it has no names (a common name is not one)");
	endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(60));
	endpoint.name_matches = 0;
	endpoint.cert.names = MEM_NEW_ARRAY(6, char *);
	for (int i = 0; i < 6; i++)
		endpoint.cert.names[i] = str_dup(names[i]);
	endpoint.cert.names_len = 6;
	endpoint.cert.names_total = 17;
	judge_one(endpoint);
	assert_text(FINDING_NAME_MISMATCH,
		    "not for www.example.com: its names are a.example, b.example, c.example, "
		    "d.example, e.example and 12 more");
	/* Not judged is no mismatch. */
	endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(60));
	endpoint.name_matches = -1;
	judge_one(endpoint);
	assert_string_equal(kinds(), "");
}

/* Contract 6: every outcome, on the only address. */
static void by_outcome(void **state UNUSED)
{
	static const struct {
		enum outcome outcome;
		const char *kinds;
	} rows[] = {
		{OUTCOME_OK, ""},
		{OUTCOME_DNS_ERROR, "unreachable"},
		{OUTCOME_REFUSED, "unreachable"},
		{OUTCOME_UNREACHABLE, "unreachable"},
		{OUTCOME_TIMEOUT, "unreachable"},
		{OUTCOME_RESET, "unreachable"},
		{OUTCOME_CLOSED, "unreachable"},
		{OUTCOME_NOT_TLS, "unreachable"},
		{OUTCOME_STARTTLS_REFUSED, "unreachable"},
		{OUTCOME_TLS_ERROR, "unreachable"},
		{OUTCOME_NO_CERTIFICATE, "unreachable"},
		{OUTCOME_BAD_CERTIFICATE, "bad_certificate"},
		{OUTCOME_TOO_LARGE, "bad_certificate"},
		{OUTCOME_FILE_ERROR, "file_error"},
		{OUTCOME_PROBER_CRASH, ""},
		{OUTCOME_CANCELLED, ""},
	};

	assert_int_equal(ARRAY_LEN(rows), OUTCOME_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		judge_one(sample_dead("10.0.0.1", rows[i].outcome));
		assert_string_equal(kinds(), rows[i].kinds);
	}
	judge_one(sample_dead("10.0.0.1", OUTCOME_TIMEOUT));
	assert_text(FINDING_UNREACHABLE, "timeout: no answer in time (at connect)");
	assert_severity(FINDING_UNREACHABLE, SEVERITY_CRITICAL);
	judge_one(sample_dead("", OUTCOME_DNS_ERROR));
	assert_int_equal(found.list[0].places_total, 0);
	assert_string_equal(found.list[0].at, "host");
}

static void some_addresses_dead_is_a_warning(void **state UNUSED)
{
	struct observation look = LOOK(sample_served("10.0.0.1", 'a', NOW + DAYS(60)),
				       sample_dead("10.0.0.2", OUTCOME_TIMEOUT),
				       sample_served("10.0.0.3", 'a', NOW + DAYS(60)),
				       sample_dead("10.0.0.4", OUTCOME_TIMEOUT)),
			   again;

	observation_copy(&again, &look);
	judge_look(look);
	assert_string_equal(kinds(), "unreachable");
	assert_text(FINDING_UNREACHABLE, "2 of 4 addresses: timeout (10.0.0.2, 10.0.0.4)");
	assert_severity(FINDING_UNREACHABLE, SEVERITY_WARNING);
	assert_int_equal(found.list[0].places_len, 2);
	assert_int_equal(found.list[0].places_total, 4);
	target.policy.unreachable_any = true;
	judge_look(again);
	assert_severity(FINDING_UNREACHABLE, SEVERITY_CRITICAL);
}

static void all_addresses_dead_is_critical(void **state UNUSED)
{
	judge_look(LOOK(sample_dead("10.0.0.1", OUTCOME_TIMEOUT),
			sample_dead("10.0.0.2", OUTCOME_REFUSED),
			sample_dead("10.0.0.3", OUTCOME_TIMEOUT)));
	assert_text(FINDING_UNREACHABLE, "3 of 3 addresses: timeout, refused");
	assert_severity(FINDING_UNREACHABLE, SEVERITY_CRITICAL);
}

/* A server that wants a client certificate shows its own first. */
static void half_a_handshake_is_a_warning(void **state UNUSED)
{
	struct endpoint endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(5));

	endpoint.outcome = OUTCOME_TLS_ERROR;
	endpoint.error = str_dup("certificate required");
	judge_one(endpoint);
	assert_string_equal(kinds(), "expiring unreachable");
	assert_text(FINDING_UNREACHABLE,
		    "handshake fails after the certificate: tls_error, certificate required");
	assert_severity(FINDING_UNREACHABLE, SEVERITY_WARNING);
}

static void our_failure_is_not_theirs(void **state UNUSED)
{
	struct observation look = LOOK(sample_dead("10.0.0.1", OUTCOME_UNREACHABLE));

	look.ours = true;
	judge_look(look);
	assert_string_equal(kinds(), "");
}

static void never_seen_is_not_unreachable(void **state UNUSED)
{
	judge_at(LOOK(sample_dead("10.0.0.1", OUTCOME_TIMEOUT)), (struct observation){0}, false,
		 NOW);
	assert_string_equal(kinds(), "never_seen");
	assert_severity(FINDING_NEVER_SEEN, SEVERITY_INFO);
	assert_text(FINDING_NEVER_SEEN,
		    "never reached yet: timeout: no answer in time (at connect)");
}

static void expiry_speaks_for_the_oldest(void **state UNUSED)
{
	judge_look(LOOK(sample_served("10.0.0.1", 'b', NOW + DAYS(80)),
			sample_served("10.0.0.2", 'a', NOW + DAYS(5)),
			sample_served("10.0.0.3", 'b', NOW + DAYS(80))));
	assert_string_equal(kinds(), "expiring mixed_endpoints");
	assert_text(FINDING_EXPIRING, "expires in 5 days (Thu 26 Nov 10:00 UTC); 1 of 3 addresses: "
				      "10.0.0.2");
	assert_string_equal(found.list[0].places[0], "10.0.0.2");
	assert_text(FINDING_MIXED_ENDPOINTS,
		    "2 different certificates: bbbbbbbb.. until Tue 09 Feb 10:00 UTC at 10.0.0.1, "
		    "10.0.0.3; aaaaaaaa.. until Thu 26 Nov 10:00 UTC at 10.0.0.2");
	assert_int_equal(found.list[1].places_len, 3);
}

/* alerts.md 5: when the look fails, the arithmetic goes on with the old reading, and says so. */
static void an_old_reading_says_so(void **state UNUSED)
{
	struct observation before = LOOK(sample_served("10.0.0.1", 'a', NOW + DAYS(5)));

	before.at = NOW - DAYS(2);
	judge_at(LOOK(sample_dead("10.0.0.1", OUTCOME_TIMEOUT)), before, true, NOW);
	assert_string_equal(kinds(), "expiring unreachable");
	assert_text(FINDING_EXPIRING, "expires in 5 days (Thu 26 Nov 10:00 UTC); last seen "
				      "2026-11-19T10:00:00Z");
	/* The look itself may be old: an import is never looked at again. */
	before = LOOK(sample_served("", 'a', NOW - DAYS(1)));
	before.at = NOW - DAYS(300);
	judge_look(before);
	assert_text(FINDING_EXPIRED, "expired 1 day ago (Fri 20 Nov 10:00 UTC); last seen "
				     "2026-01-25T10:00:00Z");
}

static void changed_needs_every_endpoint(void **state UNUSED)
{
	int64_t end = NOW + DAYS(60);

	/* All moved. */
	judge_at(LOOK(sample_served("10.0.0.1", 'b', end), sample_dead("10.0.0.2", OUTCOME_OK)),
		 LOOK(sample_served("10.0.0.1", 'a', end), sample_served("10.0.0.2", 'c', end)),
		 true, NOW);
	assert_string_equal(kinds(), "changed");
	assert_text(
		FINDING_CHANGED,
		"the certificate changed from aaaaaaaa.. until Wed 20 Jan 10:00 UTC to bbbbbbbb.. "
		"until Wed 20 Jan 10:00 UTC");
	assert_severity(FINDING_CHANGED, SEVERITY_INFO);
	/* One still serves the old one. */
	judge_at(LOOK(sample_served("10.0.0.1", 'b', end), sample_served("10.0.0.2", 'a', end)),
		 LOOK(sample_served("10.0.0.1", 'a', end)), true, NOW);
	assert_string_equal(kinds(), "mixed_endpoints");
	/* The last one follows: it is not new to us. */
	judge_at(LOOK(sample_served("10.0.0.1", 'b', end), sample_served("10.0.0.2", 'b', end)),
		 LOOK(sample_served("10.0.0.1", 'b', end), sample_served("10.0.0.2", 'a', end)),
		 true, NOW);
	assert_string_equal(kinds(), "");
	/* Nothing to compare with. */
	judge_one(sample_served("10.0.0.1", 'a', end));
	assert_string_equal(kinds(), "");
}

/* ---- files -------------------------------------------------------------------------------- */

static int set_up_file(void **state UNUSED)
{
	struct err err;

	return target_parse(&target, "/etc/ssl/x.pem", "", NULL, &err) ? 0 : -1;
}

static void files_have_no_host(void **state UNUSED)
{
	struct endpoint endpoint = sample_served("", 'a', NOW + DAYS(5));

	endpoint.name_matches = 0;
	endpoint.trust = TRUST_SELF_SIGNED;
	judge_one(endpoint);
	assert_string_equal(kinds(), "expiring");
	assert_severity(FINDING_EXPIRING, SEVERITY_CRITICAL);
	assert_int_equal(found.list[0].places_len, 0);
	judge_one(sample_dead("", OUTCOME_FILE_ERROR));
	assert_string_equal(kinds(), "file_error");
	judge_at(sample_look(
			 (struct endpoint[]){sample_dead("", OUTCOME_FILE_ERROR), {.outcome = 0}}),
		 (struct observation){0}, false, NOW);
	assert_string_equal(kinds(), "file_error");
	judge_one(sample_dead("", OUTCOME_BAD_CERTIFICATE));
	assert_string_equal(kinds(), "bad_certificate");
}

/* Contract 2: certificates of CAs. */
static void cas_are_quiet(void **state UNUSED)
{
	struct endpoint endpoint = sample_served("", 'a', NOW + DAYS(5));

	endpoint.cert.is_ca = true;
	judge_one(endpoint);
	assert_string_equal(kinds(), "expiring");
	assert_severity(FINDING_EXPIRING, SEVERITY_INFO);
	endpoint = sample_served("", 'a', NOW - DAYS(5));
	endpoint.cert.is_ca = true;
	judge_one(endpoint);
	assert_string_equal(kinds(), "expired");
	assert_severity(FINDING_EXPIRED, SEVERITY_CRITICAL);
	endpoint = sample_served("", 'b', NOW + DAYS(91));
	endpoint.cert.is_ca = true;
	judge_at(LOOK(endpoint), LOOK(sample_served("", 'a', NOW + DAYS(60))), true, NOW);
	assert_string_equal(kinds(), "");
}

/* ---- policy, texts ------------------------------------------------------------------------ */

static void severities_of_the_policy(void **state UNUSED)
{
	target.policy.severities[FINDING_EXPIRING] = SEVERITY_INFO;
	judge_one(sample_served("10.0.0.1", 'a', NOW + DAYS(5)));
	assert_severity(FINDING_EXPIRING, SEVERITY_INFO);
	target.policy.severities[FINDING_EXPIRING] = SEVERITY_OFF;
	judge_one(sample_served("10.0.0.1", 'a', NOW + DAYS(5)));
	assert_string_equal(kinds(), "");
	judge_one(sample_served("10.0.0.1", 'a', NOW - DAYS(5)));
	assert_string_equal(kinds(), "expired");
	target.policy.severities[FINDING_EXPIRED] = SEVERITY_WARNING;
	judge_one(sample_served("10.0.0.1", 'a', NOW - DAYS(5)));
	assert_severity(FINDING_EXPIRED, SEVERITY_WARNING);
	/* A cap on some addresses raises nothing that the operator put below it. */
	target.policy.severities[FINDING_UNREACHABLE] = SEVERITY_INFO;
	judge_look(LOOK(sample_served("10.0.0.1", 'a', NOW + DAYS(60)),
			sample_dead("10.0.0.2", OUTCOME_TIMEOUT)));
	assert_severity(FINDING_UNREACHABLE, SEVERITY_INFO);
}

static void thresholds_of_the_policy(void **state UNUSED)
{
	struct err err;

	target.policy.thresholds_len = 2;
	assert_true(threshold_parse(&target.policy.thresholds[0], "7d", &err));
	assert_true(threshold_parse(&target.policy.thresholds[1], "30d", &err));
	target.policy.thresholds[0].severity = SEVERITY_INFO;
	judge_one(sample_served("10.0.0.1", 'a', NOW + DAYS(20)));
	assert_severity(FINDING_EXPIRING, SEVERITY_WARNING);
	assert_string_equal(found.list[0].threshold_text, "30d");
	assert_int_equal(found.list[0].threshold, 0);
	judge_one(sample_served("10.0.0.1", 'a', NOW + DAYS(6)));
	assert_severity(FINDING_EXPIRING, SEVERITY_INFO);
	assert_string_equal(found.list[0].threshold_text, "7d");
	assert_int_equal(found.list[0].threshold, 1);
}

/* A certificate may say as much as it likes, in whatever bytes. */
static void texts_are_cut_and_valid(void **state UNUSED)
{
	for (size_t pad = 0; pad < 4; pad++) {
		struct endpoint endpoint = sample_served("10.0.0.1", 'a', NOW + DAYS(60));
		char *subject = mem_new(4001);

		memset(subject, 'x', pad);
		for (size_t i = pad; i + 4 < 4000; i += 3)
			memcpy(subject + i, "\xe2\x82\xac", 3);
		mem_free(endpoint.cert.subject);
		endpoint.cert.subject = subject;
		endpoint.trust = TRUST_SELF_SIGNED;
		judge_one(endpoint);
		assert_true(strlen(found.list[0].text) < FINDING_TEXT_MAX);
		assert_true(strlen(found.list[0].text) > FINDING_TEXT_MAX - 8);
		assert_true(text_is_utf8(found.list[0].text, strlen(found.list[0].text)));
		assert_true(str_ends(found.list[0].text, "..."));
	}
	struct endpoint endpoint = sample_dead("10.0.0.1", OUTCOME_NOT_TLS);

	endpoint.error = str_dup("said \xff\xfe");
	judge_one(endpoint);
	assert_true(text_is_utf8(found.list[0].text, strlen(found.list[0].text)));
}

static void everything_at_once_fits(void **state UNUSED)
{
	struct observation look;

	observation_init(&look);
	look.at = NOW;
	for (int i = 0; i < OBSERVATION_ENDPOINTS_MAX; i++) {
		char address[32];
		struct endpoint endpoint;

		snprintf(address, sizeof(address), "10.0.0.%d", i);
		endpoint = i % 3 ? sample_served(address, (char)('a' + i % 6), NOW - DAYS(i))
				 : sample_dead(address,
					       i % 2 ? OUTCOME_BAD_CERTIFICATE : OUTCOME_TIMEOUT);
		endpoint.name_matches = 0;
		endpoint.trust = TRUST_ISSUER_MISSING;
		assert_true(observation_add_take(&look, &endpoint));
	}
	judge_look(look);
	assert_string_equal(kinds(), "expired name_mismatch untrusted incomplete_chain "
				     "mixed_endpoints unreachable bad_certificate");
}

static void nothing_seen_is_nothing_found(void **state UNUSED)
{
	struct observation look;

	observation_init(&look);
	judge_look(look);
	assert_string_equal(kinds(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_file, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_time),
		TEST(thresholds_are_noted),
		TEST(by_trust),
		TEST(an_expired_issuer_is_named),
		TEST(an_expired_leaf_is_only_expired),
		TEST(a_missing_issuer_is_a_servers_fault_where_it_can_be),
		TEST(never_self_signed_and_untrusted),
		TEST(names_are_listed),
		TEST(by_outcome),
		TEST(some_addresses_dead_is_a_warning),
		TEST(all_addresses_dead_is_critical),
		TEST(half_a_handshake_is_a_warning),
		TEST(our_failure_is_not_theirs),
		TEST(never_seen_is_not_unreachable),
		TEST(expiry_speaks_for_the_oldest),
		TEST(an_old_reading_says_so),
		TEST(changed_needs_every_endpoint),
		FILE_TEST(files_have_no_host),
		FILE_TEST(cas_are_quiet),
		TEST(severities_of_the_policy),
		TEST(thresholds_of_the_policy),
		TEST(texts_are_cut_and_valid),
		TEST(everything_at_once_fits),
		TEST(nothing_seen_is_nothing_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
