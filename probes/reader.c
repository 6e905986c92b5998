/*
 * The reader's main: the process that parses certificate files. Never opens one itself: it is
 * handed descriptors, and reads one at a time into one buffer, which is wiped behind each, because
 * a certificate file may hold a private key. The members of a file go out as fast as the keeper
 * takes them.
 */
#include "lib/base/sys.h"
#include "probes/prober.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/tls/read.h"
#include "lib/wire/sandbox.h"
#include "probes/members.h"
#include "probes/page.h"

#include <errno.h>
#include <unistd.h>
#include <utlist.h>

#define MEMBERS_PER_TURN 64
#define QUEUED_MAX ((size_t)8 * 1024 * 1024)
#define PACE_MS 5

struct task {
	uint64_t item;
	int64_t now;
	int64_t started_mono;
	int fd;
	bool each;
	struct members *members; /* once it is read */
	size_t told;
	struct task *prev, *next;
};

struct reader {
	struct loop *loop;
	struct channel *channel;
	struct role_page *page;
	bool ready;
	int status;
	uint8_t *bytes; /* of the file at hand: READ_FILE_MAX and one more */
	struct task *tasks;
	struct deferred *turn;
	struct timer pace;
};

static void leave(struct reader *reader, const char *why, const char *detail)
{
	if (reader->status == 0)
		log_error(why, "detail", detail, NULL);
	reader->status = 1;
	loop_stop(reader->loop);
}

static void task_free(struct reader *reader, struct task *task)
{
	size_t count;

	DL_DELETE(reader->tasks, task);
	if (task->fd >= 0)
		close(task->fd);
	members_free(task->members);
	mem_free(task);
	DL_COUNT(reader->tasks, task, count);
	page_pending(reader->page, count);
}

/* --- reading --------------------------------------------------------------------------------- */

static bool read_bytes(struct reader *reader, int fd, size_t *len, struct err *err)
{
	*len = 0;
	while (*len <= READ_FILE_MAX) {
		ssize_t got = read(fd, reader->bytes + *len, READ_FILE_MAX + 1 - *len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_UNAVAILABLE, "the file cannot be read: %s",
				       strerror(errno));
		if (got == 0)
			return *len > 0 || err_set(err, ERR_INVALID, "the file is empty");
		*len += (size_t)got;
		page_step(reader->page);
	}
	return err_set(err, ERR_FULL, "the file is larger than %d MiB",
		       READ_FILE_MAX / (1024 * 1024));
}

/* In order: a longer label before one that it contains. */
static const struct {
	const char *label;
	const char *what;
} labels[] = {
	{"CERTIFICATE REQUEST-----", "a certificate signing request"},
	{"PRIVATE KEY-----", "a private key"},
	{"PUBLIC KEY-----", "a public key"},
	{"X509 CRL-----", "a certificate revocation list"},
	{"PARAMETERS-----", "key parameters"},
	{"PKCS7-----", "a PKCS#7 container"},
	{"CMS-----", "a CMS container"},
};

/* What stands in the file where a certificate was looked for; NULL when it is no PEM. */
static const char *other_content(const uint8_t *bytes, size_t len)
{
	static const char begin[] = "-----BEGIN ";
	const uint8_t *at = memmem(bytes, len, begin, strlen(begin));

	if (!at)
		return NULL;
	const uint8_t *end = memchr(at, '\n', (size_t)(bytes + len - at));
	size_t line = (size_t)((end ? end : bytes + len) - at);
	for (size_t i = 0; i < ARRAY_LEN(labels); i++)
		if (memmem(at, line, labels[i].label, strlen(labels[i].label)))
			return labels[i].what;
	return memmem(at, line, "CERTIFICATE-----", 16) ? NULL : "something else in PEM";
}

static bool each_cert(void *arg, const uint8_t *der, size_t len)
{
	members_add(arg, der, len);
	return true;
}

