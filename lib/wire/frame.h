/*
 * Frames over a socketpair between the keeper and a role: length-checked header, one JSON
 * document, binary attachments, at most one descriptor. Read as if from an enemy on both sides.
 */
#ifndef LIB_WIRE_FRAME_H
#define LIB_WIRE_FRAME_H

#include "lib/base/json.h"
#include "lib/loop/loop.h"

#define FRAME_JSON_MAX (1024 * 1024)
#define FRAME_ATTACHMENTS_MAX 40
#define FRAME_ATTACHMENT_MAX (256 * 1024)
#define FRAME_ATTACHED_MAX (1024 * 1024) /* all attachments of a frame */
#define CHANNEL_QUEUE_MAX (64 * 1024 * 1024)

struct attachment {
	const uint8_t *data;
	size_t len;
};
struct frame {
	unsigned type; /* enum msg_type */
	json_t *json;  /* an object; borrowed */
	struct attachment attachments[FRAME_ATTACHMENTS_MAX];
	size_t attachments_len;
	int fd; /* -1 none; take it by setting -1, else it is closed after the call */
};
/* In fd after frame_decode alone: the header says that a descriptor comes with the frame. */
#define FRAME_FD_ANNOUNCED (-2)

/* The codec alone: channels use it, tests and fuzzing do. */
#define FRAME_HEADER_LEN 12
#define FRAME_MAX                                                                       \
	(FRAME_HEADER_LEN + FRAME_ATTACHMENTS_MAX * sizeof(uint32_t) + FRAME_JSON_MAX + \
	 FRAME_ATTACHED_MAX)
/* Consumes one frame from data; 0 = need more, < 0 = broken. When it answers > 0, out->json is the
 * caller's to release; attachments point into data. */
long frame_decode(const uint8_t *data, size_t len, struct frame *out, struct err *err);
/* Heap bytes, or NULL when a ceiling is passed. */
uint8_t *frame_encode(unsigned type, const json_t *json, const struct attachment *attachments,
		      size_t attachments_len, bool has_fd, size_t *len) MUST_CHECK;

struct channel;
typedef void channel_frame_fn(void *arg, struct frame *frame);
/* End of file, an error, or a frame that breaks the rules (why says which). Once; then only
 * channel_free. */
typedef void channel_gone_fn(void *arg, const char *why);
#define CHANNEL_CLOSED "closed by the peer" /* why: an end of file between two frames */

/* fd becomes the channel's (closed by channel_free). Both callbacks come from the loop;
 * channel_free is legal inside them. */
struct channel *channel_new(struct loop *loop, int fd, channel_frame_fn *on_frame,
			    channel_gone_fn *on_gone, void *arg);
/* Queued; false when the queue's ceiling is passed (the peer is stuck), the channel is gone or the
 * frame is larger than a frame may be. fd (or -1) is duplicated by the kernel: the caller still
 * closes his own. */
bool channel_send(struct channel *channel, unsigned type, const json_t *json,
		  const struct attachment *attachments, size_t attachments_len, int fd) MUST_CHECK;
/* False once a write has found the peer gone; what it said before may still come. */
bool channel_is_open(const struct channel *channel);
size_t channel_queued(const struct channel *channel); /* bytes waiting */
void channel_free(struct channel *channel);	      /* accepts NULL */

#endif
