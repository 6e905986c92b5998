/*
 * lib/rules/transition: alerts.md 1-7, 9 and the acknowledgements of 8, one test for each promise,
 * and a walk through the lives of some certificates under the rules as the keeper calls them.
 */
#include "lib/rules/transition.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "lib/rules/judge.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define KEY "www.example.com:443"

static struct policy policy;
static struct alert alert;
static struct finding finding;

static void name_alert(enum alert_kind kind)
{
	alert_finish(&alert);
	alert_init(&alert);
	alert_name(&alert, "default", kind, KEY, true);
}

static int set_up(void **state UNUSED)
{
	policy_init(&policy);
	name_alert(ALERT_KIND_UNTRUSTED);
	return 0;
}

static int tear_down(void **state UNUSED)
{
	alert_finish(&alert);
	return 0;
}

static struct transition_input input_at(int64_t now)
{
	return (struct transition_input){.policy = &policy, .looked = true, .now = now};
}

/* A look with the finding. */
static enum alert_event seen(enum finding_kind kind, enum severity severity, int64_t now)
{
	struct transition_input in = input_at(now);

	finding_init(&finding, kind, severity);
	str_copy(finding.text, sizeof(finding.text), finding_kind_text(kind));
	in.finding = &finding;
	return transition(&alert, &in);
}

/* A look without it. */
static enum alert_event gone(bool proved, int64_t now)
{
	struct transition_input in = input_at(now);

	in.proved = proved;
	return transition(&alert, &in);
}

/* Expiry of the certificate `digit` with the given end: the finding is made by the arithmetic. */
static struct transition_input expiry_at(char digit, int64_t not_after, int64_t now)
{
	struct transition_input in = input_at(now);
	int crossed = threshold_crossed(&policy, not_after - DAYS(120), not_after, now);

	if (crossed < 0)
		return in;
	finding_init(&finding, FINDING_EXPIRED, SEVERITY_CRITICAL);
	str_copy(finding.threshold_text, sizeof(finding.threshold_text), "0");
	finding.threshold_at = not_after + MS_SECOND;
	if (crossed < (int)policy.thresholds_len) {
		finding.kind = FINDING_EXPIRING;
		finding.severity = threshold_severity(&policy, crossed);
		threshold_text(&policy.thresholds[crossed], finding.threshold_text,
			       sizeof(finding.threshold_text));
		finding.threshold_at = threshold_at(&policy.thresholds[crossed],
						    not_after - DAYS(120), not_after);
	}
	finding.threshold = crossed;
	finding.not_after = not_after;
	memset(finding.certificate, digit, 64);
	in.finding = &finding;
	return in;
}

static enum alert_event expiry(char digit, int64_t not_after, int64_t now)
{
	struct transition_input in = expiry_at(digit, not_after, now);

	in.proved = true;
	return transition(&alert, &in);
}

/* ---- for ---------------------------------------------------------------------------------- */

static void raised_after_its_looks(void **state UNUSED)
{
	for (int i = 0; i < FINDING_COUNT; i++) {
		enum finding_kind kind = (enum finding_kind)i;
		int64_t now = NOW;

		if (alert_kind_of(kind) == ALERT_KIND_EXPIRY)
			continue;
		name_alert(alert_kind_of(kind));
		for (int look = 1; look < finding_kind_looks(kind); look++, now += 5 * MS_MINUTE) {
			assert_int_equal(seen(kind, SEVERITY_WARNING, now), EVENT_NONE);
			assert_int_equal(alert.status, ALERT_PENDING);
			assert_int_equal(alert.episode, 0);
			assert_int_equal(alert.seen, look);
		}
		assert_int_equal(seen(kind, SEVERITY_WARNING, now), EVENT_RAISED);
		assert_int_equal(alert.status, ALERT_FIRING);
		assert_int_equal(alert.episode, 1);
		assert_int_equal(alert.started_at, NOW);
		assert_int_equal(alert.last_told_at, now);
		assert_int_equal(alert.told_severity, SEVERITY_WARNING);
		assert_string_equal(alert.text, finding_kind_text(kind));
	}
}

static void unreachable_takes_five_minutes(void **state UNUSED)
{
	name_alert(ALERT_KIND_UNREACHABLE);
	for (int i = 0; i < 5; i++)
		assert_int_equal(seen(FINDING_UNREACHABLE, SEVERITY_CRITICAL, NOW + i * MS_MINUTE),
				 EVENT_NONE);
	assert_int_equal(seen(FINDING_UNREACHABLE, SEVERITY_CRITICAL, NOW + 5 * MS_MINUTE),
			 EVENT_RAISED);
}

static void unreachable_takes_the_policys_looks(void **state UNUSED)
{
	name_alert(ALERT_KIND_UNREACHABLE);
	policy.unreachable_after = 5;
	for (int i = 0; i < 4; i++)
		assert_int_equal(seen(FINDING_UNREACHABLE, SEVERITY_CRITICAL, NOW + i * MS_HOUR),
				 EVENT_NONE);
	assert_int_equal(seen(FINDING_UNREACHABLE, SEVERITY_CRITICAL, NOW + 4 * MS_HOUR),
			 EVENT_RAISED);
}