static bool parse_bytes(struct task *task, const uint8_t *bytes, size_t len, struct err *err)
{
	size_t count = 0;

	if (read_file_certs(bytes, len, each_cert, task->members, &count, err))
		return members_group(task->members, err);
	const char *other = count == 0 ? other_content(bytes, len) : NULL;
	if (other)
		err_set(err, ERR_MISSING, "no certificate in the file: it holds %s", other);
	return false;
}

static bool read_task(struct reader *reader, struct task *task, struct err *err)
{
	size_t len;

	task->members = members_new(reader->page);
	if (task->each)
		members_each(task->members);
	bool ok = read_bytes(reader, task->fd, &len, err) &&
		  parse_bytes(task, reader->bytes, len, err);
	mem_wipe(reader->bytes, len);
	close(task->fd);
	task->fd = -1;
	return ok;
}

/* --- telling --------------------------------------------------------------------------------- */

static bool send_result(struct reader *reader, const struct task *task, struct msg_result *result)
{
	struct endpoint *endpoint = &result->endpoint;

	result->item = task->item;
	endpoint->duration_ms = clock_mono_ms() - task->started_mono;
	endpoint->probed_at = task->now + endpoint->duration_ms;
	return msg_send_result(reader->channel, result);
}

static bool send_failure(struct reader *reader, const struct task *task, enum outcome outcome,
			 const char *error, char *member)
{
	struct msg_result result = {.member = member};

	endpoint_init(&result.endpoint);
	result.endpoint.outcome = outcome;
	result.endpoint.error = str_dup(error);
	str_copy(result.endpoint.stage, sizeof(result.endpoint.stage), "read");
	bool sent = send_result(reader, task, &result);
	endpoint_finish(&result.endpoint);
	return sent;
}

static bool send_member(struct reader *reader, const struct task *task, size_t i)
{
	struct attachment ders[ENDPOINT_CHAIN_MAX + 1];
	struct msg_result result;

	page_step(reader->page);
	members_result(task->members, i, &result, ders);
	/* Refused with an almost empty queue: the facts are over a frame's ceiling. */
	bool sent = send_result(reader, task, &result) ||
		    send_failure(reader, task, OUTCOME_TOO_LARGE,
				 "the facts of the certificates are too large", result.member);
	endpoint_finish(&result.endpoint);
	return sent;
}

static bool send_done(struct reader *reader, const struct task *task, bool one_chain)
{
	const struct msg_done done = {.item = task->item, .one_chain = one_chain};
	return msg_send_done(reader->channel, &done);
}

static void end_task(struct reader *reader, struct task *task, bool sent)
{
	log_debug("file finished", "members", LOG_NUM(task->told), NULL);
	task_free(reader, task);
	/* A channel that refuses an empty queue is ending, and its end is told by itself. */
	if (!sent && channel_queued(reader->channel) > 0)
		leave(reader, "the keeper does not take results", NULL);
}

static void work_on(struct reader *reader, struct task *task)
{
	struct err err = {0};
	bool sent = true;

	if (!task->members && !read_task(reader, task, &err)) {
		sent = send_failure(reader, task, OUTCOME_FILE_ERROR, err.text, NULL) &&
		       send_done(reader, task, false);
		end_task(reader, task, sent);
		return;
	}
	for (int n = 0; sent && n < MEMBERS_PER_TURN && task->told < members_len(task->members);
	     n++) {
		if (channel_queued(reader->channel) > QUEUED_MAX)
			return;
		sent = send_member(reader, task, task->told++);
	}
	if (sent && task->told < members_len(task->members))
		return;
	sent = sent && send_done(reader, task, members_one_chain(task->members));
	end_task(reader, task, sent);
}

static void on_turn(void *arg)
{
	struct reader *reader = arg;
	struct task *task = reader->tasks;

	reader->turn = NULL;
	if (!task || reader->status != 0)
		return;
	uint64_t before = page_enter(reader->page, task->item);
	work_on(reader, task);
	page_leave(reader->page, before);
	if (!reader->tasks)
		return;
	if (channel_queued(reader->channel) > QUEUED_MAX)
		timer_set(&reader->pace, PACE_MS);
	else
		reader->turn = loop_defer(reader->loop, on_turn, reader);
}

