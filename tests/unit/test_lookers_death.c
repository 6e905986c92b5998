/*
 * lib/wire/lookers when roles do not behave: who is blamed for a death and who is not, what becomes
 * of the neighbours, and that a pool without any role still answers.
 */
#include "lib/base/sys.h"
#include "tests/unit/lookers_bed.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"

#include <signal.h>

static void with_neighbours(const char *culprit, void (*judge)(const struct asked *))
{
	struct asked *before[3], *bad, *after[3];

	start(1, "A");
	until_ready();
	for (int i = 0; i < 3; i++)
		before[i] = ask("waitonce.test");
	bad = ask(culprit);
	for (int i = 0; i < 3; i++)
		after[i] = ask("ok.test");
	until(bad);
	judge(bad);
	for (int i = 0; i < 3; i++) {
		until(before[i]);
		until(after[i]);
		is_ok(after[i]);
	}
	/* The first of these waits for ever, the others are none of the culprit's business. */
	is_ok(before[1]);
	is_ok(before[0]);
}

static void a_crash_is_blamed_on_its_target(void **state UNUSED)
{
	f.deaths_expected = 1;
	with_neighbours("crash.test", is_crash);
	assert_non_null(strstr(f.detail, "signal 6"));
	assert_non_null(strstr(f.detail, "crash.test"));
}

static void a_failure_status_is_blamed(void **state UNUSED)
{
	f.deaths_expected = 1;
	with_neighbours("exit.test", is_crash);
	assert_non_null(strstr(f.detail, "status 3"));
}

static void leaving_honestly_blames_nobody(void **state UNUSED)
{
	/* It quits at each try, and is ours to explain after three. */
	f.deaths_expected = 3;
	start(1, "A");
	struct asked *quit = ask("quit.test");

	until(quit);
	is_ours(quit);
}

static void a_false_name_blames_nobody(void **state UNUSED)
{
	f.deaths_expected = 3;
	start(1, "A");
	struct asked *framer = ask("framer.test");

	until(framer);
	is_ours(framer);
}

static void broken_frames_blame_nobody(void **state UNUSED)
{
	static const char *const hosts[] = {"garbage.test", "unparsed.test", "wrongway.test",
					    "future.test"};

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct asked *bad;

		f.deaths_expected += 3;
		start(1, "A");
		bad = ask(hosts[i]);
		until(bad);
		is_ours(bad);
		assert_non_null(strstr(f.detail, "broke the rules"));
		lookers_free(f.lookers);
		f.lookers = NULL;
	}
}

static void a_lie_is_ours_at_once(void **state UNUSED)
{
	f.deaths_expected = 1;
	with_neighbours("lie.test", is_ours);
	assert_non_null(strstr(f.detail, "digest"));
}

static void a_flood_of_results_is_ours(void **state UNUSED)
{
	f.deaths_expected = 1;
	with_neighbours("flood.test", is_ours);
}

static void same_as_nothing_is_ours(void **state UNUSED)
{
	f.deaths_expected = 1;
	with_neighbours("same.test", is_ours);
}

static void chatter_is_bounded(void **state UNUSED)
{
	struct asked *chatter;

	log_set_level(LOG_LEVEL_INFO);
	start(1, "A");
	chatter = ask("chatter.test");
	until(chatter);
	is_ok(chatter);
	assert_in_range(f.lines, 1, 600);
}

/* Killed from outside while the page names it: tried once more, alone, and well. */
static void a_kill_invents_no_crash(void **state UNUSED)
{
	struct asked *held, *neighbour;

	f.deaths_expected = 1;
	f.kill_signo = SIGKILL;
	start(1, "A");
	neighbour = ask("ok.test");
	until(neighbour);
	held = ask("holdonce.test");
	neighbour = ask("ok.test");
	until(held);
	is_ok(held);
	until(neighbour);
	is_ok(neighbour);
	assert_non_null(strstr(f.detail, "signal 9"));
}

static void two_kills_are_no_accident(void **state UNUSED)
{
	struct asked *held;

	f.deaths_expected = 2;
	f.kill_signo = SIGKILL;
	start(1, "A");
	held = ask("hold.test");
	until(held);
	is_crash(held);
}

