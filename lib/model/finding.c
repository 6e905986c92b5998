/*
 * A judgement on a target now, as a value. The JSON form is the contract's: kind, severity, text,
 * at; and, where they are known, the places and what the expiry arithmetic needs again later.
 */
#include "lib/model/finding.h"

#include "lib/base/str.h"
#include "lib/model/codec.h"
#include "lib/model/places.h"

void finding_init(struct finding *finding, enum finding_kind kind, enum severity severity)
{
	*finding = (struct finding){
		.kind = kind,
		.severity = severity,
		.not_after = TIME_UNKNOWN,
		.threshold = -1,
		.threshold_at = TIME_UNKNOWN,
	};
}

const struct finding *findings_get(const struct findings *findings, enum finding_kind kind)
{
	for (size_t i = 0; i < findings->len; i++) {
		if (findings->list[i].kind == kind)
			return &findings->list[i];
	}
	return NULL;
}

enum severity findings_worst(const struct findings *findings)
{
	enum severity worst = SEVERITY_OFF;

	for (size_t i = 0; i < findings->len; i++) {
		if (findings->list[i].severity > worst)
			worst = findings->list[i].severity;
	}
	return worst;
}

json_t *places_to_json(const char (*places)[64], size_t len)
{
	json_t *array = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(array, json_text(places[i]));
	return array;
}

bool places_from_json(const json_t *object, char (*places)[64], size_t *len, struct err *err)
{
	json_t *array, *value;
	size_t i;

	if (!codec_array(object, "places", FINDING_PLACES_MAX, &array, err))
		return false;
	json_array_foreach(array, i, value) {
		if (!json_is_string(value) || json_string_length(value) >= sizeof(*places) ||
		    !str_copy(places[i], sizeof(*places), json_string_value(value)))
			return codec_refuse(err, "places", "not an address");
		*len = i + 1;
	}
	return true;
}

json_t *finding_to_json(const struct finding *finding)
{
	json_t *json = json_object();

	json_put_str(json, "kind", finding_kind_text(finding->kind));
	json_put_str(json, "severity", severity_text(finding->severity));
	json_put_str(json, "text", finding->text);
	json_put_str(json, "at", finding->at);
	codec_put(json, "places", places_to_json(finding->places, finding->places_len));
	codec_put_int(json, "places_total", (int64_t)finding->places_total, 0);
	codec_put_time(json, "not_after", finding->not_after);
	codec_put_str(json, "certificate", finding->certificate);
	codec_put_int(json, "threshold_index", finding->threshold, -1);
	codec_put_str(json, "threshold", finding->threshold_text);
	codec_put_time(json, "threshold_at", finding->threshold_at);
	return json;
}

static bool concerns(const struct finding *finding, const char *address)
{
	if (!address || finding->places_len == 0)
		return true;
	for (size_t i = 0; i < finding->places_len; i++) {
		if (str_eq(finding->places[i], address))
			return true;
	}
	return false;
}

json_t *findings_to_json(const struct findings *findings, const char *address)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->len; i++) {
		if (concerns(&findings->list[i], address))
			json_array_append_new(array, finding_to_json(&findings->list[i]));
	}
	return array;
}

/* *known is false for a kind that this version does not have: another one wrote it. */
static bool finding_from_json(struct finding *out, const json_t *json, bool *known, struct err *err)
{
	const char *kind = json_get_str(json, "kind");
	int64_t total = 0;

	finding_init(out, FINDING_EXPIRED, SEVERITY_OFF);
	if (!kind)
		return codec_refuse(err, "kind", "missing");
	*known = finding_kind_parse(kind, &out->kind);
	if (!CODEC_WORD(json, "severity", severity_parse, &out->severity, err) ||
	    !codec_text(json, "text", out->text, sizeof(out->text), err) ||
	    !codec_text(json, "at", out->at, sizeof(out->at), err) ||
	    !places_from_json(json, out->places, &out->places_len, err) ||
	    !codec_int(json, "places_total", 0, 1000, &total, err) ||
	    !codec_time(json, "not_after", &out->not_after, err) ||
	    !codec_hex(json, "certificate", 64, out->certificate, err) ||
	    !codec_int32(json, "threshold_index", -1, THRESHOLDS_MAX, &out->threshold, err) ||
	    !codec_text(json, "threshold", out->threshold_text, sizeof(out->threshold_text), err) ||
	    !codec_time(json, "threshold_at", &out->threshold_at, err))
		return false;
	out->places_total = (size_t)total;
	return true;
}

bool findings_from_json(struct findings *out, const json_t *json, struct err *err)
{
	json_t *value;
	bool known = false;
	size_t i;

	out->len = 0;
	if (!json_is_array(json) || json_array_size(json) > 4 * FINDING_COUNT)
		return codec_refuse(err, "findings", "not an array, or too many members");
	json_array_foreach(json, i, value) {
		struct finding finding;

		if (!finding_from_json(&finding, value, &known, err))
			return err_prefix(err, "findings[%zu]", i);
		if (!known)
			continue;
		if (findings_get(out, finding.kind))
			return codec_refuse(err, "findings", "a kind twice");
		out->list[out->len++] = finding;
	}
	return true;
}
