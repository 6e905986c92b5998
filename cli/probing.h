/*
 * Looking without a daemon: targets in, one result per endpoint out, as each ends; as many at once
 * as asked for, in memory that does not grow with their number.
 */
#ifndef CLI_PROBING_H
#define CLI_PROBING_H

#include "lib/model/finding.h"
#include "lib/model/observation.h"

struct probing_options {
	const char *input; /* -i: a file, "-" standard input, NULL none */
	char **targets;	   /* arguments */
	size_t targets_len;
	const char *sni, *connect;
	bool all_addresses;
	enum family family;
	int64_t concurrency, rate, timeout_ms;
	const char *roots; /* "system" or a file */
	bool no_verify;
	const char *resolver;
	bool progress;
};
/* One endpoint with what is found about it. Borrowed. */
struct probing_result {
	const struct target *target;
	const struct endpoint *endpoint;
	const struct findings *findings; /* of the whole target; those of this address concern it */
	int64_t now;
};
typedef void probing_each_fn(void *arg, const struct probing_result *result);
/* A line or argument that is no target: told on stderr by the caller's function, and counted. */
typedef void probing_bad_fn(void *arg, const char *where, const char *why);

struct probing_totals {
	int64_t targets, endpoints, bad, families_skipped;
	int signal; /* that ended it early; 0: none */
};
/* Blocks until all is done. False with err when nothing could be started (roots unreadable...). */
bool probing_run(const struct probing_options *options, probing_each_fn *each, probing_bad_fn *bad,
		 void *arg, struct probing_totals *totals, struct err *err) MUST_CHECK;

#endif
