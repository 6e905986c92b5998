/*
 * A TLS client session over a connected, non-blocking descriptor. Answers what it waits for in
 * five words; does not know the loop. The peer's chain is kept as DER the moment it arrives,
 * so that a handshake which fails after it still reports it. Verifies nothing by itself.
 */
#ifndef LIB_TLS_SESSION_H
#define LIB_TLS_SESSION_H

#include "lib/base/err.h"

#define SESSION_CHAIN_MAX 32		     /* certificates kept */
#define SESSION_CHAIN_BYTES_MAX (256 * 1024) /* of all certificates together */

struct session_context; /* shared SSL_CTX: TLS 1.0 up when legacy, else 1.2 up; X25519 first */
struct session_context *session_context_new(bool legacy, struct err *err);
void session_context_free(struct session_context *context);

struct session;
enum session_status {
	SESSION_DONE, /* handshake (or close) complete */
	SESSION_WANT_READ,
	SESSION_WANT_WRITE,
	SESSION_CLOSED,	   /* peer closed in the clear before the end */
	SESSION_RESET,	   /* ECONNRESET, EPIPE */
	SESSION_NOT_TLS,   /* the peer's bytes are no TLS record */
	SESSION_TOO_LARGE, /* chain over the ceilings */
	SESSION_FAILED,	   /* alert or protocol error: session_error */
};
/* server_name NULL: no SNI. fd stays the caller's. */
struct session *session_new(struct session_context *context, int fd, const char *server_name);
void session_free(struct session *session); /* accepts NULL */

enum session_status session_handshake(struct session *session);
/* Sends close_notify when that is possible without waiting. */
void session_shutdown(struct session *session);

/* The error's sentence after a failure: alert name when the peer sent one, and which. */
const char *session_error(const struct session *session);

/* Facts; valid whenever known, else NULL / 0. Borrowed. */
const char *session_version(const struct session *session); /* "TLSv1.3" */
const char *session_cipher(const struct session *session);
const char *session_group(const struct session *session); /* "X25519", "P-256" */
bool session_post_quantum(const struct session *session);
const char *session_alpn(const struct session *session);
size_t session_chain_len(const struct session *session);
/* Certificate i as sent (0 = leaf); DER borrowed. */
const uint8_t *session_chain_der(const struct session *session, size_t i, size_t *len);
/* The server asked for a client certificate (none is ever given). */
bool session_client_certificate_asked(const struct session *session);

/* Run-time version of OpenSSL, a line, for --version. */
void session_versions(FILE *out);

#endif
