/*
 * The roots: a sorted index by subject over their DER. Loaded once per prober before its sandbox
 * closes, and again for each reload; looked up for each chain. OpenSSL parses an anchor only when
 * a chain first asks for it, since a system's 140 roots would cost 40 ms at each start and a
 * prober meets a tenth of them.
 */
#include "lib/tls/chain_parts.h"

#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/tls/der.h"
#include "lib/tls/library.h"
#include "lib/tls/read.h"
#include <openssl/err.h>

#define GENERATION_DIGITS 16

struct anchors {
	struct anchor *list; /* by subject, then digest */
	size_t len;
	size_t room;
	char generation[GENERATION_DIGITS + 1];
	X509_STORE *store;
	struct err *err; /* while loading */
};

unsigned long chain_name_hash(const X509_NAME *name)
{
	return X509_NAME_hash_ex(name, NULL, NULL, NULL);
}

static bool add_anchor(struct anchors *anchors, const uint8_t *der, size_t len)
{
	struct der subject;
	struct anchor *anchor;
	X509_NAME *name;

	if (!der_cert_subject(der, len, &subject))
		return false;
	name = d2i_X509_NAME(NULL, &subject.data, (long)subject.len);
	if (!name)
		return false;
	if (anchors->len == anchors->room) {
		anchors->room = anchors->room ? 2 * anchors->room : 64;
		anchors->list = mem_resize(anchors->list, anchors->room, sizeof(*anchors->list));
	}
	anchor = &anchors->list[anchors->len++];
	*anchor = (struct anchor){.der = mem_dup(der, len), .len = len};
	anchor->subject = chain_name_hash(name);
	digest_sha256_hex(der, len, anchor->sha256);
	X509_NAME_free(name);
	return true;
}

static bool on_cert(void *arg, const uint8_t *der, size_t len)
{
	struct anchors *anchors = arg;

	return add_anchor(anchors, der, len) ||
	       err_set(anchors->err, ERR_INVALID, "malformed certificate");
}

static int compare(const void *a, const void *b)
{
	const struct anchor *left = a, *right = b;

	if (left->subject != right->subject)
		return left->subject < right->subject ? -1 : 1;
	return strcmp(left->sha256, right->sha256);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_repeated(struct anchors *anchors)
{
	size_t kept = 0;

	for (size_t i = 0; i < anchors->len; i++) {
		if (kept > 0 && compare(&anchors->list[kept - 1], &anchors->list[i]) == 0)
			mem_free(anchors->list[i].der);
		else
			anchors->list[kept++] = anchors->list[i];
	}
	anchors->len = kept;
}

/* The same for the same set, whatever the order in the file. */
static void set_generation(struct anchors *anchors)
{
	const char **digests = MEM_NEW_ARRAY(anchors->len, const char *);
	char hex[SHA256_HEX_LEN + 1];
	struct buf all;

	for (size_t i = 0; i < anchors->len; i++)
		digests[i] = anchors->list[i].sha256;
	qsort(digests, anchors->len, sizeof(*digests), compare_text);
	buf_init(&all, anchors->len * SHA256_HEX_LEN + 1);
	for (size_t i = 0; i < anchors->len; i++)
		buf_add_str(&all, digests[i]);
	digest_sha256_hex(buf_text(&all), all.len, hex);
	memcpy(anchors->generation, hex, GENERATION_DIGITS);
	buf_finish(&all);
	mem_free(digests);
}

struct anchors *anchors_new(const void *pem, size_t len, struct err *err)
{
	struct anchors *anchors = MEM_NEW(struct anchors);
	struct err bad = {.class = ERR_NONE};
	size_t count;

	library_start();
	ERR_clear_error();
	anchors->err = &bad;
	if (!read_file_certs(pem, len, on_cert, anchors, &count, err))
		goto failed;
	if (bad.class != ERR_NONE) {
		err_set(err, bad.class, "certificate %zu: %s", count, bad.text);
		goto failed;
	}
	anchors->store = path_store_new();
	qsort(anchors->list, anchors->len, sizeof(*anchors->list), compare);
	drop_repeated(anchors);
	set_generation(anchors);
	ERR_clear_error();
	return anchors;
failed:
	anchors_free(anchors);
	ERR_clear_error();
	return NULL;
}

void anchors_free(struct anchors *anchors)
{
	if (!anchors)
		return;
	for (size_t i = 0; i < anchors->len; i++) {
		mem_free(anchors->list[i].der);
		X509_free(anchors->list[i].x509);
	}
	mem_free(anchors->list);
	X509_STORE_free(anchors->store);
	mem_free(anchors);
}

size_t anchors_count(const struct anchors *anchors)
{
	return anchors->len;
}

const char *anchors_generation(const struct anchors *anchors)
{
	return anchors->generation;
}

struct anchor *anchors_find(const struct anchors *anchors, unsigned long subject, size_t *count)
{
	size_t low = 0, high = anchors->len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (anchors->list[middle].subject < subject)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < anchors->len && anchors->list[low + *count].subject == subject)
		++*count;
	return *count > 0 ? &anchors->list[low] : NULL;
}

X509 *anchor_x509(struct anchor *anchor)
{
	const uint8_t *at = anchor->der;

	if (!anchor->x509)
		anchor->x509 = d2i_X509(NULL, &at, (long)anchor->len);
	return anchor->x509;
}

X509_STORE *anchors_store(const struct anchors *anchors)
{
	return anchors->store;
}
