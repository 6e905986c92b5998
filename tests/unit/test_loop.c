/*
 * The loop itself: order of deferred calls and timers, watches and signals, virtual time, and
 * that loop_free names what was left armed.
 */
#include "tests/unit/loop_help.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/loop/op.h"
#include "lib/loop/watch.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct loop *loop;
static struct buf trace;

static int set_up(void **state)
{
	(void)state;
	help_log();
	loop = loop_new();
	buf_init(&trace, 4096);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	buf_finish(&trace);
	return 0;
}

static void note(void *arg)
{
	buf_add_str(&trace, arg);
}

static void assert_trace(const char *expected)
{
	assert_string_equal(buf_text(&trace), expected);
}

static char *word(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* --- deferred calls ---------------------------------------------------------------------- */

static void defer_b_behind(void *arg)
{
	note(word("a"));
	loop_defer(arg, note, word("b"));
}

static void deferred_calls_keep_their_order(void **state)
{
	(void)state;
	loop_defer(loop, defer_b_behind, loop);
	loop_defer(loop, note, word("c"));
	assert_trace("");
	assert_true(loop_turn(loop));
	assert_trace("ac");
	assert_true(loop_turn(loop));
	assert_trace("acb");
	assert_false(loop_turn(loop));
}

static void cancel_it(void *arg)
{
	struct deferred **other = arg;

	deferred_cancel(*other);
}

static void deferred_calls_can_be_cancelled(void **state)
{
	struct deferred *later;

	(void)state;
	deferred_cancel(loop_defer(loop, note, word("x")));
	deferred_cancel(NULL);
	loop_defer(loop, cancel_it, &later);
	later = loop_defer(loop, note, word("y"));
	loop_defer(loop, note, word("z"));
	help_idle(loop);
	assert_trace("z");
}

static void defer_again(void *arg)
{
	int *count = arg;

	if (++*count < 1000)
		loop_defer(loop, defer_again, arg);
}

static void on_byte(void *arg, int fd, int what)
{
	char byte;

	assert_int_equal(what, WATCH_READ);
	assert_int_equal(read(fd, &byte, 1), 1);
	*(int *)arg += 1;
}

static void deferred_calls_do_not_starve_descriptors(void **state)
{
	struct watch *watch;
	int count = 0, bytes = 0, ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	watch = watch_new(loop, ends[0], WATCH_READ, on_byte, &bytes);
	assert_int_equal(write(ends[1], "x", 1), 1);
	defer_again(&count);
	loop_turn(loop);
	loop_turn(loop);
	assert_int_equal(bytes, 1);
	assert_true(count < 10);
	help_idle(loop);
	assert_int_equal(count, 1000);
	watch_free(watch);
	close(ends[0]);
	close(ends[1]);
}

/* --- timers ------------------------------------------------------------------------------ */

static void timers_run_in_order(void **state)
{
	struct timer a, b, c, d;

	(void)state;
	timer_init(&a, loop, note, word("a"));
	timer_init(&b, loop, note, word("b"));
	timer_init(&c, loop, note, word("c"));
	timer_init(&d, loop, note, word("d"));
	timer_set(&d, 5);
	timer_set(&c, 0);
	timer_set(&a, -7);
	timer_set(&b, 100000);
	assert_true(timer_armed(&a));
	assert_trace("");
	UNTIL(loop, !timer_armed(&d));
	assert_trace("cad");
	timer_set_at(&b, clock_mono_ms() - 1000000);
	loop_turn(loop);
	assert_trace("cadb");
	timer_set(&b, INT64_MAX);
	assert_true(timer_armed(&b));
	timer_clear(&b);
	timer_clear(&b);
	assert_false(timer_armed(&b));
}

struct many {
	struct timer timer;
	int64_t at;
	int ran;
};

static int64_t many_last;

static void on_many(void *arg)
{
	struct many *one = arg;

	assert_true(one->at >= many_last);
	many_last = one->at;
	one->ran++;
}

/* Against a plain count: armed, moved and cleared at random. */
static void a_heap_of_timers_stays_a_heap(void **state)
{
	enum { MANY = 3000 };
	struct many *many = MEM_NEW_ARRAY(MANY, struct many);
	int64_t now = clock_mono_ms();
	int armed = 0, ran = 0;

	(void)state;
	rand_seed(42);
	many_last = 0;
	for (int i = 0; i < MANY; i++)
		timer_init(&many[i].timer, loop, on_many, &many[i]);
	for (int i = 0; i < 5 * MANY; i++) {
		struct many *one = &many[rand_between(0, MANY - 1)];

		if (rand_between(0, 3) == 0) {
			timer_clear(&one->timer);
		} else {
			one->at = now + 1000000 + rand_between(0, 500);
			timer_set_at(&one->timer, one->at);
		}
	}
	for (int i = 0; i < MANY; i++) {
		armed += timer_armed(&many[i].timer);
		many[i].timer.at_mono_ms -= 1000000; /* all alike: the order stays */
		many[i].at -= 1000000;
	}
	for (int64_t end = clock_mono_ms() + 5000; ran < armed && clock_mono_ms() < end;) {
		help_turn(loop);
		ran = 0;
		for (int i = 0; i < MANY; i++)
			ran += many[i].ran;
	}
	assert_int_equal(ran, armed);
	mem_free(many);
}

static void on_busy_timer(void *arg)
{
	struct timer *timer = arg;

	timer_set_at(timer, 0);
}

static void a_timer_that_arms_itself_starves_nobody(void **state)
{
	struct timer busy, other;

	(void)state;
	timer_init(&busy, loop, on_busy_timer, &busy);
	timer_init(&other, loop, note, word("o"));
	timer_set(&busy, 0);
	timer_set(&other, 1);
	loop_defer(loop, note, word("d"));
	UNTIL(loop, !timer_armed(&other));
	assert_trace("do");
	timer_clear(&busy);
}

/* --- watches and signals ------------------------------------------------------------------- */

struct reader {
	struct watch *watch;
	int calls;
};

static void on_readable_free(void *arg, int fd, int what)
{
	struct reader *reader = arg;

	(void)fd;
	(void)what;
	reader->calls++;
	watch_free(reader->watch);
	reader->watch = NULL;
}

static void on_both(void *arg, int fd, int what)
{
	(void)fd;
	*(int *)arg |= what;
}

static void watches_pause_and_go(void **state)
{
	struct reader reader = {.calls = 0};
	struct watch *watch;
	int seen = 0, ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	watch = watch_new(loop, ends[0], 0, on_both, &seen);
	assert_false(loop_turn(loop));
	watch_set(watch, WATCH_READ | WATCH_WRITE);
	assert_true(loop_turn(loop));
	assert_int_equal(seen, WATCH_READ | WATCH_WRITE);
	watch_set(watch, 0);
	assert_false(loop_turn(loop));
	watch_free(watch);
	watch_free(NULL);
	reader.watch = watch_new(loop, ends[0], WATCH_READ, on_readable_free, &reader);
	help_idle(loop);
	assert_int_equal(reader.calls, 1);
	close(ends[0]);
	close(ends[1]);
}

static void on_signal(void *arg, int signo)
{
	*(int *)arg = signo;
}

static void signals_are_events(void **state)
{
	int seen = 0;
	struct loop_signal *sig = loop_signal_new(loop, SIGUSR1, on_signal, &seen);

	(void)state;
	raise(SIGUSR1);
	assert_int_equal(seen, 0);
	UNTIL(loop, seen);
	assert_int_equal(seen, SIGUSR1);
	loop_signal_free(sig);
	loop_signal_free(NULL);
}

static void a_broken_pipe_is_no_signal(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(write(ends[1], "x", 1), -1);
	close(ends[1]);
}

static void stop_it(void *arg)
{
	note(word("s"));
	loop_stop(arg);
}

static void stop_ends_a_run(void **state)
{
	(void)state;
	loop_defer(loop, stop_it, loop);
	loop_run(loop);
	loop_defer(loop, stop_it, loop);
	loop_run(loop);
	assert_trace("ss");
}

/* --- virtual time -------------------------------------------------------------------------
 * It cannot be left again, so each of these runs in a process of its own. */

static void in_a_process(void (*test)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		loop = loop_new();
		buf_init(&trace, 4096);
		clock_virtual_start(INT64_C(1800000000000));
		test();
		loop_free(loop);
		buf_finish(&trace);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("status %#x", (unsigned)status);
}

#define CHECK(what)                                                                \
	do {                                                                       \
		if (!(what)) {                                                     \
			fprintf(stderr, "line %d: not so: %s\n", __LINE__, #what); \
			_exit(1);                                                  \
		}                                                                  \
	} while (0)

static int64_t daily_at[400];
static int daily_len;
static struct timer daily;

static void on_day(void *arg)
{
	(void)arg;
	daily_at[daily_len++] = clock_wall_ms();
	timer_set(&daily, MS_DAY);
}

static void a_year_passes(void)
{
	int64_t begin = clock_wall_ms();
	int64_t real = time(NULL);

	timer_init(&daily, loop, on_day, NULL);
	timer_set(&daily, MS_DAY);
	loop_run_virtual(loop, begin + 365 * MS_DAY);
	CHECK(daily_len == 365);
	CHECK(daily_at[364] == begin + 365 * MS_DAY);
	CHECK(clock_wall_ms() == begin + 365 * MS_DAY);
	loop_run_virtual(loop, begin + 365 * MS_DAY + 500);
	CHECK(clock_wall_ms() == begin + 365 * MS_DAY + 500);
	CHECK(daily_len == 365);
	CHECK(time(NULL) - real < 10);
	timer_clear(&daily);
}

static int jump_bytes;
static int jump_ends[2];

static void on_jump_byte(void *arg, int fd, int what)
{
	char byte;

	(void)what;
	CHECK(read(fd, &byte, 1) == 1);
	CHECK(clock_wall_ms() == *(int64_t *)arg);
	jump_bytes++;
}

static void on_write_one(void *arg)
{
	(void)arg;
	CHECK(write(jump_ends[1], "x", 1) == 1);
}

/* What a timer wrote is read before the clock goes on to the next timer. */
static void descriptors_are_served_at_each_jump(void)
{
	int64_t expected = clock_wall_ms() + MS_HOUR;
	struct timer first, second;
	struct watch *watch;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, jump_ends) == 0);
	watch = watch_new(loop, jump_ends[0], WATCH_READ, on_jump_byte, &expected);
	timer_init(&first, loop, on_write_one, NULL);
	timer_init(&second, loop, note, word("2"));
	timer_set(&first, MS_HOUR);
	timer_set(&second, MS_HOUR + 1);
	loop_run_virtual(loop, expected + MS_HOUR);
	CHECK(jump_bytes == 1);
	CHECK(strcmp(buf_text(&trace), "2") == 0);
	watch_free(watch);
	close(jump_ends[0]);
	close(jump_ends[1]);
}