static void looks_must_follow_each_other(void **state UNUSED)
{
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW), EVENT_NONE);
	assert_int_equal(gone(true, NOW + 1), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_RESOLVED);
	assert_int_equal(alert.episode, 0);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + 2), EVENT_NONE);
	assert_int_equal(alert.seen, 1);
	assert_int_equal(alert.first_seen_at, NOW + 2);
}

/* A look that could not see is neither. */
static void a_blind_look_is_no_look(void **state UNUSED)
{
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW), EVENT_NONE);
	assert_int_equal(gone(false, NOW + 1), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_PENDING);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + 2), EVENT_RAISED);
	assert_int_equal(alert.started_at, NOW);
}

static void only_looks_count(void **state UNUSED)
{
	struct transition_input in = input_at(NOW);

	finding_init(&finding, FINDING_UNTRUSTED, SEVERITY_CRITICAL);
	in.finding = &finding;
	in.looked = false;
	for (int i = 0; i < 5; i++)
		assert_int_equal(transition(&alert, &in), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_RESOLVED);
}

static void expiry_is_arithmetic(void **state UNUSED)
{
	struct transition_input in = expiry_at('a', NOW + DAYS(20), NOW);

	name_alert(ALERT_KIND_EXPIRY);
	in.looked = false;
	assert_int_equal(transition(&alert, &in), EVENT_RAISED);
}

static void zeroed_memory_is_a_new_alert(void **state UNUSED)
{
	alert_finish(&alert);
	memset(&alert, 0, sizeof(alert));
	alert_name(&alert, "default", ALERT_KIND_UNTRUSTED, KEY, true);
	assert_int_equal(gone(true, NOW), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_RESOLVED);
	assert_int_equal(alert.repeat_at, TIME_UNKNOWN);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW), EVENT_NONE);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + 1), EVENT_RAISED);
}

/* The finding lent says how often it must be seen, and its policy says nothing about ours. */
static void our_own_kinds_borrow_a_finding(void **state UNUSED)
{
	name_alert(ALERT_KIND_NOTIFIER);
	assert_int_equal(seen(FINDING_EXPIRED, SEVERITY_WARNING, NOW), EVENT_RAISED);
	policy.severities[FINDING_EXPIRED] = SEVERITY_OFF;
	policy.severities[FINDING_EXPIRING] = SEVERITY_OFF;
	assert_int_equal(gone(false, NOW + 1), EVENT_NONE);
	assert_int_equal(gone(true, NOW + 2), EVENT_RESOLVED);
	assert_int_equal(alert.reason, END_PROVED);
	name_alert(ALERT_KIND_SELF);
	assert_int_equal(seen(FINDING_UNREACHABLE, SEVERITY_WARNING, NOW), EVENT_NONE);
	assert_int_equal(seen(FINDING_UNREACHABLE, SEVERITY_WARNING, NOW + MS_MINUTE), EVENT_NONE);
	assert_int_equal(seen(FINDING_UNREACHABLE, SEVERITY_WARNING, NOW + 5 * MS_MINUTE),
			 EVENT_RAISED);
}

static void first_look_is_told_so(void **state UNUSED)
{
	struct transition_input in = expiry_at('a', NOW + DAYS(20), NOW);

	name_alert(ALERT_KIND_EXPIRY);
	in.first_look = true;
	assert_int_equal(transition(&alert, &in), EVENT_FIRST_LOOK);
	assert_int_equal(alert.status, ALERT_FIRING);
}

/* ---- expiry ------------------------------------------------------------------------------- */

/* alerts.md 4: one message per threshold however often it is looked at, then expired and its
 * repeats. */
static void one_message_per_threshold(void **state UNUSED)
{
	static const struct {
		int64_t left;
		enum alert_event event;
		const char *threshold;
	} rows[] = {
		{DAYS(31), EVENT_NONE, ""},
		{DAYS(30), EVENT_RAISED, "1/4"},
		{DAYS(30) - 1, EVENT_NONE, "1/4"},
		{DAYS(16), EVENT_NONE, "1/4"},
		{DAYS(15), EVENT_REPEATED, "1/8"},
		{DAYS(8), EVENT_NONE, "1/8"},
		{DAYS(7), EVENT_ESCALATED, "1/16"},
		{DAYS(1), EVENT_NONE, "1/16"},
		{0, EVENT_NONE, "1/16"},
		{-MS_SECOND, EVENT_REPEATED, "0"},
		{-MS_MINUTE, EVENT_NONE, "0"},
		{-MS_HOUR * 3, EVENT_NONE, "0"},
		{-MS_HOUR * 5, EVENT_REPEATED, "0"},
		{-MS_HOUR * 6, EVENT_NONE, "0"},
		{-MS_HOUR * 10, EVENT_REPEATED, "0"},
	};
	int64_t end = NOW + DAYS(100);

	name_alert(ALERT_KIND_EXPIRY);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (expiry('a', end, end - rows[i].left) != rows[i].event)
			fail_msg("row %zu: %s", i, alert_event_text(alert.event));
		assert_string_equal(alert.threshold_text, rows[i].threshold);
		/* The arithmetic alone never repeats. */
		assert_int_equal(alert.repeat_at != TIME_UNKNOWN, str_eq(rows[i].threshold, "0"));
	}
	assert_int_equal(alert.episode, 1);
}

