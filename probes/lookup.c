/*
 * See lookup.h. Silence and SERVFAIL are the name's failure when the network has answered some
 * other lookup since this one began; else a canary is asked, one for all who wait: any answer to
 * it is a sign of life. libunbound answers from its cache and its own zones while the resolver is
 * away, so an answer that came at once proves nothing, and each canary has a name of its own.
 */
#include "lib/base/sys.h"
#include "probes/lookup.h"

#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/loop/op.h"

#include <inttypes.h>
#include <utlist.h>

#define CANARY_MS 2000
/* After so many turns of the loop, whatever was in the cache has been answered. */
#define SETTLE_TURNS 3
/* RFC 2606 keeps "example" empty. Not "invalid": libunbound answers for that one by itself. */
#define CANARY_NAME "x%016" PRIx64 ".resolver-check.example"

enum lookup_stage { LOOKUP_RESOLVE, LOOKUP_CANARY };
static const char *const stages[] = {
	[LOOKUP_RESOLVE] = "resolve",
	[LOOKUP_CANARY] = "canary",
};

struct lookups {
	struct loop *loop;
	struct resolver *resolver;
	uint64_t answers; /* that came from the network */
	struct resolve *canary;
	struct lookup *waiting; /* for the canary */
};

struct lookup {
	struct op op;
	struct lookups *shared;
	char *name;
	int families;
	int64_t deadline_ms;
	struct resolve *resolve;
	struct deferred *settle;
	int turns; /* since the question; SETTLE_TURNS: what is answered now came from the network
		    */
	uint64_t answers_before;
	enum resolve_status status;
	char detail[128];
	bool waits;
	struct lookup *prev, *next;
	lookup_done_fn *done;
	void *arg;
};

struct lookups *lookups_new(struct loop *loop, struct resolver *resolver)
{
	struct lookups *lookups = MEM_NEW(struct lookups);
	lookups->loop = loop;
	lookups->resolver = resolver;
	return lookups;
}

void lookups_free(struct lookups *lookups)
{
	if (!lookups)
		return;
	if (lookups->waiting)
		bug("lookups are freed while one is in flight");
	resolve_cancel(lookups->canary);
	mem_free(lookups);
}

/* Part of the time is kept back for the canary, so that the verdict too is in time. */
static int64_t canary_ms(int64_t deadline_ms)
{
	return deadline_ms / 4 < CANARY_MS ? deadline_ms / 4 : CANARY_MS;
}

/* Says that a resolver lives; SERVFAIL may be libunbound's own word for its silence. */
static bool is_answer(enum resolve_status status)
{
	switch (status) {
	case RESOLVE_OK:
	case RESOLVE_NO_NAME:
	case RESOLVE_NO_ADDRESS:
	case RESOLVE_BOGUS:
		return true;
	case RESOLVE_SERVFAIL:
	case RESOLVE_TIMEOUT:
	case RESOLVE_NO_RESOLVER:
		return false;
	}
	bug("a resolve ended in a word that is none");
}

static void lookup_drop(struct lookup *lookup)
{
	op_finish(&lookup->op);
	resolve_cancel(lookup->resolve);
	deferred_cancel(lookup->settle);
	if (lookup->waits)
		DL_DELETE(lookup->shared->waiting, lookup);
	mem_free(lookup->name);
	mem_free(lookup);
}

static void finish(struct lookup *lookup, const struct lookup_result *result)
{
	lookup_done_fn *done = lookup->done;
	void *arg = lookup->arg;
	lookup_drop(lookup);
	done(arg, result);
}

static void sentence(enum resolve_status status, const char *detail, bool ours, char *out,
		     size_t out_len)
{
	const char *away = ours ? " (the resolver does not answer)" : "";
	switch (status) {
	case RESOLVE_OK:
		break;
	case RESOLVE_NO_NAME:
		snprintf(out, out_len, "no such name");
		return;
	case RESOLVE_NO_ADDRESS:
		snprintf(out, out_len, "no address");
		return;
	case RESOLVE_BOGUS:
		snprintf(out, out_len, "validation failed: %s", *detail ? detail : "bogus");
		return;
	case RESOLVE_SERVFAIL:
		snprintf(out, out_len, "resolver: SERVFAIL%s", away);
		return;
	case RESOLVE_TIMEOUT:
		snprintf(out, out_len, "resolve: no answer in time%s", away);
		return;
	case RESOLVE_NO_RESOLVER:
		snprintf(out, out_len, "no resolver is configured");
		return;
	}
	bug("a lookup that went well has no sentence");
}

