/*
 * Takes the Certificate message of TLS 1.2 (RFC 5246 7.4.2) and TLS 1.3 (RFC 8446 4.4.2) apart.
 * Called by the session's message callback, before OpenSSL has judged the message: each length is
 * a stranger's.
 */
#include "lib/tls/session_chain.h"

#include "lib/base/mem.h"

struct bytes {
	const uint8_t *data;
	size_t len;
};

/* A vector behind a length of `width` bytes; false, and nothing taken, when it is not all there. */
static bool take_vector(struct bytes *from, size_t width, struct bytes *out)
{
	size_t len = 0;

	if (from->len < width)
		return false;
	for (size_t i = 0; i < width; i++)
		len = len << 8 | from->data[i];
	if (from->len - width < len)
		return false;
	*out = (struct bytes){.data = from->data + width, .len = len};
	from->data += width + len;
	from->len -= width + len;
	return true;
}

void session_chain_read(struct session_chain *chain, const uint8_t *body, size_t len, bool tls13)
{
	struct bytes message = {.data = body, .len = len}, list, cert, rest;

	if (tls13 && !take_vector(&message, 1, &rest))
		return;
	if (!take_vector(&message, 3, &list))
		return;
	while (take_vector(&list, 3, &cert)) {
		if (chain->len == SESSION_CHAIN_MAX ||
		    cert.len > SESSION_CHAIN_BYTES_MAX - chain->bytes) {
			chain->too_large = true;
			return;
		}
		chain->certs[chain->len].der = mem_dup(cert.data, cert.len);
		chain->certs[chain->len].len = cert.len;
		chain->len++;
		chain->bytes += cert.len;
		if (tls13 && !take_vector(&list, 2, &rest))
			return;
	}
}

void session_chain_finish(struct session_chain *chain)
{
	for (size_t i = 0; i < chain->len; i++)
		mem_free(chain->certs[i].der);
	memset(chain, 0, sizeof(*chain));
}
