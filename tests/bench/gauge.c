/*
 * See gauge.h. The CPU clock of another process has nanoseconds, where /proc has ticks; strace is
 * stopped by its own process id.
 */
#include "tests/bench/gauge.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t gauge_cpu_ns(int32_t pid)
{
	clockid_t clock;
	struct timespec at;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &at) != 0)
		return -1;
	return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* A number of /proc/PID/status; -1: no such line. */
static int64_t status_number(int32_t pid, const char *key)
{
	char path[64], line[256];
	int64_t number = -1;
	size_t len = strlen(key);

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, key, len) == 0)
			number = strtoll(line + len, NULL, 10);
	if (file)
		fclose(file);
	return number;
}

int64_t gauge_peak_kib(int32_t pid)
{
	return status_number(pid, "VmHWM:");
}

static void rest(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

bool gauge_calls_start(struct gauge_calls *calls, int32_t pid, const char *folder)
{
	char number[16];

	snprintf(calls->file, sizeof(calls->file), "%s/calls", folder);
	snprintf(number, sizeof(number), "%d", pid);
	calls->tracer = fork();
	if (calls->tracer == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDERR_FILENO);
		execlp("strace", "strace", "-c", "-f", "-qq", "-o", calls->file, "-p", number,
		       (char *)NULL);
		_exit(127);
	}
	for (int i = 0; calls->tracer > 0 && i < 300; i++) {
		if (status_number(pid, "TracerPid:") == calls->tracer)
			return true;
		if (waitpid(calls->tracer, NULL, WNOHANG) == calls->tracer)
			break;
		rest();
	}
	calls->tracer = 0;
	return false;
}

int64_t gauge_calls_stop(struct gauge_calls *calls)
{
	char line[256];
	int64_t total = -1;

	if (calls->tracer <= 0)
		return -1;
	kill(calls->tracer, SIGINT);
	waitpid(calls->tracer, NULL, 0);
	calls->tracer = 0;
	FILE *file = fopen(calls->file, "r");
	while (file && fgets(line, sizeof(line), file)) {
		long long count;

		/* percent, seconds, microseconds each, calls, (errors,) name */
		if (strstr(line, " total") && sscanf(line, "%*f %*f %*d %lld", &count) == 1)
			total = count;
	}
	if (file)
		fclose(file);
	unlink(calls->file);
	return total;
}

static int double_cmp(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	return (a > b) - (a < b);
}

double gauge_median(double *values, size_t len)
{
	if (len == 0)
		return 0;
	qsort(values, len, sizeof(*values), double_cmp);
	return len % 2 ? values[len / 2] : (values[len / 2 - 1] + values[len / 2]) / 2;
}
