/*
 * A gate: how many may be under way at once, and a token bucket for how many may begin in a
 * second. Tokens are counted in thousandths, so that a millisecond at N a second is exactly N
 * of them and nothing is lost by rounding.
 */
#include "lib/loop/gate.h"

#include "lib/base/clock.h"
#include "lib/base/err.h"

#define TOKEN INT64_C(1000)
#define RATE_MAX INT64_C(1000000000)

static int64_t burst_milli(const struct gate *gate)
{
	int64_t burst = gate->rate_per_s / 4;

	return (burst > 1 ? burst : 1) * TOKEN;
}

/* The fraction of a token on top lets nobody through, but if it were spilled, who looks now and
 * then would never see the whole rate. */
static int64_t full_milli(const struct gate *gate)
{
	return burst_milli(gate) + TOKEN - 1;
}

static void fill(struct gate *gate, int64_t mono_ms)
{
	int64_t elapsed = mono_ms - gate->filled_at_ms;

	if (gate->rate_per_s == 0 || elapsed <= 0)
		return;
	gate->filled_at_ms = mono_ms;
	/* However deep the debt, longer than this adds nothing that counts: no overflow. */
	if (elapsed > MS_DAY)
		elapsed = MS_DAY;
	gate->tokens_milli += elapsed * gate->rate_per_s;
	if (gate->tokens_milli > full_milli(gate))
		gate->tokens_milli = full_milli(gate);
}

void gate_init(struct gate *gate, int64_t inflight_max, int64_t rate_per_s, int64_t mono_ms)
{
	if (inflight_max < 0 || rate_per_s < 0)
		bug("a gate of %lld at once, %lld a second", (long long)inflight_max,
		    (long long)rate_per_s);
	if (rate_per_s > RATE_MAX)
		rate_per_s = RATE_MAX;
	*gate = (struct gate){
		.inflight_max = inflight_max, .rate_per_s = rate_per_s, .filled_at_ms = mono_ms};
	if (rate_per_s > 0)
		gate->tokens_milli = burst_milli(gate);
}

int64_t gate_room(struct gate *gate, int64_t want, int64_t mono_ms)
{
	int64_t room = want > 0 ? want : 0;

	fill(gate, mono_ms);
	if (gate->inflight_max > 0 && room > gate->inflight_max - gate->inflight)
		room = gate->inflight_max - gate->inflight;
	if (gate->rate_per_s > 0 && room > gate->tokens_milli / TOKEN)
		room = gate->tokens_milli / TOKEN;
	return room > 0 ? room : 0;
}

void gate_take(struct gate *gate, int64_t count)
{
	gate->inflight += count;
	if (gate->rate_per_s > 0)
		gate->tokens_milli -= count * TOKEN;
}

void gate_give(struct gate *gate, int64_t count)
{
	if (count > gate->inflight)
		bug("a gate was given %lld places, %lld were taken", (long long)count,
		    (long long)gate->inflight);
	gate->inflight -= count;
}

int64_t gate_wait_ms(struct gate *gate, int64_t mono_ms)
{
	int64_t lacking;

	fill(gate, mono_ms);
	if (gate->inflight_max > 0 && gate->inflight >= gate->inflight_max)
		return -1;
	if (gate->rate_per_s == 0 || gate->tokens_milli >= TOKEN)
		return 0;
	lacking = TOKEN - gate->tokens_milli;
	return (lacking + gate->rate_per_s - 1) / gate->rate_per_s;
}