static void several_crossed_are_one_message(void **state UNUSED)
{
	int64_t end = NOW + DAYS(100);

	name_alert(ALERT_KIND_EXPIRY);
	assert_int_equal(expiry('a', end, end - DAYS(7)), EVENT_RAISED);
	assert_string_equal(alert.threshold_text, "1/16");
	assert_int_equal(alert.severity, SEVERITY_CRITICAL);
	/* And none was only put off. */
	assert_int_equal(expiry('a', end, end - DAYS(7) + 1), EVENT_NONE);
}

static void a_new_certificate_resolves(void **state UNUSED)
{
	int64_t end = NOW + DAYS(100);

	name_alert(ALERT_KIND_EXPIRY);
	assert_int_equal(expiry('a', end, end - DAYS(20)), EVENT_RAISED);
	assert_int_equal(expiry('b', end + DAYS(90), end - DAYS(19)), EVENT_RESOLVED);
	assert_int_equal(alert.reason, END_PROVED);
	assert_int_equal(alert.ended_at, end - DAYS(19));
	assert_int_equal(alert.repeat_at, TIME_UNKNOWN);
	/* None after renewal, until the next one comes near. */
	assert_int_equal(expiry('b', end + DAYS(90), end), EVENT_NONE);
	assert_int_equal(expiry('b', end + DAYS(90), end + DAYS(61)), EVENT_RAISED);
	assert_int_equal(alert.episode, 2);
}

/* The threshold told was of the old one. */
static void a_new_certificate_resets_the_threshold(void **state UNUSED)
{
	int64_t end = NOW + DAYS(100);

	name_alert(ALERT_KIND_EXPIRY);
	assert_int_equal(expiry('a', end, end - DAYS(7)), EVENT_RAISED);
	assert_string_equal(alert.threshold_text, "1/16");
	/* Replaced by one that ends later and is in its first threshold already. */
	assert_int_equal(expiry('b', end + DAYS(20), end - DAYS(6)), EVENT_REPEATED);
	assert_string_equal(alert.threshold_text, "1/4");
	assert_int_equal(alert.severity, SEVERITY_WARNING);
	assert_int_equal(alert.previous_severity, SEVERITY_CRITICAL);
	assert_int_equal(alert.episode, 1);
	assert_int_equal(expiry('b', end + DAYS(20), end - DAYS(5)), EVENT_NONE);
	assert_int_equal(expiry('b', end + DAYS(20), end + DAYS(6)), EVENT_REPEATED);
	assert_string_equal(alert.threshold_text, "1/8");
}

/* Two servers behind one address, in turns: each line is told once. */
static void turns_do_not_flap(void **state UNUSED)
{
	int64_t old = NOW + DAYS(100), new = old + DAYS(10), now = old - DAYS(19);

	name_alert(ALERT_KIND_EXPIRY);
	assert_int_equal(expiry('a', old, now), EVENT_RAISED);
	assert_int_equal(expiry('b', new, now + 1), EVENT_REPEATED);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(expiry('a', old, now + 2 + 2 * i), EVENT_NONE);
		assert_int_equal(expiry('b', new, now + 3 + 2 * i), EVENT_NONE);
	}
	/* The older one crosses its next line, then is told of once. */
	assert_int_equal(expiry('a', old, old - DAYS(14)), EVENT_REPEATED);
	assert_int_equal(expiry('b', new, old - DAYS(14) + 1), EVENT_NONE);
	assert_int_equal(expiry('a', old, old - DAYS(14) + 2), EVENT_NONE);
	/* It ends: that is worse than anything told. */
	assert_int_equal(expiry('a', old, old + MS_SECOND), EVENT_ESCALATED);
	assert_int_equal(expiry('b', new, old + MS_SECOND * 2), EVENT_NONE);
	assert_int_equal(expiry('a', old, old + MS_SECOND * 3), EVENT_NONE);
}

/* The list changes under an open alert: compared is when a line was crossed, not its number. */
static void another_list_of_thresholds(void **state UNUSED)
{
	int64_t end = NOW + DAYS(100);

	name_alert(ALERT_KIND_EXPIRY);
	assert_int_equal(expiry('a', end, end - DAYS(14)), EVENT_RAISED);
	/* Fewer and longer: nothing later was crossed. */
	policy.thresholds_len = 1;
	policy.thresholds[0] = (struct threshold){.ms = DAYS(60), .severity = SEVERITY_WARNING};
	assert_int_equal(expiry('a', end, end - DAYS(13)), EVENT_NONE);
	/* More: one of them lies between what was told and now. */
	policy.thresholds_len = 3;
	policy.thresholds[1] = (struct threshold){.ms = DAYS(13), .severity = SEVERITY_WARNING};
	policy.thresholds[2] = (struct threshold){.ms = DAYS(1), .severity = SEVERITY_WARNING};
	assert_int_equal(expiry('a', end, end - DAYS(12)), EVENT_REPEATED);
	assert_int_equal(expiry('a', end, end + MS_SECOND), EVENT_ESCALATED);
	/* Shorter again, once it is over: still over. */
	policy.thresholds_len = 1;
	assert_int_equal(expiry('a', end, end + MS_SECOND * 2), EVENT_NONE);
}

