/*
 * What the files of name resolution share: resolver.c has the context and its settings,
 * resolve.c the operation, resolve_answer.c what an answer says, hosts.c the hosts file.
 */
#ifndef LIB_LOOP_RESOLVE_INSIDE_H
#define LIB_LOOP_RESOLVE_INSIDE_H

#include "lib/loop/hosts.h"
#include "lib/loop/resolve.h"

struct ub_ctx;

struct resolver {
	struct loop *loop;
	struct ub_ctx *context; /* NULL: no forwarders */
	struct hosts *hosts;
	struct resolve *resolves; /* all */
	struct resolve *queue;	  /* of those, who wait for a place; first come, first served */
	int inflight;		  /* questions at libunbound */
};

/* What libunbound's event callback says, as a result: status, detail, and addresses along the chain
 * of aliases from name. type: LDNS_RR_TYPE_A or _AAAA. */
struct resolve_answer {
	const char *name;
	int type;
	int rcode; /* not 0: there is no packet */
	const uint8_t *packet;
	size_t packet_len;
	bool bogus;
	const char *why_bogus;
};
void resolve_answer_read(const struct resolve_answer *answer, struct resolve_result *out);
/* Unless it is there already or there are too many. */
void resolve_result_add(struct resolve_result *result, const struct address *address);
/* Of the answers to A and AAAA: addresses of both; without any, the answer that tells most. */
void resolve_results_merge(const struct resolve_result *const *answers, size_t len,
			   struct resolve_result *out);
void resolve_detail(struct resolve_result *result, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
