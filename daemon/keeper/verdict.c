/*
 * One look's consequences. The order matters: findings first, then alert transitions (they know
 * whether something awaits confirmation), then the next due time, then the documents.
 */
#include "daemon/keeper/verdict.h"

#include "daemon/keeper/clockwatch.h"
#include "daemon/keeper/telling.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/rules/due.h"
#include "lib/rules/judge.h"
#include "lib/rules/transition.h"

/* Findings that one more look soon confirms or drops; unreachable is confirmed by the retries. */
#define CONFIRMED_SOON                                                             \
	((1U << ALERT_KIND_NAME_MISMATCH) | (1U << ALERT_KIND_UNTRUSTED) |         \
	 (1U << ALERT_KIND_SELF_SIGNED) | (1U << ALERT_KIND_INCOMPLETE_CHAIN) |    \
	 (1U << ALERT_KIND_MIXED_ENDPOINTS) | (1U << ALERT_KIND_BAD_CERTIFICATE) | \
	 (1U << ALERT_KIND_FILE_ERROR))

void verdict_finish(struct verdict *verdict)
{
	record_finish(&verdict->record);
	for (size_t i = 0; i < VERDICT_ALERTS_MAX; i++)
		alert_finish(&verdict->alerts[i]);
	*verdict = (struct verdict){0};
}

bool verdict_read_record(struct verdict *verdict, const struct store_doc *doc, struct err *err)
{
	json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, err);
	bool ok;

	if (!json)
		return err_prefix(err, "target %s", doc->id);
	ok = record_from_json(&verdict->record, json, err);
	json_decref(json);
	if (!ok)
		return err_prefix(err, "target %s", doc->id);
	verdict->rev = doc->rev;
	return true;
}

bool verdict_read_alert(struct verdict *verdict, enum alert_kind kind, const struct store_doc *doc,
			struct err *err)
{
	json_t *json;
	bool ok;

	verdict->alert_loaded[kind] = true;
	verdict->alert_revs[kind] = doc->rev;
	if (doc->rev == 0)
		return true;
	json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, err);
	if (!json)
		return err_prefix(err, "alert %s", doc->id);
	ok = alert_from_json(&verdict->alerts[kind], json, err);
	json_decref(json);
	return ok || err_prefix(err, "alert %s", doc->id);
}

void verdict_alert_id(const char *site, const char *target_text, enum alert_kind kind, char out[33])
{
	struct alert alert;

	alert_init(&alert);
	alert_name(&alert, site, kind, target_text, true);
	memcpy(out, alert.id, sizeof(alert.id));
	alert_finish(&alert);
}

/* Only the arithmetic of expiry speaks on an old reading (alerts.md 5). */
static void judge_expiry_alone(const struct judge_input *input, struct findings *findings)
{
	struct findings all;

	judge(input, &all);
	findings->len = 0;
	for (size_t i = 0; i < all.len; i++)
		if (alert_kind_of(all.list[i].kind) == ALERT_KIND_EXPIRY)
			findings->list[findings->len++] = all.list[i];
}

/* What only a fresh look can take back stays as it was last seen. */
static void keep_old_findings(const struct findings *before, struct findings *findings)
{
	for (size_t i = 0; i < before->len; i++) {
		const struct finding *finding = &before->list[i];
		enum alert_kind kind = alert_kind_of(finding->kind);

		if (!((CONFIRMED_SOON >> kind) & 1) || findings->len == FINDING_COUNT ||
		    findings_get(findings, finding->kind))
			continue;
		findings->list[findings->len++] = *finding;
	}
}

static bool leaf_known(const struct observation *look, const char *sha256)
{
	for (size_t i = 0; i < look->len; i++)
		if (look->endpoints[i].has_cert && str_eq(look->endpoints[i].cert.sha256, sha256))
			return true;
	return false;
}

static bool leaf_changed(const struct record *record, const struct observation *look)
{
	if (!record->has_look)
		return false;
	for (size_t i = 0; i < look->len; i++)
		if (look->endpoints[i].has_cert &&
		    !leaf_known(&record->look, look->endpoints[i].cert.sha256))
			return true;
	return false;
}

