/*
 * Starts OpenSSL and reads its error queue. The queue is the thread's, not the session's: whoever
 * calls into OpenSSL clears it before and takes it after, so that no session sees another's.
 */
#include "lib/tls/library.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

void library_start(void)
{
	static bool started;

	if (started)
		return;
	started = true;
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS |
				 OPENSSL_INIT_LOAD_CRYPTO_STRINGS,
			 NULL);
}

const char *library_reason(const char *fallback)
{
	unsigned long error = ERR_peek_error();
	const char *reason = NULL;

	if (error != 0 && !ERR_SYSTEM_ERROR(error))
		reason = ERR_reason_error_string(error);
	ERR_clear_error();
	return reason ? reason : fallback;
}

int library_reason_code(int lib)
{
	unsigned long error = ERR_peek_error();

	return ERR_GET_LIB(error) == lib ? ERR_GET_REASON(error) : 0;
}
