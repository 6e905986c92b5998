/*
 * What the API says and does about the daemon itself: notifiers and their test, reload, instances,
 * metrics, and all of it while the store is away.
 */
#include "tests/unit/api_bed.h"

#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/census.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void answer_ok(void *arg, const struct target *target, int64_t now,
		      struct look_result *result)
{
	struct fake_cert cert = {.name = target->host,
				 .not_before = now - 30 * MS_DAY,
				 .not_after = now + 60 * MS_DAY};

	(void)arg;
	fake_endpoint_ok(result, "192.0.2.1", &cert, now);
}

static void begin(struct api_bed *bed, const char *yaml)
{
	fake_lookers_script(answer_ok, NULL);
	api_bed_start(bed, yaml);
	api_bed_run(bed, 2 * MS_MINUTE);
}

static void notifiers_without_secrets(void **state)
{
	struct api_bed bed;
	struct reply reply;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	reply = api_bed_ask(&bed, "GET", "/api/v1/notifiers", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_int_equal(json_array_size(json_at(reply.json, "rows")), 2);
	assert_string_equal(str_at(reply.json, "rows/0/name"), "hook");
	assert_non_null(str_at(reply.json, "rows/0/url"));
	assert_int_equal(int_at(reply.json, "rows/0/waiting"), 0);
	assert_int_equal(int_at(reply.json, "rows/0/parked"), 0);
	assert_int_equal(int_at(reply.json, "rows/0/sent"), 0);
	assert_null(strstr(reply.body, "secret"));
	reply_finish(&reply);
	api_bed_finish(&bed);
}

/* ---- a test ------------------------------------------------------------------------------- */

static char *start_test(struct api_bed *bed)
{
	struct reply reply = api_bed_ask(bed, "POST", "/api/v1/notifiers/hook/test", NULL, NULL);
	char *id = str_dup(str_at(reply.json, "event_id"));

	assert_int_equal(reply.status, 200);
	assert_int_equal(strlen(id), 36);
	reply_finish(&reply);
	return id;
}

static json_t *test_state(struct api_bed *bed, const char *id)
{
	char path[128];

	snprintf(path, sizeof(path), "/api/v1/notifiers/hook/test?event_id=%s", id);
	return api_bed_get(bed, path);
}

static void a_test_goes_the_whole_way(void **state)
{
	struct api_bed bed;
	char *id;
	json_t *json;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	id = start_test(&bed);
	api_bed_run(&bed, 2 * MS_SECOND);
	assert_int_equal(fake_told("test", "notifier", NULL), 1);
	assert_string_equal(fake_deliveries[0].notifier, "hook");
	assert_string_equal(str_at(json_array_get(fake_deliveries[0].alerts, 0), "event_id"), id);
	assert_string_equal(str_at(json_array_get(fake_deliveries[0].alerts, 0), "severity"),
			    "info");
	assert_string_equal(str_at(json_array_get(fake_deliveries[0].alerts, 0), "status"),
			    "firing");
	json = test_state(&bed, id);
	assert_string_equal(str_at(json, "state"), "delivered");
	json_decref(json);
	mem_free(id);
	/* No alert stands because of it. */
	json = api_bed_get(&bed, "/api/v1/alerts?all=1");
	assert_int_equal(json_array_size(json_at(json, "rows")), 0);
	json_decref(json);
	api_bed_finish(&bed);
}

static enum delivery_status retry(void *arg, const char *notifier, size_t nth)
{
	(void)arg;
	(void)notifier;
	(void)nth;
	return DELIVERY_RETRY;
}

static enum delivery_status gone(void *arg, const char *notifier, size_t nth)
{
	(void)arg;
	(void)nth;
	return str_eq(notifier, "hook") ? DELIVERY_GONE : DELIVERY_DONE;
}

static void a_test_that_does_not_arrive(void **state)
{
	struct api_bed bed;
	char *id;
	json_t *json;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	fake_notifier_script(retry, NULL);
	id = start_test(&bed);
	api_bed_run(&bed, 20 * MS_SECOND);
	json = test_state(&bed, id);
	assert_string_equal(str_at(json, "state"), "waiting");
	assert_true(int_at(json, "tries") >= 2);
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/status");
	assert_int_equal(int_at(json, "outbox/0/waiting"), 1);
	assert_non_null(str_at(json, "outbox/0/oldest_at"));
	json_decref(json);
	fake_notifier_script(gone, NULL);
	api_bed_run(&bed, 2 * MS_MINUTE);
	json = test_state(&bed, id);
	assert_string_equal(str_at(json, "state"), "failed");
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/notifiers");
	assert_int_equal(int_at(json, "rows/0/parked"), 1);
	assert_int_equal(int_at(json, "rows/0/waiting"), 0);
	json_decref(json);
	mem_free(id);
	api_bed_finish(&bed);
}

static void a_test_is_asked_for_rightly(void **state)
{
	static const struct {
		const char *method, *path;
		int status;
	} cases[] = {
		{"POST", "/api/v1/notifiers/nobody/test", 404},
		{"POST", "/api/v1/notifiers/hook", 404},
		{"POST", "/api/v1/notifiers/hook/hush", 404},
		{"GET", "/api/v1/notifiers/hook/test", 400},
		{"GET", "/api/v1/notifiers/hook/test?event_id=7", 400},
		{"GET", "/api/v1/notifiers/nobody/test?event_id=7", 404},
	};
	struct api_bed bed;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reply reply = api_bed_ask(&bed, cases[i].method, cases[i].path, NULL, NULL);

		assert_int_equal(reply.status, cases[i].status);
		reply_finish(&reply);
	}
	api_bed_finish(&bed);
}

