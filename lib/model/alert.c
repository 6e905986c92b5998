/*
 * A finding over time as a value: its name (the dedup key, by which every instance means the same
 * alert for ever), its stored form, and the row that users and receivers see. What happens to an
 * alert is lib/rules/transition.
 */
#include "lib/model/alert.h"

#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/codec.h"
#include "lib/model/places.h"
#include "lib/model/tags.h"

#define SITE_MAX 64
#define ATTRIBUTE_MAX 65536
#define COUNT_MAX 1000000000

void alert_init(struct alert *alert)
{
	*alert = (struct alert){
		.status = ALERT_RESOLVED,
		.threshold = -1,
		.threshold_at = TIME_UNKNOWN,
		.told_not_after = TIME_UNKNOWN,
		.not_after = TIME_UNKNOWN,
		.first_seen_at = TIME_UNKNOWN,
		.first_look_at = TIME_UNKNOWN,
		.started_at = TIME_UNKNOWN,
		.last_told_at = TIME_UNKNOWN,
		.ended_at = TIME_UNKNOWN,
		.repeat_at = TIME_UNKNOWN,
		.event_at = TIME_UNKNOWN,
		.ack_at = TIME_UNKNOWN,
		.ack_until = TIME_UNKNOWN,
		.next_at = TIME_UNKNOWN,
	};
}

void alert_finish(struct alert *alert)
{
	if (!alert)
		return;
	mem_free(alert->subject);
	mem_free(alert->text);
	mem_free(alert->ack_by);
	mem_free(alert->ack_why);
	mem_free(alert->organization);
	mem_free(alert->owner);
	mem_free(alert->note);
	mem_free(alert->runbook);
	tags_finish(alert->tags, alert->tags_len);
	for (size_t i = 0; i < alert->told_len; i++)
		mem_free(alert->told[i]);
	memset(alert, 0, sizeof(*alert));
}

void alert_copy(struct alert *dst, const struct alert *src)
{
	*dst = *src;
	dst->subject = str_dup(src->subject);
	dst->text = str_dup(src->text);
	dst->ack_by = str_dup(src->ack_by);
	dst->ack_why = str_dup(src->ack_why);
	dst->organization = str_dup(src->organization);
	dst->owner = str_dup(src->owner);
	dst->note = str_dup(src->note);
	dst->runbook = str_dup(src->runbook);
	dst->tags = tags_copy(src->tags, src->tags_len);
	for (size_t i = 0; i < src->told_len; i++)
		dst->told[i] = str_dup(src->told[i]);
}

bool alert_equal(const struct alert *a, const struct alert *b)
{
	json_t *p = alert_to_json(a), *q = alert_to_json(b);
	bool equal = json_equal(p, q);

	json_decref(p);
	json_decref(q);
	return equal;
}

void alert_name(struct alert *alert, const char *site, enum alert_kind kind, const char *subject,
		bool is_target)
{
	char safe[SITE_MAX + 1];

	/* The configuration checked the site; here it is only kept from spoiling the key. */
	str_copy(safe, sizeof(safe), site);
	for (char *p = safe; *p; p++) {
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-",
			    *p))
			*p = '_';
	}
	mem_free(alert->subject);
	alert->subject = str_dup(subject);
	alert->is_target = is_target;
	alert->kind = kind;
	digest_short_id(subject, alert->subject_id);
	snprintf(alert->dedup_key, sizeof(alert->dedup_key), "expiryd/%s/%s/%s", safe,
		 alert_kind_text(kind), alert->subject_id);
	digest_short_id(alert->dedup_key, alert->id);
}

bool alert_open(const struct alert *alert)
{
	switch (alert->status) {
	case ALERT_FIRING:
	case ALERT_ACKNOWLEDGED:
	case ALERT_SILENCED:
	case ALERT_HELD:
	case ALERT_FLAPPING:
		return true;
	case ALERT_PENDING:
	case ALERT_RESOLVED:
	case ALERT_STATUS_COUNT:
		break;
	}
	return false;
}

/* ---- stored form -------------------------------------------------------------------------- */

static void put_word(json_t *json, const char *key, int value, const char *word)
{
	if (value)
		json_put_str(json, key, word);
}

