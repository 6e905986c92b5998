/*
 * Runs the store suite against one backend: all parts as one cmocka group, each test with an
 * empty store and a loop of its own, which must be left empty.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"

const struct store_suite *store_suite_now;

static int setup(void **state)
{
	struct bed *bed = MEM_NEW(struct bed);

	bed_setup(bed, store_suite_now);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	bed_teardown(*state);
	mem_free(*state);
	return 0;
}

int store_suite_run(const struct store_suite *suite)
{
	const struct {
		const struct CMUnitTest *tests;
		size_t len;
	} parts[] = {
		{store_suite_docs, store_suite_docs_len},
		{store_suite_jobs, store_suite_jobs_len},
		{store_suite_pages, store_suite_pages_len},
		{store_suite_calls, store_suite_calls_len},
	};
	struct CMUnitTest tests[128];
	size_t len = 0;

	store_suite_now = suite;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		for (size_t j = 0; j < parts[i].len; j++) {
			assert_true(len < ARRAY_LEN(tests));
			tests[len] = parts[i].tests[j];
			tests[len].setup_func = setup;
			tests[len++].teardown_func = teardown;
		}
	}
	return _cmocka_run_group_tests(suite->name, tests, len, NULL, NULL);
}
