/*
 * From fork to exec: descriptors into their places, everything else closed, signals as a fresh
 * process has them. Descriptors are first lifted above all places and then put down, so that a
 * source which is itself one of the places is not overwritten before its turn.
 */
#include "lib/loop/child_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST_FD 3
/* Where there is no close_range: nobody has more descriptors open than this. */
#define CLOSE_ALL_MAX 65536

struct start {
	const struct child_spec *spec;
	int complaints; /* the pipe of standard error, wherever it is just now */
};

static void say(const struct start *start, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(start->complaints, text, len);

		if (n <= 0)
			return; /* nobody listens; EINTR cannot be, signals are blocked */
		text += n;
		len -= (size_t)n;
	}
}

/* strerror may take the lock of a locale. */
static const char *reason(int error)
{
	switch (error) {
	case ENOENT:
		return "no such file";
	case EACCES:
	case EPERM:
		return "permission denied";
	case ENOEXEC:
		return "not a program";
	case ETXTBSY:
		return "is being written";
	case E2BIG:
		return "arguments are too long";
	case EMFILE:
	case ENFILE:
		return "out of descriptors";
	case EBADF:
		return "a descriptor for it is not open";
	default:
		return "the system refused";
	}
}

static void give_up(const struct start *start, int error) NORETURN;
static void give_up(const struct start *start, int error)
{
	say(start, "cannot run ");
	say(start, start->spec->path);
	say(start, ": ");
	say(start, reason(error));
	say(start, "\n");
	_exit(127);
}

static int lift(const struct start *start, int fd)
{
	int lifted = fcntl(fd, F_DUPFD, FIRST_FD + (int)start->spec->fds_len);

	if (lifted < 0)
		give_up(start, errno);
	return lifted;
}

static int lift_or_null(const struct start *start, int fd, int flags)
{
	int null, lifted;

	if (fd > 0)
		return lift(start, fd);
	null = open("/dev/null", flags);
	if (null < 0)
		give_up(start, errno);
	lifted = lift(start, null);
	close(null);
	return lifted;
}

static void close_from(unsigned first)
{
	struct rlimit limit;
	rlim_t end = CLOSE_ALL_MAX;

#ifdef SYS_close_range
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
#endif
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end)
		end = limit.rlim_cur;
	for (unsigned fd = first; fd < end; fd++)
		close((int)fd);
}

static void place(const struct start *start, int fd, int at)
{
	if (dup2(fd, at) < 0)
		give_up(start, errno);
}

static void descriptors_place(struct start *start)
{
	const struct child_spec *spec = start->spec;
	int lifted[CHILD_FDS_MAX];
	int in, out;

	start->complaints = lift(start, start->complaints);
	in = lift_or_null(start, spec->stdin_fd, O_RDONLY);
	out = lift_or_null(start, spec->stdout_fd, O_WRONLY);
	for (size_t i = 0; i < spec->fds_len; i++)
		lifted[i] = lift(start, spec->fds[i]);
	place(start, in, STDIN_FILENO);
	place(start, out, STDOUT_FILENO);
	place(start, start->complaints, STDERR_FILENO);
	for (size_t i = 0; i < spec->fds_len; i++)
		place(start, lifted[i], FIRST_FD + (int)i);
	start->complaints = STDERR_FILENO;
	close_from(FIRST_FD + (unsigned)spec->fds_len);
}

static void signals_reset(void)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	/* Ignored ones would stay ignored through exec; libevent's handlers, once unblocked,
	 * would write into the parent's socket. */
	for (int signo = 1; signo < NSIG; signo++)
		sigaction(signo, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void child_exec(const struct child_spec *spec, int stderr_fd, pid_t parent)
{
	struct start start = {.spec = spec, .complaints = stderr_fd};
	char *const environment[] = {NULL};

	setpgid(0, 0);
	if (spec->die_with_parent) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It may have died before the line above. */
		if (getppid() != parent)
			_exit(127);
	}
	descriptors_place(&start);
	if (chdir("/") < 0)
		give_up(&start, errno);
	umask(077);
	signals_reset();
	execve(spec->path, (char *const *)(uintptr_t)spec->argv, environment);
	give_up(&start, errno);
}