static void put_story(json_t *json, const struct alert *alert)
{
	codec_put_int(json, "episode", alert->episode, 0);
	codec_put_int(json, "seen", alert->seen, 0);
	codec_put_time(json, "first_seen_at", alert->first_seen_at);
	codec_put_time(json, "started_at", alert->started_at);
	codec_put_time(json, "last_told_at", alert->last_told_at);
	codec_put_time(json, "ended_at", alert->ended_at);
	codec_put_time(json, "repeat_at", alert->repeat_at);
	codec_put_time(json, "first_look_at", alert->first_look_at);
	put_word(json, "told_severity", (int)alert->told_severity,
		 severity_text(alert->told_severity));
	put_word(json, "reason", (int)alert->reason, end_reason_text(alert->reason));
	put_word(json, "event", (int)alert->event, alert_event_text(alert->event));
	codec_put_str(json, "event_id", alert->event_id);
	codec_put_time(json, "event_at", alert->event_at);
}

static void put_expiry(json_t *json, const struct alert *alert)
{
	codec_put_int(json, "threshold_index", alert->threshold, -1);
	codec_put_str(json, "threshold", alert->threshold_text);
	codec_put_time(json, "threshold_at", alert->threshold_at);
	codec_put_str(json, "told_certificate", alert->told_certificate);
	codec_put_time(json, "told_not_after", alert->told_not_after);
	codec_put_time(json, "not_after", alert->not_after);
	codec_put_str(json, "certificate", alert->certificate);
}

static void put_attributes(json_t *json, const struct alert *alert)
{
	codec_put_str(json, "organization", alert->organization);
	codec_put_str(json, "owner", alert->owner);
	codec_put_str(json, "note", alert->note);
	codec_put_str(json, "runbook", alert->runbook);
	codec_put(json, "tags", tags_to_json(alert->tags, alert->tags_len));
}

static void put_ack(json_t *json, const struct alert *alert)
{
	json_t *ack;

	if (!alert->ack_by)
		return;
	ack = json_object();
	json_put_str(ack, "by", alert->ack_by);
	codec_put_str(ack, "why", alert->ack_why);
	codec_put_time(ack, "at", alert->ack_at);
	codec_put_time(ack, "until", alert->ack_until);
	json_put_str(ack, "severity", severity_text(alert->ack_severity));
	json_put(json, "acknowledged", ack);
}

json_t *alert_to_json(const struct alert *alert)
{
	json_t *json = json_object(), *told = json_array();

	json_put_str(json, "id", alert->id);
	json_put_str(json, "dedup_key", alert->dedup_key);
	json_put_str(json, "kind", alert_kind_text(alert->kind));
	json_put_str(json, "subject_id", alert->subject_id);
	json_put_str(json, "subject", alert->subject);
	codec_put_flag(json, "is_target", alert->is_target);
	json_put_str(json, "status", alert_status_text(alert->status));
	json_put_str(json, "severity", severity_text(alert->severity));
	put_word(json, "previous_severity", (int)alert->previous_severity,
		 severity_text(alert->previous_severity));
	codec_put_str(json, "text", alert->text);
	codec_put_str(json, "at", alert->at);
	codec_put(json, "places", places_to_json(alert->places, alert->places_len));
	put_expiry(json, alert);
	put_story(json, alert);
	put_ack(json, alert);
	put_attributes(json, alert);
	codec_put_time(json, "next_at", alert->next_at);
	for (size_t i = 0; i < alert->told_len; i++)
		json_array_append_new(told, json_text(alert->told[i]));
	codec_put(json, "told", told);
	return json;
}