static void on_held_byte(void *arg, int fd, int what)
{
	on_jump_byte(arg, fd, what);
	loop_release(loop);
}

/* The byte comes from another process, after a wait in real time that no clock here sees. */
static void a_held_clock_waits(void)
{
	int64_t expected = clock_wall_ms();
	struct timer timer;
	struct watch *watch;
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, jump_ends) == 0);
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		_exit(write(jump_ends[1], "x", 1) == 1 ? 0 : 1);
	}
	watch = watch_new(loop, jump_ends[0], WATCH_READ, on_held_byte, &expected);
	timer_init(&timer, loop, note, word("t"));
	timer_set(&timer, 1);
	loop_hold(loop);
	loop_run_virtual(loop, expected + MS_HOUR);
	CHECK(jump_bytes == 1);
	CHECK(strcmp(buf_text(&trace), "t") == 0);
	CHECK(clock_wall_ms() == expected + MS_HOUR);
	CHECK(waitpid(pid, NULL, 0) == pid);
	watch_free(watch);
	close(jump_ends[0]);
	close(jump_ends[1]);
}

static void virtual_time_jumps(void **state)
{
	(void)state;
	in_a_process(a_year_passes);
}

static void virtual_time_serves_descriptors(void **state)
{
	(void)state;
	in_a_process(descriptors_are_served_at_each_jump);
}

