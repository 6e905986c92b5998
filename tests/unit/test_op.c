/*
 * The operation engine over socketpairs: when steps come, with which wake, and that each
 * operation is accounted for exactly once whatever is cancelled when.
 */
#include "tests/unit/loop_help.h"

#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/loop/op.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop;

static int set_up(void **state)
{
	(void)state;
	help_log();
	loop = loop_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

/* --- an operation whose step is a script ---------------------------------------------------- */

#define SEEN_MAX 300

struct script {
	struct op op;
	enum want (*next)(struct script *script);
	enum wake seen[SEEN_MAX];
	int seen_len;
	int left;
	int fd;
};

static const char *const script_stages[] = {"first", "second"};

static enum want script_step(struct op *op, enum wake wake)
{
	struct script *script = CONTAINER_OF(op, struct script, op);

	assert_true(script->seen_len < SEEN_MAX);
	script->seen[script->seen_len++] = wake;
	return script->next(script);
}

static void script_start(struct script *script, enum want (*next)(struct script *), int64_t ms)
{
	memset(script, 0, sizeof(*script));
	script->op.fd = -1;
	script->fd = -1;
	script->next = next;
	op_start(&script->op, loop, "script", script_stages, script_step, ms);
}

static enum want want_wake(struct script *script)
{
	(void)script;
	return WANT_WAKE;
}

static enum want want_read(struct script *script)
{
	(void)script;
	return WANT_READ;
}

static void the_first_step_comes_in_the_next_turn(void **state)
{
	struct script script;

	(void)state;
	script_start(&script, want_wake, 0);
	assert_int_equal(script.seen_len, 0);
	help_idle(loop);
	assert_int_equal(script.seen_len, 1);
	assert_int_equal(script.seen[0], WAKE_START);
	op_finish(&script.op);
}

static void many_wakes_are_one(void **state)
{
	struct script script;

	(void)state;
	script_start(&script, want_wake, 0);
	op_wake(&script.op); /* before the first step: that is the start */
	help_idle(loop);
	assert_int_equal(script.seen_len, 1);
	assert_int_equal(script.seen[0], WAKE_START);
	op_wake(&script.op);
	op_wake(&script.op);
	op_wake(&script.op);
	assert_int_equal(script.seen_len, 1);
	help_idle(loop);
	assert_int_equal(script.seen_len, 2);
	assert_int_equal(script.seen[1], WAKE_READY);
	op_finish(&script.op);
}

static void finish_disarms_everything(void **state)
{
	struct script script;
	int ends[2], seen;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	script_start(&script, want_read, 1);
	script.op.fd = ends[0];
	help_idle(loop);
	op_wake(&script.op);
	assert_int_equal(write(ends[1], "x", 1), 1);
	seen = script.seen_len;
	op_finish(&script.op);
	op_finish(&script.op);
	close(ends[0]);
	close(ends[1]);
	help_turn(loop);
	help_turn(loop);
	assert_int_equal(script.seen_len, seen);
}

static void descriptors_wake(void **state)
{
	struct script script;
	char byte;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	script_start(&script, want_read, 0);
	script.op.fd = ends[0];
	help_idle(loop);
	assert_int_equal(script.seen_len, 1);
	assert_int_equal(write(ends[1], "x", 1), 1);
	loop_turn(loop);
	loop_turn(loop);
	assert_int_equal(script.seen_len, 3); /* level-triggered: nobody has read it */
	assert_int_equal(script.seen[2], WAKE_READY);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	help_idle(loop);
	assert_int_equal(script.seen_len, 3);
	close(ends[1]);
	loop_turn(loop);
	assert_int_equal(script.seen_len, 4); /* the end is readable, too */
	op_finish(&script.op);
	close(ends[0]);
}

static enum want again(struct script *script)
{
	return script->left-- > 0 ? WANT_AGAIN : WANT_WAKE;
}

static void again_has_a_budget(void **state)
{
	struct script greedy, other;

	(void)state;
	script_start(&greedy, again, 0);
	greedy.left = 200;
	script_start(&other, want_wake, 0);
	loop_turn(loop);
	assert_int_equal(greedy.seen_len, 64);
	assert_int_equal(other.seen_len, 1);
	help_idle(loop);
	assert_int_equal(greedy.seen_len, 201);
	op_finish(&greedy.op);
	op_finish(&other.op);
}

static enum want second_stage(struct script *script)
{
	if (script->op.stage == 0)
		return op_go(&script->op, 1);
	return WANT_WAKE;
}

static void stages_have_names(void **state)
{
	struct script script;

	(void)state;
	script_start(&script, second_stage, 0);
	assert_string_equal(op_stage_text(&script.op), "first");
	help_idle(loop);
	assert_string_equal(op_stage_text(&script.op), "second");
	assert_int_equal(script.seen_len, 2);
	op_finish(&script.op);
}

static void deadlines_come_and_move(void **state)
{
	struct script script;

	(void)state;
	script_start(&script, want_wake, 1);
	UNTIL(loop, script.seen_len == 2);
	assert_int_equal(script.seen[1], WAKE_DEADLINE);
	op_deadline(&script.op, 1);
	op_deadline(&script.op, 0);
	assert_false(timer_armed(&script.op.deadline));
	op_deadline(&script.op, 1);
	UNTIL(loop, script.seen_len == 3);
	assert_int_equal(script.seen[2], WAKE_DEADLINE);
	op_finish(&script.op);
}

/* The trap of epoll: a descriptor is closed and its number comes back while libevent still believes
 * to be waiting for it. */
static enum want reopen(struct script *script)
{
	int ends[2];

	if (script->left-- == 0)
		return WANT_READ;
	close(script->op.fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(ends[0], script->op.fd);
	assert_int_equal(write(ends[1], "x", 1), 1);
	script->fd = ends[1];
	return WANT_READ;
}

static void a_descriptor_may_be_exchanged(void **state)
{
	struct script script;
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	script_start(&script, want_read, 0);
	script.op.fd = ends[0];
	help_idle(loop);
	script.next = reopen;
	script.left = 1;
	op_wake(&script.op);
	UNTIL(loop, script.seen_len == 3);
	op_finish(&script.op);
	close(script.op.fd);
	close(script.fd);
	close(ends[1]);
}

static void a_plain_file_is_ready(void **state)
{
	struct script script;
	int fd = open("/proc/self/exe", O_RDONLY);

	(void)state;
	assert_true(fd >= 0);
	script_start(&script, want_read, 0);
	script.op.fd = fd;
	for (int i = 0; i < 5; i++)
		loop_turn(loop);
	assert_true(script.seen_len >= 4);
	op_finish(&script.op);
	close(fd);
}

/* --- five hundred at once ----------------------------------------------------------------- */

/* Sends a line, waits for its echo, and does it again; some stages wait for a child
 * operation instead. */
enum talk_stage { TALK_SEND, TALK_READ, TALK_CHILD };
static const char *const talk_stages[] = {"send", "read", "child"};

enum { TALKS = 500, ROUNDS = 5 };

struct crowd;

struct talk {
	struct op op;
	struct owner *owner;
	struct talk *child;
	bool is_child;
	int rounds;
};

struct owner {
	struct crowd *crowd;
	struct talk *talk;
	int echo; /* the peer's end */
	int started, done, timed_out, cancelled;
};

struct crowd {
	struct owner owners[TALKS];
	int finished;
};

static struct talk *talk_start(struct owner *owner, bool is_child, int fd, int64_t ms);

static void talk_free(struct talk *talk)
{
	op_finish(&talk->op);
	if (talk->child)
		talk_free(talk->child);
	if (talk->op.fd >= 0 && !talk->is_child)
		close(talk->op.fd);
	mem_free(talk);
}

static void on_talk_done(struct owner *owner, bool in_time)
{
	struct crowd *crowd = owner->crowd;

	owner->talk = NULL;
	owner->done += in_time;
	owner->timed_out += !in_time;
	crowd->finished++;
	/* From inside a completion, another goes. */
	if (rand_between(0, 9) == 0) {
		struct owner *other = &crowd->owners[rand_between(0, TALKS - 1)];

		if (other->talk) {
			talk_free(other->talk);
			other->talk = NULL;
			other->cancelled++;
			crowd->finished++;
		}
	}
}

static enum want talk_finish(struct talk *talk, bool in_time)
{
	struct owner *owner = talk->owner;

	talk_free(talk);
	on_talk_done(owner, in_time);
	return WANT_GONE;
}

static enum want stage_send(struct talk *talk)
{
	if (send(talk->op.fd, "ping\n", 5, MSG_NOSIGNAL) < 0)
		return errno == EAGAIN ? WANT_WRITE : talk_finish(talk, true);
	return op_go(&talk->op, TALK_READ);
}

static enum want stage_read(struct talk *talk)
{
	char line[16];
	ssize_t n = recv(talk->op.fd, line, sizeof(line), 0);

	if (n < 0 && errno == EAGAIN)
		return WANT_READ;
	if (n <= 0 || ++talk->rounds == ROUNDS)
		return talk_finish(talk, true);
	if (talk->rounds % 2 == 0)
		return op_go(&talk->op, TALK_SEND);
	talk->child = talk_start(talk->owner, true, -1, 0);
	op_go(&talk->op, TALK_CHILD);
	return WANT_WAKE;
}

static enum want stage_child(struct talk *talk)
{
	return talk->child ? WANT_WAKE : op_go(&talk->op, TALK_SEND);
}

static enum want child_end(struct talk *child)
{
	struct talk *parent = child->owner->talk;

	talk_free(child);
	parent->child = NULL;
	op_wake(&parent->op);
	return WANT_GONE;
}

static enum want talk_step(struct op *op, enum wake wake)
{
	struct talk *talk = CONTAINER_OF(op, struct talk, op);

	if (talk->is_child)
		return child_end(talk);
	if (wake == WAKE_DEADLINE)
		return talk_finish(talk, false);
	switch ((enum talk_stage)op->stage) {
	case TALK_SEND:
		return stage_send(talk);
	case TALK_READ:
		return stage_read(talk);
	case TALK_CHILD:
		return stage_child(talk);
	}
	return WANT_GONE;
}

static struct talk *talk_start(struct owner *owner, bool is_child, int fd, int64_t ms)
{
	struct talk *talk = MEM_NEW(struct talk);

	talk->owner = owner;
	talk->is_child = is_child;
	talk->op.fd = fd;
	op_start(&talk->op, loop, is_child ? "child" : "talk", talk_stages, talk_step, ms);
	return talk;
}

static void echo_all(struct crowd *crowd, bool answering)
{
	char line[64];

	for (int i = 0; i < TALKS; i++) {
		struct owner *owner = &crowd->owners[i];
		ssize_t n;

		/* Every tenth peer never answers, every eleventh closes at once. */
		if (owner->echo < 0 || (i % 10 == 0 && answering))
			continue;
		if (i % 11 == 0) {
			close(owner->echo);
			owner->echo = -1;
			continue;
		}
		n = recv(owner->echo, line, sizeof(line), 0);
		if (n > 0 && answering)
			send(owner->echo, line, (size_t)n, MSG_NOSIGNAL);
	}
}

static void crowd_begin(struct crowd *crowd)
{
	for (int i = 0; i < TALKS; i++) {
		struct owner *owner = &crowd->owners[i];
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
		owner->crowd = crowd;
		owner->echo = ends[1];
		owner->started++;
		owner->talk = talk_start(owner, false, ends[0], i % 10 == 0 ? 50 : 15000);
		if (i % 13 == 0) { /* before its first step */
			talk_free(owner->talk);
			owner->talk = NULL;
			owner->cancelled++;
			crowd->finished++;
		}
	}
}

static void each_of_a_crowd_ends_once(void **state)
{
	struct crowd *crowd = MEM_NEW(struct crowd);
	int done = 0, timed_out = 0, cancelled = 0;

	(void)state;
	rand_seed(7);
	crowd_begin(crowd);
	for (int64_t end = clock_mono_ms() + 15000;
	     crowd->finished < TALKS && clock_mono_ms() < end;) {
		help_turn(loop);
		echo_all(crowd, true);
	}
	for (int i = 0; i < TALKS; i++) {
		struct owner *owner = &crowd->owners[i];

		assert_null(owner->talk);
		assert_int_equal(owner->done + owner->timed_out + owner->cancelled, 1);
		done += owner->done;
		timed_out += owner->timed_out;
		cancelled += owner->cancelled;
		if (owner->echo >= 0)
			close(owner->echo);
	}
	assert_int_equal(done + timed_out + cancelled, TALKS);
	assert_true(done > 200 && timed_out > 10 && cancelled > 50);
	mem_free(crowd);
}

static void cancelling_all_leaves_nothing(void **state)
{
	struct crowd *crowd = MEM_NEW(struct crowd);
	int before = help_open_fds();

	(void)state;
	crowd_begin(crowd);
	for (int i = 0; i < 3; i++) {
		loop_turn(loop);
		echo_all(crowd, false);
	}
	for (int i = 0; i < TALKS; i++) {
		if (crowd->owners[i].talk)
			talk_free(crowd->owners[i].talk);
		if (crowd->owners[i].echo >= 0)
			close(crowd->owners[i].echo);
	}
	assert_false(loop_turn(loop));
	assert_int_equal(help_open_fds(), before);
	mem_free(crowd);
}

/* --- mistakes ----------------------------------------------------------------------------- */

static void wait_for_nothing(void)
{
	struct script script;

	loop = loop_new();
	script_start(&script, want_read, 0);
	help_idle(loop);
}

static void wait_for_closed(void)
{
	struct script script;

	loop = loop_new();
	script_start(&script, want_read, 0);
	script.op.fd = dup(0);
	close(script.op.fd);
	help_idle(loop);
}

static void mistakes_are_named(void **state)
{
	(void)state;
	help_expect_bug(wait_for_nothing, "script waits for descriptor -1");
	help_expect_bug(wait_for_closed, "which is closed");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_first_step_comes_in_the_next_turn),
		TEST(many_wakes_are_one),
		TEST(finish_disarms_everything),
		TEST(descriptors_wake),
		TEST(again_has_a_budget),
		TEST(stages_have_names),
		TEST(deadlines_come_and_move),
		TEST(a_descriptor_may_be_exchanged),
		TEST(a_plain_file_is_ready),
		TEST(each_of_a_crowd_ends_once),
		TEST(cancelling_all_leaves_nothing),
		TEST(mistakes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
