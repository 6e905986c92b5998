/*
 * lib/wire/channel over socketpairs: order and content under partial reads and writes, descriptors
 * and their surplus, the queue's ceiling, each way a channel can end, and freeing from inside. No
 * test leaves a descriptor behind.
 */
#include "lib/base/sys.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/wire/frame.h"
#include "lib/wire/msg.h"
#include "tests/unit/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define SEEN_MAX 4096

struct end {
	struct channel *channel;
	struct loop *loop;
	int64_t seen[SEEN_MAX]; /* the "n" of each frame */
	size_t seen_len;
	size_t attached;
	int gone;
	char why[256];
	int fd; /* taken from a frame */
	bool take_fd;
	bool free_inside;
};

static struct {
	struct loop *loop;
	struct timer guard;
	int raw; /* the other end, where a test speaks for itself */
	struct end a, b;
	int fds_before;
} f;

static void on_guard(void *arg UNUSED)
{
	fail_msg("nothing came of it in time");
}

static void on_frame(void *arg, struct frame *frame)
{
	struct end *end = arg;

	assert_true(end->seen_len < SEEN_MAX);
	end->seen[end->seen_len++] = json_get_int(frame->json, "n", -1);
	if (end->free_inside) {
		channel_free(end->channel);
		end->channel = NULL;
	}
	for (size_t i = 0; i < frame->attachments_len; i++) {
		const struct attachment *part = &frame->attachments[i];

		for (size_t k = 0; k < part->len; k++)
			assert_int_equal(part->data[k], (uint8_t)(k + i));
		end->attached += part->len;
	}
	if (end->take_fd && frame->fd >= 0) {
		end->fd = frame->fd;
		frame->fd = -1;
	}
	loop_stop(end->loop);
}

static void on_gone(void *arg, const char *why)
{
	struct end *end = arg;

	end->gone++;
	str_copy(end->why, sizeof(end->why), why);
	channel_free(end->channel);
	end->channel = NULL;
	loop_stop(end->loop);
}

static void until_seen(const struct end *end, size_t count)
{
	while (end->seen_len < count)
		loop_run(f.loop);
}

static void until_gone(const struct end *end)
{
	while (!end->gone)
		loop_run(f.loop);
}

static void end_init(struct end *end, int fd)
{
	*end = (struct end){.loop = f.loop, .fd = -1};
	if (fd >= 0)
		end->channel = channel_new(f.loop, fd, on_frame, on_gone, end);
}

static void open_pair(bool raw)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	end_init(&f.a, pair[0]);
	end_init(&f.b, raw ? -1 : pair[1]);
	f.raw = raw ? pair[1] : -1;
}

static int set_up(void **state UNUSED)
{
	f.fds_before = descriptors_open();
	f.loop = loop_new();
	timer_init(&f.guard, f.loop, on_guard, NULL);
	timer_set(&f.guard, 30000);
	f.raw = -1;
	return 0;
}

static int tear_down(void **state UNUSED)
{
	channel_free(f.a.channel);
	channel_free(f.b.channel);
	if (f.raw >= 0)
		close(f.raw);
	timer_clear(&f.guard);
	loop_free(f.loop);
	return descriptors_open() == f.fds_before ? 0 : -1;
}

static json_t *numbered(int64_t n)
{
	json_t *json = json_object();

	json_put_int(json, "n", n);
	return json;
}

static bool send_fd(struct end *end, int64_t n, int fd)
{
	json_t *json = numbered(n);
	bool ok = channel_send(end->channel, MSG_DONE, json, NULL, 0, fd);

	json_decref(json);
	return ok;
}

static bool send_n(struct end *end, int64_t n)
{
	return send_fd(end, n, -1);
}

static uint8_t *encode_n(int64_t n, bool has_fd, size_t *len)
{
	json_t *json = numbered(n);
	uint8_t *bytes = frame_encode(MSG_DONE, json, NULL, 0, has_fd, len);

	json_decref(json);
	return bytes;
}

