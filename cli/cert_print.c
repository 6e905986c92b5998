/*
 * A certificate's facts, a line each. All of them may be a stranger's words.
 */
#include "cli/cert_print.h"

#include "cli/asking.h"

static const struct fact facts[] = {
	{"subject", "subject"},
	{"names", "names"},
	{"emails", "e-mail"},
	{"issuer", "issuer"},
	{"serial", "serial"},
	{"not_before", "not before"},
	{"not_after", "not after"},
	{"key.type", "key"},
	{"key.bits", "key bits"},
	{"key.curve", "key curve"},
	{"signature", "signature"},
	{"is_ca", "authority"},
	{"self_signed", "self-signed"},
	{"sha256", "SHA-256"},
	{"spki_sha256", "key SHA-256"},
	{"ocsp_url", "OCSP"},
	{"crl_url", "CRL"},
	{"issuer_url", "issuer at"},
	{"scts", "SCTs"},
	{"must_staple", "must staple"},
	{"error", "error"},
	{NULL, NULL},
};

void cert_print(const json_t *certificate, int indent)
{
	facts_print(certificate, facts, indent);
}
