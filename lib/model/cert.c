/*
 * The certificate record: copy, release, and the contract's "certificate" object in both
 * directions. What lib/tls read from a DER comes here as values; nothing here knows ASN.1, and what
 * comes back from JSON is believed no more than if a stranger had written it.
 */
#include "lib/model/cert.h"

#include "lib/base/mem.h"
#include "lib/model/codec.h"

#define CERT_WORD_MAX 255    /* key type, curve, signature: a name or a dotted OID */
#define CERT_SERIAL_MAX 4096 /* hexadecimal digits */
#define CERT_KEY_BITS_MAX 1048576
#define CERT_COUNT_MAX 1000000 /* of names or SCTs: more than fit into any DER we read */

void cert_init(struct cert *cert)
{
	memset(cert, 0, sizeof(*cert));
}

static void strs_finish(char **strs, size_t len)
{
	for (size_t i = 0; i < len; i++)
		mem_free(strs[i]);
	mem_free(strs);
}

static char **strs_copy(char *const *strs, size_t len)
{
	char **copy;

	if (len == 0)
		return NULL;
	copy = MEM_NEW_ARRAY(len, char *);
	for (size_t i = 0; i < len; i++)
		copy[i] = str_dup(strs[i]);
	return copy;
}

void cert_finish(struct cert *cert)
{
	if (!cert)
		return;
	mem_free(cert->subject);
	mem_free(cert->common_name);
	strs_finish(cert->names, cert->names_len);
	strs_finish(cert->emails, cert->emails_len);
	mem_free(cert->issuer);
	mem_free(cert->serial);
	mem_free(cert->key_type);
	mem_free(cert->key_curve);
	mem_free(cert->signature);
	mem_free(cert->ocsp_url);
	mem_free(cert->crl_url);
	mem_free(cert->issuer_url);
	mem_free(cert->subject_key_id);
	mem_free(cert->authority_key_id);
	cert_init(cert);
}

void cert_copy(struct cert *dst, const struct cert *src)
{
	*dst = *src;
	dst->subject = str_dup(src->subject);
	dst->common_name = str_dup(src->common_name);
	dst->names = strs_copy(src->names, src->names_len);
	dst->emails = strs_copy(src->emails, src->emails_len);
	dst->issuer = str_dup(src->issuer);
	dst->serial = str_dup(src->serial);
	dst->key_type = str_dup(src->key_type);
	dst->key_curve = str_dup(src->key_curve);
	dst->signature = str_dup(src->signature);
	dst->ocsp_url = str_dup(src->ocsp_url);
	dst->crl_url = str_dup(src->crl_url);
	dst->issuer_url = str_dup(src->issuer_url);
	dst->subject_key_id = str_dup(src->subject_key_id);
	dst->authority_key_id = str_dup(src->authority_key_id);
}

static json_t *strs_to_json(char *const *strs, size_t len)
{
	json_t *array = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(array, json_text(strs[i]));
	return array;
}

static json_t *key_to_json(const struct cert *cert)
{
	json_t *key = json_object();

	json_put_str(key, "type", cert->key_type);
	json_put(key, "bits", cert->key_bits > 0 ? json_integer(cert->key_bits) : NULL);
	json_put_str(key, "curve", cert->key_curve);
	return key;
}

json_t *cert_to_json(const struct cert *cert)
{
	json_t *json = json_object();

	json_put_str(json, "sha256", cert->sha256);
	json_put_str(json, "subject", cert->subject);
	json_put_str(json, "common_name", cert->common_name);
	json_put(json, "names", strs_to_json(cert->names, cert->names_len));
	json_put_int(json, "names_total", (int64_t)cert->names_total);
	json_put(json, "emails", strs_to_json(cert->emails, cert->emails_len));
	json_put_str(json, "issuer", cert->issuer);
	json_put_str(json, "serial", cert->serial);
	json_put_time(json, "not_before", cert->not_before);
	json_put_time(json, "not_after", cert->not_after);
	json_put(json, "key", key_to_json(cert));
	json_put_str(json, "signature", cert->signature);
	json_put_str(json, "spki_sha256", cert->spki_sha256[0] ? cert->spki_sha256 : NULL);
	json_put_bool(json, "self_signed", cert->self_signed);
	json_put_bool(json, "is_ca", cert->is_ca);
	json_put_str(json, "ocsp_url", cert->ocsp_url);
	json_put_str(json, "crl_url", cert->crl_url);
	json_put_str(json, "issuer_url", cert->issuer_url);
	json_put_int(json, "scts", cert->scts);
	json_put_bool(json, "must_staple", cert->must_staple);
	json_put_str(json, "subject_key_id", cert->subject_key_id);
	json_put_str(json, "authority_key_id", cert->authority_key_id);
	return json;
}

