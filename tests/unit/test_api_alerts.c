/*
 * Alerts over the API: what stands and in which order, what has ended, acknowledging and taking
 * that back by every name an alert has, and the history that all this leaves.
 */
#include "tests/unit/api_bed.h"

#include "daemon/keeper/api_inside.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#define HOSTS                            \
	"alerts: {first_look: normal}\n" \
	"targets: [soon.example.org, old.example.org, fine.example.org]"

struct world {
	bool renewed;
};

/* soon: 10 days left, a warning; old: ended yesterday, critical. */
static void answer(void *arg, const struct target *target, int64_t now, struct look_result *result)
{
	const struct world *world = arg;
	struct fake_cert cert = {.name = target->host, .not_before = now - 80 * MS_DAY};
	int64_t days = str_starts(target->host, "soon.")  ? 10
		       : str_starts(target->host, "old.") ? -1
							  : 200;

	if (world->renewed)
		days = 300;
	cert.not_after = now - now % MS_SECOND + days * MS_DAY + MS_HOUR;
	fake_endpoint_ok(result, "192.0.2.1", &cert, now);
}

static void begin(struct api_bed *bed, struct world *world)
{
	*world = (struct world){0};
	fake_lookers_script(answer, world);
	api_bed_start(bed, HOSTS);
	api_bed_run(bed, 2 * MS_MINUTE);
}

static struct reply post(struct api_bed *bed, const char *path, const char *body)
{
	return api_bed_ask(bed, "POST", path, NULL, body);
}

static int post_status(struct api_bed *bed, const char *path, const char *body)
{
	struct reply reply = post(bed, path, body);
	int status = reply.status;

	reply_finish(&reply);
	return status;
}

static const char *own_name(void)
{
	struct passwd *entry = getpwuid(getuid());

	return entry ? entry->pw_name : "?";
}

static void worst_first(void **state)
{
	struct api_bed bed;
	struct world world;
	json_t *json;

	(void)state;
	begin(&bed, &world);
	json = api_bed_get(&bed, "/api/v1/alerts");
	assert_string_equal(str_at(json, "schema"), "expiryd.alerts/1");
	assert_int_equal(int_at(json, "total"), 2);
	assert_string_equal(str_at(json, "rows/0/target"), "old.example.org:443");
	assert_string_equal(str_at(json, "rows/0/severity"), "critical");
	assert_string_equal(str_at(json, "rows/0/kind"), "expiry");
	assert_string_equal(str_at(json, "rows/0/status"), "firing");
	assert_string_equal(str_at(json, "rows/1/target"), "soon.example.org:443");
	assert_string_equal(str_at(json, "rows/1/severity"), "warning");
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/alerts?word=SOON");
	assert_int_equal(json_array_size(json_at(json, "rows")), 1);
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/alerts?word=critical");
	assert_int_equal(json_array_size(json_at(json, "rows")), 1);
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/status");
	assert_int_equal(int_at(json, "alerts/critical"), 1);
	assert_int_equal(int_at(json, "alerts/warning"), 1);
	assert_int_equal(int_at(json, "alerts/acknowledged"), 0);
	assert_int_equal(int_at(json, "expiring/expired"), 1);
	assert_int_equal(int_at(json, "expiring/30d"), 2);
	json_decref(json);
	api_bed_finish(&bed);
}

static void the_ended_are_in_all(void **state)
{
	struct api_bed bed;
	struct world world;
	json_t *json;
	char path[256];

	(void)state;
	begin(&bed, &world);
	world.renewed = true;
	assert_int_equal(
		post_status(&bed, "/api/v1/recheck", "{\"targets\":[\"old.example.org\"]}"), 200);
	api_bed_run(&bed, MS_MINUTE);
	/* That it changed is an alert of its own. */
	json = api_bed_get(&bed, "/api/v1/alerts?word=old.");
	assert_int_equal(int_at(json, "total"), 1);
	assert_string_equal(str_at(json, "rows/0/kind"), "changed");
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/alerts?all=1");
	assert_int_equal(int_at(json, "total"), 3);
	json_decref(json);
	/* A limit that falls between two stages. */
	json = api_bed_get(&bed, "/api/v1/alerts?all=1&limit=2");
	assert_string_equal(str_at(json, "rows/0/status"), "firing");
	assert_string_equal(str_at(json, "rows/1/status"), "firing");
	snprintf(path, sizeof(path), "/api/v1/alerts?all=1&limit=2&cursor=%s",
		 str_at(json, "next"));
	json_decref(json);
	json = api_bed_get(&bed, path);
	assert_int_equal(json_array_size(json_at(json, "rows")), 1);
	assert_string_equal(str_at(json, "rows/0/status"), "resolved");
	assert_string_equal(str_at(json, "rows/0/reason"), "proved");
	assert_true(json_is_null(json_at(json, "next")));
	json_decref(json);
	api_bed_finish(&bed);
}

