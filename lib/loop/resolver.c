/*
 * The resolver: libunbound on our event base, told to forward everything to the configured
 * servers. All files are read and all settings frozen when it is made. Order matters: libunbound
 * fixes its settings when the zones are removed which it would answer by itself (RFC 6761: test,
 * invalid), so that comes last.
 */
#include "lib/loop/resolve_inside.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <unbound.h>
#include <unbound-event.h>

#define SERVERS_MAX 8
#define PORT_DNS 53
#define PORT_MAX 65535
#define LINE_LEN 1024

struct servers {
	size_t len;
	char text[SERVERS_MAX][ADDRESS_TEXT_MAX + 8]; /* "ADDRESS@PORT", libunbound's form */
};

/* --- which servers ----------------------------------------------------------------------- */

static bool server_add(struct servers *servers, const char *text)
{
	const char *at = strchr(text, '@');
	char *host = str_dup_n(text, at ? (size_t)(at - text) : strlen(text));
	char shown[ADDRESS_TEXT_MAX];
	struct address address;
	uint64_t port = PORT_DNS;
	bool good = address_parse(host, &address) &&
		    (!at || str_to_u64(at + 1, 1, PORT_MAX, &port));

	mem_free(host);
	if (!good)
		return false;
	if (servers->len < SERVERS_MAX)
		snprintf(servers->text[servers->len++], sizeof(servers->text[0]), "%s@%u",
			 address_text(&address, shown), (unsigned)port);
	return true;
}

static bool servers_of_list(struct servers *servers, const char *list, struct err *err)
{
	char *copy = str_dup(list);
	char *rest = copy;
	char *word;
	bool good = true;

	while (good && (word = strsep(&rest, ","))) {
		word = str_trim(word);
		if (*word && !server_add(servers, word))
			good = err_set(err, ERR_INVALID,
				       "resolver: %s is not ADDRESS or ADDRESS@PORT", word);
	}
	mem_free(copy);
	return good;
}

static bool servers_of_file(struct servers *servers, const char *path, struct err *err)
{
	static const char blanks[] = " \t\r\n";
	char line[LINE_LEN];
	FILE *file = fopen(path, "re");

	if (!file && errno == ENOENT)
		return true;
	if (!file)
		return err_set(err, ERR_DENIED, "cannot read %s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		char *rest = line;
		const char *word = strsep(&rest, blanks);

		if (!str_eq(word, "nameserver"))
			continue;
		while ((word = strsep(&rest, blanks)) && !*word)
			continue;
		/* What is no address is passed over, as the C library does. */
		if (word && !server_add(servers, word))
			continue;
	}
	fclose(file);
	return true;
}

static bool servers_read(const struct resolver_config *config, struct servers *servers,
			 struct err *err)
{
	servers->len = 0;
	if (config->servers && !str_eq(config->servers, "system"))
		return servers_of_list(servers, config->servers, err);
	return servers_of_file(servers,
			       config->resolv_conf ? config->resolv_conf : "/etc/resolv.conf", err);
}

/* --- the context ------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *value;
} options[] = {
	/* Ports for as many questions as we send; the 16 of the default are 313 names a second. */
	{"outgoing-range:", "1024"},
	{"num-queries-per-thread:", "1024"},
	/* How long a server that did not answer is held for dead: with the default of 15
	 * minutes, names fail long after the resolver is back. */
	{"infra-host-ttl:", "5"},
	/* The resolver is often on this machine. */
	{"do-not-query-localhost:", "no"},
	/* A name that was put right should not stay wrong here for an hour. */
	{"cache-max-negative-ttl:", "60"},
	/* No questions of its own. */
	{"trust-anchor-signaling:", "no"},
	{"use-syslog:", "no"},
};

/* Names inside a company end like this, whatever RFC 6761 and 8375 say: the server is asked. */
static const char *const forwarded_zones[] = {"test.", "invalid.", "home.arpa."};

static bool ub_err(struct err *err, int code, const char *what)
{
	return err_set(err, ERR_INVALID, "resolver: %s: %s", what, ub_strerror(code));
}

static bool anchors_add(struct ub_ctx *context, const char *text, struct err *err)
{
	char *copy = str_dup(text);
	char *rest = copy;
	char *line;
	int code = 0;

	while (code == 0 && (line = strsep(&rest, "\n"))) {
		line = str_trim(line);
		if (*line && *line != ';')
			code = ub_ctx_add_ta(context, line);
	}
	mem_free(copy);
	return code == 0 || ub_err(err, code, "trust anchor");
}

static void on_first_answer(void *arg, int rcode UNUSED, void *packet UNUSED, int len UNUSED,
			    int sec UNUSED, char *why UNUSED, int limited UNUSED)
{
	bool *answered = arg;

	*answered = true;
}

/* Makes libunbound open what it opens, while it may: answered from its own tables, within the call.
 */
static bool first_question(struct ub_ctx *context, struct err *err)
{
	bool answered = false;
	int id = 0;
	int code = ub_resolve_event(context, "localhost.", 1, 1, &answered, on_first_answer, &id);

	if (code != 0)
		return ub_err(err, code, "settings");
	if (!answered) {
		ub_cancel(context, id);
		return err_set(err, ERR_INTERNAL, "resolver: libunbound asks others for localhost");
	}
	return true;
}

/* This is what freezes the settings, anchors included; only now are those looked at. */
static bool zones_forward(struct ub_ctx *context, const char *trust_anchor, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(forwarded_zones); i++) {
		int code = ub_ctx_zone_remove(context, forwarded_zones[i]);

		if (code != 0)
			return ub_err(err, code, trust_anchor ? "trust anchor" : "settings");
	}
	return true;
}

static bool context_set(struct ub_ctx *context, const struct resolver_config *config,
			const struct servers *servers, struct err *err)
{
	int code;

	/* It would write to standard error. */
	ub_ctx_debugout(context, NULL);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		code = ub_ctx_set_option(context, options[i].name, options[i].value);
		if (code != 0)
			return ub_err(err, code, options[i].name);
	}
	for (size_t i = 0; i < servers->len; i++) {
		code = ub_ctx_set_fwd(context, servers->text[i]);
		if (code != 0)
			return ub_err(err, code, servers->text[i]);
	}
	if (config->trust_anchor) {
		if (!anchors_add(context, config->trust_anchor, err))
			return false;
	} else {
		ub_ctx_set_option(context, "module-config:", "iterator");
	}
	return zones_forward(context, config->trust_anchor, err) && first_question(context, err);
}

struct resolver *resolver_new(struct loop *loop, const struct resolver_config *config,
			      struct err *err)
{
	struct resolver *resolver = MEM_NEW(struct resolver);
	struct servers servers;

	resolver->loop = loop;
	resolver->hosts = hosts_read(config->hosts_file, err);
	if (!resolver->hosts || !servers_read(config, &servers, err))
		goto fail;
	if (servers.len == 0)
		return resolver;
	resolver->context = ub_ctx_create_event(loop_base(loop));
	if (!resolver->context)
		bug("libunbound does not take the event base");
	if (context_set(resolver->context, config, &servers, err))
		return resolver;
fail:
	resolver_free(resolver);
	return NULL;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	/* Before the context: deleting it calls back whatever was not cancelled. */
	while (resolver->resolves)
		resolve_cancel(resolver->resolves);
	if (resolver->context)
		ub_ctx_delete(resolver->context);
	hosts_free(resolver->hosts);
	mem_free(resolver);
}
