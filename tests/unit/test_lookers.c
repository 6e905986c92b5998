/*
 * lib/wire/lookers with roles that play parts (roles.c): what looks bring, whom a death is blamed
 * on and whom not, and that nothing is left behind. The test program is its own prober and reader.
 */
#include "lib/base/sys.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/wire/lookers.h"
#include "lib/wire/role.h"
#include "tests/unit/descriptors.h"
#include "tests/unit/roles.h"
#include "tests/unit/sample.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define ASKED_MAX 200

/* One look and what became of it. */
struct asked {
	struct look *look;
	int done;
	bool released, crashed, one_chain;
	struct observation seen;
	size_t certs_len, members_len;
	char first_sha256[65];
	char names[200]; /* of the members, each with a blank behind */
	struct asked *cancels;
};

static struct {
	struct loop *loop;
	struct lookers *lookers;
	struct timer guard;
	char memory[200];
	struct asked asked[ASKED_MAX];
	size_t asked_len;
	int deaths, deaths_expected, infos, warnings;
	char detail[1500]; /* of the last note */
	size_t lines;
	int kill_signo; /* sent to all roles at each line "holding" or "waiting" */
	int fds_before;
	bool inside; /* look_start runs */
} f;

static void on_guard(void *arg UNUSED)
{
	fail_msg("nothing came of it in time; last note: %s", f.detail);
}

static void on_note(void *arg, enum lookers_level level, const char *phrase UNUSED,
		    const char *detail)
{
	assert_ptr_equal(arg, &f);
	str_copy(f.detail, sizeof(f.detail), detail);
	f.deaths += level == LOOKERS_ERROR;
	f.warnings += level == LOOKERS_WARN;
	f.infos += level == LOOKERS_INFO;
	loop_stop(f.loop);
}

static int32_t a_pid(void)
{
	int32_t pids[32];

	return lookers_pids(f.lookers, pids, ARRAY_LEN(pids)) > 0 ? pids[0] : 0;
}

static void kill_all(int signo)
{
	int32_t pids[32];
	size_t count = lookers_pids(f.lookers, pids, ARRAY_LEN(pids));

	for (size_t i = 0; i < count; i++)
		kill(pids[i], signo);
}

static void on_log(void *arg UNUSED, enum log_level level UNUSED, const char *line)
{
	f.lines++;
	if (f.kill_signo && (strstr(line, "holding") || strstr(line, "waiting")))
		kill_all(f.kill_signo);
	if (f.loop)
		loop_stop(f.loop);
}

static int set_up(void **state UNUSED)
{
	const char *tmp = getenv("TMPDIR");

	memset(&f, 0, sizeof(f));
	snprintf(f.memory, sizeof(f.memory), "%s/lookers.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(f.memory))
		return -1;
	log_set_sink(on_log, NULL);
	f.fds_before = descriptors_open();
	f.loop = loop_new();
	timer_init(&f.guard, f.loop, on_guard, NULL);
	timer_set(&f.guard, 60000);
	return 0;
}

static void memory_remove(void)
{
	static const char *const names[] = {"crashonce", "holdonce", "waitonce"};
	char path[300];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", f.memory, names[i]);
		unlink(path);
	}
	rmdir(f.memory);
}

static int tear_down(void **state UNUSED)
{
	lookers_free(f.lookers);
	timer_clear(&f.guard);
	loop_free(f.loop);
	f.loop = NULL;
	log_set_sink(NULL, NULL);
	for (size_t i = 0; i < f.asked_len; i++)
		observation_finish(&f.asked[i].seen);
	memory_remove();
	assert_int_equal(f.deaths, f.deaths_expected);
	/* What was killed may still be dying; what was not would keep us here. */
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	assert_int_equal(errno, ECHILD);
	assert_int_equal(descriptors_open(), f.fds_before);
	return 0;
}

static struct lookers_config config_of(size_t probers, const char *roots)
{
	return (struct lookers_config){
		.probers = probers,
		.setup =
			{
				.roots = (char *)(uintptr_t)roots,
				.hosts_file = f.memory,
				.log_level = LOG_LEVEL_INFO,
			},
	};
}

static void start(size_t probers, const char *roots)
{
	struct lookers_config config = config_of(probers, roots);

	f.lookers = lookers_new(f.loop, &config, on_note, &f);
}

/* --- asking --- */

