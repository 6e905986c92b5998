/*
 * Digests by libcrypto, and hexadecimal and base64 by hand. Algorithms are fetched once for the
 * process: a fetch by name is slow and reads OpenSSL's configuration, which a sandboxed role
 * cannot do (digest_prepare before the sandbox).
 */
#include "lib/base/digest.h"
#include "lib/base/err.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#define SHA1_LEN 20
#define UUID_LEN 16
#define UUID_SEPARATOR "\x1f"

/* Ours for ever: another one would rename every id that was given out. */
static const uint8_t uuid_namespace[UUID_LEN] = {0x6e, 0x2f, 0x0b, 0x64, 0x93, 0x1d, 0x4c, 0x57,
						 0xa8, 0x40, 0x5b, 0xd7, 0x1c, 0x9e, 0x32, 0xf5};

static struct {
	EVP_MD *sha1;
	EVP_MD *sha256;
	EVP_MAC *hmac;
} algorithms;

void digest_prepare(void)
{
	if (algorithms.sha256 != NULL)
		return;
	algorithms.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (algorithms.sha1 == NULL || algorithms.hmac == NULL || algorithms.sha256 == NULL)
		bug("libcrypto without SHA-1, SHA-256 or HMAC");
}

void digest_sha256(const void *data, size_t len, uint8_t out[SHA256_LEN])
{
	digest_prepare();
	if (EVP_Digest(data, len, out, NULL, algorithms.sha256, NULL) != 1)
		bug("SHA-256 failed");
}

void digest_sha256_hex(const void *data, size_t len, char out[SHA256_HEX_LEN + 1])
{
	uint8_t digest[SHA256_LEN];

	digest_sha256(data, len, digest);
	hex_encode(digest, sizeof(digest), out);
}

void digest_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
			uint8_t out[SHA256_LEN])
{
	char name[] = OSSL_DIGEST_NAME_SHA2_256;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *mac;
	size_t out_len;

	digest_prepare();
	mac = EVP_MAC_CTX_new(algorithms.hmac);
	/* No key at all means "keep the last one" to OpenSSL; an empty key is not that. */
	if (mac == NULL || EVP_MAC_init(mac, key_len > 0 ? key : "", key_len, params) != 1 ||
	    EVP_MAC_update(mac, data, len) != 1 ||
	    EVP_MAC_final(mac, out, &out_len, SHA256_LEN) != 1 || out_len != SHA256_LEN)
		bug("HMAC-SHA-256 failed");
	EVP_MAC_CTX_free(mac);
}

void digest_uuid5(const char *const *parts, char out[UUID_TEXT_LEN + 1])
{
	uint8_t id[SHA1_LEN];
	char hex[2 * UUID_LEN + 1];
	EVP_MD_CTX *md;
	size_t i;
	bool ok;

	digest_prepare();
	md = EVP_MD_CTX_new();
	ok = md != NULL && EVP_DigestInit_ex2(md, algorithms.sha1, NULL) == 1 &&
	     EVP_DigestUpdate(md, uuid_namespace, sizeof(uuid_namespace)) == 1;
	for (i = 0; ok && parts[i] != NULL; i++) {
		ok = (i == 0 || EVP_DigestUpdate(md, UUID_SEPARATOR, 1) == 1) &&
		     EVP_DigestUpdate(md, parts[i], strlen(parts[i])) == 1;
	}
	if (!ok || EVP_DigestFinal_ex(md, id, NULL) != 1)
		bug("SHA-1 failed");
	EVP_MD_CTX_free(md);
	/* RFC 4122 section 4.3: version 5, and the variant of that RFC. */
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x50);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
	hex_encode(id, UUID_LEN, hex);
	snprintf(out, UUID_TEXT_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		 hex + 16, hex + 20);
}

bool digest_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void digest_short_id(const char *text, char out[SHORT_ID_LEN + 1])
{
	char hex[SHA256_HEX_LEN + 1];

	digest_sha256_hex(text, strlen(text), hex);
	memcpy(out, hex, SHORT_ID_LEN);
	out[SHORT_ID_LEN] = '\0';
}

void hex_encode(const uint8_t *data, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < len; i++) {
		out[2 * i] = digits[data[i] >> 4];
		out[2 * i + 1] = digits[data[i] & 0x0f];
	}
	out[2 * len] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t out_len)
{
	size_t i;

	if (text == NULL || strlen(text) / 2 != out_len || strlen(text) % 2 != 0)
		return false;
	for (i = 0; i < out_len; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void base64_encode(struct buf *out, const void *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t group = (uint32_t)bytes[i] << 16;
		char text[4];

		if (left > 1)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (left > 2)
			group |= bytes[i + 2];
		text[0] = digits[group >> 18];
		text[1] = digits[group >> 12 & 0x3f];
		text[2] = left > 1 ? digits[group >> 6 & 0x3f] : '=';
		text[3] = left > 2 ? digits[group & 0x3f] : '=';
		buf_add(out, text, sizeof(text));
	}
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Four characters to three bytes, of which the last `padding` are none; the bits that belong to
 * nothing must be zero, so that each value has one text. */
static bool base64_group(const char *text, size_t padding, uint8_t out[3])
{
	uint32_t group = 0;
	size_t i;

	for (i = 0; i < 4; i++) {
		int value = i < 4 - padding ? base64_value(text[i]) : 0;

		if (value < 0)
			return false;
		group = group << 6 | (uint32_t)value;
	}
	out[0] = (uint8_t)(group >> 16);
	out[1] = (uint8_t)(group >> 8);
	out[2] = (uint8_t)group;
	return (group & ((UINT32_C(1) << (8 * padding)) - 1)) == 0;
}

bool base64_decode(struct buf *out, const char *text, size_t len)
{
	size_t before = out->len;
	size_t i;

	if (len % 4 != 0)
		return false;
	for (i = 0; i < len; i += 4) {
		size_t padding = 0;
		uint8_t bytes[3];

		if (i + 4 == len && text[len - 1] == '=')
			padding = text[len - 2] == '=' ? 2 : 1;
		if (!base64_group(text + i, padding, bytes) || !buf_add(out, bytes, 3 - padding)) {
			out->len = before;
			if (out->data != NULL)
				out->data[before] = '\0';
			return false;
		}
	}
	return true;
}
