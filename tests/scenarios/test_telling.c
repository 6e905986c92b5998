/*
 * What is told, to whom and how often: the promises of alerts.md, one scenario each.
 */
#include "tests/scenarios/scenario.h"

#include "daemon/keeper/batch.h"
#include "daemon/keeper/telling.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/rules/transition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define CROWD 300
#define ADDRESSES 4
#define WWW "www.example.org"
#define WWW_443 WWW ":443"

struct world {
	int64_t not_before, not_after;
	bool refusing;
	enum trust trust;
	bool rolling; /* www has four addresses, the first `moved` of them with a new certificate */
	size_t moved;
	size_t looks, crowd_looks;
	int64_t last_look;
};

static void answer_rolling(const struct world *world, const struct fake_cert *old, int64_t now,
			   struct look_result *result)
{
	struct fake_cert new = *old;

	new.serial = "02";
	new.not_before += 80 * MS_DAY;
	new.not_after += 80 * MS_DAY;
	for (size_t i = 0; i < ADDRESSES; i++) {
		/* In another order each time, as resolvers give them. */
		size_t n = (i + world->looks) % ADDRESSES;
		char address[16];

		snprintf(address, sizeof(address), "192.0.2.%zu", n + 1);
		fake_endpoint_ok(result, address, n < world->moved ? &new : old, now);
	}
}

/* h*.example.org expired yesterday; every other host is the world's. */
static void answer(void *arg, const struct target *target, int64_t now, struct look_result *result)
{
	struct world *world = arg;
	struct fake_cert cert = {.name = target->host,
				 .not_before = world->not_before,
				 .not_after = world->not_after,
				 .trust = world->trust};

	if (target->host[0] == 'h') {
		world->crowd_looks++;
		world->last_look = now;
		cert.not_before = now - 90 * MS_DAY;
		cert.not_after = now - MS_DAY;
		fake_endpoint_ok(result, "192.0.2.1", &cert, now);
		return;
	}
	world->looks++;
	if (world->refusing)
		fake_endpoint_failed(result, "192.0.2.1", OUTCOME_REFUSED, "connection refused",
				     now);
	else if (world->rolling)
		answer_rolling(world, &cert, now, result);
	else
		fake_endpoint_ok(result, "192.0.2.1", &cert, now);
}

/* A certificate of 90 days that is `age` old. */
static void begin(struct scenario *scenario, struct world *world, int64_t age, const char *yaml,
		  bool file_store)
{
	*world = (struct world){0};
	fake_lookers_script(answer, world);
	scenario_start(scenario, yaml, file_store);
	world->not_before = scenario->start - age;
	world->not_after = world->not_before + 90 * MS_DAY;
}

static void reload(struct scenario *scenario, const char *yaml)
{
	char *text = NULL;

	scenario_write_config(scenario, yaml, false);
	assert_true(keeper_reload(scenario->keeper, &text));
	mem_free(text);
}

/* ---- the store, asked and written as an operator would ------------------------------------- */

struct reading {
	struct alert alert;
	int64_t rev;
	bool done;
};

static void on_alert(void *arg, struct store_answer *answer)
{
	struct reading *reading = arg;
	struct err err = {0};
	json_t *json = json_parse(answer->docs[0].body, answer->docs[0].body_len, STORE_BODY_MAX,
				  &err);

	assert_true(json && alert_from_json(&reading->alert, json, &err));
	json_decref(json);
	reading->rev = answer->docs[0].rev;
	reading->done = true;
}

static void on_written(void *arg, struct store_answer *answer)
{
	bool *done = arg;

	assert_int_equal(answer->status, STORE_OK);
	*done = true;
}

static void write_batch(struct scenario *scenario, struct batch *batch)
{
	bool done = false;

	batch_commit(batch, scenario->keeper->store, on_written, &done);
	batch_finish(batch);
	while (!done)
		scenario_run(scenario, 1);
}

static void alert_id(enum alert_kind kind, const char *subject, char out[33])
{
	struct alert alert;

	alert_init(&alert);
	alert_name(&alert, "default", kind, subject, true);
	memcpy(out, alert.id, 33);
	alert_finish(&alert);
}

