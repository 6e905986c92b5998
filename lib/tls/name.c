/*
 * Does a certificate's name stand for this host? RFC 9525 section 6.3 and nothing else: no common
 * name, no wildcard within a label, none that stands for a whole registry. Called by the prober and
 * the rules; knows neither certificates nor OpenSSL.
 */
#include "lib/tls/name.h"

#include <arpa/inet.h>

#define HOST_MAX 253
#define LABEL_MAX 63

struct address {
	int family;
	struct in6_addr bytes;
};

static bool address_parse(const char *text, struct address *out)
{
	memset(out, 0, sizeof(*out));
	out->family = AF_INET;
	if (inet_pton(AF_INET, text, &out->bytes) == 1)
		return true;
	out->family = AF_INET6;
	return inet_pton(AF_INET6, text, &out->bytes) == 1;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The underscore is no host name's, but is found in both. */
static bool is_label_char(char c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* len bytes of dotted labels, none empty. */
static bool is_dns_name(const char *name, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > HOST_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.' ? label == 0 : !is_label_char(name[i]))
			return false;
		label = name[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

static bool equal(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

static bool dns_matches(const char *host, size_t host_len, const char *pattern)
{
	size_t pattern_len = strlen(pattern);
	const char *dot;

	if (pattern_len >= 2 && pattern[0] == '*' && pattern[1] == '.') {
		dot = memchr(host, '.', host_len);
		/* What is left of the pattern must be two labels: "*.com" is nobody's to hold. */
		if (!dot || !strchr(pattern + 2, '.'))
			return false;
		host_len -= (size_t)(dot - host);
		host = dot;
		pattern++;
		pattern_len--;
		if (!is_dns_name(pattern + 1, pattern_len - 1))
			return false;
	} else if (!is_dns_name(pattern, pattern_len)) {
		return false;
	}
	return host_len == pattern_len && equal(host, pattern, host_len);
}

bool name_matches_pattern(const char *host, const char *pattern)
{
	size_t host_len = strlen(host);
	struct address address, other;

	if (address_parse(host, &address))
		return address_parse(pattern, &other) && address.family == other.family &&
		       memcmp(&address.bytes, &other.bytes, sizeof(address.bytes)) == 0;
	/* The dot of a fully qualified name is the resolver's, not the certificate's. */
	if (host_len > 0 && host[host_len - 1] == '.')
		host_len--;
	return is_dns_name(host, host_len) && dns_matches(host, host_len, pattern);
}

bool name_matches(const char *host, const char *const *names, size_t names_len)
{
	for (size_t i = 0; i < names_len; i++) {
		if (name_matches_pattern(host, names[i]))
			return true;
	}
	return false;
}
