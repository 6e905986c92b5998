/*
 * What one look saw over all addresses of a target. Owns its endpoints; answers the few questions
 * that everybody asks of a look: did any address answer, which certificate ends first.
 */
#include "lib/model/observation.h"

#include "lib/base/mem.h"
#include "lib/model/codec.h"

void observation_init(struct observation *observation)
{
	*observation = (struct observation){.at = TIME_UNKNOWN};
}

void observation_finish(struct observation *observation)
{
	if (!observation)
		return;
	for (size_t i = 0; i < observation->len; i++)
		endpoint_finish(&observation->endpoints[i]);
	mem_free(observation->endpoints);
	memset(observation, 0, sizeof(*observation));
}

void observation_copy(struct observation *dst, const struct observation *src)
{
	*dst = *src;
	dst->endpoints = src->len ? MEM_NEW_ARRAY(src->len, struct endpoint) : NULL;
	for (size_t i = 0; i < src->len; i++)
		endpoint_copy(&dst->endpoints[i], &src->endpoints[i]);
}

bool observation_add_take(struct observation *observation, struct endpoint *endpoint)
{
	if (observation->len >= OBSERVATION_ENDPOINTS_MAX) {
		endpoint_finish(endpoint);
		return false;
	}
	observation->endpoints = mem_resize(observation->endpoints, observation->len + 1,
					    sizeof(*observation->endpoints));
	observation->endpoints[observation->len++] = *endpoint;
	memset(endpoint, 0, sizeof(*endpoint));
	return true;
}

enum outcome observation_outcome(const struct observation *observation)
{
	for (size_t i = 0; i < observation->len; i++) {
		if (observation->endpoints[i].outcome == OUTCOME_OK)
			return OUTCOME_OK;
	}
	return observation->len ? observation->endpoints[0].outcome : OUTCOME_CANCELLED;
}

bool observation_failed(const struct observation *observation)
{
	for (size_t i = 0; i < observation->len; i++) {
		if (endpoint_answered(&observation->endpoints[i]))
			return false;
	}
	return true;
}

const struct endpoint *observation_oldest(const struct observation *observation)
{
	const struct endpoint *oldest = NULL;

	for (size_t i = 0; i < observation->len; i++) {
		const struct endpoint *endpoint = &observation->endpoints[i];

		if (!endpoint->has_cert || endpoint->cert.not_after == TIME_UNKNOWN)
			continue;
		if (!oldest || endpoint->cert.not_after < oldest->cert.not_after)
			oldest = endpoint;
	}
	return oldest;
}

json_t *observation_to_json(const struct observation *observation)
{
	json_t *json = json_object(), *endpoints = json_array();

	codec_put_time(json, "at", observation->at);
	codec_put_flag(json, "ours", observation->ours);
	for (size_t i = 0; i < observation->len; i++)
		json_array_append_new(endpoints, endpoint_to_json(&observation->endpoints[i], NULL,
								  TIME_UNKNOWN));
	json_put(json, "endpoints", endpoints);
	codec_put_int(json, "families_skipped", observation->families_skipped, 0);
	return json;
}

static bool endpoints_from_json(struct observation *out, const json_t *json, struct err *err)
{
	json_t *array, *value;
	struct endpoint endpoint;
	size_t i;

	if (!codec_array(json, "endpoints", OBSERVATION_ENDPOINTS_MAX, &array, err))
		return false;
	json_array_foreach(array, i, value) {
		if (!endpoint_from_json(&endpoint, value, err))
			return err_prefix(err, "endpoints[%zu]", i);
		if (!observation_add_take(out, &endpoint))
			return codec_refuse(err, "endpoints", "too many members");
	}
	return out->len > 0 || codec_refuse(err, "endpoints", "there are none");
}

bool observation_from_json(struct observation *out, const json_t *json, struct err *err)
{
	observation_init(out);
	if (codec_is_object(json, "observation", err) && codec_time(json, "at", &out->at, err) &&
	    codec_bool(json, "ours", &out->ours, err) && endpoints_from_json(out, json, err) &&
	    codec_int32(json, "families_skipped", 0, 1000, &out->families_skipped, err))
		return true;
	observation_finish(out);
	return false;
}
