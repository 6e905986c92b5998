/*
 * Targets over the API: the list in its orders, by pieces and by words; everything about one; why
 * it is looked at when it is; its certificate; and looks that are asked for.
 */
#include "tests/unit/api_bed.h"

#include "daemon/keeper/batch.h"
#include "daemon/keeper/api_inside.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

#define HOSTS                                                                         \
	"targets: [b.example.org, a.example.org, old.example.org, dead.example.org, " \
	"{host: c.example.org, organization: ACME, owner: web@acme.example, "         \
	"tags: {env: prod}, note: front door, runbook: \"https://example.org/r\"}]"

/* days left by host: a 10, b 100, c 1000; old ended yesterday; dead never answered. */
static void answer(void *arg, const struct target *target, int64_t now, struct look_result *result)
{
	struct fake_cert cert = {.name = target->host, .not_before = now - 90 * MS_DAY};
	int64_t days = str_starts(target->host, "a.")	? 10
		       : str_starts(target->host, "b.") ? 100
		       : str_starts(target->host, "c.") ? 1000
							: -1;

	(void)arg;
	cert.not_after = now - now % MS_SECOND + days * MS_DAY + MS_HOUR;
	if (str_starts(target->host, "dead."))
		fake_endpoint_failed(result, "192.0.2.9", OUTCOME_REFUSED, "connection refused",
				     now);
	else
		fake_endpoint_ok(result, "192.0.2.1", &cert, now);
	if (str_starts(target->host, "b."))
		fake_endpoint_ok(result, "192.0.2.2", &cert, now);
}

static void begin(struct api_bed *bed, const char *yaml)
{
	fake_lookers_script(answer, NULL);
	api_bed_start(bed, yaml);
	api_bed_run(bed, 2 * MS_MINUTE);
}

static int status_of(struct api_bed *bed, const char *path)
{
	struct reply reply = api_bed_ask(bed, "GET", path, NULL, NULL);
	int status = reply.status;

	reply_finish(&reply);
	return status;
}

static void assert_order(struct api_bed *bed, const char *path, const char *const *targets)
{
	json_t *json = api_bed_get(bed, path);
	size_t i = 0;

	for (; targets[i]; i++)
		assert_string_equal(json_string_value(json_object_get(
					    json_array_get(json_at(json, "rows"), i), "target")),
				    targets[i]);
	assert_int_equal(json_array_size(json_at(json, "rows")), i);
	json_decref(json);
}

static void soonest_first(void **state)
{
	static const char *const soonest[] = {"old.example.org:443",  "a.example.org:443",
					      "b.example.org:443",    "c.example.org:443",
					      "dead.example.org:443", NULL};
	static const char *const latest[] = {"dead.example.org:443", "c.example.org:443",
					     "b.example.org:443",    "a.example.org:443",
					     "old.example.org:443",  NULL};
	struct api_bed bed;
	json_t *json;

	(void)state;
	begin(&bed, HOSTS);
	assert_order(&bed, "/api/v1/targets", soonest);
	assert_order(&bed, "/api/v1/targets?sort=-days_left", latest);
	json = api_bed_get(&bed, "/api/v1/targets?sort=severity");
	assert_string_equal(str_at(json, "rows/0/severity"), "critical");
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/targets");
	assert_string_equal(str_at(json, "schema"), "expiryd.list/1");
	assert_string_equal(str_at(json, "filter"), "");
	assert_int_equal(int_at(json, "total"), 5);
	assert_true(json_is_null(json_at(json, "next")));
	json_decref(json);
	assert_int_equal(status_of(&bed, "/api/v1/targets?sort=issuer"), 400);
	assert_int_equal(status_of(&bed, "/api/v1/targets?limit=0"), 400);
	assert_int_equal(status_of(&bed, "/api/v1/targets?limit=x"), 400);
	assert_int_equal(status_of(&bed, "/api/v1/targets?cursor=7.x"), 400);
	assert_int_equal(status_of(&bed, "/api/v1/targets?cursor=0.x"), 400);
	api_bed_finish(&bed);
}

