/*
 * The expand job: what the configuration names becomes targets in the store. Idempotent and
 * resumable: each batch is a commit of its own, and running it again finds nothing to do.
 *
 *     scan files -> batches of targets (read, compare, write) -> sweep what is no longer named
 *
 * Runs at start, after a reload, and every ten minutes while files are watched by pattern.
 */
#include "daemon/keeper/expansion.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/telling.h"
#include "daemon/keeper/verdict.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "lib/rules/due.h"

#define BATCH 100
#define RESCAN_MS (10 * MS_MINUTE)
#define EXTEND_EVERY_MS MS_MINUTE
#define LEASE_MS (5 * MS_MINUTE)

struct job_expand {
	struct run run;
	struct expansion_scan *scan; /* while files are read */
	const struct wanted *wanted; /* from the expansion, sorted by id; stays while we run */
	size_t wanted_len;
	size_t at; /* next of wanted */
	size_t batch_len;
	size_t added, changed, removed, kept;
	char *cursor;	   /* of the sweep: where the next page begins */
	char *page_cursor; /* where this page began */
	bool more;
	struct store_doc *sweep; /* documents of this page that lose their source */
	size_t sweep_len, sweep_at;
	struct verdict closing;
	enum alert_kind closing_kinds[ALERT_KIND_COUNT];
	size_t closing_len;
	struct store_call *extending;
	struct timer extend;
};

static void next_batch(struct job_expand *job);
static void next_page(struct job_expand *job);
static void next_closing(struct job_expand *job);

static void drop_sweep(struct job_expand *job)
{
	for (size_t i = 0; i < job->sweep_len; i++)
		store_doc_finish(&job->sweep[i]);
	mem_free(job->sweep);
	job->sweep = NULL;
	job->sweep_len = job->sweep_at = 0;
}

static void job_expand_drop(struct job_expand *job)
{
	expansion_scan_cancel(job->scan);
	job->scan = NULL;
	timer_clear(&job->extend);
	store_cancel(job->extending);
	job->extending = NULL;
	drop_sweep(job);
	verdict_finish(&job->closing);
	mem_free(job->cursor);
	mem_free(job->page_cursor);
	job->cursor = job->page_cursor = NULL;
	if (job->wanted)
		expansion_release(job->run.keeper->expansion);
	job->wanted = NULL;
}

static void job_expand_cancel(struct run *run)
{
	job_expand_drop(CONTAINER_OF(run, struct job_expand, run));
}

/* An expansion is long and cheap to begin again: any trouble with the store releases it for later.
 */
static void give_up(struct job_expand *job, const struct store_answer *answer)
{
	enum store_status status = answer->status;

	log_info("expansion interrupted", "why", answer->err.text, NULL);
	job_expand_drop(job);
	if (status == STORE_LOST)
		run_end(&job->run);
	else
		run_release(&job->run, clock_wall_ms() + 5 * MS_SECOND);
}

static void on_extended(void *arg, struct store_answer *answer)
{
	struct job_expand *job = arg;

	job->extending = NULL;
	/* A store that was away for one extension may be back for the next. */
	if (answer->status != STORE_LOST)
		timer_set(&job->extend, EXTEND_EVERY_MS);
}

static void extend(void *arg)
{
	struct job_expand *job = arg;

	job->extending = store_extend(job->run.keeper->store, JOB_EXPAND, job->run.job.subject,
				      job->run.job.rev, clock_wall_ms() + LEASE_MS, on_extended,
				      job);
}

static bool has_source(const struct record *record, const char *source)
{
	for (size_t i = 0; i < record->sources_len; i++)
		if (strcmp(record->sources[i], source) == 0)
			return true;
	return false;
}

static void drop_source(struct record *record, const char *source)
{
	size_t kept = 0;

	for (size_t i = 0; i < record->sources_len; i++) {
		if (strcmp(record->sources[i], source) == 0)
			mem_free(record->sources[i]);
		else
			record->sources[kept++] = record->sources[i];
	}
	record->sources_len = kept;
}

