/*
 * The messages between keeper and roles, each with its writer and its parser side by side. The
 * parsers trust nothing: every field has a type, a range or a ceiling, and what breaks one ends
 * the channel. Fields nobody knows are passed over, so that both sides may grow. Targets and
 * endpoints travel in the one JSON form of lib/model; certificates as attachments.
 */
#include "lib/base/sys.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/wire/msg.h"

#define PATH_TEXT_MAX 4096
#define MEMBER_TEXT_MAX 1024
#define COUNT_MAX INT64_C(1000000)
#define DEADLINE_MAX_MS INT64_C(86400000)
#define KNOWN_MAX OBSERVATION_ENDPOINTS_MAX

/* --- fields --- */

static bool field_err(struct err *err, const char *key)
{
	return err_set(err, ERR_INVALID, "%s: absent, of the wrong type or out of range", key);
}

static bool field_int(const json_t *json, const char *key, int64_t min, int64_t max, int64_t *out,
		      struct err *err)
{
	if (!json_has_int(json, key, out) || *out < min || *out > max)
		return field_err(err, key);
	return true;
}

static bool field_bool(const json_t *json, const char *key, bool *out, struct err *err)
{
	return json_has_bool(json, key, out) || field_err(err, key);
}

static bool field_item(const json_t *json, uint64_t *out, struct err *err)
{
	int64_t item;

	if (!field_int(json, "item", 1, INT64_MAX, &item, err))
		return false;
	*out = (uint64_t)item;
	return true;
}

/* Absent or null is NULL. */
static bool field_text(const json_t *json, const char *key, size_t max, const char **out,
		       struct err *err)
{
	const json_t *value = json_object_get(json, key);

	*out = NULL;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value) || json_string_length(value) > max)
		return field_err(err, key);
	*out = json_string_value(value);
	return true;
}

static bool field_heap(const json_t *json, const char *key, size_t max, char **out, struct err *err)
{
	const char *text;

	if (!field_text(json, key, max, &text, err))
		return false;
	*out = str_dup(text);
	return true;
}

/* Into an array of len bytes; absent is "". */
static bool field_array(const json_t *json, const char *key, char *out, size_t len, struct err *err)
{
	const char *text;

	if (!field_text(json, key, len - 1, &text, err))
		return false;
	str_copy(out, len, text ? text : "");
	return true;
}

/* Lower-case hex and nothing else: a fingerprint or a generation. */
static bool is_hex(const char *text)
{
	return text[strspn(text, "0123456789abcdef")] == '\0';
}

static bool frame_is(const struct frame *frame, enum msg_type type, size_t attachments_max,
		     struct err *err)
{
	if (frame->type != type)
		return err_set(err, ERR_INVALID, "message of type %u, expected %u", frame->type,
			       (unsigned)type);
	if (frame->attachments_len > attachments_max)
		return err_set(err, ERR_INVALID, "message of type %u with %zu attachments",
			       frame->type, frame->attachments_len);
	return true;
}

static bool send_take(struct channel *channel, enum msg_type type, json_t *json_take, int fd)
{
	bool ok = channel_send(channel, type, json_take, NULL, 0, fd);

	json_decref(json_take);
	return ok;
}

/* --- setup --- */

void msg_setup_finish(struct msg_setup *setup)
{
	if (!setup)
		return;
	mem_free(setup->roots);
	mem_free(setup->resolver);
	mem_free(setup->resolv_conf);
	mem_free(setup->hosts_file);
	*setup = (struct msg_setup){0};
}

void msg_setup_copy(struct msg_setup *dst, const struct msg_setup *src)
{
	*dst = *src;
	dst->roots = str_dup(src->roots);
	dst->resolver = str_dup(src->resolver);
	dst->resolv_conf = str_dup(src->resolv_conf);
	dst->hosts_file = str_dup(src->hosts_file);
}

