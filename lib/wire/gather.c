/*
 * See gather.h. Values only: no loop, no clock, no role. Used by lookers.c for each result that
 * comes in. The digest of a certificate is never taken on trust, because certificates are stored
 * by it and shared between targets: a lie about one would spoil another's record.
 */
#include "lib/base/sys.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/tls/name.h"
#include "lib/wire/gather.h"
#include <uthash.h>

struct gather_cert {
	char sha256[SHA256_HEX_LEN + 1];
	uint8_t *der;
	size_t len;
	UT_hash_handle hh;
};

void gather_init(struct gather *gather, int64_t at)
{
	*gather = (struct gather){0};
	observation_init(&gather->observation);
	gather->observation.at = at;
}

static void certs_drop(struct gather *gather)
{
	struct gather_cert *cert, *next;

	HASH_ITER(hh, gather->certs, cert, next) {
		HASH_DEL(gather->certs, cert);
		mem_free(cert->der);
		mem_free(cert);
	}
	gather->bytes = 0;
}

static void members_drop(struct gather *gather)
{
	for (size_t i = 0; i < gather->members_len; i++) {
		mem_free(gather->members[i].name);
		endpoint_finish(&gather->members[i].endpoint);
	}
	mem_free(gather->members);
	gather->members = NULL;
	gather->members_len = 0;
}

void gather_finish(struct gather *gather)
{
	observation_finish(&gather->observation);
	members_drop(gather);
	certs_drop(gather);
}

/* --- certificates --- */

static bool is_known(const struct observation *known, const char *sha256)
{
	for (size_t i = 0; known && i < known->len; i++) {
		const struct endpoint *endpoint = &known->endpoints[i];

		if (endpoint->has_cert && str_eq(endpoint->cert.sha256, sha256))
			return true;
		for (size_t k = 0; k < endpoint->chain_len; k++)
			if (str_eq(endpoint->chain[k].sha256, sha256))
				return true;
	}
	return false;
}

static bool cert_keep(struct gather *gather, const struct attachment *der, const char *sha256,
		      struct err *err)
{
	struct gather_cert *cert;

	HASH_FIND_STR(gather->certs, sha256, cert);
	if (cert)
		return true;
	gather->bytes += der->len;
	if (gather->bytes > GATHER_BYTES_MAX)
		return err_set(err, ERR_FULL, "certificates of more than %d bytes",
			       GATHER_BYTES_MAX);
	cert = MEM_NEW(struct gather_cert);
	str_copy(cert->sha256, sizeof(cert->sha256), sha256);
	cert->der = mem_dup(der->data, der->len);
	cert->len = der->len;
	HASH_ADD_STR(gather->certs, sha256, cert);
	return true;
}

/* msg_parse_result has seen to it that there is one der for the leaf and one for each link. */
static bool certs_take(struct gather *gather, const struct msg_result *result,
		       const struct observation *known, struct err *err)
{
	const struct endpoint *endpoint = &result->endpoint;

	for (size_t i = 0; i < result->ders_len; i++) {
		const char *told = i == 0 ? endpoint->cert.sha256 : endpoint->chain[i - 1].sha256;
		char sha256[SHA256_HEX_LEN + 1];

		digest_sha256_hex(result->ders[i].data, result->ders[i].len, sha256);
		if (!str_eq(sha256, told))
			return err_set(err, ERR_INVALID,
				       "certificate %zu has another digest than told", i);
		if (!is_known(known, sha256) && !cert_keep(gather, &result->ders[i], sha256, err))
			return false;
	}
	return true;
}

/* --- same --- */

static const struct endpoint *known_at(const struct observation *known, const char *address)
{
	for (size_t i = 0; known && i < known->len; i++)
		if (known->endpoints[i].has_cert && str_eq(known->endpoints[i].address, address))
			return &known->endpoints[i];
	return NULL;
}

static void swap_text(char **a, char **b)
{
	char *text = *a;

	*a = *b;
	*b = text;
}