static void virtual_time_can_be_held(void **state)
{
	(void)state;
	in_a_process(a_held_clock_waits);
}

/* --- leftovers ----------------------------------------------------------------------------- */

static void on_forgotten(void *arg)
{
	(void)arg;
}

static void on_forgotten_watch(void *arg, int fd, int what)
{
	(void)arg;
	(void)fd;
	(void)what;
}

static enum want never(struct op *op, enum wake wake)
{
	(void)op;
	(void)wake;
	return WANT_WAKE;
}

static void leave_deferred(void)
{
	struct loop *own = loop_new();

	loop_defer(own, on_forgotten, NULL);
	loop_free(own);
}

static void leave_timer(void)
{
	struct loop *own = loop_new();
	static struct timer timer;

	timer_init(&timer, own, on_forgotten, NULL);
	timer_set(&timer, 1000);
	loop_free(own);
}

static void leave_watch(void)
{
	struct loop *own = loop_new();
	int ends[2];

	if (pipe(ends) == 0)
		watch_new(own, ends[0], WATCH_READ, on_forgotten_watch, NULL);
	loop_free(own);
}

static void leave_op(void)
{
	static const char *const stages[] = {"sitting"};
	static struct op op = {.fd = -1};
	struct loop *own = loop_new();

	op_start(&op, own, "forgotten op", stages, never, 0);
	help_idle(own);
	loop_free(own);
}

