/*
 * What a process costs, read from outside: its CPU clock, its peak of memory, and the system calls
 * it makes while strace watches.
 */
#ifndef TESTS_BENCH_GAUGE_H
#define TESTS_BENCH_GAUGE_H

#include "lib/base/sys.h"

int64_t gauge_cpu_ns(int32_t pid); /* of all its threads, user and system; -1: gone */
int64_t gauge_peak_kib(int32_t pid);

/* One that counts at a time is enough for us. */
struct gauge_calls {
	int32_t tracer; /* 0: none */
	char file[256];
};
/* False when there is no strace, or it may not watch. */
bool gauge_calls_start(struct gauge_calls *calls, int32_t pid, const char *folder) MUST_CHECK;
int64_t gauge_calls_stop(struct gauge_calls *calls); /* how many; -1: not known */

double gauge_median(double *values, size_t len); /* sorts */

#endif
