/*
 * Frames and messages from an enemy: the input is a stream of frames, each of which is parsed as
 * every message, whatever its type says; results are gathered as the keeper does. An input that is
 * no frame is taken as the document of one, so that a fuzzer need not get the lengths right.
 */
#include "lib/base/sys.h"
#include "lib/base/mem.h"
#include "lib/wire/frame.h"
#include "lib/wire/gather.h"
#include "lib/wire/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void gather(struct msg_result *result)
{
	struct gather gather;
	struct target target;
	struct endpoint known;
	const struct observation observation = {.endpoints = &known, .len = 1};
	struct err err;

	gather_init(&gather, 0);
	if (!target_parse(&target, "www.example.com", "", NULL, &err))
		abort();
	endpoint_copy(&known, &result->endpoint);
	const struct gather_look look = {
		.target = &target,
		.known = &observation,
		.file = result->member != NULL,
	};

	if (gather_result(&gather, result, &look, &err)) {
		struct look_result out = {0};
		struct look_cert *certs = gather_give(&gather, &out);

		if (out.observation.len == 0)
			abort();
		observation_finish(&out.observation);
		mem_free(certs);
	}
	gather_finish(&gather);
	endpoint_finish(&known);
	target_finish(&target);
}

static void parse_keepers(const struct frame *frame)
{
	struct msg_setup setup;
	struct msg_look look;
	struct err err;
	uint64_t item;
	int64_t now;

	if (msg_parse_setup(&setup, frame, &err))
		msg_setup_finish(&setup);
	if (msg_parse_look(&look, frame, &err))
		msg_look_finish(&look);
	if (msg_parse_read(&item, &now, frame, &err) && item == 0)
		abort();
	if (msg_parse_cancel(&item, frame, &err) && item == 0)
		abort();
}

static void parse_roles(const struct frame *frame)
{
	struct msg_ready ready;
	struct msg_result result;
	struct msg_done done;
	struct err err;

	if (msg_parse_ready(&ready, frame, &err) && strlen(ready.generation) > 16)
		abort();
	if (msg_parse_result(&result, frame, &err)) {
		gather(&result);
		msg_result_finish(&result);
	}
	if (msg_parse_done(&done, frame, &err) && done.item == 0)
		abort();
}

static void parse_as_all(struct frame *frame)
{
	frame->fd = 0;
	for (unsigned type = MSG_SETUP; type <= MSG_DONE; type++) {
		frame->type = type;
		parse_keepers(frame);
		parse_roles(frame);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame;
	struct err err = {0};
	size_t at = 0;
	long took;

	while ((took = frame_decode(data + at, size - at, &frame, &err)) > 0) {
		parse_as_all(&frame);
		json_decref(frame.json);
		at += (size_t)took;
	}
	if (at > 0)
		return 0;
	frame = (struct frame){.fd = -1};
	frame.json = json_parse((const char *)data, size, FRAME_JSON_MAX, &err);
	if (json_is_object(frame.json))
		parse_as_all(&frame);
	json_decref(frame.json);
	return 0;
}
