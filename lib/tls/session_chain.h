/*
 * The certificates of one Certificate message, copied out byte by byte as they were sent, so that
 * what OpenSSL cannot parse is kept too. Pure. Inside this folder only.
 */
#ifndef LIB_TLS_SESSION_CHAIN_H
#define LIB_TLS_SESSION_CHAIN_H

#include "lib/tls/session.h"

struct session_chain {
	struct {
		uint8_t *der;
		size_t len;
	} certs[SESSION_CHAIN_MAX];
	size_t len;
	size_t bytes;
	bool too_large; /* there were more than the ceilings of session.h allow */
};

/* body: the message without its four bytes of header. Keeps what comes before a malformed part. */
void session_chain_read(struct session_chain *chain, const uint8_t *body, size_t len, bool tls13);
void session_chain_finish(struct session_chain *chain);

#endif
