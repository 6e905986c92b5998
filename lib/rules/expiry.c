/*
 * The arithmetic of expiry: which thresholds a certificate has crossed, which comes next, and the
 * three findings about its times. Speaks for the certificate that ends first; where nothing could
 * be seen now, for the one that was seen last, and says so: it is arithmetic all the same.
 */
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/rules/rule.h"

#define LIFETIME_MAX (120 * MS_DAY)
/* A reading older than this is called so in the text. */
#define READING_FRESH (15 * MS_MINUTE)

int64_t days_left(int64_t not_after, int64_t now)
{
	return time_left_days(not_after, now);
}

int64_t seconds_left(int64_t not_after, int64_t now)
{
	return time_left_s(not_after, now);
}

static int64_t minus(int64_t a, int64_t b)
{
	int64_t difference;

	if (__builtin_sub_overflow(a, b, &difference))
		return b > 0 ? INT64_MIN + 1 : INT64_MAX;
	return difference;
}

/* As it counts for fractions. Where the beginning is not known, the longest: rather too early. */
static int64_t lifetime(int64_t not_before, int64_t not_after)
{
	int64_t ms = minus(not_after, not_before);

	if (not_before == TIME_UNKNOWN || ms > LIFETIME_MAX)
		return LIFETIME_MAX;
	return ms < 0 ? 0 : ms;
}

int64_t threshold_left_ms(const struct threshold *threshold, int64_t not_before, int64_t not_after)
{
	if (threshold->den <= 0)
		return threshold->ms;
	/* At most 120 days times a numerator of five digits. */
	return lifetime(not_before, not_after) * threshold->num / threshold->den;
}

int64_t threshold_at(const struct threshold *threshold, int64_t not_before, int64_t not_after)
{
	return minus(not_after, threshold_left_ms(threshold, not_before, not_after));
}

/* The last second is valid to its end. */
static int64_t expired_at(int64_t not_after)
{
	return minus(not_after, -MS_SECOND);
}

size_t threshold_order(const struct policy *policy, int64_t not_before, int64_t not_after,
		       struct threshold out[THRESHOLDS_MAX])
{
	/* Insertion keeps the written order of equals; there are eight at most. */
	for (size_t i = 0; i < policy->thresholds_len; i++) {
		int64_t left = threshold_left_ms(&policy->thresholds[i], not_before, not_after);
		size_t to = i;

		while (to > 0 && threshold_left_ms(&out[to - 1], not_before, not_after) < left) {
			out[to] = out[to - 1];
			to--;
		}
		out[to] = policy->thresholds[i];
	}
	return policy->thresholds_len;
}

int threshold_crossed(const struct policy *policy, int64_t not_before, int64_t not_after,
		      int64_t now)
{
	int crossed = -1;

	if (not_after == TIME_UNKNOWN)
		return -1;
	if (now >= expired_at(not_after))
		return (int)policy->thresholds_len;
	/* In the order of time left those crossed are the first ones: their number says which. */
	for (size_t i = 0; i < policy->thresholds_len; i++)
		crossed += now >= threshold_at(&policy->thresholds[i], not_before, not_after);
	return crossed;
}

enum severity threshold_severity(const struct policy *policy, int i)
{
	int len = (int)policy->thresholds_len, critical = (len + 2) / 3;

	if (i < 0 || i >= len)
		return i < 0 ? SEVERITY_OFF : SEVERITY_CRITICAL;
	if (policy->thresholds[i].severity != SEVERITY_OFF)
		return policy->thresholds[i].severity;
	return i >= len - critical ? SEVERITY_CRITICAL : SEVERITY_WARNING;
}

int64_t threshold_next(const struct policy *policy, int64_t not_before, int64_t not_after,
		       int64_t now)
{
	int64_t next = INT64_MAX;

	if (not_after == TIME_UNKNOWN)
		return next;
	if (expired_at(not_after) > now)
		next = expired_at(not_after);
	for (size_t i = 0; i < policy->thresholds_len; i++) {
		int64_t at = threshold_at(&policy->thresholds[i], not_before, not_after);

		if (at > now && at < next)
			next = at;
	}
	return next;
}

/* ---- findings ----------------------------------------------------------------------------- */

/* The look whose certificates are spoken of. */
static const struct observation *reading_of(const struct judge_input *input)
{
	if (observation_oldest(input->look) || !input->before)
		return input->look;
	return input->before;
}