static void every_column_is_there(void **state)
{
	static const char *const columns[] = {"target",
					      "id",
					      "host",
					      "port",
					      "protocol",
					      "address",
					      "zone",
					      "organization",
					      "owner",
					      "tags",
					      "note",
					      "runbook",
					      "source",
					      "status",
					      "outcome",
					      "error",
					      "severity",
					      "kind",
					      "findings",
					      "alert_status",
					      "started_at",
					      "acknowledged",
					      "common_name",
					      "names",
					      "subject",
					      "issuer",
					      "issuer_type",
					      "serial",
					      "sha256",
					      "key",
					      "signature",
					      "not_before",
					      "not_after",
					      "expires_within",
					      "days_left",
					      "lifetime_left",
					      "earliest_not_after",
					      "path_not_after",
					      "chain_length",
					      "trusted",
					      "name_matches",
					      "tls_version",
					      "post_quantum",
					      "proof",
					      "places",
					      "first_seen",
					      "last_probed",
					      "reading_age",
					      "next_probe",
					      "last_changed",
					      "ignored",
					      "instance"};
	struct api_bed bed;
	json_t *json;

	(void)state;
	begin(&bed, HOSTS);
	json = api_bed_get(&bed, "/api/v1/targets");
	for (size_t row = 0; row < 5; row++)
		for (size_t i = 0; i < ARRAY_LEN(columns); i++)
			if (!json_object_get(json_array_get(json_at(json, "rows"), row),
					     columns[i]))
				fail_msg("row %zu has no column %s", row, columns[i]);
	json_decref(json);
	api_bed_finish(&bed);
}

static void rows_say_what_was_seen(void **state)
{
	struct api_bed bed;
	json_t *json, *row;

	(void)state;
	begin(&bed, HOSTS);
	json = api_bed_get(&bed, "/api/v1/targets?word=acme");
	assert_int_equal(json_array_size(json_at(json, "rows")), 1);
	assert_string_equal(str_at(json, "filter"), "acme");
	assert_int_equal(int_at(json, "total"), 1);
	row = json_at(json, "rows/0");
	assert_string_equal(str_at(row, "host"), "c.example.org");
	assert_int_equal(int_at(row, "port"), 443);
	assert_string_equal(str_at(row, "protocol"), "tls");
	assert_string_equal(str_at(row, "address"), "192.0.2.1");
	assert_string_equal(str_at(row, "owner"), "web@acme.example");
	assert_string_equal(str_at(row, "tags/env"), "prod");
	assert_string_equal(str_at(row, "note"), "front door");
	assert_string_equal(str_at(row, "source"), "config@here");
	assert_string_equal(str_at(row, "status"), "watched");
	assert_string_equal(str_at(row, "outcome"), "ok");
	assert_true(json_is_null(json_at(row, "severity")));
	assert_true(json_is_null(json_at(row, "alert_status")));
	assert_string_equal(str_at(row, "common_name"), "c.example.org");
	assert_string_equal(str_at(row, "names/0"), "c.example.org");
	assert_string_equal(str_at(row, "key"), "EC P-256");
	assert_int_equal(int_at(row, "days_left"), 1000);
	assert_in_range(int_at(row, "expires_within"), 1000 * 86400, 1000 * 86400 + 3600);
	assert_true(json_number_value(json_at(row, "lifetime_left")) > 0.91);
	assert_int_equal(int_at(row, "chain_length"), 1);
	assert_true(json_is_true(json_at(row, "trusted")));
	assert_true(json_is_false(json_at(row, "ignored")));
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/targets?word=B.EXAMPLE");
	assert_int_equal(int_at(json, "rows/0/places"), 2);
	assert_true(json_is_null(json_at(json, "rows/0/address")));
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/targets?word=old.");
	row = json_at(json, "rows/0");
	assert_int_equal(int_at(row, "days_left"), -1);
	assert_string_equal(str_at(row, "severity"), "critical");
	assert_string_equal(str_at(row, "kind"), "expired");
	assert_string_equal(str_at(row, "findings/0"), "expired");
	assert_string_equal(str_at(row, "alert_status"), "firing");
	assert_non_null(str_at(row, "started_at"));
	assert_true(json_is_false(json_at(row, "acknowledged")));
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/targets?word=dead");
	row = json_at(json, "rows/0");
	assert_string_equal(str_at(row, "outcome"), "refused");
	assert_string_equal(str_at(row, "error"), "connection refused");
	assert_true(json_is_null(json_at(row, "not_after")));
	assert_true(json_is_null(json_at(row, "days_left")));
	assert_true(json_is_null(json_at(row, "names")));
	assert_int_equal(int_at(row, "places"), 0);
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/targets?word=nowhere");
	assert_int_equal(json_array_size(json_at(json, "rows")), 0);
	assert_int_equal(int_at(json, "total"), 0);
	json_decref(json);
	api_bed_finish(&bed);
}

