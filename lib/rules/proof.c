/*
 * What proves that a finding is over (alerts.md 9): not that it was not found, but that every
 * address of which it was said has been seen well enough to say the opposite.
 */
#include "lib/base/str.h"
#include "lib/rules/rule.h"
#include "lib/rules/transition.h"

/* This address was seen well enough to say that the finding is not there. */
static bool is_judged(const struct endpoint *endpoint, enum alert_kind kind)
{
	switch (kind) {
	case ALERT_KIND_EXPIRY:
	case ALERT_KIND_NOT_YET_VALID:
	case ALERT_KIND_BAD_CERTIFICATE:
	case ALERT_KIND_MIXED_ENDPOINTS:
	case ALERT_KIND_CHANGED:
		return endpoint->has_cert;
	case ALERT_KIND_NAME_MISMATCH:
		return endpoint->has_cert && endpoint->name_matches >= 0;
	case ALERT_KIND_UNTRUSTED:
	case ALERT_KIND_SELF_SIGNED:
	case ALERT_KIND_INCOMPLETE_CHAIN:
		return endpoint->has_cert && endpoint->trust != TRUST_UNKNOWN;
	case ALERT_KIND_UNREACHABLE:
	case ALERT_KIND_NEVER_SEEN:
		return endpoint_reach(endpoint) == REACH_ANSWERED ||
		       endpoint_reach(endpoint) == REACH_HALF;
	case ALERT_KIND_FILE_ERROR:
		return endpoint->outcome != OUTCOME_FILE_ERROR && endpoint_answered(endpoint);
	case ALERT_KIND_CONFIG:
	case ALERT_KIND_NOTIFIER:
	case ALERT_KIND_CLOCK:
	case ALERT_KIND_NETWORK:
	case ALERT_KIND_SELF:
	case ALERT_KIND_COUNT:
		break;
	}
	return false;
}

static bool is_place(const struct alert *alert, const char *address)
{
	for (size_t i = 0; i < alert->places_len; i++) {
		if (str_eq(alert->places[i], address))
			return true;
	}
	return false;
}

bool transition_proved(const struct alert *alert, const struct observation *look)
{
	bool any = false;

	for (size_t i = 0; i < look->len; i++) {
		const struct endpoint *endpoint = &look->endpoints[i];

		if (is_judged(endpoint, alert->kind))
			any = true;
		else if (is_place(alert, endpoint->address))
			return false;
	}
	return any;
}
