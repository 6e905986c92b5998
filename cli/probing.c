/*
 * The pump between a source of targets and the probers: reads one more line whenever a place is free, so
 * that ten million targets cost no more memory than a thousand.
 */
#include "cli/probing.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/gate.h"
#include "lib/loop/timer.h"
#include "lib/rules/judge.h"
#include "lib/wire/lookers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

#define LINE_MAX_LEN 4096
#define PROGRESS_MS 500

struct pump;
struct flight {
	struct pump *pump;
	struct look *look;
	struct target target;
	struct flight *prev, *next;
};
struct pump {
	const struct probing_options *options;
	struct loop *loop;
	struct lookers *lookers;
	struct gate gate;
	struct timer timer, progress;
	struct flight *flights;
	FILE *input;
	size_t next_argument;
	int64_t line;
	probing_each_fn *each;
	probing_bad_fn *bad;
	void *arg;
	struct probing_totals totals;
	char cwd[PATH_MAX];
	char *fault; /* a role that cannot start: nothing is known */
};

static void pump_turn(void *arg);

static void give_result(struct pump *pump, const struct target *target,
			const struct endpoint *endpoint, const struct findings *findings, int64_t now)
{
	struct probing_result result = {
		.target = target, .endpoint = endpoint, .findings = findings, .now = now};

	pump->totals.endpoints++;
	pump->each(pump->arg, &result);
}

static void judge_look(const struct target *target, const struct observation *look, int64_t now,
		       struct findings *out)
{
	struct judge_input input = {.target = target, .look = look, .ever_seen = true, .now = now};

	judge(&input, out);
}

/* A file's members are endpoints of targets of their own: path#MEMBER. */
static void give_member(struct flight *flight, struct look_member *member, int64_t now)
{
	struct observation look;
	struct findings findings;
	struct target target;
	struct err err = {0};

	target_copy(&target, &flight->target);
	mem_free(target.member);
	target.member = str_dup(member->name);
	if (member->name && !target_canonical(&target, &err))
		str_copy(target.text, sizeof(target.text), flight->target.text);
	observation_init(&look);
	look.at = now;
	member->endpoint.probed_at = now;
	observation_add_take(&look, &member->endpoint);
	judge_look(&target, &look, now, &findings);
	give_result(flight->pump, &target, &look.endpoints[0], &findings, now);
	observation_finish(&look);
	target_finish(&target);
}

static void on_looked(void *arg, struct look_result *result)
{
	struct flight *flight = arg;
	struct pump *pump = flight->pump;
	struct findings findings;
	int64_t now = clock_wall_ms();

	flight->look = NULL;
	pump->totals.families_skipped += result->observation.families_skipped;
	for (size_t i = 0; i < result->members_len; i++)
		give_member(flight, &result->members[i], now);
	if (result->members_len == 0) {
		judge_look(&flight->target, &result->observation, now, &findings);
		for (size_t i = 0; i < result->observation.len; i++)
			give_result(pump, &flight->target, &result->observation.endpoints[i],
				    &findings, now);
	}
	DL_DELETE(pump->flights, flight);
	target_finish(&flight->target);
	mem_free(flight);
	gate_give(&pump->gate, 1);
	timer_set(&pump->timer, 0);
}

static void give_file_error(struct pump *pump, const struct target *target, const char *why)
{
	struct observation look;
	struct endpoint endpoint;
	struct findings findings;
	int64_t now = clock_wall_ms();

	endpoint_init(&endpoint);
	endpoint.outcome = OUTCOME_FILE_ERROR;
	endpoint.error = str_dup(why);
	str_copy(endpoint.stage, sizeof(endpoint.stage), "open");
	endpoint.probed_at = now;
	observation_init(&look);
	look.at = now;
	observation_add_take(&look, &endpoint);
	judge_look(target, &look, now, &findings);
	give_result(pump, target, &look.endpoints[0], &findings, now);
	observation_finish(&look);
}

static int open_file(const char *path, const char **why)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	*why = fd < 0 ? strerror(errno) : "it is no regular file";
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void begin(struct pump *pump, struct target *target)
{
	const struct probing_options *options = pump->options;
	struct look_request request = {
		.now = clock_wall_ms(),
		.deadline_ms = options->timeout_ms,
		.all_addresses = options->all_addresses,
		.file = -1,
	};
	struct flight *flight;
	const char *why;

	pump->totals.targets++;
	if (target->protocol == PROTOCOL_FILE) {
		request.file = open_file(target->path, &why);
		if (request.file < 0) {
			give_file_error(pump, target, why);
			target_finish(target);
			return;
		}
	}
	flight = MEM_NEW(struct flight);
	flight->pump = pump;
	flight->target = *target;
	request.target = &flight->target;
	DL_APPEND(pump->flights, flight);
	gate_take(&pump->gate, 1);
	flight->look = look_start(pump->lookers, &request, on_looked, flight);
	if (request.file >= 0)
		close(request.file);
}

static bool apply_options(const struct probing_options *options, struct target *target,
			  struct err *err)
{
	target->policy.family = options->family;
	target->policy.timeout_ms = options->timeout_ms;
	if (options->sni) {
		mem_free(target->server_name);
		target->server_name = str_dup(options->sni);
	}
	if (!options->connect || target->protocol == PROTOCOL_FILE)
		return true;
	mem_free(target->connect);
	target->connect = str_dup(options->connect);
	return target_canonical(target, err);
}

