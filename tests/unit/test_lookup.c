/*
 * Whose failure a lookup without addresses is: by table over a scripted resolver. The costly
 * mistake is blaming every name while the resolver is away; its cache must not be taken for its
 * life.
 */
#include "lib/base/sys.h"
#include "tests/unit/fake_resolve.h"
#include "tests/unit/peers.h"

#include "lib/base/clock.h"
#include "probes/lookup.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	struct loop *loop;
	struct resolver *resolver;
	struct lookups *lookups;
};

struct seen {
	struct fixture *fixture;
	int calls;
	bool done;
	bool ours;
	char error[256];
	size_t count;
	struct lookup *cancels; /* another one, from inside this one's completion */
};

static void begin(struct fixture *fixture, const struct fake_name *names)
{
	fake_names = names;
	fake_asked = fake_canaries = 0;
	fixture->loop = loop_new();
	fixture->resolver = resolver_new(fixture->loop, NULL, NULL);
	fixture->lookups = lookups_new(fixture->loop, fixture->resolver);
}

static void end(struct fixture *fixture)
{
	lookups_free(fixture->lookups);
	resolver_free(fixture->resolver);
	loop_free(fixture->loop);
}

static void on_done(void *arg, const struct lookup_result *result)
{
	struct seen *seen = arg;
	seen->calls++;
	seen->done = true;
	seen->ours = result->ours;
	seen->count = result->count;
	snprintf(seen->error, sizeof(seen->error), "%s", result->error ? result->error : "");
	lookup_cancel(seen->cancels);
	loop_stop(seen->fixture->loop);
}

static struct lookup *look_up(struct fixture *fixture, const char *name, int64_t deadline_ms,
			      struct seen *seen)
{
	*seen = (struct seen){.fixture = fixture};
	return lookup_start(fixture->lookups, name, RESOLVE_V4 | RESOLVE_V6, deadline_ms, on_done,
			    seen);
}

static void test_words(void **state)
{
	(void)state;
	static const struct fake_name names[] = {
		{.name = "good.test", .addresses = {"192.0.2.1", "2001:db8::1"}},
		{.name = "none.test", .status = RESOLVE_NO_NAME},
		{.name = "empty.test", .status = RESOLVE_NO_ADDRESS},
		{.name = "liar.test", .status = RESOLVE_OK},
		{.name = "bogus.test", .status = RESOLVE_BOGUS},
		{.name = "servfail.test", .status = RESOLVE_SERVFAIL, .after_ms = 5},
		{.name = "silent.test", .silent = true},
		{.name = "nowhere.test", .status = RESOLVE_NO_RESOLVER},
		{.name = "canary", .status = RESOLVE_NO_NAME, .after_ms = 5},
		{.name = NULL},
	};
	static const struct {
		const char *name, *error;
		bool ours;
	} rows[] = {
		{"good.test", "", false},
		{"none.test", "no such name", false},
		{"empty.test", "no address", false},
		{"liar.test", "no address", false},
		{"bogus.test", "validation failed: detail", false},
		{"servfail.test", "resolver: SERVFAIL", false},
		{"silent.test", "resolve: no answer in time", false},
		{"nowhere.test", "no resolver is configured", true},
	};
	struct fixture fixture;
	begin(&fixture, names);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct seen seen;
		look_up(&fixture, rows[i].name, 200, &seen);
		assert_false(seen.done);
		run_until(fixture.loop, &seen.done);
		assert_string_equal(seen.error, rows[i].error);
		assert_int_equal(seen.ours, rows[i].ours);
		assert_int_equal(seen.count, i == 0 ? 2 : 0);
		assert_int_equal(seen.calls, 1);
	}
	assert_int_equal(fake_canaries, 2); /* for SERVFAIL and silence only */
	end(&fixture);
}