static void acknowledge(struct scenario *scenario, enum alert_kind kind, const char *subject)
{
	struct reading reading = {0};
	struct batch batch = {0};
	char id[33];
	struct store_key key = {.kind = KIND_ALERT, .id = id};
	int64_t now = clock_wall_ms();
	enum alert_event event;

	alert_id(kind, subject, id);
	store_get(scenario->keeper->store, &key, 1, on_alert, &reading);
	while (!reading.done)
		scenario_run(scenario, 1);
	event = transition_ack(&reading.alert, "alice", "known", TIME_UNKNOWN, now);
	assert_int_equal(event, EVENT_ACKNOWLEDGED);
	telling_add(scenario->keeper, &batch, &reading.alert, reading.rev, event, false, now);
	write_batch(scenario, &batch);
	alert_finish(&reading.alert);
}

/* ---- what was delivered -------------------------------------------------------------------- */

static size_t rows_of(const struct fake_delivery *delivery, const char *event)
{
	size_t count = 0, i;
	json_t *row;

	json_array_foreach(delivery->alerts, i, row)
		count += str_eq(json_get_str(row, "event"), event);
	return count;
}

static size_t told_by(const char *notifier, const char *event)
{
	size_t count = 0;

	for (size_t i = 0; i < fake_deliveries_len; i++)
		if (str_eq(fake_deliveries[i].notifier, notifier))
			count += rows_of(&fake_deliveries[i], event);
	return count;
}

/* The first delivery that holds such an event, and how many do. */
static const struct fake_delivery *delivery_of(const char *event, size_t *count)
{
	const struct fake_delivery *first = NULL;

	*count = 0;
	for (size_t i = 0; i < fake_deliveries_len; i++) {
		if (rows_of(&fake_deliveries[i], event) == 0)
			continue;
		first = first ? first : &fake_deliveries[i];
		++*count;
	}
	return first;
}

static const char *text_of(const struct fake_delivery *delivery)
{
	return json_get_str(json_array_get(delivery->alerts, 0), "text");
}

/* ---- acknowledge, repeat, resolve ---------------------------------------------------------- */

/* The second threshold is silent under the acknowledgement; the critical one breaks it. */
static void a_rise_breaks_the_acknowledgement(void **state)
{
	struct scenario scenario;
	struct world world;

	(void)state;
	begin(&scenario, &world, 0, "targets: [" WWW "]", false);
	scenario_run(&scenario, 68 * MS_DAY);
	assert_int_equal(fake_told("raised", "expiry", NULL), 1);
	acknowledge(&scenario, ALERT_KIND_EXPIRY, WWW_443);
	scenario_run(&scenario, 12 * MS_DAY);
	assert_int_equal(fake_told("repeated", "expiry", NULL), 0);
	assert_int_equal(fake_told("acknowledged", "expiry", NULL), 1);
	assert_string_equal(scenario_alert_status(&scenario, "expiry", WWW_443), "acknowledged");
	scenario_run(&scenario, 5 * MS_DAY);
	assert_int_equal(fake_told("escalated", "expiry", NULL), 1);
	assert_string_equal(scenario_alert_status(&scenario, "expiry", WWW_443), "firing");
	assert_int_equal(scenario.errors, 0);
	scenario_finish(&scenario);
}

static void repeats_until_acknowledged(void **state)
{
	struct scenario scenario;
	struct world world;
	size_t critical;

	(void)state;
	begin(&scenario, &world, 100 * MS_DAY, "targets: [" WWW "]", false);
	world.trust = TRUST_SELF_SIGNED;
	scenario_run(&scenario, 10 * MS_DAY);
	assert_int_equal(fake_told("first_look", "expiry", NULL), 1);
	assert_int_equal(fake_told("first_look", "self_signed", NULL), 1);
	/* Every four hours, and every day, a tenth more or less. */
	assert_in_range(fake_told("repeated", "expiry", NULL), 54, 67);
	assert_in_range(fake_told("repeated", "self_signed", NULL), 8, 11);
	acknowledge(&scenario, ALERT_KIND_EXPIRY, WWW_443);
	critical = fake_told("repeated", "expiry", NULL);
	scenario_run(&scenario, 2 * MS_DAY);
	assert_int_equal(fake_told("repeated", "expiry", NULL), critical);
	assert_in_range(fake_told("repeated", "self_signed", NULL), 10, 13);
	scenario_finish(&scenario);
}

