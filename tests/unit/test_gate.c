/*
 * The gate: places and tokens, by the clock it is told.
 */
#include "tests/unit/loop_help.h"

#include "lib/loop/gate.h"

static void without_limits(void **state)
{
	struct gate gate;

	(void)state;
	gate_init(&gate, 0, 0, 0);
	assert_int_equal(gate_room(&gate, 1000000, 0), 1000000);
	gate_take(&gate, 1000000);
	assert_int_equal(gate_room(&gate, 5, 0), 5);
	assert_int_equal(gate_room(&gate, 0, 0), 0);
	assert_int_equal(gate_room(&gate, -3, 0), 0);
	assert_int_equal(gate_wait_ms(&gate, 0), 0);
	gate_give(&gate, 1000000);
}

static void places_are_given_back(void **state)
{
	struct gate gate;

	(void)state;
	gate_init(&gate, 3, 0, 0);
	assert_int_equal(gate_room(&gate, 10, 0), 3);
	gate_take(&gate, 3);
	assert_int_equal(gate_room(&gate, 10, 1000000), 0);
	assert_int_equal(gate_wait_ms(&gate, 1000000), -1);
	gate_give(&gate, 2);
	assert_int_equal(gate_room(&gate, 10, 1000000), 2);
	assert_int_equal(gate_wait_ms(&gate, 1000000), 0);
}

static void tokens_come_with_time(void **state)
{
	struct gate gate;

	(void)state;
	gate_init(&gate, 0, 100, 5000);
	assert_int_equal(gate_room(&gate, 1000, 5000), 25); /* a quarter of a second's */
	gate_take(&gate, 25);
	assert_int_equal(gate_room(&gate, 1000, 5000), 0);
	assert_int_equal(gate_wait_ms(&gate, 5000), 10);
	assert_int_equal(gate_wait_ms(&gate, 5004), 6);
	assert_int_equal(gate_room(&gate, 1000, 5009), 0);
	assert_int_equal(gate_room(&gate, 1000, 5010), 1);
	assert_int_equal(gate_room(&gate, 1000, 5100), 10);
	assert_int_equal(gate_room(&gate, 1000, 60000), 25);
	/* A place given back is not a token. */
	gate_take(&gate, 25);
	gate_give(&gate, 25);
	assert_int_equal(gate_room(&gate, 1, 60000), 0);
}

static void the_rate_is_kept(void **state)
{
	static const int64_t rates[] = {1, 3, 7, 333, 1000, 12345};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct gate gate;
		int64_t passed = 0, now = 0;

		gate_init(&gate, 0, rates[i], 0);
		gate_take(&gate, gate_room(&gate, INT64_MAX, 0)); /* the first burst */
		while (now < 100000) {
			int64_t room = gate_room(&gate, INT64_MAX, now);

			gate_take(&gate, room);
			passed += room;
			now += 7;
		}
		/* Never more. Less only by what a full bucket spills between two looks. */
		assert_in_range(passed, rates[i] * 98, rates[i] * 100);
	}
}

static void the_wait_is_long_enough(void **state)
{
	struct gate gate;

	(void)state;
	for (int64_t rate = 1; rate < 3000; rate += 13) {
		int64_t wait;

		gate_init(&gate, 0, rate, 0);
		gate_take(&gate, gate_room(&gate, INT64_MAX, 0));
		wait = gate_wait_ms(&gate, 0);
		assert_true(wait > 0);
		assert_true(gate_room(&gate, 1, wait) == 1);
	}
}

static void clocks_may_misbehave(void **state)
{
	struct gate gate;

	(void)state;
	gate_init(&gate, 0, 4, 1000000);
	gate_take(&gate, 1);
	assert_int_equal(gate_room(&gate, 1, 5), 0); /* backward: nothing */
	assert_int_equal(gate_room(&gate, 1, INT64_MAX), 1);
	gate_init(&gate, 0, INT64_MAX, 0);
	assert_true(gate_room(&gate, 10, INT64_MAX) == 10);
}

static void give_too_much(void)
{
	struct gate gate;

	gate_init(&gate, 1, 0, 0);
	gate_give(&gate, 1);
}

static void too_many_places_are_a_bug(void **state)
{
	(void)state;
	help_expect_bug(give_too_much, "were taken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_limits),
		cmocka_unit_test(places_are_given_back),
		cmocka_unit_test(tokens_come_with_time),
		cmocka_unit_test(the_rate_is_kept),
		cmocka_unit_test(the_wait_is_long_enough),
		cmocka_unit_test(clocks_may_misbehave),
		cmocka_unit_test(too_many_places_are_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
