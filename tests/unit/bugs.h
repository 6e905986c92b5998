/*
 * For tests of "we are wrong": runs a function in a child with a closed stderr and says whether
 * it ended as bug() ends. Include after cmocka.h's own needs; header only, one static function.
 */
#ifndef TESTS_UNIT_BUGS_H
#define TESTS_UNIT_BUGS_H

#include "lib/base/sys.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool ends_in_bug(void (*wrong)(void))
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return false;
	if (pid == 0) {
		struct rlimit no_core = {0};

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		wrong();
		_exit(0);
	}
	while (waitpid(pid, &status, 0) != pid)
		continue;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