/* What was known of the certificates, with what is fresh of this look. */
static void same_merge(struct endpoint *fresh, const struct endpoint *old, const char *host)
{
	struct endpoint merged;

	endpoint_copy(&merged, old);
	merged.outcome = fresh->outcome;
	memcpy(merged.stage, fresh->stage, sizeof(merged.stage));
	merged.probed_at = fresh->probed_at;
	merged.duration_ms = fresh->duration_ms;
	merged.proof = fresh->proof;
	merged.post_quantum = fresh->post_quantum;
	swap_text(&merged.error, &fresh->error);
	swap_text(&merged.tls_version, &fresh->tls_version);
	swap_text(&merged.tls_cipher, &fresh->tls_cipher);
	swap_text(&merged.tls_group, &fresh->tls_group);
	swap_text(&merged.tls_alpn, &fresh->tls_alpn);
	/* The certificate is the same, the name that is asked of it need not be: an operator may
	 * have changed server_name since. */
	if (host)
		merged.name_matches = name_matches(host, (const char *const *)merged.cert.names,
						   merged.cert.names_len);
	endpoint_finish(fresh);
	*fresh = merged;
}

/* --- results --- */

static bool member_add(struct gather *gather, struct msg_result *result, struct err *err)
{
	struct look_member *member;

	if (gather->members_len == GATHER_MEMBERS_MAX)
		return err_set(err, ERR_FULL, "more than %d certificates in a file",
			       GATHER_MEMBERS_MAX);
	gather->members = mem_resize(gather->members, gather->members_len + 1,
				     sizeof(*gather->members));
	member = &gather->members[gather->members_len++];
	member->name = result->member;
	member->endpoint = result->endpoint;
	result->member = NULL;
	endpoint_init(&result->endpoint);
	return true;
}

static bool endpoint_add(struct gather *gather, struct msg_result *result,
			 const struct gather_look *look, struct err *err)
{
	if (result->same) {
		const struct endpoint *old = known_at(look->known, result->endpoint.address);

		if (!old)
			return err_set(err, ERR_INVALID, "the same as what is not known");
		same_merge(&result->endpoint, old, target_server_name(look->target));
	}
	if (!observation_add_take(&gather->observation, &result->endpoint))
		return err_set(err, ERR_FULL, "more than %d results", OBSERVATION_ENDPOINTS_MAX);
	return true;
}

bool gather_result(struct gather *gather, struct msg_result *result, const struct gather_look *look,
		   struct err *err)
{
	if (look->file ? result->same : result->member != NULL)
		return err_set(err, ERR_INVALID, "a result of the other role's kind");
	if (!certs_take(gather, result, look->known, err))
		return false;
	/* A file that cannot be read or understood has no member: that is its one endpoint. */
	if (look->file && (result->endpoint.has_cert || result->member))
		return member_add(gather, result, err);
	return endpoint_add(gather, result, look, err);
}

void gather_only(struct gather *gather, enum outcome outcome, const char *error, bool ours)
{
	int64_t at = gather->observation.at;
	struct endpoint endpoint;

	gather_finish(gather);
	gather_init(gather, at);
	endpoint_init(&endpoint);
	endpoint.outcome = outcome;
	endpoint.error = str_dup(error);
	endpoint.probed_at = at;
	gather->observation.ours = ours;
	(void)observation_add_take(&gather->observation, &endpoint);
}

/* --- the end --- */

/* An observation has an endpoint at least, so that what asks it for an outcome finds one. */
static void members_copy(struct gather *gather)
{
	for (size_t i = 0;
	     i < gather->members_len && gather->observation.len < OBSERVATION_ENDPOINTS_MAX; i++) {
		struct endpoint copy;

		endpoint_copy(&copy, &gather->members[i].endpoint);
		(void)observation_add_take(&gather->observation, &copy);
	}
}

struct look_cert *gather_give(struct gather *gather, struct look_result *result)
{
	struct look_cert *certs = MEM_NEW_ARRAY(HASH_COUNT(gather->certs), struct look_cert);
	struct gather_cert *cert, *next;

	members_copy(gather);
	result->observation = gather->observation;
	gather->observation = (struct observation){0};
	result->members = gather->members;
	result->members_len = gather->members_len;
	HASH_ITER(hh, gather->certs, cert, next) {
		struct look_cert *out = &certs[result->certs_len++];

		memcpy(out->sha256, cert->sha256, sizeof(out->sha256));
		out->der = cert->der;
		out->len = cert->len;
	}
	result->certs = certs;
	return certs;
}
