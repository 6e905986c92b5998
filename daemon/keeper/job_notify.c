/*
 * The notify job: one per notifier, so that a dead one never delays another, and one delivery at a
 * time, so that a resolve never overtakes its raise.
 *
 *     messages waiting?     -> send the oldest -> what became of it -> next due time
 *     else lines due?       -> freeze them into a message
 *     else of first looks?  -> wait until all targets were looked at, then freeze them
 *
 * A message is frozen (members and delivery id) in the store before its first try; a crash between
 * sending and storing the answer sends it again under the same id.
 */
#include "daemon/keeper/conditions.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/outbox.h"
#include "daemon/keeper/telling.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "lib/rules/due.h"

#define LEASE_MS (2 * MS_MINUTE)
#define REFUSED_TRIES 3
#define GIVE_UP_MS (7 * MS_DAY)
#define GIVE_UP_TRIES 10
/* A configuration that lost the notifier keeps its outbox; it is looked at again this often. */
#define NO_NOTIFIER_MS MS_HOUR
/* No try is put off for longer; what seems to be was written before the clock was set back. */
#define WAIT_MAX_MS (MS_DAY + MS_HOUR)
/* Are there targets that were never looked at? Asked this often while their digest waits. */
#define FIRST_LOOK_ASK_MS (5 * MS_SECOND)

struct job_notify {
	struct run run;
	struct notifier_set *set;
	struct notifier *notifier;
	struct delivery *delivery;
	char message_kind[STORE_ID_MAX], line_kind[STORE_ID_MAX];
	struct message message; /* the one being sent */
	int64_t message_rev;
	json_t *rows;
	struct delivery_result result;
	bool answered; /* result holds what became of the message */
	int64_t sent_at;
	int64_t next_due;
	bool digest;	  /* lines of first looks are collected */
	int64_t first_at; /* the oldest line of the digest of first looks */
};

static void send_or_collect(void *arg);
static void store_result(void *arg);
static void on_first(void *arg, struct store_answer *answer);
static void collect_digest(struct job_notify *job);
static void page_lines(struct job_notify *job, const char *index, size_t limit,
		       store_done_fn *done);

static struct job_notify *job_of(struct run *run)
{
	return CONTAINER_OF(run, struct job_notify, run);
}

static void job_notify_drop(struct job_notify *job)
{
	if (job->delivery)
		delivery_cancel(job->notifier, job->delivery);
	job->delivery = NULL;
	message_finish(&job->message);
	json_decref(job->rows);
	job->rows = NULL;
	if (job->set)
		notifier_set_done(job->set);
	job->set = NULL;
}

static void job_notify_cancel(struct run *run)
{
	job_notify_drop(job_of(run));
}

static void on_moved(void *arg, struct store_answer *answer)
{
	struct job_notify *job = arg;

	job->run.call = NULL;
	if (answer->status == STORE_OK)
		run_end(&job->run);
	else if (answer->status == STORE_CONFLICT)
		/* A line or the message was written meanwhile: what is there now counts. */
		send_or_collect(job);
	else
		/* What the receiver answered is kept while the store is away: what was
		 * confirmed is not sent again. */
		run_store_failed(&job->run, answer, job->answered ? store_result : send_or_collect);
}

/* Ends the job with a new due time and whatever else the batch holds. */
static void move(struct job_notify *job, struct batch *batch, int64_t due)
{
	batch_fence_move(batch, &job->run.job, due, 0);
	job->run.call = batch_commit(batch, job->run.keeper->store, on_moved, job);
	batch_finish(batch);
}

static struct notifier_slot *slot_of(struct job_notify *job)
{
	for (size_t i = 0; i < job->set->len; i++)
		if (job->set->slots[i].notifier == job->notifier)
			return &job->set->slots[i];
	bug("a notifier outside its set");
}

static void tell_parked(struct job_notify *job)
{
	char subject[STORE_ID_MAX], text[512];

	snprintf(subject, sizeof(subject), "notifier/%s", job->notifier->name);
	snprintf(text, sizeof(text),
		 "notifier %s refuses a message (%s); it was parked after %d tries",
		 job->notifier->name, job->result.detail, job->message.tries);
	log_error("message parked", "notifier", job->notifier->name, "delivery", job->message.id,
		  "why", job->result.detail, NULL);
	condition_set(job->run.keeper->conditions, ALERT_KIND_NOTIFIER, subject, SEVERITY_CRITICAL,
		      true, text);
}

