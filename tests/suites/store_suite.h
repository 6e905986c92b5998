/*
 * One conformance suite for every store backend: what store.h promises, asked through store.h
 * alone. A backend's test hands over how to open an empty store and how to open it once more,
 * and what time the store believes in; store_suite_run does the rest, as one cmocka group.
 */
#ifndef TESTS_SUITES_STORE_SUITE_H
#define TESTS_SUITES_STORE_SUITE_H

#include "stores/store.h"

struct store_suite {
	const char *name;
	void *arg;
	/* A store with nothing in it. */
	struct store *(*fresh)(void *arg, struct loop *loop);
	/* The store that was closed last, with all that is in it; NULL: it lives in memory. */
	struct store *(*again)(void *arg, struct loop *loop);
	/* The store's clock: wall ms, and a way to let time pass. */
	int64_t (*now)(void *arg);
	void (*pass)(void *arg, int64_t ms);
};

/* The number of failed tests. */
int store_suite_run(const struct store_suite *suite);

#endif