/* Acknowledges by KEY, sees that exactly `target`'s alert is, and takes it back. */
static void assert_acknowledges(struct api_bed *bed, const char *key, const char *target)
{
	char path[512];
	struct reply reply;
	json_t *json;

	snprintf(path, sizeof(path), "/api/v1/alerts/%s/ack", key);
	reply = post(bed, path, "{\"for_s\":3600,\"why\":\"known\"}");
	if (reply.status != 200)
		fail_msg("%s: %d %s", path, reply.status, reply.body);
	assert_int_equal(json_array_size(json_at(reply.json, "acknowledged")), 1);
	assert_string_equal(str_at(reply.json, "acknowledged/0/target"), target);
	assert_string_equal(str_at(reply.json, "acknowledged/0/status"), "acknowledged");
	assert_string_equal(str_at(reply.json, "acknowledged/0/acknowledged/by"), own_name());
	assert_string_equal(str_at(reply.json, "acknowledged/0/acknowledged/why"), "known");
	assert_non_null(str_at(reply.json, "acknowledged/0/acknowledged/until"));
	reply_finish(&reply);
	json = api_bed_get(bed, "/api/v1/status");
	assert_int_equal(int_at(json, "alerts/acknowledged"), 1);
	json_decref(json);
	snprintf(path, sizeof(path), "/api/v1/alerts/%s/unack", key);
	reply = post(bed, path, NULL);
	assert_int_equal(reply.status, 200);
	assert_string_equal(str_at(reply.json, "acknowledged/0/status"), "firing");
	reply_finish(&reply);
	/* Of one alert it is said what it is; of a target only that there is none. */
	assert_int_equal(post_status(bed, path, NULL),
			 strstr(key, "expiry") || !strchr(key, '.') ? 409 : 404);
}

static void by_every_name(void **state)
{
	struct api_bed bed;
	struct world world;
	char id[33], target_id[33];
	json_t *json;

	(void)state;
	begin(&bed, &world);
	json = api_bed_get(&bed, "/api/v1/alerts");
	str_copy(id, sizeof(id), str_at(json, "rows/0/id"));
	str_copy(target_id, sizeof(target_id), str_at(json, "rows/0/target_id"));
	json_decref(json);
	assert_acknowledges(&bed, id, "old.example.org:443");
	id[16] = '\0';
	assert_acknowledges(&bed, id, "old.example.org:443");
	id[8] = '\0';
	assert_acknowledges(&bed, id, "old.example.org:443");
	assert_acknowledges(&bed, "old.example.org", "old.example.org:443");
	assert_acknowledges(&bed, "soon.example.org%3A443%2Fexpiry", "soon.example.org:443");
	assert_acknowledges(&bed, "soon.example.org:443/expiry", "soon.example.org:443");
	assert_int_equal(post_status(&bed, "/api/v1/alerts/old.example.org/changed/ack", NULL),
			 404);
	assert_int_equal(post_status(&bed, "/api/v1/alerts/fine.example.org/ack", NULL), 404);
	assert_int_equal(post_status(&bed, "/api/v1/alerts/unknown.example.org/ack", NULL), 404);
	assert_int_equal(post_status(&bed, "/api/v1/alerts/0123456789abcdef/ack", NULL), 404);
	assert_int_equal(post_status(&bed, "/api/v1/alerts/notifier%2Fhook/ack", NULL), 404);
	assert_int_equal(post_status(&bed, "/api/v1/alerts/old.example.org", NULL), 404);
	assert_int_equal(post_status(&bed, "/api/v1/alerts/old.example.org/hush", NULL), 404);
	/* By the id of the target, as of every target. */
	{
		char path[128];

		snprintf(path, sizeof(path), "/api/v1/alerts/%s/ack", target_id);
		assert_int_equal(post_status(&bed, path, "{}"), 200);
	}
	api_bed_finish(&bed);
}

static void the_body_is_checked(void **state)
{
	static const char *const path = "/api/v1/alerts/old.example.org/ack";
	static const char *const bodies[] = {"{\"for_s\":0}",		"{\"for_s\":-5}",
					     "{\"for_s\":\"1h\"}",	"{\"for_s\":1.5}",
					     "{\"for_s\":99999999999}", "{\"why\":7}",
					     "{\"for\":3600}",		"\"x\""};
	struct api_bed bed;
	struct world world;

	(void)state;
	begin(&bed, &world);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
		assert_int_equal(post_status(&bed, path, bodies[i]), 400);
	assert_int_equal(post_status(&bed, path, "{\"for_s\":null,\"why\":null}"), 200);
	api_bed_finish(&bed);
}

