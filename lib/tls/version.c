/*
 * Run-time version of OpenSSL, for --version.
 */
#include "lib/tls/session.h"

#include <openssl/crypto.h>

void session_versions(FILE *out)
{
	fprintf(out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
}