static void tell_delivered(struct job_notify *job)
{
	char subject[STORE_ID_MAX];

	snprintf(subject, sizeof(subject), "notifier/%s", job->notifier->name);
	condition_set(job->run.keeper->conditions, ALERT_KIND_NOTIFIER, subject, SEVERITY_CRITICAL,
		      false, "deliveries succeed again");
	log_info("message delivered", "notifier", job->notifier->name, "delivery", job->message.id,
		 "events", LOG_NUM(job->message.members_len), "tries",
		 LOG_NUM(job->message.tries + 1), NULL);
}

static bool is_hopeless(const struct job_notify *job)
{
	const struct message *message = &job->message;

	if (job->result.status == DELIVERY_GONE)
		return true;
	if (job->result.status == DELIVERY_REFUSED)
		return message->refused >= REFUSED_TRIES;
	return job->sent_at - message->created_at > GIVE_UP_MS && message->tries >= GIVE_UP_TRIES &&
	       message->tries_since_start >= GIVE_UP_TRIES;
}

static int64_t next_try(const struct job_notify *job, int64_t now)
{
	int64_t wait = delivery_backoff(job->message.tries, rand_u64());

	if (job->result.retry_after_ms > wait)
		wait = job->result.retry_after_ms;
	return now + wait;
}

static void count_try(struct job_notify *job)
{
	struct message *message = &job->message;

	if (message->start != job->run.keeper->started_at) {
		message->start = job->run.keeper->started_at;
		message->tries_since_start = 0;
	}
	message->tries++;
	message->tries_since_start++;
}

static void note_failure(struct job_notify *job, struct notifier_slot *slot, int64_t now)
{
	slot->failed++;
	count_try(job);
	job->message.refused += job->result.status == DELIVERY_REFUSED;
	str_copy(job->message.detail, sizeof(job->message.detail), job->result.detail);
	if (is_hopeless(job)) {
		slot->parked++;
		job->message.parked_at = now;
		tell_parked(job);
		return;
	}
	job->next_due = next_try(job, now);
	job->message.next_at = job->next_due;
	log_warn("message not delivered", "notifier", job->notifier->name, "delivery",
		 job->message.id, "try", LOG_NUM(job->message.tries), "why", job->result.detail,
		 NULL);
}

/* Counted and told once, however often it takes to store it. */
static void note_result(struct job_notify *job)
{
	struct notifier_slot *slot = slot_of(job);
	int64_t now = clock_wall_ms();

	job->next_due = now;
	if (job->result.status != DELIVERY_DONE) {
		note_failure(job, slot, now);
		return;
	}
	slot->sent++;
	tell_delivered(job);
}

/* What became of the try goes into the store; only then is it over. */
static void store_result(void *arg)
{
	struct job_notify *job = arg;
	struct batch batch = {0};

	batch_expect(&batch, job->message_kind, job->message.id, job->message_rev);
	if (job->result.status == DELIVERY_DONE) {
		outbox_delivered(job->run.keeper, &batch, job->notifier->name, &job->message,
				 clock_wall_ms());
		batch_del(&batch, job->message_kind, job->message.id);
	} else {
		outbox_put_message(&batch, job->message_kind, &job->message);
	}
	move(job, &batch, job->next_due);
}

static void on_delivered(void *arg, const struct delivery_result *result)
{
	struct job_notify *job = arg;

	job->delivery = NULL;
	job->result = *result;
	job->answered = true;
	note_result(job);
	store_result(job);
}

static void deliver(struct job_notify *job)
{
	struct keeper *keeper = job->run.keeper;
	struct delivery_message message = {
		.id = job->message.id,
		.site = keeper->config->site,
		.part = job->message.part,
		.parts = job->message.parts,
		.now = clock_wall_ms(),
		.away_from = job->message.away_from,
		.away_to = job->message.away_to,
		.test = job->message.test,
	};
	json_t *group = json_object();

	job->sent_at = message.now;
	json_decref(job->rows);
	job->rows = message_rows(&job->message, message.now);
	json_put_str(group, "notifier", job->notifier->name);
	message.alerts = job->rows;
	message.group = group;
	job->delivery = delivery_start(job->notifier, &message, on_delivered, job);
	json_decref(group);
}

/* Freezing is a commit of its own: the next run of this job sends what it froze. */
static void on_lines(void *arg, struct store_answer *answer)
{
	struct job_notify *job = arg;
	struct batch batch = {0};
	int64_t now = clock_wall_ms();
	int64_t due = STORE_NEVER;

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		run_store_failed(&job->run, answer, send_or_collect);
		return;
	}
	if (answer->docs_len > 0)
		due = outbox_freeze(job->run.keeper, &batch, job->notifier->name, job->message_kind,
				    job->line_kind, answer->docs, answer->docs_len, now);
	if (due < job->next_due)
		job->next_due = due;
	if (due <= now || job->digest)
		move(job, &batch, job->next_due);
	else
		page_lines(job, "first", 1, on_first);
}