static void on_done(void *arg, struct look_result *result)
{
	struct asked *asked = arg;

	assert_false(f.inside);
	assert_int_equal(asked->done, 0);
	asked->look = NULL;
	asked->done++;
	asked->released = result->released;
	asked->crashed = result->crashed;
	asked->one_chain = result->one_chain;
	asked->certs_len = result->certs_len;
	asked->members_len = result->members_len;
	assert_true(result->observation.len > 0);
	for (size_t i = 0; i < result->certs_len; i++) {
		char sha256[65];

		digest_sha256_hex(result->certs[i].der, result->certs[i].len, sha256);
		assert_string_equal(sha256, result->certs[i].sha256);
	}
	for (size_t i = 0; i < result->members_len && i < 10; i++) {
		size_t len = strlen(asked->names);

		snprintf(asked->names + len, sizeof(asked->names) - len, "%s ",
			 result->members[i].name);
	}
	asked->seen = result->observation;
	memset(&result->observation, 0, sizeof(result->observation));
	if (asked->cancels) {
		look_cancel(asked->cancels->look);
		asked->cancels->look = NULL;
	}
	loop_stop(f.loop);
}

static struct asked *ask_with(const char *host, int64_t deadline_ms,
			      const struct observation *known, int file)
{
	struct asked *asked = &f.asked[f.asked_len++];
	struct look_request request = {
		.now = NOW,
		.deadline_ms = deadline_ms,
		.all_addresses = true,
		.known = known,
		.file = file,
	};
	struct target target;

	assert_true(f.asked_len <= ASKED_MAX);
	assert_true(target_parse(&target, host, "", NULL, NULL));
	request.target = &target;
	f.inside = true;
	asked->look = look_start(f.lookers, &request, on_done, asked);
	f.inside = false;
	target_finish(&target);
	return asked;
}

static struct asked *ask(const char *host)
{
	return ask_with(host, 30000, NULL, -1);
}

static struct asked *ask_file(const char *content, int64_t deadline_ms)
{
	char path[] = "/tmp/lookers-file.XXXXXX";
	int fd = mkstemp(path);
	struct asked *asked;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	lseek(fd, 0, SEEK_SET);
	asked = ask_with("file:///x.pem", deadline_ms, NULL, fd);
	close(fd);
	return asked;
}

static void until(const struct asked *asked)
{
	while (!asked->done)
		loop_run(f.loop);
}

static void until_ready(void)
{
	while (!lookers_ready(f.lookers))
		loop_turn(f.loop);
}

static void until_lines(size_t lines)
{
	while (f.lines < lines)
		loop_run(f.loop);
}

static enum outcome outcome_of(const struct asked *asked)
{
	return observation_outcome(&asked->seen);
}

static void is_ok(const struct asked *asked)
{
	assert_int_equal(asked->done, 1);
	if (outcome_of(asked) != OUTCOME_OK)
		fail_msg("%s; last note: %s", asked->seen.endpoints[0].error, f.detail);
	assert_false(asked->crashed || asked->released || asked->seen.ours);
	assert_int_equal(asked->certs_len, 2);
}

static void is_ours(const struct asked *asked)
{
	assert_int_equal(asked->done, 1);
	assert_int_equal(asked->seen.len, 1);
	assert_int_equal(outcome_of(asked), OUTCOME_CANCELLED);
	assert_true(asked->seen.ours);
	assert_false(asked->crashed);
	assert_int_equal(asked->certs_len, 0);
}

static void is_crash(const struct asked *asked)
{
	assert_int_equal(asked->done, 1);
	assert_int_equal(asked->seen.len, 1);
	assert_int_equal(outcome_of(asked), OUTCOME_PROBER_CRASH);
	assert_true(asked->crashed);
	assert_false(asked->seen.ours);
	assert_int_equal(asked->certs_len, 0);
}

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
	f.lookers = lookers_new(f.loop, &config, on_note, &f);
	until_ready();
	assert_int_equal(lookers_facts(f.lookers)->resolvers, 3);
	lookers_free(f.lookers);
	config.setup.rate = 2;
	f.lookers = lookers_new(f.loop, &config, on_note, &f);
	until_ready();
	until(ask("ok.test"));
	assert_true(lookers_pids(f.lookers, pids, ARRAY_LEN(pids)) <= 2);
	assert_int_equal(lookers_facts(f.lookers)->resolvers, 5);
}

/* --- death --- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(a_look_brings_an_observation),
		TEST(many_looks_over_many_probers),
		TEST(same_is_what_was_known),
		TEST(done_says_how),
		TEST(a_warning_is_told_once),
		TEST(ceilings_are_shared),
		TEST(a_crash_is_blamed_on_its_target),
		TEST(a_failure_status_is_blamed),
		TEST(leaving_honestly_blames_nobody),
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