/* ---- reload ------------------------------------------------------------------------------- */

static void reload_says_what_changes(void **state)
{
	struct api_bed bed;
	struct reply reply;
	json_t *json;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	api_bed_write_config(&bed, "targets: [www.example.org, new.example.org]");
	reply = api_bed_ask(&bed, "POST", "/api/v1/reload", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_true(json_is_true(json_at(reply.json, "applied")));
	assert_int_equal(int_at(reply.json, "generation"), 2);
	assert_true(json_array_size(json_at(reply.json, "diff")) >= 1);
	reply_finish(&reply);
	api_bed_run(&bed, 2 * MS_MINUTE);
	json = api_bed_get(&bed, "/api/v1/targets");
	assert_int_equal(int_at(json, "total"), 2);
	json_decref(json);
	api_bed_finish(&bed);
}

static void a_bad_file_is_refused_with_all_faults(void **state)
{
	struct api_bed bed;
	struct reply reply;
	json_t *json;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	api_bed_write_config(&bed, "targets: [\"bad host\"]\nprobe: {timeout: soon}\n");
	reply = api_bed_ask(&bed, "POST", "/api/v1/reload", NULL, NULL);
	assert_int_equal(reply.status, 422);
	assert_non_null(strstr(reply.head, "application/problem+json"));
	assert_true(json_array_size(json_at(reply.json, "faults")) >= 2);
	assert_non_null(strstr(str_at(reply.json, "faults/0"), "expiryd.yaml:"));
	reply_finish(&reply);
	json = api_bed_get(&bed, "/api/v1/status");
	assert_int_equal(int_at(json, "configuration/generation"), 1);
	assert_non_null(str_at(json, "configuration/refused/fault"));
	json_decref(json);
	api_bed_finish(&bed);
}

static void instances_are_listed(void **state)
{
	struct api_bed bed;
	json_t *json;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	json = api_bed_get(&bed, "/api/v1/instances");
	assert_string_equal(str_at(json, "schema"), "expiryd.instances/1");
	assert_int_equal(int_at(json, "total"), 1);
	assert_string_equal(str_at(json, "rows/0/name"), "here");
	assert_string_equal(str_at(json, "rows/0/status"), "active");
	assert_true(json_is_true(json_at(json, "rows/0/self")));
	assert_string_equal(str_at(json, "rows/0/zones/0"), "default");
	json_decref(json);
	api_bed_finish(&bed);
}

/* ---- metrics ------------------------------------------------------------------------------ */

static void assert_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at += len)
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return;
	fail_msg("no line %s in:\n%s", line, text);
}

