/*
 * A scripted lookers.c for tests: no process is started, each look is answered by a function after
 * a fixed virtual delay. Linked instead of lib/wire's own (it comes first on the line).
 */
#ifndef TESTS_FAKES_FAKE_LOOKERS_H
#define TESTS_FAKES_FAKE_LOOKERS_H

#include "lib/wire/lookers.h"

/* Fills result->observation (initialised, at = now) with what the target answers now. Once a look,
 * at its end. */
typedef void fake_answer_fn(void *arg, const struct target *target, int64_t now,
			    struct look_result *result);
void fake_lookers_script(fake_answer_fn *answer, void *arg);

/* Building blocks for answers. */
struct fake_cert {
	const char *name; /* subject CN and only SAN */
	int64_t not_before, not_after;
	const char *
		serial; /* tells certificates apart: the sha256 is made of name, serial and dates */
	enum trust trust; /* TRUST_TRUSTED unless said */
};
void fake_endpoint_ok(struct look_result *result, const char *address, const struct fake_cert *cert,
		      int64_t now);
void fake_endpoint_failed(struct look_result *result, const char *address, enum outcome outcome,
			  const char *error, int64_t now);

extern int64_t fake_look_ms;	  /* how long a look takes; 5 */
extern size_t fake_looks_started; /* since the process began */
extern size_t fake_looks_inflight_max;

#endif
