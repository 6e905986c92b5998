/*
 * POST /api/v1/alerts/KEY/ack and /unack. KEY is an alert's id or a prefix of it, a target (all
 * that stands about it), or TARGET/KIND.
 *
 *     which alerts? -> read them -> change those that stand -> commit        CONFLICT: read again
 *
 * The same commit moves the target's next look to where its alert may want to speak again: an
 * acknowledgement that runs out, or was taken back, is told after a fresh look (alerts.md 5).
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/telling.h"
#include "daemon/keeper/verdict.h"

#include "lib/base/digest.h"
#include "lib/base/str.h"
#include "lib/rules/transition.h"

#define TRIES_MAX 10
#define WHY_MAX 4096
#define FOR_S_MAX (INT64_C(10) * 366 * 86400)
#define ALL_KINDS ((1U << ALERT_KIND_COUNT) - 1)

struct ack_call {
	struct api_call call;
	struct finder finder;
	bool back; /* unack */
	const char *key;
	const char *why;
	int64_t for_s; /* 0: until it is resolved */
	unsigned kinds;
	char ids[ALERT_KIND_COUNT][33];
	char digits[33];
	size_t ids_len;
	int tries;
	json_t *rows; /* of those that were changed */
};

static void read_alerts(struct ack_call *ack);

static struct ack_call *ack_of(struct api_call *call)
{
	return CONTAINER_OF(call, struct ack_call, call);
}

static void drop(struct api_call *call)
{
	json_decref(ack_of(call)->rows);
}

/* ---- changing ----------------------------------------------------------------------------- */

static int64_t until_of(const struct ack_call *ack)
{
	return ack->for_s ? clock_wall_ms() + ack->for_s * MS_SECOND : TIME_UNKNOWN;
}

static void wake_look(struct ack_call *ack, struct batch *batch, const struct alert *alert)
{
	int64_t due = ack->back ? clock_wall_ms() : until_of(ack);
	struct target target;

	if (!alert->is_target || due == TIME_UNKNOWN ||
	    !target_parse(&target, alert->subject, ack->call.keeper->config->instance.name, NULL,
			  NULL))
		return;
	batch_ensure_probe(batch, &target, due);
	target_finish(&target);
}

static void note_unack(struct ack_call *ack, struct batch *batch, const struct alert *alert)
{
	json_t *details = json_object();

	json_put_str(details, "kind", alert_kind_text(alert->kind));
	json_put_str(details, "alert", alert->id);
	telling_history(batch, "unacknowledged", alert->subject_id, alert->subject, ack->call.actor,
			details, clock_wall_ms());
}

static void change(struct ack_call *ack, struct batch *batch, struct alert *alert, int64_t rev)
{
	int64_t now = clock_wall_ms();
	enum alert_event event;

	if (ack->back) {
		event = transition_unack(alert, ack->call.actor, now);
		note_unack(ack, batch, alert);
	} else {
		event = transition_ack(alert, ack->call.actor, ack->why, until_of(ack), now);
	}
	telling_add(ack->call.keeper, batch, alert, rev, event, false, now);
	wake_look(ack, batch, alert);
	json_array_append_new(ack->rows, alert_row(alert, now));
}

static void on_committed(void *arg, struct store_answer *answer)
{
	struct ack_call *ack = arg;
	struct claims *claims = ack->call.keeper->claims;
	json_t *json;

	if (answer->status == STORE_CONFLICT && ++ack->tries < TRIES_MAX) {
		ack->call.store = NULL;
		read_alerts(ack);
		return;
	}
	if (api_failed(&ack->call, answer))
		return;
	json = api_object(&ack->call, "expiryd.acknowledged/1");
	json_put(json, "acknowledged", json_incref(ack->rows));
	api_answer_json(&ack->call, json);
	claims_kick(claims);
}

static void refuse(struct ack_call *ack, const struct alert *only)
{
	const char *what = ack->back ? "acknowledged" : "open";

	if (only)
		api_problem(&ack->call, 409, "The alert %s of " API_SHOWN " is not %s: it is %s.",
			    alert_kind_text(only->kind), only->subject, what,
			    alert_status_text(only->status));
	else
		api_problem(&ack->call, 404, "There is no %s alert " API_SHOWN ".", what, ack->key);
}

static void on_alerts(void *arg, struct store_answer *answer)
{
	struct ack_call *ack = arg;
	struct batch batch = {0};
	struct alert alert, only;
	bool has_only = false, ok = true;

	if (api_failed(&ack->call, answer))
		return;
	json_decref(ack->rows);
	ack->rows = json_array();
	for (size_t i = 0; i < answer->docs_len; i++) {
		if (answer->docs[i].rev == 0)
			continue;
		ok = api_alert(&ack->call, &answer->docs[i], &alert);
		if (!ok)
			break;
		if (ack->back ? alert.ack_by != NULL : alert_open(&alert))
			change(ack, &batch, &alert, answer->docs[i].rev);
		if (has_only)
			alert_finish(&alert);
		else
			only = alert;
		has_only = true;
	}
	if (ok && json_array_size(ack->rows) == 0)
		refuse(ack, answer->docs_len == 1 && has_only ? &only : NULL);
	else if (ok)
		ack->call.store = batch_commit(&batch, ack->call.keeper->store, on_committed, ack);
	if (has_only)
		alert_finish(&only);
	batch_finish(&batch);
}

