/*
 * What the files of the certificate reader share: texts out of ASN.1 values, and the extensions.
 * Inside this folder only.
 */
#ifndef LIB_TLS_READ_PARTS_H
#define LIB_TLS_READ_PARTS_H

#include "lib/model/cert.h"
#include <openssl/x509.h>

/*
 * Texts are the caller's, valid UTF-8, cut at CERT_TEXT_MAX; control bytes are \XX as in RFC 2253
 * and a backslash is doubled, so that what was a NUL stays visible and no text can be forged.
 */
char *read_bytes(const void *data, size_t len);
/* A string of any of ASN.1's kinds. */
char *read_string(const ASN1_STRING *string);
/* RFC 2253 with UTF-8 kept: "CN=www.example.com,O=ACME". */
char *read_name(const X509_NAME *name);
char *read_hex(const uint8_t *data, size_t len);
/* Dotted. */
char *read_oid(const ASN1_OBJECT *object);

/* Wall ms, clamped to the years 1..9999; false when it is not a time. */
bool read_time(const ASN1_TIME *time, int64_t *out) MUST_CHECK;

void read_extensions(struct cert *out, const X509 *x509);

#endif