static void leave_signal(void)
{
	struct loop *own = loop_new();

	loop_signal_new(own, SIGUSR2, on_signal, NULL);
	loop_free(own);
}

static void leave_hold(void)
{
	struct loop *own = loop_new();

	loop_hold(own);
	loop_free(own);
}

static void run_inside(void *arg)
{
	loop_run(arg);
}

static void run_twice(void)
{
	struct loop *own = loop_new();

	loop_defer(own, run_inside, own);
	loop_run(own);
}

static void run_virtual_as_real(void)
{
	clock_virtual_start(0);
	loop_run(loop_new());
}

static void run_real_as_virtual(void)
{
	loop_run_virtual(loop_new(), 0);
}

static void release_unheld(void)
{
	loop_release(loop_new());
}

static void mistakes_are_named(void **state)
{
	(void)state;
	help_expect_bug(leave_deferred, "on_forgotten");
	help_expect_bug(leave_timer, "on_forgotten");
	help_expect_bug(leave_watch, "on_forgotten_watch");
	help_expect_bug(leave_op, "forgotten op in stage");
	help_expect_bug(leave_op, "sitting");
	help_expect_bug(leave_signal, "signal");
	help_expect_bug(leave_hold, "held");
	help_expect_bug(run_twice, "inside itself");
	help_expect_bug(run_virtual_as_real, "loop_run in virtual time");
	help_expect_bug(run_real_as_virtual, "without virtual time");
	help_expect_bug(release_unheld, "without loop_hold");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(deferred_calls_keep_their_order),
		TEST(deferred_calls_can_be_cancelled),
		TEST(deferred_calls_do_not_starve_descriptors),
		TEST(timers_run_in_order),
		TEST(a_heap_of_timers_stays_a_heap),
		TEST(a_timer_that_arms_itself_starves_nobody),
		TEST(watches_pause_and_go),
		TEST(signals_are_events),
		TEST(a_broken_pipe_is_no_signal),
		TEST(stop_ends_a_run),
		cmocka_unit_test(virtual_time_jumps),
		cmocka_unit_test(virtual_time_serves_descriptors),
		cmocka_unit_test(virtual_time_can_be_held),
		cmocka_unit_test(mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
