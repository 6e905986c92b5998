/*
 * One certificate: DER by OpenSSL's parser into the plain record, every fact copied out. Called by
 * the prober and the reader for what strangers send, so what comes is bounded and what is odd but
 * parseable is told as it is; only a certificate without readable times is refused, since nothing
 * can be judged without them. Files of certificates are read_file.c's.
 */
#include "lib/tls/read.h"

#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/tls/library.h"
#include "lib/tls/read_parts.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <time.h>

#define CURVE_MAX 80

/* Names that OpenSSL 3.0 lacks or spells its own way; in both directions of use. */
static const struct {
	const char *from, *to;
} spellings[] = {
	{"2.16.840.1.101.3.4.3.17", "ML-DSA-44"},
	{"2.16.840.1.101.3.4.3.18", "ML-DSA-65"},
	{"2.16.840.1.101.3.4.3.19", "ML-DSA-87"},
	{"ED25519", "Ed25519"},
	{"ED448", "Ed448"},
	{"dsaEncryption", "DSA"},
	{"id-ecPublicKey", "EC"},
	{"prime256v1", "P-256"},
	{"rsaEncryption", "RSA"},
	{"rsassaPss", "RSA-PSS"},
	{"secp384r1", "P-384"},
	{"secp521r1", "P-521"},
};

static char *spelled(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		if (str_eq(spellings[i].from, name))
			return str_dup(spellings[i].to);
	}
	return str_dup(name);
}

/* An algorithm's long name, which is its RFC's; dotted where the library has none. */
static char *algorithm_text(const ASN1_OBJECT *algorithm)
{
	int nid = OBJ_obj2nid(algorithm);
	char *oid, *text;

	if (nid != NID_undef)
		return spelled(OBJ_nid2ln(nid));
	oid = read_oid(algorithm);
	text = spelled(oid);
	mem_free(oid);
	return text;
}

bool read_time(const ASN1_TIME *time, int64_t *out)
{
	char text[CLOCK_TEXT_MAX];
	struct tm tm;

	if (ASN1_TIME_to_tm(time, &tm) != 1)
		return false;
	/* An offset can carry a time over either end of what has four digits. */
	if (tm.tm_year + 1900 < 1)
		return clock_parse("0001-01-01T00:00:00Z", out);
	if (tm.tm_year + 1900 > 9999)
		return clock_parse("9999-12-31T23:59:59Z", out);
	snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02uZ",
		 (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
		 (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		 (unsigned)tm.tm_sec % 100);
	return clock_parse(text, out);
}

static bool read_times(struct cert *out, const X509 *x509, struct err *err)
{
	if (!read_time(X509_get0_notBefore(x509), &out->not_before))
		return err_set(err, ERR_INVALID, "malformed certificate: notBefore is not a time");
	if (!read_time(X509_get0_notAfter(x509), &out->not_after))
		return err_set(err, ERR_INVALID, "malformed certificate: notAfter is not a time");
	return true;
}

static void read_subject(struct cert *out, const X509 *x509)
{
	const X509_NAME *subject = X509_get_subject_name(x509);
	int i = -1, last = -1;

	out->subject = read_name(subject);
	out->issuer = read_name(X509_get_issuer_name(x509));
	while ((i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0)
		last = i;
	if (last >= 0)
		out->common_name =
			read_string(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
}

static void read_serial(struct cert *out, const X509 *x509)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
	const uint8_t *digits = ASN1_STRING_get0_data(serial);
	size_t len = (size_t)ASN1_STRING_length(serial);
	char *hex;

	/* OpenSSL keeps sign and magnitude apart, without leading zeros. */
	hex = len > 0 ? read_hex(digits, len < CERT_TEXT_MAX / 2 ? len : CERT_TEXT_MAX / 2 - 1)
		      : str_dup("00");
	if (ASN1_STRING_type(serial) & V_ASN1_NEG) {
		out->serial = str_printf("-%s", hex);
		mem_free(hex);
	} else {
		out->serial = hex;
	}
}

static void read_key(struct cert *out, const X509 *x509)
{
	X509_PUBKEY *holder = X509_get_X509_PUBKEY(x509);
	EVP_PKEY *key = X509_get0_pubkey(x509);
	ASN1_OBJECT *algorithm;
	char curve[CURVE_MAX];
	uint8_t *spki = NULL;
	int len;

	X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, holder);
	out->key_type = algorithm_text(algorithm);
	len = i2d_X509_PUBKEY(holder, &spki);
	if (len > 0)
		digest_sha256_hex(spki, (size_t)len, out->spki_sha256);
	OPENSSL_free(spki);
	/* NULL for what the library does not know, or cannot parse: then no bits are known. */
	if (!key)
		return;
	out->key_bits = EVP_PKEY_get_bits(key);
	/* Not for RSA and Edwards keys; nor for a curve given by its parameters. */
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	    EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1)
		out->key_curve = spelled(curve);
}

static void read_signature(struct cert *out, X509 *x509)
{
	const X509_ALGOR *algorithm;
	const ASN1_OBJECT *object;

	X509_get0_signature(NULL, &algorithm, x509);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	out->signature = algorithm_text(object);
	out->self_signed = X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) ==
				   0 &&
			   X509_get0_pubkey(x509) && X509_verify(x509, X509_get0_pubkey(x509)) == 1;
}

bool read_der(struct cert *out, const uint8_t *der, size_t len, struct err *err)
{
	const uint8_t *end = der;
	X509 *x509;
	bool ok;

	cert_init(out);
	library_start();
	ERR_clear_error();
	if (len > READ_CERT_MAX)
		return err_set(err, ERR_INVALID, "malformed certificate: larger than %d bytes",
			       READ_CERT_MAX);
	x509 = d2i_X509(NULL, &end, (long)len);
	if (!x509)
		return err_set(err, ERR_INVALID, "malformed certificate: %s",
			       library_reason("not DER"));
	ok = end == der + len ||
	     err_set(err, ERR_INVALID, "malformed certificate: bytes behind its end");
	ok = ok && read_times(out, x509, err);
	if (ok) {
		digest_sha256_hex(der, len, out->sha256);
		read_subject(out, x509);
		read_serial(out, x509);
		read_key(out, x509);
		read_signature(out, x509);
		read_extensions(out, x509);
	}
	X509_free(x509);
	ERR_clear_error();
	return ok;
}
