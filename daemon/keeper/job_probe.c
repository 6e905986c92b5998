/*
 * The probe job: one look at one target, from claim to commit.
 *
 *     read -> look -> alerts -> commit        CONFLICT: read and judge again, never look again
 *
 * A target that is gone takes its job with it; a look that could not start in time is released.
 */
#include "daemon/keeper/files.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/network.h"
#include "daemon/keeper/telling.h"
#include "daemon/keeper/verdict.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"

#define CERTS_MAX 1024
/* A look that never started is asked for again soon, a little spread. */
#define RELEASED_AGAIN_MS (2 * MS_SECOND)

struct kept_cert {
	char sha256[65];
	void *der;
	size_t len;
};

struct job_probe {
	struct run run;
	struct look *look;
	struct verdict verdict;
	bool looked;
	struct observation seen; /* the look's own, kept for judging again */
	bool lost, crashed, held;
	int64_t now;
	uint64_t draw;
	struct kept_cert *certs;
	size_t certs_len;
	int64_t changed_before;
	unsigned needed; /* alert kinds to read */
	unsigned reading[ALERT_KIND_COUNT];
	size_t reading_len;
};

static void read_target(struct job_probe *job);
static void read_alerts(struct job_probe *job);
static void start_over(void *arg);

static void job_probe_drop(struct job_probe *job)
{
	look_cancel(job->look);
	job->look = NULL;
	verdict_finish(&job->verdict);
	observation_finish(&job->seen);
	for (size_t i = 0; i < job->certs_len; i++)
		mem_free(job->certs[i].der);
	mem_free(job->certs);
	job->certs = NULL;
	job->certs_len = 0;
}

static void job_probe_cancel(struct run *run)
{
	job_probe_drop(CONTAINER_OF(run, struct job_probe, run));
}

static void end(struct job_probe *job)
{
	job_probe_drop(job);
	run_end(&job->run);
}

/* The run outlives what the job holds; from here only the store is asked. */
static void failed(struct job_probe *job, const struct store_answer *answer, timer_fn *again)
{
	if (answer->status != STORE_AWAY && answer->status != STORE_FULL)
		job_probe_drop(job);
	run_store_failed(&job->run, answer, again);
}

static void on_committed(void *arg, struct store_answer *answer)
{
	struct job_probe *job = arg;

	job->run.call = NULL;
	if (answer->status == STORE_CONFLICT) {
		job->run.keeper->counters.conflicts++;
		read_target(job);
		return;
	}
	if (answer->status != STORE_OK) {
		failed(job, answer, start_over);
		return;
	}
	job->run.keeper->counters.commits++;
	end(job);
}

static struct look_facts job_facts(const struct job_probe *job)
{
	return (struct look_facts){
		.observation = &job->seen,
		.crashed = job->crashed,
		.held = job->held,
		.now = job->now,
		.draw = job->draw,
	};
}

static bool cert_used(const struct record *record, const char *sha256)
{
	for (size_t i = 0; i < record->look.len; i++) {
		const struct endpoint *endpoint = &record->look.endpoints[i];

		if (endpoint->has_cert && strcmp(endpoint->cert.sha256, sha256) == 0)
			return true;
		for (size_t n = 0; n < endpoint->chain_len; n++)
			if (strcmp(endpoint->chain[n].sha256, sha256) == 0)
				return true;
	}
	return false;
}

/* Content-addressed: written with the commit that points at them. */
static void put_certs(struct job_probe *job, struct batch *batch)
{
	for (size_t i = 0; i < job->certs_len; i++) {
		struct kept_cert *cert = &job->certs[i];
		json_t *json;
		struct store_put *put;

		if (!cert_used(&job->verdict.record, cert->sha256))
			continue;
		json = json_object();
		json_put_time(json, "stored_at", job->now);
		put = batch_put(batch, KIND_CERT, cert->sha256, json);
		batch_blob(batch, put, cert->der, cert->len);
		json_decref(json);
	}
}

static void note_change(struct job_probe *job, struct batch *batch)
{
	const struct record *record = &job->verdict.record;
	const struct endpoint *oldest;
	json_t *details;

	if (record->last_changed == job->changed_before || !record->has_look)
		return;
	oldest = observation_oldest(&record->look);
	details = json_object();
	json_put_str(details, "certificate", oldest ? oldest->cert.sha256 : NULL);
	json_put_time(details, "not_after", oldest ? oldest->cert.not_after : TIME_UNKNOWN);
	telling_history(batch, "certificate_changed", record->target.id, record->target.text, NULL,
			details, job->now);
}