static void test_resolver_away(void **state)
{
	(void)state;
	static const struct fake_name names[] = {
		{.name = "servfail.test", .status = RESOLVE_SERVFAIL},
		{.name = "canary", .silent = true},
		{.name = "*", .silent = true},
		{.name = NULL},
	};
	static const char *const errors[] = {
		"resolver: SERVFAIL (the resolver does not answer)",
		"resolve: no answer in time (the resolver does not answer)",
	};
	struct fixture fixture;
	begin(&fixture, names);
	for (int i = 0; i < 2; i++) {
		struct seen seen;
		int64_t started = clock_mono_ms();
		look_up(&fixture, i == 0 ? "servfail.test" : "silent.test", 200, &seen);
		run_until(fixture.loop, &seen.done);
		assert_string_equal(seen.error, errors[i]);
		assert_true(seen.ours);
		/* The verdict is in time too. */
		assert_in_range(clock_mono_ms() - started, 40, 260);
	}
	end(&fixture);
}

/* A canary that gets SERVFAIL has met a resolver that cannot resolve: no sign of life. */
static void test_canary_servfail(void **state)
{
	(void)state;
	static const struct fake_name names[] = {
		{.name = "*", .status = RESOLVE_SERVFAIL, .after_ms = 2},
		{.name = NULL},
	};
	struct fixture fixture;
	struct seen seen;
	begin(&fixture, names);
	look_up(&fixture, "servfail.test", 200, &seen);
	run_until(fixture.loop, &seen.done);
	assert_true(seen.ours);
	end(&fixture);
}

static const struct fake_name neighbours[] = {
	{.name = "cached.test", .addresses = {"192.0.2.1"}},
	{.name = "asked.test", .addresses = {"192.0.2.1"}, .after_ms = 20},
	{.name = "canary", .silent = true},
	{.name = "*", .silent = true},
	{.name = NULL},
};

static void beside(const char *name, bool ours, size_t canaries)
{
	struct fixture fixture;
	struct seen silent, other;
	begin(&fixture, neighbours);
	look_up(&fixture, "silent.test", 200, &silent);
	look_up(&fixture, name, 200, &other);
	run_until(fixture.loop, &other.done);
	assert_int_equal(other.count, 1);
	run_until(fixture.loop, &silent.done);
	assert_int_equal(silent.ours, ours);
	assert_int_equal(fake_canaries, canaries);
	end(&fixture);
}

static void test_neighbours(void **state)
{
	(void)state;
	beside("asked.test", false, 0); /* the network answered meanwhile: no question needed */
	beside("cached.test", true, 1); /* the cache did: that proves nothing */
}

static void test_one_canary_for_all(void **state)
{
	(void)state;
	struct fixture fixture;
	struct seen seen[8];
	begin(&fixture, neighbours);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		look_up(&fixture, "silent.test", 200, &seen[i]);
	for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
		run_until(fixture.loop, &seen[i].done);
		assert_true(seen[i].ours);
	}
	assert_int_equal(fake_canaries, 1);
	end(&fixture);
}

static void test_cancel(void **state)
{
	(void)state;
	struct fixture fixture;
	struct seen seen, first, second;
	begin(&fixture, neighbours);
	lookup_cancel(NULL);
	lookup_cancel(look_up(&fixture, "silent.test", 100, &seen)); /* before its first step */
	struct lookup *lookup = look_up(&fixture, "silent.test", 100, &seen);
	loop_turn(fixture.loop);
	loop_turn(fixture.loop);
	lookup_cancel(lookup); /* resolving */
	lookup = look_up(&fixture, "silent.test", 100, &seen);
	while (fake_canaries == 0)
		loop_turn(fixture.loop);
	lookup_cancel(lookup); /* waiting for the canary */
	assert_int_equal(seen.calls, 0);
	/* A completion cancels the next one that waits for the same canary. */
	look_up(&fixture, "silent.test", 100, &first);
	first.cancels = look_up(&fixture, "silent.test", 100, &second);
	run_until(fixture.loop, &first.done);
	assert_int_equal(second.calls, 0);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_resolver_away),
		cmocka_unit_test(test_canary_servfail),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_one_canary_for_all),
		cmocka_unit_test(test_cancel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
