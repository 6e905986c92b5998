/*
 * A channel: frames over one end of a stream socket, and now and then a descriptor with one. Used
 * by the keeper and by every role. Never blocks: what the socket does not take waits in a queue
 * with a ceiling. Never calls back from the call that asked: the end of a channel is told from the
 * loop, once. The buffer grows only with bytes that did arrive.
 */
#include "lib/base/sys.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/loop/watch.h"
#include "lib/wire/frame.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK ((size_t)64 * 1024)
/* Chunks per turn of the loop, so that one role that floods cannot hold it. */
#define READ_BUDGET 4
/* A stream socket ends a read behind the message that brought descriptors, so honest peers leave at
 * most one waiting with a frame that is not complete, and one more from the next read. */
#define FDS_WAITING_MAX 4
#define FDS_PER_READ 4

struct outgoing {
	struct outgoing *next;
	int fd; /* goes with the first byte; ours, -1 none */
	size_t len, sent;
	uint8_t *data;
};

struct channel {
	struct loop *loop;
	int fd;
	channel_frame_fn *on_frame;
	channel_gone_fn *on_gone;
	void *arg;
	struct watch *watch;
	struct deferred *failing; /* a write failed: says so in the next turn */
	int failed_errno;
	struct buf in;
	int fds[FDS_WAITING_MAX]; /* came before the end of their frame */
	size_t fds_len;
	struct outgoing *first, **end;
	size_t queued;
	bool gone;   /* told, or about to be */
	bool deaf;   /* the peer has closed; what it said before is still to be read */
	bool inside; /* a frame callback runs on our buffer */
	bool dying;  /* freed inside it */
};

static void outgoing_free(struct outgoing *out)
{
	if (out->fd >= 0)
		close(out->fd);
	mem_free(out->data);
	mem_free(out);
}

/* --- the end of a channel --- */

static void queue_drop(struct channel *channel)
{
	struct outgoing *next;

	for (struct outgoing *out = channel->first; out; out = next) {
		next = out->next;
		outgoing_free(out);
	}
	channel->first = NULL;
	channel->end = &channel->first;
	channel->queued = 0;
}

static void fds_drop(struct channel *channel)
{
	while (channel->fds_len > 0)
		close(channel->fds[--channel->fds_len]);
}

/* The owner may free the channel in this call: nothing may follow it. */
static void channel_end(struct channel *channel, const char *why)
{
	channel_gone_fn *on_gone = channel->on_gone;
	void *arg = channel->arg;

	channel->gone = true;
	watch_free(channel->watch);
	channel->watch = NULL;
	deferred_cancel(channel->failing);
	channel->failing = NULL;
	queue_drop(channel);
	fds_drop(channel);
	on_gone(arg, why);
}

static void on_write_failed(void *arg)
{
	struct channel *channel = arg;
	char why[128];

	channel->failing = NULL;
	snprintf(why, sizeof(why), "cannot write: %s", strerror(channel->failed_errno));
	channel_end(channel, why);
}

void channel_free(struct channel *channel)
{
	if (!channel)
		return;
	channel->gone = true;
	watch_free(channel->watch);
	channel->watch = NULL;
	deferred_cancel(channel->failing);
	channel->failing = NULL;
	queue_drop(channel);
	fds_drop(channel);
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	if (channel->inside) {
		/* The frame in the callback's hands points into our buffer. */
		channel->dying = true;
		return;
	}
	buf_finish(&channel->in);
	mem_free(channel);
}

/* --- writing --- */

static ssize_t outgoing_write(int fd, const struct outgoing *out)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {(void *)(out->data + out->sent), out->len - out->sent};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (out->fd >= 0 && out->sent == 0) {
		struct cmsghdr *cmsg;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &out->fd, sizeof(int));
	}
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void write_failed(struct channel *channel, int error)
{
	queue_drop(channel);
	channel->deaf = true;
	/* A peer that closed may have spoken before: the end of file is behind its last frame, and
	 * tells. Another error is ours, and no end of file would follow. */
	if (error == EPIPE || error == ECONNRESET)
		return;
	channel->failed_errno = error;
	if (!channel->failing)
		channel->failing = loop_defer(channel->loop, on_write_failed, channel);
}

