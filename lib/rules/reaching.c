/*
 * Findings about the looks themselves: who answered, who did not, with what, and whether it is
 * still the same. An outcome becomes a finding by one switch (contract 6).
 */
#include "lib/base/str.h"
#include "lib/rules/rule.h"

#define CERTS_SAID 4
#define ADDRESSES_SAID 4

enum reach endpoint_reach(const struct endpoint *endpoint)
{
	switch (endpoint->outcome) {
	case OUTCOME_OK:
	case OUTCOME_BAD_CERTIFICATE:
	case OUTCOME_TOO_LARGE:
		return REACH_ANSWERED;
	case OUTCOME_DNS_ERROR:
	case OUTCOME_REFUSED:
	case OUTCOME_UNREACHABLE:
	case OUTCOME_TIMEOUT:
	case OUTCOME_RESET:
	case OUTCOME_CLOSED:
	case OUTCOME_NOT_TLS:
	case OUTCOME_STARTTLS_REFUSED:
	case OUTCOME_TLS_ERROR:
	case OUTCOME_NO_CERTIFICATE:
		return endpoint->has_cert ? REACH_HALF : REACH_DEAD;
	case OUTCOME_FILE_ERROR:
	case OUTCOME_PROBER_CRASH:
	case OUTCOME_CANCELLED:
	case OUTCOME_COUNT:
		break;
	}
	return REACH_UNKNOWN;
}

struct count {
	size_t answered, half, dead;
};

static struct count count_reach(const struct observation *look)
{
	struct count count = {0};

	for (size_t i = 0; i < look->len; i++) {
		switch (endpoint_reach(&look->endpoints[i])) {
		case REACH_ANSWERED:
			count.answered++;
			break;
		case REACH_HALF:
			count.half++;
			break;
		case REACH_DEAD:
			count.dead++;
			break;
		case REACH_UNKNOWN:
			break;
		}
	}
	return count;
}

static const char *why_of(const struct endpoint *endpoint)
{
	return endpoint->error && *endpoint->error ? endpoint->error
						   : outcome_sentence(endpoint->outcome);
}

/* "timeout, refused": each outcome of the dead once. */
static void say_outcomes(const struct observation *look, struct finding *out)
{
	bool said[OUTCOME_COUNT] = {false};
	const char *between = "";

	for (size_t i = 0; i < look->len; i++) {
		const struct endpoint *endpoint = &look->endpoints[i];

		if (endpoint_reach(endpoint) != REACH_DEAD || said[endpoint->outcome])
			continue;
		said[endpoint->outcome] = true;
		say(out, "%s%s", between, outcome_text(endpoint->outcome));
		between = ", ";
	}
}

/* Fills text and places from the addresses that are dead. */
static void say_dead(const struct observation *look, const struct count *count, struct finding *out)
{
	const struct endpoint *first = NULL;

	for (size_t i = 0; i < look->len; i++) {
		if (endpoint_reach(&look->endpoints[i]) != REACH_DEAD)
			continue;
		first = first ? first : &look->endpoints[i];
		place_add(out, &look->endpoints[i]);
	}
	if (look->len > 1) {
		say(out, "%zu of %zu addresses: ", count->dead, look->len);
		say_outcomes(look, out);
		if (count->dead < look->len) {
			for (size_t i = 0; i < out->places_len && i < ADDRESSES_SAID; i++)
				say(out, "%s%s", i ? ", " : " (", out->places[i]);
			say(out, "%s", out->places_len > ADDRESSES_SAID ? ", ...)" : ")");
		}
		return;
	}
	say(out, "%s: %s", outcome_text(first->outcome), why_of(first));
	if (first->stage[0] && !str_eq(first->stage, "done"))
		say(out, " (at %s)", first->stage);
}

static void say_half(const struct observation *look, struct finding *out)
{
	bool said = false;

	for (size_t i = 0; i < look->len; i++) {
		const struct endpoint *endpoint = &look->endpoints[i];

		if (endpoint_reach(endpoint) != REACH_HALF)
			continue;
		if (!said)
			say(out, "%shandshake fails after the certificate: %s, %s",
			    out->text[0] ? "; " : "", outcome_text(endpoint->outcome),
			    why_of(endpoint));
		said = true;
		place_add(out, endpoint);
	}
}

/* What failed on our side says nothing about theirs. */
bool rule_unreachable(const struct judge_input *input, struct finding *out)
{
	struct count count = count_reach(input->look);

	if (input->look->ours || !input->ever_seen || count.dead + count.half == 0)
		return false;
	str_copy(out->at, sizeof(out->at), "host");
	places_count(out, input->look);
	if (count.dead > 0)
		say_dead(input->look, &count, out);
	say_half(input->look, out);
	if (count.answered + count.half > 0 &&
	    !(count.dead > 0 && input->target->policy.unreachable_any) &&
	    out->severity > SEVERITY_WARNING)
		out->severity = SEVERITY_WARNING;
	return true;
}