static void expiry_stands_while_nobody_answers(void **state UNUSED)
{
	int64_t end = NOW + DAYS(100);

	name_alert(ALERT_KIND_EXPIRY);
	assert_int_equal(expiry('a', end, end - DAYS(20)), EVENT_RAISED);
	assert_int_equal(gone(false, end - DAYS(19)), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_FIRING);
	assert_int_equal(expiry('a', end, end - DAYS(18)), EVENT_NONE);
}

/* ---- rise, repeat, acknowledge ------------------------------------------------------------ */

static void raise_untrusted(enum severity severity)
{
	assert_int_equal(seen(FINDING_UNTRUSTED, severity, NOW - 1), EVENT_NONE);
	assert_int_equal(seen(FINDING_UNTRUSTED, severity, NOW), EVENT_RAISED);
}

static void rises_are_told_falls_are_not(void **state UNUSED)
{
	raise_untrusted(SEVERITY_WARNING);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + 1), EVENT_ESCALATED);
	assert_int_equal(alert.previous_severity, SEVERITY_WARNING);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + 2), EVENT_NONE);
	assert_int_equal(alert.severity, SEVERITY_WARNING);
	assert_int_equal(alert.previous_severity, SEVERITY_CRITICAL);
	/* Nobody heard of the fall: there is nothing new to tell. */
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + 3), EVENT_NONE);
	assert_int_equal(alert.severity, SEVERITY_CRITICAL);
}

/* alerts.md 7: every 24 h, critical 4 h, +-10 %; until acknowledged. */
static void repeats_in_its_interval(void **state UNUSED)
{
	static const enum severity severities[] = {SEVERITY_INFO, SEVERITY_WARNING,
						   SEVERITY_CRITICAL};

	for (size_t i = 0; i < ARRAY_LEN(severities); i++) {
		int64_t nominal = severities[i] == SEVERITY_CRITICAL ? 4 * MS_HOUR : 24 * MS_HOUR;
		int64_t last = NOW, told = 0;

		name_alert(ALERT_KIND_UNTRUSTED);
		raise_untrusted(severities[i]);
		for (int64_t now = NOW; now < NOW + 10 * nominal; now += MS_MINUTE) {
			if (seen(FINDING_UNTRUSTED, severities[i], now) == EVENT_NONE)
				continue;
			assert_int_equal(alert.event, EVENT_REPEATED);
			assert_in_range(now - last, nominal * 9 / 10,
					nominal * 11 / 10 + MS_MINUTE);
			last = now;
			told++;
		}
		assert_in_range(told, 9, 11);
	}
}

static void intervals_are_spread(void **state UNUSED)
{
	int64_t min = INT64_MAX, max = 0, sum = 0;

	for (int i = 0; i < 1000; i++) {
		char key[64];
		int64_t interval;

		snprintf(key, sizeof(key), "expiryd/default/expiry/%032d", i);
		interval = repeat_interval(&policy, SEVERITY_WARNING, key);
		assert_int_equal(interval, repeat_interval(&policy, SEVERITY_WARNING, key));
		min = interval < min ? interval : min;
		max = interval > max ? interval : max;
		sum += interval;
	}
	assert_in_range(min, 24 * MS_HOUR * 9 / 10, 24 * MS_HOUR * 91 / 100);
	assert_in_range(max, 24 * MS_HOUR * 109 / 100, 24 * MS_HOUR * 11 / 10);
	assert_in_range(sum / 1000, 24 * MS_HOUR * 99 / 100, 24 * MS_HOUR * 101 / 100);
	policy.repeat_ms = 1;
	assert_int_equal(repeat_interval(&policy, SEVERITY_CRITICAL, "k"), MS_SECOND);
}

static void resting_targets_do_not_repeat(void **state UNUSED)
{
	struct transition_input in = input_at(NOW);

	name_alert(ALERT_KIND_UNREACHABLE);
	finding_init(&finding, FINDING_UNREACHABLE, SEVERITY_CRITICAL);
	in.finding = &finding;
	for (int i = 0; i < 3; i++, in.now += 5 * MS_MINUTE)
		transition(&alert, &in);
	assert_int_equal(alert.event, EVENT_RAISED);
	in.resting = true;
	in.now += 2 * MS_DAY;
	assert_int_equal(transition(&alert, &in), EVENT_NONE);
	in.resting = false;
	assert_int_equal(transition(&alert, &in), EVENT_REPEATED);
}

/* Else its target would be due at once, for ever. */
static void what_cannot_be_seen_waits_for_no_repeat(void **state UNUSED)
{
	int64_t repeat_at;

	raise_untrusted(SEVERITY_CRITICAL);
	repeat_at = alert.repeat_at;
	assert_int_equal(gone(false, NOW + MS_HOUR), EVENT_NONE);
	assert_int_equal(alert.repeat_at, repeat_at);
	assert_int_equal(gone(false, NOW + DAYS(1)), EVENT_NONE);
	assert_int_equal(alert.repeat_at, TIME_UNKNOWN);
	assert_true(alert_open(&alert));
	/* Seen again, it is overdue. */
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + DAYS(2)), EVENT_REPEATED);
	/* The same at the end of an acknowledgement. */
	transition_ack(&alert, "root", NULL, NOW + DAYS(3), NOW + DAYS(2));
	assert_int_equal(gone(false, NOW + DAYS(4)), EVENT_NONE);
	assert_int_equal(alert.repeat_at, TIME_UNKNOWN);
	assert_int_equal(alert.status, ALERT_FIRING);
	assert_null(alert.ack_by);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + DAYS(5)), EVENT_REPEATED);
}

