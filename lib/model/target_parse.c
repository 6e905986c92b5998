/*
 * TARGET as a person writes it, taken apart. Each refusal says what is wrong with the text and,
 * where one is near, what to write instead. A text that may hold a password is never quoted.
 * Touches no file and asks no DNS: that a target can be written does not say that it exists.
 */
#include "lib/model/target.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/quote.h"
#include <strings.h>

#define INPUT_MAX (4 * TARGET_TEXT_MAX)
#define ZONE_MAX 64

/* Protocols that the outside world is promised; those that this version speaks have a value. */
static const char *const protocols[] = {
	"tls",	 "https", "file",	 "smtp",  "smtps", "submission", "lmtp",  "imap",
	"imaps", "pop3",  "pop3s",	 "ftp",	  "ftps",  "ldap",	 "ldaps", "postgres",
	"mysql", "xmpp",  "xmpp-server", "sieve", "nntp",  "irc",	 "rdp",	  "mssql",
};

static const char *next_protocol(const void *arg UNUSED, size_t i)
{
	return i < ARRAY_LEN(protocols) ? protocols[i] : NULL;
}

static bool set_protocol(struct target *out, const char *word, struct err *err)
{
	const char *nearest;
	char quoted[QUOTE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		if (!str_eq(word, protocols[i]))
			continue;
		if (i > PROTOCOL_FILE)
			return err_set(err, ERR_INVALID,
				       "protocol %s is not supported by this version", word);
		out->protocol = (enum protocol)i;
		return true;
	}
	nearest = str_nearest(word, next_protocol, NULL);
	return err_set(err, ERR_INVALID, "there is no protocol %s%s%s%s", quote(word, quoted),
		       nearest ? "; did you mean " : "", nearest ? nearest : "",
		       nearest ? "?" : "");
}

/* ---- files -------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %XX in place; a per cent sign that begins no such pair stands for itself. */
static bool percent_decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
			*to = (char)(hex_digit(s[1]) << 4 | hex_digit(s[2]));
			s += 2;
			if (*to++ == 0)
				return false;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
	return true;
}

/* Folds "//" and "/./". ".." stays: behind a link it does not mean what it seems to. */
static void path_tidy(char *path)
{
	char *to = path;

	for (const char *from = path; *from;) {
		size_t len = strcspn(from + 1, "/");

		if (len == 0 ? from[1] != 0 : len == 1 && from[1] == '.') {
			from += 1 + len;
			continue;
		}
		memmove(to, from, len + 1);
		to += len + 1;
		from += len + 1;
	}
	if (to == path)
		*to++ = '/';
	*to = 0;
}

/* The working directory has no links in it as getcwd gives it, so leading ".." may be undone. */
static char *path_absolute(const char *path, const char *cwd)
{
	size_t len = strlen(cwd);

	for (;;) {
		if (str_starts(path, "./")) {
			path += 2;
		} else if (str_starts(path, "../")) {
			path += 3;
			while (len > 0 && cwd[len - 1] != '/')
				len--;
			while (len > 0 && cwd[len - 1] == '/')
				len--;
		} else {
			return str_printf("%.*s/%s", (int)len, cwd, path);
		}
	}
}

static bool set_path(struct target *out, const char *path, const char *cwd, struct err *err)
{
	if (path[0] == '/')
		out->path = str_dup(path);
	else if (cwd)
		out->path = path_absolute(path, cwd);
	else
		return err_set(err, ERR_INVALID,
			       "a relative path means nothing here; write it from / on");
	path_tidy(out->path);
	if (str_eq(out->path, "/"))
		return err_set(err, ERR_INVALID, "there is no file in the path");
	return true;
}