bool msg_send_setup(struct channel *channel, const struct msg_setup *setup)
{
	json_t *json = json_object();

	json_put_str(json, "roots", setup->roots);
	json_put_str(json, "resolver", setup->resolver);
	json_put_str(json, "resolv_conf", setup->resolv_conf);
	json_put_str(json, "hosts_file", setup->hosts_file);
	json_put_int(json, "concurrency", setup->concurrency);
	json_put_int(json, "per_address", setup->per_address);
	json_put_int(json, "rate", setup->rate);
	json_put_int(json, "log_level", setup->log_level);
	return send_take(channel, MSG_SETUP, json, -1);
}

bool msg_parse_setup(struct msg_setup *out, const struct frame *frame, struct err *err)
{
	const json_t *json = frame->json;
	int64_t level;

	*out = (struct msg_setup){0};
	if (!frame_is(frame, MSG_SETUP, 0, err) ||
	    !field_heap(json, "roots", PATH_TEXT_MAX, &out->roots, err) ||
	    !field_heap(json, "resolver", PATH_TEXT_MAX, &out->resolver, err) ||
	    !field_heap(json, "resolv_conf", PATH_TEXT_MAX, &out->resolv_conf, err) ||
	    !field_heap(json, "hosts_file", PATH_TEXT_MAX, &out->hosts_file, err) ||
	    !field_int(json, "concurrency", 0, COUNT_MAX, &out->concurrency, err) ||
	    !field_int(json, "per_address", 0, COUNT_MAX, &out->per_address, err) ||
	    !field_int(json, "rate", 0, COUNT_MAX, &out->rate, err) ||
	    !field_int(json, "log_level", LOG_LEVEL_ERROR, LOG_LEVEL_DEBUG, &level, err)) {
		msg_setup_finish(out);
		return err_prefix(err, "setup");
	}
	out->log_level = (int)level;
	return true;
}

/* --- ready --- */

bool msg_send_ready(struct channel *channel, const struct msg_ready *ready)
{
	json_t *json = json_object();

	json_put_int(json, "roots", ready->roots);
	json_put_str(json, "generation", ready->generation);
	json_put_int(json, "resolvers", ready->resolvers);
	json_put_str(json, "warning", ready->warning);
	return send_take(channel, MSG_READY, json, -1);
}

bool msg_parse_ready(struct msg_ready *out, const struct frame *frame, struct err *err)
{
	const json_t *json = frame->json;

	*out = (struct msg_ready){0};
	if (!frame_is(frame, MSG_READY, 0, err) ||
	    !field_int(json, "roots", 0, COUNT_MAX, &out->roots, err) ||
	    !field_array(json, "generation", out->generation, sizeof(out->generation), err) ||
	    !field_int(json, "resolvers", 0, COUNT_MAX, &out->resolvers, err) ||
	    !field_array(json, "warning", out->warning, sizeof(out->warning), err))
		return err_prefix(err, "ready");
	if (!is_hex(out->generation))
		return err_set(err, ERR_INVALID, "ready: generation is not hex");
	return true;
}

/* --- look --- */

void msg_look_finish(struct msg_look *look)
{
	if (!look)
		return;
	target_finish(&look->target);
	mem_free(look->known);
	*look = (struct msg_look){0};
}

static json_t *known_to_json(const struct msg_known *known)
{
	json_t *json = json_object();
	json_t *chain = json_array();

	for (size_t i = 0; i < known->chain_len; i++)
		json_array_append_new(chain, json_text(known->chain[i]));
	json_put_str(json, "address", known->address);
	json_put(json, "chain", chain);
	json_put_str(json, "generation", known->generation);
	json_put_int(json, "path_until", known->path_until);
	return json;
}

