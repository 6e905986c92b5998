/*
 * See fake_resolve.h. Keeps the house rule as the real one does: nothing is answered from inside
 * resolve_start, and what is cancelled stays silent.
 */
#include "lib/base/sys.h"
#include "tests/unit/fake_resolve.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"

const struct fake_name *fake_names;
size_t fake_asked, fake_canaries;
int fake_families;
char fake_last[256];

struct resolver {
	struct loop *loop;
};

struct resolve {
	const struct fake_name *row;
	struct deferred *turn;
	struct timer timer;
	bool late;
	resolve_done_fn *done;
	void *arg;
};

struct resolver *resolver_new(struct loop *loop, const struct resolver_config *config,
			      struct err *err)
{
	(void)config;
	(void)err;
	struct resolver *resolver = MEM_NEW(struct resolver);
	resolver->loop = loop;
	return resolver;
}

void resolver_free(struct resolver *resolver)
{
	mem_free(resolver);
}

static const struct fake_name *find(const char *name)
{
	bool canary = str_ends(name, ".resolver-check.example");
	fake_canaries += canary;
	for (const struct fake_name *row = fake_names; row->name; row++)
		if (str_eq(row->name, canary ? "canary" : name) || str_eq(row->name, "*"))
			return row;
	return NULL;
}

static void answer(struct resolve *resolve)
{
	struct resolve_result result = {.status = RESOLVE_TIMEOUT};
	resolve_done_fn *done = resolve->done;
	void *arg = resolve->arg;
	if (resolve->row && !resolve->late) {
		result.status = resolve->row->status;
		snprintf(result.detail, sizeof(result.detail), "detail");
		for (size_t i = 0; i < 4 && resolve->row->addresses[i]; i++)
			if (!address_parse(resolve->row->addresses[i],
					   &result.addresses[result.count++]))
				bug("%s", resolve->row->addresses[i]);
	}
	timer_clear(&resolve->timer);
	mem_free(resolve);
	done(arg, &result);
}

static void on_turn(void *arg)
{
	struct resolve *resolve = arg;
	resolve->turn = NULL;
	answer(resolve);
}

static void on_timer(void *arg)
{
	answer(arg);
}

struct resolve *resolve_start(struct resolver *resolver, const char *name, int families,
			      int64_t deadline_ms, resolve_done_fn *done, void *arg)
{
	struct resolve *resolve = MEM_NEW(struct resolve);
	fake_asked++;
	fake_families = families;
	str_copy(fake_last, sizeof(fake_last), name);
	resolve->row = find(name);
	resolve->done = done;
	resolve->arg = arg;
	timer_init(&resolve->timer, resolver->loop, on_timer, resolve);
	int64_t after_ms = resolve->row && !resolve->row->silent ? resolve->row->after_ms : -1;
	resolve->late = after_ms < 0 || after_ms > deadline_ms;
	if (resolve->late)
		timer_set(&resolve->timer, deadline_ms);
	else if (after_ms > 0)
		timer_set(&resolve->timer, after_ms);
	else
		resolve->turn = loop_defer(resolver->loop, on_turn, resolve);
	return resolve;
}

void resolve_cancel(struct resolve *resolve)
{
	if (!resolve)
		return;
	deferred_cancel(resolve->turn);
	timer_clear(&resolve->timer);
	mem_free(resolve);
}
