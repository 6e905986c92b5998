/*
 * When a target is looked at next, and why: the earliest of refresh or retry, next threshold and
 * next repeat. Every number that is drawn comes in as random bits, so that a test and `explain`
 * see what the keeper sees. Called after a look's findings and alerts were worked out.
 */
#include "lib/rules/due.h"

#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/rules/judge.h"

#define REFRESH_FLOOR (15 * MS_MINUTE)
#define REST_FLOOR (15 * MS_MINUTE)
#define REST_PAST (24 * MS_HOUR) /* when nothing is left of the certificate */
#define CONFIRM (10 * MS_SECOND)
#define HELD_MIN (5 * MS_MINUTE)
#define HELD_MAX (9 * MS_MINUTE + 30 * MS_SECOND)
/* A partly reachable name: looks at 0, 1 and 5 minutes, as the retries of one that is not. */
#define PARTIAL_FIRST MS_MINUTE
#define PARTIAL_LATER (4 * MS_MINUTE)
#define PARTIAL_ALL (5 * MS_MINUTE)
/* A repeat that should have been told and was not is no reason to look again and again. */
#define STALE_REPEAT MS_MINUTE

/* Evenly from min..max, both included. */
static int64_t between(int64_t min, int64_t max, uint64_t draw)
{
	return max <= min ? min : min + (int64_t)(draw % ((uint64_t)(max - min) + 1));
}

static int64_t plus(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

void refresh_band(const struct policy *policy, int64_t lifetime_ms, int64_t *min_ms,
		  int64_t *max_ms)
{
	int64_t cap = lifetime_ms / 12;

	*min_ms = policy->refresh_min_ms;
	*max_ms = policy->refresh_max_ms;
	if (lifetime_ms > 0 && *max_ms > cap) {
		/* Still a band, so that short-lived ones do not bunch either. */
		*max_ms = cap;
		*min_ms = *min_ms < cap / 2 ? *min_ms : cap / 2;
	}
	if (*min_ms < REFRESH_FLOOR)
		*min_ms = REFRESH_FLOOR;
	if (*max_ms < *min_ms)
		*max_ms = *min_ms;
}

int64_t first_look_delay(size_t i, size_t n, int64_t rate_per_s, uint64_t draw)
{
	uint64_t slot_us, start_us;

	if (n <= 1 || rate_per_s <= 0)
		return 0;
	/* One slot each, and a draw inside it: no second holds more than its rate. */
	slot_us = rate_per_s >= 1000000 ? 1 : 1000000 / (uint64_t)rate_per_s;
	start_us = (uint64_t)i * slot_us;
	return (int64_t)((start_us + draw % slot_us) / 1000);
}

/* The shortest lifetime of the leaves seen; 0 when none is known. */
static int64_t shortest_lifetime(const struct observation *look)
{
	int64_t shortest = 0;

	for (size_t i = 0; i < look->len; i++) {
		const struct cert *cert = &look->endpoints[i].cert;
		int64_t ms;

		if (!look->endpoints[i].has_cert || cert->not_before == TIME_UNKNOWN ||
		    cert->not_after == TIME_UNKNOWN ||
		    __builtin_sub_overflow(cert->not_after, cert->not_before, &ms) || ms <= 0)
			continue;
		if (shortest == 0 || ms < shortest)
			shortest = ms;
	}
	return shortest;
}

/* The next crossing of any leaf seen, or INT64_MAX. */
static int64_t next_threshold(const struct record *record, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; record->has_look && i < record->look.len; i++) {
		const struct endpoint *endpoint = &record->look.endpoints[i];
		int64_t at;

		if (!endpoint->has_cert)
			continue;
		at = threshold_next(&record->target.policy, endpoint->cert.not_before,
				    endpoint->cert.not_after, now);
		if (at < next)
			next = at;
	}
	return next;
}

