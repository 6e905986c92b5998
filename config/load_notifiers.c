/*
 * Notifiers and tokens: named things with secrets.
 */
#include "config/schema.h"

#include "lib/base/str.h"

#define NOTIFIERS_MAX 32
#define TOKENS_MAX 64
#define TOKEN_LEN_MIN 16

/* The part of a URL that may be shown: user info, path and query may all be the secret. */
static char *shown_url(const char *url)
{
	const char *start = strstr(url, "://");
	const char *host = start ? start + 3 : url;
	size_t authority = strcspn(host, "/?#");
	const char *at = NULL;
	bool more = host[authority] != '\0' && strcmp(host + authority, "/") != 0;

	for (size_t i = 0; i < authority; i++)
		if (host[i] == '@')
			at = host + i;
	if (at)
		return str_printf("%.*s***@%.*s%s", (int)(host - url), url,
				  (int)(host + authority - at - 1), at + 1, more ? "/***" : "");
	return str_printf("%.*s%s", (int)(host + authority - url), url, more ? "/***" : "");
}

bool load_url(struct loader *loader, const struct key *key, const struct node *node, void *field)
{
	struct config_notifier *notifier = CONTAINER_OF(field, struct config_notifier, url);
	char *shown;

	(void)key;
	if (!load_secret(loader, node, true, field))
		return false;
	if (!notifier->url.bytes)
		return true;
	if (!str_starts(notifier->url.bytes, "http://") &&
	    !str_starts(notifier->url.bytes, "https://"))
		return load_fault(loader, node, "%s must begin with http:// or https://",
				  loader->path);
	shown = shown_url(notifier->url.bytes);
	notifier->url_shown = arena_str(&loader->config->arena, shown);
	mem_free(shown);
	return true;
}

static bool read_notifier(struct loader *loader, const struct node *name, const struct node *node,
			  struct config_notifier *out)
{
	const char *near;
	bool ok;

	out->name = arena_str(&loader->config->arena, name->text);
	out->place = name->place;
	if (!load_is_name(name->text))
		return load_fault(loader, name,
				  "a notifier's name is 1 to 64 letters, digits, dots, dashes or "
				  "underscores, not %s",
				  name->text);
	if (node->type != NODE_MAP)
		return load_fault(loader, node, "notifier %s must be a map with a type",
				  name->text);
	load_fallbacks(loader, keys_notifier, out);
	loader->listed = true;
	ok = load_map(loader, keys_notifier, node, out);
	loader->listed = false;
	if (!ok)
		return false;
	if (!out->type)
		return load_fault(loader, name, "notifier %s needs a type: webhook", name->text);
	near = str_eq(out->type, "webhook") ? NULL : "webhook";
	if (near)
		return load_fault(loader, node_get(node, "type"),
				  "there is no notifier of type %s; this version has webhook",
				  out->type);
	if (!out->url.bytes && !loader->for_cli)
		return load_fault(loader, name, "notifier %s needs a url", name->text);
	return true;
}

bool load_notifiers(struct loader *loader, const struct key *key, const struct node *node,
		    void *field)
{
	struct config *config = loader->config;
	char outer[sizeof(loader->path)];
	bool ok = true;

	(void)key;
	(void)field;
	if (node->type != NODE_MAP)
		return node_is_null(node) ||
		       load_fault(loader, node,
				  "notifiers must be a map: NAME: {type: webhook, ...}");
	if (node->len / 2 > NOTIFIERS_MAX)
		return load_fault(loader, node, "at most %d notifiers", NOTIFIERS_MAX);
	config->notifiers = arena_alloc(&config->arena,
					(node->len / 2) * sizeof(*config->notifiers));
	str_copy(outer, sizeof(outer), loader->path);
	for (size_t i = 0; i + 1 < node->len; i += 2) {
		snprintf(loader->path, sizeof(loader->path), "notifiers.%.64s",
			 node->items[i].text);
		/* Counted even when faulty, so that its secrets are wiped with the rest. */
		ok = read_notifier(loader, &node->items[i], &node->items[i + 1],
				   &config->notifiers[config->notifiers_len++]) &&
		     ok;
	}
	str_copy(loader->path, sizeof(loader->path), outer);
	return ok;
}

bool load_tokens(struct loader *loader, const struct key *key, const struct node *node, void *field)
{
	struct config *config = loader->config;
	bool ok = true;

	(void)key;
	(void)field;
	if (node->type != NODE_LIST || node->len > TOKENS_MAX)
		return load_fault(loader, node, "%s must be a list of at most %d tokens",
				  loader->path, TOKENS_MAX);
	config->http.tokens = arena_alloc(&config->arena, node->len * sizeof(*config->http.tokens));
	for (size_t i = 0; i < node->len; i++) {
		struct config_token *token = &config->http.tokens[config->http.tokens_len++];
		const struct node *one = &node->items[i];
		bool read;

		loader->listed = true;
		read = load_map(loader, keys_token, one, token);
		loader->listed = false;
		if (!read)
			ok = false;
		else if (!token->name || (!token->token.bytes && !loader->for_cli))
			ok = load_fault(loader, one, "a token needs name and token");
		else if (!loader->for_cli && token->token.len < TOKEN_LEN_MIN)
			ok = load_fault(loader, one, "the token of %s is shorter than %d bytes",
					token->name, TOKEN_LEN_MIN);
	}
	return ok;
}
