/*
 * lib/wire/role: the test program is its own role. Run again with --role=NAME it plays one of the
 * parts below; the tests look at what it was given, what it says, and how it goes.
 */
#include "lib/base/sys.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/wire/msg.h"
#include "lib/wire/role.h"
#include "tests/unit/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

extern char **environ;

/* --- the parts, in the child --- */

static struct {
	struct loop *loop;
	struct channel *channel;
	struct role_page *page;
} me;

static void part_gone(void *arg UNUSED, const char *why UNUSED)
{
	loop_stop(me.loop);
}

static void part_echo(void *arg UNUSED, struct frame *frame)
{
	atomic_fetch_add(&me.page->steps, 1);
	bool sent = channel_send(me.channel, frame->type, frame->json, frame->attachments,
				 frame->attachments_len, frame->fd);
	if (!sent)
		exit(9);
}

static void send_text(const char *key, int64_t number, const char *text)
{
	json_t *json = json_object();

	json_put_int(json, key, number);
	json_put_str(json, "text", text);
	if (!channel_send(me.channel, MSG_DONE, json, NULL, 0, -1))
		exit(9);
	json_decref(json);
}

/* What it finds itself with: asked for by any frame. The loop's own descriptors are the caller's to
 * subtract, so it counts before it makes one. */
static int fds_at_start;
static void part_self(void *arg UNUSED, struct frame *frame UNUSED)
{
	char cwd[256];
	size_t variables = 0;

	while (environ && environ[variables])
		variables++;
	send_text("descriptors", fds_at_start, NULL);
	send_text("variables", (int64_t)variables, NULL);
	send_text("group", getpgrp() == getpid(), getcwd(cwd, sizeof(cwd)));
	send_text("cloexec", fcntl(ROLE_FD_CHANNEL, F_GETFD) == FD_CLOEXEC, NULL);
}

/* Tries to make the parent stumble over the page. */
static void part_vandal(void *arg UNUSED, struct frame *frame UNUSED)
{
	atomic_store(&me.page->item, 4711);
	atomic_store(&me.page->pending, UINT64_MAX);
	send_text("done", 1, NULL);
}

