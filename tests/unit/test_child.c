/*
 * Child processes: this very program, started again with the name of a part to play. What a child
 * finds (descriptors, environment, signals) it says on its standard error.
 */
#include "tests/unit/loop_help.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/child.h"
#include "lib/loop/timer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

extern char **environ;

/* --- the parts ---------------------------------------------------------------------------- */

static void play_report(void)
{
	char folder[256];
	sigset_t blocked;
	DIR *fds = opendir("/proc/self/fd");
	struct dirent *entry;

	while ((entry = readdir(fds))) {
		uint64_t fd;

		if (str_to_u64(entry->d_name, 0, 10000, &fd) && (int)fd != dirfd(fds))
			fprintf(stderr, "fd %u\n", (unsigned)fd);
	}
	closedir(fds);
	for (char **variable = environ; *variable; variable++)
		fprintf(stderr, "env %s\n", *variable);
	fprintf(stderr, "dir %s\n", getcwd(folder, sizeof(folder)));
	fprintf(stderr, "umask %o\n", (unsigned)umask(0));
	fprintf(stderr, "group %d\n", getpgrp() == getpid());
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (int signo = 1; signo < NSIG; signo++) {
		struct sigaction action;

		if (sigismember(&blocked, signo) == 1)
			fprintf(stderr, "blocked %d\n", signo);
		if (sigaction(signo, NULL, &action) == 0 && action.sa_handler != SIG_DFL &&
		    signo != SIGSEGV && signo != SIGBUS && signo != SIGFPE && signo != SIGILL)
			fprintf(stderr, "handled %d\n", signo);
	}
}

/* Each descriptor from 3 on is the end of a stream: says which it is. */
static void play_name_fds(int count)
{
	for (int i = 0; i < count; i++) {
		char byte = (char)('a' + i);

		if (write(3 + i, &byte, 1) != 1)
			fprintf(stderr, "write to %d: %s\n", 3 + i, strerror(errno));
	}
}

static void play_flood(void)
{
	char line[1000];

	memset(line, 'f', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 5000; i++) {
		if (write(STDERR_FILENO, line, sizeof(line)) < 0)
			_exit(9);
	}
}

static void play_long_line(void)
{
	char bytes[10000];

	memset(bytes, 'l', sizeof(bytes));
	bytes[10] = '\0';
	if (write(STDERR_FILENO, bytes, sizeof(bytes)) < 0 ||
	    write(STDERR_FILENO, "\nlast without end", 17) < 0)
		_exit(9);
}

/* The grandchild holds standard error until it is killed; it says its pid first. */
static void play_grandchild(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	fprintf(stderr, "pid %d\n", (int)pid);
}

static void play_hang(void)
{
	signal(SIGTERM, SIG_IGN);
	fprintf(stderr, "pid %d\n", (int)getpid());
	for (;;)
		pause();
}

/* A daemon with a child that is to die with it; says the child's pid and waits. */
static void play_daemon(void)
{
	static const char *const argv[] = {"x", "hang", NULL};
	struct child_spec spec = {.path = SELF, .argv = argv, .die_with_parent = true};
	struct loop *own = loop_new();
	struct child *child = child_start(own, &spec, NULL, NULL, NULL, NULL);

	fprintf(stderr, "pid %d\n", (int)child_pid(child));
	for (;;)
		pause();
}

static int play(const char *part)
{
	uint64_t number = 0;

	if (str_eq(part, "report"))
		play_report();
	else if (str_starts(part, "fds:") && str_to_u64(part + 4, 0, 16, &number))
		play_name_fds((int)number);
	else if (str_starts(part, "exit:") && str_to_u64(part + 5, 0, 255, &number))
		return (int)number;
	else if (str_eq(part, "flood"))
		play_flood();
	else if (str_eq(part, "long"))
		play_long_line();
	else if (str_eq(part, "grandchild"))
		play_grandchild();
	else if (str_eq(part, "hang"))
		play_hang();
	else if (str_eq(part, "daemon"))
		play_daemon();
	else if (str_eq(part, "crash"))
		abort();
	else if (str_eq(part, "echo")) {
		char text[100];
		ssize_t n = read(STDIN_FILENO, text, sizeof(text));

		return n > 0 && write(STDOUT_FILENO, text, (size_t)n) == n ? 0 : 1;
	}
	return 0;
}

