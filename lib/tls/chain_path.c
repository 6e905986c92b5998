/*
 * One whole path, judged by OpenSSL's verifier, which is told each step so that it has nothing to
 * search. It runs its checks of extensions, purposes, path lengths, algorithms and name
 * constraints; signatures and times are left out here because the search has checked each of them
 * already, once, under its budget.
 */
#include "lib/tls/chain_parts.h"

#include "lib/base/err.h"
#include <openssl/x509v3.h>

/*
 * 80 bits: without SHA-1 and MD5 signatures, which browsers refuse and anybody can forge. A short
 * RSA key is a finding of its own, so that it does not hide what else is wrong.
 */
#define AUTH_LEVEL 1

struct steps {
	X509 *const *path;
	size_t len;
};

/* The issuer of a certificate is the next one of the path, nothing else. */
static int is_next(X509_STORE_CTX *verify, X509 *child, X509 *issuer)
{
	const struct steps *steps = X509_STORE_CTX_get_app_data(verify);

	for (size_t i = 0; i + 1 < steps->len; i++) {
		if (steps->path[i] == child)
			return steps->path[i + 1] == issuer;
	}
	return 0;
}

static int checked_before(X509_STORE_CTX *verify)
{
	(void)verify;
	return 1;
}

X509_STORE *path_store_new(void)
{
	X509_STORE *store = X509_STORE_new();

	if (!store)
		bug("no X509_STORE");
	X509_STORE_set_check_issued(store, is_next);
	X509_STORE_set_verify(store, checked_before);
	return store;
}

/* Borrows its certificates. */
static STACK_OF(X509) * stack_of(X509 *const *certs, size_t len)
{
	STACK_OF(X509) *stack = sk_X509_new_null();

	for (size_t i = 0; i < len; i++) {
		if (!stack || sk_X509_push(stack, certs[i]) == 0)
			bug("no stack");
	}
	return stack;
}

static int verify_path(X509_STORE_CTX *verify, X509_STORE *store, X509 *const *path, size_t len,
		       size_t *at)
{
	STACK_OF(X509) *between = stack_of(path + 1, len > 2 ? len - 2 : 0);
	STACK_OF(X509) *anchor = stack_of(path + len - 1, 1);
	struct steps steps = {.path = path, .len = len};
	X509_VERIFY_PARAM *param;
	int code = X509_V_ERR_OUT_OF_MEM;

	*at = 0;
	if (X509_STORE_CTX_init(verify, store, path[0], between) == 1) {
		X509_STORE_CTX_set_app_data(verify, &steps);
		X509_STORE_CTX_set0_trusted_stack(verify, anchor);
		param = X509_STORE_CTX_get0_param(verify);
		/* Whoever made the list of anchors meant each of them, self-signed or not. */
		X509_VERIFY_PARAM_set_flags(param,
					    X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
		X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
		/* A common name is no name (RFC 9525), so it cannot break a constraint either. */
		X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
		X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
		X509_VERIFY_PARAM_set_depth(param, CHAIN_PATH_MAX);
		X509_verify_cert(verify);
		code = X509_STORE_CTX_get_error(verify);
		if (code != X509_V_OK && X509_STORE_CTX_get_error_depth(verify) < (int)len)
			*at = (size_t)X509_STORE_CTX_get_error_depth(verify);
	}
	X509_STORE_CTX_cleanup(verify);
	sk_X509_free(between);
	sk_X509_free(anchor);
	return code;
}

int path_check(X509_STORE *store, X509 *const *path, size_t len, size_t *at)
{
	X509_STORE_CTX *verify;
	int code;

	/* OpenSSL also takes for a CA what only has the key usage, or is of version 1. */
	for (size_t i = 1; i + 1 < len; i++) {
		*at = i;
		if (X509_check_ca(path[i]) != 1)
			return X509_V_ERR_INVALID_CA;
	}
	verify = X509_STORE_CTX_new();
	if (!verify)
		bug("no X509_STORE_CTX");
	code = verify_path(verify, store, path, len, at);
	X509_STORE_CTX_free(verify);
	return code;
}
