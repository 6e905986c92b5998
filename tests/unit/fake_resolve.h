/*
 * A scripted resolver behind lib/loop/resolve.h, linked in its place. Answers by table: at once, as
 * a cache does, or after a time, as the network does, or never.
 */
#ifndef TESTS_UNIT_FAKE_RESOLVE_H
#define TESTS_UNIT_FAKE_RESOLVE_H

#include "lib/loop/resolve.h"

struct fake_name {
	const char *name; /* "canary": any name that a canary has; "*": the rest */
	enum resolve_status status;
	const char *addresses[4];
	int64_t after_ms; /* 0: at once */
	bool silent;	  /* RESOLVE_TIMEOUT at the deadline */
};
extern const struct fake_name *fake_names; /* ends with name NULL */
extern size_t fake_asked, fake_canaries;
extern int fake_families; /* of the last question */
extern char fake_last[256];

#endif