/* An expired certificate is told again while its host rests; that it is unreachable is not. */
static void a_resting_host_is_not_repeated(void **state)
{
	struct scenario scenario;
	struct world world;

	(void)state;
	begin(&scenario, &world, 0, "targets: [" WWW "]", false);
	scenario_run(&scenario, 91 * MS_DAY);
	world.refusing = true;
	scenario_run(&scenario, MS_DAY);
	assert_int_equal(fake_told("raised", "unreachable", NULL), 1);
	assert_in_range(fake_told("repeated", "expiry", NULL), 5, 14);
	assert_int_equal(fake_told("repeated", "unreachable", NULL), 0);
	scenario_finish(&scenario);
}

static void write_two_notifiers(const struct scenario *scenario)
{
	FILE *file = fopen(scenario->config_file, "w");

	assert_non_null(file);
	fputs("store: \"sqlite::memory:\"\ninstance: {name: here}\ntargets: [" WWW "]\n"
	      "notifiers: {hook: {type: webhook, url: \"http://127.0.0.1:9/\"}, "
	      "late: {type: webhook, url: \"http://127.0.0.1:9/\"}}\n",
	      file);
	fclose(file);
}

static void a_resolve_goes_where_the_raise_went(void **state)
{
	struct scenario scenario;
	struct world world;
	char *text = NULL;

	(void)state;
	begin(&scenario, &world, 0, "targets: [" WWW "]", false);
	scenario_run(&scenario, 68 * MS_DAY);
	assert_int_equal(told_by("hook", "raised"), 1);
	write_two_notifiers(&scenario);
	assert_true(keeper_reload(scenario.keeper, &text));
	mem_free(text);
	world.not_before = clock_wall_ms();
	world.not_after = world.not_before + 90 * MS_DAY;
	scenario_run(&scenario, 3 * MS_DAY);
	assert_int_equal(told_by("hook", "resolved"), 1);
	assert_int_equal(told_by("late", "resolved"), 0);
	scenario_finish(&scenario);
}

static void a_removed_target_is_told_once(void **state)
{
	struct scenario scenario;
	struct world world;
	const struct fake_delivery *delivery;
	size_t count;

	(void)state;
	begin(&scenario, &world, 100 * MS_DAY, "targets: [" WWW ", b.example.org]", false);
	scenario_run(&scenario, MS_HOUR);
	assert_int_equal(fake_told("first_look", "expiry", NULL), 2);
	reload(&scenario, "targets: [b.example.org]");
	scenario_run(&scenario, 3 * MS_DAY);
	delivery = delivery_of("resolved", &count);
	assert_int_equal(count, 1);
	assert_int_equal(fake_told("resolved", NULL, NULL), 1);
	assert_int_equal(fake_told("resolved", "expiry", WWW_443), 1);
	assert_string_equal(json_get_str(json_array_get(delivery->alerts, 0), "reason"), "removed");
	assert_null(scenario_target(&scenario, WWW_443));
	scenario_finish(&scenario);
}

