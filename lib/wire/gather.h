/*
 * The results of one look, as they come from a role, gathered into one observation: digests are
 * computed here and held against what the role says, "same" is filled from what was known,
 * certificates that are new are kept once each. A role that lies is told by false.
 */
#ifndef LIB_WIRE_GATHER_H
#define LIB_WIRE_GATHER_H

#include "lib/wire/lookers.h"

/* A bundle of all the world's authorities has some 150. */
#define GATHER_MEMBERS_MAX 2000
#define GATHER_BYTES_MAX (32 * 1024 * 1024)

struct gather_cert;
struct gather {
	struct observation observation;
	struct look_member *members;
	size_t members_len;
	struct gather_cert *certs; /* by digest, in order of arrival */
	size_t bytes;
};

void gather_init(struct gather *gather, int64_t at);
void gather_finish(struct gather *gather);

/* What is known and asked of the look that the result belongs to; borrowed for the call. */
struct gather_look {
	const struct target *target;
	const struct observation *known; /* or NULL */
	bool file;
	bool each; /* of the file each certificate is a member, one that does not parse too */
};
/* Moves the endpoint out of result. False when the role is broken: it lies, or says too much. */
bool gather_result(struct gather *gather, struct msg_result *result, const struct gather_look *look,
		   struct err *err) MUST_CHECK;

/* One endpoint that says what became of the look, instead of all that was gathered. */
void gather_only(struct gather *gather, enum outcome outcome, const char *error, bool ours);

/* Into result, which borrows all but the observation: that is moved. The array of certificates is
 * the caller's to release. */
struct look_cert *gather_give(struct gather *gather, struct look_result *result) MUST_CHECK;

#endif
