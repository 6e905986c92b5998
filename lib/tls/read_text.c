/*
 * ASN.1 strings, names and numbers as text for people. Called by the certificate reader; gives
 * texts that every later output may escape its own way, but none needs to repair.
 */
#include "lib/tls/read_parts.h"

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>

/* RFC 2253, but for what it does to everything that is not ASCII. */
#define NAME_FLAGS (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

/* Whole characters only: a buf drops what does not fit, and all after it. */
static char *take_utf8(struct buf *raw)
{
	struct buf out;

	buf_init(&out, CERT_TEXT_MAX);
	text_utf8(&out, buf_text(raw), raw->len);
	buf_finish(raw);
	return out.len > 0 ? buf_take(&out) : str_dup("");
}

char *read_bytes(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	struct buf raw;

	buf_init(&raw, 2 * CERT_TEXT_MAX);
	for (size_t i = 0; i < len && !raw.overflow; i++) {
		if (bytes[i] < 0x20 || bytes[i] == 0x7f)
			buf_printf(&raw, "\\%02X", bytes[i]);
		else if (bytes[i] == '\\')
			buf_add_str(&raw, "\\\\");
		else
			buf_add_char(&raw, (char)bytes[i]);
	}
	return take_utf8(&raw);
}

char *read_string(const ASN1_STRING *string)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, string);
	char *text;

	ERR_clear_error();
	/* What cannot be converted is not what its tag says: then its bytes are all there is. */
	if (len < 0)
		return read_bytes(ASN1_STRING_get0_data(string),
				  (size_t)ASN1_STRING_length(string));
	text = read_bytes(utf8, (size_t)len);
	OPENSSL_free(utf8);
	return text;
}

char *read_name(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf raw;
	char *data;
	long len;

	if (!bio)
		bug("no memory BIO");
	/* It fails on strings that are not what their tag says; a parsed name has none. */
	X509_NAME_print_ex(bio, name, 0, NAME_FLAGS);
	ERR_clear_error();
	len = BIO_get_mem_data(bio, &data);
	buf_init(&raw, CERT_TEXT_MAX);
	buf_add(&raw, data, len > CERT_TEXT_MAX ? CERT_TEXT_MAX : (size_t)len);
	BIO_free(bio);
	return take_utf8(&raw);
}

char *read_hex(const uint8_t *data, size_t len)
{
	char *text;

	if (len > CERT_TEXT_MAX / 2)
		len = CERT_TEXT_MAX / 2;
	text = mem_new(2 * len + 1);
	hex_encode(data, len, text);
	return text;
}

char *read_oid(const ASN1_OBJECT *object)
{
	char text[128]; /* longer ones are cut */

	if (OBJ_obj2txt(text, sizeof(text), object, 1) <= 0)
		return str_dup("");
	return str_dup(text);
}
