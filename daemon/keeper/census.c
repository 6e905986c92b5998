/*
 * Taking a census: a list of questions, each a count with the place for its answer, then the outbox
 * of one notifier after the other. One store operation at a time, in its call's own place, so that
 * a peer that goes away ends it.
 */
#include "daemon/keeper/census.h"

#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/telling.h"
#include "lib/base/str.h"

/* One that took longer than DEAR_MS serves for AGAIN times as long as it took. */
#define DEAR_MS 50
#define AGAIN 20
#define QUESTIONS_MAX 512

struct question {
	const char *kind, *index;
	int64_t min, max;
	int64_t *count; /* added to */
};
enum outbox_step { OUTBOX_LINE, OUTBOX_MESSAGE, OUTBOX_PARKED, OUTBOX_DONE };
struct census_taking {
	struct api_call *call;
	census_done_fn *done;
	struct census *census;
	struct deferred *turn; /* a census that is there already */
	struct question questions[QUESTIONS_MAX];
	size_t len, at;
	size_t notifier;
	enum outbox_step step;
	int64_t began_mono;
	char line_kind[NOTIFIERS_MAX][STORE_ID_MAX], message_kind[NOTIFIERS_MAX][STORE_ID_MAX];
};

static void ask_next(struct census_taking *taking);
static void ask_outbox(struct census_taking *taking);

void census_free(struct census *census)
{
	mem_free(census);
}

void census_cancel(struct census_taking *taking)
{
	if (!taking)
		return;
	deferred_cancel(taking->turn);
	census_free(taking->census);
	mem_free(taking);
}

static void finish(struct census_taking *taking, const char *fault)
{
	struct api_call *call = taking->call;
	census_done_fn *done = taking->done;
	struct api *api = call->api;

	if (taking->census) {
		taking->census->mono = clock_mono_ms();
		taking->census->cost_ms = taking->census->mono - taking->began_mono;
		census_free(api->census);
		api->census = taking->census;
		taking->census = NULL;
	}
	census_cancel(taking);
	done(call, fault ? NULL : api->census, fault);
}

static bool failed(struct census_taking *taking, const struct store_answer *answer)
{
	taking->call->store = NULL;
	if (answer->status == STORE_OK)
		return false;
	census_free(taking->census);
	taking->census = NULL;
	finish(taking, answer->err.text);
	return true;
}

/* ---- the questions ------------------------------------------------------------------------ */

static void add(struct census_taking *taking, const char *kind, const char *index, int64_t min,
		int64_t max, int64_t *count)
{
	if (taking->len == QUESTIONS_MAX)
		bug("more questions than a census has");
	taking->questions[taking->len++] = (struct question){kind, index, min, max, count};
}

static void add_targets(struct census_taking *taking)
{
	static const int64_t days[] = CENSUS_LEFT_DAYS;
	struct census *census = taking->census;
	/* Whole seconds, as they are printed: the last one of a certificate's life counts. */
	int64_t second = census->at - census->at % MS_SECOND, from = INT64_MIN, to;

	_Static_assert(ARRAY_LEN(days) + 1 == CENSUS_LEFT, "a band for each end and one without");
	for (int i = 0; i <= OUTCOME_COUNT; i++)
		add(taking, KIND_TARGET, "outcome", i, i, &census->outcomes[i]);
	for (size_t i = 0; i < CENSUS_LEFT; i++) {
		/* INT64_MAX - 1 and beyond: no certificate was seen. */
		to = INT64_MAX - 2;
		if (i < ARRAY_LEN(days))
			to = second + days[i] * MS_DAY + (days[i] ? MS_SECOND : 0) - 1;
		add(taking, KIND_TARGET, "not_after", from, to, &census->left[i]);
		from = to + 1;
	}
}

static void add_alerts(struct census_taking *taking)
{
	struct census *census = taking->census;

	for (int kind = 0; kind < ALERT_KIND_COUNT; kind++)
		for (int severity = SEVERITY_INFO; severity <= SEVERITY_CRITICAL; severity++)
			for (int status = 0; status < ALERT_STATUS_COUNT; status++) {
				int64_t class = alert_class((enum alert_kind)kind,
							    (enum severity)severity,
							    (enum alert_status)status);

				/* Nothing silences yet, and what has ended is history. */
				if (status == ALERT_PENDING || status == ALERT_FIRING ||
				    status == ALERT_ACKNOWLEDGED)
					add(taking, KIND_ALERT, "class", class, class,
					    &census->alerts[kind][severity][status]);
			}
}

static void add_jobs(struct census_taking *taking)
{
	struct census *census = taking->census;
	int64_t now = census->at;

	add(taking, "job/" JOB_PROBE, NULL, 0, 0, &census->probe_jobs);
	add(taking, "job/" JOB_NOTIFY, NULL, 0, 0, &census->notify_jobs);
	add(taking, "job/" JOB_PROBE, "due", INT64_MIN, now, &census->due_now);
	add(taking, "job/" JOB_NOTIFY, "due", INT64_MIN, now, &census->due_now);
	add(taking, KIND_INSTANCE, "heartbeat", now - API_INSTANCE_AWAY_MS, INT64_MAX,
	    &census->instances_active);
	add(taking, KIND_INSTANCE, "heartbeat", INT64_MIN, now - API_INSTANCE_AWAY_MS - 1,
	    &census->instances_inactive);
}

