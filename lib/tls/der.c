/*
 * Tag, length, content (X.690 8.1), for tags of one byte and lengths of up to four, which is all
 * that a certificate has on its outer levels. Called by the anchors' index, the file reader and
 * the SCT count; whoever needs what is inside asks OpenSSL.
 */
#include "lib/tls/der.h"

/* Content length and size of the header, or false. */
static bool header(const struct der *from, size_t *content_len, size_t *header_len)
{
	size_t len = 0, bytes;

	/* Tags of several bytes begin with 31 in the low bits. */
	if (from->len < 2 || (from->data[0] & 0x1f) == 0x1f)
		return false;
	if (from->data[1] < 0x80) {
		*content_len = from->data[1];
		*header_len = 2;
		return true;
	}
	bytes = from->data[1] & 0x7f;
	if (bytes == 0 || bytes > 4 || from->len - 2 < bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		len = len << 8 | from->data[2 + i];
	*content_len = len;
	*header_len = 2 + bytes;
	return true;
}

bool der_take(struct der *from, uint8_t *tag, struct der *content, struct der *whole)
{
	size_t content_len, header_len;

	if (!header(from, &content_len, &header_len) || from->len - header_len < content_len)
		return false;
	*tag = from->data[0];
	*content = (struct der){.data = from->data + header_len, .len = content_len};
	if (whole)
		*whole = (struct der){.data = from->data, .len = header_len + content_len};
	from->data += header_len + content_len;
	from->len -= header_len + content_len;
	return true;
}

bool der_take_tag(struct der *from, uint8_t tag, struct der *content, struct der *whole)
{
	uint8_t found;

	return from->len > 0 && from->data[0] == tag && der_take(from, &found, content, whole);
}

bool der_cert_subject(const uint8_t *der, size_t len, struct der *subject)
{
	struct der from = {.data = der, .len = len}, cert, body, skipped;
	uint8_t tag;

	if (!der_take_tag(&from, DER_SEQUENCE, &cert, NULL) ||
	    !der_take_tag(&cert, DER_SEQUENCE, &body, NULL))
		return false;
	if (body.len > 0 && body.data[0] == DER_VERSION && !der_take(&body, &tag, &skipped, NULL))
		return false;
	/* serial number, signature algorithm, issuer, validity */
	for (int i = 0; i < 4; i++) {
		if (!der_take(&body, &tag, &skipped, NULL))
			return false;
	}
	return der_take_tag(&body, DER_SEQUENCE, &skipped, subject);
}
