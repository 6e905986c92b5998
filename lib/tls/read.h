/*
 * DER and PEM bytes into struct cert (lib/model/cert.h): every fact is copied out, bounded and
 * made valid UTF-8; nothing of OpenSSL leaves this folder. Times outside 1..9999 are clamped; a
 * certificate whose times are none is malformed. Never touches a private key.
 */
#ifndef LIB_TLS_READ_H
#define LIB_TLS_READ_H

#include "lib/base/err.h"
#include "lib/model/cert.h"

#define READ_CERT_MAX (64 * 1024)	 /* one certificate's DER */
#define READ_FILE_MAX (16 * 1024 * 1024) /* one file */
#define READ_CERTS_MAX 10000		 /* certificates in one file */

/* One certificate; trailing bytes are an error. out is finished by the caller. */
bool read_der(struct cert *out, const uint8_t *der, size_t len, struct err *err) MUST_CHECK;

/* PEM or DER content of a file: calls each certificate's DER in file order (CERTIFICATE and
 * "TRUSTED CERTIFICATE", "X509 CERTIFICATE" blocks; other blocks - keys, CSRs - are skipped
 * unread). False with err when nothing could be found or a block is broken (line named); what came
 * before has been delivered. */
typedef bool read_cert_fn(void *arg, const uint8_t *der, size_t len); /* false stops */
bool read_file_certs(const void *data, size_t len, read_cert_fn *each, void *arg, size_t *count,
		     struct err *err) MUST_CHECK;

#endif
