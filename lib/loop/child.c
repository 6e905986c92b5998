/*
 * Children, the parent's side. A child is an operation over the pipe of its standard error; that
 * it ended is told by SIGCHLD through one handler a loop, which asks each known child by its own
 * pid and never for "any", because another library may have children too. An ended child stays
 * unreaped until its completion: as long as it does, its pid names its process group and nothing
 * else, so killing the rest of the group cannot hit a stranger.
 */
#include "lib/loop/child_exec.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/loop/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utlist.h>

#define READ_LEN 16384
/* What a killed child may take to be gone when the loop is freed. */
#define LAST_WAIT_MS 1000

enum child_stage { CHILD_READ, CHILD_WAIT };
static const char *const child_stages[] = {"read", "wait"};

struct child {
	struct op op;
	struct child *prev, *next;
	struct loop *loop;
	pid_t pid;
	bool exited;	/* a zombie, not reaped yet */
	bool cancelled; /* only waits to be reaped */
	bool telling;	/* inside done */
	bool *gone;	/* set when it is cancelled from inside on_line */
	struct buf line;
	child_line_fn *on_line;
	child_done_fn *done;
	void *arg;
};

/* --- the list of children ---------------------------------------------------------------- */

static void child_free(struct child *child)
{
	struct loop *loop = child->loop;

	DL_DELETE(loop->children, child);
	buf_finish(&child->line);
	mem_free(child);
	if (!loop->children) {
		loop_signal_free(loop->on_child);
		loop->on_child = NULL;
	}
}

static int reap(struct child *child)
{
	int status = 0;

	/* The leader is a zombie and still holds the name of the group. */
	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0) {
		if (errno != EINTR)
			bug("child %d was reaped by somebody else", (int)child->pid);
	}
	return status;
}

static bool has_exited(const struct child *child)
{
	siginfo_t info = {.si_pid = 0};

	if (waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
	    errno != EINTR)
		bug("child %d was reaped by somebody else", (int)child->pid);
	return info.si_pid == child->pid;
}

static void on_sigchld(void *arg, int signo UNUSED)
{
	struct loop *loop = arg;
	struct child *child, *next;

	/* One signal may stand for many deaths. */
	DL_FOREACH_SAFE(loop->children, child, next) {
		if (child->exited || !has_exited(child))
			continue;
		child->exited = true;
		if (child->cancelled) {
			reap(child);
			child_free(child);
			continue;
		}
		op_deadline(&child->op, CHILD_DRAIN_MS);
		op_wake(&child->op);
	}
}

static void last_wait(const struct child *child)
{
#ifdef SYS_pidfd_open
	struct pollfd ended = {.events = POLLIN};

	ended.fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (ended.fd < 0)
		return;
	/* The death of one child interrupts the wait for another. */
	while (poll(&ended, 1, LAST_WAIT_MS) < 0 && errno == EINTR)
		;
	close(ended.fd);
#else
	(void)child;
#endif
}

void children_finish(struct loop *loop)
{
	struct child *child, *next;

	DL_FOREACH_SAFE(loop->children, child, next) {
		if (!child->cancelled)
			continue; /* an operation: loop_free names it */
		if (!has_exited(child))
			last_wait(child);
		if (has_exited(child))
			reap(child);
		child_free(child);
	}
}

/* --- lines ------------------------------------------------------------------------------- */

/* False when the child was cancelled meanwhile. */
static bool line_tell(struct child *child)
{
	bool gone = false;

	child->gone = &gone;
	child->on_line(child->arg, buf_text(&child->line));
	if (gone)
		return false;
	child->gone = NULL;
	buf_reset(&child->line);
	return true;
}

static bool lines_take(struct child *child, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] != '\n')
			buf_add_char(&child->line, data[i] ? data[i] : ' ');
		else if (!line_tell(child))
			return false;
	}
	return true;
}

/* --- the operation ----------------------------------------------------------------------- */