/* By pieces of `limit`, every row once and in order, whatever the word leaves out. */
static void assert_pieces(struct api_bed *bed, const char *word, int limit, size_t expected)
{
	char path[512], last[64] = "";
	char *cursor = NULL;
	size_t seen = 0;

	do {
		json_t *json, *row;
		size_t i;

		snprintf(path, sizeof(path), "/api/v1/targets?sort=id&word=%s&limit=%d&cursor=%s",
			 word, limit, cursor ? cursor : "");
		json = api_bed_get(bed, path);
		assert_true(json_array_size(json_at(json, "rows")) <= (size_t)limit);
		json_array_foreach(json_at(json, "rows"), i, row) {
			assert_true(strcmp(str_at(row, "id"), last) > 0);
			str_copy(last, sizeof(last), str_at(row, "id"));
			seen++;
		}
		mem_free(cursor);
		cursor = str_dup(str_at(json, "next"));
		json_decref(json);
	} while (cursor);
	assert_int_equal(seen, expected);
}

static void lists_come_in_pieces(void **state)
{
	struct api_bed bed;
	struct buf yaml;

	(void)state;
	buf_init(&yaml, 65536);
	buf_add_str(&yaml, "targets:\n");
	for (int i = 0; i < 333; i++)
		buf_printf(&yaml, "  - %s%d.example.org\n", i % 3 ? "c.host" : "a.odd", i);
	fake_lookers_script(answer, NULL);
	api_bed_start(&bed, buf_text(&yaml));
	buf_finish(&yaml);
	api_bed_run(&bed, 5 * MS_MINUTE);
	assert_pieces(&bed, "", 1000, 333);
	assert_pieces(&bed, "", 333, 333);
	assert_pieces(&bed, "", 100, 333);
	assert_pieces(&bed, "", 7, 333);
	assert_pieces(&bed, "odd", 5, 111);
	assert_pieces(&bed, "odd", 37, 111);
	assert_pieces(&bed, "odd", 111, 111);
	assert_pieces(&bed, "a.odd0.", 1, 1);
	api_bed_finish(&bed);
}