static void on_unseen(void *arg, struct store_answer *answer)
{
	struct job_notify *job = arg;
	struct batch batch = {0};
	int64_t now = clock_wall_ms();
	int64_t again = job->first_at + OUTBOX_FIRST_LOOK_MS;

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		run_store_failed(&job->run, answer, send_or_collect);
		return;
	}
	if (answer->count == 0) {
		collect_digest(job);
		return;
	}
	if (again > now + FIRST_LOOK_ASK_MS)
		again = now + FIRST_LOOK_ASK_MS;
	move(job, &batch, again < job->next_due ? again : job->next_due);
}

/* What first looks found is one digest (alerts.md 20): while targets are there that were never
 * looked at, it waits, but not for ever. */
static void on_first(void *arg, struct store_answer *answer)
{
	struct job_notify *job = arg;
	struct batch batch = {0};
	int64_t now = clock_wall_ms(), due;
	json_t *line;

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		run_store_failed(&job->run, answer, send_or_collect);
		return;
	}
	if (answer->docs_len == 0) {
		move(job, &batch, job->next_due);
		return;
	}
	line = json_parse(answer->docs[0].body, answer->docs[0].body_len, STORE_BODY_MAX, NULL);
	job->first_at = json_get_int(line, "at", 0);
	due = json_get_int(line, "due", 0);
	json_decref(line);
	/* A line of the future was written before the clock was set back. */
	if (now < job->first_at || now - job->first_at >= OUTBOX_FIRST_LOOK_MS)
		collect_digest(job);
	else if (now < due)
		move(job, &batch, due < job->next_due ? due : job->next_due);
	else
		job->run.call = store_count(job->run.keeper->store, KIND_TARGET, "outcome",
					    OUTCOME_COUNT, OUTCOME_COUNT, on_unseen, job);
}

static void page_lines(struct job_notify *job, const char *index, size_t limit, store_done_fn *done)
{
	struct store_page page = {.kind = job->line_kind,
				  .index = index,
				  .min = INT64_MIN,
				  .max = INT64_MAX,
				  .limit = limit};

	job->run.call = store_page(job->run.keeper->store, &page, done, job);
}

static void collect_digest(struct job_notify *job)
{
	job->digest = true;
	page_lines(job, "first", OUTBOX_PART_MAX, on_lines);
}

static void on_messages(void *arg, struct store_answer *answer)
{
	struct job_notify *job = arg;
	struct err err = {0};
	struct batch batch = {0};
	int64_t now = clock_wall_ms();

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		run_store_failed(&job->run, answer, send_or_collect);
		return;
	}
	if (answer->docs_len == 0) {
		page_lines(job, "due", OUTBOX_PART_MAX, on_lines);
		return;
	}
	message_finish(&job->message);
	if (!message_read(&job->message, &answer->docs[0], &err)) {
		log_error("message document damaged: dropped", "why", err.text, NULL);
		batch_del(&batch, job->message_kind, answer->docs[0].id);
		move(job, &batch, now);
		return;
	}
	job->message_rev = answer->docs[0].rev;
	if (job->message.next_at > now && job->message.next_at - now <= WAIT_MAX_MS)
		move(job, &batch, job->message.next_at);
	else
		deliver(job);
}

static void send_or_collect(void *arg)
{
	struct job_notify *job = arg;
	/* Parked messages have no "waiting" column: they are kept, and not sent. */
	struct store_page page = {.kind = job->message_kind,
				  .index = "waiting",
				  .min = INT64_MIN,
				  .max = INT64_MAX,
				  .limit = 1};

	job->answered = job->digest = false;
	job->next_due = STORE_NEVER;
	job->run.call = store_page(job->run.keeper->store, &page, on_messages, job);
}

static void job_notify_start(struct run *run)
{
	struct job_notify *job = job_of(run);
	const char *name = run->job.subject;

	snprintf(job->message_kind, sizeof(job->message_kind), KIND_MESSAGE "%s", name);
	snprintf(job->line_kind, sizeof(job->line_kind), KIND_LINE "%s", name);
	job->set = notifier_set_use(run->keeper);
	job->notifier = notifier_set_get(job->set, name);
	if (!job->notifier) {
		notifier_set_done(job->set);
		job->set = NULL;
		run_release(run, clock_wall_ms() + NO_NOTIFIER_MS);
		return;
	}
	send_or_collect(job);
}

const struct job_kind job_notify = {
	.kind = JOB_NOTIFY,
	.purpose = PURPOSE_NOTIFY,
	.lease_ms = LEASE_MS,
	.inflight_max = NOTIFIERS_MAX,
	.size = sizeof(struct job_notify),
	.start = job_notify_start,
	.cancel = job_notify_cancel,
};
