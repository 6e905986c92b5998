/*
 * Who may do what (contract 9). On the control socket its file's mode has decided, and the actor is
 * the peer's user. Over TCP one reads without a token on loopback only; a change needs a token that
 * may operate. A page from elsewhere in somebody's browser changes nothing (Origin, Sec-Fetch-Site)
 * and reads nothing under a name of its own (Host: DNS rebinding).
 */
#include "daemon/keeper/api_inside.h"

#include "lib/base/digest.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <unistd.h>

#define HOST_MAX 256
#define PASSWD_MAX 16384

/* Without port and brackets. */
static bool host_part(const char *host_port, char out[HOST_MAX])
{
	const char *colon;

	if (!str_copy(out, HOST_MAX, host_port))
		return false;
	if (out[0] == '[') {
		char *end = strchr(out, ']');

		if (!end || (end[1] && end[1] != ':'))
			return false;
		*end = '\0';
		memmove(out, out + 1, strlen(out + 1) + 1);
		return true;
	}
	colon = strchr(out, ':');
	if (colon)
		out[colon - out] = '\0';
	return true;
}

bool api_is_loopback(const char *host_port)
{
	char host[HOST_MAX];
	struct in6_addr v6;
	struct in_addr v4;

	if (!host_part(host_port, host))
		return false;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return str_ieq(host, "localhost");
}

/* A browser always says which name it believes to speak to; who says none is no browser. */
static bool host_admitted(const struct api *api, const char *host)
{
	char given[HOST_MAX], listening[HOST_MAX];

	return !host || api_is_loopback(host) ||
	       (host_part(host, given) && host_part(api->listen, listening) &&
		str_ieq(given, listening));
}

static const char *peer_name(const struct httpd_request *request, struct arena *arena)
{
	struct passwd entry, *found = NULL;
	char room[PASSWD_MAX], number[32];
	uint32_t uid, gid;
	int32_t pid;

	if (!httpd_peer(request, &uid, &gid, &pid))
		return "unknown";
	if (getpwuid_r((uid_t)uid, &entry, room, sizeof(room), &found) == 0 && found)
		return arena_str(arena, found->pw_name);
	snprintf(number, sizeof(number), "uid %u", (unsigned)uid);
	return arena_str(arena, number);
}

/* All are compared, each over digests of the same length: the time tells nothing. */
static const struct config_token *token_find(const struct config *config, const char *given)
{
	uint8_t want[SHA256_LEN], have[SHA256_LEN];
	const struct config_token *found = NULL;

	digest_sha256(given, strlen(given), want);
	for (size_t i = 0; i < config->http.tokens_len; i++) {
		const struct config_token *token = &config->http.tokens[i];

		digest_sha256(token->token.bytes, token->token.len, have);
		if (digest_equal(want, have, sizeof(have)))
			found = token;
	}
	mem_wipe(have, sizeof(have));
	return found;
}

static bool unauthorized(struct httpd_request *request, const char *why)
{
	httpd_set_header(request, "WWW-Authenticate", "Bearer realm=\"expiryd\"");
	httpd_problem(request, 401, "%s", why);
	return false;
}

static bool admit_token(struct api *api, struct httpd_request *request, struct arena *arena,
			const char **actor)
{
	const char *header = httpd_header(request, "Authorization");
	const struct config_token *token;

	if (api->keeper->config->http.tokens_len == 0)
		return unauthorized(request, "Nothing can be changed over TCP: http.tokens has no "
					     "token. Use the control socket.");
	if (!header || strncasecmp(header, "Bearer ", strlen("Bearer ")) != 0)
		return unauthorized(request, "A change needs Authorization: Bearer with a token "
					     "whose role is operate.");
	token = token_find(api->keeper->config, header + strlen("Bearer "));
	if (!token)
		return unauthorized(request, "This token is not known.");
	if (!token->operate) {
		httpd_problem(request, 403,
			      "The token %s may read only; a change needs the role "
			      "operate.",
			      token->name);
		return false;
	}
	*actor = arena_str(arena, token->name);
	return true;
}

static bool from_elsewhere(const struct httpd_request *request)
{
	const char *site = httpd_header(request, "Sec-Fetch-Site");

	return httpd_header(request, "Origin") ||
	       (site && !str_eq(site, "same-origin") && !str_eq(site, "none"));
}

bool api_admit(struct api *api, struct httpd_request *request, enum api_access access,
	       struct arena *arena, const char **actor)
{
	bool local = httpd_is_unix(request);

	if (!local && !api->loopback && access != API_OPEN) {
		httpd_problem(request, 403,
			      "%s is not loopback: only /metrics, /healthz and "
			      "/readyz are served here.",
			      api->listen);
		return false;
	}
	if (!local && api->loopback && !host_admitted(api, httpd_header(request, "Host"))) {
		httpd_problem(request, 403, "The Host header names neither loopback nor %s.",
			      api->listen);
		return false;
	}
	if (access != API_OPERATE)
		return true;
	if (from_elsewhere(request)) {
		httpd_problem(request, 403, "A page of another site can change nothing here.");
		return false;
	}
	if (!local)
		return admit_token(api, request, arena, actor);
	*actor = peer_name(request, arena);
	return true;
}