static void channel_flush(struct channel *channel)
{
	while (channel->first) {
		struct outgoing *out = channel->first;
		ssize_t wrote = outgoing_write(channel->fd, out);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (wrote < 0) {
			write_failed(channel, errno);
			break;
		}
		out->sent += (size_t)wrote;
		channel->queued -= (size_t)wrote;
		if (out->sent < out->len)
			continue;
		channel->first = out->next;
		if (!channel->first)
			channel->end = &channel->first;
		outgoing_free(out);
	}
	watch_set(channel->watch, channel->first ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

bool channel_send(struct channel *channel, unsigned type, const json_t *json,
		  const struct attachment *attachments, size_t attachments_len, int fd)
{
	struct outgoing *out;

	if (!channel_is_open(channel))
		return false;
	out = MEM_NEW(struct outgoing);
	out->fd = -1;
	out->data = frame_encode(type, json, attachments, attachments_len, fd >= 0, &out->len);
	if (!out->data || channel->queued + out->len > CHANNEL_QUEUE_MAX)
		goto refuse;
	if (fd >= 0 && (out->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0)
		goto refuse;
	channel->queued += out->len;
	*channel->end = out;
	channel->end = &out->next;
	if (channel->first == out)
		channel_flush(channel); /* else the loop waits for room already */
	return true;
refuse:
	outgoing_free(out);
	return false;
}

bool channel_is_open(const struct channel *channel)
{
	return !channel->gone && !channel->deaf;
}

size_t channel_queued(const struct channel *channel)
{
	return channel->queued;
}

/* --- reading --- */

/* Keeps the descriptors that came; those beyond the ceiling are closed and the channel is broken.
 */
static bool fds_take(struct channel *channel, struct msghdr *msg)
{
	bool room = !(msg->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t count;

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (channel->fds_len < FDS_WAITING_MAX) {
				channel->fds[channel->fds_len++] = fd;
				continue;
			}
			close(fd);
			room = false;
		}
	}
	return room;
}

/* The descriptor that the frame announced; false when none came. */
static bool fd_give(struct channel *channel, struct frame *frame)
{
	if (frame->fd != FRAME_FD_ANNOUNCED)
		return true;
	frame->fd = -1;
	if (channel->fds_len == 0)
		return false;
	frame->fd = channel->fds[0];
	channel->fds_len--;
	memmove(channel->fds, channel->fds + 1, channel->fds_len * sizeof(channel->fds[0]));
	return true;
}

/* Serves what is complete. False when the channel has ended or was freed. */
static bool channel_serve(struct channel *channel)
{
	size_t used = 0;

	for (;;) {
		struct frame frame;
		struct err err = {0};
		long took = frame_decode((const uint8_t *)channel->in.data + used,
					 channel->in.len - used, &frame, &err);

		if (took == 0)
			break;
		if (took > 0 && !fd_give(channel, &frame)) {
			json_decref(frame.json);
			took = -1;
			err_set(&err, ERR_INVALID, "frame without the descriptor it announces");
		}
		if (took < 0) {
			channel_end(channel, err.text);
			return false;
		}
		used += (size_t)took;
		channel->inside = true;
		channel->on_frame(channel->arg, &frame);
		channel->inside = false;
		json_decref(frame.json);
		if (frame.fd >= 0)
			close(frame.fd);
		if (channel->dying) {
			channel_free(channel);
			return false;
		}
	}
	buf_consume(&channel->in, used);
	if (channel->in.len == 0)
		fds_drop(channel); /* nobody announced them */
	return true;
}

static bool channel_eof(struct channel *channel)
{
	channel_end(channel, channel->in.len > 0 ? "ended inside a frame" : CHANNEL_CLOSED);
	return false;
}

/* One read and what it completes. False when there is no more now, or the channel has ended. */
static bool channel_read(struct channel *channel)
{
	union {
		char space[CMSG_SPACE(FDS_PER_READ * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {buf_space(&channel->in, READ_CHUNK), READ_CHUNK};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	ssize_t got = recvmsg(channel->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got < 0 && errno == EINTR)
		return true;
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return false;
	if (got == 0 || (got < 0 && errno == ECONNRESET))
		return channel_eof(channel);
	if (got < 0) {
		channel_end(channel, strerror(errno));
		return false;
	}
	buf_added(&channel->in, (size_t)got);
	if (!fds_take(channel, &msg)) {
		channel_end(channel, "too many descriptors");
		return false;
	}
	return channel_serve(channel) && (size_t)got == READ_CHUNK;
}

static void on_ready(void *arg, int fd, int what)
{
	struct channel *channel = arg;

	(void)fd;
	if (what & WATCH_WRITE)
		channel_flush(channel);
	if (!(what & WATCH_READ))
		return;
	for (int i = 0; i < READ_BUDGET; i++)
		if (!channel_read(channel))
			return;
}

struct channel *channel_new(struct loop *loop, int fd, channel_frame_fn *on_frame,
			    channel_gone_fn *on_gone, void *arg)
{
	struct channel *channel = MEM_NEW(struct channel);

	channel->loop = loop;
	channel->fd = fd;
	channel->on_frame = on_frame;
	channel->on_gone = on_gone;
	channel->arg = arg;
	channel->end = &channel->first;
	/* An incomplete frame is shorter than the longest, so there is always room for a read. */
	buf_init(&channel->in, FRAME_MAX + READ_CHUNK);
	channel->watch = watch_new(loop, fd, WATCH_READ, on_ready, channel);
	return channel;
}