static void acknowledged_is_told_and_remembered(void **state)
{
	struct api_bed bed;
	struct world world;
	json_t *json;

	(void)state;
	begin(&bed, &world);
	assert_int_equal(
		post_status(&bed, "/api/v1/alerts/old.example.org/ack", "{\"why\":\"known\"}"),
		200);
	api_bed_run(&bed, 2 * MS_MINUTE);
	assert_int_equal(fake_told("acknowledged", "expiry", "old.example.org:443"), 2);
	json = api_bed_get(&bed, "/api/v1/targets?word=old.");
	assert_true(json_is_true(json_at(json, "rows/0/acknowledged")));
	assert_string_equal(str_at(json, "rows/0/alert_status"), "acknowledged");
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/events?target=old.example.org");
	assert_string_equal(str_at(json, "rows/0/event"), "acknowledged");
	assert_string_equal(str_at(json, "rows/0/actor"), own_name());
	json_decref(json);
	/* Nobody is reminded of what is acknowledged until it is resolved. */
	api_bed_run(&bed, 3 * MS_DAY);
	assert_int_equal(fake_told("repeated", "expiry", "old.example.org:443"), 0);
	api_bed_finish(&bed);
}

/* The target is looked at when the acknowledgement ends, not when it would have been anyway. */
static void it_speaks_again_when_the_time_is_over(void **state)
{
	struct api_bed bed;
	struct world world;

	(void)state;
	begin(&bed, &world);
	assert_int_equal(
		post_status(&bed, "/api/v1/alerts/soon.example.org/ack", "{\"for_s\":3600}"), 200);
	api_bed_run(&bed, 59 * MS_MINUTE);
	assert_int_equal(fake_told("repeated", "expiry", "soon.example.org:443"), 0);
	api_bed_run(&bed, 4 * MS_MINUTE);
	assert_int_equal(fake_told("repeated", "expiry", "soon.example.org:443"), 2);
	api_bed_finish(&bed);
}

static void taken_back_it_speaks_after_a_look(void **state)
{
	struct api_bed bed;
	struct world world;
	json_t *json;

	(void)state;
	begin(&bed, &world);
	assert_int_equal(post_status(&bed, "/api/v1/alerts/old.example.org/ack", NULL), 200);
	api_bed_run(&bed, 2 * MS_MINUTE);
	assert_int_equal(post_status(&bed, "/api/v1/alerts/old.example.org/unack", NULL), 200);
	json = api_bed_get(&bed, "/api/v1/events?target=old.example.org&limit=1");
	assert_string_equal(str_at(json, "rows/0/what"), "unacknowledged");
	json_decref(json);
	api_bed_run(&bed, 2 * MS_MINUTE);
	assert_int_equal(fake_told("repeated", "expiry", "old.example.org:443"), 2);
	api_bed_finish(&bed);
}

/* A look commits between reading and committing: read again, nothing is lost. */
static void a_conflict_is_read_again(void **state)
{
	struct api_bed bed;
	struct world world;

	(void)state;
	begin(&bed, &world);
	for (int turns = 0; turns < 40; turns++) {
		int fd;

		assert_int_equal(post_status(&bed, "/api/v1/recheck",
					     "{\"targets\":[\"soon.example.org\"]}"),
				 200);
		fd = api_bed_ask_only(&bed, "POST", "/api/v1/alerts/soon.example.org/ack");
		for (int turn = 0; turn < turns; turn++)
			loop_turn(bed.loop);
		api_bed_run(&bed, 10);
		close(fd);
		api_bed_run(&bed, MS_SECOND);
	}
	assert_int_equal(bed.errors, 0);
	assert_null(bed.keeper->api->calls);
	api_bed_finish(&bed);
}

/* ---- history ------------------------------------------------------------------------------ */

static void newest_first(void **state)
{
	struct api_bed bed;
	struct world world;
	json_t *json, *row;
	char last[64] = "~";
	size_t i;

	(void)state;
	begin(&bed, &world);
	json = api_bed_get(&bed, "/api/v1/events");
	assert_string_equal(str_at(json, "schema"), "expiryd.events/1");
	assert_true(json_array_size(json_at(json, "rows")) >= 5);
	json_array_foreach(json_at(json, "rows"), i, row) {
		assert_true(strcmp(str_at(row, "id"), last) < 0);
		str_copy(last, sizeof(last), str_at(row, "id"));
		assert_non_null(str_at(row, "at"));
		assert_non_null(str_at(row, "what"));
		assert_non_null(json_at(row, "details"));
	}
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/events?target=fine.example.org");
	json_array_foreach(json_at(json, "rows"), i, row)
		assert_string_equal(str_at(row, "subject"), "fine.example.org:443");
	assert_true(i >= 1);
	json_decref(json);
	/* What was never a target has no history; that is no error. */
	json = api_bed_get(&bed, "/api/v1/events?target=gone.example.org");
	assert_int_equal(json_array_size(json_at(json, "rows")), 0);
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/events?limit=2");
	assert_int_equal(json_array_size(json_at(json, "rows")), 2);
	assert_non_null(str_at(json, "next"));
	json_decref(json);
	api_bed_finish(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worst_first),
		cmocka_unit_test(the_ended_are_in_all),
		cmocka_unit_test(by_every_name),
		cmocka_unit_test(the_body_is_checked),
		cmocka_unit_test(acknowledged_is_told_and_remembered),
		cmocka_unit_test(it_speaks_again_when_the_time_is_over),
		cmocka_unit_test(taken_back_it_speaks_after_a_look),
		cmocka_unit_test(a_conflict_is_read_again),
		cmocka_unit_test(newest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