/* Fills what both expired and expiring say: which certificate, where, how old the reading is. */
static void fill(const struct judge_input *input, const struct endpoint *oldest,
		 struct finding *out)
{
	const struct observation *reading = reading_of(input);
	char seen[CLOCK_TEXT_MAX];

	str_copy(out->at, sizeof(out->at), "leaf");
	str_copy(out->certificate, sizeof(out->certificate), oldest->cert.sha256);
	out->not_after = oldest->cert.not_after;
	places_count(out, reading);
	for (size_t i = 0; i < reading->len; i++) {
		if (reading->endpoints[i].has_cert &&
		    str_eq(reading->endpoints[i].cert.sha256, oldest->cert.sha256))
			place_add(out, &reading->endpoints[i]);
	}
	say_places(out);
	if (reading != input->look || minus(input->now, reading->at) > READING_FRESH)
		say(out, "; last seen %s", clock_rfc3339(reading->at, seen));
}

bool rule_expired(const struct judge_input *input, struct finding *out)
{
	const struct endpoint *oldest = observation_oldest(reading_of(input));
	const struct policy *policy = &input->target->policy;
	char date[DATE_TEXT_MAX], span[SPAN_TEXT_MAX];

	if (!oldest || input->now < expired_at(oldest->cert.not_after))
		return false;
	say(out, "expired %s ago (%s)", span_text(oldest->cert.not_after, input->now, span),
	    date_text(oldest->cert.not_after, input->now, date));
	out->threshold = (int)policy->thresholds_len;
	out->threshold_at = expired_at(oldest->cert.not_after);
	str_copy(out->threshold_text, sizeof(out->threshold_text), "0");
	fill(input, oldest, out);
	return true;
}

bool rule_expiring(const struct judge_input *input, struct finding *out)
{
	const struct endpoint *oldest = observation_oldest(reading_of(input));
	struct policy policy = input->target->policy;
	char date[DATE_TEXT_MAX], span[SPAN_TEXT_MAX];
	const struct cert *cert;
	int crossed;

	if (!oldest)
		return false;
	cert = &oldest->cert;
	policy.thresholds_len = threshold_order(&input->target->policy, cert->not_before,
						cert->not_after, policy.thresholds);
	crossed = threshold_crossed(&policy, cert->not_before, cert->not_after, input->now);
	if (crossed < 0 || crossed == (int)policy.thresholds_len)
		return false;
	out->threshold = crossed;
	out->threshold_at = threshold_at(&policy.thresholds[crossed], cert->not_before,
					 cert->not_after);
	threshold_text(&policy.thresholds[crossed], out->threshold_text,
		       sizeof(out->threshold_text));
	/* A word about the kind in the policy is about all its thresholds. */
	if (policy.severities[FINDING_EXPIRING] < 0)
		out->severity = threshold_severity(&policy, crossed);
	if (input->target->protocol == PROTOCOL_FILE && cert->is_ca &&
	    out->severity > SEVERITY_INFO)
		out->severity = SEVERITY_INFO;
	say(out, "expires in %s (%s)", span_text(input->now, cert->not_after, span),
	    date_text(cert->not_after, input->now, date));
	fill(input, oldest, out);
	return true;
}

bool rule_not_yet_valid(const struct judge_input *input, struct finding *out)
{
	char date[DATE_TEXT_MAX], span[SPAN_TEXT_MAX];

	places_count(out, input->look);
	for (size_t i = 0; i < input->look->len; i++) {
		const struct endpoint *endpoint = &input->look->endpoints[i];
		int64_t from = endpoint->cert.not_before;

		if (!endpoint->has_cert || from == TIME_UNKNOWN || input->now >= from)
			continue;
		if (!out->text[0]) {
			say(out, "not valid before %s, in %s", date_text(from, input->now, date),
			    span_text(input->now, from, span));
			str_copy(out->certificate, sizeof(out->certificate), endpoint->cert.sha256);
		}
		place_add(out, endpoint);
	}
	str_copy(out->at, sizeof(out->at), "leaf");
	say_places(out);
	return out->text[0] != 0;
}

void expiry_text(int64_t not_after, int64_t now, char *out, size_t out_len)
{
	char date[DATE_TEXT_MAX], span[SPAN_TEXT_MAX];

	date_text(not_after, now, date);
	if (now >= expired_at(not_after))
		snprintf(out, out_len, "expired %s ago (%s)", span_text(not_after, now, span),
			 date);
	else
		snprintf(out, out_len, "expires in %s (%s)", span_text(now, not_after, span), date);
}