static void commit(struct job_probe *job)
{
	struct keeper *keeper = job->run.keeper;
	struct look_facts facts = job_facts(job);
	struct batch batch = {0};
	int64_t due = verdict_conclude(keeper, &job->verdict, &facts, &batch);

	note_change(job, &batch);
	put_certs(job, &batch);
	batch_fence_move(&batch, &job->run.job, due, job->verdict.record.schedule.attempts);
	job->run.call = batch_commit(&batch, keeper->store, on_committed, job);
	batch_finish(&batch);
}

/* While the store was away the documents may have moved: start from reading. */
static void start_over(void *arg)
{
	struct run *run = arg;

	read_target(CONTAINER_OF(run, struct job_probe, run));
}

static void on_alerts(void *arg, struct store_answer *answer)
{
	struct job_probe *job = arg;
	struct err err = {0};

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		failed(job, answer, start_over);
		return;
	}
	for (size_t i = 0; i < answer->docs_len; i++)
		if (!verdict_read_alert(&job->verdict, (enum alert_kind)job->reading[i],
					&answer->docs[i], &err))
			log_error("alert document damaged: started anew", "why", err.text, NULL);
	commit(job);
}

static void read_alerts(struct job_probe *job)
{
	struct keeper *keeper = job->run.keeper;
	char ids[ALERT_KIND_COUNT][33];
	struct store_key keys[ALERT_KIND_COUNT];
	size_t len = 0;

	for (unsigned kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		if (!((job->needed >> kind) & 1))
			continue;
		verdict_alert_id(keeper->config->site, job->verdict.record.target.text,
				 (enum alert_kind)kind, ids[len]);
		keys[len] = (struct store_key){.kind = KIND_ALERT, .id = ids[len]};
		job->reading[len++] = kind;
	}
	job->reading_len = len;
	if (len == 0) {
		commit(job);
		return;
	}
	job->run.call = store_get(keeper->store, keys, len, on_alerts, job);
}

static void keep_certs(struct job_probe *job, const struct look_result *result)
{
	job->certs_len = result->certs_len < CERTS_MAX ? result->certs_len : CERTS_MAX;
	job->certs = MEM_NEW_ARRAY(job->certs_len, struct kept_cert);
	for (size_t i = 0; i < job->certs_len; i++) {
		memcpy(job->certs[i].sha256, result->certs[i].sha256, sizeof(job->certs[i].sha256));
		job->certs[i].der = mem_dup(result->certs[i].der, result->certs[i].len);
		job->certs[i].len = result->certs[i].len;
	}
}

/* A refusal or a broken handshake is an answer too: the network carried it. */
static bool network_carried(const struct observation *look)
{
	for (size_t i = 0; i < look->len; i++) {
		enum outcome outcome = look->endpoints[i].outcome;

		if (outcome != OUTCOME_DNS_ERROR && outcome != OUTCOME_UNREACHABLE &&
		    outcome != OUTCOME_TIMEOUT && outcome != OUTCOME_CANCELLED)
			return true;
	}
	return false;
}

static void saw(struct job_probe *job)
{
	struct keeper *keeper = job->run.keeper;
	const struct target *target = &job->verdict.record.target;
	enum network_seen seen = NETWORK_ANSWERED;

	for (size_t i = 0; i < job->seen.len; i++)
		keeper->counters.looks[job->seen.endpoints[i].outcome]++;
	if (target->protocol == PROTOCOL_FILE)
		return;
	if (job->crashed)
		return;
	if (job->seen.ours)
		keeper->counters.looks_ours++;
	/* Roles that die, however many at once, are no trouble of the network's. */
	if (job->lost) {
		job->held = network_held(keeper->network, target->zone);
		return;
	}
	if (!network_carried(&job->seen))
		seen = job->seen.ours ? NETWORK_OURS : NETWORK_FAILED;
	network_saw(keeper->network, target->zone, target->id, seen);
	job->held = network_held(keeper->network, target->zone);
}

/* Judging starts from the documents as just read, so a CONFLICT simply runs it again. */
static void judged(struct job_probe *job)
{
	struct look_facts facts = job_facts(job);

	job->changed_before = job->verdict.record.last_changed;
	job->needed = verdict_lay(&job->verdict, &facts);
	read_alerts(job);
}