static void read_alerts(struct ack_call *ack)
{
	struct store_key keys[ALERT_KIND_COUNT];

	for (size_t i = 0; i < ack->ids_len; i++)
		keys[i] = (struct store_key){.kind = KIND_ALERT, .id = ack->ids[i]};
	ack->call.store = store_get(ack->call.keeper->store, keys, ack->ids_len, on_alerts, ack);
}

/* ---- which? ------------------------------------------------------------------------------- */

static void of_subject(struct ack_call *ack, const char *subject)
{
	for (unsigned kind = 0; kind < ALERT_KIND_COUNT; kind++)
		if ((ack->kinds >> kind) & 1)
			verdict_alert_id(ack->call.keeper->config->site, subject,
					 (enum alert_kind)kind, ack->ids[ack->ids_len++]);
	read_alerts(ack);
}

static void on_target(struct api_call *call, struct store_doc *doc)
{
	struct record record;

	if (!api_record(call, doc, &record))
		return;
	of_subject(ack_of(call), record.target.text);
	record_finish(&record);
}

/* TARGET, TARGET/KIND, or a subject of our own: instance/NAME, notifier/NAME, zone/NAME. */
static void by_text(struct ack_call *ack)
{
	char *text = arena_str(&ack->call.arena, ack->key);
	char *slash = strrchr(text, '/');
	enum alert_kind kind;

	ack->kinds = ALL_KINDS;
	if (slash && slash > text && alert_kind_parse(slash + 1, &kind)) {
		ack->kinds = 1U << kind;
		*slash = '\0';
	}
	if (str_starts(text, "instance/") || str_starts(text, "notifier/") ||
	    str_starts(text, "zone/"))
		of_subject(ack, text);
	else
		api_find(&ack->finder, &ack->call, text, on_target);
}

static json_t *candidates(const struct store_answer *answer)
{
	json_t *array = json_array();

	for (size_t i = 0; i < answer->docs_len && i < API_CANDIDATES_MAX; i++) {
		json_t *json = lister_parse(&answer->docs[i]);
		const char *subject = json_get_str(json, "subject");
		const char *kind = json_get_str(json, "kind");
		char *text = str_printf("%s/%s", subject ? subject : "?", kind ? kind : "?");

		json_array_append_new(array, json_text(text));
		mem_free(text);
		json_decref(json);
	}
	return array;
}

static void on_prefix(void *arg, struct store_answer *answer)
{
	struct ack_call *ack = arg;

	if (api_failed(&ack->call, answer))
		return;
	if (answer->docs_len == 0) {
		by_text(ack);
	} else if (answer->docs_len == 1) {
		str_copy(ack->ids[0], sizeof(ack->ids[0]), answer->docs[0].id);
		ack->ids_len = 1;
		read_alerts(ack);
	} else {
		api_problem_with(&ack->call, 409, "candidates", candidates(answer),
				 "%s begins the id of several alerts.", ack->key);
	}
}

static void by_key(struct ack_call *ack)
{
	struct store_page page = {.kind = KIND_ALERT,
				  .min = INT64_MIN,
				  .max = INT64_MAX,
				  .id_prefix = ack->digits,
				  .limit = API_CANDIDATES_MAX + 1};

	if (api_is_prefix(ack->key, SHORT_ID_LEN, ack->digits))
		ack->call.store = store_page(ack->call.keeper->store, &page, on_prefix, ack);
	else
		by_text(ack);
}

/* ---- the request -------------------------------------------------------------------------- */

static bool read_body(struct ack_call *ack)
{
	static const char *const members[] = {"for_s", "why", NULL};
	struct api_call *call = &ack->call;
	json_t *body, *why, *for_s;
	const char *fault = NULL;

	if (!api_body(call, members, &body))
		return false;
	why = json_object_get(body, "why");
	for_s = json_object_get(body, "for_s");
	if (why && !json_is_null(why) &&
	    (!json_is_string(why) || json_string_length(why) > WHY_MAX))
		fault = "why must be a text of at most 4096 bytes";
	else if (for_s && !json_is_null(for_s) &&
		 (!json_is_integer(for_s) || json_integer_value(for_s) < 1 ||
		  json_integer_value(for_s) > FOR_S_MAX))
		fault = "for_s must be a number of seconds, at most ten years";
	ack->why = json_is_string(why) && !fault ? arena_str(&call->arena, json_string_value(why))
						 : NULL;
	ack->for_s = json_is_integer(for_s) ? json_integer_value(for_s) : 0;
	json_decref(body);
	if (fault)
		api_problem(call, 400, "%s", fault);
	return !fault;
}

void api_post_alert(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_OPERATE, sizeof(struct ack_call), drop);
	const char *rest = httpd_path_rest(request), *verb = strrchr(rest, '/');
	struct ack_call *ack;

	if (!call)
		return;
	ack = ack_of(call);
	if (!verb || verb == rest || (!str_eq(verb, "/ack") && !str_eq(verb, "/unack"))) {
		api_problem(call, 404, "An alert takes ack and unack: /api/v1/alerts/ALERT/ack");
		return;
	}
	ack->back = str_eq(verb, "/unack");
	ack->key = arena_str_n(&call->arena, rest, (size_t)(verb - rest));
	if (read_body(ack))
		by_key(ack);
}
