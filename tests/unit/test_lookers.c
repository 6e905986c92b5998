/*
 * lib/wire/lookers while roles behave: what looks bring, settings, reload, cancelling, files. The
 * test program is its own prober and reader.
 */
#include "lib/base/sys.h"
#include "tests/unit/lookers_bed.h"

#include <signal.h>

/* --- what looks bring --- */

static void a_look_brings_an_observation(void **state UNUSED)
{
	struct asked *one, *two, *refused;

	start(1, "A");
	assert_null(lookers_facts(f.lookers));
	assert_false(lookers_ready(f.lookers));
	one = ask("ok.test");
	two = ask("two.test");
	refused = ask("refused.test");
	assert_int_equal(lookers_inflight(f.lookers), 3);
	until(one);
	until(two);
	until(refused);
	is_ok(one);
	assert_int_equal(one->seen.at, NOW);
	assert_int_equal(two->seen.len, 2);
	assert_int_equal(two->certs_len, 3);
	assert_int_equal(outcome_of(refused), OUTCOME_REFUSED);
	assert_false(refused->seen.ours);
	assert_int_equal(lookers_inflight(f.lookers), 0);
	assert_true(lookers_ready(f.lookers));
	assert_int_equal(lookers_facts(f.lookers)->roots, 2);
	assert_int_equal(strlen(lookers_facts(f.lookers)->generation), 16);
}

static void many_looks_over_many_probers(void **state UNUSED)
{
	start(4, "A");
	for (int i = 0; i < ASKED_MAX; i++)
		ask("ok.test");
	for (size_t i = 0; i < ASKED_MAX; i++)
		until(&f.asked[i]);
	for (size_t i = 0; i < ASKED_MAX; i++)
		is_ok(&f.asked[i]);
	int32_t pids[32];

	assert_int_equal(lookers_pids(f.lookers, pids, ARRAY_LEN(pids)), 4);
}

static void same_is_what_was_known(void **state UNUSED)
{
	struct asked *first, *same;

	start(1, "A");
	first = ask("ok.test");
	until(first);
	same = ask_with("same.test", 30000, &first->seen, -1);
	until(same);
	assert_int_equal(outcome_of(same), OUTCOME_OK);
	assert_string_equal(same->seen.endpoints[0].cert.sha256,
			    first->seen.endpoints[0].cert.sha256);
	assert_int_equal(same->seen.endpoints[0].duration_ms, 7);
	assert_int_equal(same->certs_len, 0);
}

static void done_says_how(void **state UNUSED)
{
	struct asked *released, *ours, *nothing;

	start(1, "A");
	released = ask("released.test");
	ours = ask("ours.test");
	nothing = ask("nothing.test");
	until(released);
	until(ours);
	until(nothing);
	assert_true(released->released);
	is_ours(ours);
	assert_int_equal(ours->seen.families_skipped, 2);
	assert_string_equal(ours->seen.endpoints[0].error, "no route");
	is_ours(nothing);
}

static void a_warning_is_told_once(void **state UNUSED)
{
	start(3, ROLES_WARN);
	int32_t pids[3];

	until(ask("ok.test"));
	while (lookers_pids(f.lookers, pids, 3) < 3)
		loop_run(f.loop);
	until(ask("ok.test"));
	assert_int_equal(f.warnings, 1);
	assert_string_equal(f.detail, "the roots are stale");
}

/* The pool's ceilings are shared out, and no share is 0, which would be none. */
static void ceilings_are_shared(void **state UNUSED)
{
	struct lookers_config config = config_of(4, "A");
	int32_t pids[32];

	config.setup.concurrency = 10;
	start_with(&config);
	until_ready();
	assert_int_equal(lookers_facts(f.lookers)->resolvers, 3);
	lookers_free(f.lookers);
	config.setup.rate = 2;
	start_with(&config);
	until_ready();
	until(ask("ok.test"));
	assert_true(lookers_pids(f.lookers, pids, ARRAY_LEN(pids)) <= 2);
	assert_int_equal(lookers_facts(f.lookers)->resolvers, 5);
}

/* --- reload, cancel, end --- */

static void a_reload_drains(void **state UNUSED)
{
	struct lookers_config config = config_of(1, "B");
	struct asked *slow, *fresh;
	int32_t old, pids[2];

	start(1, "A");
	until_ready();
	old = a_pid();
	slow = ask("slow.test");
	loop_turn(f.loop);
	lookers_reload(f.lookers, &config);
	assert_false(lookers_ready(f.lookers));
	fresh = ask("ok.test");
	until(slow);
	until(fresh);
	is_ok(slow);
	is_ok(fresh);
	while (lookers_pids(f.lookers, pids, 2) != 1)
		loop_turn(f.loop);
	assert_int_not_equal(pids[0], old);
	assert_int_equal(f.infos, 1); /* other roots */
}

static void reload_upon_reload(void **state UNUSED)
{
	struct lookers_config config = config_of(3, "B");
	struct asked *asked;
	int32_t pids[32];

	start(2, "A");
	for (int i = 0; i < 5; i++) {
		lookers_reload(f.lookers, &config);
		loop_turn(f.loop);
	}
	asked = ask("ok.test");
	until(asked);
	is_ok(asked);
	while (lookers_pids(f.lookers, pids, ARRAY_LEN(pids)) != 3)
		loop_turn(f.loop);
}