/* The same when the caller keeps the finding of an earlier look. */
static void an_old_finding_waits_for_no_repeat(void **state UNUSED)
{
	struct transition_input in = input_at(NOW + DAYS(2));

	raise_untrusted(SEVERITY_WARNING);
	in.finding = &finding;
	in.looked = false;
	assert_int_equal(transition(&alert, &in), EVENT_NONE);
	assert_int_equal(alert.repeat_at, TIME_UNKNOWN);
	in.looked = true;
	assert_int_equal(transition(&alert, &in), EVENT_REPEATED);
}

static void never_seen_is_said_once(void **state UNUSED)
{
	name_alert(ALERT_KIND_NEVER_SEEN);
	assert_int_equal(seen(FINDING_NEVER_SEEN, SEVERITY_INFO, NOW), EVENT_RAISED);
	assert_int_equal(alert.repeat_at, TIME_UNKNOWN);
	assert_int_equal(seen(FINDING_NEVER_SEEN, SEVERITY_INFO, NOW + DAYS(100)), EVENT_NONE);
}

static void acknowledged_is_quiet(void **state UNUSED)
{
	raise_untrusted(SEVERITY_WARNING);
	assert_int_equal(transition_ack(&alert, "root", "known", TIME_UNKNOWN, NOW + 1),
			 EVENT_ACKNOWLEDGED);
	assert_int_equal(alert.status, ALERT_ACKNOWLEDGED);
	assert_string_equal(alert.ack_by, "root");
	assert_int_equal(alert.ack_severity, SEVERITY_WARNING);
	assert_int_equal(alert.repeat_at, TIME_UNKNOWN);
	for (int day = 1; day < 100; day++)
		assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + DAYS(day)),
				 EVENT_NONE);
	assert_int_equal(alert.status, ALERT_ACKNOWLEDGED);
	/* It ends as any other. */
	assert_int_equal(gone(true, NOW + DAYS(100)), EVENT_RESOLVED);
	assert_null(alert.ack_by);
}

static void a_rise_breaks_it(void **state UNUSED)
{
	raise_untrusted(SEVERITY_WARNING);
	transition_ack(&alert, "root", NULL, TIME_UNKNOWN, NOW + 1);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + 2), EVENT_ESCALATED);
	assert_int_equal(alert.status, ALERT_FIRING);
	assert_null(alert.ack_by);
	assert_true(alert.repeat_at > NOW + 2);
}

static void an_acknowledged_threshold_is_told_when_it_ends(void **state UNUSED)
{
	int64_t end = NOW + DAYS(100);

	name_alert(ALERT_KIND_EXPIRY);
	assert_int_equal(expiry('a', end, end - DAYS(30)), EVENT_RAISED);
	transition_ack(&alert, "root", NULL, end - DAYS(10), end - DAYS(29));
	assert_int_equal(alert.repeat_at, end - DAYS(10));
	/* 1/8 is crossed, and no worse than what was acknowledged. */
	assert_int_equal(expiry('a', end, end - DAYS(14)), EVENT_NONE);
	assert_int_equal(expiry('a', end, end - DAYS(10)), EVENT_REPEATED);
	assert_int_equal(alert.status, ALERT_FIRING);
	assert_string_equal(alert.threshold_text, "1/8");
	assert_int_equal(alert.repeat_at, TIME_UNKNOWN);
	assert_int_equal(expiry('a', end, end - DAYS(9)), EVENT_NONE);
	assert_int_equal(expiry('a', end, end - DAYS(7)), EVENT_ESCALATED);
}

static void it_ends_once(void **state UNUSED)
{
	raise_untrusted(SEVERITY_WARNING);
	transition_ack(&alert, "root", NULL, NOW + MS_HOUR, NOW);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + MS_HOUR - 1), EVENT_NONE);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + MS_HOUR), EVENT_REPEATED);
	assert_int_equal(alert.status, ALERT_FIRING);
	assert_null(alert.ack_by);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + MS_HOUR + 1), EVENT_NONE);
}

static void taken_back_it_repeats_at_the_next_look(void **state UNUSED)
{
	raise_untrusted(SEVERITY_WARNING);
	assert_int_equal(transition_unack(&alert, "root", NOW), EVENT_NONE);
	transition_ack(&alert, "root", NULL, TIME_UNKNOWN, NOW);
	assert_int_equal(transition_unack(&alert, "root", NOW + 5), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_FIRING);
	assert_int_equal(alert.repeat_at, NOW + 5);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + 6), EVENT_REPEATED);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + 7), EVENT_NONE);
}

static void only_what_stands_can_be_acknowledged(void **state UNUSED)
{
	assert_int_equal(transition_ack(&alert, "root", NULL, TIME_UNKNOWN, NOW), EVENT_NONE);
	seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW);
	assert_int_equal(transition_ack(&alert, "root", NULL, TIME_UNKNOWN, NOW), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_PENDING);
}

/* ---- ends --------------------------------------------------------------------------------- */

