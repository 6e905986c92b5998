/*
 * A host name or address against a certificate's names (RFC 9525): subjectAltName only, a
 * wildcard is the whole left-most label and matches exactly one label, addresses only match
 * iPAddress entries. Pure.
 */
#ifndef LIB_TLS_NAME_H
#define LIB_TLS_NAME_H

#include "lib/base/sys.h"

/* pattern: one dNSName as in the certificate; host: A-labels, no trailing dot needed. */
bool name_matches_pattern(const char *host, const char *pattern);
/* names: dNSName and iPAddress texts as in struct cert. */
bool name_matches(const char *host, const char *const *names, size_t names_len);

#endif