static void cancelled_looks_are_silent(void **state UNUSED)
{
	struct asked *queued, *flying, *ended, *victim, *last;

	start(1, "A");
	queued = ask("ok.test");
	look_cancel(queued->look);
	until_ready();
	flying = ask("late.test");
	until_lines(1);
	look_cancel(flying->look); /* its answer comes all the same, and late */
	victim = ask("ok.test");
	last = ask("ok.test");
	last->cancels = victim;
	victim->cancels = last;
	while (!victim->done && !last->done)
		loop_run(f.loop);
	ended = ask("ok.test");
	look_cancel(ended->look);
	look_cancel(NULL);
	until(ask("ok.test"));
	assert_int_equal(victim->done + last->done, 1);
	assert_int_equal(queued->done + flying->done + ended->done, 0);
	assert_int_equal(lookers_inflight(f.lookers), 0);
}

static void the_end_is_silent(void **state UNUSED)
{
	start(2, "A");
	until_ready();
	struct asked *waits = ask("wait.test");
	struct asked *queued = ask_file("slow\n", 30000);

	ask("ok.test");
	until_lines(1);
	lookers_free(f.lookers);
	f.lookers = NULL;
	for (int i = 0; i < 10; i++)
		loop_turn(f.loop);
	assert_int_equal(waits->done + queued->done, 0);
	lookers_free(NULL);
}

/* From inside a completion, with others about to be told. */
static void on_done_free(void *arg, struct look_result *result UNUSED)
{
	int *count = arg;

	++*count;
	lookers_free(f.lookers);
	f.lookers = NULL;
	loop_stop(f.loop);
}

static void it_may_be_freed_inside(void **state UNUSED)
{
	struct look_request request = {.now = NOW, .deadline_ms = 30000, .file = -1};
	struct target target;
	int count = 0;

	start(1, "A");
	assert_true(target_parse(&target, "ok.test", "", NULL, NULL));
	request.target = &target;
	for (int i = 0; i < 20; i++)
		look_start(f.lookers, &request, on_done_free, &count);
	while (count == 0)
		loop_run(f.loop);
	for (int i = 0; i < 10; i++)
		loop_turn(f.loop);
	assert_int_equal(count, 1);
	target_finish(&target);
}

/* --- files --- */

static void files_are_read_one_at_a_time(void **state UNUSED)
{
	struct asked *one, *two, *slow, *none;

	start(1, "A");
	one = ask_file("member alpha\n", 30000);
	two = ask_file("member alpha\nmember beta\n", 30000);
	slow = ask_file("slow\n", 30000);
	none = ask_file("nothing\n", 30000);
	until(one);
	until(two);
	until(slow);
	until(none);
	assert_int_equal(one->members_len, 1);
	assert_string_equal(one->names, "alpha ");
	assert_string_equal(two->names, "alpha beta ");
	assert_true(one->one_chain);
	assert_int_equal(two->certs_len, 3);
	assert_int_equal(slow->members_len, 1);
	assert_int_equal(outcome_of(none), OUTCOME_FILE_ERROR);
	assert_false(none->seen.ours);
}

static void a_crashing_reader_is_blamed_on_its_file(void **state UNUSED)
{
	struct asked *bad, *after;

	f.deaths_expected = 1;
	start(1, "A");
	bad = ask_file("crash\n", 30000);
	after = ask_file("member alpha\n", 30000);
	until(bad);
	is_crash(bad);
	until(after);
	assert_string_equal(after->names, "alpha ");
}

/* The second try reads from the beginning, though the first has read all of it. */
static void a_file_is_read_anew(void **state UNUSED)
{
	struct asked *held;

	f.deaths_expected = 1;
	f.kill_signo = SIGKILL;
	start(1, "A");
	until_ready();
	held = ask_file("holdonce\n", 30000);
	until(held);
	assert_int_equal(held->members_len, 1);
	assert_false(held->crashed);
	/* The prober died too, without a look. */
	while (f.deaths < 2)
		loop_run(f.loop);
	f.deaths_expected = 2;
}

static void a_file_that_waits_too_long_is_released(void **state UNUSED)
{
	struct asked *slow, *late;

	start(1, "A");
	until(ask_file("member alpha\n", 30000));
	slow = ask_file("slow\n", 30000);
	late = ask_file("member alpha\n", 100);
	until(late);
	assert_true(late->released);
	assert_int_equal(slow->done, 0);
	until(slow);
}

static void a_reload_changes_the_reader(void **state UNUSED)
{
	struct lookers_config config = config_of(1, "B");
	struct asked *slow, *after;

	start(1, "A");
	slow = ask_file("slow\n", 30000);
	after = ask_file("member alpha\n", 30000);
	until_ready();
	lookers_reload(f.lookers, &config);
	until(slow);
	until(after);
	assert_string_equal(after->names, "alpha ");
	assert_int_equal(slow->members_len, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_look_brings_an_observation),
		TEST(many_looks_over_many_probers),
		TEST(same_is_what_was_known),
		TEST(done_says_how),
		TEST(a_warning_is_told_once),
		TEST(ceilings_are_shared),
		TEST(a_reload_drains),
		TEST(reload_upon_reload),
		TEST(cancelled_looks_are_silent),
		TEST(the_end_is_silent),
		TEST(it_may_be_freed_inside),
		TEST(files_are_read_one_at_a_time),
		TEST(a_crashing_reader_is_blamed_on_its_file),
		TEST(a_file_is_read_anew),
		TEST(a_file_that_waits_too_long_is_released),
		TEST(a_reload_changes_the_reader),
	};
	const char *role = role_wanted(argc, argv);

	if (role)
		return roles_play(role);
	return cmocka_run_group_tests_name("wire/lookers", tests, NULL, NULL);
}
