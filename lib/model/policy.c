/*
 * What the operator decided about looking and alerting. Written sparsely: a policy that is all
 * defaults is an empty object, and a default that changes with a new version changes for every
 * target that did not say otherwise.
 */
#include "lib/model/policy.h"

#include "lib/base/str.h"
#include "lib/model/codec.h"

/* Ceilings of what a document may say; the configuration has narrower ones of its own. */
#define DURATION_MAX (10 * 366 * MS_DAY)
#define FRACTION_MAX 10000

static const char *const family_words[] = {"auto", "any", "4", "6"};

const char *family_text(enum family family)
{
	if ((size_t)family >= ARRAY_LEN(family_words))
		bug("family %d", (int)family);
	return family_words[family];
}

bool family_parse(const char *text, enum family *out)
{
	for (size_t i = 0; text && i < ARRAY_LEN(family_words); i++) {
		if (strcmp(family_words[i], text) == 0) {
			*out = (enum family)i;
			return true;
		}
	}
	return false;
}

void policy_init(struct policy *policy)
{
	*policy = (struct policy){
		.refresh_min_ms = 24 * MS_HOUR,
		.refresh_max_ms = 48 * MS_HOUR,
		.timeout_ms = 10 * MS_SECOND,
		.retry_attempts = 5,
		.retry_first_ms = MS_MINUTE,
		.retry_factor = 4,
		.retry_rest_ms = 7 * MS_DAY,
		.family = FAMILY_AUTO,
		.thresholds = {{.num = 1, .den = 4}, {.num = 1, .den = 8}, {.num = 1, .den = 16}},
		.thresholds_len = 3,
		.repeat_ms = 24 * MS_HOUR,
		.unreachable_after = 3,
	};
	memset(policy->severities, -1, sizeof(policy->severities));
}

enum severity policy_severity(const struct policy *policy, enum finding_kind kind)
{
	return policy->severities[kind] < 0 ? finding_kind_severity(kind)
					    : (enum severity)policy->severities[kind];
}

bool threshold_parse(struct threshold *out, const char *text, struct err *err)
{
	const char *slash = strchr(text, '/');
	uint64_t num = 0, den = 0;
	char head[8];

	*out = (struct threshold){.severity = SEVERITY_OFF};
	if (!slash) {
		if (!str_to_duration_ms(text, &out->ms) || out->ms < 0 || out->ms > DURATION_MAX)
			return err_set(
				err, ERR_INVALID,
				"'%.40s' is no threshold: a part of the lifetime such as 1/4, "
				"or a time left such as 30d",
				text);
		return true;
	}
	if ((size_t)(slash - text) < sizeof(head)) {
		memcpy(head, text, (size_t)(slash - text));
		head[slash - text] = 0;
		if (!str_to_u64(head, 1, FRACTION_MAX, &num))
			num = 0;
	}
	if (num == 0 || !str_to_u64(slash + 1, 1, FRACTION_MAX, &den) || num > den)
		return err_set(err, ERR_INVALID,
			       "'%.40s' is no part of a lifetime: two whole numbers up to %d, the "
			       "first not above the second",
			       text, FRACTION_MAX);
	out->num = (int)num;
	out->den = (int)den;
	return true;
}

/* In the largest unit that loses nothing. */
void threshold_text(const struct threshold *threshold, char *out, size_t out_len)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{MS_DAY, "d"}, {MS_HOUR, "h"}, {MS_MINUTE, "m"}, {MS_SECOND, "s"}, {1, "ms"}};

	if (threshold->den) {
		snprintf(out, out_len, "%d/%d", threshold->num, threshold->den);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (threshold->ms % units[i].ms == 0) {
			snprintf(out, out_len, "%lld%s", (long long)(threshold->ms / units[i].ms),
				 units[i].unit);
			return;
		}
	}
}

static bool thresholds_equal(const struct policy *a, const struct policy *b)
{
	if (a->thresholds_len != b->thresholds_len)
		return false;
	for (size_t i = 0; i < a->thresholds_len; i++) {
		const struct threshold *p = &a->thresholds[i], *q = &b->thresholds[i];

		if (p->num != q->num || p->den != q->den || p->ms != q->ms ||
		    p->severity != q->severity)
			return false;
	}
	return true;
}

static json_t *thresholds_to_json(const struct policy *policy)
{
	json_t *array = json_array();
	char text[24];

	for (size_t i = 0; i < policy->thresholds_len; i++) {
		const struct threshold *threshold = &policy->thresholds[i];
		json_t *row = json_object();

		threshold_text(threshold, text, sizeof(text));
		json_put_str(row, "at", text);
		if (threshold->severity != SEVERITY_OFF)
			json_put_str(row, "severity", severity_text(threshold->severity));
		json_array_append_new(array, row);
	}
	return array;
}