static void finish_failed(struct lookup *lookup, enum resolve_status status, bool ours)
{
	char error[192];
	sentence(status, lookup->detail, ours, error, sizeof(error));
	finish(lookup, &(struct lookup_result){.error = error, .ours = ours});
}

static void on_canary(void *arg, const struct resolve_result *result)
{
	struct lookups *lookups = arg;

	lookups->canary = NULL;
	lookups->answers += is_answer(result->status);
	/* Each completion may cancel others who wait: the head is read anew. Nobody joins
	 * meanwhile, for a lookup comes here from the loop only. */
	while (lookups->waiting) {
		struct lookup *lookup = lookups->waiting;
		bool ours = lookups->answers == lookup->answers_before;
		finish_failed(lookup, lookup->status, ours);
	}
}

static void ask_canary(struct lookup *lookup)
{
	struct lookups *shared = lookup->shared;

	lookup->op.stage = LOOKUP_CANARY;
	lookup->waits = true;
	DL_APPEND(shared->waiting, lookup);
	if (shared->canary)
		return;
	char name[64];
	snprintf(name, sizeof(name), CANARY_NAME, rand_u64());
	shared->canary = resolve_start(shared->resolver, name, RESOLVE_V4,
				       canary_ms(lookup->deadline_ms), on_canary, shared);
}

static void on_resolved(void *arg, const struct resolve_result *result)
{
	struct lookup *lookup = arg;
	struct lookups *shared = lookup->shared;

	lookup->resolve = NULL;
	if (result->status == RESOLVE_OK && result->count > 0) {
		shared->answers += lookup->turns == SETTLE_TURNS;
		finish(lookup, &(struct lookup_result){.addresses = result->addresses,
						       .count = result->count});
		return;
	}
	lookup->status = result->status == RESOLVE_OK ? RESOLVE_NO_ADDRESS : result->status;
	snprintf(lookup->detail, sizeof(lookup->detail), "%s", result->detail);
	if (is_answer(lookup->status)) {
		shared->answers += lookup->turns == SETTLE_TURNS;
		finish_failed(lookup, lookup->status, false);
	} else if (lookup->status == RESOLVE_NO_RESOLVER) {
		finish_failed(lookup, lookup->status, true);
	} else if (shared->answers != lookup->answers_before) {
		finish_failed(lookup, lookup->status, false);
	} else {
		ask_canary(lookup);
	}
}

static void on_settle(void *arg)
{
	struct lookup *lookup = arg;
	lookup->settle = NULL;
	if (++lookup->turns < SETTLE_TURNS)
		lookup->settle = loop_defer(lookup->shared->loop, on_settle, lookup);
}

static enum want step(struct op *op, enum wake wake)
{
	struct lookup *lookup = CONTAINER_OF(op, struct lookup, op);
	struct lookups *shared = lookup->shared;

	if (wake == WAKE_DEADLINE) {
		bool ours = shared->answers == lookup->answers_before;
		finish_failed(lookup, RESOLVE_TIMEOUT, ours);
		return WANT_GONE;
	}
	if (wake == WAKE_START) {
		int64_t patience_ms = lookup->deadline_ms - canary_ms(lookup->deadline_ms);
		lookup->resolve = resolve_start(shared->resolver, lookup->name, lookup->families,
						patience_ms, on_resolved, lookup);
		lookup->settle = loop_defer(shared->loop, on_settle, lookup);
	}
	return WANT_WAKE; /* both stages end by a completion */
}

struct lookup *lookup_start(struct lookups *lookups, const char *name, int families,
			    int64_t deadline_ms, lookup_done_fn *done, void *arg)
{
	struct lookup *lookup = MEM_NEW(struct lookup);
	lookup->shared = lookups;
	lookup->name = str_dup(name);
	lookup->families = families;
	lookup->deadline_ms = deadline_ms > 4 ? deadline_ms : 4;
	lookup->answers_before = lookups->answers;
	lookup->done = done;
	lookup->arg = arg;
	op_start(&lookup->op, lookups->loop, "lookup", stages, step, lookup->deadline_ms);
	lookup->op.fd = -1;
	return lookup;
}

void lookup_cancel(struct lookup *lookup)
{
	if (lookup)
		lookup_drop(lookup);
}
