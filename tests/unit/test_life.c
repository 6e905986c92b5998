/*
 * The rules together, called in the order in which the keeper calls them, over months of a
 * pretended host: what is looked at when, and what is told. The promises are those of alerts.md
 * that no single function keeps: one alert per threshold, none after renewal, five attempts and a
 * rest, no storm while a certificate is rolled out.
 */
#include "lib/rules/due.h"
#include "lib/rules/judge.h"
#include "lib/rules/transition.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define KINDS ALERT_KIND_COUNT
#define TOLD_ROWS 256

/* What the host does at an instant: its endpoints, made anew for each look. */
typedef struct observation host_fn(int64_t now);

static struct record record;
static struct alert alerts[KINDS];
static int looks;

/* Everything told, as "kind event severity threshold". */
static struct {
	int64_t at;
	char text[96];
	char id[37];
} told[TOLD_ROWS];
static size_t told_len;

static int set_up(void **state UNUSED)
{
	struct err err;

	rand_seed(20);
	looks = 0;
	told_len = 0;
	record_init(&record);
	target_finish(&record.target);
	record.schedule.next_at = NOW;
	for (int kind = 0; kind < KINDS; kind++) {
		alert_init(&alerts[kind]);
		alert_name(&alerts[kind], "default", (enum alert_kind)kind, "www.example.com:443",
			   true);
	}
	return target_parse(&record.target, "www.example.com", "", NULL, &err) ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	for (int kind = 0; kind < KINDS; kind++)
		alert_finish(&alerts[kind]);
	record_finish(&record);
	return 0;
}

static void note(const struct alert *alert, enum alert_event event, int64_t now)
{
	assert_in_range(told_len, 0, TOLD_ROWS - 1);
	told[told_len].at = now;
	snprintf(told[told_len].text, sizeof(told[0].text), "%s %s %s%s%s",
		 alert_kind_text(alert->kind), alert_event_text(event),
		 severity_text(alert->severity), alert->threshold_text[0] ? " " : "",
		 event == EVENT_RESOLVED ? "" : alert->threshold_text);
	str_trim(told[told_len].text);
	str_copy(told[told_len].id, 37, alert->event_id);
	told_len++;
}

static const struct finding *finding_of(const struct findings *findings, enum alert_kind kind)
{
	for (size_t i = 0; i < findings->len; i++) {
		if (alert_kind_of(findings->list[i].kind) == kind)
			return &findings->list[i];
	}
	return NULL;
}

static bool resting(void)
{
	return record.schedule.rest_until != TIME_UNKNOWN &&
	       record.schedule.attempts >= record.target.policy.retry_attempts;
}

static void move_alerts(const struct observation *look, int64_t now, bool first)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct alert *alert = &alerts[kind];
		struct transition_input in = {.policy = &record.target.policy,
					      .looked = true,
					      .first_look = first,
					      .resting = resting(),
					      .now = now};
		enum alert_event event;

		in.finding = finding_of(&record.findings, (enum alert_kind)kind);
		in.proved = !in.finding && transition_proved(alert, look);
		event = transition(alert, &in);
		if (event != EVENT_NONE)
			note(alert, event, now);
	}
}

static void schedule(bool failed, int64_t now)
{
	struct due_input in = {.record = &record,
			       .failed = failed,
			       .now = now,
			       .draw = rand_u64(),
			       .next_repeat = INT64_MAX};

	for (int kind = 0; kind < KINDS; kind++) {
		const struct alert *alert = &alerts[kind];
		bool unreachable = kind == ALERT_KIND_UNREACHABLE;

		if (alert->status == ALERT_PENDING && !unreachable)
			in.pending_confirm = true;
		if (alert->status == ALERT_PENDING && unreachable)
			in.pending_unreachable = true;
		if (alert_open(alert) && alert->repeat_at != TIME_UNKNOWN &&
		    alert->repeat_at < in.next_repeat && !unreachable)
			in.next_repeat = alert->repeat_at;
	}
	due_next(&in, &record.schedule);
}

/* One look, as the keeper commits it. */
static void look_at(host_fn *host, int64_t now)
{
	struct observation look = host(now);
	bool failed = observation_failed(&look), first = !record.baseline;
	struct judge_input in = {&record.target, &look, record.has_look ? &record.look : NULL,
				 record.last_ok != TIME_UNKNOWN || !failed, now};

	look.at = now;
	looks++;
	judge(&in, &record.findings);
	move_alerts(&look, now, first);
	record.baseline = true;
	record.outcome = observation_outcome(&look);
	if (failed) {
		observation_finish(&look);
	} else {
		observation_finish(&record.look);
		record.look = look;
		record.has_look = true;
		record.last_ok = now;
	}
	schedule(failed, now);
}

