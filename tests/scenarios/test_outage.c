/*
 * When it is us and not them: the uplink, the resolver, the daemon itself, the clock.
 */
#include "tests/scenarios/scenario.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TARGETS 300

struct world {
	int64_t not_before, not_after;
	enum { WORLD_UP, WORLD_NO_UPLINK, WORLD_NO_RESOLVER } state;
	int64_t last_ok[TARGETS], last_failed[TARGETS];
	size_t looks;
};

static void answer(void *arg, const struct target *target, int64_t now, struct look_result *result)
{
	struct world *world = arg;
	size_t i = (size_t)strtoul(target->host + 1, NULL, 10);
	struct fake_cert cert = {.name = target->host,
				 .not_before = world->not_before,
				 .not_after = world->not_after};

	world->looks++;
	switch (world->state) {
	case WORLD_UP:
		world->last_ok[i] = now;
		fake_endpoint_ok(result, "192.0.2.1", &cert, now);
		return;
	case WORLD_NO_UPLINK:
		fake_endpoint_failed(result, "192.0.2.1", OUTCOME_TIMEOUT, "no answer in time",
				     now);
		break;
	case WORLD_NO_RESOLVER:
		result->observation.ours = true;
		fake_endpoint_failed(result, "", OUTCOME_DNS_ERROR, "the resolver is silent", now);
		break;
	}
	world->last_failed[i] = now;
}

static char *targets(size_t count, const char *more)
{
	struct buf text;
	char *yaml;

	buf_init(&text, 1024 * 1024);
	buf_printf(&text, "%s\ntargets:\n", more);
	for (size_t i = 0; i < count; i++)
		buf_printf(&text, " - h%zu.example.org\n", i);
	yaml = buf_take(&text);
	buf_finish(&text);
	return yaml;
}

static void begin(struct scenario *scenario, struct world *world, size_t count, const char *more,
		  bool file_store)
{
	char *yaml = targets(count, more);

	*world = (struct world){0};
	fake_lookers_script(answer, world);
	world->not_before = clock_wall_ms();
	scenario_start(scenario, yaml, file_store);
	world->not_before = scenario->start - 10 * MS_DAY;
	world->not_after = scenario->start + 380 * MS_DAY;
	mem_free(yaml);
}

/* Two hours without uplink or resolver: one alert, no attempt used, all looked at within ten
 * minutes. */
static void two_hours_without(int state)
{
	struct scenario scenario;
	struct world world;
	int64_t end;
	size_t failed = 0;

	begin(&scenario, &world, TARGETS, "", false);
	scenario_run(&scenario, 10 * MS_DAY);
	world.state = state;
	scenario_run(&scenario, 2 * MS_HOUR);
	world.state = WORLD_UP;
	end = clock_wall_ms();
	assert_string_equal(scenario_alert_status(&scenario, "network", "zone/default"), "firing");
	scenario_run(&scenario, 10 * MS_MINUTE);
	for (size_t i = 0; i < TARGETS; i++) {
		if (world.last_failed[i] == 0)
			continue;
		failed++;
		assert_in_range(world.last_ok[i], end, end + 10 * MS_MINUTE);
	}
	assert_true(failed > 5);
	scenario_run(&scenario, MS_DAY);
	assert_int_equal(fake_told("raised", "network", NULL), 1);
	assert_int_equal(fake_told("resolved", "network", NULL), 1);
	assert_int_equal(fake_told(NULL, "unreachable", NULL), 0);
	scenario_finish(&scenario);
}

static void uplink_away(void **state)
{
	(void)state;
	two_hours_without(WORLD_NO_UPLINK);
}

static void resolver_away(void **state)
{
	(void)state;
	two_hours_without(WORLD_NO_RESOLVER);
}

/* All thresholds are crossed while there is no daemon: one message, the lowest, and since when. */
static void a_week_of_absence(void **state)
{
	struct scenario scenario;
	struct world world;
	int64_t left;

	(void)state;
	begin(&scenario, &world, 1, "", true);
	world.not_before = scenario.start;
	world.not_after = scenario.start + 20 * MS_DAY;
	scenario_run(&scenario, 14 * MS_DAY);
	assert_int_equal(fake_told(NULL, "expiry", NULL), 0);
	scenario_stop(&scenario);
	left = clock_wall_ms();
	/* Timers of a dead daemon do not ring; the clock goes on. */
	clock_virtual_advance(7 * MS_DAY);
	scenario_continue(&scenario);
	scenario_run(&scenario, MS_HOUR);
	assert_int_equal(fake_told(NULL, "expiry", NULL), 1);
	assert_int_equal(fake_told("raised", "expiry", "h0.example.org:443"), 1);
	assert_in_range(fake_deliveries[0].away_from, left - MS_MINUTE, left);
	assert_in_range(fake_deliveries[0].away_to, left + 7 * MS_DAY, left + 7 * MS_DAY + 1000);
	scenario_finish(&scenario);
}

/* The wall clock leaps ten years ahead: one clock alert, and no host is said to have expired at
 * once. */
static void the_clock_jumps(void **state)
{
	struct scenario scenario;
	struct world world;

	(void)state;
	begin(&scenario, &world, 5, "", false);
	scenario_run(&scenario, MS_DAY);
	world.looks = 0;
	clock_virtual_jump_wall(3 * 365 * MS_DAY);
	scenario_run(&scenario, MS_SECOND);
	assert_int_equal(fake_told(NULL, "expiry", NULL), 0);
	assert_string_equal(scenario_alert_status(&scenario, "clock", "instance/here"), "firing");
	clock_virtual_jump_wall(-3 * 365 * MS_DAY);
	scenario_run(&scenario, MS_HOUR);
	/* Looked at again soon, though every due time was written by the other clock. */
	assert_true(world.looks >= 10);
	assert_int_equal(fake_told(NULL, "expiry", NULL), 0);
	assert_string_equal(scenario_alert_status(&scenario, "clock", "instance/here"), "resolved");
	scenario_finish(&scenario);
}

/* A notifier that refuses is parked after three tries and told to the other; one that fails is
 * tried on. */
static enum delivery_status refuse_hook(void *arg, const char *notifier, size_t nth)
{
	(void)arg;
	(void)nth;
	return strcmp(notifier, "hook") == 0 ? DELIVERY_REFUSED : DELIVERY_DONE;
}

static void a_notifier_refuses(void **state)
{
	struct scenario scenario;
	struct world world;
	size_t tries = 0;

	(void)state;
	begin(&scenario, &world, 1, "", false);
	world.not_after = scenario.start - MS_DAY;
	scenario_write_config(&scenario, "targets: [h0.example.org]", false);
	fake_notifier_script(refuse_hook, NULL);
	scenario_run(&scenario, 30 * MS_MINUTE);
	for (size_t i = 0; i < fake_deliveries_len; i++)
		tries += strcmp(fake_deliveries[i].notifier, "hook") == 0;
	assert_int_equal(tries, 3);
	assert_string_equal(fake_deliveries[0].id, fake_deliveries[2].id);
	assert_string_equal(scenario_alert_status(&scenario, "notifier", "notifier/hook"),
			    "firing");
	scenario_finish(&scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uplink_away),	      cmocka_unit_test(resolver_away),
		cmocka_unit_test(a_week_of_absence),  cmocka_unit_test(the_clock_jumps),
		cmocka_unit_test(a_notifier_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