static bool known_from_json(struct msg_known *out, const json_t *json, struct err *err)
{
	const json_t *chain = json_get_array(json, "chain");

	if (!field_array(json, "address", out->address, sizeof(out->address), err) ||
	    !field_array(json, "generation", out->generation, sizeof(out->generation), err) ||
	    !field_int(json, "path_until", INT64_MIN, INT64_MAX, &out->path_until, err))
		return false;
	out->chain_len = json_array_size(chain);
	if (!chain || out->chain_len > ARRAY_LEN(out->chain) || !is_hex(out->generation))
		return field_err(err, "chain");
	for (size_t i = 0; i < out->chain_len; i++) {
		const char *text = json_string_value(json_array_get(chain, i));

		if (!text || strlen(text) != sizeof(out->chain[i]) - 1 || !is_hex(text))
			return field_err(err, "chain");
		str_copy(out->chain[i], sizeof(out->chain[i]), text);
	}
	return true;
}

bool msg_send_look(struct channel *channel, const struct msg_look *look)
{
	json_t *json = json_object();
	json_t *known = json_array();

	for (size_t i = 0; i < look->known_len; i++)
		json_array_append_new(known, known_to_json(&look->known[i]));
	json_put_int(json, "item", (int64_t)look->item);
	json_put(json, "target", target_to_json(&look->target));
	json_put_int(json, "now", look->now);
	json_put_int(json, "deadline_ms", look->deadline_ms);
	json_put_bool(json, "all_addresses", look->all_addresses);
	json_put(json, "known", known);
	return send_take(channel, MSG_LOOK, json, -1);
}

static bool look_known(struct msg_look *out, const json_t *json, struct err *err)
{
	const json_t *known = json_get_array(json, "known");
	size_t count = json_array_size(known);

	if (!known || count > KNOWN_MAX)
		return field_err(err, "known");
	out->known = MEM_NEW_ARRAY(count, struct msg_known);
	for (size_t i = 0; i < count; i++)
		if (!known_from_json(&out->known[i], json_array_get(known, i), err))
			return false;
	out->known_len = count;
	return true;
}

bool msg_parse_look(struct msg_look *out, const struct frame *frame, struct err *err)
{
	const json_t *json = frame->json;
	struct target target;

	*out = (struct msg_look){0};
	if (!frame_is(frame, MSG_LOOK, 0, err) || !field_item(json, &out->item, err) ||
	    !field_int(json, "now", INT64_MIN, INT64_MAX, &out->now, err) ||
	    !field_int(json, "deadline_ms", 1, DEADLINE_MAX_MS, &out->deadline_ms, err) ||
	    !field_bool(json, "all_addresses", &out->all_addresses, err) ||
	    !target_from_json(&target, json_get_object(json, "target"), err))
		return err_prefix(err, "look");
	out->target = target;
	if (!look_known(out, json, err)) {
		msg_look_finish(out);
		return err_prefix(err, "look");
	}
	return true;
}

/* --- read, cancel --- */

static json_t *read_json(uint64_t item, int64_t now)
{
	json_t *json = json_object();

	json_put_int(json, "item", (int64_t)item);
	json_put_int(json, "now", now);
	return json;
}

bool msg_send_read(struct channel *channel, uint64_t item, int64_t now, int fd)
{
	return send_take(channel, MSG_READ, read_json(item, now), fd);
}

bool msg_send_read_each(struct channel *channel, uint64_t item, int64_t now, int fd)
{
	json_t *json = read_json(item, now);

	json_put_bool(json, "each", true);
	return send_take(channel, MSG_READ, json, fd);
}

bool msg_read_each(const struct frame *frame)
{
	return json_get_bool(frame->json, "each", false);
}

bool msg_parse_read(uint64_t *item, int64_t *now, const struct frame *frame, struct err *err)
{
	if (!frame_is(frame, MSG_READ, 0, err) || !field_item(frame->json, item, err) ||
	    !field_int(frame->json, "now", INT64_MIN, INT64_MAX, now, err))
		return err_prefix(err, "read");
	if (frame->fd < 0)
		return err_set(err, ERR_INVALID, "read: no descriptor came along");
	return true;
}

bool msg_send_cancel(struct channel *channel, uint64_t item)
{
	json_t *json = json_object();

	json_put_int(json, "item", (int64_t)item);
	return send_take(channel, MSG_CANCEL, json, -1);
}