static void add_outboxes(struct census_taking *taking)
{
	struct census *census = taking->census;
	const char *names[NOTIFIERS_MAX];

	census->outbox_len = keeper_notifier_names(taking->call->keeper, names);
	for (size_t i = 0; i < census->outbox_len; i++) {
		struct census_outbox *outbox = &census->outbox[i];

		outbox->oldest_at = TIME_UNKNOWN;
		str_copy(outbox->name, sizeof(outbox->name), names[i]);
		snprintf(taking->line_kind[i], STORE_ID_MAX, KIND_LINE "%s", names[i]);
		snprintf(taking->message_kind[i], STORE_ID_MAX, KIND_MESSAGE "%s", names[i]);
		add(taking, taking->line_kind[i], NULL, 0, 0, &outbox->waiting);
		add(taking, taking->message_kind[i], "waiting", INT64_MIN, INT64_MAX,
		    &outbox->waiting);
		add(taking, taking->message_kind[i], "parked", INT64_MIN, INT64_MAX,
		    &outbox->parked);
	}
}

static void on_counted(void *arg, struct store_answer *answer)
{
	struct census_taking *taking = arg;

	if (failed(taking, answer))
		return;
	*taking->questions[taking->at++].count += answer->count;
	ask_next(taking);
}

static void ask_next(struct census_taking *taking)
{
	const struct question *question = &taking->questions[taking->at];

	if (taking->at == taking->len)
		ask_outbox(taking);
	else
		taking->call->store = store_count(taking->call->keeper->store, question->kind,
						  question->index, question->min, question->max,
						  on_counted, taking);
}

/* ---- the outbox --------------------------------------------------------------------------- */

static void see_oldest(struct census_outbox *outbox, const json_t *doc, const char *key)
{
	int64_t at;

	if (json_has_int(doc, key, &at) &&
	    (outbox->oldest_at == TIME_UNKNOWN || at < outbox->oldest_at))
		outbox->oldest_at = at;
}

static void on_outbox(void *arg, struct store_answer *answer)
{
	struct census_taking *taking = arg;
	struct census_outbox *outbox;
	const char *detail;
	json_t *json;

	if (failed(taking, answer))
		return;
	outbox = &taking->census->outbox[taking->notifier];
	json = answer->docs_len ? lister_parse(&answer->docs[0]) : NULL;
	detail = json_get_str(json, "detail");
	if (taking->step == OUTBOX_LINE)
		see_oldest(outbox, json, "at");
	else if (taking->step == OUTBOX_MESSAGE)
		see_oldest(outbox, json, "created_at");
	/* Of what is being tried, else of what was given up last. */
	if (detail && !outbox->last_error[0])
		str_copy(outbox->last_error, sizeof(outbox->last_error), detail);
	json_decref(json);
	taking->step++;
	ask_outbox(taking);
}

/* The oldest line, the oldest message that waits, the newest that was parked. */
static struct store_page page_of(const struct census_taking *taking)
{
	struct store_page page = {.min = INT64_MIN, .max = INT64_MAX, .limit = 1};

	page.kind = taking->step == OUTBOX_LINE ? taking->line_kind[taking->notifier]
						: taking->message_kind[taking->notifier];
	page.index = taking->step == OUTBOX_LINE      ? "at"
		     : taking->step == OUTBOX_MESSAGE ? "waiting"
						      : "parked";
	page.descending = taking->step == OUTBOX_PARKED;
	return page;
}

static bool is_empty(const struct census_taking *taking)
{
	const struct census_outbox *outbox = &taking->census->outbox[taking->notifier];

	return outbox->waiting == 0 && outbox->parked == 0;
}

static void ask_outbox(struct census_taking *taking)
{
	struct store_page page;

	while (taking->notifier < taking->census->outbox_len &&
	       (taking->step == OUTBOX_DONE || is_empty(taking))) {
		taking->notifier++;
		taking->step = OUTBOX_LINE;
	}
	if (taking->notifier == taking->census->outbox_len) {
		for (size_t i = 0; i < ARRAY_LEN(taking->census->outcomes); i++)
			taking->census->targets += taking->census->outcomes[i];
		finish(taking, NULL);
		return;
	}
	page = page_of(taking);
	taking->call->store = store_page(taking->call->keeper->store, &page, on_outbox, taking);
}

/* ---- start -------------------------------------------------------------------------------- */

static void begin(struct census_taking *taking)
{
	taking->census = MEM_NEW(struct census);
	taking->census->at = taking->call->now;
	add_targets(taking);
	add_alerts(taking);
	add_jobs(taking);
	add_outboxes(taking);
	ask_next(taking);
}

static bool is_young(const struct census *census)
{
	return census && census->cost_ms > DEAR_MS &&
	       clock_mono_ms() - census->mono < AGAIN * census->cost_ms;
}

/* A turn later, because an answer never comes from inside the question. */
static void on_turn(void *arg)
{
	struct census_taking *taking = arg;

	taking->turn = NULL;
	if (is_young(taking->call->api->census))
		finish(taking, NULL);
	else
		begin(taking);
}

struct census_taking *census_take(struct api_call *call, census_done_fn *done)
{
	struct census_taking *taking = MEM_NEW(struct census_taking);

	taking->call = call;
	taking->done = done;
	taking->began_mono = clock_mono_ms();
	taking->turn = loop_defer(call->keeper->loop, on_turn, taking);
	return taking;
}

const struct census_outbox *census_outbox(const struct census *census, const char *notifier)
{
	for (size_t i = 0; census && i < census->outbox_len; i++)
		if (strcmp(census->outbox[i].name, notifier) == 0)
			return &census->outbox[i];
	return NULL;
}
