/*
 * The notify job: one per notifier, so that a dead one never delays another, and one delivery at a
 * time, so that a resolve never overtakes its raise.
 *
 *     messages waiting? -> send the oldest -> what became of it -> next due time
 *     none?             -> collect lines -> freeze them into a message
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

struct job_notify {
	struct run run;
	struct notifier_set *set;
	struct notifier *notifier;
	struct delivery *delivery;
	char message_kind[STORE_ID_MAX], line_kind[STORE_ID_MAX];
	struct message message; /* the one being sent */
	int64_t message_rev;
	bool more; /* others wait behind it */
	json_t *rows;
	struct delivery_result result;
	int64_t sent_at;
};

static void send_or_collect(void *arg);

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

static void give_up(struct job_notify *job, const struct store_answer *answer, timer_fn *again)
{
	if (answer->status != STORE_AWAY && answer->status != STORE_FULL)
		job_notify_drop(job);
	run_store_failed(&job->run, answer, again);
}

static void on_moved(void *arg, struct store_answer *answer)
{
	struct job_notify *job = arg;

	job->run.call = NULL;
	if (answer->status != STORE_OK && answer->status != STORE_CONFLICT) {
		job_notify_drop(job);
		run_store_failed(&job->run, answer, send_or_collect);
		return;
	}
	job_notify_drop(job);
	run_end(&job->run);
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

/* What became of the try goes into the store; only then is it over. */
static void store_result(void *arg)
{
	struct job_notify *job = arg;
	struct keeper *keeper = job->run.keeper;
	struct notifier_slot *slot = slot_of(job);
	struct batch batch = {0};
	int64_t now = clock_wall_ms();
	int64_t due = now;

	batch_expect(&batch, job->message_kind, job->message.id, job->message_rev);
	if (job->result.status == DELIVERY_DONE) {
		slot->sent++;
		tell_delivered(job);
		outbox_delivered(keeper, &batch, job->notifier->name, &job->message, now);
		batch_del(&batch, job->message_kind, job->message.id);
	} else {
		slot->failed++;
		count_try(job);
		job->message.refused += job->result.status == DELIVERY_REFUSED;
		str_copy(job->message.detail, sizeof(job->message.detail), job->result.detail);
		if (is_hopeless(job)) {
			slot->parked++;
			job->message.parked_at = now;
			tell_parked(job);
		} else {
			due = next_try(job, now);
			job->message.next_at = due;
			log_warn("message not delivered", "notifier", job->notifier->name,
				 "delivery", job->message.id, "try", LOG_NUM(job->message.tries),
				 "why", job->result.detail, NULL);
		}
		outbox_put_message(&batch, job->message_kind, &job->message);
	}
	move(job, &batch, due);
}

static void on_delivered(void *arg, const struct delivery_result *result)
{
	struct job_notify *job = arg;

	job->delivery = NULL;
	job->result = *result;
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

static void on_lines(void *arg, struct store_answer *answer)
{
	struct job_notify *job = arg;
	struct keeper *keeper = job->run.keeper;
	struct batch batch = {0};
	int64_t now = clock_wall_ms();
	int64_t due = STORE_NEVER;

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		give_up(job, answer, send_or_collect);
		return;
	}
	/* Freezing is a commit of its own: the next run of this job sends what it froze. */
	if (answer->docs_len > 0)
		due = outbox_freeze(keeper, &batch, job->notifier->name, job->message_kind,
				    job->line_kind, answer->docs, answer->docs_len, now);
	move(job, &batch, due);
}

static void on_messages(void *arg, struct store_answer *answer)
{
	struct job_notify *job = arg;
	struct err err = {0};
	struct store_page page = {.kind = job->line_kind,
				  .index = "at",
				  .min = INT64_MIN,
				  .max = INT64_MAX,
				  .limit = OUTBOX_PART_MAX};
	struct batch batch = {0};

	job->run.call = NULL;
	if (answer->status != STORE_OK) {
		give_up(job, answer, send_or_collect);
		return;
	}
	if (answer->docs_len == 0) {
		job->run.call = store_page(job->run.keeper->store, &page, on_lines, job);
		return;
	}
	message_finish(&job->message);
	if (!message_read(&job->message, &answer->docs[0], &err)) {
		log_error("message document damaged: dropped", "why", err.text, NULL);
		batch_del(&batch, job->message_kind, answer->docs[0].id);
		move(job, &batch, clock_wall_ms());
		return;
	}
	job->message_rev = answer->docs[0].rev;
	if (job->message.next_at > clock_wall_ms())
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
