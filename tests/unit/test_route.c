/*
 * lib/rules/route: who hears which event, and ids that do not depend on order.
 */
#include "lib/rules/transition.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/sample.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char *const names[] = {"hook", "ops", "pager"};

/* alerts.md 9: one resolve, to every notifier that got a raise, and to no other. */
static void who_hears_what(void **state UNUSED)
{
	static const struct {
		enum alert_event event;
		size_t info, warning, critical;
	} rows[] = {
		{EVENT_NONE, 0, 0, 0},	       {EVENT_RAISED, 0, 3, 3},
		{EVENT_ESCALATED, 0, 3, 3},    {EVENT_REPEATED, 1, 1, 1},
		{EVENT_ACKNOWLEDGED, 1, 1, 1}, {EVENT_RESOLVED, 1, 1, 1},
		{EVENT_FLAPPING, 1, 1, 1},     {EVENT_SUMMARY, 1, 1, 1},
		{EVENT_FIRST_LOOK, 0, 3, 3},   {EVENT_TEST, 3, 3, 3},
	};
	size_t out[3];
	struct alert alert;

	assert_int_equal(ARRAY_LEN(rows), EVENT_COUNT);
	alert_init(&alert);
	alert.told[alert.told_len++] = str_dup("ops");
	alert.told[alert.told_len++] = str_dup("gone since");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		alert.severity = SEVERITY_INFO;
		assert_int_equal(route(&alert, rows[i].event, names, 3, out), rows[i].info);
		alert.severity = SEVERITY_WARNING;
		assert_int_equal(route(&alert, rows[i].event, names, 3, out), rows[i].warning);
		alert.severity = SEVERITY_CRITICAL;
		assert_int_equal(route(&alert, rows[i].event, names, 3, out), rows[i].critical);
		if (rows[i].critical == 1)
			assert_int_equal(out[0], 1);
		if (rows[i].critical == 3)
			assert_int_equal(out[2], 2);
	}
	alert_finish(&alert);
}

static void delivery_ids_do_not_know_the_order(void **state UNUSED)
{
	const char *ab[] = {"a", "b"}, *ba[] = {"b", "a"}, *a[] = {"a"}, *joined[] = {"ab"};
	char first[37], second[37];

	delivery_id("ops", ab, 2, first);
	delivery_id("ops", ba, 2, second);
	assert_string_equal(first, second);
	assert_string_equal(ba[0], "a");
	assert_int_equal(strlen(first), 36);
	assert_int_equal(first[14], '5');
	delivery_id("hook", ab, 2, second);
	assert_string_not_equal(first, second);
	delivery_id("ops", a, 1, second);
	assert_string_not_equal(first, second);
	delivery_id("ops", joined, 1, second);
	assert_string_not_equal(first, second);
	delivery_id("ops", NULL, 0, second);
	assert_string_not_equal(first, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_hears_what),
		cmocka_unit_test(delivery_ids_do_not_know_the_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
