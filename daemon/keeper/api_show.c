/*
 * Everything known about one target, and why it is looked at when it is:
 *
 *     find -> its alerts and its job -> (show) its newest history -> answer
 *
 * The job's due time may be earlier than what the last look planned: then somebody asked.
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/verdict.h"

#include "lib/base/str.h"
#include "lib/model/codec.h"
#include "lib/rules/due.h"

#define HISTORY_MAX 50

struct show_call {
	struct api_call call;
	bool explain;
	struct finder finder;
	struct record record;
	bool found;
	struct alert alerts[ALERT_KIND_COUNT]; /* those that have a document */
	size_t alerts_len;
	json_t *history;
};

static struct show_call *show_of(struct api_call *call)
{
	return CONTAINER_OF(call, struct show_call, call);
}

static void drop(struct api_call *call)
{
	struct show_call *show = show_of(call);

	if (show->found)
		record_finish(&show->record);
	for (size_t i = 0; i < show->alerts_len; i++)
		alert_finish(&show->alerts[i]);
	json_decref(show->history);
}

static json_t *definition(const struct record *record)
{
	json_t *json = target_to_json(&record->target), *sources = json_array();

	for (size_t i = 0; i < record->sources_len; i++)
		json_array_append_new(sources, json_text(record->sources[i]));
	json_put(json, "sources", sources);
	return json;
}

static json_t *target_of(const struct show_call *show)
{
	const struct record *record = &show->record;
	json_t *row = target_row(record, show->call.now);
	const struct alert *worst = NULL;

	for (size_t i = 0; i < show->alerts_len; i++) {
		const struct alert *alert = &show->alerts[i];

		if (alert->status != ALERT_RESOLVED &&
		    (!worst || (alert_open(alert) && !alert_open(worst)) ||
		     (alert_open(alert) == alert_open(worst) && alert->severity > worst->severity)))
			worst = alert;
	}
	if (worst)
		target_row_alert(row, worst);
	codec_put_second(row, "next_probe", record->schedule.next_at);
	json_put(row, "definition", definition(record));
	json_put_int(row, "attempts", record->schedule.attempts);
	codec_put_second(row, "rest_until", record->schedule.rest_until);
	codec_put_second(row, "last_ok", record->last_ok);
	json_put_str(row, "failed_stage", record->failed_stage);
	return row;
}

static json_t *endpoint_with_findings(const struct record *record, const struct endpoint *endpoint,
				      int64_t now)
{
	json_t *json = endpoint_to_json(endpoint, &record->target, now);
	const char *address = endpoint->address[0] ? endpoint->address : NULL;

	json_put(json, "findings", findings_to_json(&record->findings, address));
	return json;
}

/* What never answered has no reading; how the newest look failed is all there is. */
static json_t *failed_endpoint(const struct record *record, int64_t now)
{
	struct endpoint endpoint;
	json_t *json;

	endpoint_init(&endpoint);
	endpoint.outcome = record->outcome;
	endpoint.error = str_dup(record->error);
	if (record->failed_stage)
		str_copy(endpoint.stage, sizeof(endpoint.stage), record->failed_stage);
	endpoint.probed_at = record->last_looked;
	json = endpoint_with_findings(record, &endpoint, now);
	endpoint_finish(&endpoint);
	return json;
}

static json_t *endpoints(const struct record *record, int64_t now)
{
	json_t *array = json_array();

	for (size_t i = 0; record->has_look && i < record->look.len; i++)
		json_array_append_new(
			array, endpoint_with_findings(record, &record->look.endpoints[i], now));
	if (!record->has_look && record->last_looked != TIME_UNKNOWN)
		json_array_append_new(array, failed_endpoint(record, now));
	return array;
}

static json_t *next_of(const struct record *record)
{
	json_t *json = json_object();

	codec_put_second(json, "at", record->schedule.next_at);
	json_put_str(json, "reason", record->schedule.reason[0] ? record->schedule.reason : NULL);
	return json;
}