static bool check_instance(const char *instance, struct err *err)
{
	size_t len = strlen(instance);
	char quoted[QUOTE_MAX];

	if (len > 253 || strspn(instance, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789-_.") != len)
		return err_set(err, ERR_INVALID,
			       "%s is no name of an instance (file://INSTANCE/path; a path of "
			       "this machine has three slashes: file:///path)",
			       quote(instance, quoted));
	return true;
}

/* text: "/path", "./path" or, with url, what stands behind "file:". Both may end in #MEMBER. */
static bool parse_file(struct target *out, char *text, bool url, const char *instance,
		       const char *cwd, struct err *err)
{
	char *member = strchr(text, '#'), *slash;

	out->protocol = PROTOCOL_FILE;
	out->port = 0;
	if (member)
		*member++ = 0;
	if (url && str_starts(text, "//")) {
		slash = strchr(text + 2, '/');
		if (!slash)
			return err_set(err, ERR_INVALID, "there is no path behind file://");
		out->instance = str_dup_n(text + 2, (size_t)(slash - text - 2));
		text = slash;
	}
	if (!out->instance || !*out->instance) {
		mem_free(out->instance);
		out->instance = str_dup(instance ? instance : "");
	}
	if (!check_instance(out->instance, err))
		return false;
	if ((url && !percent_decode(text)) || (member && !percent_decode(member)))
		return err_set(err, ERR_INVALID, "%%00 cannot stand in a path");
	if (member && *member)
		out->member = str_dup(member);
	return set_path(out, text, url ? NULL : cwd, err);
}

/* ---- hosts -------------------------------------------------------------------------------- */

static bool set_zone(struct target *out, char *zone, struct err *err)
{
	size_t len = strlen(zone);
	char quoted[QUOTE_MAX];

	if (strchr(zone, '@'))
		return err_set(err, ERR_INVALID, "the zone comes last: NAME:PORT@ADDRESS#ZONE");
	str_lower(zone);
	if (len == 0 || len > ZONE_MAX ||
	    strspn(zone, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != len)
		return err_set(err, ERR_INVALID, "%s is no name of a zone", quote(zone, quoted));
	mem_free(out->zone);
	out->zone = str_dup(zone);
	return true;
}

/* A path is nothing a certificate depends on; only the bare slash of a copied address is let pass.
 */
static bool drop_path(char *text, bool has_protocol, struct err *err)
{
	char *slash = strpbrk(text, "/?\\");
	char quoted[QUOTE_MAX];

	if (!slash)
		return true;
	if (slash[0] == '/' && slash[1] == 0) {
		*slash = 0;
		return true;
	}
	/* What stands before an @ may be a password. */
	if (strchr(text, '@'))
		return err_set(err, ERR_INVALID, "a target has no path");
	if (slash[0] == '/' && slash[1 + strspn(slash + 1, "0123456789")] == 0)
		return err_set(err, ERR_INVALID,
			       "%s looks like a range of addresses, which is a source (cidr:), "
			       "not a target",
			       quote(text, quoted));
	return err_set(err, ERR_INVALID, "%s: a target has no path: host and port are enough%s",
		       quote(text, quoted),
		       has_protocol ? "" : " (a file is written ./file or /path/file)");
}

static bool set_connect(struct target *out, char *address, struct err *err)
{
	char checked[TARGET_TEXT_MAX];
	size_t len = strlen(address);

	if (address[0] == '[' && address[len - 1] == ']') {
		address[len - 1] = 0;
		address++;
	} else if (strchr(address, ':') && strchr(address, ':') == strrchr(address, ':')) {
		return err_set(err, ERR_INVALID,
			       "the address behind @ takes no port: NAME:PORT@ADDRESS");
	}
	if (!host_check(address, checked, err))
		return err_prefix(err, "behind @");
	out->connect = str_dup(checked);
	return true;
}

static bool set_port(struct target *out, const char *port, struct err *err)
{
	char quoted[QUOTE_MAX];
	uint64_t number;

	if (!str_to_u64(port, 1, 65535, &number))
		return err_set(err, ERR_INVALID, "%s is no port (1 to 65535)", quote(port, quoted));
	out->port = (uint16_t)number;
	return true;
}

/* "HOST", "HOST:PORT", "[V6]", "[V6]:PORT", and V6 alone. *port is NULL when there is none. */
static bool split_port(char *text, char **host, char **port, struct err *err)
{
	char quoted[QUOTE_MAX];
	char *colon = strchr(text, ':'), *end;

	*host = text;
	*port = NULL;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] != 0 && end[1] != ':'))
			return err_set(err, ERR_INVALID, "%s is not of the form [V6]:PORT",
				       quote(text, quoted));
		if (!memchr(text, ':', (size_t)(end - text)))
			return err_set(err, ERR_INVALID,
				       "%s: only IPv6 addresses stand in brackets",
				       quote(text, quoted));
		*host = text + 1;
		*port = end[1] ? end + 2 : NULL;
		*end = 0;
		return true;
	}
	/* More colons than one are an IPv6 address without its brackets; its port is the default.
	 */
	if (colon && colon == strrchr(text, ':')) {
		*port = colon + 1;
		*colon = 0;
	}
	return true;
}