static void part_crash(void *arg UNUSED, struct frame *frame UNUSED)
{
	atomic_store(&me.page->item, 42);
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void part_leave(void *arg UNUSED, struct frame *frame UNUSED)
{
	log_warn("leaving", "why", "asked", NULL);
	fprintf(stderr, "a bare line\n");
	exit(3);
}

static const struct {
	const char *name;
	channel_frame_fn *on_frame;
} parts[] = {
	{"echo", part_echo},   {"self", part_self},   {"vandal", part_vandal},
	{"crash", part_crash}, {"leave", part_leave},
};

static int play(const char *name)
{
	struct err err = {0};
	int fd;

	fds_at_start = descriptors_open();
	prctl(PR_SET_DUMPABLE, 0); /* a crash here is no news */
	if (str_eq(name, "shrink"))
		return ftruncate(ROLE_FD_PAGE, 0) == 0 ? 0 : errno == EPERM ? 11 : 12;
	if (!role_enter(&me.page, &fd, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	me.loop = loop_new();
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (str_eq(parts[i].name, name))
			me.channel = channel_new(me.loop, fd, parts[i].on_frame, part_gone, NULL);
	if (!me.channel)
		return 4;
	loop_run(me.loop);
	channel_free(me.channel);
	loop_free(me.loop);
	return 0;
}

/* --- the tests, in the parent --- */

static struct {
	struct loop *loop;
	struct timer guard;
	struct role role;
	json_t *seen; /* an array of what came */
	char lines[10][200];
	size_t lines_len;
	int gone, exited, status;
	bool child_at_exit;
	int fds_before;
} f;

static void on_guard(void *arg UNUSED)
{
	fail_msg("nothing came of it in time");
}

static void on_frame(void *arg, struct frame *frame)
{
	assert_ptr_equal(arg, &f);
	json_array_append(f.seen, frame->json);
	loop_stop(f.loop);
}

static void on_gone(void *arg UNUSED, const char *why UNUSED)
{
	f.gone++;
	loop_stop(f.loop);
}

static void on_line(void *arg UNUSED, const char *line)
{
	if (f.lines_len < ARRAY_LEN(f.lines))
		str_copy(f.lines[f.lines_len++], sizeof(f.lines[0]), line);
}

static void on_exit_status(void *arg, int status)
{
	assert_ptr_equal(arg, &f);
	f.exited++;
	f.status = status;
	f.child_at_exit = f.role.child != NULL;
	loop_stop(f.loop);
}

static int set_up(void **state UNUSED)
{
	memset(&f, 0, sizeof(f));
	f.fds_before = descriptors_open();
	f.loop = loop_new();
	f.seen = json_array();
	timer_init(&f.guard, f.loop, on_guard, NULL);
	timer_set(&f.guard, 60000);
	return 0;
}

/* Nothing may be left: no descriptor, no child, not even a dead one. */
static int tear_down(void **state UNUSED)
{
	role_stop(&f.role);
	timer_clear(&f.guard);
	loop_free(f.loop);
	json_decref(f.seen);
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		return -1;
	return descriptors_open() == f.fds_before ? 0 : -1;
}

static void start(const char *name)
{
	struct err err = {0};

	if (!role_start(&f.role, f.loop, name, on_frame, on_gone, on_line, on_exit_status, &f,
			&err))
		fail_msg("%s", err.text);
}

static void until_seen(size_t count)
{
	while (json_array_size(f.seen) < count)
		loop_run(f.loop);
}

static void until_exited(void)
{
	while (!f.exited)
		loop_run(f.loop);
}

static void ask(int64_t n)
{
	json_t *json = json_object();

	json_put_int(json, "n", n);
	assert_true(channel_send(f.role.channel, MSG_DONE, json, NULL, 0, -1));
	json_decref(json);
}

static void it_speaks(void **state UNUSED)
{
	start("echo");
	for (int i = 0; i < 100; i++)
		ask(i);
	until_seen(100);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(json_get_int(json_array_get(f.seen, i), "n", -1), i);
	assert_int_equal(atomic_load(&f.role.page->steps), 100);
	assert_int_equal(f.exited, 0);
}

static void it_leaves_when_the_channel_ends(void **state UNUSED)
{
	start("echo");
	ask(1);
	until_seen(1);
	channel_free(f.role.channel);
	f.role.channel = NULL;
	until_exited();
	assert_int_equal(f.status, 0);
	assert_false(f.child_at_exit);
}

static void it_has_nothing_but_its_own(void **state UNUSED)
{
	int other = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as a library would */

	setenv("SECRET", "visible", 1);
	start("self");
	ask(1);
	until_seen(4);
	/* 0, 1, 2, the channel, the page; "." and ".." and the directory that was read */
	assert_int_equal(json_get_int(json_array_get(f.seen, 0), "descriptors", -1), 5 + 3);
	assert_int_equal(json_get_int(json_array_get(f.seen, 1), "variables", -1), 0);
	assert_int_equal(json_get_int(json_array_get(f.seen, 2), "group", -1), 1);
	assert_string_equal(json_get_str(json_array_get(f.seen, 2), "text"), "/");
	assert_int_equal(json_get_int(json_array_get(f.seen, 3), "cloexec", -1), 1);
	unsetenv("SECRET");
	close(other);
}

static void the_page_is_shared(void **state UNUSED)
{
	start("vandal");
	assert_int_equal(atomic_load(&f.role.page->item), 0);
	ask(1);
	until_seen(1);
	assert_int_equal(atomic_load(&f.role.page->item), 4711);
	assert_int_equal(atomic_load(&f.role.page->pending), UINT64_MAX);
}

static void the_page_cannot_shrink(void **state UNUSED)
{
	start("shrink");
	until_exited();
	assert_true(WIFEXITED(f.status));
	assert_int_equal(WEXITSTATUS(f.status), 11);
	assert_int_equal(atomic_load(&f.role.page->item), 0);
}

static void a_crash_is_told(void **state UNUSED)
{
	start("crash");
	ask(1);
	until_exited();
	assert_true(WIFSIGNALED(f.status));
	assert_int_equal(WTERMSIG(f.status), SIGABRT);
	assert_int_equal(atomic_load(&f.role.page->item), 42);
	while (!f.gone)
		loop_run(f.loop);
}

static void its_lines_are_heard(void **state UNUSED)
{
	start("leave");
	ask(1);
	until_exited();
	assert_int_equal(WEXITSTATUS(f.status), 3);
	assert_int_equal(f.lines_len, 2);
	assert_string_equal(f.lines[0], "<4>leaving why=asked");
	assert_string_equal(f.lines[1], "a bare line");
}

static void stopping_is_silent(void **state UNUSED)
{
	start("echo");
	ask(1);
	until_seen(1);
	role_stop(&f.role);
	assert_null(f.role.page);
	assert_int_equal(f.exited + f.gone, 0);
}

static void stopping_before_anything(void **state UNUSED)
{
	start("echo");
	role_stop(&f.role);
	role_stop(&f.role);
	assert_int_equal(f.exited, 0);
}

/* A person who types --role gets one sentence. */
static void it_is_not_for_people(void **state UNUSED)
{
	const char *const argv[] = {"expiryd", "--role=echo", NULL};
	const struct child_spec spec = {.path = "/proc/self/exe", .argv = argv};
	struct err err = {0};

	f.role.on_line = on_line;
	assert_non_null(child_start(f.loop, &spec, on_line, on_exit_status, &f, &err));
	until_exited();
	assert_int_equal(WEXITSTATUS(f.status), 2);
	assert_int_equal(f.lines_len, 1);
	assert_non_null(strstr(f.lines[0], "not by hand"));
}

static void wanted(void **state UNUSED)
{
	char *none[] = {(char[]){"expiryd"}, NULL};
	char *prober[] = {(char[]){"expiryd"}, (char[]){"--role=prober"}, NULL};
	char *more[] = {(char[]){"expiryd"}, (char[]){"--role=prober"}, (char[]){"-v"}, NULL};
	char *other[] = {(char[]){"expiryd"}, (char[]){"--roles"}, NULL};

	assert_null(role_wanted(1, none));
	assert_string_equal(role_wanted(2, prober), "prober");
	assert_null(role_wanted(3, more));
	assert_null(role_wanted(2, other));
}

#ifdef SYS_pidfd_open
/* A parent that is killed takes its role along, though nobody told it. */
static void it_dies_with_its_parent(void **state UNUSED)
{
	struct pollfd ended = {.events = POLLIN};
	int pipe_fds[2], status;
	pid_t role_pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid_t parent = fork();

	if (parent == 0) {
		f.loop = loop_new(); /* the other one's epoll is shared with the test */
		start("echo");
		ask(1);
		until_seen(1);
		role_pid = child_pid(f.role.child);
		if (write(pipe_fds[1], &role_pid, sizeof(role_pid)) != sizeof(role_pid))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(pipe_fds[0], &role_pid, sizeof(role_pid)), sizeof(role_pid));
	ended.fd = (int)syscall(SYS_pidfd_open, role_pid, 0);
	assert_true(ended.fd >= 0);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(poll(&ended, 1, 30000), 1);
	close(ended.fd);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(it_speaks),
		TEST(it_leaves_when_the_channel_ends),
		TEST(it_has_nothing_but_its_own),
		TEST(the_page_is_shared),
		TEST(the_page_cannot_shrink),
		TEST(a_crash_is_told),
		TEST(its_lines_are_heard),
		TEST(stopping_is_silent),
		TEST(stopping_before_anything),
		TEST(it_is_not_for_people),
		cmocka_unit_test(wanted),
#ifdef SYS_pidfd_open
		TEST(it_dies_with_its_parent),
#endif
	};
	const char *role = role_wanted(argc, argv);

	if (role)
		return play(role);
	return cmocka_run_group_tests_name("wire/role", tests, NULL, NULL);
}
