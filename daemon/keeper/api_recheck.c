/*
 * POST /api/v1/recheck: looks are due now. Of targets by name: each is found first, one after the
 * other, and all are made due in one commit, or none when one is unknown. Of all: swept, spread
 * over the time that the configured rate needs for them.
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/sweep.h"
#include "daemon/keeper/telling.h"

#include "lib/base/log.h"

#define TARGETS_MAX (STORE_ITEMS_MAX - 1)

struct recheck_call {
	struct api_call call;
	struct finder finder;
	json_t *body, *keys; /* keys: inside body */
	size_t at;
	struct batch batch;
	json_t *targets, *seen; /* found; their ids */
	int64_t asked_at, count;
};

static void find_next(struct recheck_call *recheck);

static struct recheck_call *recheck_of(struct api_call *call)
{
	return CONTAINER_OF(call, struct recheck_call, call);
}

static void drop(struct api_call *call)
{
	struct recheck_call *recheck = recheck_of(call);

	batch_finish(&recheck->batch);
	json_decref(recheck->body);
	json_decref(recheck->targets);
	json_decref(recheck->seen);
}

static json_t *asked(const struct recheck_call *recheck)
{
	json_t *json = api_object(&recheck->call, "expiryd.recheck/1");

	json_put(json, "asked_at", api_exact(recheck->asked_at));
	return json;
}

/* ---- some --------------------------------------------------------------------------------- */

static void on_committed(void *arg, struct store_answer *answer)
{
	struct recheck_call *recheck = arg;
	struct claims *claims = recheck->call.keeper->claims;
	json_t *json;

	if (api_failed(&recheck->call, answer))
		return;
	json = asked(recheck);
	json_put(json, "targets", json_incref(recheck->targets));
	api_answer_json(&recheck->call, json);
	claims_kick(claims);
}

static void note(struct recheck_call *recheck)
{
	size_t len = json_array_size(recheck->targets);
	const json_t *only = len == 1 ? json_array_get(recheck->targets, 0) : NULL;
	json_t *details = json_object();

	json_put_int(details, "targets", (int64_t)len);
	telling_history(&recheck->batch, "recheck_asked", json_get_str(only, "id"),
			json_get_str(only, "target"), recheck->call.actor, details,
			recheck->asked_at);
}

static void on_found(struct api_call *call, struct store_doc *doc)
{
	struct recheck_call *recheck = recheck_of(call);
	struct record record;
	json_t *one;

	if (!api_record(call, doc, &record))
		return;
	if (!json_object_get(recheck->seen, record.target.id)) {
		json_put_bool(recheck->seen, record.target.id, true);
		one = json_object();
		json_put_str(one, "id", record.target.id);
		json_put_str(one, "target", record.target.text);
		json_array_append_new(recheck->targets, one);
		batch_ensure_probe(&recheck->batch, &record.target, recheck->asked_at);
	}
	record_finish(&record);
	recheck->at++;
	find_next(recheck);
}

static void find_next(struct recheck_call *recheck)
{
	struct api_call *call = &recheck->call;
	const json_t *key = json_array_get(recheck->keys, recheck->at);

	if (key) {
		api_find(&recheck->finder, call, json_string_value(key), on_found);
		return;
	}
	note(recheck);
	call->store = batch_commit(&recheck->batch, call->keeper->store, on_committed, recheck);
}

static void begin_some(struct recheck_call *recheck)
{
	size_t i;
	const json_t *key;

	recheck->targets = json_array();
	recheck->seen = json_object();
	if (json_array_size(recheck->keys) > TARGETS_MAX) {
		api_problem(&recheck->call, 413, "At most %d targets at once, or all.",
			    TARGETS_MAX);
		return;
	}
	json_array_foreach(recheck->keys, i, key) {
		if (json_is_string(key) && *json_string_value(key))
			continue;
		api_problem(&recheck->call, 400, "targets[%zu] is no text.", i);
		return;
	}
	find_next(recheck);
}

/* ---- all ---------------------------------------------------------------------------------- */

static void on_swept(void *arg, int64_t count)
{
	struct api *api = arg;

	api->sweep = NULL;
	if (count < 0)
		log_error("recheck of all targets broken off: the store went away", NULL);
	else
		log_info("all targets are due", "count", LOG_NUM(count), NULL);
}

static void on_noted(void *arg, struct store_answer *answer)
{
	struct recheck_call *recheck = arg;
	struct api *api = recheck->call.api;
	int64_t rate = api->keeper->config->probe.rate > 0 ? api->keeper->config->probe.rate : 1;
	json_t *json;

	if (api_failed(&recheck->call, answer))
		return;
	/* Whoever asked before wanted no less. */
	sweep_cancel(api->sweep);
	api->sweep = sweep_all(api->keeper, recheck->count * MS_SECOND / rate, on_swept, api);
	json = asked(recheck);
	json_put_int(json, "count", recheck->count);
	api_answer_json(&recheck->call, json);
}

static void on_counted(void *arg, struct store_answer *answer)
{
	struct recheck_call *recheck = arg;
	json_t *details;

	if (api_failed(&recheck->call, answer))
		return;
	recheck->count = answer->count;
	details = json_object();
	json_put_bool(details, "all", true);
	json_put_int(details, "targets", answer->count);
	telling_history(&recheck->batch, "recheck_asked", NULL, NULL, recheck->call.actor, details,
			recheck->asked_at);
	recheck->call.store = batch_commit(&recheck->batch, recheck->call.keeper->store, on_noted,
					   recheck);
}

/* ---- the request -------------------------------------------------------------------------- */

void api_post_recheck(void *arg, struct httpd_request *request)
{
	static const char *const members[] = {"all", "targets", NULL};
	struct api_call *call = api_begin(arg, request, API_OPERATE, sizeof(struct recheck_call),
					  drop);
	struct recheck_call *recheck;
	bool all;

	if (!call)
		return;
	recheck = recheck_of(call);
	if (!api_body(call, members, &recheck->body))
		return;
	recheck->asked_at = call->now;
	recheck->keys = json_get_array(recheck->body, "targets");
	all = json_get_bool(recheck->body, "all", false);
	if (all == (json_array_size(recheck->keys) > 0))
		api_problem(call, 400, "Either targets, a list of one or more, or all: true.");
	else if (all)
		call->store = store_count(call->keeper->store, "job/" JOB_PROBE, NULL, INT64_MIN,
					  INT64_MAX, on_counted, recheck);
	else
		begin_some(recheck);
}
