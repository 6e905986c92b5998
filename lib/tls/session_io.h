/*
 * A session's bytes to and from its descriptor, beneath OpenSSL. Remembers what OpenSSL's own
 * socket BIO forgets: errno, end of file, and the peer's first bytes. Inside this folder only.
 */
#ifndef LIB_TLS_SESSION_IO_H
#define LIB_TLS_SESSION_IO_H

#include "lib/base/sys.h"
#include <openssl/bio.h>

#define SESSION_FIRST_MAX 40 /* each may become an escape of four in the sentence */

struct session_io {
	int fd;	   /* the caller's; never closed here */
	int error; /* errno of the first failure, or 0 */
	bool eof;
	int turn; /* reads left before the loop gets its turn */
	size_t received;
	uint8_t first[SESSION_FIRST_MAX];
	size_t first_len;
};

/* NULL when out of memory. */
BIO_METHOD *session_io_method(void);
/* A new BIO over io, which must outlive it. */
BIO *session_io_bio(BIO_METHOD *method, struct session_io *io);

/* The first bytes that came cannot begin a TLS record. */
bool session_io_not_tls(const struct session_io *io);
/* What they say instead, as a sentence. */
void session_io_sentence(const struct session_io *io, char *out, size_t out_len);

#endif