static void on_pace(void *arg)
{
	struct reader *reader = arg;
	page_step(reader->page);
	if (!reader->turn)
		on_turn(reader);
}

/* --- what the keeper says -------------------------------------------------------------------- */

static bool take_setup(struct reader *reader, const struct frame *frame, struct err *err)
{
	struct msg_setup setup;
	const struct msg_ready ready = {0};

	if (reader->ready)
		return err_set(err, ERR_INVALID, "settings twice");
	if (!msg_parse_setup(&setup, frame, err))
		return false;
	log_set_level((enum log_level)setup.log_level);
	msg_setup_finish(&setup);
	reader->bytes = mem_new(READ_FILE_MAX + 1);
	if (!sandbox_close(SANDBOX_READER, err))
		return false;
	reader->ready = true;
	return msg_send_ready(reader->channel, &ready) ||
	       err_set(err, ERR_UNAVAILABLE, "the keeper is gone");
}

static bool take_read(struct reader *reader, struct frame *frame, struct err *err)
{
	struct task *task = MEM_NEW(struct task), *any;
	size_t count;

	if (!reader->ready || !msg_parse_read(&task->item, &task->now, frame, err)) {
		mem_free(task);
		return reader->ready ? false
				     : err_set(err, ERR_INVALID, "a file before the settings");
	}
	task->each = msg_read_each(frame);
	task->fd = frame->fd;
	frame->fd = -1;
	task->started_mono = clock_mono_ms();
	DL_APPEND(reader->tasks, task);
	DL_COUNT(reader->tasks, any, count);
	page_pending(reader->page, count);
	if (!reader->turn && !timer_armed(&reader->pace))
		reader->turn = loop_defer(reader->loop, on_turn, reader);
	return true;
}

static bool take_cancel(struct reader *reader, const struct frame *frame, struct err *err)
{
	struct task *task, *next;
	uint64_t item;

	if (!msg_parse_cancel(&item, frame, err))
		return false;
	DL_FOREACH_SAFE(reader->tasks, task, next)
		if (task->item == item)
			task_free(reader, task);
	return true;
}

static bool take(struct reader *reader, struct frame *frame, struct err *err)
{
	switch ((enum msg_type)frame->type) {
	case MSG_SETUP:
		return take_setup(reader, frame, err);
	case MSG_READ:
		return take_read(reader, frame, err);
	case MSG_CANCEL:
		return take_cancel(reader, frame, err);
	case MSG_LOOK:
	case MSG_READY:
	case MSG_RESULT:
	case MSG_DONE:
		break;
	}
	return err_set(err, ERR_INVALID, "message %u is not for a reader", frame->type);
}

static void on_frame(void *arg, struct frame *frame)
{
	struct reader *reader = arg;
	struct err err = {0};

	if (reader->status == 0 && !take(reader, frame, &err))
		leave(reader, "the reader ends", err.text);
}

static void on_gone(void *arg, const char *why)
{
	struct reader *reader = arg;
	log_debug("the channel has ended", "why", why, NULL);
	loop_stop(reader->loop);
}

static void reader_finish(struct reader *reader)
{
	while (reader->tasks)
		task_free(reader, reader->tasks);
	deferred_cancel(reader->turn);
	timer_clear(&reader->pace);
	channel_free(reader->channel);
	loop_free(reader->loop);
	mem_free(reader->bytes);
}

int reader_main(void)
{
	struct reader reader = {0};
	struct err err = {0};
	int fd;

	if (!role_enter(&reader.page, &fd, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	reader.loop = loop_new();
	timer_init(&reader.pace, reader.loop, on_pace, &reader);
	reader.channel = channel_new(reader.loop, fd, on_frame, on_gone, &reader);
	loop_run(reader.loop);
	reader_finish(&reader);
	return reader.status;
}