static void show_has_everything(void **state)
{
	struct api_bed bed;
	json_t *json;
	char id[64], path[128];

	(void)state;
	begin(&bed, HOSTS);
	json = api_bed_get(&bed, "/api/v1/targets/https%3A%2F%2FOLD.example.org.");
	assert_string_equal(str_at(json, "schema"), "expiryd.show/1");
	assert_string_equal(str_at(json, "target/target"), "old.example.org:443");
	assert_string_equal(str_at(json, "target/definition/target"), "old.example.org:443");
	assert_string_equal(str_at(json, "target/alert_status"), "firing");
	assert_string_equal(str_at(json, "endpoints/0/address"), "192.0.2.1");
	assert_string_equal(str_at(json, "endpoints/0/target"), "old.example.org:443");
	assert_int_equal(int_at(json, "endpoints/0/days_left"), -1);
	assert_string_equal(str_at(json, "endpoints/0/findings/0/kind"), "expired");
	assert_string_equal(str_at(json, "endpoints/0/findings/0/at"), "leaf");
	assert_string_equal(str_at(json, "alerts/0/kind"), "expiry");
	assert_string_equal(str_at(json, "alerts/0/target"), "old.example.org:443");
	assert_true(json_array_size(json_at(json, "history")) >= 2);
	assert_string_equal(str_at(json, "history/0/what"), "alert");
	assert_true(json_is_array(json_at(json, "orders")));
	assert_non_null(str_at(json, "next/at"));
	assert_non_null(str_at(json, "next/reason"));
	str_copy(id, sizeof(id), str_at(json, "target/id"));
	json_decref(json);
	snprintf(path, sizeof(path), "/api/v1/targets/%s", id);
	json = api_bed_get(&bed, path);
	json_decref(json);
	path[strlen("/api/v1/targets/") + 8] = '\0';
	json = api_bed_get(&bed, path);
	assert_string_equal(str_at(json, "target/id"), id);
	json_decref(json);
	json = api_bed_get(&bed, "/api/v1/targets/dead.example.org");
	assert_string_equal(str_at(json, "endpoints/0/outcome"), "refused");
	assert_true(json_is_null(json_at(json, "endpoints/0/certificate")));
	json_decref(json);
	assert_int_equal(status_of(&bed, "/api/v1/targets/unknown.example.org"), 404);
	assert_int_equal(status_of(&bed, "/api/v1/targets/0000000000"), 404);
	assert_int_equal(status_of(&bed, "/api/v1/targets/not%20a%20host"), 404);
	assert_int_equal(status_of(&bed, "/api/v1/targets/"), 400);
	api_bed_finish(&bed);
}

/* ---- documents of our own ----------------------------------------------------------------- */

static void on_put(void *arg, struct store_answer *answered)
{
	int *done = arg;

	assert_int_equal(answered->status, STORE_OK);
	*done = 1;
}

static void put(struct api_bed *bed, struct batch *batch)
{
	int done = 0;

	batch_commit(batch, bed->keeper->store, on_put, &done);
	batch_finish(batch);
	while (!done)
		loop_turn(bed->loop);
}

static void a_prefix_of_two_is_ambiguous(void **state)
{
	struct api_bed bed;
	struct batch batch = {0};
	struct record record;
	struct reply reply;
	struct err err = {0};

	(void)state;
	begin(&bed, HOSTS);
	for (int i = 0; i < 2; i++) {
		record_init(&record);
		target_finish(&record.target);
		assert_true(target_parse(&record.target, i ? "x.example.org" : "y.example.org", "",
					 NULL, &err));
		snprintf(record.target.id, sizeof(record.target.id), "abcdef0123456789abcdef%010d",
			 i);
		batch_put_record(&batch, &record, 0);
		record_finish(&record);
	}
	put(&bed, &batch);
	reply = api_bed_ask(&bed, "GET", "/api/v1/targets/ABCDEF01", NULL, NULL);
	assert_int_equal(reply.status, 409);
	assert_int_equal(json_array_size(json_at(reply.json, "candidates")), 2);
	assert_string_equal(str_at(reply.json, "candidates/0"), "y.example.org:443");
	reply_finish(&reply);
	api_bed_finish(&bed);
}

