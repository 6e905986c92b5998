/*
 * One address of a target as one look saw it, and the contract's probe object. For users every
 * member of the object is there, null when unknown; in the store and on the wire what is unknown
 * is left out. Both are read by the same function, which trusts neither.
 */
#include "lib/model/endpoint.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/codec.h"
#include <arpa/inet.h>

#define SENTENCE_MAX 4096
#define WORD_MAX 255 /* cipher, group, protocol names */

static const char *const trust_words[] = {
	[TRUST_UNKNOWN] = "unknown",
	[TRUST_TRUSTED] = "trusted",
	[TRUST_TIME] = "time",
	[TRUST_SELF_SIGNED] = "self_signed",
	[TRUST_UNKNOWN_ROOT] = "unknown_root",
	[TRUST_ISSUER_MISSING] = "issuer_missing",
	[TRUST_BAD_SIGNATURE] = "bad_signature",
	[TRUST_INVALID] = "invalid",
	[TRUST_BUDGET] = "budget",
};

const char *trust_text(enum trust trust)
{
	if ((size_t)trust >= ARRAY_LEN(trust_words))
		bug("trust %d", (int)trust);
	return trust_words[trust];
}

bool trust_parse(const char *text, enum trust *out)
{
	for (size_t i = 0; text && i < ARRAY_LEN(trust_words); i++) {
		if (strcmp(trust_words[i], text) == 0) {
			*out = (enum trust)i;
			return true;
		}
	}
	return false;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t time_left_s(int64_t not_after, int64_t now)
{
	/* Thousandths of the whole range: the difference cannot overflow. */
	return floor_div(not_after, 1000) - floor_div(now, 1000);
}

int64_t time_left_days(int64_t not_after, int64_t now)
{
	return floor_div(time_left_s(not_after, now), 86400);
}

static void dated_init(struct dated *dated)
{
	*dated = (struct dated){.not_after = TIME_UNKNOWN};
}

void endpoint_init(struct endpoint *endpoint)
{
	memset(endpoint, 0, sizeof(*endpoint));
	cert_init(&endpoint->cert);
	dated_init(&endpoint->earliest_expiry);
	dated_init(&endpoint->path_expiry);
	endpoint->name_matches = -1;
	endpoint->probed_at = TIME_UNKNOWN;
}

void endpoint_finish(struct endpoint *endpoint)
{
	if (!endpoint)
		return;
	mem_free(endpoint->error);
	mem_free(endpoint->tls_version);
	mem_free(endpoint->tls_cipher);
	mem_free(endpoint->tls_group);
	mem_free(endpoint->tls_alpn);
	cert_finish(&endpoint->cert);
	for (size_t i = 0; i < endpoint->chain_len; i++) {
		mem_free(endpoint->chain[i].subject);
		mem_free(endpoint->chain[i].issuer);
	}
	mem_free(endpoint->chain);
	mem_free(endpoint->trust_detail);
	memset(endpoint, 0, sizeof(*endpoint));
}

void endpoint_copy(struct endpoint *dst, const struct endpoint *src)
{
	*dst = *src;
	dst->error = str_dup(src->error);
	dst->tls_version = str_dup(src->tls_version);
	dst->tls_cipher = str_dup(src->tls_cipher);
	dst->tls_group = str_dup(src->tls_group);
	dst->tls_alpn = str_dup(src->tls_alpn);
	cert_copy(&dst->cert, &src->cert);
	dst->chain = src->chain_len ? MEM_NEW_ARRAY(src->chain_len, struct chain_link) : NULL;
	for (size_t i = 0; i < src->chain_len; i++) {
		dst->chain[i] = src->chain[i];
		dst->chain[i].subject = str_dup(src->chain[i].subject);
		dst->chain[i].issuer = str_dup(src->chain[i].issuer);
	}
	dst->trust_detail = str_dup(src->trust_detail);
}

bool endpoint_answered(const struct endpoint *endpoint)
{
	return endpoint->outcome == OUTCOME_OK || endpoint->has_cert;
}

/* ---- written ------------------------------------------------------------------------------ */

static json_t *text_or_null(const char *text)
{
	return json_text(text && *text ? text : NULL);
}

/* Whole seconds for people, exact for ourselves. */
static void put_time(json_t *json, const char *key, int64_t wall_ms, bool exact)
{
	if (exact)
		codec_put_time(json, key, wall_ms);
	else
		codec_put_second(json, key, wall_ms);
}

static void put_target(json_t *json, const struct target *target)
{
	json_put_str(json, "target", target->text);
	json_put_str(json, "id", target->id);
	json_put_str(json, "host", target->host);
	json_put(json, "port", target->port ? json_integer(target->port) : NULL);
	json_put_str(json, "protocol", protocol_text(target->protocol));
	json_put_str(json, "server_name", target_server_name(target));
}

static json_t *tls_to_json(const struct endpoint *endpoint)
{
	json_t *json;

	if (!endpoint->tls_version && !endpoint->tls_cipher && !endpoint->tls_group &&
	    !endpoint->tls_alpn && !endpoint->post_quantum)
		return NULL;
	json = json_object();
	json_put_str(json, "version", endpoint->tls_version);
	json_put_str(json, "cipher", endpoint->tls_cipher);
	json_put_str(json, "group", endpoint->tls_group);
	json_put_bool(json, "post_quantum", endpoint->post_quantum);
	json_put_str(json, "alpn", endpoint->tls_alpn);
	/* No OCSP is asked for yet: not known, which is not "unknown". */
	json_put_null(json, "ocsp");
	return json;
}

static json_t *chain_to_json(const struct endpoint *endpoint, bool exact)
{
	json_t *array;

	if (!endpoint->has_cert && endpoint->chain_len == 0)
		return NULL;
	array = json_array();
	for (size_t i = 0; i < endpoint->chain_len; i++) {
		json_t *link = json_object();

		json_put(link, "sha256", text_or_null(endpoint->chain[i].sha256));
		json_put_str(link, "subject", endpoint->chain[i].subject);
		json_put_str(link, "issuer", endpoint->chain[i].issuer);
		put_time(link, "not_after", endpoint->chain[i].not_after, exact);
		json_array_append_new(array, link);
	}
	return array;
}

static json_t *dated_to_json(const struct dated *dated, bool exact)
{
	json_t *json;

	if (!dated->sha256[0] && dated->not_after == TIME_UNKNOWN)
		return NULL;
	json = json_object();
	json_put(json, "sha256", text_or_null(dated->sha256));
	put_time(json, "not_after", dated->not_after, exact);
	return json;
}

static json_t *trust_to_json(const struct endpoint *endpoint)
{
	json_t *json;

	if (endpoint->trust == TRUST_UNKNOWN && !endpoint->trust_detail &&
	    !endpoint->trust_generation[0])
		return NULL;
	json = json_object();
	json_put_str(json, "verdict", trust_text(endpoint->trust));
	json_put_str(json, "detail", endpoint->trust_detail);
	json_put(json, "generation", text_or_null(endpoint->trust_generation));
	return json;
}

static void put_left(json_t *json, const struct endpoint *endpoint, int64_t now)
{
	int64_t not_after = endpoint->cert.not_after;

	if (now == TIME_UNKNOWN)
		return;
	if (!endpoint->has_cert || not_after == TIME_UNKNOWN) {
		json_put_null(json, "seconds_left");
		json_put_null(json, "days_left");
		return;
	}
	json_put_int(json, "seconds_left", time_left_s(not_after, now));
	json_put_int(json, "days_left", time_left_days(not_after, now));
}

json_t *endpoint_to_json(const struct endpoint *endpoint, const struct target *target, int64_t now)
{
	json_t *json = json_object();
	bool exact = target == NULL;

	if (target)
		put_target(json, target);
	json_put(json, "address", text_or_null(endpoint->address));
	json_put_str(json, "outcome", outcome_text(endpoint->outcome));
	json_put_str(json, "error", endpoint->error);
	json_put(json, "stage", text_or_null(endpoint->stage));
	put_time(json, "probed_at", endpoint->probed_at, exact);
	json_put_int(json, "duration_ms", endpoint->duration_ms);
	json_put_bool(json, "proof", endpoint->proof);
	json_put(json, "tls", tls_to_json(endpoint));
	json_put(json, "certificate", endpoint->has_cert ? cert_to_json(&endpoint->cert) : NULL);
	json_put(json, "chain", chain_to_json(endpoint, exact));
	put_left(json, endpoint, now);
	json_put(json, "earliest_expiry", dated_to_json(&endpoint->earliest_expiry, exact));
	json_put(json, "path_expiry", dated_to_json(&endpoint->path_expiry, exact));
	json_put(json, "trusted",
		 endpoint->trust == TRUST_UNKNOWN ? NULL
						  : json_boolean(endpoint->trust == TRUST_TRUSTED));
	json_put(json, "name_matches",
		 endpoint->name_matches < 0 ? NULL : json_boolean(endpoint->name_matches));
	json_put(json, "trust", trust_to_json(endpoint));
	if (exact)
		codec_lean(json);
	return json;
}

/* ---- read --------------------------------------------------------------------------------- */

static bool address_from_json(struct endpoint *out, const json_t *json, struct err *err)
{
	struct in6_addr any;

	if (!codec_text(json, "address", out->address, sizeof(out->address), err))
		return false;
	return !out->address[0] || inet_pton(AF_INET, out->address, &any) == 1 ||
	       inet_pton(AF_INET6, out->address, &any) == 1 ||
	       codec_refuse(err, "address", "not an address");
}

static bool tls_from_json(struct endpoint *out, const json_t *json, struct err *err)
{
	json_t *tls;

	if (!codec_object(json, "tls", 64, &tls, err))
		return false;
	return !tls || (codec_str(tls, "version", WORD_MAX, &out->tls_version, err) &&
			codec_str(tls, "cipher", WORD_MAX, &out->tls_cipher, err) &&
			codec_str(tls, "group", WORD_MAX, &out->tls_group, err) &&
			codec_bool(tls, "post_quantum", &out->post_quantum, err) &&
			codec_str(tls, "alpn", WORD_MAX, &out->tls_alpn, err));
}

static bool cert_member_from_json(struct endpoint *out, const json_t *json, struct err *err)
{
	json_t *object;

	if (!codec_object(json, "certificate", 256, &object, err))
		return false;
	if (!object)
		return true;
	if (!cert_from_json(&out->cert, object, err)) {
		/* What a failed read leaves is not ours to finish. */
		cert_init(&out->cert);
		return err_prefix(err, "certificate");
	}
	out->has_cert = true;
	return true;
}

static bool chain_from_json(struct endpoint *out, const json_t *json, struct err *err)
{
	json_t *array, *link;
	size_t i;

	if (!codec_array(json, "chain", ENDPOINT_CHAIN_MAX, &array, err))
		return false;
	if (json_array_size(array) == 0)
		return true;
	out->chain = MEM_NEW_ARRAY(json_array_size(array), struct chain_link);
	json_array_foreach(array, i, link) {
		struct chain_link *to = &out->chain[i];

		/* Counted before it is read, so that a refusal frees what was read of it. */
		out->chain_len = i + 1;
		to->not_after = TIME_UNKNOWN;
		if (!codec_is_object(link, "chain", err) ||
		    !codec_hex(link, "sha256", 64, to->sha256, err) ||
		    !codec_str(link, "subject", CERT_TEXT_MAX, &to->subject, err) ||
		    !codec_str(link, "issuer", CERT_TEXT_MAX, &to->issuer, err) ||
		    !codec_time(link, "not_after", &to->not_after, err))
			return false;
	}
	return true;
}

static bool dated_from_json(struct dated *out, const json_t *json, const char *key, struct err *err)
{
	json_t *object;

	if (!codec_object(json, key, 64, &object, err))
		return false;
	return !object || (codec_hex(object, "sha256", 64, out->sha256, err) &&
			   codec_time(object, "not_after", &out->not_after, err));
}

static bool trust_from_json(struct endpoint *out, const json_t *json, struct err *err)
{
	json_t *trust;
	bool matches;

	if (!codec_none(json, "name_matches")) {
		if (!codec_bool(json, "name_matches", &matches, err))
			return false;
		out->name_matches = matches;
	}
	if (!codec_object(json, "trust", 64, &trust, err))
		return false;
	return !trust || (CODEC_WORD(trust, "verdict", trust_parse, &out->trust, err) &&
			  codec_str(trust, "detail", SENTENCE_MAX, &out->trust_detail, err) &&
			  codec_text(trust, "generation", out->trust_generation,
				     sizeof(out->trust_generation), err));
}

bool endpoint_from_json(struct endpoint *out, const json_t *json, struct err *err)
{
	endpoint_init(out);
	if (codec_is_object(json, "endpoint", err) && address_from_json(out, json, err) &&
	    (!codec_none(json, "outcome") || codec_refuse(err, "outcome", "missing")) &&
	    CODEC_WORD(json, "outcome", outcome_parse, &out->outcome, err) &&
	    codec_str(json, "error", SENTENCE_MAX, &out->error, err) &&
	    codec_text(json, "stage", out->stage, sizeof(out->stage), err) &&
	    codec_time(json, "probed_at", &out->probed_at, err) &&
	    codec_int(json, "duration_ms", 0, MS_WEEK, &out->duration_ms, err) &&
	    codec_bool(json, "proof", &out->proof, err) && tls_from_json(out, json, err) &&
	    cert_member_from_json(out, json, err) && chain_from_json(out, json, err) &&
	    dated_from_json(&out->earliest_expiry, json, "earliest_expiry", err) &&
	    dated_from_json(&out->path_expiry, json, "path_expiry", err) &&
	    trust_from_json(out, json, err))
		return true;
	endpoint_finish(out);
	return false;
}