static void resolved_once_and_only_when_proved(void **state UNUSED)
{
	raise_untrusted(SEVERITY_CRITICAL);
	assert_int_equal(gone(false, NOW + 1), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_FIRING);
	assert_int_equal(gone(true, NOW + 2), EVENT_RESOLVED);
	assert_int_equal(alert.reason, END_PROVED);
	assert_int_equal(alert.ended_at, NOW + 2);
	assert_int_equal(gone(true, NOW + 3), EVENT_NONE);
	assert_int_equal(alert.ended_at, NOW + 2);
}

static void removed_and_ignored(void **state UNUSED)
{
	static const enum end_reason reasons[] = {END_REMOVED, END_IGNORED};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		struct transition_input in = input_at(NOW + 1);

		name_alert(ALERT_KIND_UNTRUSTED);
		in.ended = reasons[i];
		/* Nothing to close. */
		assert_int_equal(transition(&alert, &in), EVENT_NONE);
		seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW);
		assert_int_equal(transition(&alert, &in), EVENT_NONE);
		assert_int_equal(alert.status, ALERT_RESOLVED);
		raise_untrusted(SEVERITY_CRITICAL);
		/* Even with the finding still there. */
		in.finding = &finding;
		assert_int_equal(transition(&alert, &in), EVENT_RESOLVED);
		assert_int_equal(alert.reason, reasons[i]);
	}
}

static void switched_off_is_ignored(void **state UNUSED)
{
	raise_untrusted(SEVERITY_CRITICAL);
	policy.severities[FINDING_UNTRUSTED] = SEVERITY_OFF;
	assert_int_equal(gone(false, NOW + 1), EVENT_RESOLVED);
	assert_int_equal(alert.reason, END_IGNORED);
}

static void a_new_episode_forgets_the_old(void **state UNUSED)
{
	raise_untrusted(SEVERITY_CRITICAL);
	alert.told[alert.told_len++] = str_dup("ops");
	assert_int_equal(gone(true, NOW + 1), EVENT_RESOLVED);
	/* Still known: the resolve goes to those that were told. */
	assert_int_equal(alert.told_len, 1);
	seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + 2);
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + 3), EVENT_RAISED);
	assert_int_equal(alert.episode, 2);
	assert_int_equal(alert.told_len, 0);
	assert_int_equal(alert.started_at, NOW + 2);
	assert_int_equal(alert.ended_at, TIME_UNKNOWN);
	assert_int_equal(alert.reason, END_NONE);
	assert_int_equal(alert.previous_severity, SEVERITY_OFF);
}

static void held_stands_still(void **state UNUSED)
{
	struct transition_input in = input_at(NOW);

	finding_init(&finding, FINDING_UNTRUSTED, SEVERITY_CRITICAL);
	in.finding = &finding;
	in.held = true;
	for (int i = 0; i < 5; i++)
		assert_int_equal(transition(&alert, &in), EVENT_NONE);
	assert_int_equal(alert.status, ALERT_RESOLVED);
	raise_untrusted(SEVERITY_WARNING);
	str_copy(finding.text, sizeof(finding.text), "worse");
	finding.severity = SEVERITY_CRITICAL;
	in.now = NOW + DAYS(10);
	assert_int_equal(transition(&alert, &in), EVENT_NONE);
	assert_string_equal(alert.text, "worse");
	assert_int_equal(alert.severity, SEVERITY_WARNING);
	in.finding = NULL;
	in.proved = true;
	assert_int_equal(transition(&alert, &in), EVENT_NONE);
	assert_true(alert_open(&alert));
}

/* What a silence or a held zone made of the status is not ours to undo. */
static void silenced_goes_on_being_judged(void **state UNUSED)
{
	raise_untrusted(SEVERITY_WARNING);
	alert.status = ALERT_SILENCED;
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + 1), EVENT_ESCALATED);
	assert_int_equal(alert.status, ALERT_SILENCED);
	assert_int_equal(gone(true, NOW + 2), EVENT_RESOLVED);
}

/* ---- ids ---------------------------------------------------------------------------------- */