static void certificates_in_three_forms(void **state)
{
	static const char sha256[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	struct api_bed bed;
	struct batch batch = {0};
	struct reply reply;
	uint8_t der[100];
	json_t *json = json_object();
	char path[256];

	(void)state;
	begin(&bed, HOSTS);
	for (size_t i = 0; i < sizeof(der); i++)
		der[i] = (uint8_t)i;
	json_put_time(json, "stored_at", clock_wall_ms());
	batch_blob(&batch, batch_put(&batch, KIND_CERT, sha256, json), der, sizeof(der));
	json_decref(json);
	put(&bed, &batch);
	snprintf(path, sizeof(path), "/api/v1/certificates/%s.der", sha256);
	reply = api_bed_ask(&bed, "GET", path, NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_int_equal(reply.body_len, sizeof(der));
	assert_memory_equal(reply.body, der, sizeof(der));
	reply_finish(&reply);
	reply = api_bed_ask(&bed, "GET", "/api/v1/certificates/00112233.pem", NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_true(str_starts(reply.body, "-----BEGIN CERTIFICATE-----\nAAECAwQF"));
	assert_true(str_ends(reply.body, "\n-----END CERTIFICATE-----\n"));
	assert_int_equal(strcspn(strchr(reply.body, '\n') + 1, "\n"), 64);
	reply_finish(&reply);
	json = api_bed_get(&bed, "/api/v1/certificates/00112233");
	assert_string_equal(str_at(json, "sha256"), sha256);
	assert_int_equal(int_at(json, "bytes"), sizeof(der));
	json_decref(json);
	assert_int_equal(status_of(&bed, "/api/v1/certificates/ffff0000"), 404);
	assert_int_equal(status_of(&bed, "/api/v1/certificates/0011"), 404);
	api_bed_finish(&bed);
}

/* ---- looks that are asked for ------------------------------------------------------------- */

static struct reply recheck(struct api_bed *bed, const char *body)
{
	return api_bed_ask(bed, "POST", "/api/v1/recheck", NULL, body);
}

static void recheck_makes_due(void **state)
{
	struct api_bed bed;
	struct reply reply;
	size_t looks;
	json_t *json;

	(void)state;
	begin(&bed, HOSTS);
	looks = fake_looks_started;
	reply = recheck(&bed, "{\"targets\":[\"a.example.org\",\"b.example.org:443\","
			      "\"https://a.example.org\"]}");
	assert_int_equal(reply.status, 200);
	assert_non_null(str_at(reply.json, "asked_at"));
	assert_int_equal(json_array_size(json_at(reply.json, "targets")), 2);
	assert_string_equal(str_at(reply.json, "targets/1/target"), "b.example.org:443");
	json = api_bed_get(&bed, "/api/v1/explain?target=a.example.org");
	assert_string_equal(str_at(json, "schema"), "expiryd.explain/1");
	assert_string_equal(str_at(json, "target"), "a.example.org:443");
	assert_true(json_array_size(json_at(json, "explanation/sentences")) > 0);
	json_decref(json);
	api_bed_run(&bed, 5 * MS_SECOND);
	assert_int_equal(fake_looks_started, looks + 2);
	json = api_bed_get(&bed, "/api/v1/targets/a.example.org");
	assert_true(strcmp(str_at(json, "target/last_probed"), str_at(reply.json, "asked_at")) >=
		    0);
	json_decref(json);
	reply_finish(&reply);
	json = api_bed_get(&bed, "/api/v1/events?limit=1&word=recheck_asked");
	assert_int_equal(int_at(json, "rows/0/details/targets"), 2);
	assert_non_null(str_at(json, "rows/0/actor"));
	json_decref(json);
	api_bed_finish(&bed);
}

static void an_unknown_target_stops_all(void **state)
{
	struct api_bed bed;
	struct reply reply;
	size_t looks;

	(void)state;
	begin(&bed, HOSTS);
	looks = fake_looks_started;
	reply = recheck(&bed, "{\"targets\":[\"a.example.org\",\"unknown.example.org\"]}");
	assert_int_equal(reply.status, 404);
	assert_non_null(strstr(str_at(reply.json, "detail"), "unknown.example.org"));
	reply_finish(&reply);
	api_bed_run(&bed, 5 * MS_SECOND);
	assert_int_equal(fake_looks_started, looks);
	reply = recheck(&bed, "{\"targets\":[]}");
	assert_int_equal(reply.status, 400);
	reply_finish(&reply);
	reply = recheck(&bed, "{\"targets\":[\"a.example.org\"],\"all\":true}");
	assert_int_equal(reply.status, 400);
	reply_finish(&reply);
	reply = recheck(&bed, "{\"targets\":[7]}");
	assert_int_equal(reply.status, 400);
	reply_finish(&reply);
	api_bed_finish(&bed);
}

static void recheck_of_all(void **state)
{
	struct api_bed bed;
	struct reply reply;
	size_t looks;

	(void)state;
	begin(&bed, HOSTS);
	looks = fake_looks_started;
	reply = recheck(&bed, "{\"all\":true}");
	assert_int_equal(reply.status, 200);
	assert_int_equal(int_at(reply.json, "count"), 5);
	reply_finish(&reply);
	api_bed_run(&bed, 5 * MS_SECOND);
	assert_int_equal(fake_looks_started, looks + 5);
	api_bed_finish(&bed);
}

/* A reader that does not read costs no more than what is on its way to it. */
static void a_slow_reader_holds_one_page(void **state)
{
	struct api_bed bed;
	struct batch batch = {0};
	struct record record;
	struct err err = {0};
	char note[5000];
	int fd;

	(void)state;
	begin(&bed, HOSTS);
	memset(note, 'x', sizeof(note) - 1);
	note[sizeof(note) - 1] = '\0';
	for (int i = 0; i < 1000; i++) {
		char host[64];

		record_init(&record);
		target_finish(&record.target);
		snprintf(host, sizeof(host), "n%d.example.org", i);
		assert_true(target_parse(&record.target, host, "", NULL, &err));
		record.target.note = str_dup(note);
		batch_put_record(&batch, &record, 0);
		record_finish(&record);
	}
	put(&bed, &batch);
	fd = api_bed_ask_only(&bed, "GET", "/api/v1/targets");
	for (int turn = 0; turn < 3000; turn++)
		loop_turn(bed.loop);
	assert_non_null(bed.keeper->api->calls);
	assert_true(CONTAINER_OF(bed.keeper->api->calls, struct lister, call)->emitted < 300);
	close(fd);
	for (int turn = 0; turn < 100; turn++)
		loop_turn(bed.loop);
	assert_null(bed.keeper->api->calls);
	assert_pieces(&bed, "", 100000, 1005);
	api_bed_finish(&bed);
}

/* Nothing is found, and the time goes by: a line now and then, and still JSON at the end. */
static void a_long_search_is_not_silent(void **state)
{
	struct api_bed bed;
	struct lister *lister;
	int64_t sent;
	int fd;

	(void)state;
	begin(&bed, HOSTS);
	fd = api_bed_ask_only(&bed, "GET", "/api/v1/targets?word=nowhere");
	while (!bed.keeper->api->calls ||
	       !CONTAINER_OF(bed.keeper->api->calls, struct lister, call)->call.store)
		loop_turn(bed.loop);
	lister = CONTAINER_OF(bed.keeper->api->calls, struct lister, call);
	lister->started = lister->first = true;
	httpd_chunk_start(lister->call.request, 200, "application/json");
	lister->sent_mono = sent = clock_mono_ms() - 6 * MS_SECOND;
	while (bed.keeper->api->calls && lister->sent_mono == sent)
		loop_turn(bed.loop);
	assert_non_null(bed.keeper->api->calls);
	assert_true(lister->sent_mono > sent);
	while (bed.keeper->api->calls)
		loop_turn(bed.loop);
	close(fd);
	api_bed_finish(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(soonest_first),
		cmocka_unit_test(every_column_is_there),
		cmocka_unit_test(rows_say_what_was_seen),
		cmocka_unit_test(lists_come_in_pieces),
		cmocka_unit_test(show_has_everything),
		cmocka_unit_test(a_prefix_of_two_is_ambiguous),
		cmocka_unit_test(certificates_in_three_forms),
		cmocka_unit_test(recheck_makes_due),
		cmocka_unit_test(an_unknown_target_stops_all),
		cmocka_unit_test(recheck_of_all),
		cmocka_unit_test(a_slow_reader_holds_one_page),
		cmocka_unit_test(a_long_search_is_not_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
