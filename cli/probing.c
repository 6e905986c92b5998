/*
 * The pump between a source of targets and the probers: reads one more line whenever a place is
 * free, so that ten million targets cost no more memory than a thousand.
 */
#include "cli/probing.h"

#include "cli/input.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/gate.h"
#include "lib/loop/timer.h"
#include "lib/rules/judge.h"
#include "lib/wire/lookers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utlist.h>

/* How soon to ask again whether a prober has read the roots. */
#define READY_MS 5
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
	struct input *input;
	struct loop_signal *signals[2];
	size_t next_argument;
	probing_each_fn *each;
	probing_bad_fn *bad;
	void *arg;
	struct probing_totals totals;
	char cwd[PATH_MAX];
	bool broken; /* a role died or does not start */
	struct err fault;
};

static void pump_turn(void *arg);

static void give_result(struct pump *pump, const struct target *target,
			const struct endpoint *endpoint, const struct findings *findings,
			int64_t now)
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

/* Starts one more look. */
static enum input_next begin_next(struct pump *pump)
{
	const struct probing_options *options = pump->options;
	char line[INPUT_LINE_MAX], where[PATH_MAX + 32];
	enum input_next next;
	int64_t number;

	if (pump->next_argument < options->targets_len) {
		begin_text(pump, options->targets[pump->next_argument++], NULL);
		return INPUT_LINE;
	}
	next = pump->input ? input_take(pump->input, line, &number) : INPUT_END;
	if (next != INPUT_LINE)
		return next;
	snprintf(where, sizeof(where), "%s:%lld",
		 strcmp(options->input, "-") == 0 ? "standard input" : options->input,
		 (long long)number);
	begin_text(pump, line, where);
	return INPUT_LINE;
}

/* Roots that were named and are not there would make everything untrusted, which is nobody's news.
 * False: the answer is not there yet, or there is nothing more to do. */
static bool roots_hold(struct pump *pump)
{
	const struct probing_options *options = pump->options;
	const struct msg_ready *facts = lookers_facts(pump->lookers);

	if (options->no_verify || str_eq(options->roots, "system"))
		return true;
	if (!facts && lookers_inflight(pump->lookers) == 0 && !pump->broken) {
		timer_set(&pump->timer, READY_MS);
		return false;
	}
	if (!facts || facts->roots > 0)
		return true;
	err_set(&pump->fault, ERR_INVALID, "--roots %s: %s", options->roots,
		facts->warning[0] ? facts->warning : "there is no certificate in it");
	loop_stop(pump->loop);
	return false;
}

static void pump_turn(void *arg)
{
	struct pump *pump = arg;
	int64_t wait;

	if (pump->fault.class != ERR_NONE || !roots_hold(pump))
		return;
	while (gate_room(&pump->gate, 1, clock_mono_ms()) > 0) {
		enum input_next next = begin_next(pump);

		if (next == INPUT_END && !pump->flights)
			loop_stop(pump->loop);
		if (next != INPUT_LINE)
			return;
	}
	wait = gate_wait_ms(&pump->gate, clock_mono_ms());
	if (wait > 0)
		timer_set(&pump->timer, wait);
}

static void on_input(void *arg)
{
	pump_turn(arg);
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

	/* What is wrong with roots that were named is an error, and told as such. */
	if (level == LOOKERS_INFO ||
	    (level == LOOKERS_WARN && !str_eq(pump->options->roots, "system")))
		return;
	fprintf(stderr, "expiryctl: %s: %s\n", phrase, detail ? detail : "");
	pump->broken = pump->broken || level == LOOKERS_ERROR;
}

static void on_signal(void *arg, int signo)
{
	struct pump *pump = arg;

	pump->totals.signal = signo;
	loop_stop(pump->loop);
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
		.setup =
			{
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
	pump->signals[0] = loop_signal_new(pump->loop, SIGINT, on_signal, pump);
	pump->signals[1] = loop_signal_new(pump->loop, SIGTERM, on_signal, pump);
	timer_set(&pump->timer, 0);
	if (options->progress)
		timer_set(&pump->progress, PROGRESS_MS);
}

static void pump_finish(struct pump *pump)
{
	struct flight *flight, *next;

	timer_clear(&pump->progress);
	timer_clear(&pump->timer);
	DL_FOREACH_SAFE(pump->flights, flight, next) {
		look_cancel(flight->look);
		target_finish(&flight->target);
		mem_free(flight);
	}
	lookers_free(pump->lookers);
	input_free(pump->input);
	for (size_t i = 0; i < ARRAY_LEN(pump->signals); i++)
		loop_signal_free(pump->signals[i]);
	loop_free(pump->loop);
}

bool probing_run(const struct probing_options *options, probing_each_fn *each, probing_bad_fn *bad,
		 void *arg, struct probing_totals *totals, struct err *err)
{
	struct pump pump = {.options = options, .each = each, .bad = bad, .arg = arg};

	if (!options->no_verify && !str_eq(options->roots, "system") &&
	    access(options->roots, R_OK) != 0)
		return err_set(err, ERR_MISSING, "--roots %s: %s", options->roots, strerror(errno));
	pump.loop = loop_new();
	if (options->input) {
		pump.input = input_new(pump.loop, options->input, on_input, &pump, err);
		if (!pump.input) {
			loop_free(pump.loop);
			return false;
		}
	}
	if (!getcwd(pump.cwd, sizeof(pump.cwd)))
		str_copy(pump.cwd, sizeof(pump.cwd), "/");
	pump_start(&pump);
	loop_run(pump.loop);
	if (options->progress)
		fputc('\n', stderr);
	if (pump.input && input_fault(pump.input))
		err_set(&pump.fault, ERR_UNAVAILABLE, "%s: %s", options->input,
			input_fault(pump.input));
	pump_finish(&pump);
	*totals = pump.totals;
	if (err && pump.fault.class != ERR_NONE)
		*err = pump.fault;
	return pump.fault.class == ERR_NONE;
}
