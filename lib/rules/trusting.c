/*
 * Findings about trust and names: whether there is a path to a root, whether the server sent what
 * a client needs to find it, whether the certificate is for this host. The path itself was sought
 * by the prober; here its verdicts are weighed over all addresses.
 */
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/rules/rule.h"

#define NAMES_SAID 5

static bool out_of_time(const struct cert *cert, int64_t now)
{
	return now < cert->not_before || seconds_left(cert->not_after, now) < 0;
}

/* That a leaf is out of its own time is said by expired and not_yet_valid alone. */
static bool is_untrusted(const struct endpoint *endpoint, int64_t now)
{
	if (!endpoint->has_cert)
		return false;
	switch (endpoint->trust) {
	case TRUST_UNKNOWN_ROOT:
	case TRUST_ISSUER_MISSING:
	case TRUST_BAD_SIGNATURE:
	case TRUST_INVALID:
	case TRUST_BUDGET:
		return true;
	case TRUST_TIME:
		return !out_of_time(&endpoint->cert, now);
	case TRUST_UNKNOWN:
	case TRUST_TRUSTED:
	case TRUST_SELF_SIGNED:
		return false;
	}
	return false;
}

static bool is_self_signed(const struct endpoint *endpoint)
{
	return endpoint->has_cert && endpoint->trust == TRUST_SELF_SIGNED;
}

static void say_expired_issuer(const struct endpoint *endpoint, int64_t now, struct finding *out)
{
	char date[DATE_TEXT_MAX];

	for (size_t i = 0; i < endpoint->chain_len; i++) {
		const struct chain_link *link = &endpoint->chain[i];

		if (link->not_after == TIME_UNKNOWN || seconds_left(link->not_after, now) >= 0)
			continue;
		say(out, "the chain's certificate of %s expired (%s)",
		    link->subject ? link->subject : "an unnamed issuer",
		    date_text(link->not_after, now, date));
		snprintf(out->at, sizeof(out->at), "chain[%u]", (unsigned)(i % ENDPOINT_CHAIN_MAX));
		return;
	}
	say(out, "a certificate of the path is out of its time");
	if (endpoint->trust_detail)
		say(out, ": %s", endpoint->trust_detail);
}

static void say_untrusted(const struct endpoint *endpoint, int64_t now, struct finding *out)
{
	const char *why = "";

	str_copy(out->at, sizeof(out->at), "path");
	switch (endpoint->trust) {
	case TRUST_TIME:
		say_expired_issuer(endpoint, now, out);
		return;
	case TRUST_UNKNOWN_ROOT:
		why = "the root is not among the trusted ones";
		break;
	case TRUST_ISSUER_MISSING:
		why = "no path to a trusted root: an issuer was not sent and is not known";
		break;
	case TRUST_BAD_SIGNATURE:
		why = "a signature of the chain is wrong";
		break;
	case TRUST_INVALID:
		why = "the path breaks a rule";
		break;
	case TRUST_BUDGET:
		why = "no path was found within the budget of the search";
		break;
	case TRUST_UNKNOWN:
	case TRUST_TRUSTED:
	case TRUST_SELF_SIGNED:
		break;
	}
	say(out, "not trusted: %s", why);
	if (endpoint->trust_detail)
		say(out, " (%s)", endpoint->trust_detail);
}

/* Beside one that is not trusted, a self-signed one is that too: never both findings. */
bool rule_untrusted(const struct judge_input *input, struct finding *out)
{
	const struct endpoint *first = NULL;

	places_count(out, input->look);
	for (size_t i = 0; i < input->look->len; i++) {
		const struct endpoint *endpoint = &input->look->endpoints[i];

		if (is_untrusted(endpoint, input->now)) {
			first = first ? first : endpoint;
			place_add(out, endpoint);
		} else if (is_self_signed(endpoint)) {
			place_add(out, endpoint);
		}
	}
	if (!first)
		return false;
	say_untrusted(first, input->now, out);
	say_places(out);
	return true;
}

bool rule_self_signed(const struct judge_input *input, struct finding *out)
{
	const struct endpoint *first = NULL;

	places_count(out, input->look);
	for (size_t i = 0; i < input->look->len; i++) {
		const struct endpoint *endpoint = &input->look->endpoints[i];

		if (is_untrusted(endpoint, input->now))
			return false;
		if (is_self_signed(endpoint)) {
			first = first ? first : endpoint;
			place_add(out, endpoint);
		}
	}
	if (!first)
		return false;
	say(out, "self-signed by %s",
	    first->cert.subject && *first->cert.subject ? first->cert.subject : "an empty name");
	str_copy(out->at, sizeof(out->at), "leaf");
	say_places(out);
	return true;
}

/* The leaf says where its issuer can be had, or nothing was sent with it: the server forgot it. */
static bool is_incomplete(const struct endpoint *endpoint)
{
	return endpoint->has_cert && endpoint->trust == TRUST_ISSUER_MISSING &&
	       (endpoint->chain_len == 0 || endpoint->cert.issuer_url);
}

bool rule_incomplete_chain(const struct judge_input *input, struct finding *out)
{
	places_count(out, input->look);
	for (size_t i = 0; i < input->look->len; i++) {
		const struct endpoint *endpoint = &input->look->endpoints[i];

		if (!is_incomplete(endpoint))
			continue;
		if (!out->text[0]) {
			say(out, "the server does not send the certificate of the issuer %s",
			    endpoint->cert.issuer ? endpoint->cert.issuer : "");
			if (endpoint->cert.issuer_url)
				say(out, "; it is at %s", endpoint->cert.issuer_url);
		}
		place_add(out, endpoint);
	}
	str_copy(out->at, sizeof(out->at), "path");
	say_places(out);
	return out->text[0] != 0;
}

static void say_names(const struct cert *cert, struct finding *out)
{
	size_t total = cert->names_total > cert->names_len ? cert->names_total : cert->names_len;
	size_t said = cert->names_len < NAMES_SAID ? cert->names_len : NAMES_SAID;

	if (total == 0) {
		say(out, "it has no names (a common name is not one)");
		return;
	}
	say(out, "its names are");
	for (size_t i = 0; i < said; i++)
		say(out, "%s %s", i ? "," : "", cert->names[i]);
	if (total > said)
		say(out, " and %zu more", total - said);
}

bool rule_name_mismatch(const struct judge_input *input, struct finding *out)
{
	const char *name = target_server_name(input->target);

	places_count(out, input->look);
	for (size_t i = 0; i < input->look->len; i++) {
		const struct endpoint *endpoint = &input->look->endpoints[i];

		if (!endpoint->has_cert || endpoint->name_matches != 0)
			continue;
		if (!out->text[0]) {
			say(out, "not for %s: ", name ? name : "this host");
			say_names(&endpoint->cert, out);
		}
		place_add(out, endpoint);
	}
	str_copy(out->at, sizeof(out->at), "leaf");
	say_places(out);
	return out->text[0] != 0;
}
