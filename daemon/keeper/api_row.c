/*
 * The flat row of a target: every column of the contract (7) that exists now, null where absent.
 * The certificate's columns are those of the endpoint whose leaf ends first; what is said of the
 * whole target (trusted, name_matches) is the worst of its endpoints.
 */
#include "daemon/keeper/api_inside.h"

#include "lib/base/str.h"
#include "lib/model/codec.h"
#include "lib/model/tags.h"

#include <math.h>

static const struct endpoint *shown_endpoint(const struct record *record)
{
	const struct endpoint *oldest = record->has_look ? observation_oldest(&record->look) : NULL;

	return oldest || !record->has_look ? oldest : &record->look.endpoints[0];
}

static void put_definition(json_t *row, const struct record *record)
{
	const struct target *target = &record->target;
	struct buf source;

	buf_init(&source, 65536);
	for (size_t i = 0; i < record->sources_len; i++)
		buf_printf(&source, "%s%s", i ? ", " : "", record->sources[i]);
	json_put_str(row, "target", target->text);
	json_put_str(row, "id", target->id);
	json_put_str(row, "host", target->host);
	json_put(row, "port", target->port ? json_integer(target->port) : NULL);
	json_put_str(row, "protocol", protocol_text(target->protocol));
	json_put_str(row, "server_name", target_server_name(target));
	json_put_str(row, "zone", target->zone);
	json_put_str(row, "organization", target->organization);
	json_put_str(row, "owner", target->owner);
	json_put(row, "tags", tags_to_json(target->tags, target->tags_len));
	json_put_str(row, "note", target->note);
	json_put_str(row, "runbook", target->runbook);
	json_put_str(row, "source", source.len ? buf_text(&source) : NULL);
	json_put_str(row, "instance", target->instance);
	buf_finish(&source);
}

static void put_findings(json_t *row, const struct findings *findings)
{
	const struct finding *worst = NULL;
	json_t *kinds = json_array();

	for (size_t i = 0; i < findings->len; i++) {
		const struct finding *finding = &findings->list[i];

		json_array_append_new(kinds, json_text(finding_kind_text(finding->kind)));
		if (!worst || finding->severity > worst->severity)
			worst = finding;
	}
	json_put_str(row, "severity", worst ? severity_text(worst->severity) : NULL);
	json_put_str(row, "kind", worst ? finding_kind_text(worst->kind) : NULL);
	json_put_str(row, "threshold",
		     worst && worst->threshold_text[0] ? worst->threshold_text : NULL);
	json_put(row, "findings", kinds);
}

static void put_state(json_t *row, const struct record *record, int64_t now)
{
	bool looked = record->last_looked != TIME_UNKNOWN;

	json_put_str(row, "status", record->ignored ? "ignored" : "watched");
	json_put_str(row, "outcome", looked ? outcome_text(record->outcome) : NULL);
	json_put_str(row, "error", record->error);
	json_put_bool(row, "ignored", record->ignored);
	codec_put_second(row, "first_seen", record->first_seen);
	/* Exact: who waits for a recheck compares it with when he asked. */
	json_put(row, "last_probed", api_exact(record->last_looked));
	codec_put_second(row, "next_probe", record->schedule.next_at);
	codec_put_second(row, "last_changed", record->last_changed);
	json_put(row, "reading_age",
		 record->has_look && record->look.at != TIME_UNKNOWN
			 ? json_integer((now - record->look.at) / MS_SECOND)
			 : NULL);
	json_put_null(row, "alert_status");
	json_put_null(row, "started_at");
	json_put_null(row, "acknowledged");
}

static json_t *names_of(const struct cert *cert)
{
	json_t *names = json_array();

	for (size_t i = 0; i < cert->names_len; i++)
		json_array_append_new(names, json_text(cert->names[i]));
	return names;
}

/* "EC P-256", "RSA 2048", "Ed25519" */
static json_t *key_of(const struct cert *cert)
{
	char text[128];

	if (!cert->key_type)
		return NULL;
	if (cert->key_curve)
		snprintf(text, sizeof(text), "%s %s", cert->key_type, cert->key_curve);
	else if (str_eq(cert->key_type, "RSA") || str_eq(cert->key_type, "DSA"))
		snprintf(text, sizeof(text), "%s %d", cert->key_type, cert->key_bits);
	else
		str_copy(text, sizeof(text), cert->key_type);
	return json_text(text);
}

/* The part of its life that is left, to three digits; below 0 when it is over. */
static json_t *lifetime_left(const struct cert *cert, int64_t now)
{
	double life = (double)cert->not_after - (double)cert->not_before;

	if (cert->not_before == TIME_UNKNOWN || life <= 0)
		return NULL;
	return json_real(round(((double)cert->not_after - (double)now) / life * 1000) / 1000);
}