/* A key of ours has no characters but these (alerts.md 1). */
static bool name_from_json(struct alert *out, const json_t *json, struct err *err)
{
	char id[SHORT_ID_LEN + 1];

	if (!codec_hex(json, "id", SHORT_ID_LEN, out->id, err) ||
	    !codec_text(json, "dedup_key", out->dedup_key, sizeof(out->dedup_key), err) ||
	    !codec_hex(json, "subject_id", SHORT_ID_LEN, out->subject_id, err) ||
	    !codec_str(json, "subject", ATTRIBUTE_MAX, &out->subject, err) ||
	    !codec_bool(json, "is_target", &out->is_target, err))
		return false;
	if (!out->subject_id[0] || !out->dedup_key[0] || codec_none(json, "kind") ||
	    codec_none(json, "status"))
		return codec_refuse(err, "dedup_key", "missing, or subject_id, kind or status is");
	if (out->dedup_key[strspn(out->dedup_key, "abcdefghijklmnopqrstuvwxyz0123456789"
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ:_./-")])
		return codec_refuse(err, "dedup_key", "holds a character that no key has");
	digest_short_id(out->dedup_key, id);
	if (!str_eq(id, out->id))
		return codec_refuse(err, "id", "not that of the dedup key");
	return CODEC_WORD(json, "kind", alert_kind_parse, &out->kind, err) &&
	       CODEC_WORD(json, "status", alert_status_parse, &out->status, err);
}

static bool story_from_json(struct alert *out, const json_t *json, struct err *err)
{
	return codec_int(json, "episode", 0, INT64_MAX, &out->episode, err) &&
	       codec_int32(json, "seen", 0, COUNT_MAX, &out->seen, err) &&
	       codec_time(json, "first_seen_at", &out->first_seen_at, err) &&
	       codec_time(json, "started_at", &out->started_at, err) &&
	       codec_time(json, "last_told_at", &out->last_told_at, err) &&
	       codec_time(json, "ended_at", &out->ended_at, err) &&
	       codec_time(json, "repeat_at", &out->repeat_at, err) &&
	       codec_time(json, "first_look_at", &out->first_look_at, err) &&
	       CODEC_WORD(json, "told_severity", severity_parse, &out->told_severity, err) &&
	       CODEC_WORD(json, "reason", end_reason_parse, &out->reason, err) &&
	       CODEC_WORD(json, "event", alert_event_parse, &out->event, err) &&
	       codec_text(json, "event_id", out->event_id, sizeof(out->event_id), err) &&
	       codec_time(json, "event_at", &out->event_at, err);
}

static bool expiry_from_json(struct alert *out, const json_t *json, struct err *err)
{
	return codec_int32(json, "threshold_index", -1, THRESHOLDS_MAX, &out->threshold, err) &&
	       codec_text(json, "threshold", out->threshold_text, sizeof(out->threshold_text),
			  err) &&
	       codec_time(json, "threshold_at", &out->threshold_at, err) &&
	       codec_hex(json, "told_certificate", 64, out->told_certificate, err) &&
	       codec_time(json, "told_not_after", &out->told_not_after, err) &&
	       codec_time(json, "not_after", &out->not_after, err) &&
	       codec_hex(json, "certificate", 64, out->certificate, err);
}

static bool ack_from_json(struct alert *out, const json_t *json, struct err *err)
{
	json_t *ack;

	if (!codec_object(json, "acknowledged", 64, &ack, err))
		return false;
	if (!ack)
		return true;
	if (codec_none(ack, "by"))
		return codec_refuse(err, "acknowledged", "by nobody");
	return codec_str(ack, "by", ATTRIBUTE_MAX, &out->ack_by, err) &&
	       codec_str(ack, "why", ATTRIBUTE_MAX, &out->ack_why, err) &&
	       codec_time(ack, "at", &out->ack_at, err) &&
	       codec_time(ack, "until", &out->ack_until, err) &&
	       CODEC_WORD(ack, "severity", severity_parse, &out->ack_severity, err);
}

static bool attributes_from_json(struct alert *out, const json_t *json, struct err *err)
{
	char **told = NULL;
	size_t len = 0;

	if (!codec_str(json, "organization", ATTRIBUTE_MAX, &out->organization, err) ||
	    !codec_str(json, "owner", ATTRIBUTE_MAX, &out->owner, err) ||
	    !codec_str(json, "note", ATTRIBUTE_MAX, &out->note, err) ||
	    !codec_str(json, "runbook", ATTRIBUTE_MAX, &out->runbook, err) ||
	    !tags_from_json(json, &out->tags, &out->tags_len, err) ||
	    !codec_strs(json, "told", ALERT_TOLD_MAX, 256, &told, &len, err))
		return false;
	for (size_t i = 0; i < len; i++)
		out->told[i] = told[i];
	out->told_len = len;
	mem_free(told);
	return true;
}

bool alert_from_json(struct alert *out, const json_t *json, struct err *err)
{
	alert_init(out);
	if (codec_is_object(json, "alert", err) && name_from_json(out, json, err) &&
	    CODEC_WORD(json, "severity", severity_parse, &out->severity, err) &&
	    CODEC_WORD(json, "previous_severity", severity_parse, &out->previous_severity, err) &&
	    codec_str(json, "text", ATTRIBUTE_MAX, &out->text, err) &&
	    codec_text(json, "at", out->at, sizeof(out->at), err) &&
	    places_from_json(json, out->places, &out->places_len, err) &&
	    expiry_from_json(out, json, err) && story_from_json(out, json, err) &&
	    ack_from_json(out, json, err) && attributes_from_json(out, json, err) &&
	    codec_time(json, "next_at", &out->next_at, err))
		return true;
	alert_finish(out);
	return false;
}

/* ---- the contract's row ------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	return json_text(text && *text ? text : NULL);
}

static json_t *row_ack(const struct alert *alert)
{
	json_t *ack;

	if (!alert->ack_by)
		return NULL;
	ack = json_object();
	json_put_str(ack, "by", alert->ack_by);
	codec_put_second(ack, "at", alert->ack_at);
	json_put_str(ack, "why", alert->ack_why);
	codec_put_second(ack, "until", alert->ack_until);
	return ack;
}

static void row_name(json_t *row, const struct alert *alert)
{
	char fingerprint[17];

	snprintf(fingerprint, sizeof(fingerprint), "%.16s", alert->id);
	json_put_str(row, "id", alert->id);
	json_put_str(row, "dedup_key", alert->dedup_key);
	json_put_str(row, "fingerprint", fingerprint);
	json_put(row, "event_id", text_or_null(alert->event_id));
	json_put_str(row, "event",
		     alert->event == EVENT_NONE ? NULL : alert_event_text(alert->event));
	json_put_str(row, "target", alert->subject);
	json_put_str(row, "target_id", alert->subject_id);
	json_put(row, "places", places_to_json(alert->places, alert->places_len));
}

static void row_state(json_t *row, const struct alert *alert)
{
	json_put_str(row, "kind", alert_kind_text(alert->kind));
	json_put_str(row, "severity", severity_text(alert->severity));
	json_put_str(row, "previous_severity",
		     alert->previous_severity == SEVERITY_OFF
			     ? NULL
			     : severity_text(alert->previous_severity));
	json_put_str(row, "status", alert_status_text(alert->status));
	json_put_int(row, "episode", alert->episode);
	json_put_str(row, "text", alert->text);
	codec_put_second(row, "started_at", alert->started_at);
	codec_put_second(row, "last_told_at", alert->last_told_at);
	codec_put_second(row, "ended_at", alert->ended_at);
	json_put_str(row, "reason",
		     alert->reason == END_NONE ? NULL : end_reason_text(alert->reason));
	json_put(row, "acknowledged", row_ack(alert));
	json_put_null(row, "silence");
}

json_t *alert_row(const struct alert *alert, int64_t now)
{
	json_t *row = json_object();

	row_name(row, alert);
	row_state(row, alert);
	json_put(row, "threshold", text_or_null(alert->threshold_text));
	codec_put_second(row, "not_after", alert->not_after);
	json_put(row, "seconds_left",
		 alert->not_after == TIME_UNKNOWN || now == TIME_UNKNOWN
			 ? NULL
			 : json_integer(time_left_s(alert->not_after, now)));
	json_put(row, "certificate", text_or_null(alert->certificate));
	json_put(row, "at", text_or_null(alert->at));
	json_put_str(row, "organization", alert->organization);
	json_put_str(row, "owner", alert->owner);
	json_put(row, "tags", tags_to_json(alert->tags, alert->tags_len));
	json_put_str(row, "note", alert->note);
	json_put_str(row, "runbook", alert->runbook);
	codec_put_second(row, "next", alert->next_at);
	return row;
}