static bool same_definition(const struct target *a, const struct target *b)
{
	json_t *ja = target_to_json(a), *jb = target_to_json(b);
	bool same = json_equal(ja, jb);

	json_decref(ja);
	json_decref(jb);
	return same;
}

static void add_new(struct job_expand *job, struct batch *batch, const struct wanted *wanted,
		    const char *source)
{
	struct keeper *keeper = job->run.keeper;
	struct record record;
	int64_t now = clock_wall_ms();
	int64_t delay = first_look_delay(wanted->place, job->wanted_len, keeper->config->probe.rate,
					 rand_u64());

	record_init(&record);
	target_finish(&record.target);
	target_copy(&record.target, &wanted->target);
	record.sources[record.sources_len++] = str_dup(source);
	record.first_seen = now;
	record.last_ok = record.last_changed = record.last_looked = TIME_UNKNOWN;
	record.schedule.next_at = now + delay;
	record.schedule.rest_until = record.schedule.first_failed_at = TIME_UNKNOWN;
	str_copy(record.schedule.reason, sizeof(record.schedule.reason), "first");
	batch_put_record(batch, &record, 0);
	batch_ensure_probe(batch, &record.target, now + delay);
	telling_history(batch, "target_added", record.target.id, record.target.text, source, NULL,
			now);
	record_finish(&record);
	job->added++;
}

/* The operator changed what is said about a target: look again under the new policy. */
static bool update_old(struct job_expand *job, struct batch *batch, const struct wanted *wanted,
		       const char *source, const struct store_doc *doc)
{
	struct verdict verdict = {0};
	struct record *record = &verdict.record;
	struct err err = {0};
	bool changed;

	if (!verdict_read_record(&verdict, doc, &err)) {
		log_error("target document damaged: written anew", "why", err.text, NULL);
		record_init(record);
		target_finish(&record->target);
		target_copy(&record->target, &wanted->target);
		record->first_seen = clock_wall_ms();
		verdict.rev = doc->rev;
	}
	changed = !same_definition(&record->target, &wanted->target);
	if (!changed && has_source(record, source)) {
		verdict_finish(&verdict);
		job->kept++;
		return false;
	}
	if (!has_source(record, source) && record->sources_len < RECORD_SOURCES_MAX)
		record->sources[record->sources_len++] = str_dup(source);
	if (changed) {
		target_finish(&record->target);
		target_copy(&record->target, &wanted->target);
		batch_ensure_probe(batch, &record->target, clock_wall_ms());
	}
	batch_put_record(batch, record, verdict.rev);
	verdict_finish(&verdict);
	job->changed++;
	return true;
}

static void on_batch_committed(void *arg, struct store_answer *answer)
{
	struct job_expand *job = arg;

	job->run.call = NULL;
	/* A look came between: the batch is read again, what is already there is kept. */
	if (answer->status == STORE_CONFLICT) {
		next_batch(job);
		return;
	}
	if (answer->status != STORE_OK) {
		give_up(job, answer);
		return;
	}
	claims_kick(job->run.keeper->claims);
	job->at += job->batch_len;
	next_batch(job);
}

static void on_batch_read(void *arg, struct store_answer *answer)
{
	struct job_expand *job = arg;
	const char *source = expansion_source(job->run.keeper->expansion);
	struct batch batch = {0};
	bool any = false;

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		give_up(job, answer);
		return;
	}
	for (size_t i = 0; i < answer->docs_len; i++) {
		const struct wanted *wanted = &job->wanted[job->at + i];

		if (answer->docs[i].rev == 0) {
			add_new(job, &batch, wanted, source);
			any = true;
		} else if (update_old(job, &batch, wanted, source, &answer->docs[i])) {
			any = true;
		}
	}
	if (any) {
		job->run.call = batch_commit(&batch, job->run.keeper->store, on_batch_committed,
					     job);
	} else {
		job->at += job->batch_len;
		next_batch(job);
	}
	batch_finish(&batch);
}