/* Every event of a life has an id of its own, and the same life gives the same ids again. */
static void ids_are_functions_of_the_facts(void **state UNUSED)
{
	char ids[2][64][37];
	size_t len[2] = {0, 0};

	for (int run = 0; run < 2; run++) {
		int64_t end = NOW + DAYS(200);

		name_alert(ALERT_KIND_EXPIRY);
		for (int64_t now = end - DAYS(40); now < end + DAYS(3); now += MS_HOUR) {
			bool acked = now == end - DAYS(12);

			if (acked)
				transition_ack(&alert, "root", NULL, now + DAYS(1), now);
			else if (expiry('a', end, now) == EVENT_NONE)
				continue;
			assert_in_range(len[run], 0, 63);
			str_copy(ids[run][len[run]++], 37, alert.event_id);
		}
		assert_int_equal(expiry('b', end + DAYS(90), end + DAYS(3)), EVENT_RESOLVED);
		str_copy(ids[run][len[run]++], 37, alert.event_id);
	}
	assert_int_equal(len[0], len[1]);
	assert_true(len[0] > 20);
	for (size_t i = 0; i < len[0]; i++) {
		assert_string_equal(ids[0][i], ids[1][i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[0][i], ids[0][k]);
	}
}

/* alerts.md 2: the raise of a threshold is the certificate's and the threshold's, not the moment's.
 */
static void expiry_ids_do_not_know_the_time(void **state UNUSED)
{
	int64_t end = NOW + DAYS(100);
	char first[37];

	name_alert(ALERT_KIND_EXPIRY);
	expiry('a', end, end - DAYS(30));
	str_copy(first, sizeof(first), alert.event_id);
	/* As restored from the day before, and looked at an hour later. */
	name_alert(ALERT_KIND_EXPIRY);
	expiry('a', end, end - DAYS(30) + MS_HOUR);
	assert_string_equal(alert.event_id, first);
	/* Another target, another certificate, another threshold. */
	name_alert(ALERT_KIND_EXPIRY);
	expiry('b', end, end - DAYS(30));
	assert_string_not_equal(alert.event_id, first);
	name_alert(ALERT_KIND_EXPIRY);
	expiry('a', end, end - DAYS(15));
	assert_string_not_equal(alert.event_id, first);
}

/* Rolled back after the resolve: the same line of the same certificate, and another thing. */
static void another_episode_has_other_ids(void **state UNUSED)
{
	int64_t end = NOW + DAYS(100);
	char first[37];

	name_alert(ALERT_KIND_EXPIRY);
	assert_int_equal(expiry('a', end, end - DAYS(30)), EVENT_RAISED);
	str_copy(first, sizeof(first), alert.event_id);
	assert_int_equal(expiry('b', end + DAYS(90), end - DAYS(29)), EVENT_RESOLVED);
	assert_int_equal(expiry('a', end, end - DAYS(28)), EVENT_RAISED);
	assert_string_not_equal(alert.event_id, first);
}

/* A crash loses the commit: the look is done again, later, from the alert as it was stored. */
static void a_lost_commit_gives_the_same_ids(void **state UNUSED)
{
	struct alert before;
	char id[37];

	seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW);
	alert_copy(&before, &alert);
	seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + 10 * MS_SECOND);
	str_copy(id, sizeof(id), alert.event_id);
	alert_finish(&alert);
	alert = before;
	assert_int_equal(seen(FINDING_UNTRUSTED, SEVERITY_WARNING, NOW + MS_MINUTE), EVENT_RAISED);
	assert_string_equal(alert.event_id, id);

	alert_copy(&before, &alert);
	seen(FINDING_UNTRUSTED, SEVERITY_WARNING, alert.repeat_at);
	assert_int_equal(alert.event, EVENT_REPEATED);
	str_copy(id, sizeof(id), alert.event_id);
	alert_finish(&alert);
	alert = before;
	seen(FINDING_UNTRUSTED, SEVERITY_WARNING, alert.repeat_at + MS_HOUR);
	assert_string_equal(alert.event_id, id);

	alert_copy(&before, &alert);
	seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + DAYS(1) + MS_HOUR);
	assert_int_equal(alert.event, EVENT_ESCALATED);
	str_copy(id, sizeof(id), alert.event_id);
	alert_finish(&alert);
	alert = before;
	seen(FINDING_UNTRUSTED, SEVERITY_CRITICAL, NOW + DAYS(1) + 2 * MS_HOUR);
	assert_string_equal(alert.event_id, id);
}

/* Whatever happens in whatever order: no id twice in a life, no second open episode, and what
 * was resolved is quiet. */
static void random_lives(void **state UNUSED)
{
	static char ids[4096][37];

	rand_seed(7);
	for (int life = 0; life < 50; life++) {
		int64_t now = NOW, episode = 0;
		size_t len = 0;

		name_alert(ALERT_KIND_UNTRUSTED);
		for (int i = 0; i < 300; i++) {
			enum alert_event event;
			bool open = alert_open(&alert);
			int64_t what = rand_between(0, 9);

			now += rand_between(1, DAYS(1));
			if (what < 6)
				event = seen(FINDING_UNTRUSTED, (enum severity)rand_between(1, 3),
					     now);
			else if (what < 8)
				event = gone(what == 7, now);
			else if (what == 8)
				event = transition_ack(
					&alert, "root", NULL,
					rand_between(0, 1) ? now + MS_HOUR : TIME_UNKNOWN, now);
			else
				event = transition_unack(&alert, "root", now);
			assert_true(alert.episode == episode || alert.episode == episode + 1);
			assert_int_equal(alert.episode != episode, event == EVENT_RAISED);
			assert_true(open || event == EVENT_NONE || event == EVENT_RAISED);
			assert_int_equal(event == EVENT_RESOLVED,
					 open && alert.status == ALERT_RESOLVED);
			episode = alert.episode;
			if (event == EVENT_NONE)
				continue;
			for (size_t k = 0; k < len; k++)
				assert_string_not_equal(ids[k], alert.event_id);
			str_copy(ids[len++], 37, alert.event_id);
		}
	}
}

/* ---- proof -------------------------------------------------------------------------------- */