static void lay_outcome(struct record *record, const struct look_facts *facts)
{
	const struct observation *look = facts->observation;
	const struct endpoint *shown = look->len ? &look->endpoints[0] : NULL;

	record->outcome = facts->crashed ? OUTCOME_PROBER_CRASH : observation_outcome(look);
	for (size_t i = 0; i < look->len; i++)
		if (look->endpoints[i].outcome == record->outcome) {
			shown = &look->endpoints[i];
			break;
		}
	mem_free(record->error);
	mem_free(record->failed_stage);
	record->error = shown ? str_dup(shown->error) : NULL;
	record->failed_stage = record->error ? str_dup(shown->stage) : NULL;
}

unsigned verdict_lay(struct verdict *verdict, const struct look_facts *facts)
{
	struct record *record = &verdict->record;
	const struct observation *look = facts->observation;
	bool failed = facts->crashed || observation_failed(look);
	struct judge_input input = {
		.target = &record->target,
		.look = look,
		.before = record->has_look ? &record->look : NULL,
		.ever_seen = record->has_look || !failed,
		.now = facts->now,
	};
	struct findings before = record->findings;
	unsigned needed = record->alerts;

	lay_outcome(record, facts);
	record->last_looked = facts->now;
	/* Our failure, and a crash, say nothing about the target: what was known stands. */
	if (facts->crashed || (failed && (facts->held || look->ours)))
		judge_expiry_alone(&input, &record->findings);
	else
		judge(&input, &record->findings);
	if (failed)
		keep_old_findings(&before, &record->findings);
	if (facts->crashed)
		needed |= 1U << ALERT_KIND_SELF;
	if (!failed) {
		if (leaf_changed(record, look))
			record->last_changed = facts->now;
		record->last_ok = facts->now;
		observation_finish(&record->look);
		observation_copy(&record->look, look);
		record->has_look = true;
	}
	for (size_t i = 0; i < record->findings.len; i++)
		needed |= 1U << alert_kind_of(record->findings.list[i].kind);
	return needed;
}

/* Is the opposite of this alert proved by the look? Missing data proves nothing (alerts.md 9). */
static bool is_proved(const struct alert *alert, const struct look_facts *facts)
{
	if (facts->crashed)
		return false;
	/* That the prober lived through a look is proof whatever the host said. */
	if (alert->kind == ALERT_KIND_SELF)
		return !facts->observation->ours;
	return transition_proved(alert, facts->observation);
}

static const struct finding *finding_for(const struct findings *findings, enum alert_kind kind)
{
	const struct finding *found = NULL;

	for (size_t i = 0; i < findings->len; i++)
		if (alert_kind_of(findings->list[i].kind) == kind &&
		    (!found || findings->list[i].kind == FINDING_EXPIRED))
			found = &findings->list[i];
	return found;
}

static void copy_tags(struct alert *alert, const struct target *target)
{
	for (size_t i = 0; i < alert->tags_len; i++) {
		mem_free(alert->tags[i].key);
		mem_free(alert->tags[i].value);
	}
	mem_free(alert->tags);
	alert->tags = MEM_NEW_ARRAY(target->tags_len, struct tag);
	alert->tags_len = target->tags_len;
	for (size_t i = 0; i < target->tags_len; i++) {
		alert->tags[i].key = str_dup(target->tags[i].key);
		alert->tags[i].value = str_dup(target->tags[i].value);
	}
}

static void replace(char **slot, const char *value)
{
	mem_free(*slot);
	*slot = str_dup(value);
}

/* Owner and remedy travel with every message (alerts.md 18). */
static void describe(struct alert *alert, const struct record *record)
{
	replace(&alert->organization, record->target.organization);
	replace(&alert->owner, record->target.owner);
	replace(&alert->note, record->target.note);
	replace(&alert->runbook, record->target.runbook);
	copy_tags(alert, &record->target);
	alert->next_at = record->schedule.next_at;
}

/* A prober that died on a target is no finding of the world's; it is told as `self`. */
static const struct finding *crash_finding(const struct look_facts *facts, struct finding *room)
{
	if (!facts->crashed)
		return NULL;
	*room = (struct finding){
		.kind = FINDING_UNREACHABLE, /* confirmed like one: three looks, at least 5 minutes
					      */
		.severity = SEVERITY_WARNING,
		.not_after = TIME_UNKNOWN,
		.threshold = -1,
	};
	str_copy(room->at, sizeof(room->at), "host");
	str_copy(room->text, sizeof(room->text),
		 "looking at this target ends the prober: its answer trips a fault in expiryd");
	return room;
}