static void live(host_fn *host, int64_t until)
{
	while (record.schedule.next_at < until) {
		int64_t now = record.schedule.next_at;

		look_at(host, now);
		assert_true(record.schedule.next_at > now);
		assert_in_range(looks, 0, 100000);
	}
}

static void assert_told(size_t i, const char *text)
{
	assert_in_range(i, 0, told_len - 1);
	assert_string_equal(told[i].text, text);
}

/* ---- lives -------------------------------------------------------------------------------- */

/* 90 days, from NOW - 30 d; forgotten. */
static struct observation forgotten(int64_t now UNUSED)
{
	return LOOK(sample_served("10.0.0.1", 'a', NOW + DAYS(60)));
}

static void a_forgotten_certificate(void **state UNUSED)
{
	static const char *const want[] = {
		"expiry raised warning 1/4",
		"expiry repeated warning 1/8",
		"expiry escalated critical 1/16",
		"expiry repeated critical 0",
	};
	int64_t end = NOW + DAYS(60);

	live(forgotten, end + MS_HOUR);
	assert_int_equal(told_len, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_told(i, want[i]);
	/* To the millisecond, because the look is due at the crossing. */
	assert_int_equal(told[0].at, end - DAYS(90) / 4);
	assert_int_equal(told[1].at, end - DAYS(90) / 8);
	assert_int_equal(told[2].at, end - DAYS(90) / 16);
	assert_int_equal(told[3].at, end + MS_SECOND);
	/* One look in 24 to 48 h, and one per threshold. */
	assert_in_range(looks, 30, 66);
	/* Then every four hours or so, for as long as it takes. */
	live(forgotten, end + DAYS(10));
	assert_in_range(told_len, ARRAY_LEN(want) + 54, ARRAY_LEN(want) + 67);
	for (size_t i = 0; i < told_len; i++) {
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(told[i].id, told[k].id);
	}
}

/* Renewed at a third of the life left, as healthy automation does. */
static struct observation renewed_in_time(int64_t now)
{
	int64_t n = (now - NOW) / DAYS(60);

	return LOOK(sample_served("10.0.0.1", (char)('a' + n % 6), NOW + DAYS(60) * n + DAYS(90)));
}

static void a_healthy_host_is_never_told_of(void **state UNUSED)
{
	live(renewed_in_time, NOW + DAYS(720));
	for (size_t i = 0; i < told_len; i++) {
		/* Only that it changed, which is information and goes nowhere by default. */
		assert_non_null(strstr(told[i].text, "changed"));
		assert_non_null(strstr(told[i].text, "info"));
	}
	assert_int_equal(told_len, 2 * 11);
}

/* Renewed late, after the first threshold. */
static struct observation renewed_late(int64_t now)
{
	bool renewed = now >= NOW + DAYS(50);

	return LOOK(sample_served("10.0.0.1", renewed ? 'b' : 'a', NOW + DAYS(renewed ? 140 : 60)));
}

static void none_after_renewal(void **state UNUSED)
{
	live(renewed_late, NOW + DAYS(110));
	assert_told(0, "expiry raised warning 1/4");
	assert_told(1, "expiry repeated warning 1/8");
	assert_told(2, "expiry resolved warning");
	assert_told(3, "changed raised info");
	assert_told(4, "changed resolved info");
	assert_int_equal(told_len, 5);
}

/* Answers for a day, then never again. */
static struct observation dies(int64_t now)
{
	if (now < NOW + DAYS(1))
		return LOOK(sample_served("10.0.0.1", 'a', NOW + DAYS(60)));
	return LOOK(sample_dead("10.0.0.1", OUTCOME_REFUSED));
}

static void a_dead_host(void **state UNUSED)
{
	int64_t died;
	int before;

	live(dies, NOW + DAYS(1));
	before = looks;
	died = record.schedule.next_at;
	live(dies, died + DAYS(6));
	/* exactly five; told at the third, not before five minutes. */
	assert_int_equal(looks - before, 5);
	assert_told(0, "unreachable raised critical");
	assert_in_range(told[0].at - died, 5 * MS_MINUTE, 5 * MS_MINUTE * 11 / 10);
	assert_int_equal(told_len, 1);
	/* Expiry goes on by arithmetic, each threshold once; unreachable is not repeated while it
	 * rests, and what is looked at ends with the quarters of a life. */
	live(dies, NOW + DAYS(60) + MS_HOUR);
	for (size_t i = 0; i < told_len; i++) {
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(told[i].id, told[k].id);
	}
	before = 0;
	for (size_t i = 0; i < told_len; i++)
		before += str_starts(told[i].text, "expiry");
	assert_int_equal(before, 4);
	assert_in_range(looks, 10, 400);
	assert_true(alert_open(&alerts[ALERT_KIND_EXPIRY]));
}

/* Away for three minutes now and then: never long enough. */
static struct observation restarts(int64_t now)
{
	if ((now - NOW) / (3 * MS_MINUTE) % 4 == 0)
		return LOOK(sample_dead("10.0.0.1", OUTCOME_REFUSED));
	return LOOK(sample_served("10.0.0.1", 'a', NOW + DAYS(300)));
}

static void a_restart_wakes_nobody(void **state UNUSED)
{
	live(restarts, NOW + DAYS(60));
	for (size_t i = 0; i < told_len; i++)
		assert_null(strstr(told[i].text, "unreachable"));
}

/* Six addresses renewed one after the other, a day each, while the old one nears its end. */
static struct observation rolled_out(int64_t now)
{
	struct observation look;
	int64_t done = (now - NOW - DAYS(40)) / DAYS(1);

	observation_init(&look);
	look.at = now;
	for (int i = 0; i < 6; i++) {
		char address[32];
		struct endpoint endpoint;
		bool is_new = now >= NOW + DAYS(40) && i < done;

		snprintf(address, sizeof(address), "10.0.0.%d", i);
		endpoint = sample_served(address, is_new ? 'b' : 'a',
					 NOW + DAYS(is_new ? 130 : 60));
		if (!observation_add_take(&look, &endpoint))
			abort();
	}
	return look;
}

/* alerts.md 13. */
static void a_roll_out_is_one_alert(void **state UNUSED)
{
	size_t mixed = 0, changed = 0, expiry = 0;

	live(rolled_out, NOW + DAYS(60));
	for (size_t i = 0; i < told_len; i++) {
		mixed += str_starts(told[i].text, "mixed_endpoints r");
		changed += str_starts(told[i].text, "changed");
		expiry += str_starts(told[i].text, "expiry");
	}
	/* Raised, repeated each day while it lasts, resolved; expiry raised, resolved only at the
	 * last address. */
	assert_in_range(mixed, 2, 9);
	assert_int_equal(changed, 0);
	assert_int_equal(expiry, 2);
	assert_told(told_len - 2, "expiry resolved warning");
	assert_told(told_len - 1, "mixed_endpoints resolved warning");
	assert_int_equal(told[told_len - 1].at, told[told_len - 2].at);
}

/* Never answers at all. */
static struct observation never(int64_t now UNUSED)
{
	return LOOK(sample_dead("10.0.0.1", OUTCOME_DNS_ERROR));
}

static void a_target_never_reached(void **state UNUSED)
{
	live(never, NOW + DAYS(30));
	assert_told(0, "never_seen first_look info");
	assert_int_equal(told_len, 1);
	/* Five a week. */
	assert_int_equal(looks, 25);
}

/* Six days long, renewed every two: as short as they come. */
static struct observation short_lived(int64_t now)
{
	int64_t n = (now - NOW) / DAYS(2);
	struct endpoint endpoint = sample_served("10.0.0.1", (char)('a' + n % 6),
						 NOW + DAYS(2) * n + DAYS(6));

	endpoint.cert.not_before = endpoint.cert.not_after - DAYS(6);
	return LOOK(endpoint);
}

static void a_short_lived_one_is_looked_at_often(void **state UNUSED)
{
	live(short_lived, NOW + DAYS(30));
	for (size_t i = 0; i < told_len; i++)
		assert_non_null(strstr(told[i].text, "changed"));
	/* Between 6 and 12 h. */
	assert_in_range(looks, 60, 121);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_forgotten_certificate), TEST(a_healthy_host_is_never_told_of),
		TEST(none_after_renewal),      TEST(a_dead_host),
		TEST(a_restart_wakes_nobody),  TEST(a_roll_out_is_one_alert),
		TEST(a_target_never_reached),  TEST(a_short_lived_one_is_looked_at_often),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
