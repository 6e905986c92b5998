/*
 * The API's door: who may ask and change what, on the control socket and over TCP; how errors look;
 * health, readiness and status; what happens when peers go away and when the keeper does.
 */
#include "tests/unit/api_bed.h"

#include "daemon/keeper/api_inside.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define TCP "http: {listen: \"127.0.0.1:0\"}\n"
/* The loader refuses secrets in a file that others can read: the bed's file is made so by umask. */
#define TOKENS                                                                \
	"http:\n"                                                             \
	"  listen: \"127.0.0.1:0\"\n"                                         \
	"  tokens:\n"                                                         \
	"    - {name: ops, role: operate, token: 0123456789abcdef-operate}\n" \
	"    - {name: look, role: read, token: 0123456789abcdef-read}\n"
#define AS_OPS "Authorization: Bearer 0123456789abcdef-operate\r\n"
#define AS_LOOK "Authorization: Bearer 0123456789abcdef-read\r\n"

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

static int status_of(struct api_bed *bed, bool tcp, const char *method, const char *path,
		     const char *headers, const char *body)
{
	struct reply reply = tcp ? api_bed_ask_tcp(bed, method, path, headers, body)
				 : api_bed_ask(bed, method, path, headers, body);
	int status = reply.status;

	reply_finish(&reply);
	return status;
}