struct outcome_of_alerts {
	bool confirm_soon, confirm_unreachable;
	int64_t next_repeat;
};

static void note_waiting(struct outcome_of_alerts *out, const struct alert *alert, bool resting)
{
	if (alert->status == ALERT_PENDING) {
		if ((CONFIRMED_SOON >> alert->kind) & 1)
			out->confirm_soon = true;
		if (alert->kind == ALERT_KIND_UNREACHABLE)
			out->confirm_unreachable = true;
	}
	if (alert_open(alert) && alert->repeat_at != TIME_UNKNOWN &&
	    !(resting && alert->kind == ALERT_KIND_UNREACHABLE) &&
	    alert->repeat_at < out->next_repeat)
		out->next_repeat = alert->repeat_at;
	if (alert_open(alert) && alert->ack_by && alert->ack_until != TIME_UNKNOWN &&
	    alert->ack_until < out->next_repeat)
		out->next_repeat = alert->ack_until;
}

struct step {
	struct keeper *keeper;
	struct verdict *verdict;
	const struct look_facts *facts;
	bool clock_hold, failed, resting;
	struct alert before[VERDICT_ALERTS_MAX];
	enum alert_event events[VERDICT_ALERTS_MAX];
};

static void step_alert(struct step *step, enum alert_kind kind)
{
	struct verdict *verdict = step->verdict;
	struct record *record = &verdict->record;
	struct alert *alert = &verdict->alerts[kind];
	struct finding room;
	struct transition_input input = {
		.finding = kind == ALERT_KIND_SELF ? crash_finding(step->facts, &room)
						   : finding_for(&record->findings, kind),
		.looked = !step->failed || kind == ALERT_KIND_UNREACHABLE ||
			  kind == ALERT_KIND_SELF || kind == ALERT_KIND_NEVER_SEEN ||
			  kind == ALERT_KIND_FILE_ERROR || kind == ALERT_KIND_BAD_CERTIFICATE,
		.held = step->clock_hold ||
			(step->failed && (step->facts->held || step->facts->observation->ours)),
		.first_look = !record->baseline &&
			      step->keeper->config->first_look != FIRST_LOOK_NORMAL,
		.resting = step->resting,
		.policy = &record->target.policy,
		.now = step->facts->now,
		.ended = record->ignored ? END_IGNORED : END_NONE,
	};

	/* New, or its document was damaged. */
	if (!alert->id[0]) {
		alert_init(alert);
		alert_name(alert, step->keeper->config->site, kind, record->target.text, true);
	}
	alert_copy(&step->before[kind], alert);
	input.proved = !input.finding && is_proved(alert, step->facts);
	/* Expiry is arithmetic: an old reading may raise it, a hold of the network does not silence
	 * it. */
	if (kind == ALERT_KIND_EXPIRY && input.finding)
		input.held = step->clock_hold;
	step->events[kind] = transition(alert, &input);
	if (alert_open(alert) || alert->status == ALERT_PENDING)
		record->alerts |= 1U << kind;
	else
		record->alerts &= ~(1U << kind);
}

static int64_t schedule_next(struct step *step, const struct outcome_of_alerts *alerts)
{
	struct record *record = &step->verdict->record;
	struct due_input input = {
		.record = record,
		.failed = step->failed && !step->facts->observation->ours && !step->facts->held,
		.ours = step->failed && (step->facts->observation->ours || step->facts->held),
		.pending_confirm = alerts->confirm_soon && !step->failed,
		.pending_unreachable = alerts->confirm_unreachable && !step->failed,
		.clock_hold = step->clock_hold,
		.next_repeat = alerts->next_repeat,
		.draw = step->facts->draw,
		.now = step->facts->now,
	};
	struct schedule next;

	due_next(&input, &next);
	next.clock_epoch = record->schedule.clock_epoch;
	next.clock_looks = record->schedule.clock_looks;
	record->schedule = next;
	return next.next_at;
}

