/*
 * See loop_help.h.
 */
#include "tests/unit/loop_help.h"

#include "lib/base/log.h"
#include "lib/loop/timer.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS 2

static void on_waited(void *arg)
{
	loop_stop(arg);
}

void help_turn(struct loop *loop)
{
	struct timer timer;

	if (loop_turn(loop))
		return;
	timer_init(&timer, loop, on_waited, loop);
	timer_set(&timer, WAIT_MS);
	loop_run(loop);
	timer_clear(&timer);
}

void help_idle(struct loop *loop)
{
	while (loop_turn(loop))
		continue;
}

static void on_log(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	if (level == LOG_LEVEL_ERROR || level == LOG_LEVEL_WARN)
		fail_msg("unexpected in the log: %s", line);
}

void help_log(void)
{
	log_set_sink(on_log, NULL);
}

void help_enter_tmp(void)
{
	const char *folder = getenv("TMPDIR");

	if (folder && chdir(folder) < 0)
		perror(folder);
}

static void die_by_bug(void (*fn)(void), int out)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	dup2(out, STDERR_FILENO);
	signal(SIGABRT, SIG_DFL);
	log_set_sink(NULL, NULL);
	fn();
	_exit(0);
}

void help_expect_bug(void (*fn)(void), const char *text)
{
	char words[4096];
	size_t len = 0;
	ssize_t n;
	int status, ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		die_by_bug(fn, ends[1]);
	close(ends[1]);
	while ((n = read(ends[0], words + len, sizeof(words) - 1 - len)) > 0)
		len += (size_t)n;
	words[len] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
		fail_msg("no abort but status %#x: %s", (unsigned)status, words);
	if (!strstr(words, text))
		fail_msg("\"%s\" is not in: %s", text, words);
}

int help_open_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}
