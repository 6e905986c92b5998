/*
 * Trust: is there a path from the leaf through what was sent to an anchor, at an instant? Path
 * search with a budget, so that a hostile chain can neither hide a path nor hang. Returns the
 * path that lasts longest among those valid at the instant. No revocation here.
 */
#ifndef LIB_TLS_CHAIN_H
#define LIB_TLS_CHAIN_H

#include "lib/base/err.h"

struct anchors;
/* From PEM content of a roots file (bytes read by the caller before any sandbox). */
struct anchors *anchors_new(const void *pem, size_t len, struct err *err);
void anchors_free(struct anchors *anchors);
size_t anchors_count(const struct anchors *anchors);
/* A hash over the anchors: the trust generation (16 hex). */
const char *anchors_generation(const struct anchors *anchors);

enum chain_verdict {
	CHAIN_TRUSTED,	      /* a path exists, valid at the instant */
	CHAIN_TIME,	      /* a path exists but for validity times (of any member) */
	CHAIN_SELF_SIGNED,    /* the leaf is self-signed and is no anchor */
	CHAIN_UNKNOWN_ROOT,   /* sent chain ends in a self-signed certificate that is no anchor */
	CHAIN_ISSUER_MISSING, /* ... below an issuer that was neither sent nor is an anchor */
	CHAIN_BAD_SIGNATURE,  /* issuer found by name, signature does not verify */
	CHAIN_INVALID,	      /* constraints, usage, algorithm... see detail */
	CHAIN_BUDGET,	      /* search budget used up */
};
const char *chain_verdict_text(enum chain_verdict verdict);

struct chain_result {
	enum chain_verdict verdict;
	char detail[256];
	size_t path_len;	  /* of the path found (TRUSTED, TIME) */
	char path_sha256[16][65]; /* leaf first, anchor last */
	int64_t path_until;	  /* wall ms: earliest notAfter of that path, anchor included;
				   * INT64_MIN when no path */
	int path_earliest;	  /* index in path_sha256 of the one that ends first */
};
/* ders[0] is the leaf; others as sent. purpose: TLS server authentication. */
void chain_verify(const struct anchors *anchors, const uint8_t *const *ders, const size_t *lens,
		  size_t count, int64_t at_wall_ms, struct chain_result *out);

#endif