static void health_and_index(void **state)
{
	struct api_bed bed;
	struct reply reply;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	reply = api_bed_ask(&bed, "GET", "/healthz", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.body, "ok\n");
	reply_finish(&reply);
	reply = api_bed_ask(&bed, "GET", "/", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_non_null(strstr(reply.body, "/api/v1/targets"));
	reply_finish(&reply);
	reply = api_bed_ask(&bed, "HEAD", "/api/v1/targets", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_int_equal(reply.body_len, 0);
	reply_finish(&reply);
	api_bed_finish(&bed);
}

static void errors_are_problems(void **state)
{
	struct api_bed bed;
	struct reply reply;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	reply = api_bed_ask(&bed, "GET", "/api/v1/nothing", NULL, NULL);
	assert_int_equal(reply.status, 404);
	assert_non_null(strstr(reply.head, "application/problem+json"));
	assert_int_equal(int_at(reply.json, "status"), 404);
	assert_non_null(str_at(reply.json, "detail"));
	reply_finish(&reply);
	assert_int_equal(status_of(&bed, false, "DELETE", "/api/v1/targets", NULL, NULL), 405);
	reply = api_bed_ask(&bed, "POST", "/api/v1/recheck", NULL, "{\"all\":true,}");
	assert_int_equal(reply.status, 400);
	assert_non_null(strstr(str_at(reply.json, "detail"), "1:"));
	reply_finish(&reply);
	assert_int_equal(status_of(&bed, false, "POST", "/api/v1/recheck", NULL, "[]"), 400);
	reply = api_bed_ask(&bed, "POST", "/api/v1/recheck", NULL, "{\"every\":true}");
	assert_int_equal(reply.status, 400);
	assert_non_null(strstr(str_at(reply.json, "detail"), "every"));
	reply_finish(&reply);
	api_bed_finish(&bed);
}

static void a_body_over_a_mebibyte_is_refused(void **state)
{
	struct api_bed bed;
	char *body = mem_new(1200 * 1024 + 1);

	(void)state;
	memset(body, ' ', 1200 * 1024);
	begin(&bed, "targets: [www.example.org]");
	assert_int_equal(status_of(&bed, false, "POST", "/api/v1/recheck", NULL, body), 413);
	mem_free(body);
	api_bed_finish(&bed);
}

static void ready_says_why_not(void **state)
{
	struct api_bed bed;
	struct reply reply;

	(void)state;
	fake_lookers_script(answer_ok, NULL);
	api_bed_start(&bed, "targets: [www.example.org]");
	bed.keeper->last_cycle_at = 0;
	reply = api_bed_ask(&bed, "GET", "/readyz", NULL, NULL);
	assert_true(reply.status == 503 || reply.status == 200);
	reply_finish(&reply);
	api_bed_run(&bed, 2 * MS_MINUTE);
	reply = api_bed_ask(&bed, "GET", "/readyz", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_true(json_is_true(json_at(reply.json, "ready")));
	reply_finish(&reply);
	bed.keeper->lag_ms = 10 * MS_MINUTE;
	reply = api_bed_ask(&bed, "GET", "/readyz", NULL, NULL);
	assert_int_equal(reply.status, 503);
	assert_int_equal(json_array_size(json_at(reply.json, "reasons")), 1);
	reply_finish(&reply);
	api_bed_finish(&bed);
}

static void status_counts(void **state)
{
	struct api_bed bed;
	json_t *json;

	(void)state;
	begin(&bed, "targets: [a.example.org, b.example.org, c.example.org]");
	json = api_bed_get(&bed, "/api/v1/status");
	assert_string_equal(str_at(json, "schema"), "expiryd.status/1");
	assert_string_equal(str_at(json, "instance/name"), "here");
	assert_string_equal(str_at(json, "instance/purpose/0"), "probe");
	assert_true(json_is_true(json_at(json, "store/up")));
	assert_string_equal(str_at(json, "store/backend"), "sqlite");
	assert_true(json_is_null(json_at(json, "configuration/refused")));
	assert_int_equal(int_at(json, "targets/total"), 3);
	assert_int_equal(int_at(json, "targets/ok"), 3);
	assert_int_equal(int_at(json, "targets/never"), 0);
	assert_int_equal(int_at(json, "expiring/90d"), 3);
	assert_int_equal(int_at(json, "expiring/30d"), 0);
	assert_int_equal(int_at(json, "alerts/critical"), 0);
	assert_int_equal(int_at(json, "queue/probe"), 3);
	assert_int_equal(int_at(json, "queue/due_now"), 0);
	assert_string_equal(str_at(json, "outbox/0/notifier"), "hook");
	assert_int_equal(int_at(json, "outbox/1/waiting"), 0);
	assert_true(json_is_true(json_at(json, "probers/ready")));
	assert_int_equal(json_array_size(json_at(json, "network/held")), 0);
	json_decref(json);
	api_bed_finish(&bed);
}

/* ---- over TCP ----------------------------------------------------------------------------- */

static void loopback_reads_without_a_token(void **state)
{
	struct api_bed bed;

	(void)state;
	begin(&bed, TCP "targets: [www.example.org]");
	assert_int_equal(status_of(&bed, true, "GET", "/api/v1/targets", NULL, NULL), 200);
	assert_int_equal(status_of(&bed, true, "GET", "/metrics", NULL, NULL), 200);
	assert_int_equal(status_of(&bed, true, "POST", "/api/v1/recheck", NULL, "{\"all\":true}"),
			 401);
	api_bed_finish(&bed);
}

static void the_host_must_be_ours(void **state)
{
	static const struct {
		const char *header;
		int status;
	} cases[] = {
		{"Host: localhost:9843\r\n", 200},
		{"Host: LOCALHOST\r\n", 200},
		{"Host: 127.0.0.1:1\r\n", 200},
		{"Host: 127.4.5.6\r\n", 200},
		{"Host: [::1]:9843\r\n", 200},
		{"Host: evil.example\r\n", 403},
		{"Host: 127.0.0.1.evil.example\r\n", 403},
		{"Host: localhost.evil.example\r\n", 403},
		{"Host: [::1].evil.example\r\n", 403},
		{"Host: 192.0.2.1\r\n", 403},
		{"Host: \r\n", 403},
	};
	struct api_bed bed;

	(void)state;
	begin(&bed, TCP "targets: [www.example.org]");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(
			status_of(&bed, true, "GET", "/api/v1/status", cases[i].header, NULL),
			cases[i].status);
	api_bed_finish(&bed);
}

static void tokens_have_roles(void **state)
{
	static const char *const path = "/api/v1/recheck";
	static const char *const body = "{\"all\":true}";
	mode_t mask = umask(077);
	struct api_bed bed;
	struct reply reply;

	(void)state;
	begin(&bed, TOKENS "targets: [www.example.org]");
	umask(mask);
	reply = api_bed_ask_tcp(&bed, "POST", path, NULL, body);
	assert_int_equal(reply.status, 401);
	assert_non_null(strstr(reply.head, "WWW-Authenticate: Bearer"));
	reply_finish(&reply);
	assert_int_equal(status_of(&bed, true, "POST", path, AS_LOOK, body), 403);
	assert_int_equal(status_of(&bed, true, "POST", path,
				   "Authorization: Bearer 0123456789abcdef-operat\r\n", body),
			 401);
	assert_int_equal(status_of(&bed, true, "POST", path, "Authorization: Basic eDp5\r\n", body),
			 401);
	assert_int_equal(status_of(&bed, true, "POST", path, AS_OPS, body), 200);
	assert_int_equal(status_of(&bed, true, "POST", path, AS_OPS "Host: evil.example\r\n", body),
			 403);
	api_bed_finish(&bed);
}

static void a_page_of_another_site_changes_nothing(void **state)
{
	static const char *const path = "/api/v1/recheck";
	static const char *const body = "{\"all\":true}";
	mode_t mask = umask(077);
	struct api_bed bed;

	(void)state;
	begin(&bed, TOKENS "targets: [www.example.org]");
	umask(mask);
	assert_int_equal(status_of(&bed, true, "POST", path,
				   AS_OPS "Origin: http://localhost:9843\r\n", body),
			 403);
	assert_int_equal(
		status_of(&bed, true, "POST", path, AS_OPS "Sec-Fetch-Site: cross-site\r\n", body),
		403);
	assert_int_equal(
		status_of(&bed, true, "POST", path, AS_OPS "Sec-Fetch-Site: same-site\r\n", body),
		403);
	assert_int_equal(
		status_of(&bed, true, "POST", path, AS_OPS "Sec-Fetch-Site: same-origin\r\n", body),
		200);
	assert_int_equal(status_of(&bed, false, "POST", path, "Origin: null\r\n", body), 403);
	assert_int_equal(status_of(&bed, false, "POST", path, NULL, body), 200);
	api_bed_finish(&bed);
}

static void off_loopback_is_for_monitoring_only(void **state)
{
	mode_t mask = umask(077);
	struct api_bed bed;

	(void)state;
	begin(&bed, "http:\n  listen: \"0.0.0.0:0\"\n  tokens: [{name: ops, role: operate, "
		    "token: 0123456789abcdef-operate}]\n"
		    "targets: [www.example.org]");
	umask(mask);
	assert_int_equal(status_of(&bed, true, "GET", "/metrics", "Host: edge.example\r\n", NULL),
			 200);
	assert_int_equal(status_of(&bed, true, "GET", "/healthz", NULL, NULL), 200);
	assert_int_equal(status_of(&bed, true, "GET", "/readyz", NULL, NULL), 200);
	assert_int_equal(status_of(&bed, true, "GET", "/api/v1/status", AS_OPS, NULL), 403);
	assert_int_equal(status_of(&bed, true, "GET", "/", NULL, NULL), 403);
	assert_int_equal(status_of(&bed, true, "POST", "/api/v1/recheck", AS_OPS, "{\"all\":true}"),
			 403);
	api_bed_finish(&bed);
}

/* ---- going away --------------------------------------------------------------------------- */

static void peers_may_leave_at_any_time(void **state)
{
	static const char *const paths[] = {"/api/v1/status",
					    "/metrics",
					    "/api/v1/targets",
					    "/api/v1/alerts?all=1",
					    "/readyz",
					    "/api/v1/events",
					    "/api/v1/targets/www.example.org",
					    "/api/v1/explain?target=www.example.org",
					    "/api/v1/notifiers",
					    "/api/v1/instances"};
	struct api_bed bed;

	(void)state;
	begin(&bed, "targets: [www.example.org]");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		for (int turns = 0; turns < 12; turns++) {
			int fd = api_bed_ask_only(&bed, "GET", paths[i]);

			for (int turn = 0; turn < turns; turn++)
				loop_turn(bed.loop);
			close(fd);
		}
	for (int turn = 0; turn < 2000; turn++)
		loop_turn(bed.loop);
	assert_null(bed.keeper->api->calls);
	assert_int_equal(status_of(&bed, false, "GET", "/api/v1/status", NULL, NULL), 200);
	api_bed_finish(&bed);
}

/* The sanitizers say whether anything is left. */
static void the_keeper_may_end_at_any_time(void **state)
{
	static const char *const paths[] = {"/api/v1/status", "/api/v1/targets", "/metrics",
					    "/api/v1/targets/www.example.org"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		for (int turns = 1; turns < 8; turns++) {
			struct api_bed bed;
			int fd;

			fake_lookers_script(answer_ok, NULL);
			api_bed_start(&bed, "targets: [www.example.org]");
			fd = api_bed_ask_only(&bed, "GET", paths[i]);
			for (int turn = 0; turn < turns; turn++)
				loop_turn(bed.loop);
			api_bed_finish(&bed);
			close(fd);
		}
}

static void loopback_names(void **state)
{
	(void)state;
	assert_true(api_is_loopback("127.0.0.1:9843"));
	assert_true(api_is_loopback("[::1]:9843"));
	assert_true(api_is_loopback("localhost"));
	assert_false(api_is_loopback("0.0.0.0:9843"));
	assert_false(api_is_loopback("[::]:9843"));
	assert_false(api_is_loopback("128.0.0.1"));
	assert_false(api_is_loopback(""));
	assert_false(api_is_loopback("[127.0.0.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health_and_index),
		cmocka_unit_test(errors_are_problems),
		cmocka_unit_test(a_body_over_a_mebibyte_is_refused),
		cmocka_unit_test(ready_says_why_not),
		cmocka_unit_test(status_counts),
		cmocka_unit_test(loopback_reads_without_a_token),
		cmocka_unit_test(the_host_must_be_ours),
		cmocka_unit_test(tokens_have_roles),
		cmocka_unit_test(a_page_of_another_site_changes_nothing),
		cmocka_unit_test(off_loopback_is_for_monitoring_only),
		cmocka_unit_test(peers_may_leave_at_any_time),
		cmocka_unit_test(the_keeper_may_end_at_any_time),
		cmocka_unit_test(loopback_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
