/*
 * What a stranger sends as certificates: read as a file, as one DER, as a Certificate message, and
 * as a chain under its own last certificate; what was read goes to JSON and comes back the same.
 */
#include "lib/base/mem.h"
#include "lib/tls/chain.h"
#include "lib/tls/name.h"
#include "lib/tls/read.h"
#include "lib/tls/session_chain.h"

/* 2026-11-22: the corpus is valid then. */
#define NOW INT64_C(1795305600000)
#define CHAIN_MAX 40

struct chain {
	const uint8_t *ders[CHAIN_MAX];
	size_t lens[CHAIN_MAX];
	size_t len;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct cert *cert)
{
	json_t *json = cert_to_json(cert), *again;
	struct cert back;
	struct err err;

	if (!cert_from_json(&back, json, &err))
		bug("does not come back: %s", err.text);
	again = cert_to_json(&back);
	if (!json_equal(json, again))
		bug("comes back as another");
	json_decref(again);
	json_decref(json);
	cert_finish(&back);
}

static void read_one(const uint8_t *der, size_t len)
{
	struct cert cert;
	struct err err;

	if (read_der(&cert, der, len, &err)) {
		round_trip(&cert);
		name_matches("www.example.com", (const char *const *)cert.names, cert.names_len);
		name_matches("192.0.2.7", (const char *const *)cert.names, cert.names_len);
	}
	cert_finish(&cert);
}

static bool on_cert(void *arg, const uint8_t *der, size_t len)
{
	struct chain *chain = arg;

	read_one(der, len);
	if (chain->len == CHAIN_MAX)
		return false;
	chain->ders[chain->len] = mem_dup(der, len);
	chain->lens[chain->len++] = len;
	return true;
}

static void verify(const struct chain *chain)
{
	struct chain_result result;
	struct anchors *anchors;

	if (chain->len == 0)
		return;
	anchors = anchors_new(chain->ders[chain->len - 1], chain->lens[chain->len - 1], NULL);
	if (!anchors)
		return;
	chain_verify(anchors, chain->ders, chain->lens, chain->len - (chain->len > 1), NOW,
		     &result);
	if ((result.path_len > 0) != (result.path_until != INT64_MIN))
		bug("a path without an end");
	anchors_free(anchors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session_chain sent = {.len = 0};
	struct chain chain = {.len = 0};
	struct err err;
	size_t count;

	if (!read_file_certs(data, size, on_cert, &chain, &count, &err) && chain.len > count)
		bug("more certificates than were counted");
	read_one(data, size);
	verify(&chain);
	session_chain_read(&sent, data, size, false);
	session_chain_finish(&sent);
	session_chain_read(&sent, data, size, true);
	session_chain_finish(&sent);
	for (size_t i = 0; i < chain.len; i++)
		mem_free((void *)(uintptr_t)chain.ders[i]);
	return 0;
}