static void next_batch(struct job_expand *job)
{
	struct store_key keys[BATCH];

	job->batch_len = job->wanted_len - job->at < BATCH ? job->wanted_len - job->at : BATCH;
	if (job->batch_len == 0) {
		job->more = true;
		next_page(job);
		return;
	}
	for (size_t i = 0; i < job->batch_len; i++)
		keys[i] = (struct store_key){.kind = KIND_TARGET,
					     .id = job->wanted[job->at + i].target.id};
	job->run.call = store_get(job->run.keeper->store, keys, job->batch_len, on_batch_read, job);
}

static void on_finished(void *arg, struct store_answer *answer)
{
	struct job_expand *job = arg;

	job->run.call = NULL;
	if (answer->status != STORE_OK)
		log_debug("end of expansion not stored", "why", answer->err.text, NULL);
	job_expand_drop(job);
	run_end(&job->run);
}

static void finished(struct job_expand *job)
{
	struct keeper *keeper = job->run.keeper;
	struct batch batch = {0};
	int64_t due = expansion_has_files(keeper->expansion) ? clock_wall_ms() + RESCAN_MS
							     : STORE_NEVER;

	if (job->added || job->changed || job->removed)
		log_info("targets brought up to date", "added", LOG_NUM(job->added), "changed",
			 LOG_NUM(job->changed), "removed", LOG_NUM(job->removed), "kept",
			 LOG_NUM(job->kept), NULL);
	expansion_done(keeper->expansion);
	batch_fence_move(&batch, &job->run.job, due, 0);
	job->run.call = batch_commit(&batch, keeper->store, on_finished, job);
	batch_finish(&batch);
}

static void on_closed(void *arg, struct store_answer *answer)
{
	struct job_expand *job = arg;

	job->run.call = NULL;
	verdict_finish(&job->closing);
	if (answer->status != STORE_OK && answer->status != STORE_CONFLICT) {
		give_up(job, answer);
		return;
	}
	if (answer->status == STORE_OK) {
		job->removed++;
		job->sweep_at++;
		next_closing(job);
		return;
	}
	/* A look came between: the page is read again from where it began. */
	drop_sweep(job);
	mem_free(job->cursor);
	job->cursor = job->page_cursor;
	job->page_cursor = NULL;
	job->more = true;
	next_page(job);
}

static void on_closing_alerts(void *arg, struct store_answer *answer)
{
	struct job_expand *job = arg;
	const char *source = expansion_source(job->run.keeper->expansion);
	struct batch batch = {0};
	struct err err = {0};

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		give_up(job, answer);
		return;
	}
	for (size_t i = 0; i < answer->docs_len; i++)
		if (!verdict_read_alert(&job->closing, job->closing_kinds[i], &answer->docs[i],
					&err))
			log_error("alert document damaged", "why", err.text, NULL);
	drop_source(&job->closing.record, source);
	if (job->closing.record.sources_len > 0)
		batch_put_record(&batch, &job->closing.record, job->closing.rev);
	else
		verdict_close(job->run.keeper, &job->closing, END_REMOVED, &batch, clock_wall_ms());
	job->run.call = batch_commit(&batch, job->run.keeper->store, on_closed, job);
	batch_finish(&batch);
}

