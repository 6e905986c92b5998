/*
 * See sight.h. Called by looks behind a probe, and by the reader for what a file holds. Takes
 * bytes and answers values; waits for nothing and knows no loop.
 */
#include "lib/base/sys.h"
#include "probes/sight.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/tls/name.h"
#include "lib/tls/read.h"

bool sight_is_known(const struct session *session, const struct msg_known *known,
		    const struct anchors *anchors, int64_t now)
{
	size_t count = session_chain_len(session);

	/* Without a path there is no instant until which the verdict holds: judged anew. */
	if (!known || !anchors || count == 0 || count != known->chain_len ||
	    known->path_until == TIME_UNKNOWN || known->path_until <= now ||
	    !str_eq(known->generation, anchors_generation(anchors)))
		return false;
	for (size_t i = 0; i < count; i++) {
		char sha256[SHA256_HEX_LEN + 1];
		size_t len;
		const uint8_t *der = session_chain_der(session, i, &len);
		digest_sha256_hex(der, len, sha256);
		if (!str_eq(sha256, known->chain[i]))
			return false;
	}
	return true;
}

void sight_connection(struct endpoint *endpoint, const struct session *session)
{
	endpoint->tls_version = str_dup(session_version(session));
	endpoint->tls_cipher = str_dup(session_cipher(session));
	endpoint->tls_group = str_dup(session_group(session));
	endpoint->tls_alpn = str_dup(session_alpn(session));
	endpoint->post_quantum = session_post_quantum(session);
}

/*
 * The keeper's tests need a target that kills its prober. Compiled only into a variant of the
 * library that no shipped program is linked with.
 */
#ifdef EXPIRYD_TEST_HOOKS
static void swallow(const struct cert *leaf)
{
	if (str_eq(leaf->common_name, "poison.crash.test"))
		abort();
	volatile bool stuck = str_eq(leaf->common_name, "poison.stall.test");
	while (stuck)
		continue;
}
#else
static void swallow(const struct cert *leaf UNUSED)
{
}
#endif

static void note_expiry(struct endpoint *endpoint, const char *sha256, int64_t not_after)
{
	struct dated *earliest = &endpoint->earliest_expiry;
	if (earliest->not_after != TIME_UNKNOWN && earliest->not_after <= not_after)
		return;
	earliest->not_after = not_after;
	str_copy(earliest->sha256, sizeof(earliest->sha256), sha256);
}

/* A link that does not parse is told by its digest alone: what it is was never known. */
static void add_link(struct endpoint *endpoint, const uint8_t *der, size_t len)
{
	struct chain_link *link = &endpoint->chain[endpoint->chain_len++];
	struct cert cert;

	link->not_after = TIME_UNKNOWN;
	if (!read_der(&cert, der, len, NULL)) {
		digest_sha256_hex(der, len, link->sha256);
		link->subject = str_dup("");
		link->issuer = str_dup("");
		return;
	}
	str_copy(link->sha256, sizeof(link->sha256), cert.sha256);
	link->subject = str_dup(cert.subject);
	link->issuer = str_dup(cert.issuer);
	link->not_after = cert.not_after;
	note_expiry(endpoint, cert.sha256, cert.not_after);
	cert_finish(&cert);
}

bool sight_certificates(struct endpoint *endpoint, const struct sight_certs *certs, struct err *err)
{
	if (!read_der(&endpoint->cert, certs->ders[0], certs->lens[0], err)) {
		cert_init(&endpoint->cert);
		return false;
	}
	swallow(&endpoint->cert);
	endpoint->has_cert = true;
	note_expiry(endpoint, endpoint->cert.sha256, endpoint->cert.not_after);
	size_t links = certs->count - 1;
	if (links > ENDPOINT_CHAIN_MAX)
		links = ENDPOINT_CHAIN_MAX;
	endpoint->chain = MEM_NEW_ARRAY(links, struct chain_link);
	for (size_t i = 1; i <= links; i++)
		add_link(endpoint, certs->ders[i], certs->lens[i]);
	return true;
}

static enum trust trust_of(enum chain_verdict verdict)
{
	switch (verdict) {
	case CHAIN_TRUSTED:
		return TRUST_TRUSTED;
	case CHAIN_TIME:
		return TRUST_TIME;
	case CHAIN_SELF_SIGNED:
		return TRUST_SELF_SIGNED;
	case CHAIN_UNKNOWN_ROOT:
		return TRUST_UNKNOWN_ROOT;
	case CHAIN_ISSUER_MISSING:
		return TRUST_ISSUER_MISSING;
	case CHAIN_BAD_SIGNATURE:
		return TRUST_BAD_SIGNATURE;
	case CHAIN_INVALID:
		return TRUST_INVALID;
	case CHAIN_BUDGET:
		return TRUST_BUDGET;
	}
	bug("a chain was judged with a word that is none");
}

/* The end of a path that is not valid yet is withheld: "same" holds until a path ends, and such a
 * path must be judged again when its time has come. */
static void note_path(struct endpoint *endpoint, const struct chain_result *result, int64_t now)
{
	if (result->path_len == 0 || result->path_until == INT64_MIN)
		return;
	if (result->verdict != CHAIN_TRUSTED &&
	    (result->verdict != CHAIN_TIME || result->path_until > now))
		return;
	endpoint->path_expiry.not_after = result->path_until;
	str_copy(endpoint->path_expiry.sha256, sizeof(endpoint->path_expiry.sha256),
		 result->path_sha256[result->path_earliest]);
}

void sight_trust(struct endpoint *endpoint, const struct sight_certs *certs,
		 const struct anchors *anchors, const char *host, int64_t now)
{
	if (host)
		endpoint->name_matches = name_matches(
			host, (const char *const *)endpoint->cert.names, endpoint->cert.names_len);
	if (!anchors)
		return;
	struct chain_result result;
	chain_verify(anchors, certs->ders, certs->lens, certs->count, now, &result);
	endpoint->trust = trust_of(result.verdict);
	if (result.verdict != CHAIN_TRUSTED && result.detail[0])
		endpoint->trust_detail = str_dup(result.detail);
	str_copy(endpoint->trust_generation, sizeof(endpoint->trust_generation),
		 anchors_generation(anchors));
	note_path(endpoint, &result, now);
}