/* "user:password@host" is a common paste: told apart by what should be the port. */
static bool split_connect(char *text, char **address, struct err *err)
{
	char *at = strchr(text, '@'), *colon;

	*address = NULL;
	if (!at)
		return true;
	*at = 0;
	colon = strrchr(text, ':');
	if (strchr(at + 1, '@') || !colon || colon[1] == 0 ||
	    colon[1 + strspn(colon + 1, "0123456789")] != 0)
		return err_set(err, ERR_INVALID,
			       "a target has no user or password; a name at a given address is "
			       "written NAME:PORT@ADDRESS");
	*address = at + 1;
	return true;
}

static bool parse_host(struct target *out, char *text, bool has_protocol, struct err *err)
{
	char checked[TARGET_TEXT_MAX];
	char *zone = strchr(text, '#'), *address, *host, *port;

	if (zone) {
		*zone++ = 0;
		if (!set_zone(out, zone, err))
			return false;
	}
	if (!drop_path(text, has_protocol, err) || !split_connect(text, &address, err) ||
	    (address && !set_connect(out, address, err)) || !split_port(text, &host, &port, err) ||
	    !host_check(host, checked, err))
		return false;
	out->host = str_dup(checked);
	return !port || set_port(out, port, err);
}

static bool parse(struct target *out, char *text, const char *instance, const char *cwd,
		  struct err *err)
{
	char *scheme_end = strstr(text, "://");

	if (str_starts(text, "/") || str_starts(text, "./") || str_starts(text, "../"))
		return parse_file(out, text, false, instance, cwd, err);
	if (!scheme_end && strncasecmp(text, "file:/", 6) == 0)
		return parse_file(out, text + 5, true, instance, cwd, err);
	/* "a/b://c" has no protocol, it has a path. */
	if (scheme_end && strcspn(text, "/@#") > (size_t)(scheme_end - text)) {
		*scheme_end = 0;
		str_lower(text);
		if (!set_protocol(out, text, err))
			return false;
		if (out->protocol == PROTOCOL_FILE)
			/* scheme_end + 1 is the "//" that the NUL above left standing. */
			return parse_file(out, scheme_end + 1, true, instance, cwd, err);
		return parse_host(out, scheme_end + 3, true, err);
	}
	return parse_host(out, text, false, err);
}

bool target_parse(struct target *out, const char *text, const char *instance, const char *cwd,
		  struct err *err)
{
	char quoted[QUOTE_MAX];
	char *copy;
	bool ok;

	if (!*text)
		return err_set(err, ERR_INVALID, "a target cannot be empty");
	if (strnlen(text, INPUT_MAX + 1) > INPUT_MAX)
		return err_set(err, ERR_INVALID, "%s is too long for a target",
			       quote(text, quoted));
	target_init(out);
	copy = str_dup(text);
	ok = parse(out, copy, instance, cwd, err) && target_canonical(out, err);
	mem_free(copy);
	if (!ok)
		target_finish(out);
	return ok;
}