bool rule_never_seen(const struct judge_input *input, struct finding *out)
{
	struct count count = count_reach(input->look);

	if (input->look->ours || input->ever_seen || count.dead == 0 ||
	    count.answered + count.half > 0)
		return false;
	str_copy(out->at, sizeof(out->at), "host");
	places_count(out, input->look);
	say(out, "never reached yet: ");
	say_dead(input->look, &count, out);
	return true;
}

/* One outcome that is a finding of its own. */
static bool find_outcome(const struct judge_input *input, enum outcome a, enum outcome b,
			 const char *at, struct finding *out)
{
	places_count(out, input->look);
	for (size_t i = 0; i < input->look->len; i++) {
		const struct endpoint *endpoint = &input->look->endpoints[i];

		if (endpoint->outcome != a && endpoint->outcome != b)
			continue;
		if (!out->text[0])
			say(out, "%s: %s", outcome_text(endpoint->outcome), why_of(endpoint));
		place_add(out, endpoint);
	}
	str_copy(out->at, sizeof(out->at), at);
	say_places(out);
	return out->text[0] != 0;
}

bool rule_bad_certificate(const struct judge_input *input, struct finding *out)
{
	return find_outcome(input, OUTCOME_BAD_CERTIFICATE, OUTCOME_TOO_LARGE, "leaf", out);
}

bool rule_file_error(const struct judge_input *input, struct finding *out)
{
	return find_outcome(input, OUTCOME_FILE_ERROR, OUTCOME_FILE_ERROR, "host", out);
}

/* ---- which certificates are served -------------------------------------------------------- */

static bool serves(const struct observation *look, const char *sha256)
{
	for (size_t i = 0; i < look->len; i++) {
		if (look->endpoints[i].has_cert && str_eq(look->endpoints[i].cert.sha256, sha256))
			return true;
	}
	return false;
}

/* The first endpoint that serves this leaf. */
static bool is_first(const struct observation *look, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (look->endpoints[k].has_cert &&
		    str_eq(look->endpoints[k].cert.sha256, look->endpoints[i].cert.sha256))
			return false;
	}
	return look->endpoints[i].has_cert;
}

static size_t count_certs(const struct observation *look)
{
	size_t n = 0;

	for (size_t i = 0; i < look->len; i++)
		n += is_first(look, i);
	return n;
}

/* "3f9a1b2c.. until Fri 04 Dec 10:00 UTC" */
static void say_cert(const struct endpoint *endpoint, int64_t now, struct finding *out)
{
	char date[DATE_TEXT_MAX];

	say(out, "%.8s.. until %s", endpoint->cert.sha256,
	    date_text(endpoint->cert.not_after, now, date));
}

static void say_served_at(const struct observation *look, const char *sha256, struct finding *out)
{
	size_t n = 0;

	for (size_t i = 0; i < look->len; i++) {
		const struct endpoint *endpoint = &look->endpoints[i];

		if (!endpoint->has_cert || !str_eq(endpoint->cert.sha256, sha256))
			continue;
		if (n++ < ADDRESSES_SAID)
			say(out, "%s %s", n > 1 ? "," : " at", endpoint->address);
	}
	if (n > ADDRESSES_SAID)
		say(out, " and %zu more", n - ADDRESSES_SAID);
}

bool rule_mixed_endpoints(const struct judge_input *input, struct finding *out)
{
	const struct observation *look = input->look;
	size_t certs = count_certs(look), n = 0;

	if (certs < 2)
		return false;
	places_count(out, look);
	str_copy(out->at, sizeof(out->at), "host");
	say(out, "%zu different certificates", certs);
	for (size_t i = 0; i < look->len; i++) {
		if (look->endpoints[i].has_cert)
			place_add(out, &look->endpoints[i]);
		if (!is_first(look, i) || n >= CERTS_SAID)
			continue;
		say(out, "%s", n++ ? "; " : ": ");
		say_cert(&look->endpoints[i], input->now, out);
		say_served_at(look, look->endpoints[i].cert.sha256, out);
	}
	return true;
}

bool rule_changed(const struct judge_input *input, struct finding *out)
{
	const struct observation *look = input->look, *before = input->before;
	const struct endpoint *was = before ? observation_oldest(before) : NULL, *is = NULL;

	if (!was || count_certs(look) != 1)
		return false;
	for (size_t i = 0; i < look->len; i++) {
		const struct endpoint *endpoint = &look->endpoints[i];

		if (!endpoint->has_cert)
			continue;
		if (serves(before, endpoint->cert.sha256))
			return false;
		is = is ? is : endpoint;
		place_add(out, endpoint);
	}
	places_count(out, look);
	str_copy(out->at, sizeof(out->at), "leaf");
	str_copy(out->certificate, sizeof(out->certificate), is->cert.sha256);
	say(out, "the certificate changed from ");
	say_cert(was, input->now, out);
	say(out, " to ");
	say_cert(is, input->now, out);
	return true;
}
