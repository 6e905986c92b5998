/*
 * What the tests of lib/loop share: waiting for a condition while the loop turns, a log that
 * must stay quiet, and the death of a child process by bug().
 */
#ifndef TESTS_UNIT_LOOP_HELP_H
#define TESTS_UNIT_LOOP_HELP_H

#include "lib/base/clock.h"
#include "lib/loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HELP_PATIENCE_US INT64_C(20000000)

/* Turns the loop until what is true; fails when that takes too long. Real time only. */
#define UNTIL(loop, what)                                                      \
	do {                                                                   \
		int64_t until_end = clock_mono_us() + HELP_PATIENCE_US;        \
		while (!(what)) {                                              \
			if (clock_mono_us() > until_end)                       \
				fail_msg("this never became true: %s", #what); \
			help_turn(loop);                                       \
		}                                                              \
	} while (0)

/* One turn; when there was nothing to do, a short wait for descriptors. */
void help_turn(struct loop *loop);
/* Turns until nothing is ready. */
void help_idle(struct loop *loop);

/* From here on a line of level warn or error fails the test. */
void help_log(void);

/* Into the directory that run-test made for this test, if it did. */
void help_enter_tmp(void);

/* Runs fn in a forked process, which must abort with text in its last words. */
void help_expect_bug(void (*fn)(void), const char *text);

/* Descriptors of this process that are open. */
int help_open_fds(void);

#endif
