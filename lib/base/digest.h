/*
 * Digests and the encodings of their results. The only file above libcrypto outside
 * lib/tls: ids, signatures of webhooks, content addresses.
 */
#ifndef LIB_BASE_DIGEST_H
#define LIB_BASE_DIGEST_H

#include "lib/base/buf.h"

#define SHA256_LEN 32
#define SHA256_HEX_LEN 64
#define UUID_TEXT_LEN 36

/* Fetches the algorithms, which reads OpenSSL's configuration: call it before a sandbox or a
 * chroot; otherwise the first use does it. */
void digest_prepare(void);
void digest_sha256(const void *data, size_t len, uint8_t out[SHA256_LEN]);
/* Lower-case hex, NUL-terminated. */
void digest_sha256_hex(const void *data, size_t len, char out[SHA256_HEX_LEN + 1]);
void digest_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
			uint8_t out[SHA256_LEN]);
/* RFC 4122 version 5 in our own namespace (a fixed UUID in digest.c), of the parts joined by
 * one 0x1f byte. parts ends with NULL. */
void digest_uuid5(const char *const *parts, char out[UUID_TEXT_LEN + 1]);
/* Constant time. */
bool digest_equal(const void *a, const void *b, size_t len);

/* First 32 hex digits of the SHA-256 of text: the id of a target, an alert. */
#define SHORT_ID_LEN 32
void digest_short_id(const char *text, char out[SHORT_ID_LEN + 1]);

void hex_encode(const uint8_t *data, size_t len, char *out); /* out: 2*len+1 */
/* Exactly out_len bytes, in either case. */
bool hex_decode(const char *text, uint8_t *out, size_t out_len) MUST_CHECK;
void base64_encode(struct buf *out, const void *data, size_t len);
bool base64_decode(struct buf *out, const char *text, size_t len) MUST_CHECK; /* strict, padded */

#endif