json_t *policy_to_json(const struct policy *policy)
{
	json_t *json = json_object(), *severities = json_object();
	struct policy plain;

	policy_init(&plain);
	codec_put_int(json, "refresh_min_ms", policy->refresh_min_ms, plain.refresh_min_ms);
	codec_put_int(json, "refresh_max_ms", policy->refresh_max_ms, plain.refresh_max_ms);
	codec_put_int(json, "timeout_ms", policy->timeout_ms, plain.timeout_ms);
	codec_put_int(json, "retry_attempts", policy->retry_attempts, plain.retry_attempts);
	codec_put_int(json, "retry_first_ms", policy->retry_first_ms, plain.retry_first_ms);
	codec_put_int(json, "retry_factor", policy->retry_factor, plain.retry_factor);
	codec_put_int(json, "retry_rest_ms", policy->retry_rest_ms, plain.retry_rest_ms);
	if (policy->family != plain.family)
		json_put_str(json, "family", family_text(policy->family));
	if (!thresholds_equal(policy, &plain))
		json_put(json, "expiry", thresholds_to_json(policy));
	codec_put_int(json, "repeat_ms", policy->repeat_ms, plain.repeat_ms);
	codec_put_int(json, "unreachable_after", policy->unreachable_after,
		      plain.unreachable_after);
	codec_put_flag(json, "unreachable_any", policy->unreachable_any);
	for (int kind = 0; kind < FINDING_COUNT; kind++) {
		if (policy->severities[kind] >= 0)
			json_put_str(severities, finding_kind_text((enum finding_kind)kind),
				     severity_text((enum severity)policy->severities[kind]));
	}
	codec_put(json, "severities", severities);
	return json;
}

static bool thresholds_from_json(struct policy *out, const json_t *json, struct err *err)
{
	json_t *array, *row;
	size_t i;

	if (!codec_array(json, "expiry", THRESHOLDS_MAX, &array, err))
		return false;
	if (!array)
		return true;
	out->thresholds_len = 0;
	json_array_foreach(array, i, row) {
		struct threshold *threshold = &out->thresholds[i];
		const char *at = json_get_str(row, "at");

		if (!at)
			return codec_refuse(err, "expiry", "a threshold without 'at'");
		if (!threshold_parse(threshold, at, err) ||
		    !CODEC_WORD(row, "severity", severity_parse, &threshold->severity, err))
			return false;
		out->thresholds_len = i + 1;
	}
	return true;
}

static bool severities_from_json(struct policy *out, const json_t *json, struct err *err)
{
	enum severity severity;
	enum finding_kind kind;
	const char *key;
	json_t *object, *value;

	if (!codec_object(json, "severities", 256, &object, err))
		return false;
	json_object_foreach(object, key, value) {
		/* A kind of a newer version is not ours to judge by. */
		if (!finding_kind_parse(key, &kind))
			continue;
		if (!severity_parse(json_string_value(value), &severity))
			return codec_refuse(err, "severities", "not a severity");
		out->severities[kind] = (signed char)severity;
	}
	return true;
}

bool policy_from_json(struct policy *out, const json_t *json, struct err *err)
{
	policy_init(out);
	return codec_is_object(json, "policy", err) &&
	       codec_int(json, "refresh_min_ms", 1, DURATION_MAX, &out->refresh_min_ms, err) &&
	       codec_int(json, "refresh_max_ms", 1, DURATION_MAX, &out->refresh_max_ms, err) &&
	       (out->refresh_min_ms <= out->refresh_max_ms ||
		codec_refuse(err, "refresh_min_ms", "above refresh_max_ms")) &&
	       codec_int(json, "timeout_ms", 1, DURATION_MAX, &out->timeout_ms, err) &&
	       codec_int32(json, "retry_attempts", 1, 1000, &out->retry_attempts, err) &&
	       codec_int(json, "retry_first_ms", 1, DURATION_MAX, &out->retry_first_ms, err) &&
	       codec_int32(json, "retry_factor", 1, 1000, &out->retry_factor, err) &&
	       codec_int(json, "retry_rest_ms", 1, DURATION_MAX, &out->retry_rest_ms, err) &&
	       CODEC_WORD(json, "family", family_parse, &out->family, err) &&
	       thresholds_from_json(out, json, err) &&
	       codec_int(json, "repeat_ms", 1, DURATION_MAX, &out->repeat_ms, err) &&
	       codec_int32(json, "unreachable_after", 1, 1000, &out->unreachable_after, err) &&
	       codec_bool(json, "unreachable_any", &out->unreachable_any, err) &&
	       severities_from_json(out, json, err);
}
