/*
 * The certificates of tests/certs/make.sh for unit tests: made once per test program, in a
 * directory of its own, and read by name.
 */
#ifndef TESTS_UNIT_CERTS_H
#define TESTS_UNIT_CERTS_H

#include "lib/base/buf.h"

/* The directory; made by the first call, removed when the program ends. */
const char *certs_directory(void);
/* "good.chain.pem" into out, which is initialised here and finished by the caller. */
void certs_file(const char *name, struct buf *out);

/* The certificates of one PEM file, as chain_verify wants them. */
struct certs {
	const uint8_t *ders[64];
	size_t lens[64];
	size_t len;
};
void certs_load(struct certs *certs, const char *name);
/* A copy of these bytes behind what is there. */
void certs_add(struct certs *certs, const void *der, size_t len);
void certs_finish(struct certs *certs);

#endif