static void send_raw(const void *data, size_t len, const int *fds, size_t count)
{
	union {
		char space[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec iov = {(void *)(uintptr_t)data, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (count > 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	}
	assert_int_equal(sendmsg(f.raw, &msg, MSG_NOSIGNAL), len);
}

static void all_arrive_in_order(void **state UNUSED)
{
	open_pair(false);
	for (int i = 0; i < 1000; i++) {
		assert_true(send_n(&f.a, i));
		assert_true(send_n(&f.b, 5000 + i));
	}
	until_seen(&f.a, 1000);
	until_seen(&f.b, 1000);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(f.b.seen[i], i);
		assert_int_equal(f.a.seen[i], 5000 + i);
	}
	assert_int_equal(f.a.gone + f.b.gone, 0);
}

/* Far more than the socket takes at once: partial writes here, partial reads there. */
static void large_frames_pass(void **state UNUSED)
{
	uint8_t *bytes = mem_new(FRAME_ATTACHMENT_MAX + 4);
	struct attachment parts[4];
	char *text = mem_new(FRAME_JSON_MAX);

	for (size_t i = 0; i < FRAME_ATTACHMENT_MAX + 4; i++)
		bytes[i] = (uint8_t)i;
	for (size_t i = 0; i < 4; i++)
		parts[i] = (struct attachment){bytes + i, FRAME_ATTACHMENT_MAX};
	memset(text, 'x', FRAME_JSON_MAX - 100);
	open_pair(false);
	for (int i = 0; i < 5; i++) {
		json_t *json = numbered(i);

		json_put_str(json, "text", text);
		assert_true(channel_send(f.a.channel, MSG_RESULT, json, parts, 4, -1));
		json_decref(json);
	}
	assert_true(channel_queued(f.a.channel) > 0);
	until_seen(&f.b, 5);
	assert_int_equal(f.b.attached, 5 * FRAME_ATTACHED_MAX);
	assert_int_equal(channel_queued(f.a.channel), 0);
	mem_free(bytes);
	mem_free(text);
}

static void single_bytes_make_a_frame(void **state UNUSED)
{
	size_t len;
	uint8_t *bytes = encode_n(7, false, &len);

	open_pair(true);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(f.a.seen_len, 0);
		send_raw(bytes + i, 1, NULL, 0);
		loop_turn(f.loop);
	}
	assert_int_equal(f.a.seen_len, 1);
	assert_int_equal(f.a.seen[0], 7);
	mem_free(bytes);
}

/* A role that floods has its share of a turn, not all of it. */
static void a_flood_does_not_hold_the_loop(void **state UNUSED)
{
	open_pair(false);
	for (int i = 0; i < SEEN_MAX; i++) {
		json_t *json = numbered(i);
		char text[2000];

		memset(text, 'x', sizeof(text));
		text[sizeof(text) - 1] = '\0';
		json_put_str(json, "text", text);
		assert_true(channel_send(f.a.channel, MSG_DONE, json, NULL, 0, -1));
		json_decref(json);
	}
	for (size_t before = 0; f.b.seen_len < SEEN_MAX; before = f.b.seen_len) {
		loop_turn(f.loop);
		assert_true((f.b.seen_len - before) * 2000 <= 5 * 64 * 1024);
	}
}

/* --- descriptors --- */

static void a_descriptor_comes_with_its_frame(void **state UNUSED)
{
	int pipe_fds[2];
	char c;

	open_pair(false);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(send_n(&f.a, 0));
	assert_true(send_fd(&f.a, 1, pipe_fds[1]));
	assert_true(send_n(&f.a, 2));
	close(pipe_fds[1]);
	f.b.take_fd = true;
	until_seen(&f.b, 3);
	assert_true(f.b.fd >= 0);
	assert_int_equal(fcntl(f.b.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(f.b.fd, "x", 1), 1);
	assert_int_equal(read(pipe_fds[0], &c, 1), 1);
	close(f.b.fd);
	close(pipe_fds[0]);
}

static void a_descriptor_nobody_takes_is_closed(void **state UNUSED)
{
	int pipe_fds[2];
	char c;

	open_pair(false);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(send_fd(&f.a, 1, pipe_fds[1]));
	close(pipe_fds[1]);
	until_seen(&f.b, 1);
	assert_int_equal(read(pipe_fds[0], &c, 1), 0);
	close(pipe_fds[0]);
}

/* Queued behind what the socket does not take: the caller closes his own at once. */
static void a_queued_descriptor_outlives_its_owner(void **state UNUSED)
{
	int pipe_fds[2];
	int sent = 0;
	char c;

	open_pair(false);
	assert_int_equal(pipe(pipe_fds), 0);
	while (channel_queued(f.a.channel) == 0 && sent < SEEN_MAX - 1)
		assert_true(send_n(&f.a, sent++));
	assert_true(channel_queued(f.a.channel) > 0);
	assert_true(send_fd(&f.a, sent++, pipe_fds[1]));
	close(pipe_fds[1]);
	f.b.take_fd = true;
	until_seen(&f.b, (size_t)sent);
	assert_int_equal(write(f.b.fd, "x", 1), 1);
	assert_int_equal(read(pipe_fds[0], &c, 1), 1);
	close(f.b.fd);
	close(pipe_fds[0]);
}

static void surplus_descriptors_are_closed(void **state UNUSED)
{
	int pipe_fds[2];
	size_t len, plain_len;
	uint8_t *bytes = encode_n(1, true, &len);
	uint8_t *plain = encode_n(2, false, &plain_len);
	int before;

	open_pair(true);
	assert_int_equal(pipe(pipe_fds), 0);
	const int fds[] = {pipe_fds[1], pipe_fds[1], pipe_fds[1]};

	before = descriptors_open();
	send_raw(bytes, len, fds, 3);
	until_seen(&f.a, 1);
	assert_int_equal(f.a.gone, 0);
	assert_int_equal(descriptors_open(), before);
	/* With a frame that announces none. */
	send_raw(plain, plain_len, fds, 1);
	until_seen(&f.a, 2);
	assert_int_equal(f.a.gone, 0);
	assert_int_equal(descriptors_open(), before);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	mem_free(bytes);
	mem_free(plain);
}

static void many_descriptors_end_it(void **state UNUSED)
{
	size_t len;
	uint8_t *bytes = encode_n(1, true, &len);
	const int fds[] = {0, 0, 0, 0, 0, 0, 0, 0};

	open_pair(true);
	send_raw(bytes, len - 1, fds, ARRAY_LEN(fds));
	until_gone(&f.a);
	assert_int_equal(f.a.gone, 1);
	assert_string_equal(f.a.why, "too many descriptors");
	mem_free(bytes);
}

static void an_announced_descriptor_must_come(void **state UNUSED)
{
	size_t len;
	uint8_t *bytes = encode_n(1, true, &len);

	open_pair(true);
	send_raw(bytes, len, NULL, 0);
	until_gone(&f.a);
	assert_int_equal(f.a.gone, 1);
	assert_non_null(strstr(f.a.why, "descriptor"));
	assert_int_equal(f.a.seen_len, 0);
	mem_free(bytes);
}

/* --- ends --- */

static void the_end_is_told_once(void **state UNUSED)
{
	open_pair(true);
	close(f.raw);
	f.raw = -1;
	until_gone(&f.a);
	assert_int_equal(f.a.gone, 1);
	assert_string_equal(f.a.why, CHANNEL_CLOSED);
	assert_false(loop_turn(f.loop));
	assert_int_equal(f.a.gone, 1);
}

static void an_end_inside_a_frame_is_told(void **state UNUSED)
{
	size_t len;
	uint8_t *bytes = encode_n(1, false, &len);

	open_pair(true);
	send_raw(bytes, len - 1, NULL, 0);
	close(f.raw);
	f.raw = -1;
	until_gone(&f.a);
	assert_string_equal(f.a.why, "ended inside a frame");
	mem_free(bytes);
}

static void garbage_ends_it(void **state UNUSED)
{
	size_t len;
	uint8_t *bytes = encode_n(1, false, &len);

	open_pair(true);
	send_raw(bytes, len, NULL, 0);
	send_raw("HTTP/1.1 400 Bad Request\r\n", 26, NULL, 0);
	send_raw(bytes, len, NULL, 0);
	until_gone(&f.a);
	assert_int_equal(f.a.seen_len, 1);
	assert_int_equal(f.a.gone, 1);
	assert_string_equal(f.a.why, "not a frame");
	mem_free(bytes);
}

/* The peer spoke, and closed without reading what it was sent: its last words are heard. */
static void last_words_are_heard(void **state UNUSED)
{
	size_t len;
	uint8_t *bytes = encode_n(42, false, &len);

	open_pair(true);
	assert_true(send_n(&f.a, 1));
	send_raw(bytes, len, NULL, 0);
	close(f.raw);
	f.raw = -1;
	bool sent = send_n(&f.a, 2); /* a broken pipe: no signal, no call, no loss */
	(void)sent;
	until_gone(&f.a);
	assert_int_equal(f.a.seen_len, 1);
	assert_int_equal(f.a.seen[0], 42);
	assert_int_equal(f.a.gone, 1);
	mem_free(bytes);
}

static void nothing_is_sent_after_the_end(void **state UNUSED)
{
	open_pair(true);
	close(f.raw);
	f.raw = -1;
	assert_true(channel_is_open(f.a.channel));
	bool first = send_n(&f.a, 1);
	(void)first;
	assert_false(channel_is_open(f.a.channel));
	assert_false(send_n(&f.a, 2));
	assert_int_equal(channel_queued(f.a.channel), 0);
}

static void the_queue_has_a_ceiling(void **state UNUSED)
{
	json_t *json = numbered(1);
	char *text = mem_new(FRAME_JSON_MAX);
	size_t sent = 0;

	memset(text, 'x', FRAME_JSON_MAX - 100);
	json_put_str(json, "text", text);
	open_pair(false);
	while (channel_send(f.a.channel, MSG_DONE, json, NULL, 0, -1))
		sent++;
	assert_in_range(sent, 60, 66);
	assert_true(channel_queued(f.a.channel) <= CHANNEL_QUEUE_MAX);
	until_seen(&f.b, sent);
	assert_int_equal(f.b.seen_len, sent);
	assert_int_equal(channel_queued(f.a.channel), 0);
	assert_true(send_n(&f.a, 9));
	until_seen(&f.b, sent + 1);
	assert_int_equal(f.b.seen[sent], 9);
	json_decref(json);
	mem_free(text);
}

static void too_large_is_refused(void **state UNUSED)
{
	json_t *json = numbered(1);
	uint8_t *big = mem_new(FRAME_ATTACHMENT_MAX + 1);
	const struct attachment attachment = {big, FRAME_ATTACHMENT_MAX + 1};

	open_pair(false);
	assert_false(channel_send(f.a.channel, MSG_DONE, json, &attachment, 1, -1));
	assert_true(send_n(&f.a, 3));
	until_seen(&f.b, 1);
	assert_int_equal(f.b.seen[0], 3);
	json_decref(json);
	mem_free(big);
}

/* The frame's bytes stay good until its callback returns; frames behind it are not told. */
static void it_may_be_freed_inside_a_frame(void **state UNUSED)
{
	uint8_t bytes[100];
	const struct attachment part = {bytes, sizeof(bytes)};
	json_t *json = numbered(1);

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	open_pair(false);
	f.b.free_inside = true;
	assert_true(channel_send(f.a.channel, MSG_RESULT, json, &part, 1, -1));
	assert_true(channel_send(f.a.channel, MSG_RESULT, json, &part, 1, -1));
	until_seen(&f.b, 1);
	assert_int_equal(f.b.seen_len, 1);
	assert_int_equal(f.b.attached, 100);
	until_gone(&f.a);
	assert_int_equal(f.a.gone, 1);
	json_decref(json);
}

static void it_may_be_freed_full(void **state UNUSED)
{
	int sent = 0;

	open_pair(false);
	for (; channel_queued(f.a.channel) == 0 && sent < SEEN_MAX; sent++)
		assert_true(send_fd(&f.a, sent, sent % 100 == 0 ? 0 : -1));
	assert_true(send_fd(&f.a, sent++, 0));
	channel_free(f.a.channel);
	f.a.channel = NULL;
	channel_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_arrive_in_order),
		TEST(large_frames_pass),
		TEST(single_bytes_make_a_frame),
		TEST(a_flood_does_not_hold_the_loop),
		TEST(a_descriptor_comes_with_its_frame),
		TEST(a_descriptor_nobody_takes_is_closed),
		TEST(a_queued_descriptor_outlives_its_owner),
		TEST(surplus_descriptors_are_closed),
		TEST(many_descriptors_end_it),
		TEST(an_announced_descriptor_must_come),
		TEST(the_end_is_told_once),
		TEST(an_end_inside_a_frame_is_told),
		TEST(garbage_ends_it),
		TEST(last_words_are_heard),
		TEST(nothing_is_sent_after_the_end),
		TEST(the_queue_has_a_ceiling),
		TEST(too_large_is_refused),
		TEST(it_may_be_freed_inside_a_frame),
		TEST(it_may_be_freed_full),
	};

	return cmocka_run_group_tests_name("wire/channel", tests, NULL, NULL);
}
