/*
 * The codec of frames. A frame is a fixed header, the lengths of its attachments, one JSON object,
 * the attachments' bytes; all numbers in host order, since both ends are the same machine and
 * mostly the same binary. Reads as if from an enemy: each length is held against its ceiling before
 * anything is made of it, and a frame is looked into only when all of it is there. Values only:
 * channel.c moves the bytes.
 */
#include "lib/base/sys.h"
#include "lib/wire/frame.h"

#include "lib/base/mem.h"
#include "lib/wire/msg.h"

#define FRAME_MAGIC UINT32_C(0x65787031)

struct header {
	uint32_t magic;
	uint32_t json_len;
	uint16_t type;
	uint8_t attachments_len;
	uint8_t has_fd;
};
_Static_assert(sizeof(struct header) == FRAME_HEADER_LEN, "the header has no holes");

static bool header_check(const struct header *header, struct err *err)
{
	if (header->magic != FRAME_MAGIC)
		return err_set(err, ERR_INVALID, "not a frame");
	if (header->type < MSG_SETUP || header->type > MSG_DONE)
		return err_set(err, ERR_INVALID, "frame of unknown type %u", header->type);
	if (header->json_len > FRAME_JSON_MAX)
		return err_set(err, ERR_FULL, "document of %u bytes, the ceiling is %d",
			       header->json_len, FRAME_JSON_MAX);
	if (header->attachments_len > FRAME_ATTACHMENTS_MAX)
		return err_set(err, ERR_FULL, "%d attachments, the ceiling is %d",
			       header->attachments_len, FRAME_ATTACHMENTS_MAX);
	if (header->has_fd > 1)
		return err_set(err, ERR_INVALID, "frame with %d descriptors", header->has_fd);
	return true;
}

static bool attachments_check(const uint32_t *lengths, size_t count, size_t *total, struct err *err)
{
	*total = 0;
	for (size_t i = 0; i < count; i++) {
		if (lengths[i] > FRAME_ATTACHMENT_MAX)
			return err_set(err, ERR_FULL, "attachment of %u bytes, the ceiling is %d",
				       lengths[i], FRAME_ATTACHMENT_MAX);
		*total += lengths[i];
	}
	if (*total > FRAME_ATTACHED_MAX)
		return err_set(err, ERR_FULL, "attachments of %zu bytes, the ceiling is %d", *total,
			       FRAME_ATTACHED_MAX);
	return true;
}

long frame_decode(const uint8_t *data, size_t len, struct frame *out, struct err *err)
{
	struct header header;
	uint32_t lengths[FRAME_ATTACHMENTS_MAX];
	size_t attached, at;

	*out = (struct frame){.fd = -1};
	if (len < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	if (!header_check(&header, err))
		return -1;
	at = sizeof(header) + header.attachments_len * sizeof(lengths[0]);
	if (len < at)
		return 0;
	memcpy(lengths, data + sizeof(header), header.attachments_len * sizeof(lengths[0]));
	if (!attachments_check(lengths, header.attachments_len, &attached, err))
		return -1;
	if (len - at < header.json_len + attached)
		return 0;
	out->json = json_parse((const char *)data + at, header.json_len, FRAME_JSON_MAX, err);
	if (!out->json) {
		err_prefix(err, "frame of type %u", header.type);
		return -1;
	}
	if (!json_is_object(out->json)) {
		json_decref(out->json);
		out->json = NULL;
		err_set(err, ERR_INVALID, "frame of type %u: not an object", header.type);
		return -1;
	}
	at += header.json_len;
	for (size_t i = 0; i < header.attachments_len; at += lengths[i++])
		out->attachments[i] = (struct attachment){data + at, lengths[i]};
	out->type = header.type;
	out->attachments_len = header.attachments_len;
	out->fd = header.has_fd ? FRAME_FD_ANNOUNCED : -1;
	return (long)at;
}

static bool sizes_allowed(size_t json_len, const struct attachment *attachments, size_t count)
{
	size_t total = 0;

	if (json_len > FRAME_JSON_MAX || count > FRAME_ATTACHMENTS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (attachments[i].len > FRAME_ATTACHMENT_MAX)
			return false;
		total += attachments[i].len;
	}
	return total <= FRAME_ATTACHED_MAX;
}

static void frame_fill(uint8_t *at, const struct header *header, const char *text,
		       const struct attachment *attachments)
{
	memcpy(at, header, sizeof(*header));
	at += sizeof(*header);
	for (size_t i = 0; i < header->attachments_len; i++, at += sizeof(uint32_t)) {
		uint32_t length = (uint32_t)attachments[i].len;

		memcpy(at, &length, sizeof(length));
	}
	memcpy(at, text, header->json_len);
	at += header->json_len;
	for (size_t i = 0; i < header->attachments_len; at += attachments[i++].len)
		if (attachments[i].len > 0)
			memcpy(at, attachments[i].data, attachments[i].len);
}

uint8_t *frame_encode(unsigned type, const json_t *json, const struct attachment *attachments,
		      size_t attachments_len, bool has_fd, size_t *len)
{
	char *text = json_write(json);
	size_t json_len = strlen(text);
	uint8_t *bytes = NULL;

	if (sizes_allowed(json_len, attachments, attachments_len)) {
		const struct header header = {
			.magic = FRAME_MAGIC,
			.json_len = (uint32_t)json_len,
			.type = (uint16_t)type,
			.attachments_len = (uint8_t)attachments_len,
			.has_fd = has_fd,
		};

		*len = sizeof(header) + attachments_len * sizeof(uint32_t) + json_len;
		for (size_t i = 0; i < attachments_len; i++)
			*len += attachments[i].len;
		bytes = mem_new(*len);
		frame_fill(bytes, &header, text, attachments);
	}
	mem_free(text);
	return bytes;
}
