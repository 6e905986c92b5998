/*
 * lib/wire/frame: what is written comes back; every beginning of a frame asks for more; every
 * header that passes a ceiling or makes no sense is refused before its content is there.
 */
#include "lib/base/sys.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/wire/frame.h"
#include "lib/wire/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* As frame.c lays it out. */
struct raw {
	uint32_t magic;
	uint32_t json_len;
	uint16_t type;
	uint8_t attachments_len;
	uint8_t has_fd;
	uint32_t lengths[FRAME_ATTACHMENTS_MAX];
};
#define MAGIC UINT32_C(0x65787031)

static json_t *sample_json(void)
{
	json_t *json = json_object();

	json_put_str(json, "text", "caf\xc3\xa9");
	json_put_int(json, "number", INT64_MIN);
	return json;
}

static void comes_back(void **state UNUSED)
{
	static const uint8_t first[] = {0, 1, 2, 0xff};
	struct attachment attachments[3] = {{first, sizeof(first)}, {first, 0}, {first + 1, 2}};
	json_t *json = sample_json();
	size_t len;
	uint8_t *bytes = frame_encode(MSG_RESULT, json, attachments, 3, true, &len);
	struct frame frame;

	assert_non_null(bytes);
	assert_int_equal(frame_decode(bytes, len, &frame, NULL), len);
	assert_int_equal(frame.type, MSG_RESULT);
	assert_int_equal(frame.fd, FRAME_FD_ANNOUNCED);
	assert_int_equal(frame.attachments_len, 3);
	assert_int_equal(frame.attachments[0].len, 4);
	assert_memory_equal(frame.attachments[0].data, first, 4);
	assert_int_equal(frame.attachments[1].len, 0);
	assert_memory_equal(frame.attachments[2].data, first + 1, 2);
	assert_true(json_equal(frame.json, json));
	json_decref(frame.json);
	json_decref(json);
	mem_free(bytes);
}

static void each_beginning_asks_for_more(void **state UNUSED)
{
	static const uint8_t der[] = "certificate";
	const struct attachment attachment = {der, sizeof(der)};
	json_t *json = sample_json();
	size_t len;
	uint8_t *bytes = frame_encode(MSG_RESULT, json, &attachment, 1, false, &len);
	struct frame frame;

	for (size_t i = 0; i < len; i++) {
		/* An exact copy, so that a sanitizer sees the first byte too far. */
		uint8_t *part = mem_new(i);

		memcpy(part, bytes, i);
		assert_int_equal(frame_decode(part, i, &frame, NULL), 0);
		mem_free(part);
	}
	json_decref(json);
	mem_free(bytes);
}

/* Refused from the header alone: nothing of the content is there. */
static void refused(const struct raw *raw, const char *word)
{
	struct frame frame;
	struct err err = {0};
	size_t len = FRAME_HEADER_LEN;

	if (raw->attachments_len <= FRAME_ATTACHMENTS_MAX)
		len += raw->attachments_len * sizeof(uint32_t);
	assert_int_equal(frame_decode((const uint8_t *)raw, len, &frame, &err), -1);
	assert_non_null(strstr(err.text, word));
	assert_null(frame.json);
}

static void ceilings_hold(void **state UNUSED)
{
	struct raw raw = {.magic = MAGIC, .json_len = 2, .type = MSG_DONE};

	raw.magic ^= 1;
	refused(&raw, "not a frame");
	raw.magic = MAGIC;
	raw.type = 0;
	refused(&raw, "type 0");
	raw.type = MSG_DONE + 1;
	refused(&raw, "unknown type");
	raw.type = MSG_DONE;
	raw.json_len = FRAME_JSON_MAX + 1;
	refused(&raw, "document");
	raw.json_len = UINT32_MAX;
	refused(&raw, "document");
	raw.json_len = 2;
	raw.has_fd = 2;
	refused(&raw, "descriptors");
	raw.has_fd = 0;
	raw.attachments_len = FRAME_ATTACHMENTS_MAX + 1;
	refused(&raw, "attachments");
	raw.attachments_len = 2;
	raw.lengths[1] = FRAME_ATTACHMENT_MAX + 1;
	refused(&raw, "attachment of");
	raw.lengths[1] = UINT32_MAX;
	refused(&raw, "attachment of");
	raw.attachments_len = 5;
	for (int i = 0; i < 5; i++)
		raw.lengths[i] = FRAME_ATTACHMENT_MAX;
	refused(&raw, "attachments of");
}

static void content_must_be_an_object(void **state UNUSED)
{
	static const char *const wrong[] = {"[]", "{", "", "{}{}", "{\"a\":1,\"a\":2}", "\"\xff\""};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct raw raw = {
			.magic = MAGIC,
			.json_len = (uint32_t)strlen(wrong[i]),
			.type = MSG_DONE,
		};
		uint8_t bytes[64];
		struct frame frame;
		struct err err = {0};

		memcpy(bytes, &raw, FRAME_HEADER_LEN);
		memcpy(bytes + FRAME_HEADER_LEN, wrong[i], raw.json_len);
		assert_int_equal(frame_decode(bytes, FRAME_HEADER_LEN + raw.json_len, &frame, &err),
				 -1);
		assert_null(frame.json);
		assert_string_not_equal(err.text, "");
	}
}

static void too_much_is_not_written(void **state UNUSED)
{
	struct attachment attachments[FRAME_ATTACHMENTS_MAX + 1] = {{NULL, 0}};
	uint8_t *big = mem_new(FRAME_ATTACHMENT_MAX + 1);
	char *text = mem_new(FRAME_JSON_MAX + 1);
	json_t *json = json_object();
	size_t len;

	attachments[0] = (struct attachment){big, FRAME_ATTACHMENT_MAX + 1};
	assert_null(frame_encode(MSG_DONE, json, attachments, 1, false, &len));
	for (size_t i = 0; i < 5; i++)
		attachments[i] = (struct attachment){big, FRAME_ATTACHMENT_MAX};
	assert_null(frame_encode(MSG_DONE, json, attachments, 5, false, &len));
	assert_null(frame_encode(MSG_DONE, json, attachments + 5, FRAME_ATTACHMENTS_MAX + 1, false,
				 &len));
	memset(text, 'x', FRAME_JSON_MAX);
	json_put_str(json, "text", text);
	assert_null(frame_encode(MSG_DONE, json, NULL, 0, false, &len));
	json_decref(json);
	mem_free(text);
	mem_free(big);
}

static void noise_is_survived(void **state UNUSED)
{
	static const uint8_t der[] = "certificate";
	const struct attachment attachment = {der, sizeof(der)};
	json_t *json = sample_json();
	size_t len;
	uint8_t *bytes = frame_encode(MSG_RESULT, json, &attachment, 1, false, &len);

	rand_seed(1);
	for (int round = 0; round < 20000; round++) {
		uint8_t *copy = mem_dup(bytes, len);
		struct frame frame;

		for (int64_t i = rand_between(1, 4); i > 0; i--)
			copy[rand_between(0, (int64_t)len - 1)] = (uint8_t)rand_u64();
		if (frame_decode(copy, len, &frame, NULL) > 0)
			json_decref(frame.json);
		else
			assert_null(frame.json);
		mem_free(copy);
	}
	json_decref(json);
	mem_free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_back),
		cmocka_unit_test(each_beginning_asks_for_more),
		cmocka_unit_test(ceilings_hold),
		cmocka_unit_test(content_must_be_an_object),
		cmocka_unit_test(too_much_is_not_written),
		cmocka_unit_test(noise_is_survived),
	};

	return cmocka_run_group_tests_name("wire/frame", tests, NULL, NULL);
}