/* A target goes when its last source drops it; what stood about it ends as `removed`. */
static void next_closing(struct job_expand *job)
{
	const char *site = job->run.keeper->config->site;
	char ids[ALERT_KIND_COUNT][33];
	struct store_key keys[ALERT_KIND_COUNT + 1];
	size_t len = 0;
	struct err err = {0};

	if (job->sweep_at == job->sweep_len) {
		drop_sweep(job);
		next_page(job);
		return;
	}
	verdict_finish(&job->closing);
	if (!verdict_read_record(&job->closing, &job->sweep[job->sweep_at], &err)) {
		log_error("target document damaged: left alone", "why", err.text, NULL);
		job->sweep_at++;
		next_closing(job);
		return;
	}
	for (unsigned kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		if (!((job->closing.record.alerts >> kind) & 1))
			continue;
		verdict_alert_id(site, job->closing.record.target.text, (enum alert_kind)kind,
				 ids[len]);
		job->closing_kinds[len] = (enum alert_kind)kind;
		keys[len] = (struct store_key){.kind = KIND_ALERT, .id = ids[len]};
		len++;
	}
	if (len == 0) { /* asks for something so that one path serves both */
		keys[len++] = (struct store_key){.kind = KIND_TARGET, .id = "none"};
		job->closing_kinds[0] = ALERT_KIND_EXPIRY;
	}
	job->run.call = store_get(job->run.keeper->store, keys, len, on_closing_alerts, job);
}

static bool is_wanted(const struct job_expand *job, const char *id)
{
	size_t low = 0, high = job->wanted_len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(job->wanted[mid].target.id, id);

		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* Named by this source, and the source's silence about it is an answer. */
static bool is_dropped(const struct job_expand *job, const struct store_doc *doc)
{
	const struct expansion *expansion = job->run.keeper->expansion;
	struct err err = {0};
	json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, &err);
	json_t *sources = json ? json_get_array(json, "sources") : NULL;
	struct target target;
	size_t i;
	json_t *one;
	bool ours = false;

	json_array_foreach(sources, i, one)
		ours = ours || str_eq(json_string_value(one), expansion_source(expansion));
	if (ours && target_from_json(&target, json_get_object(json, "target"), &err)) {
		ours = !target.path || !expansion_failed(expansion, target.path);
		target_finish(&target);
	}
	json_decref(json);
	return ours;
}

static void on_page(void *arg, struct store_answer *answer)
{
	struct job_expand *job = arg;

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		give_up(job, answer);
		return;
	}
	mem_free(job->page_cursor);
	job->page_cursor = job->cursor;
	job->cursor = str_dup(answer->cursor);
	job->more = answer->cursor != NULL;
	job->sweep = MEM_NEW_ARRAY(answer->docs_len, struct store_doc);
	for (size_t i = 0; i < answer->docs_len; i++) {
		struct store_doc *doc = &answer->docs[i];

		if (is_wanted(job, doc->id) || !is_dropped(job, doc))
			continue;
		job->sweep[job->sweep_len++] = *doc;
		*doc = (struct store_doc){0};
	}
	next_closing(job);
}

static void next_page(struct job_expand *job)
{
	struct store_page page = {.kind = KIND_TARGET,
				  .min = INT64_MIN,
				  .max = INT64_MAX,
				  .cursor = job->cursor,
				  .limit = 200};

	if (!job->more) {
		finished(job);
		return;
	}
	job->run.call = store_page(job->run.keeper->store, &page, on_page, job);
}

static void on_scanned(void *arg)
{
	struct job_expand *job = arg;

	job->scan = NULL;
	job->wanted = expansion_use(job->run.keeper->expansion, &job->wanted_len);
	next_batch(job);
}

static void job_expand_start(struct run *run)
{
	struct job_expand *job = CONTAINER_OF(run, struct job_expand, run);

	timer_init(&job->extend, run->keeper->loop, extend, job);
	timer_set(&job->extend, EXTEND_EVERY_MS);
	job->scan = expansion_scan(run->keeper->expansion, on_scanned, job);
}

const struct job_kind job_expand = {
	.kind = JOB_EXPAND,
	.purpose = PURPOSE_PROBE | PURPOSE_NOTIFY,
	.lease_ms = LEASE_MS,
	.inflight_max = 1,
	.size = sizeof(struct job_expand),
	.start = job_expand_start,
	.cancel = job_expand_cancel,
};
