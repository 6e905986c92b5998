/*
 * A certificate: the facts parsed from its DER. The JSON form is the contract's "certificate"
 * object. Texts hold control bytes as \XX (RFC 2253) and are valid UTF-8.
 */
#ifndef LIB_MODEL_CERT_H
#define LIB_MODEL_CERT_H

#include "lib/base/err.h"
#include "lib/base/json.h"

#define CERT_NAMES_MAX 2000 /* subjectAltName entries kept, of names_total */
#define CERT_TEXT_MAX 4096  /* bytes of one text (subject, issuer, URL) kept */

struct cert {
	char sha256[65];   /* of the DER, lower-case hex */
	char *subject;	   /* RFC 2253-like: "CN=www.example.com,O=ACME"; "" when empty */
	char *common_name; /* last CN, or NULL */
	char **names;	   /* dNSName (lower case; "dns:..." when it looks like an address) and
			    * iPAddress (text form) */
	size_t names_len;
	size_t names_total;
	char **emails;
	size_t emails_len;
	char *issuer;
	char *serial; /* lower-case hex, even digits, no leading zero byte; "-20d2" below zero */
	int64_t not_before; /* wall ms */
	int64_t not_after;  /* wall ms, second inclusive */
	char *key_type;	    /* "RSA", "EC", "Ed25519", "ML-DSA-65", dotted OID when unknown */
	int key_bits;
	char *key_curve; /* "P-256", or NULL */
	char *signature; /* "ecdsa-with-SHA256", "sha256WithRSAEncryption", or OID */
	char spki_sha256[65];
	bool self_signed; /* subject = issuer and its own key verifies it */
	bool is_ca;
	char *ocsp_url, *crl_url, *issuer_url; /* first http one, or NULL */
	int scts;
	bool must_staple;
	char *subject_key_id, *authority_key_id; /* hex or NULL */
};

void cert_init(struct cert *cert);
void cert_finish(struct cert *cert);
void cert_copy(struct cert *dst, const struct cert *src);
/* New reference: the contract's certificate object. */
json_t *cert_to_json(const struct cert *cert);
/* From JSON as if from an enemy: ceilings, types, hex checked. out is initialised here; finished by
 * the caller only on success. */
bool cert_from_json(struct cert *out, const json_t *json, struct err *err) MUST_CHECK;

#endif
