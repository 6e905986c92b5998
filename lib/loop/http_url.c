/*
 * URLs as libcurl reads them, so that what is checked or shown is what will be asked. No text
 * made here holds a password or a query value: a webhook's URL is its key.
 */
#include "lib/loop/http_url.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"

#include <curl/curl.h>

#define TEXT_MAX 4096
#define HIDDEN "***"
/* Shorter ones would blot out innocent letters, and are no secrets. */
#define SECRET_MIN 3

/* A part of the URL, to be freed with curl_free; NULL when there is none. */
static char *part(CURLU *url, CURLUPart what, unsigned flags)
{
	char *text = NULL;

	if (curl_url_get(url, what, &text, flags) != CURLUE_OK)
		return NULL;
	return text;
}

static CURLU *parsed(const char *text)
{
	CURLU *url = curl_url();

	if (!url)
		bug("no memory for a URL");
	if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

bool http_url_check(const char *text, struct err *err)
{
	CURLU *url = parsed(text);
	const char *behind = strstr(text, "://");
	char *scheme, *host;
	bool good = true;

	/* The text itself stays out of the sentence: it may hold a secret. */
	if (!url)
		return err_set(err, ERR_INVALID, "this is not a URL");
	scheme = part(url, CURLUPART_SCHEME, 0);
	host = part(url, CURLUPART_HOST, 0);
	if (!str_ieq(scheme, "http") && !str_ieq(scheme, "https"))
		good = err_set(err, ERR_INVALID,
			       "the URL begins with neither http:// nor https://");
	/* libcurl takes a third slash for a slip and the path for a host. */
	else if (!host || !*host || !behind || behind[3] == '/')
		good = err_set(err, ERR_INVALID, "the URL names no host");
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(url);
	return good;
}

/* --- for people -------------------------------------------------------------------------- */

static void add_user(struct buf *out, CURLU *url)
{
	char *user = part(url, CURLUPART_USER, 0);
	char *password = part(url, CURLUPART_PASSWORD, 0);

	/* A user without a password is mostly a token. */
	if (user && password)
		buf_printf(out, "%s:" HIDDEN "@", user);
	else if (user || password)
		buf_add_str(out, HIDDEN "@");
	curl_free(user);
	curl_free(password);
}

static void add_query(struct buf *out, CURLU *url)
{
	char *query = part(url, CURLUPART_QUERY, 0);
	char *next = query;
	char separator = '?';

	while (next) {
		char *pair = strsep(&next, "&");
		char *value = strchr(pair, '=');

		buf_add_char(out, separator);
		separator = '&';
		/* What has no name may be a key as a whole. */
		if (value)
			buf_add(out, pair, (size_t)(value - pair) + 1);
		buf_add_str(out, HIDDEN);
	}
	curl_free(query);
}

static void add_part(struct buf *out, CURLU *url, CURLUPart what, const char *before)
{
	char *text = part(url, what, 0);

	if (text) {
		buf_add_str(out, before);
		buf_add_str(out, text);
	}
	curl_free(text);
}

static void harmless(const struct buf *text, char *out, size_t out_len)
{
	struct buf escaped;

	buf_init(&escaped, 4 * TEXT_MAX);
	text_terminal(&escaped, buf_text(text), text->len);
	str_copy(out, out_len, buf_text(&escaped));
	buf_finish(&escaped);
}

void http_url_shown(const char *text, char *out, size_t out_len)
{
	CURLU *url = parsed(text);
	struct buf shown;

	if (!url) {
		str_copy(out, out_len, "(not a URL)");
		return;
	}
	buf_init(&shown, TEXT_MAX);
	add_part(&shown, url, CURLUPART_SCHEME, "");
	buf_add_str(&shown, "://");
	add_user(&shown, url);
	add_part(&shown, url, CURLUPART_HOST, "");
	add_part(&shown, url, CURLUPART_PORT, ":");
	add_part(&shown, url, CURLUPART_PATH, "");
	add_query(&shown, url);
	harmless(&shown, out, out_len);
	buf_finish(&shown);
	curl_url_cleanup(url);
}

static void scrub_one(struct buf *text, const char *secret)
{
	struct buf kept;
	const char *from = buf_text(text);
	const char *at;

	if (!secret || strlen(secret) < SECRET_MIN || !strstr(from, secret))
		return;
	buf_init(&kept, TEXT_MAX);
	while ((at = strstr(from, secret))) {
		buf_add(&kept, from, (size_t)(at - from));
		buf_add_str(&kept, HIDDEN);
		from = at + strlen(secret);
	}
	buf_add_str(&kept, from);
	buf_finish(text);
	*text = kept;
}

void http_url_scrub(const char *url_text, const char *text, char *out, size_t out_len)
{
	static const CURLUPart secrets[] = {CURLUPART_PASSWORD, CURLUPART_USER, CURLUPART_QUERY,
					    CURLUPART_PATH};
	static const unsigned forms[] = {0, CURLU_URLDECODE};
	CURLU *url = parsed(url_text);
	struct buf scrubbed;

	buf_init(&scrubbed, TEXT_MAX);
	buf_add_str(&scrubbed, text);
	scrub_one(&scrubbed, url_text);
	for (size_t i = 0; url && i < ARRAY_LEN(secrets); i++) {
		for (size_t j = 0; j < ARRAY_LEN(forms); j++) {
			char *secret = part(url, secrets[i], forms[j]);

			scrub_one(&scrubbed, secret);
			curl_free(secret);
		}
	}
	harmless(&scrubbed, out, out_len);
	buf_finish(&scrubbed);
	if (url)
		curl_url_cleanup(url);
}
