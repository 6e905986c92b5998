/*
 * The webhook's body, as receivers are promised it (contract 11).
 */
#include "lib/base/sys.h"

#include "lib/base/str.h"
#include "lib/model/endpoint.h"
#include "notifiers/notifier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static json_t *row(const char *status)
{
	json_t *json = json_object();

	json_put_str(json, "status", status);
	json_put_str(json, "text", "a\"b\n<c>");
	return json;
}

static json_t *body_of(json_t *alerts, int64_t away_from)
{
	struct delivery_message message = {
		.id = "11111111-2222-5333-8444-555555555555",
		.site = "default",
		.part = 1,
		.parts = 1,
		.alerts = alerts,
		.now = 0,
		.away_from = away_from,
		.away_to = away_from == TIME_UNKNOWN ? TIME_UNKNOWN : away_from + MS_HOUR,
	};
	char *text = message_body(&message);
	json_t *json = json_parse(text, strlen(text), 1024 * 1024, NULL);

	assert_non_null(json);
	mem_free(text);
	json_decref(alerts);
	return json;
}

static void the_body_has_its_shape(void **state)
{
	json_t *alerts = json_array(), *body, *first;

	(void)state;
	json_array_append_new(alerts, row("acknowledged"));
	json_array_append_new(alerts, row("resolved"));
	body = body_of(alerts, TIME_UNKNOWN);
	assert_int_equal(json_get_int(body, "version", 0), 1);
	assert_string_equal(json_get_str(body, "delivery"), "11111111-2222-5333-8444-555555555555");
	assert_string_equal(json_get_str(body, "site"), "default");
	assert_string_equal(json_get_str(body, "status"), "firing");
	assert_int_equal(json_get_int(body, "part", 0), 1);
	assert_int_equal(json_get_int(body, "parts", 0), 1);
	assert_non_null(json_get_object(body, "group"));
	assert_non_null(json_get_object(body, "links"));
	assert_null(json_object_get(body, "absence"));
	/* Receivers know two words of status. */
	first = json_array_get(json_get_array(body, "alerts"), 0);
	assert_string_equal(json_get_str(first, "status"), "firing");
	assert_string_equal(json_get_str(first, "text"), "a\"b\n<c>");
	json_decref(body);
}

static void resolved_only_when_all_are(void **state)
{
	json_t *alerts = json_array(), *body;

	(void)state;
	json_array_append_new(alerts, row("resolved"));
	body = body_of(alerts, 0);
	assert_string_equal(json_get_str(body, "status"), "resolved");
	assert_string_equal(json_get_str(json_get_object(body, "absence"), "from"),
			    "1970-01-01T00:00:00Z");
	assert_string_equal(json_get_str(json_get_object(body, "absence"), "to"),
			    "1970-01-01T01:00:00Z");
	json_decref(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_has_its_shape),
		cmocka_unit_test(resolved_only_when_all_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