/* Four addresses take the new certificate one after the other, two days apart. */
static void a_rollout_is_one_mixed_endpoints(void **state)
{
	struct scenario scenario;
	struct world world;

	(void)state;
	begin(&scenario, &world, 0, "targets: [" WWW "]", false);
	world.rolling = true;
	scenario_run(&scenario, 68 * MS_DAY);
	assert_int_equal(fake_told("raised", "expiry", NULL), 1);
	for (world.moved = 1; world.moved < ADDRESSES; world.moved++) {
		scenario_run(&scenario, 50 * MS_HOUR);
		assert_string_equal(scenario_alert_status(&scenario, "mixed_endpoints", WWW_443),
				    "firing");
		assert_string_equal(scenario_alert_status(&scenario, "expiry", WWW_443), "firing");
	}
	assert_int_equal(fake_told("resolved", NULL, NULL), 0);
	scenario_run(&scenario, 3 * MS_DAY);
	assert_int_equal(fake_told("raised", "mixed_endpoints", NULL), 1);
	assert_int_equal(fake_told("resolved", "mixed_endpoints", NULL), 1);
	assert_int_equal(fake_told("raised", "expiry", NULL), 1);
	assert_int_equal(fake_told("resolved", "expiry", NULL), 1);
	scenario_finish(&scenario);
}

/* ---- delivery ------------------------------------------------------------------------------ */

static enum delivery_status by_flag(void *arg, const char *notifier, size_t nth)
{
	const bool *down = arg;

	(void)notifier;
	(void)nth;
	return *down ? DELIVERY_RETRY : DELIVERY_DONE;
}

static void a_late_delivery_is_rendered_anew(void **state)
{
	struct scenario scenario;
	struct world world;
	bool down = true;
	const struct fake_delivery *first, *last;

	(void)state;
	begin(&scenario, &world, 0, "targets: [" WWW "]", false);
	world.not_before = scenario.start - 89 * MS_DAY;
	world.not_after = scenario.start + 20 * MS_HOUR;
	fake_notifier_script(by_flag, &down);
	scenario_run(&scenario, 3 * MS_HOUR);
	assert_true(fake_deliveries_len > 20);
	down = false;
	scenario_run(&scenario, 10 * MS_MINUTE);
	first = &fake_deliveries[0];
	last = &fake_deliveries[fake_deliveries_len - 1];
	assert_int_equal(last->status, DELIVERY_DONE);
	assert_string_equal(first->id, last->id);
	assert_string_not_equal(text_of(first), text_of(last));
	assert_int_equal(fake_told(NULL, NULL, NULL), 1);
	scenario_finish(&scenario);
}

static void a_restart_keeps_the_delivery_id(void **state)
{
	struct scenario scenario;
	struct world world;
	bool down = true;
	size_t before;

	(void)state;
	begin(&scenario, &world, 100 * MS_DAY, "targets: [" WWW "]", true);
	fake_notifier_script(by_flag, &down);
	scenario_run(&scenario, 2 * MS_MINUTE);
	assert_true(fake_deliveries_len > 0);
	before = fake_deliveries_len;
	scenario_stop(&scenario);
	down = false;
	scenario_continue(&scenario);
	scenario_run(&scenario, 10 * MS_MINUTE);
	assert_int_equal(fake_deliveries_len, before + 1);
	assert_string_equal(fake_deliveries[before].id, fake_deliveries[0].id);
	assert_int_equal(fake_told("first_look", "expiry", WWW_443), 1);
	scenario_finish(&scenario);
}

/* A store whose commits are away, in front of the real one. */
struct away_call {
	struct store_call call;
	struct deferred *turn;
	store_done_fn *done;
	void *arg;
};
static struct store_ops away_ops;
static const struct store_ops *real_ops;

static void away_answer(void *arg)
{
	struct away_call *call = arg;
	struct store_answer answer = {.status = STORE_AWAY};
	store_done_fn *done = call->done;
	void *owner = call->arg;

	mem_free(call);
	done(owner, &answer);
}

static struct store_call *away_commit(struct store *store, const struct store_commit *commit,
				      store_done_fn *done, void *arg)
{
	struct away_call *call = MEM_NEW(struct away_call);

	(void)commit;
	call->call.store = store;
	call->done = done;
	call->arg = arg;
	call->turn = loop_defer(store->loop, away_answer, call);
	return &call->call;
}

static void store_goes_away(struct scenario *scenario)
{
	if (scenario->keeper->store->ops == &away_ops)
		return;
	real_ops = scenario->keeper->store->ops;
	away_ops = *real_ops;
	away_ops.commit = away_commit;
	scenario->keeper->store->ops = &away_ops;
}

