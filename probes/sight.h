/*
 * What a session saw, made into an endpoint: the facts of the connection, the leaf, the links of
 * the chain, trust at an instant. The only place in the prober where certificates are parsed, and
 * it is passed by when they are those of the last time.
 */
#ifndef PROBES_SIGHT_H
#define PROBES_SIGHT_H

#include "lib/tls/chain.h"
#include "lib/tls/session.h"
#include "lib/wire/msg.h"

/* The session's certificates and the anchors are those of `known`, and the trust found then still
 * holds at now. known may be NULL. */
bool sight_is_known(const struct session *session, const struct msg_known *known,
		    const struct anchors *anchors, int64_t now);

/* Version, cipher, group, ALPN into endpoint. */
void sight_connection(struct endpoint *endpoint, const struct session *session);

struct sight_certs {
	const uint8_t *const *ders; /* leaf first, as sent */
	const size_t *lens;
	size_t count;
};
/* Leaf, chain and earliest expiry. False with err when the leaf does not parse; the endpoint then
 * has none of them. */
bool sight_certificates(struct endpoint *endpoint, const struct sight_certs *certs,
			struct err *err) MUST_CHECK;
/* Trust at `now` and the path's end; name_matches when host is not NULL. Needs endpoint->has_cert.
 * anchors NULL: trust stays unknown. */
void sight_trust(struct endpoint *endpoint, const struct sight_certs *certs,
		 const struct anchors *anchors, const char *host, int64_t now);

#endif