static void metrics_count(void **state)
{
	struct api_bed bed;
	struct reply reply;

	(void)state;
	begin(&bed, "targets: [a.example.org, b.example.org]");
	reply = api_bed_ask(&bed, "GET", "/metrics", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_non_null(strstr(reply.head, "text/plain; version=0.0.4"));
	assert_line(reply.body, "expiryd_store_up 1");
	assert_line(reply.body, "expiryd_targets{outcome=\"ok\"} 2");
	assert_line(reply.body, "expiryd_targets{outcome=\"never\"} 0");
	assert_line(reply.body, "expiryd_looks_total{outcome=\"ok\"} 2");
	assert_line(reply.body, "expiryd_commits_total 2");
	assert_line(reply.body, "expiryd_certificate_seconds_left_bucket{le=\"2592000\"} 0");
	assert_line(reply.body, "expiryd_certificate_seconds_left_bucket{le=\"5184000\"} 2");
	assert_line(reply.body, "expiryd_certificate_seconds_left_bucket{le=\"+Inf\"} 2");
	assert_line(reply.body, "expiryd_certificate_seconds_left_count 2");
	assert_line(reply.body, "expiryd_outbox_entries{notifier=\"hook\"} 0");
	assert_line(reply.body, "expiryd_outbox_oldest_seconds 0.000");
	assert_line(reply.body, "expiryd_notifications_total{notifier=\"hook\",result=\"sent\"} 0");
	assert_line(reply.body, "expiryd_config_reload_success 1");
	assert_line(reply.body, "expiryd_instances{state=\"active\"} 1");
	assert_non_null(strstr(reply.body, "expiryd_build_info{version=\"" PACKAGE_VERSION "\""));
	if (getenv("METRICS_OUT")) {
		FILE *out = fopen(getenv("METRICS_OUT"), "w");

		fputs(reply.body, out);
		fclose(out);
	}
	reply_finish(&reply);
	api_bed_finish(&bed);
}

/* Each family has its HELP and TYPE before its samples, and stands once. */
static void families_are_whole(void **state)
{
	struct api_bed bed;
	struct reply reply;
	char help[128] = "", type[128] = "", name[128];

	(void)state;
	begin(&bed, "targets: [a.example.org]");
	reply = api_bed_ask(&bed, "GET", "/metrics", NULL, NULL);
	for (char *line = reply.body, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		if (str_starts(line, "# HELP ")) {
			assert_int_equal(sscanf(line, "# HELP %127s", help), 1);
		} else if (str_starts(line, "# TYPE ")) {
			assert_int_equal(sscanf(line, "# TYPE %127s", type), 1);
			assert_string_equal(help, type);
		} else {
			assert_int_equal(sscanf(line, "%127[a-z_]", name), 1);
			assert_true(str_starts(name, type));
		}
	}
	reply_finish(&reply);
	api_bed_finish(&bed);
}

/* ---- without a store ---------------------------------------------------------------------- */

static enum store_status store_says;

static void the_census_is_reused_when_dear(void **state)
{
	struct api_bed bed;
	json_t *json;

	(void)state;
	begin(&bed, "targets: [a.example.org, b.example.org]");
	json = api_bed_get(&bed, "/api/v1/status");
	json_decref(json);
	/* As if it had taken a second, and counted something else. */
	bed.keeper->api->census->cost_ms = MS_SECOND;
	bed.keeper->api->census->targets = 77;
	json = api_bed_get(&bed, "/api/v1/status");
	assert_int_equal(int_at(json, "targets/total"), 77);
	json_decref(json);
	api_bed_run(&bed, MS_MINUTE);
	json = api_bed_get(&bed, "/api/v1/status");
	assert_int_equal(int_at(json, "targets/total"), 2);
	json_decref(json);
	api_bed_finish(&bed);
}

/* A store in front of the real one that does not answer what it is asked. */
static const struct store_ops *real_ops;
static struct store_ops away_ops;
struct away {
	struct store_call base;
	struct deferred *turn;
	store_done_fn *done;
	void *arg;
};

static void on_away(void *arg)
{
	struct away *away = arg;
	struct store_answer answer = {.status = store_says};
	store_done_fn *done = away->done;
	void *owner = away->arg;

	err_set(&answer.err, ERR_UNAVAILABLE, "it is away");
	mem_free(away);
	done(owner, &answer);
}

static struct store_call *away_call(struct store *store, store_done_fn *done, void *arg)
{
	struct away *away = MEM_NEW(struct away);

	away->base.store = store;
	away->done = done;
	away->arg = arg;
	away->turn = loop_defer(store->loop, on_away, away);
	return &away->base;
}

static struct store_call *away_get(struct store *store, const struct store_key *keys, size_t len,
				   store_done_fn *done, void *arg)
{
	(void)keys;
	(void)len;
	return away_call(store, done, arg);
}

static struct store_call *away_page(struct store *store, const struct store_page *page,
				    store_done_fn *done, void *arg)
{
	(void)page;
	return away_call(store, done, arg);
}

static struct store_call *away_count(struct store *store, const char *kind, const char *index,
				     int64_t min, int64_t max, store_done_fn *done, void *arg)
{
	(void)kind;
	(void)index;
	(void)min;
	(void)max;
	return away_call(store, done, arg);
}

static struct store_call *away_commit(struct store *store, const struct store_commit *commit,
				      store_done_fn *done, void *arg)
{
	(void)commit;
	return away_call(store, done, arg);
}

static void away_cancel(struct store_call *call)
{
	struct away *away = CONTAINER_OF(call, struct away, base);

	deferred_cancel(away->turn);
	mem_free(away);
}

static void store_goes_away(struct api_bed *bed)
{
	store_says = STORE_AWAY;
	real_ops = bed->keeper->store->ops;
	away_ops = *real_ops;
	away_ops.get = away_get;
	away_ops.page = away_page;
	away_ops.count = away_count;
	away_ops.commit = away_commit;
	away_ops.cancel = away_cancel;
	bed->keeper->store->ops = &away_ops;
}

static void without_a_store(void **state)
{
	static const struct {
		const char *method, *path, *body;
	} cases[] = {
		{"GET", "/api/v1/targets", NULL},
		{"GET", "/api/v1/targets?word=a", NULL},
		{"GET", "/api/v1/targets/a.example.org", NULL},
		{"GET", "/api/v1/targets/0123456789", NULL},
		{"GET", "/api/v1/explain?target=a.example.org", NULL},
		{"GET", "/api/v1/alerts", NULL},
		{"GET", "/api/v1/events", NULL},
		{"GET", "/api/v1/instances", NULL},
		{"GET", "/api/v1/notifiers", NULL},
		{"GET", "/api/v1/certificates/0123456789", NULL},
		{"GET", "/readyz", NULL},
		{"POST", "/api/v1/alerts/a.example.org/ack", NULL},
		{"POST", "/api/v1/alerts/0123456789/ack", NULL},
		{"POST", "/api/v1/recheck", "{\"targets\":[\"a.example.org\"]}"},
		{"POST", "/api/v1/recheck", "{\"all\":true}"},
		{"POST", "/api/v1/notifiers/hook/test", NULL},
	};
	struct api_bed bed;
	struct reply reply;

	(void)state;
	begin(&bed, "targets: [a.example.org]");
	store_goes_away(&bed);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		reply = api_bed_ask(&bed, cases[i].method, cases[i].path, NULL, cases[i].body);
		if (reply.status != 503)
			fail_msg("%s: %d", cases[i].path, reply.status);
		reply_finish(&reply);
	}
	reply = api_bed_ask(&bed, "GET", "/metrics", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_line(reply.body, "expiryd_store_up 0");
	assert_null(strstr(reply.body, "expiryd_targets"));
	reply_finish(&reply);
	reply = api_bed_ask(&bed, "GET", "/api/v1/status", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_true(json_is_false(json_at(reply.json, "store/up")));
	assert_string_equal(str_at(reply.json, "store/error"), "it is away");
	assert_true(json_is_null(json_at(reply.json, "targets/total")));
	reply_finish(&reply);
	store_says = STORE_BAD;
	reply = api_bed_ask(&bed, "GET", "/api/v1/targets", NULL, NULL);
	assert_int_equal(reply.status, 500);
	reply_finish(&reply);
	bed.keeper->store->ops = real_ops;
	api_bed_finish(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notifiers_without_secrets),
		cmocka_unit_test(a_test_goes_the_whole_way),
		cmocka_unit_test(a_test_that_does_not_arrive),
		cmocka_unit_test(a_test_is_asked_for_rightly),
		cmocka_unit_test(reload_says_what_changes),
		cmocka_unit_test(a_bad_file_is_refused_with_all_faults),
		cmocka_unit_test(instances_are_listed),
		cmocka_unit_test(metrics_count),
		cmocka_unit_test(families_are_whole),
		cmocka_unit_test(the_census_is_reused_when_dear),
		cmocka_unit_test(without_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