static enum delivery_status away_while_sending(void *arg, const char *notifier, size_t nth)
{
	(void)notifier;
	(void)nth;
	store_goes_away(arg);
	return DELIVERY_DONE;
}

/* What was confirmed is remembered until the store is back, and not sent again. */
static void the_store_goes_away_behind_a_delivery(void **state)
{
	struct scenario scenario;
	struct world world;

	(void)state;
	begin(&scenario, &world, 100 * MS_DAY, "targets: [" WWW "]", false);
	fake_notifier_script(away_while_sending, &scenario);
	while (fake_deliveries_len == 0)
		scenario_run(&scenario, MS_SECOND);
	scenario_run(&scenario, 20 * MS_SECOND);
	scenario.keeper->store->ops = real_ops;
	scenario_run(&scenario, MS_HOUR);
	assert_int_equal(fake_deliveries_len, 1);
	scenario_finish(&scenario);
}

/* Work that is given up with its lease leaves nothing behind (the sanitizer counts). */
static void the_store_stays_away(void **state)
{
	struct scenario scenario;
	struct world world;

	(void)state;
	begin(&scenario, &world, 100 * MS_DAY, "targets: [" WWW "]", false);
	fake_notifier_script(away_while_sending, &scenario);
	while (fake_deliveries_len == 0)
		scenario_run(&scenario, MS_SECOND);
	scenario_run(&scenario, 10 * MS_MINUTE);
	scenario.keeper->store->ops = real_ops;
	fake_notifier_script(NULL, NULL);
	scenario_run(&scenario, MS_HOUR);
	for (size_t i = 1; i < fake_deliveries_len; i++)
		assert_string_equal(fake_deliveries[0].id, fake_deliveries[i].id);
	scenario_finish(&scenario);
}

/* ---- first looks --------------------------------------------------------------------------- */

static char *crowd(const char *more)
{
	struct buf text;
	char *yaml;

	buf_init(&text, 1024 * 1024);
	buf_printf(&text, "probe: {rate: 3}\ntargets:\n - %s\n", more);
	for (size_t i = 0; i < CROWD; i++)
		buf_printf(&text, " - h%zu.example.org\n", i);
	yaml = buf_take(&text);
	buf_finish(&text);
	return yaml;
}

/* 300 expired ones added at once, looked at within 100 s: one message. */
static void a_crowd_is_one_digest(void **state)
{
	struct scenario scenario;
	struct world world;
	const struct fake_delivery *digest;
	char *yaml = crowd(WWW);
	size_t count;

	(void)state;
	begin(&scenario, &world, 0, "targets: [" WWW "]", false);
	scenario_run(&scenario, MS_DAY);
	reload(&scenario, yaml);
	scenario_run(&scenario, 10 * MS_MINUTE);
	assert_int_equal(world.crowd_looks, CROWD);
	digest = delivery_of("first_look", &count);
	assert_int_equal(count, 1);
	assert_int_equal(json_array_size(digest->alerts), CROWD);
	scenario_finish(&scenario);
	mem_free(yaml);
}

static void an_escalation_does_not_wait_for_it(void **state)
{
	struct scenario scenario;
	struct world world;
	const struct fake_delivery *digest, *escalation;
	char *yaml = crowd(WWW);
	int64_t crossing;
	size_t count;

	(void)state;
	begin(&scenario, &world, 0, "targets: [" WWW "]", false);
	crossing = world.not_after - 90 * MS_DAY / 16;
	scenario_run(&scenario, crossing - clock_wall_ms() - 30 * MS_SECOND);
	reload(&scenario, yaml);
	scenario_run(&scenario, 10 * MS_MINUTE);
	escalation = delivery_of("escalated", &count);
	assert_int_equal(count, 1);
	assert_in_range(escalation->at, crossing, crossing + 5 * MS_SECOND);
	digest = delivery_of("first_look", &count);
	assert_int_equal(count, 1);
	assert_int_equal(rows_of(digest, "first_look"), CROWD);
	assert_true(digest->at > escalation->at);
	scenario_finish(&scenario);
	mem_free(yaml);
}

