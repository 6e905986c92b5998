/*
 * See pass.h. Who asks stands behind his address first (PASS_BEHIND) when it is full, then in the
 * one queue of the overall gate (PASS_READY), where he already counts for his address, so that a
 * grant is decided by the head of one queue alone and costs the same however many wait.
 */
#include "lib/base/sys.h"
#include "probes/pass.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/loop/timer.h"

#include <uthash.h>
#include <utlist.h>

#define HOST_KEY_LEN 24

struct pass_host {
	uint8_t key[HOST_KEY_LEN];
	int64_t holders; /* ready and granted */
	struct pass *behind;
	UT_hash_handle hh;
};

struct passes {
	struct loop *loop;
	struct gate gate;
	int64_t per_address;
	struct pass_host *hosts;
	struct pass *ready;
	struct deferred *turn;
	struct timer refill;
};

static void host_key(const struct address *address, uint8_t key[HOST_KEY_LEN])
{
	memset(key, 0, HOST_KEY_LEN);
	if (address->sa.sa_family == AF_INET6) {
		memcpy(key, &address->v6.sin6_addr, 16);
		memcpy(key + 16, &address->v6.sin6_scope_id, 4);
		key[20] = 6;
	} else {
		memcpy(key, &address->v4.sin_addr, 4);
		key[20] = 4;
	}
}

static void serve(void *arg)
{
	struct passes *passes = arg;
	int64_t now = clock_mono_ms();

	passes->turn = NULL;
	while (passes->ready && gate_room(&passes->gate, 1, now) > 0) {
		struct pass *pass = passes->ready;
		DL_DELETE(passes->ready, pass);
		pass->state = PASS_GRANTED;
		gate_take(&passes->gate, 1);
		/* May end this pass, ask for others, free its owner. */
		pass->granted(pass->arg);
	}
	if (!passes->ready)
		return;
	int64_t wait_ms = gate_wait_ms(&passes->gate, now);
	if (wait_ms >= 0)
		timer_set(&passes->refill, wait_ms > 0 ? wait_ms : 1);
}

static void serve_soon(struct passes *passes)
{
	if (!passes->turn)
		passes->turn = loop_defer(passes->loop, serve, passes);
}

struct passes *passes_new(struct loop *loop, const struct passes_config *config)
{
	struct passes *passes = MEM_NEW(struct passes);
	passes->loop = loop;
	passes->per_address = config->per_address;
	gate_init(&passes->gate, config->concurrency, config->rate, clock_mono_ms());
	timer_init(&passes->refill, loop, serve, passes);
	return passes;
}

void passes_free(struct passes *passes)
{
	if (!passes)
		return;
	if (passes->hosts)
		bug("passes are freed while one is held");
	deferred_cancel(passes->turn);
	timer_clear(&passes->refill);
	mem_free(passes);
}

static struct pass_host *host_of(struct passes *passes, const struct address *address)
{
	uint8_t key[HOST_KEY_LEN];
	struct pass_host *host = NULL;

	host_key(address, key);
	HASH_FIND(hh, passes->hosts, key, HOST_KEY_LEN, host);
	if (!host) {
		host = MEM_NEW(struct pass_host);
		memcpy(host->key, key, HOST_KEY_LEN);
		HASH_ADD(hh, passes->hosts, key, HOST_KEY_LEN, host);
	}
	return host;
}

static void make_ready(struct pass *pass)
{
	struct passes *passes = pass->passes;
	pass->state = PASS_READY;
	pass->host->holders++;
	DL_APPEND(passes->ready, pass);
	serve_soon(passes);
}

void pass_ask(struct pass *pass, struct passes *passes, const struct address *address,
	      pass_fn *granted, void *arg)
{
	if (pass->state != PASS_NONE)
		bug("a pass is asked for twice");
	pass->passes = passes;
	pass->host = host_of(passes, address);
	pass->granted = granted;
	pass->arg = arg;
	if (passes->per_address == 0 || pass->host->holders < passes->per_address) {
		make_ready(pass);
		return;
	}
	pass->state = PASS_BEHIND;
	DL_APPEND(pass->host->behind, pass);
}

/* The next one behind this address moves up; the last one to leave closes the door. */
static void host_leave(struct passes *passes, struct pass_host *host)
{
	host->holders--;
	if (host->behind) {
		struct pass *next = host->behind;
		DL_DELETE(host->behind, next);
		make_ready(next);
	} else if (host->holders == 0) {
		HASH_DEL(passes->hosts, host);
		mem_free(host);
	}
}

void pass_end(struct pass *pass)
{
	struct passes *passes = pass->passes;
	enum pass_state state = pass->state;

	pass->state = PASS_NONE;
	switch (state) {
	case PASS_NONE:
		return;
	case PASS_BEHIND:
		/* Its address has holders, or it would not stand behind them: the host stays. */
		DL_DELETE(pass->host->behind, pass);
		return;
	case PASS_READY:
		DL_DELETE(passes->ready, pass);
		host_leave(passes, pass->host);
		return;
	case PASS_GRANTED:
		gate_give(&passes->gate, 1);
		host_leave(passes, pass->host);
		if (passes->ready)
			serve_soon(passes);
		return;
	}
}