static void proof_depends_on_the_places(void **state UNUSED)
{
	struct observation look = LOOK(sample_served("10.0.0.1", 'b', NOW + DAYS(80)),
				       sample_dead("10.0.0.2", OUTCOME_TIMEOUT));

	name_alert(ALERT_KIND_EXPIRY);
	str_copy(alert.places[0], 64, "10.0.0.2");
	alert.places_len = 1;
	/* The old certificate was last seen where nobody answers. */
	assert_false(transition_proved(&alert, &look));
	str_copy(alert.places[0], 64, "10.0.0.1");
	assert_true(transition_proved(&alert, &look));
	/* An address that is no more serves nothing. */
	str_copy(alert.places[0], 64, "10.0.0.3");
	assert_true(transition_proved(&alert, &look));
	observation_finish(&look);
	look = LOOK(sample_dead("10.0.0.2", OUTCOME_TIMEOUT));
	assert_false(transition_proved(&alert, &look));
	observation_finish(&look);
}

/* What must be known of an address for each kind. */
static void proof_by_kind(void **state UNUSED)
{
	static const struct {
		enum alert_kind kind;
		bool served, half, not_judged, bad, dead, crash;
	} rows[] = {
		{ALERT_KIND_EXPIRY, true, true, true, false, false, false},
		{ALERT_KIND_NOT_YET_VALID, true, true, true, false, false, false},
		{ALERT_KIND_NAME_MISMATCH, true, true, false, false, false, false},
		{ALERT_KIND_UNTRUSTED, true, true, false, false, false, false},
		{ALERT_KIND_SELF_SIGNED, true, true, false, false, false, false},
		{ALERT_KIND_INCOMPLETE_CHAIN, true, true, false, false, false, false},
		{ALERT_KIND_MIXED_ENDPOINTS, true, true, true, false, false, false},
		{ALERT_KIND_CHANGED, true, true, true, false, false, false},
		{ALERT_KIND_UNREACHABLE, true, true, true, true, false, false},
		{ALERT_KIND_BAD_CERTIFICATE, true, true, true, false, false, false},
		{ALERT_KIND_FILE_ERROR, true, true, true, false, false, false},
		{ALERT_KIND_NEVER_SEEN, true, true, true, true, false, false},
		{ALERT_KIND_NOTIFIER, false, false, false, false, false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct observation look = LOOK(sample_served("10.0.0.1", 'a', NOW));

		name_alert(rows[i].kind);
		assert_int_equal(transition_proved(&alert, &look), rows[i].served);
		look.endpoints[0].outcome = OUTCOME_TLS_ERROR;
		assert_int_equal(transition_proved(&alert, &look), rows[i].half);
		look.endpoints[0].outcome = OUTCOME_OK;
		look.endpoints[0].trust = TRUST_UNKNOWN;
		look.endpoints[0].name_matches = -1;
		assert_int_equal(transition_proved(&alert, &look), rows[i].not_judged);
		observation_finish(&look);
		look = LOOK(sample_dead("10.0.0.1", OUTCOME_BAD_CERTIFICATE));
		assert_int_equal(transition_proved(&alert, &look), rows[i].bad);
		look.endpoints[0].outcome = OUTCOME_TIMEOUT;
		assert_int_equal(transition_proved(&alert, &look), rows[i].dead);
		look.endpoints[0].outcome = OUTCOME_PROBER_CRASH;
		assert_int_equal(transition_proved(&alert, &look), rows[i].crash);
		observation_finish(&look);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(raised_after_its_looks),
		TEST(unreachable_takes_five_minutes),
		TEST(unreachable_takes_the_policys_looks),
		TEST(looks_must_follow_each_other),
		TEST(a_blind_look_is_no_look),
		TEST(only_looks_count),
		TEST(expiry_is_arithmetic),
		TEST(zeroed_memory_is_a_new_alert),
		TEST(our_own_kinds_borrow_a_finding),
		TEST(first_look_is_told_so),
		TEST(one_message_per_threshold),
		TEST(several_crossed_are_one_message),
		TEST(a_new_certificate_resolves),
		TEST(a_new_certificate_resets_the_threshold),
		TEST(turns_do_not_flap),
		TEST(another_list_of_thresholds),
		TEST(expiry_stands_while_nobody_answers),
		TEST(rises_are_told_falls_are_not),
		TEST(repeats_in_its_interval),
		TEST(intervals_are_spread),
		TEST(resting_targets_do_not_repeat),
		TEST(what_cannot_be_seen_waits_for_no_repeat),
		TEST(an_old_finding_waits_for_no_repeat),
		TEST(never_seen_is_said_once),
		TEST(acknowledged_is_quiet),
		TEST(a_rise_breaks_it),
		TEST(an_acknowledged_threshold_is_told_when_it_ends),
		TEST(it_ends_once),
		TEST(taken_back_it_repeats_at_the_next_look),
		TEST(only_what_stands_can_be_acknowledged),
		TEST(resolved_once_and_only_when_proved),
		TEST(removed_and_ignored),
		TEST(switched_off_is_ignored),
		TEST(a_new_episode_forgets_the_old),
		TEST(held_stands_still),
		TEST(silenced_goes_on_being_judged),
		TEST(ids_are_functions_of_the_facts),
		TEST(expiry_ids_do_not_know_the_time),
		TEST(another_episode_has_other_ids),
		TEST(a_lost_commit_gives_the_same_ids),
		TEST(random_lives),
		TEST(proof_depends_on_the_places),
		TEST(proof_by_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
