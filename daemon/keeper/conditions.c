/*
 * Alerts about ourselves. What is wanted is kept in memory per (kind, subject) and written by a
 * small read-judge-commit cycle, one at a time; while the store is away the wish waits and the
 * newest wins.
 */
#include "daemon/keeper/conditions.h"

#include "daemon/keeper/jobs.h"
#include "daemon/keeper/telling.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/rules/transition.h"

#include <uthash.h>

#define AGAIN_MS (5 * MS_SECOND)
/* A standing condition repeats like any alert; this is how often that is looked at. */
#define REPEAT_CHECK_MS (5 * MS_MINUTE)

struct condition {
	char id[33]; /* of the alert */
	enum alert_kind kind;
	char *subject;
	enum severity severity;
	bool firing;
	char *text;
	bool dirty; /* wanted differs from what was last written, or was never compared */
	UT_hash_handle hh;
};

struct conditions {
	struct keeper *keeper;
	struct condition *all;
	struct condition *current; /* being written */
	struct store_call *call;
	struct timer again, repeat;
	struct policy policy;
};

static void write_next(void *arg);

static void check_repeats(void *arg)
{
	struct conditions *conditions = arg;

	for (struct condition *one = conditions->all; one; one = one->hh.next)
		if (one->firing)
			one->dirty = true;
	write_next(conditions);
	timer_set(&conditions->repeat, REPEAT_CHECK_MS);
}

struct conditions *conditions_new(struct keeper *keeper)
{
	struct conditions *conditions = MEM_NEW(struct conditions);

	conditions->keeper = keeper;
	policy_init(&conditions->policy);
	timer_init(&conditions->again, keeper->loop, write_next, conditions);
	timer_init(&conditions->repeat, keeper->loop, check_repeats, conditions);
	timer_set(&conditions->repeat, REPEAT_CHECK_MS);
	return conditions;
}

void conditions_free(struct conditions *conditions)
{
	struct condition *one, *next;

	if (!conditions)
		return;
	store_cancel(conditions->call);
	timer_clear(&conditions->again);
	timer_clear(&conditions->repeat);
	HASH_ITER(hh, conditions->all, one, next) {
		HASH_DEL(conditions->all, one);
		mem_free(one->subject);
		mem_free(one->text);
		mem_free(one);
	}
	mem_free(conditions);
}

size_t conditions_waiting(const struct conditions *conditions)
{
	size_t count = 0;

	for (const struct condition *one = conditions->all; one; one = one->hh.next)
		count += one->dirty;
	return count;
}

static void on_written(void *arg, struct store_answer *answer)
{
	struct conditions *conditions = arg;

	conditions->call = NULL;
	if (answer->status != STORE_OK)
		conditions->current->dirty = true;
	conditions->current = NULL;
	if (answer->status == STORE_OK)
		claims_kick(conditions->keeper->claims);
	/* A conflict is an operator's acknowledgement: read again at once. */
	timer_set(&conditions->again,
		  answer->status == STORE_OK || answer->status == STORE_CONFLICT ? 0 : AGAIN_MS);
}

static struct transition_input judged(struct conditions *conditions, struct finding *finding)
{
	const struct condition *one = conditions->current;

	*finding = (struct finding){
		.kind = FINDING_EXPIRED, /* raised at the first look, like arithmetic */
		.severity = one->severity,
		.not_after = TIME_UNKNOWN,
		.threshold = -1,
	};
	str_copy(finding->text, sizeof(finding->text), one->text);
	return (struct transition_input){
		.finding = one->firing ? finding : NULL,
		.proved = !one->firing,
		.looked = true,
		.policy = &conditions->policy,
		.now = clock_wall_ms(),
	};
}

static void commit(struct conditions *conditions, const struct store_doc *doc)
{
	struct condition *one = conditions->current;
	struct keeper *keeper = conditions->keeper;
	struct batch batch = {0};
	struct alert alert, before;
	struct finding finding;
	struct transition_input input = judged(conditions, &finding);
	json_t *json = doc->rev ? json_parse(doc->body, doc->body_len, STORE_BODY_MAX, NULL) : NULL;
	struct err err = {0};
	enum alert_event event;

	if (!json || !alert_from_json(&alert, json, &err)) {
		alert_init(&alert);
		alert_name(&alert, keeper->config->site, one->kind, one->subject, false);
	}
	json_decref(json);
	alert_copy(&before, &alert);
	event = transition(&alert, &input);
	one->dirty = false;
	if (event == EVENT_NONE && (doc->rev == 0 || alert_equal(&alert, &before))) {
		conditions->current = NULL;
		timer_set(&conditions->again, 0);
	} else {
		telling_add(keeper, &batch, &alert, doc->rev, event, false, input.now);
		conditions->call = batch_commit(&batch, keeper->store, on_written, conditions);
	}
	alert_finish(&before);
	alert_finish(&alert);
	batch_finish(&batch);
}

static void on_read(void *arg, struct store_answer *answer)
{
	struct conditions *conditions = arg;

	conditions->call = NULL;
	if (answer->status != STORE_OK) {
		conditions->current = NULL;
		timer_set(&conditions->again, AGAIN_MS);
		return;
	}
	commit(conditions, &answer->docs[0]);
}

static void write_next(void *arg)
{
	struct conditions *conditions = arg;
	struct store_key key = {.kind = KIND_ALERT};

	if (conditions->current)
		return;
	for (struct condition *one = conditions->all; one; one = one->hh.next) {
		if (!one->dirty)
			continue;
		conditions->current = one;
		key.id = one->id;
		conditions->call = store_get(conditions->keeper->store, &key, 1, on_read,
					     conditions);
		return;
	}
}

static struct condition *find(struct conditions *conditions, enum alert_kind kind,
			      const char *subject)
{
	struct condition *one;
	struct alert alert;

	alert_init(&alert);
	alert_name(&alert, conditions->keeper->config->site, kind, subject, false);
	HASH_FIND_STR(conditions->all, alert.id, one);
	if (!one) {
		one = MEM_NEW(struct condition);
		str_copy(one->id, sizeof(one->id), alert.id);
		one->kind = kind;
		one->subject = str_dup(subject);
		one->dirty = true; /* what an earlier process left standing is compared once */
		HASH_ADD_STR(conditions->all, id, one);
	}
	alert_finish(&alert);
	return one;
}

void condition_set(struct conditions *conditions, enum alert_kind kind, const char *subject,
		   enum severity severity, bool firing, const char *text)
{
	struct condition *one = find(conditions, kind, subject);

	if (!one->dirty && one->firing == firing && (!firing || one->severity == severity))
		return;
	one->severity = severity;
	one->firing = firing;
	mem_free(one->text);
	one->text = str_dup(text);
	one->dirty = true;
	if (!conditions->current && !timer_armed(&conditions->again))
		timer_set(&conditions->again, 0);
}