bool msg_parse_cancel(uint64_t *item, const struct frame *frame, struct err *err)
{
	if (!frame_is(frame, MSG_CANCEL, 0, err) || !field_item(frame->json, item, err))
		return err_prefix(err, "cancel");
	return true;
}

/* --- result --- */

void msg_result_finish(struct msg_result *result)
{
	if (!result)
		return;
	mem_free(result->member);
	endpoint_finish(&result->endpoint);
	*result = (struct msg_result){0};
}

bool msg_send_result(struct channel *channel, const struct msg_result *result)
{
	json_t *json = json_object();
	bool ok;

	json_put_int(json, "item", (int64_t)result->item);
	json_put_bool(json, "same", result->same);
	json_put_str(json, "member", result->member);
	json_put(json, "endpoint", endpoint_to_json(&result->endpoint, NULL, TIME_UNKNOWN));
	ok = channel_send(channel, MSG_RESULT, json, result->ders, result->ders_len, -1);
	json_decref(json);
	return ok;
}

/* One attachment per certificate that the endpoint tells of, and none else. */
static bool result_ders_match(const struct msg_result *result, struct err *err)
{
	const struct endpoint *endpoint = &result->endpoint;
	size_t wanted = 0;

	if (endpoint->has_cert && !result->same)
		wanted = 1 + endpoint->chain_len;
	if (result->ders_len != wanted)
		return err_set(err, ERR_INVALID, "%zu certificates attached, %zu told of",
			       result->ders_len, wanted);
	for (size_t i = 0; i < result->ders_len; i++)
		if (result->ders[i].len == 0)
			return err_set(err, ERR_INVALID, "an empty certificate");
	return true;
}

bool msg_parse_result(struct msg_result *out, const struct frame *frame, struct err *err)
{
	const json_t *json = frame->json;
	struct endpoint endpoint;

	*out = (struct msg_result){0};
	if (!frame_is(frame, MSG_RESULT, ENDPOINT_CHAIN_MAX + 1, err) ||
	    !field_item(json, &out->item, err) || !field_bool(json, "same", &out->same, err) ||
	    !field_heap(json, "member", MEMBER_TEXT_MAX, &out->member, err) ||
	    !endpoint_from_json(&endpoint, json_get_object(json, "endpoint"), err)) {
		mem_free(out->member);
		out->member = NULL;
		return err_prefix(err, "result");
	}
	out->endpoint = endpoint;
	out->ders = frame->attachments;
	out->ders_len = frame->attachments_len;
	if (!result_ders_match(out, err)) {
		msg_result_finish(out);
		return err_prefix(err, "result");
	}
	return true;
}

/* --- done --- */

bool msg_send_done(struct channel *channel, const struct msg_done *done)
{
	json_t *json = json_object();

	json_put_int(json, "item", (int64_t)done->item);
	json_put_bool(json, "released", done->released);
	json_put_bool(json, "ours", done->ours);
	json_put_bool(json, "one_chain", done->one_chain);
	json_put_int(json, "families_skipped", done->families_skipped);
	json_put_str(json, "error", done->error);
	return send_take(channel, MSG_DONE, json, -1);
}

bool msg_parse_done(struct msg_done *out, const struct frame *frame, struct err *err)
{
	const json_t *json = frame->json;
	int64_t skipped;

	*out = (struct msg_done){0};
	if (!frame_is(frame, MSG_DONE, 0, err) || !field_item(json, &out->item, err) ||
	    !field_bool(json, "released", &out->released, err) ||
	    !field_bool(json, "ours", &out->ours, err) ||
	    !field_bool(json, "one_chain", &out->one_chain, err) ||
	    !field_int(json, "families_skipped", 0, COUNT_MAX, &skipped, err) ||
	    !field_array(json, "error", out->error, sizeof(out->error), err))
		return err_prefix(err, "done");
	out->families_skipped = (int)skipped;
	return true;
}
