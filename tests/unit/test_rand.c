/*
 * lib/base/rand: the kernel's numbers first (a seed cannot be taken back), then the repeatable
 * sequence against values computed elsewhere, bounds and evenness.
 */
#include "lib/base/rand.h"
#include "tests/unit/bugs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void kernel_numbers_differ(void **state UNUSED)
{
	uint8_t a[300] = {0};
	uint8_t b[300] = {0};

	assert_true(rand_u64() != rand_u64());
	rand_bytes(a, sizeof(a));
	rand_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	rand_bytes(a, 0);
}

static void seed_repeats(void **state UNUSED)
{
	static const uint64_t of_0[] = {UINT64_C(0x99ec5f36cb75f2b4), UINT64_C(0xbf6e1f784956452a),
					UINT64_C(0x1a5f849d4933e6e0), UINT64_C(0x6aa594f1262d2d2c)};
	static const uint64_t of_42[] = {UINT64_C(0x15780b2e0c2ec716), UINT64_C(0x6104d9866d113a7e),
					 UINT64_C(0xae17533239e499a1),
					 UINT64_C(0xecb8ad4703b360a1)};
	uint8_t bytes[13];
	uint8_t again[13];
	size_t i;

	rand_seed(0);
	for (i = 0; i < ARRAY_LEN(of_0); i++)
		assert_true(rand_u64() == of_0[i]);
	rand_seed(42);
	for (i = 0; i < ARRAY_LEN(of_42); i++)
		assert_true(rand_u64() == of_42[i]);
	rand_seed(42);
	rand_bytes(bytes, sizeof(bytes));
	rand_seed(42);
	rand_bytes(again, sizeof(again));
	assert_memory_equal(bytes, again, sizeof(bytes));
}

static void draws_are_even_and_inside(void **state UNUSED)
{
	size_t counts[7] = {0};
	int round;
	size_t i;

	rand_seed(7);
	for (round = 0; round < 70000; round++) {
		int64_t n = rand_between(-3, 3);

		assert_in_range(n + 3, 0, 6);
		counts[n + 3]++;
	}
	/* Five standard deviations of 92. */
	for (i = 0; i < ARRAY_LEN(counts); i++)
		assert_in_range(counts[i], 9540, 10460);
}

static void draws_from_wide_ranges(void **state UNUSED)
{
	/* Three quarters of all numbers: a plain remainder would hit the first third twice as
	 * often. */
	const int64_t min = INT64_MIN;
	const int64_t max = INT64_MIN / 2 + INT64_MAX;
	size_t low = 0;
	int round;

	rand_seed(9);
	for (round = 0; round < 30000; round++) {
		int64_t n = rand_between(min, max);

		assert_true(n <= max);
		low += n < INT64_MIN / 2;
	}
	assert_in_range(low, 9590, 10410);
	assert_true(rand_between(5, 5) == 5);
	assert_true(rand_between(INT64_MAX, INT64_MAX) == INT64_MAX);
	assert_true(rand_between(INT64_MIN, INT64_MIN) == INT64_MIN);
	rand_between(INT64_MIN, INT64_MAX);
}

static void jitter_stays_within_its_percent(void **state UNUSED)
{
	int64_t least = INT64_MAX;
	int64_t most = INT64_MIN;
	int round;

	rand_seed(3);
	for (round = 0; round < 10000; round++) {
		int64_t n = rand_jitter(1000, 10);

		least = n < least ? n : least;
		most = n > most ? n : most;
		n = rand_jitter(-1000, 50);
		assert_true(n >= -1500 && n <= -500);
	}
	assert_int_equal(least, 900);
	assert_int_equal(most, 1100);
	assert_int_equal(rand_jitter(1234, 0), 1234);
	assert_int_equal(rand_jitter(0, 100), 0);
	assert_true(rand_jitter(INT64_MAX, 10) >= INT64_MAX / 10 * 9);
	assert_true(rand_jitter(INT64_MAX, 100) >= 0);
	assert_true(rand_jitter(INT64_MIN, 100) < 0);
}

static void backward_range(void)
{
	rand_between(1, 0);
}

static void negative_jitter(void)
{
	rand_jitter(1, -1);
}

static void misuse_is_a_bug(void **state UNUSED)
{
	assert_true(ends_in_bug(backward_range));
	assert_true(ends_in_bug(negative_jitter));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_numbers_differ),
		cmocka_unit_test(seed_repeats),
		cmocka_unit_test(draws_are_even_and_inside),
		cmocka_unit_test(draws_from_wide_ranges),
		cmocka_unit_test(jitter_stays_within_its_percent),
		cmocka_unit_test(misuse_is_a_bug),
	};

	return cmocka_run_group_tests_name("rand", tests, NULL, NULL);
}