/* ---- read --------------------------------------------------------------------------------- */

/* Texts that are never NULL in a certificate that was read. */
static bool text_from_json(const json_t *json, const char *key, size_t max, char **out,
			   struct err *err)
{
	if (!codec_str(json, key, max, out, err))
		return false;
	if (!*out)
		*out = str_dup("");
	return true;
}

static bool hex_from_json(const json_t *json, const char *key, size_t max, char **out,
			  struct err *err)
{
	const char *digits;

	if (!codec_str(json, key, max, out, err))
		return false;
	if (!*out)
		return true;
	digits = *out + (**out == '-');
	return digits[strspn(digits, "0123456789abcdef")] == '\0' ||
	       codec_refuse(err, key, "not hexadecimal");
}

static bool id_from_json(struct cert *out, const json_t *json, struct err *err)
{
	if (!codec_hex(json, "sha256", 64, out->sha256, err) ||
	    !codec_hex(json, "spki_sha256", 64, out->spki_sha256, err) ||
	    !hex_from_json(json, "serial", CERT_SERIAL_MAX, &out->serial, err) ||
	    !hex_from_json(json, "subject_key_id", CERT_TEXT_MAX, &out->subject_key_id, err) ||
	    !hex_from_json(json, "authority_key_id", CERT_TEXT_MAX, &out->authority_key_id, err))
		return false;
	if (!out->sha256[0])
		return codec_refuse(err, "sha256", "missing");
	if (!out->serial)
		out->serial = str_dup("");
	return true;
}

static bool names_from_json(struct cert *out, const json_t *json, struct err *err)
{
	int64_t total = 0;

	if (!text_from_json(json, "subject", CERT_TEXT_MAX, &out->subject, err) ||
	    !text_from_json(json, "issuer", CERT_TEXT_MAX, &out->issuer, err) ||
	    !codec_str(json, "common_name", CERT_TEXT_MAX, &out->common_name, err) ||
	    !codec_strs(json, "names", CERT_NAMES_MAX, CERT_TEXT_MAX, &out->names, &out->names_len,
			err) ||
	    !codec_strs(json, "emails", CERT_NAMES_MAX, CERT_TEXT_MAX, &out->emails,
			&out->emails_len, err) ||
	    !codec_int(json, "names_total", 0, CERT_COUNT_MAX, &total, err))
		return false;
	out->names_total = (size_t)total > out->names_len ? (size_t)total : out->names_len;
	return true;
}

static bool times_from_json(struct cert *out, const json_t *json, struct err *err)
{
	if (codec_none(json, "not_before"))
		return codec_refuse(err, "not_before", "missing");
	if (codec_none(json, "not_after"))
		return codec_refuse(err, "not_after", "missing");
	return codec_time(json, "not_before", &out->not_before, err) &&
	       codec_time(json, "not_after", &out->not_after, err);
}

static bool key_from_json(struct cert *out, const json_t *json, struct err *err)
{
	json_t *key;

	if (!codec_object(json, "key", 64, &key, err))
		return false;
	return !key || (codec_str(key, "type", CERT_WORD_MAX, &out->key_type, err) &&
			codec_int32(key, "bits", 0, CERT_KEY_BITS_MAX, &out->key_bits, err) &&
			codec_str(key, "curve", CERT_WORD_MAX, &out->key_curve, err));
}

bool cert_from_json(struct cert *out, const json_t *json, struct err *err)
{
	cert_init(out);
	if (codec_is_object(json, "certificate", err) && id_from_json(out, json, err) &&
	    names_from_json(out, json, err) && times_from_json(out, json, err) &&
	    key_from_json(out, json, err) &&
	    codec_str(json, "signature", CERT_WORD_MAX, &out->signature, err) &&
	    codec_bool(json, "self_signed", &out->self_signed, err) &&
	    codec_bool(json, "is_ca", &out->is_ca, err) &&
	    codec_str(json, "ocsp_url", CERT_TEXT_MAX, &out->ocsp_url, err) &&
	    codec_str(json, "crl_url", CERT_TEXT_MAX, &out->crl_url, err) &&
	    codec_str(json, "issuer_url", CERT_TEXT_MAX, &out->issuer_url, err) &&
	    codec_int32(json, "scts", 0, CERT_COUNT_MAX, &out->scts, err) &&
	    codec_bool(json, "must_staple", &out->must_staple, err))
		return true;
	cert_finish(out);
	return false;
}
