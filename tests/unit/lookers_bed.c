/*
 * See lookers_bed.h. A guard timer turns what would hang into a failure that tells the last note.
 */
#include "lib/base/sys.h"
#include "tests/unit/lookers_bed.h"

#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "tests/unit/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct lookers_bed f;

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

int32_t a_pid(void)
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

int bed_set_up(void **state UNUSED)
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

int bed_tear_down(void **state UNUSED)
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

struct lookers_config config_of(size_t probers, const char *roots)
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

void start_with(const struct lookers_config *config)
{
	f.lookers = lookers_new(f.loop, config, on_note, &f);
}

void start(size_t probers, const char *roots)
{
	struct lookers_config config = config_of(probers, roots);

	start_with(&config);
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

struct asked *ask_with(const char *host, int64_t deadline_ms, const struct observation *known,
		       int file)
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

struct asked *ask(const char *host)
{
	return ask_with(host, 30000, NULL, -1);
}

struct asked *ask_file(const char *content, int64_t deadline_ms)
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

void until(const struct asked *asked)
{
	while (!asked->done)
		loop_run(f.loop);
}

void until_ready(void)
{
	while (!lookers_ready(f.lookers))
		loop_turn(f.loop);
}

void until_lines(size_t lines)
{
	while (f.lines < lines)
		loop_run(f.loop);
}

enum outcome outcome_of(const struct asked *asked)
{
	return observation_outcome(&asked->seen);
}

void is_ok(const struct asked *asked)
{
	assert_int_equal(asked->done, 1);
	if (outcome_of(asked) != OUTCOME_OK)
		fail_msg("%s; last note: %s", asked->seen.endpoints[0].error, f.detail);
	assert_false(asked->crashed || asked->released || asked->seen.ours);
	assert_int_equal(asked->certs_len, 2);
}

void is_ours(const struct asked *asked)
{
	assert_int_equal(asked->done, 1);
	assert_int_equal(asked->seen.len, 1);
	assert_int_equal(outcome_of(asked), OUTCOME_CANCELLED);
	assert_true(asked->seen.ours);
	assert_false(asked->crashed);
	assert_int_equal(asked->certs_len, 0);
}

void is_crash(const struct asked *asked)
{
	assert_int_equal(asked->done, 1);
	assert_int_equal(asked->seen.len, 1);
	assert_int_equal(outcome_of(asked), OUTCOME_PROBER_CRASH);
	assert_true(asked->crashed);
	assert_false(asked->seen.ours);
	assert_int_equal(asked->certs_len, 0);
}