/* --- the stage ---------------------------------------------------------------------------- */

struct watching {
	struct loop *loop;
	struct child *child;
	struct buf text;
	int lines, done, status;
	size_t longest;
	bool cancel_in_line;
};

static int set_up(void **state)
{
	struct watching *w = MEM_NEW(struct watching);

	help_log();
	w->loop = loop_new();
	buf_init(&w->text, 64 * 1024);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct watching *w = *state;

	child_cancel(w->child);
	loop_free(w->loop);
	buf_finish(&w->text);
	mem_free(w);
	/* No zombie, nothing still running. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static void on_line(void *arg, const char *line)
{
	struct watching *w = arg;

	w->lines++;
	if (strlen(line) > w->longest)
		w->longest = strlen(line);
	buf_printf(&w->text, "%s\n", line);
	if (w->cancel_in_line) {
		child_cancel(w->child);
		w->child = NULL;
	}
}

static void on_done(void *arg, int status)
{
	struct watching *w = arg;

	w->child = NULL;
	w->status = status;
	w->done++;
}

static void start(struct watching *w, struct child_spec *spec, const char *part)
{
	const char *argv[] = {"child", part, NULL};
	struct err err;

	if (!spec->path)
		spec->path = SELF;
	spec->argv = argv;
	w->child = child_start(w->loop, spec, on_line, on_done, w, &err);
	if (!w->child)
		fail_msg("%s", err.text);
}

static int run(struct watching *w, const char *part)
{
	struct child_spec spec = {.path = NULL};

	w->done = 0;
	start(w, &spec, part);
	assert_int_equal(w->done, 0);
	UNTIL(w->loop, w->done);
	return w->status;
}

static pid_t pid_told(struct watching *w)
{
	int pid = 0;

	UNTIL(w->loop, w->lines > 0);
	assert_int_equal(sscanf(buf_text(&w->text), "pid %d", &pid), 1);
	assert_true(pid > 1);
	return pid;
}

/* --- ends --------------------------------------------------------------------------------- */

static void the_status_is_told(void **state)
{
	int status = run(*state, "exit:0");

	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	status = run(*state, "exit:42");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	status = run(*state, "crash");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void a_missing_program_is_told(void **state)
{
	struct watching *w = *state;
	struct child_spec spec = {.path = "/no/such/program"};

	start(w, &spec, "x");
	UNTIL(w->loop, w->done);
	assert_true(WIFEXITED(w->status) && WEXITSTATUS(w->status) == 127);
	assert_string_equal(buf_text(&w->text), "cannot run /no/such/program: no such file\n");
}

static void kill_reaches_the_group(void **state)
{
	struct watching *w = *state;
	struct child_spec spec = {.path = NULL};
	pid_t pid;

	start(w, &spec, "hang");
	pid = pid_told(w);
	assert_int_equal(child_pid(w->child), pid);
	assert_int_equal(getpgid(pid), pid);
	child_kill(w->child, SIGTERM); /* ignored */
	help_turn(w->loop);
	assert_int_equal(w->done, 0);
	child_kill(w->child, SIGKILL);
	UNTIL(w->loop, w->done);
	assert_true(WIFSIGNALED(w->status) && WTERMSIG(w->status) == SIGKILL);
}

static void cancel_is_silent_and_reaps(void **state)
{
	struct watching *w = *state;
	struct child_spec spec = {.path = NULL};
	pid_t pid;

	start(w, &spec, "hang");
	pid = pid_told(w);
	child_cancel(w->child);
	w->child = NULL;
	UNTIL(w->loop, kill(pid, 0) < 0 && errno == ESRCH);
	assert_int_equal(w->done, 0);
	/* Before its first step; loop_free then waits for it. */
	start(w, &spec, "hang");
	child_cancel(w->child);
	w->child = NULL;
	child_cancel(NULL);
}

static void cancel_inside_a_line(void **state)
{
	struct watching *w = *state;
	struct child_spec spec = {.path = NULL};

	w->cancel_in_line = true;
	start(w, &spec, "flood");
	UNTIL(w->loop, w->lines);
	for (int i = 0; i < 20; i++)
		help_turn(w->loop);
	assert_int_equal(w->lines, 1);
	assert_int_equal(w->done, 0);
}

static void on_done_cancel(void *arg, int status)
{
	struct watching *w = arg;

	child_kill(w->child, SIGKILL);
	child_cancel(w->child);
	on_done(arg, status);
}

static void cancel_inside_done_is_harmless(void **state)
{
	static const char *const argv[] = {"child", "exit:3", NULL};
	struct watching *w = *state;
	struct child_spec spec = {.path = SELF, .argv = argv};

	w->child = child_start(w->loop, &spec, on_line, on_done_cancel, w, NULL);
	UNTIL(w->loop, w->done);
	assert_int_equal(WEXITSTATUS(w->status), 3);
}

static void a_grandchild_does_not_hold_us(void **state)
{
	struct watching *w = *state;
	struct child_spec spec = {.path = NULL};
	int64_t begin = clock_mono_ms();
	pid_t pid;

	/* The grandchild is ours to reap when its parent is gone. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	start(w, &spec, "grandchild");
	pid = pid_told(w);
	UNTIL(w->loop, w->done);
	assert_in_range(clock_mono_ms() - begin, CHILD_DRAIN_MS / 2, 4 * CHILD_DRAIN_MS);
	assert_true(WIFEXITED(w->status));
	/* It was killed with the group. */
	UNTIL(w->loop, waitpid(pid, NULL, WNOHANG) == pid);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void a_child_dies_with_its_parent(void **state)
{
	struct watching *w = *state;
	struct child_spec spec = {.path = NULL};
	pid_t grandchild;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	start(w, &spec, "daemon");
	grandchild = pid_told(w);
	assert_int_not_equal(getpgid(grandchild), child_pid(w->child));
	child_kill(w->child, SIGKILL);
	UNTIL(w->loop, w->done);
	UNTIL(w->loop, waitpid(grandchild, NULL, WNOHANG) == grandchild);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* --- what it finds ------------------------------------------------------------------------ */

static void a_child_starts_clean(void **state)
{
	struct watching *w = *state;
	int spare[4];
	sigset_t blocked;

	setenv("SECRET", "of the daemon", 1);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	for (size_t i = 0; i < ARRAY_LEN(spare); i++)
		spare[i] = open("/dev/null", O_RDONLY); /* inheritable */
	run(w, "report");
	for (size_t i = 0; i < ARRAY_LEN(spare); i++)
		close(spare[i]);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	signal(SIGHUP, SIG_DFL);
	unsetenv("SECRET");
	assert_string_equal(buf_text(&w->text), "fd 0\nfd 1\nfd 2\ndir /\numask 77\ngroup 1\n");
}

/* pairs[i][0] stays here, pairs[i][1] goes along. What is passed stands at every place that it
 * could be overwritten from: the sources are put at 3, 4, ... in reverse. */
static void descriptors_arrive_in_order(void **state)
{
	enum { COUNT = 4 };
	struct watching *w = *state;
	struct child_spec spec = {.path = NULL, .fds_len = COUNT};
	int pairs[COUNT][2], fds[COUNT], before[COUNT];
	pid_t pid = fork();
	int status;

	/* In a process of its own, which may rearrange its descriptors. */
	if (pid > 0) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		return;
	}
	for (int i = 0; i < COUNT; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]) < 0)
			_exit(1);
		for (int j = 0; j < 2; j++)
			pairs[i][j] = fcntl(pairs[i][j], F_DUPFD_CLOEXEC, 100);
	}
	loop_free(w->loop);
	for (int fd = 3; fd < 100; fd++)
		close(fd);
	for (int i = 0; i < COUNT; i++) {
		before[i] = 3 + (COUNT - 1 - i);
		dup2(pairs[i][1], before[i]);
		close(pairs[i][1]);
		fds[i] = before[i];
	}
	w->loop = loop_new();
	spec.fds = fds;
	start(w, &spec, "fds:4");
	UNTIL(w->loop, w->done);
	for (int i = 0; i < COUNT; i++) {
		char byte = '?';

		if (recv(pairs[i][0], &byte, 1, MSG_DONTWAIT) != 1 || byte != 'a' + i) {
			fprintf(stderr, "descriptor %d says %c\n", 3 + i, byte);
			_exit(2);
		}
	}
	_exit(w->text.len == 0 && WIFEXITED(w->status) ? 0 : 3);
}