/* After the wall clock jumped, two looks under the new clock must agree. */
static bool clock_holds(struct keeper *keeper, struct record *record)
{
	int64_t epoch = clockwatch_epoch(keeper->clockwatch);

	if (record->schedule.clock_epoch != epoch) {
		record->schedule.clock_epoch = epoch;
		record->schedule.clock_looks = 0;
	}
	if (epoch == 0)
		return false;
	if (record->schedule.clock_looks < 2)
		record->schedule.clock_looks++;
	return record->schedule.clock_looks < 2;
}

static void store_alerts(struct step *step, struct batch *batch)
{
	struct verdict *verdict = step->verdict;
	bool silent = !verdict->record.baseline &&
		      step->keeper->config->first_look == FIRST_LOOK_SILENT;

	for (int kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		struct alert *alert = &verdict->alerts[kind];

		if (!verdict->alert_loaded[kind])
			continue;
		if (step->events[kind] != EVENT_NONE || !alert_equal(alert, &step->before[kind])) {
			describe(alert, &verdict->record);
			telling_add(step->keeper, batch, alert, verdict->alert_revs[kind],
				    step->events[kind], silent, step->facts->now);
		}
		alert_finish(&step->before[kind]);
	}
}

/* Will the coming look be the first after the last attempt of this cycle? Then the target rests. */
static bool will_rest(const struct record *record, bool failed, int64_t now)
{
	const struct schedule *schedule = &record->schedule;
	/* The look after a rest begins a new cycle. */
	int attempts = schedule->rest_until == TIME_UNKNOWN ? schedule->attempts : 0;

	/* An early look, for the sake of another alert's repeat, does not end the rest. */
	if (failed && schedule->rest_until != TIME_UNKNOWN && now < schedule->rest_until)
		return true;
	return failed && attempts + 1 >= record->target.policy.retry_attempts;
}

int64_t verdict_conclude(struct keeper *keeper, struct verdict *verdict,
			 const struct look_facts *facts, struct batch *batch)
{
	struct record *record = &verdict->record;
	struct step step = {
		.keeper = keeper,
		.verdict = verdict,
		.facts = facts,
		.failed = facts->crashed || observation_failed(facts->observation),
	};
	struct outcome_of_alerts waiting = {.next_repeat = INT64_MAX};
	int64_t next;

	step.clock_hold = clock_holds(keeper, record);
	step.resting = will_rest(record, step.failed && !facts->observation->ours && !facts->held,
				 facts->now);
	for (int kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		if (!verdict->alert_loaded[kind])
			continue;
		step_alert(&step, (enum alert_kind)kind);
		note_waiting(&waiting, &verdict->alerts[kind], step.resting);
	}
	next = schedule_next(&step, &waiting);
	store_alerts(&step, batch);
	/* The first look is over when an answer needs no confirmation any more. */
	if (!step.failed && !step.clock_hold && !waiting.confirm_soon)
		record->baseline = true;
	batch_put_record(batch, record, verdict->rev);
	return next;
}

void verdict_close(struct keeper *keeper, struct verdict *verdict, enum end_reason reason,
		   struct batch *batch, int64_t now)
{
	struct record *record = &verdict->record;

	for (int kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		struct transition_input input = {
			.policy = &record->target.policy, .now = now, .ended = reason};
		struct alert *alert = &verdict->alerts[kind];

		if (!verdict->alert_loaded[kind] || verdict->alert_revs[kind] == 0)
			continue;
		if (!alert->id[0]) {
			alert_init(alert);
			alert_name(alert, keeper->config->site, (enum alert_kind)kind,
				   record->target.text, true);
		}
		telling_add(keeper, batch, alert, verdict->alert_revs[kind],
			    transition(alert, &input), false, now);
	}
	record->alerts = 0;
	if (reason != END_REMOVED) {
		batch_put_record(batch, record, verdict->rev);
		return;
	}
	batch_expect(batch, KIND_TARGET, record->target.id, verdict->rev);
	batch_del(batch, KIND_TARGET, record->target.id);
	batch_job(batch, JOB_DELETE, JOB_PROBE, record->target.id, record->target.zone,
		  target_lane(&record->target), now);
	telling_history(batch, "target_removed", record->target.id, record->target.text, NULL, NULL,
			now);
}