static void pipe_close(struct child *child)
{
	if (child->op.fd < 0)
		return;
	close(child->op.fd);
	child->op.fd = -1;
}

static enum want finish(struct child *child)
{
	int status = reap(child);

	op_finish(&child->op);
	pipe_close(child);
	child->telling = true;
	child->done(child->arg, status);
	child_free(child);
	return WANT_GONE;
}

static enum want stage_wait(struct child *child)
{
	return child->exited ? finish(child) : WANT_WAKE;
}

static enum want stage_read(struct child *child)
{
	char data[READ_LEN];
	ssize_t n = read(child->op.fd, data, sizeof(data));

	/* One read a turn: a child that floods its standard error has only its share. */
	if (n > 0)
		return lines_take(child, data, (size_t)n) ? WANT_READ : WANT_GONE;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return WANT_READ;
	if (child->line.len > 0 && !line_tell(child))
		return WANT_GONE;
	return op_go(&child->op, CHILD_WAIT);
}

static enum want child_step(struct op *op, enum wake wake)
{
	struct child *child = CONTAINER_OF(op, struct child, op);

	if (wake == WAKE_DEADLINE) {
		if (child->line.len > 0 && !line_tell(child))
			return WANT_GONE;
		return finish(child);
	}
	switch ((enum child_stage)op->stage) {
	case CHILD_READ:
		return stage_read(child);
	case CHILD_WAIT:
		return stage_wait(child);
	}
	bug("child in stage %d", op->stage);
}

/* --- start and end ----------------------------------------------------------------------- */

static pid_t start(const struct child_spec *spec, int stderr_fd)
{
	pid_t parent = getpid();
	sigset_t all, before;
	pid_t pid;
	int error;

	/* A signal in the child before its exec would run our handlers there. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		child_exec(spec, stderr_fd, parent);
	error = errno;
	if (pid > 0)
		setpgid(pid, pid); /* both sides, for either may be first */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

static struct child *child_new(struct loop *loop, pid_t pid, int fd)
{
	struct child *child = MEM_NEW(struct child);

	child->loop = loop;
	child->pid = pid;
	buf_init(&child->line, CHILD_LINE_MAX);
	DL_APPEND(loop->children, child);
	child->op.fd = fd;
	op_start(&child->op, loop, "child", child_stages, child_step, 0);
	return child;
}

struct child *child_start(struct loop *loop, const struct child_spec *spec, child_line_fn *on_line,
			  child_done_fn *done, void *arg, struct err *err)
{
	struct child *child;
	int ends[2];
	pid_t pid;

	if (spec->fds_len > CHILD_FDS_MAX)
		bug("%zu descriptors for a child", spec->fds_len);
	if (pipe2(ends, O_CLOEXEC) < 0) {
		err_set(err, ERR_UNAVAILABLE, "no pipe for a child: %s", strerror(errno));
		return NULL;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	/* Before the fork, so that no death goes unheard. */
	if (!loop->on_child)
		loop->on_child = loop_signal_new(loop, SIGCHLD, on_sigchld, loop);
	pid = start(spec, ends[1]);
	if (pid < 0)
		err_set(err, ERR_UNAVAILABLE, "cannot fork: %s", strerror(errno));
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		if (!loop->children) {
			loop_signal_free(loop->on_child);
			loop->on_child = NULL;
		}
		return NULL;
	}
	child = child_new(loop, pid, ends[0]);
	child->on_line = on_line;
	child->done = done;
	child->arg = arg;
	return child;
}

pid_t child_pid(const struct child *child)
{
	return child->pid;
}

void child_kill(struct child *child, int signo)
{
	if (!child->telling)
		kill(-child->pid, signo);
}

void child_cancel(struct child *child)
{
	if (!child || child->telling)
		return;
	if (child->gone)
		*child->gone = true;
	child->gone = NULL;
	op_finish(&child->op);
	pipe_close(child);
	kill(-child->pid, SIGKILL);
	if (child->exited) {
		reap(child);
		child_free(child);
		return;
	}
	child->cancelled = true;
}