static void while_nobody_is_named_nobody_is_blamed(void **state UNUSED)
{
	struct asked *waits, *other;

	f.deaths_expected = 1;
	f.kill_signo = SIGTERM;
	start(1, "A");
	until_ready();
	waits = ask("waitonce.test");
	other = ask("ok.test");
	until(waits);
	until(other);
	is_ok(waits);
	is_ok(other);
}

static void an_idle_role_that_is_killed_comes_back(void **state UNUSED)
{
	struct asked *after;
	int32_t pid;

	f.deaths_expected = 1;
	start(1, "A");
	until(ask("ok.test"));
	pid = a_pid();
	kill(pid, SIGKILL);
	while (f.deaths == 0)
		loop_run(f.loop);
	assert_int_equal(a_pid(), 0);
	after = ask("ok.test");
	until(after);
	is_ok(after);
	assert_int_not_equal(a_pid(), pid);
}

/* A look with a short time ends as crashed too: its role is given the time to be found out. */
static void a_stall_is_blamed_on_its_target(void **state UNUSED)
{
	struct asked *spin, *after;

	f.deaths_expected = 1;
	start(1, "A");
	until_ready();
	spin = ask_with("spin.test", 1000, NULL, -1);
	after = ask("ok.test");
	until(spin);
	is_crash(spin);
	until(after);
	is_ok(after);
	assert_non_null(strstr(f.detail, "stood still"));
}

static void a_lost_look_is_ours(void **state UNUSED)
{
	struct asked *lost, *waits;
	int64_t before = clock_mono_ms();

	f.deaths_expected = 1;
	start(1, "A");
	until_ready();
	waits = ask("waitonce.test");
	lost = ask_with("lost.test", 500, NULL, -1);
	until(lost);
	is_ours(lost);
	assert_true(clock_mono_ms() - before >= 2500);
	until(waits);
	is_ok(waits);
	assert_non_null(strstr(f.detail, "deadline"));
}

/* --- no role --- */

static void a_role_that_does_not_start_is_ours(void **state UNUSED)
{
	static const char *const ways[] = {ROLES_EXIT, ROLES_GARBAGE};

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		int64_t before = clock_mono_ms();
		struct asked *asked;

		f.deaths = 0;
		start(1, ways[i]);
		while (f.deaths < 3)
			loop_run(f.loop);
		/* The back-off doubles: a storm of starts would take none of this time. */
		assert_true(clock_mono_ms() - before >= 100 + 200);
		asked = ask_with("ok.test", 200, NULL, -1);
		until(asked);
		is_ours(asked);
		assert_false(asked->released);
		assert_false(lookers_ready(f.lookers));
		lookers_free(f.lookers);
		f.lookers = NULL;
	}
	f.deaths_expected = f.deaths;
}

static void a_silent_role_holds_nobody(void **state UNUSED)
{
	struct asked *asked;

	start(1, ROLES_SILENT);
	asked = ask_with("ok.test", 400, NULL, -1);
	until(asked);
	is_ours(asked);
	assert_string_equal(asked->seen.endpoints[0].error, "could not be started in time");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_crash_is_blamed_on_its_target),
		TEST(a_failure_status_is_blamed),
		TEST(leaving_honestly_blames_nobody),
		TEST(a_false_name_blames_nobody),
		TEST(broken_frames_blame_nobody),
		TEST(a_lie_is_ours_at_once),
		TEST(a_flood_of_results_is_ours),
		TEST(same_as_nothing_is_ours),
		TEST(chatter_is_bounded),
		TEST(a_kill_invents_no_crash),
		TEST(two_kills_are_no_accident),
		TEST(while_nobody_is_named_nobody_is_blamed),
		TEST(an_idle_role_that_is_killed_comes_back),
		TEST(a_stall_is_blamed_on_its_target),
		TEST(a_lost_look_is_ours),
		TEST(a_role_that_does_not_start_is_ours),
		TEST(a_silent_role_holds_nobody),
	};
	const char *role = role_wanted(argc, argv);

	if (role)
		return roles_play(role);
	return cmocka_run_group_tests_name("wire/lookers death", tests, NULL, NULL);
}
