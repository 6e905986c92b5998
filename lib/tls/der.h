/*
 * The outermost steps through DER by hand: where an element ends, and where a certificate's subject
 * stands. For what must be known of many certificates before OpenSSL's parser, which takes a
 * fifth of a millisecond each, is worth its price. Pure. Inside this folder only.
 */
#ifndef LIB_TLS_DER_H
#define LIB_TLS_DER_H

#include "lib/base/sys.h"

#define DER_OCTET_STRING 0x04
#define DER_SEQUENCE 0x30
#define DER_VERSION 0xa0 /* [0], constructed: a certificate's version */

struct der {
	const uint8_t *data;
	size_t len;
};

/* Takes the next element: its tag, its content, and (where not NULL) all of it with its header.
 * False, and nothing taken, when there is no whole element of definite length. */
bool der_take(struct der *from, uint8_t *tag, struct der *content, struct der *whole) MUST_CHECK;
/* The same for an element that must have this tag. */
bool der_take_tag(struct der *from, uint8_t tag, struct der *content, struct der *whole) MUST_CHECK;
/* The subject, with its header, of a certificate. */
bool der_cert_subject(const uint8_t *der, size_t len, struct der *subject) MUST_CHECK;

#endif