static void begin_text(struct pump *pump, const char *text, const char *where)
{
	struct target target;
	struct err err = {0};

	if (!target_parse(&target, text, "", pump->cwd, &err)) {
		pump->totals.bad++;
		pump->bad(pump->arg, where, err.text);
		return;
	}
	if (!apply_options(pump->options, &target, &err)) {
		pump->totals.bad++;
		pump->bad(pump->arg, where, err.text);
		target_finish(&target);
		return;
	}
	begin(pump, &target);
}

/* The next line that is neither empty nor a comment; false at the end. */
static bool next_line(struct pump *pump, char line[LINE_MAX_LEN])
{
	while (fgets(line, LINE_MAX_LEN, pump->input)) {
		size_t len = strlen(line);
		char *text;

		pump->line++;
		if (len == LINE_MAX_LEN - 1 && line[len - 1] != '\n') {
			int c;

			do
				c = getc(pump->input);
			while (c != '\n' && c != EOF);
		}
		text = str_trim(line);
		if (*text && *text != '#') {
			memmove(line, text, strlen(text) + 1);
			return true;
		}
	}
	return false;
}

/* Starts one more look; false when the targets are at an end. */
static bool begin_next(struct pump *pump)
{
	const struct probing_options *options = pump->options;
	char line[LINE_MAX_LEN], where[PATH_MAX + 32];

	if (pump->next_argument < options->targets_len) {
		begin_text(pump, options->targets[pump->next_argument++], NULL);
		return true;
	}
	if (!pump->input || !next_line(pump, line))
		return false;
	snprintf(where, sizeof(where), "%s:%lld",
		 strcmp(options->input, "-") == 0 ? "standard input" : options->input,
		 (long long)pump->line);
	begin_text(pump, line, where);
	return true;
}

static void pump_turn(void *arg)
{
	struct pump *pump = arg;
	int64_t wait;

	while (gate_room(&pump->gate, 1, clock_mono_ms()) > 0) {
		if (begin_next(pump))
			continue;
		if (!pump->flights)
			loop_stop(pump->loop);
		return;
	}
	wait = gate_wait_ms(&pump->gate, clock_mono_ms());
	if (wait > 0)
		timer_set(&pump->timer, wait);
}

static void show_progress(void *arg)
{
	struct pump *pump = arg;

	fprintf(stderr, "\r%lld targets begun, %lld results, %zu in flight ",
		(long long)pump->totals.targets, (long long)pump->totals.endpoints,
		lookers_inflight(pump->lookers));
	timer_set(&pump->progress, PROGRESS_MS);
}

static void on_note(void *arg, enum lookers_level level, const char *phrase, const char *detail)
{
	struct pump *pump = arg;

	if (level == LOOKERS_INFO)
		return;
	fprintf(stderr, "expiryctl: %s: %s\n", phrase, detail ? detail : "");
	if (level == LOOKERS_ERROR && !pump->fault)
		pump->fault = str_dup(phrase);
}

static bool open_input(struct pump *pump, struct err *err)
{
	const char *path = pump->options->input;

	if (!path)
		return true;
	pump->input = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!pump->input)
		return err_set(err, ERR_MISSING, "%s: %s", path, strerror(errno));
	return true;
}

/* A role's working directory is / : what is relative to ours is made absolute. */
static char *roots_path(const struct pump *pump)
{
	const char *roots = pump->options->roots;

	if (pump->options->no_verify)
		return NULL;
	if (str_eq(roots, "system") || roots[0] == '/')
		return str_dup(roots);
	return str_printf("%s/%s", pump->cwd, roots);
}

static void pump_start(struct pump *pump)
{
	const struct probing_options *options = pump->options;
	char *roots = roots_path(pump);
	char *resolver = str_dup(options->resolver ? options->resolver : "system");
	struct lookers_config config = {
		.setup = {
			.roots = roots,
			.resolver = resolver,
			.concurrency = options->concurrency,
			.per_address = options->concurrency,
			.log_level = 1,
		},
	};

	pump->lookers = lookers_new(pump->loop, &config, on_note, pump);
	mem_free(roots);
	mem_free(resolver);
	gate_init(&pump->gate, options->concurrency, options->rate, clock_mono_ms());
	timer_init(&pump->timer, pump->loop, pump_turn, pump);
	timer_init(&pump->progress, pump->loop, show_progress, pump);
	timer_set(&pump->timer, 0);
	if (options->progress)
		timer_set(&pump->progress, PROGRESS_MS);
}

bool probing_run(const struct probing_options *options, probing_each_fn *each, probing_bad_fn *bad,
		 void *arg, struct probing_totals *totals, struct err *err)
{
	struct pump pump = {.options = options, .each = each, .bad = bad, .arg = arg};

	if (!options->no_verify && !str_eq(options->roots, "system") &&
	    access(options->roots, R_OK) != 0)
		return err_set(err, ERR_MISSING, "--roots %s: %s", options->roots,
			       strerror(errno));
	if (!open_input(&pump, err))
		return false;
	if (!getcwd(pump.cwd, sizeof(pump.cwd)))
		str_copy(pump.cwd, sizeof(pump.cwd), "/");
	pump.loop = loop_new();
	pump_start(&pump);
	loop_run(pump.loop);
	timer_clear(&pump.progress);
	timer_clear(&pump.timer);
	if (options->progress)
		fputc('\n', stderr);
	lookers_free(pump.lookers);
	loop_free(pump.loop);
	if (pump.input && pump.input != stdin)
		fclose(pump.input);
	mem_free(pump.fault);
	*totals = pump.totals;
	return true;
}
