/*
 * The target's document in the store. There may be a million of them, so nothing is written that
 * is not known or is as it always is. Read as strictly as what comes from outside: the store is
 * another program, and older versions of this one wrote into it.
 */
#include "lib/model/record.h"

#include "lib/base/mem.h"
#include "lib/model/alert.h"
#include "lib/model/codec.h"

#define SOURCE_MAX 4096
#define SENTENCE_MAX 4096
#define ATTEMPTS_MAX 1000000

_Static_assert(ALERT_KIND_COUNT <= 32, "record.alerts holds a bit per alert kind");

static void schedule_init(struct schedule *schedule)
{
	*schedule = (struct schedule){
		.rest_until = TIME_UNKNOWN,
		.next_at = TIME_UNKNOWN,
		.first_failed_at = TIME_UNKNOWN,
	};
}

void record_init(struct record *record)
{
	memset(record, 0, sizeof(*record));
	target_init(&record->target);
	observation_init(&record->look);
	schedule_init(&record->schedule);
	record->first_seen = TIME_UNKNOWN;
	record->last_ok = TIME_UNKNOWN;
	record->last_changed = TIME_UNKNOWN;
	record->last_looked = TIME_UNKNOWN;
}

void record_finish(struct record *record)
{
	if (!record)
		return;
	target_finish(&record->target);
	for (size_t i = 0; i < record->sources_len; i++)
		mem_free(record->sources[i]);
	observation_finish(&record->look);
	mem_free(record->error);
	mem_free(record->failed_stage);
	memset(record, 0, sizeof(*record));
}

static json_t *schedule_to_json(const struct schedule *schedule)
{
	json_t *json = json_object();

	codec_put_int(json, "attempts", schedule->attempts, 0);
	codec_put_time(json, "rest_until", schedule->rest_until);
	codec_put_time(json, "next_at", schedule->next_at);
	codec_put_str(json, "reason", schedule->reason);
	codec_put_time(json, "first_failed_at", schedule->first_failed_at);
	codec_put_int(json, "clock_epoch", schedule->clock_epoch, 0);
	codec_put_int(json, "clock_looks", schedule->clock_looks, 0);
	return json;
}

/* By word, not by bit: the bits follow a list that grows in the middle. */
static json_t *alerts_to_json(unsigned alerts)
{
	json_t *array = json_array();

	for (int kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		if (alerts & 1u << kind)
			json_array_append_new(array,
					      json_text(alert_kind_text((enum alert_kind)kind)));
	}
	return array;
}

json_t *record_to_json(const struct record *record)
{
	json_t *json = json_object(), *sources = json_array();

	json_put(json, "target", target_to_json(&record->target));
	for (size_t i = 0; i < record->sources_len; i++)
		json_array_append_new(sources, json_text(record->sources[i]));
	codec_put(json, "sources", sources);
	codec_put_time(json, "first_seen", record->first_seen);
	codec_put_time(json, "last_ok", record->last_ok);
	codec_put_time(json, "last_changed", record->last_changed);
	codec_put_time(json, "last_looked", record->last_looked);
	codec_put_flag(json, "baseline", record->baseline);
	codec_put_flag(json, "ignored", record->ignored);
	if (record->has_look)
		json_put(json, "look", observation_to_json(&record->look));
	if (record->outcome != OUTCOME_OK)
		json_put_str(json, "outcome", outcome_text(record->outcome));
	codec_put_str(json, "error", record->error);
	codec_put_str(json, "failed_stage", record->failed_stage);
	codec_put(json, "findings", findings_to_json(&record->findings, NULL));
	codec_put(json, "schedule", schedule_to_json(&record->schedule));
	codec_put(json, "alerts", alerts_to_json(record->alerts));
	return json;
}

static bool target_member(struct record *out, const json_t *json, struct err *err)
{
	struct target target;

	if (!target_from_json(&target, json_object_get(json, "target"), err))
		return err_prefix(err, "target");
	target_finish(&out->target);
	out->target = target;
	return true;
}

static bool sources_member(struct record *out, const json_t *json, struct err *err)
{
	char **sources = NULL;
	size_t len = 0;

	if (!codec_strs(json, "sources", RECORD_SOURCES_MAX, SOURCE_MAX, &sources, &len, err))
		return false;
	for (size_t i = 0; i < len; i++)
		out->sources[i] = sources[i];
	out->sources_len = len;
	mem_free(sources);
	return true;
}

static bool look_member(struct record *out, const json_t *json, struct err *err)
{
	struct observation look;
	json_t *object;

	if (!codec_object(json, "look", 64, &object, err))
		return false;
	if (!object)
		return true;
	if (!observation_from_json(&look, object, err))
		return err_prefix(err, "look");
	observation_finish(&out->look);
	out->look = look;
	out->has_look = true;
	return true;
}

static bool schedule_member(struct schedule *out, const json_t *json, struct err *err)
{
	json_t *object;

	if (!codec_object(json, "schedule", 64, &object, err))
		return false;
	return !object ||
	       (codec_int32(object, "attempts", 0, ATTEMPTS_MAX, &out->attempts, err) &&
		codec_time(object, "rest_until", &out->rest_until, err) &&
		codec_time(object, "next_at", &out->next_at, err) &&
		codec_text(object, "reason", out->reason, sizeof(out->reason), err) &&
		codec_time(object, "first_failed_at", &out->first_failed_at, err) &&
		codec_int(object, "clock_epoch", INT64_MIN, INT64_MAX, &out->clock_epoch, err) &&
		codec_int32(object, "clock_looks", 0, ATTEMPTS_MAX, &out->clock_looks, err));
}

static bool alerts_member(struct record *out, const json_t *json, struct err *err)
{
	enum alert_kind kind;
	json_t *array, *value;
	size_t i;

	if (!codec_array(json, "alerts", 256, &array, err))
		return false;
	json_array_foreach(array, i, value) {
		if (!json_is_string(value))
			return codec_refuse(err, "alerts", "not words");
		/* A kind of a newer version has its own keeper. */
		if (alert_kind_parse(json_string_value(value), &kind))
			out->alerts |= 1u << kind;
	}
	return true;
}

bool record_from_json(struct record *out, const json_t *json, struct err *err)
{
	json_t *findings;

	record_init(out);
	if (codec_is_object(json, "record", err) && target_member(out, json, err) &&
	    sources_member(out, json, err) &&
	    codec_time(json, "first_seen", &out->first_seen, err) &&
	    codec_time(json, "last_ok", &out->last_ok, err) &&
	    codec_time(json, "last_changed", &out->last_changed, err) &&
	    codec_time(json, "last_looked", &out->last_looked, err) &&
	    codec_bool(json, "baseline", &out->baseline, err) &&
	    codec_bool(json, "ignored", &out->ignored, err) && look_member(out, json, err) &&
	    CODEC_WORD(json, "outcome", outcome_parse, &out->outcome, err) &&
	    codec_str(json, "error", SENTENCE_MAX, &out->error, err) &&
	    codec_str(json, "failed_stage", SENTENCE_MAX, &out->failed_stage, err) &&
	    codec_array(json, "findings", 4 * FINDING_COUNT, &findings, err) &&
	    (!findings || findings_from_json(&out->findings, findings, err)) &&
	    schedule_member(&out->schedule, json, err) && alerts_member(out, json, err))
		return true;
	record_finish(out);
	return false;
}