static void answer_show(struct show_call *show)
{
	json_t *json = api_object(&show->call, "expiryd.show/1"), *alerts = json_array();

	for (size_t i = 0; i < show->alerts_len; i++)
		json_array_append_new(alerts, alert_row(&show->alerts[i], show->call.now));
	json_put(json, "target", target_of(show));
	json_put(json, "endpoints", endpoints(&show->record, show->call.now));
	json_put(json, "alerts", alerts);
	json_put(json, "history", json_incref(show->history));
	json_put(json, "orders", json_array());
	json_put(json, "deployments", json_array());
	json_put(json, "next", next_of(&show->record));
	api_answer_json(&show->call, json);
}

static void answer_explain(struct show_call *show)
{
	json_t *json = api_object(&show->call, "expiryd.explain/1");

	json_put_str(json, "target", show->record.target.text);
	json_put_str(json, "id", show->record.target.id);
	json_put(json, "explanation",
		 due_explain(&show->record, show->alerts, show->alerts_len, show->call.now));
	api_answer_json(&show->call, json);
}

static void on_history(void *arg, struct store_answer *answer)
{
	struct show_call *show = arg;

	if (api_failed(&show->call, answer))
		return;
	show->history = json_array();
	for (size_t i = 0; i < answer->docs_len; i++)
		json_array_append_new(show->history, event_row(&answer->docs[i]));
	answer_show(show);
}

static void read_history(struct show_call *show)
{
	struct store_page page = event_page(show->record.target.id);

	page.limit = HISTORY_MAX;
	show->call.store = store_page(show->call.keeper->store, &page, on_history, show);
}

/* An earlier due time than planned was ENSUREd from outside. */
static void lay_job(struct record *record, const struct store_doc *doc)
{
	json_t *json = doc->rev ? json_parse(doc->body, doc->body_len, STORE_BODY_MAX, NULL) : NULL;
	int64_t due = json_get_int(json, "due", record->schedule.next_at);

	json_decref(json);
	if (record->schedule.next_at != TIME_UNKNOWN && due >= record->schedule.next_at)
		return;
	record->schedule.next_at = due;
	str_copy(record->schedule.reason, sizeof(record->schedule.reason), "asked");
}

static void on_related(void *arg, struct store_answer *answer)
{
	struct show_call *show = arg;

	if (api_failed(&show->call, answer))
		return;
	lay_job(&show->record, &answer->docs[0]);
	for (size_t i = 1; i < answer->docs_len; i++) {
		if (answer->docs[i].rev == 0)
			continue;
		if (!api_alert(&show->call, &answer->docs[i], &show->alerts[show->alerts_len]))
			return;
		show->alerts_len++;
	}
	if (show->explain)
		answer_explain(show);
	else
		read_history(show);
}

static void on_found(struct api_call *call, struct store_doc *doc)
{
	struct show_call *show = show_of(call);
	char ids[ALERT_KIND_COUNT][33];
	struct store_key keys[ALERT_KIND_COUNT + 1];

	if (!api_record(call, doc, &show->record))
		return;
	show->found = true;
	keys[0] = (struct store_key){.kind = "job/" JOB_PROBE, .id = show->record.target.id};
	for (int kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		verdict_alert_id(call->keeper->config->site, show->record.target.text,
				 (enum alert_kind)kind, ids[kind]);
		keys[kind + 1] = (struct store_key){.kind = KIND_ALERT, .id = ids[kind]};
	}
	call->store = store_get(call->keeper->store, keys, ARRAY_LEN(keys), on_related, show);
}

static void begin(struct api *api, struct httpd_request *request, bool explain, const char *key)
{
	struct api_call *call = api_begin(api, request, API_READ, sizeof(struct show_call), drop);

	if (!call)
		return;
	show_of(call)->explain = explain;
	if (key && *key)
		api_find(&show_of(call)->finder, call, key, on_found);
	else
		api_problem(call, 400, "Which target?");
}

void api_get_target(void *arg, struct httpd_request *request)
{
	begin(arg, request, false, httpd_path_rest(request));
}

void api_get_explain(void *arg, struct httpd_request *request)
{
	begin(arg, request, true, httpd_query(request, "target"));
}