static void input_and_output_can_be_given(void **state)
{
	struct watching *w = *state;
	struct child_spec spec = {.path = NULL};
	char text[16] = "";
	int in[2], out[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	spec.stdin_fd = in[0];
	spec.stdout_fd = out[1];
	start(w, &spec, "echo");
	close(in[0]);
	close(out[1]);
	assert_int_equal(write(in[1], "hello", 5), 5);
	close(in[1]);
	UNTIL(w->loop, w->done);
	assert_int_equal(w->status, 0);
	assert_int_equal(read(out[0], text, sizeof(text) - 1), 5);
	assert_string_equal(text, "hello");
	close(out[0]);
}

/* --- lines -------------------------------------------------------------------------------- */

static void a_flood_is_read_in_shares(void **state)
{
	struct watching *w = *state;
	struct child_spec spec = {.path = NULL};
	int most = 0;

	start(w, &spec, "flood");
	while (!w->done) {
		int before = w->lines;

		loop_turn(w->loop);
		if (w->lines - before > most)
			most = w->lines - before;
	}
	assert_int_equal(w->lines, 5000);
	assert_int_equal(w->longest, 999);
	assert_true(most <= 200);
}

static void lines_are_cut(void **state)
{
	struct watching *w = *state;
	const char *text;

	run(w, "long");
	assert_int_equal(w->lines, 2);
	assert_int_equal(w->longest, CHILD_LINE_MAX);
	text = buf_text(&w->text);
	assert_int_equal(strspn(text, "l"), 10);
	assert_true(text[10] == ' ' && text[11] == 'l');
	assert_non_null(strstr(text, "\nlast without end\n"));
}

static void many_children_at_once(void **state)
{
	enum { MANY = 40 };
	struct watching *w = *state;
	struct child_spec spec = {.path = SELF};
	struct child *children[MANY];

	for (int i = 0; i < MANY; i++) {
		static const char *const argv[] = {"child", "exit:1", NULL};

		spec.argv = argv;
		children[i] = child_start(w->loop, &spec, on_line, on_done, w, NULL);
		assert_non_null(children[i]);
	}
	for (int i = 0; i < MANY; i += 4)
		child_cancel(children[i]);
	UNTIL(w->loop, w->done == MANY - MANY / 4);
	help_idle(w->loop);
	assert_int_equal(w->done, MANY - MANY / 4);
}

int main(int argc, char **argv)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_status_is_told),
		TEST(a_missing_program_is_told),
		TEST(kill_reaches_the_group),
		TEST(cancel_is_silent_and_reaps),
		TEST(cancel_inside_a_line),
		TEST(cancel_inside_done_is_harmless),
		TEST(a_grandchild_does_not_hold_us),
		TEST(a_child_dies_with_its_parent),
		TEST(a_child_starts_clean),
		TEST(descriptors_arrive_in_order),
		TEST(input_and_output_can_be_given),
		TEST(a_flood_is_read_in_shares),
		TEST(lines_are_cut),
		TEST(many_children_at_once),
	};

	if (argc > 1)
		return play(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