static void take_file_result(struct job_probe *job, struct look_result *result)
{
	struct endpoint endpoint;

	files_choose(&job->verdict.record.target, result, &endpoint);
	endpoint.probed_at = job->now;
	observation_finish(&job->seen);
	observation_init(&job->seen);
	job->seen.at = job->now;
	job->seen.ours = result->observation.ours;
	observation_add_take(&job->seen, &endpoint);
}

static void on_looked(void *arg, struct look_result *result)
{
	struct job_probe *job = arg;

	job->look = NULL;
	if (result->released) {
		job->run.keeper->counters.looks_released++;
		job_probe_drop(job);
		run_release(&job->run, clock_wall_ms() + rand_jitter(RELEASED_AGAIN_MS, 50));
		return;
	}
	job->looked = true;
	job->lost = result->lost;
	job->crashed = result->crashed;
	job->now = clock_wall_ms();
	job->draw = rand_u64();
	keep_certs(job, result);
	if (job->verdict.record.target.protocol == PROTOCOL_FILE && !result->crashed) {
		take_file_result(job, result);
	} else {
		job->seen = result->observation;
		result->observation = (struct observation){0};
	}
	saw(job);
	judged(job);
}

static void on_file_opened(struct job_probe *job, int fd, const char *why)
{
	struct look_request request = {
		.target = &job->verdict.record.target,
		.now = job->now,
		.deadline_ms = job->verdict.record.target.policy.timeout_ms,
		.file = fd,
	};
	struct endpoint endpoint;

	if (fd >= 0) {
		job->look = look_start(job->run.keeper->lookers, &request, on_looked, job);
		files_close(fd);
		return;
	}
	endpoint_init(&endpoint);
	endpoint.outcome = OUTCOME_FILE_ERROR;
	endpoint.error = str_dup(why);
	str_copy(endpoint.stage, sizeof(endpoint.stage), "open");
	endpoint.probed_at = job->now;
	observation_init(&job->seen);
	job->seen.at = job->now;
	observation_add_take(&job->seen, &endpoint);
	job->looked = true;
	job->draw = rand_u64();
	saw(job);
	judged(job);
}

static void look(struct job_probe *job)
{
	const struct record *record = &job->verdict.record;
	struct look_request request = {
		.target = &record->target,
		.now = clock_wall_ms(),
		.deadline_ms = record->target.policy.timeout_ms,
		.all_addresses = true,
		.known = record->has_look ? &record->look : NULL,
		.file = -1,
	};
	struct err err = {0};

	job->now = request.now;
	if (record->target.protocol == PROTOCOL_FILE) {
		int fd = files_open(record->target.path, &err);

		on_file_opened(job, fd, err.text);
		return;
	}
	job->look = look_start(job->run.keeper->lookers, &request, on_looked, job);
}

static void on_gone_committed(void *arg, struct store_answer *answer)
{
	struct job_probe *job = arg;

	job->run.call = NULL;
	if (answer->status != STORE_OK)
		log_debug("job of a removed target not deleted", "why", answer->err.text, NULL);
	end(job);
}

static void target_gone(struct job_probe *job)
{
	struct batch batch = {0};

	batch_fence_delete(&batch, &job->run.job);
	job->run.call = batch_commit(&batch, job->run.keeper->store, on_gone_committed, job);
	batch_finish(&batch);
}

static void on_target(void *arg, struct store_answer *answer)
{
	struct job_probe *job = arg;
	struct err err = {0};

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		failed(job, answer, start_over);
		return;
	}
	if (answer->docs[0].rev == 0) {
		target_gone(job);
		return;
	}
	verdict_finish(&job->verdict);
	if (!verdict_read_record(&job->verdict, &answer->docs[0], &err)) {
		log_error("target document damaged", "why", err.text, NULL);
		job_probe_drop(job);
		run_release(&job->run, clock_wall_ms() + MS_HOUR);
		return;
	}
	if (job->looked)
		judged(job);
	else
		look(job);
}

static void read_target(struct job_probe *job)
{
	struct store_key key = {.kind = KIND_TARGET, .id = job->run.job.subject};

	job->run.call = store_get(job->run.keeper->store, &key, 1, on_target, job);
}

static void job_probe_start(struct run *run)
{
	read_target(CONTAINER_OF(run, struct job_probe, run));
}

/* The lease is set by claims.c, from the deadlines of the configuration. */
const struct job_kind job_probe = {
	.kind = JOB_PROBE,
	.purpose = PURPOSE_PROBE,
	.size = sizeof(struct job_probe),
	.start = job_probe_start,
	.cancel = job_probe_cancel,
};
