/*
 * What may stand for a host: a name of letters, digits, hyphens and underscores, or an address.
 * One spelling comes out for all that mean the same: lower case, no trailing dot, addresses as the
 * C library writes them. Never asks DNS. A text that some programs would take for an address in an
 * old notation (0x7f.1, 1.2.3) is refused rather than looked up.
 */
#include "lib/model/target.h"

#include "lib/base/str.h"
#include "lib/model/quote.h"
#include <arpa/inet.h>

#define LABEL_MAX 63
#define NAME_MAX_LEN 253

static bool is_digits(const char *s, size_t len)
{
	return len > 0 && strspn(s, "0123456789") >= len;
}

/* "7", "0x7f", "0x": what inet_aton and browsers read as a number. */
static bool label_is_number(const char *s, size_t len)
{
	if (is_digits(s, len))
		return true;
	return len >= 2 && s[0] == '0' && s[1] == 'x' &&
	       strspn(s + 2, "0123456789abcdef") >= len - 2;
}

static bool check_v6(const char *host, char *out, struct err *err)
{
	struct in6_addr address;
	char quoted[QUOTE_MAX];

	if (strchr(host, '%'))
		return err_set(err, ERR_INVALID,
			       "%s: an address with a zone index means something on one machine "
			       "only, and cannot be a target",
			       quote(host, quoted));
	if (inet_pton(AF_INET6, host, &address) != 1)
		return err_set(err, ERR_INVALID, "%s is not an IPv6 address", quote(host, quoted));
	if (!inet_ntop(AF_INET6, &address, out, TARGET_TEXT_MAX))
		bug("inet_ntop");
	return true;
}

static bool check_label(const char *host, const char *label, size_t len, struct err *err)
{
	char quoted[QUOTE_MAX];

	if (len == 0)
		return err_set(err, ERR_INVALID, "%s has an empty label between dots",
			       quote(host, quoted));
	if (len > LABEL_MAX)
		return err_set(err, ERR_INVALID, "%s has a label of more than %d characters",
			       quote(host, quoted), LABEL_MAX);
	if (label[0] == '-' || label[len - 1] == '-')
		return err_set(err, ERR_INVALID, "%s has a label that begins or ends with a hyphen",
			       quote(host, quoted));
	return true;
}

static bool check_bytes(const char *host, struct err *err)
{
	char quoted[QUOTE_MAX];

	for (const char *p = host; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x80)
			return err_set(err, ERR_INVALID,
				       "%s is not ASCII: write its A-label form (xn--...)",
				       quote(host, quoted));
		if (c <= ' ' || c == 0x7f)
			return err_set(err, ERR_INVALID, "%s holds a blank or control character",
				       quote(host, quoted));
		if (c == '*')
			return err_set(err, ERR_INVALID,
				       "%s: a wildcard is no host that could be asked; name one "
				       "that it covers, such as www%s",
				       quote(host, quoted),
				       host[0] == '*' && host[1] == '.' ? host + 1
									: ".example.com");
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", c))
			return err_set(err, ERR_INVALID, "%s holds '%c', which no host name may",
				       quote(host, quoted), c);
	}
	return true;
}

/* The last label decides, as it does for browsers: a name that ends in a number is an address. */
static bool check_name(const char *name, struct err *err)
{
	struct in_addr address;
	const char *label = name;
	char quoted[QUOTE_MAX];

	for (;;) {
		size_t len = strcspn(label, ".");

		if (!check_label(name, label, len, err))
			return false;
		if (label[len] == 0) {
			if (label_is_number(label, len) && inet_pton(AF_INET, name, &address) != 1)
				return err_set(err, ERR_INVALID,
					       "%s is neither a name nor an IPv4 address of four "
					       "numbers",
					       quote(name, quoted));
			return true;
		}
		label += len + 1;
	}
}

bool host_check(const char *host, char *out, struct err *err)
{
	size_t len = strlen(host);
	char quoted[QUOTE_MAX];

	if (len == 0)
		return err_set(err, ERR_INVALID, "there is no host");
	if (strchr(host, ':'))
		return check_v6(host, out, err);
	if (!check_bytes(host, err))
		return false;
	if (len > 1 && host[len - 1] == '.')
		len--;
	if (len > NAME_MAX_LEN)
		return err_set(err, ERR_INVALID, "%s is longer than the %d characters of a name",
			       quote(host, quoted), NAME_MAX_LEN);
	memcpy(out, host, len);
	out[len] = 0;
	str_lower(out);
	return check_name(out, err);
}
