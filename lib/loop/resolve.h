/*
 * Names to addresses by libunbound on our event base. Lives in the prober (and in the keeper
 * only for names the operator configured). Deferred start, silent cancel.
 * Forwarders are always set: without any, a name is RESOLVE_NO_RESOLVER, never a question to
 * the root servers.
 */
#ifndef LIB_LOOP_RESOLVE_H
#define LIB_LOOP_RESOLVE_H

#include "lib/loop/loop.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define RESOLVE_ADDRESSES_MAX 32
#define RESOLVE_INFLIGHT_MAX 1024

struct address { /* an IP address without a port; zone index kept for link-local v6 */
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};
bool address_parse(const char *text, struct address *out) MUST_CHECK;
#define ADDRESS_TEXT_MAX 64
const char *address_text(const struct address *address, char out[ADDRESS_TEXT_MAX]);
bool address_equal(const struct address *a, const struct address *b);
socklen_t address_len(const struct address *address);
/* Sets the port (host order). */
void address_set_port(struct address *address, uint16_t port);

enum resolve_status {
	RESOLVE_OK,	     /* one address or more */
	RESOLVE_NO_NAME,     /* NXDOMAIN */
	RESOLVE_NO_ADDRESS,  /* the name exists without A/AAAA */
	RESOLVE_BOGUS,	     /* DNSSEC validation failed */
	RESOLVE_SERVFAIL,    /* the resolver answered with a failure */
	RESOLVE_TIMEOUT,     /* no answer within the deadline: maybe our resolver is away */
	RESOLVE_NO_RESOLVER, /* none configured */
};
const char *resolve_status_text(enum resolve_status status);

struct resolve_result {
	enum resolve_status status;
	char detail[128];
	size_t count; /* v6 and v4 as asked, in answer order, duplicates removed */
	struct address addresses[RESOLVE_ADDRESSES_MAX];
	bool truncated; /* there were more */
};

struct resolver_config {
	/* "system": nameserver lines of resolv_conf ("/etc/resolv.conf" by default); else a
	 * comma-separated list of ADDRESS or ADDRESS@PORT */
	const char *servers;
	const char *resolv_conf;
	const char *hosts_file;	  /* "/etc/hosts"; NULL: none. Entries answer before any question */
	const char *trust_anchor; /* DS or DNSKEY text, or NULL */
};

struct resolver;
/* Reads its files now, before a sandbox closes, and freezes. NULL with err on a wrong
 * configuration. A resolver without forwarders is valid: hosts entries answer, others are
 * RESOLVE_NO_RESOLVER. */
struct resolver *resolver_new(struct loop *loop, const struct resolver_config *config,
			      struct err *err);
void resolver_free(struct resolver *resolver); /* cancels silently what is in flight */

enum { RESOLVE_V4 = 1, RESOLVE_V6 = 2 };
struct resolve;
typedef void resolve_done_fn(void *arg, const struct resolve_result *result);
/* name: A-labels, or an address literal (answers itself). Result is borrowed during the call. */
struct resolve *resolve_start(struct resolver *resolver, const char *name, int families,
			      int64_t deadline_ms, resolve_done_fn *done, void *arg);
void resolve_cancel(struct resolve *resolve); /* accepts NULL */

#endif