/* ---- and the rest -------------------------------------------------------------------------- */

/* All are due at once behind a gate of three a second: none is forgotten behind it. */
static void a_shut_gate_opens_again(void **state)
{
	struct scenario scenario;
	struct world world;
	char *yaml = crowd(WWW), *other;
	int64_t start;

	(void)state;
	begin(&scenario, &world, 0, yaml, false);
	scenario_run(&scenario, 10 * MS_MINUTE);
	assert_int_equal(world.crowd_looks, CROWD);
	other = str_printf("%s\nalerts: {repeat: 30h}\n", yaml);
	start = clock_wall_ms();
	reload(&scenario, other);
	scenario_run(&scenario, 5 * MS_MINUTE);
	assert_int_equal(world.crowd_looks, 2 * CROWD);
	assert_in_range(world.last_look, start, start + 2 * MS_MINUTE);
	scenario_finish(&scenario);
	mem_free(other);
	mem_free(yaml);
}

/* A damaged alert document is begun anew, not judged against for ever. */
static void a_damaged_alert_is_begun_anew(void **state)
{
	struct scenario scenario;
	struct world world;
	struct batch batch = {0};
	json_t *junk = json_object();
	char id[33];

	(void)state;
	begin(&scenario, &world, 100 * MS_DAY, "targets: [b.example.org]", false);
	scenario_run(&scenario, MS_HOUR);
	alert_id(ALERT_KIND_EXPIRY, WWW_443, id);
	batch_put(&batch, KIND_ALERT, id, junk);
	json_decref(junk);
	write_batch(&scenario, &batch);
	reload(&scenario, "targets: [b.example.org, " WWW "]");
	scenario_run(&scenario, MS_HOUR);
	assert_true(scenario.keeper->counters.conflicts < 5);
	assert_string_equal(scenario_alert_status(&scenario, "expiry", WWW_443), "firing");
	scenario_finish(&scenario);
}

/* What an earlier process said about the clock and the network does not stand for ever. */
static void a_restart_takes_back_what_is_over(void **state)
{
	struct scenario scenario;
	struct world world;

	(void)state;
	begin(&scenario, &world, 0,
	      "targets: [a.example.org, b.example.org, c.example.org, d.example.org, "
	      "e.example.org, f.example.org]",
	      true);
	scenario_run(&scenario, MS_DAY);
	world.refusing = true;
	clock_virtual_jump_wall(2 * MS_HOUR);
	scenario_run(&scenario, 6 * MS_MINUTE);
	assert_string_equal(scenario_alert_status(&scenario, "clock", "instance/here"), "firing");
	scenario_stop(&scenario);
	world.refusing = false;
	scenario_continue(&scenario);
	scenario_run(&scenario, MS_HOUR);
	assert_string_equal(scenario_alert_status(&scenario, "clock", "instance/here"), "resolved");
	assert_string_not_equal(scenario_alert_status(&scenario, "network", "zone/default"),
				"firing");
	scenario_finish(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rise_breaks_the_acknowledgement),
		cmocka_unit_test(repeats_until_acknowledged),
		cmocka_unit_test(a_resting_host_is_not_repeated),
		cmocka_unit_test(a_resolve_goes_where_the_raise_went),
		cmocka_unit_test(a_removed_target_is_told_once),
		cmocka_unit_test(a_rollout_is_one_mixed_endpoints),
		cmocka_unit_test(a_late_delivery_is_rendered_anew),
		cmocka_unit_test(a_restart_keeps_the_delivery_id),
		cmocka_unit_test(the_store_goes_away_behind_a_delivery),
		cmocka_unit_test(the_store_stays_away),
		cmocka_unit_test(a_crowd_is_one_digest),
		cmocka_unit_test(an_escalation_does_not_wait_for_it),
		cmocka_unit_test(a_shut_gate_opens_again),
		cmocka_unit_test(a_damaged_alert_is_begun_anew),
		cmocka_unit_test(a_restart_takes_back_what_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