static void put_left(json_t *row, const struct cert *cert, int64_t now)
{
	bool known = cert && cert->not_after != TIME_UNKNOWN;

	json_put(row, "expires_within",
		 known ? json_integer(time_left_s(cert->not_after, now)) : NULL);
	json_put(row, "days_left",
		 known ? json_integer(time_left_days(cert->not_after, now)) : NULL);
	json_put(row, "lifetime_left", known ? lifetime_left(cert, now) : NULL);
}

static json_t *text_or_null(const char *text)
{
	return json_text(text && *text ? text : NULL);
}

static void put_cert(json_t *row, const struct cert *cert, int64_t now)
{
	json_put_str(row, "common_name", cert ? cert->common_name : NULL);
	json_put(row, "names", cert ? names_of(cert) : NULL);
	json_put_str(row, "subject", cert ? cert->subject : NULL);
	json_put_str(row, "issuer", cert ? cert->issuer : NULL);
	json_put_null(row, "issuer_type");
	json_put_str(row, "serial", cert ? cert->serial : NULL);
	json_put(row, "sha256", cert ? text_or_null(cert->sha256) : NULL);
	json_put(row, "key", cert ? key_of(cert) : NULL);
	json_put_str(row, "signature", cert ? cert->signature : NULL);
	codec_put_second(row, "not_before", cert ? cert->not_before : TIME_UNKNOWN);
	codec_put_second(row, "not_after", cert ? cert->not_after : TIME_UNKNOWN);
	put_left(row, cert, now);
}

/* The worst of all that were judged. */
struct verdicts {
	int trusted, name_matches; /* -1: nothing was judged */
	int64_t earliest, path;
};

static void weigh(int *all, bool known, bool good)
{
	if (known)
		*all = good && *all != 0;
}

static void weigh_time(int64_t *all, int64_t one)
{
	if (one != TIME_UNKNOWN && (*all == TIME_UNKNOWN || one < *all))
		*all = one;
}

static struct verdicts judge_all(const struct record *record)
{
	struct verdicts all = {-1, -1, TIME_UNKNOWN, TIME_UNKNOWN};

	for (size_t i = 0; record->has_look && i < record->look.len; i++) {
		const struct endpoint *endpoint = &record->look.endpoints[i];

		weigh(&all.trusted, endpoint->trust != TRUST_UNKNOWN,
		      endpoint->trust == TRUST_TRUSTED);
		weigh(&all.name_matches, endpoint->name_matches >= 0, endpoint->name_matches == 1);
		weigh_time(&all.earliest, endpoint->earliest_expiry.not_after);
		weigh_time(&all.path, endpoint->path_expiry.not_after);
	}
	return all;
}

static json_t *known_bool(int value)
{
	return value < 0 ? NULL : json_boolean(value);
}

static void put_endpoints(json_t *row, const struct record *record)
{
	const struct endpoint *shown = shown_endpoint(record);
	struct verdicts all = judge_all(record);
	bool cert = shown && shown->has_cert;
	size_t places = record->has_look ? record->look.len : 0;

	json_put(row, "address", places == 1 ? text_or_null(shown->address) : NULL);
	json_put_int(row, "places", (int64_t)places);
	json_put(row, "trusted", known_bool(all.trusted));
	json_put(row, "name_matches", known_bool(all.name_matches));
	codec_put_second(row, "earliest_not_after", all.earliest);
	codec_put_second(row, "path_not_after", all.path);
	json_put(row, "chain_length", cert ? json_integer((int64_t)shown->chain_len + 1) : NULL);
	json_put_str(row, "tls_version", shown ? shown->tls_version : NULL);
	json_put(row, "post_quantum",
		 shown && shown->tls_version ? json_boolean(shown->post_quantum) : NULL);
	json_put(row, "proof", shown ? json_boolean(shown->proof) : NULL);
}

json_t *target_row(const struct record *record, int64_t now)
{
	const struct endpoint *shown = shown_endpoint(record);
	json_t *row = json_object();

	put_definition(row, record);
	put_state(row, record, now);
	put_findings(row, &record->findings);
	put_endpoints(row, record);
	put_cert(row, shown && shown->has_cert ? &shown->cert : NULL, now);
	return row;
}

void target_row_alert(json_t *row, const struct alert *alert)
{
	json_put_str(row, "alert_status", alert_status_text(alert->status));
	codec_put_second(row, "started_at", alert_open(alert) ? alert->started_at : TIME_UNKNOWN);
	json_put(row, "acknowledged",
		 alert_open(alert) ? json_boolean(alert->ack_by != NULL) : NULL);
}

static bool contains(const char *text, const char *word)
{
	return text && str_icontains(text, word);
}

bool target_matches(const struct record *record, const char *word)
{
	if (contains(record->target.text, word) || contains(record->target.organization, word))
		return true;
	for (size_t i = 0; record->has_look && i < record->look.len; i++) {
		const struct cert *cert = &record->look.endpoints[i].cert;

		if (contains(cert->common_name, word))
			return true;
		for (size_t n = 0; n < cert->names_len; n++)
			if (contains(cert->names[n], word))
				return true;
	}
	return false;
}
