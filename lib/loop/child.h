/*
 * A child process: started with a cleared environment, / as directory, private umask, own process
 * group, descriptors above 2 closed except those named; finished when it has ended AND its
 * standard error has ended. A grandchild that holds the pipe is given CHILD_DRAIN_MS; what is
 * left of the process group when the child is reaped is killed.
 */
#ifndef LIB_LOOP_CHILD_H
#define LIB_LOOP_CHILD_H

#include "lib/loop/loop.h"
#include <sys/types.h>

struct child;
struct child_spec {
	const char *path;	 /* executable: "/proc/self/exe" for a role */
	const char *const *argv; /* ends with NULL */
	const int *fds;		 /* parent's descriptors; they become 3, 4, ... in the child */
	size_t fds_len;
	bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL, and checks that the parent still lives */
	int stdin_fd;	      /* the parent's; 0: /dev/null */
	int stdout_fd;	      /* the parent's; 0: /dev/null */
};
#define CHILD_FDS_MAX 16
#define CHILD_LINE_MAX 4096
#define CHILD_DRAIN_MS 1000
/* A line of the child's stderr, without newline, at most 4 KiB (longer ones are cut, NUL bytes
 * become blanks); hostile. child_cancel is legal inside. */
typedef void child_line_fn(void *arg, const char *line);
/* Exactly once, with the status of waitpid. The child object is freed after this call returns. */
typedef void child_done_fn(void *arg, int wait_status);

/* NULL with err when fork failed. A program that cannot be run says so in a line and ends with
 * status 127. Descriptors in fds stay the caller's to close. */
struct child *child_start(struct loop *loop, const struct child_spec *spec, child_line_fn *on_line,
			  child_done_fn *done, void *arg, struct err *err);
pid_t child_pid(const struct child *child);
/* Signals the whole process group. */
void child_kill(struct child *child, int signo);
/* Owner goes away: kills with SIGKILL, reaps silently in the background; done is not called.
 * Accepts NULL. */
void child_cancel(struct child *child);

#endif