/* A week, or a quarter of the life that is left; so many failures say little on the last day. */
static int64_t rest_length(const struct record *record, int64_t now)
{
	const struct endpoint *oldest = record->has_look ? observation_oldest(&record->look) : NULL;
	int64_t rest = record->target.policy.retry_rest_ms, cap;

	if (!oldest)
		return rest;
	cap = oldest->cert.not_after > now ? (oldest->cert.not_after - now) / 4 : REST_PAST;
	if (cap < REST_FLOOR)
		cap = REST_FLOOR;
	return rest < cap ? rest : cap;
}

static void set_next(struct schedule *out, int64_t at, const char *reason)
{
	out->next_at = at;
	str_copy(out->reason, sizeof(out->reason), reason);
}

static void not_later(struct schedule *out, int64_t at, const char *reason)
{
	if (at < out->next_at)
		set_next(out, at, reason);
}

/* first * factor^(attempts - 1), and up to a tenth more: never less, the confirming looks count on
 * it. */
static int64_t retry_delay(const struct policy *policy, int attempts, uint64_t draw)
{
	int64_t delay = policy->retry_first_ms;

	for (int i = 1; i < attempts && delay < MS_WEEK; i++)
		delay *= policy->retry_factor;
	return plus(delay, between(0, delay / 10, draw));
}

static void after_failure(const struct due_input *in, struct schedule *out)
{
	const struct policy *policy = &in->record->target.policy;
	int64_t threshold = next_threshold(in->record, in->now);

	if (out->first_failed_at == TIME_UNKNOWN)
		out->first_failed_at = in->now;
	/* An early look (asked for, or for a repeat) does not break the rest. */
	if (out->rest_until != TIME_UNKNOWN && in->now < out->rest_until) {
		set_next(out, out->rest_until, "rest");
		return;
	}
	if (out->rest_until != TIME_UNKNOWN || out->attempts >= policy->retry_attempts)
		out->attempts = 0;
	out->rest_until = TIME_UNKNOWN;
	out->attempts++;
	if (out->attempts < policy->retry_attempts) {
		set_next(out, plus(in->now, retry_delay(policy, out->attempts, in->draw)), "retry");
		not_later(out, threshold, "threshold");
		return;
	}
	out->rest_until = plus(in->now, rest_length(in->record, in->now));
	if (threshold < out->rest_until)
		out->rest_until = threshold;
	set_next(out, out->rest_until, "rest");
}

/* out->first_failed_at counts from the first look at which only some addresses answered. */
static void confirm_partial(const struct due_input *in, struct schedule *out)
{
	int64_t since = out->first_failed_at, wait = PARTIAL_LATER;

	if (since == TIME_UNKNOWN) {
		out->first_failed_at = in->now;
		wait = PARTIAL_FIRST;
	} else if (in->now - since < PARTIAL_ALL) {
		wait = since + PARTIAL_ALL - in->now;
	}
	not_later(out, in->now + wait, "confirm");
}

static void after_success(const struct due_input *in, struct schedule *out)
{
	int64_t min_ms, max_ms;

	out->attempts = 0;
	out->rest_until = TIME_UNKNOWN;
	refresh_band(&in->record->target.policy,
		     in->record->has_look ? shortest_lifetime(&in->record->look) : 0, &min_ms,
		     &max_ms);
	set_next(out, plus(in->now, between(min_ms, max_ms, in->draw)), "refresh");
	not_later(out, next_threshold(in->record, in->now), "threshold");
	if (in->pending_unreachable)
		confirm_partial(in, out);
	else
		out->first_failed_at = TIME_UNKNOWN;
	if (in->pending_confirm)
		not_later(out, in->now + CONFIRM, "confirm");
}

void due_next(const struct due_input *in, struct schedule *out)
{
	int64_t repeat = in->next_repeat;

	*out = in->record->schedule;
	if (in->ours) {
		set_next(out, in->now + between(HELD_MIN, HELD_MAX, in->draw), "held");
	} else {
		if (in->failed)
			after_failure(in, out);
		else
			after_success(in, out);
		if (repeat <= in->now)
			repeat = in->now + STALE_REPEAT;
		not_later(out, repeat, "repeat");
	}
	if (in->clock_hold)
		not_later(out, in->now + CONFIRM, "confirm");
	if (out->next_at <= in->now)
		out->next_at = in->now + MS_SECOND;
}
