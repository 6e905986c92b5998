/*
 * GET /api/v1/status, /healthz and /readyz. Status answers although the store is away, with what
 * the process itself knows: that is what it is asked for then.
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/census.h"
#include "daemon/keeper/expansion.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/network.h"

#include "lib/model/codec.h"

#define READY_LAG_MS (5 * MS_MINUTE)
#define READY_CYCLE_MS (2 * MS_MINUTE)

struct status_call {
	struct api_call call;
	struct census_taking *taking;
};

static struct status_call *status_of(struct api_call *call)
{
	return CONTAINER_OF(call, struct status_call, call);
}

static void drop(struct api_call *call)
{
	census_cancel(status_of(call)->taking);
}

/* ---- of the process ----------------------------------------------------------------------- */

json_t *purpose_json(unsigned purpose)
{
	json_t *array = json_array();

	if (purpose & PURPOSE_PROBE)
		json_array_append_new(array, json_text("probe"));
	if (purpose & PURPOSE_NOTIFY)
		json_array_append_new(array, json_text("notify"));
	return array;
}

static json_t *instance(const struct keeper *keeper)
{
	json_t *json = json_object(), *zones = json_array();

	for (size_t i = 0; i < keeper->config->instance.zones_len; i++)
		json_array_append_new(zones, json_text(keeper->config->instance.zones[i]));
	json_put_str(json, "name", keeper->config->instance.name);
	json_put_str(json, "version", PACKAGE_VERSION);
	json_put_str(json, "site", keeper->config->site);
	codec_put_second(json, "started_at", keeper->started_at);
	json_put(json, "zones", zones);
	json_put(json, "purpose", purpose_json(keeper->config->instance.purpose));
	return json;
}

static json_t *store(const struct keeper *keeper, const char *fault)
{
	json_t *json = json_object();

	json_put_str(json, "backend", store_backend(keeper->store));
	json_put_str(json, "url", store_shown(keeper->store));
	json_put_bool(json, "up", !fault && keeper->store_up);
	json_put_str(json, "error", fault ? fault : keeper->store_fault);
	return json;
}

static json_t *configuration(const struct keeper *keeper)
{
	json_t *json = json_object(), *refused = NULL;

	if (keeper->config_fault) {
		refused = json_object();
		codec_put_second(refused, "at", keeper->config_refused_at);
		json_put_str(refused, "fault", keeper->config_fault);
	}
	json_put_str(json, "file", keeper->config->file);
	json_put_int(json, "generation", keeper->generation);
	json_put_str(json, "hash", keeper->config->hash);
	codec_put_second(json, "loaded_at", keeper->config->loaded_at);
	json_put(json, "refused", refused);
	return json;
}

static json_t *probers(const struct keeper *keeper)
{
	const struct msg_ready *facts = lookers_facts(keeper->lookers);
	json_t *json = json_object();

	json_put_bool(json, "ready", lookers_ready(keeper->lookers));
	json_put(json, "roots", facts ? json_integer(facts->roots) : NULL);
	json_put_str(json, "generation", facts ? facts->generation : NULL);
	json_put(json, "resolvers", facts ? json_integer(facts->resolvers) : NULL);
	json_put_str(json, "warning", facts && facts->warning[0] ? facts->warning : NULL);
	return json;
}

static json_t *network(const struct keeper *keeper)
{
	json_t *json = json_object(), *held = json_array();

	for (size_t i = 0; i < keeper->config->instance.zones_len; i++) {
		const char *zone = keeper->config->instance.zones[i];

		if (network_held(keeper->network, zone))
			json_array_append_new(held, json_text(zone));
	}
	json_put(json, "held", held);
	return json;
}

/* ---- of the store ------------------------------------------------------------------------- */

/* Null where nobody could be asked. */
static void put_count(json_t *json, const char *key, const struct census *census, int64_t count)
{
	json_put(json, key, census ? json_integer(count) : NULL);
}

static json_t *targets(const struct census *census)
{
	json_t *json = json_object();

	put_count(json, "total", census, census ? census->targets : 0);
	for (int i = 0; census && i < OUTCOME_COUNT; i++)
		json_put_int(json, outcome_text((enum outcome)i), census->outcomes[i]);
	put_count(json, "never", census, census ? census->outcomes[OUTCOME_COUNT] : 0);
	return json;
}

/* As `expires_within <= 30d` counts: with what has expired. */
static int64_t left_within(const struct census *census, int days)
{
	static const int ends[] = CENSUS_LEFT_DAYS;
	int64_t count = 0;

	for (size_t i = 0; census && i < ARRAY_LEN(ends) && ends[i] <= days; i++)
		count += census->left[i];
	return count;
}

static json_t *expiring(const struct census *census)
{
	json_t *json = json_object();

	put_count(json, "expired", census, left_within(census, 0));
	put_count(json, "7d", census, left_within(census, 7));
	put_count(json, "30d", census, left_within(census, 30));
	put_count(json, "90d", census, left_within(census, 90));
	return json;
}

static int64_t alerts_with(const struct census *census, enum severity severity,
			   enum alert_status status)
{
	int64_t count = 0;

	for (int kind = 0; census && kind < ALERT_KIND_COUNT; kind++)
		count += census->alerts[kind][severity][status];
	return count;
}

/* Those that stand, acknowledged or not, by severity; then by what became of them. */
static json_t *alerts(const struct census *census)
{
	int64_t acknowledged = 0, pending = 0;
	json_t *json = json_object();

	for (int i = SEVERITY_INFO; i <= SEVERITY_CRITICAL; i++) {
		enum severity severity = (enum severity)i;

		put_count(json, severity_text(severity), census,
			  alerts_with(census, severity, ALERT_FIRING) +
				  alerts_with(census, severity, ALERT_ACKNOWLEDGED));
		acknowledged += alerts_with(census, severity, ALERT_ACKNOWLEDGED);
		pending += alerts_with(census, severity, ALERT_PENDING);
	}
	put_count(json, "acknowledged", census, acknowledged);
	put_count(json, "pending", census, pending);
	return json;
}

static json_t *queue(const struct census *census)
{
	json_t *json = json_object();

	put_count(json, "probe", census, census ? census->probe_jobs : 0);
	put_count(json, "notify", census, census ? census->notify_jobs : 0);
	put_count(json, "due_now", census, census ? census->due_now : 0);
	return json;
}

static json_t *outbox(const struct keeper *keeper, const struct census *census)
{
	json_t *array = json_array();

	for (size_t i = 0; i < keeper->notifiers->len; i++) {
		const struct notifier_slot *slot = &keeper->notifiers->slots[i];
		const struct census_outbox *box = census_outbox(census, slot->notifier->name);
		json_t *json = json_object();

		json_put_str(json, "notifier", slot->notifier->name);
		json_put(json, "waiting", box ? json_integer(box->waiting) : NULL);
		json_put(json, "parked", box ? json_integer(box->parked) : NULL);
		codec_put_second(json, "oldest_at", box ? box->oldest_at : TIME_UNKNOWN);
		json_put_int(json, "sent", slot->sent);
		json_put_int(json, "failed", slot->failed);
		json_put_str(json, "last_error",
			     box && box->last_error[0] ? box->last_error : NULL);
		json_array_append_new(array, json);
	}
	return array;
}

static void on_census(struct api_call *call, const struct census *census, const char *fault)
{
	struct keeper *keeper = call->keeper;
	json_t *json = api_object(call, "expiryd.status/1");

	status_of(call)->taking = NULL;
	json_put(json, "instance", instance(keeper));
	json_put(json, "store", store(keeper, fault));
	json_put(json, "configuration", configuration(keeper));
	json_put(json, "targets", targets(census));
	json_put(json, "expiring", expiring(census));
	json_put(json, "alerts", alerts(census));
	json_put(json, "queue", queue(census));
	json_put_int(json, "inflight", (int64_t)claims_inflight(keeper->claims, NULL));
	json_put(json, "lag_seconds", json_real((double)keeper->lag_ms / MS_SECOND));
	codec_put_second(json, "last_cycle_at",
			 keeper->last_cycle_at ? keeper->last_cycle_at : TIME_UNKNOWN);
	json_put(json, "outbox", outbox(keeper, census));
	json_put(json, "probers", probers(keeper));
	json_put(json, "network", network(keeper));
	api_answer_json(call, json);
}

void api_get_status(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(struct status_call), drop);

	if (call)
		status_of(call)->taking = census_take(call, on_census);
}

/* ---- for supervisors ---------------------------------------------------------------------- */

void api_get_health(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_OPEN, sizeof(*call), NULL);

	if (call)
		api_answer(call, 200, "text/plain; charset=utf-8", "ok\n", 3);
}

static void reason(json_t *reasons, bool there, const char *text)
{
	if (there)
		json_array_append_new(reasons, json_text(text));
}

static void on_asked(void *arg, struct store_answer *answer)
{
	struct api_call *call = arg;
	const struct keeper *keeper = call->keeper;
	bool probes = keeper->config->instance.purpose & PURPOSE_PROBE;
	json_t *json = json_object(), *reasons = json_array();
	char *text;
	int status;

	call->store = NULL;
	reason(reasons, answer->status != STORE_OK || !keeper->store_up,
	       "the store does not answer");
	reason(reasons, keeper->lag_ms >= READY_LAG_MS, "the schedule is over 5 minutes behind");
	reason(reasons, call->now - keeper->last_cycle_at >= READY_CYCLE_MS,
	       "nothing was claimed for over 2 minutes");
	reason(reasons, !expansion_settled(keeper->expansion),
	       "the targets of the configuration are not all in the store yet");
	reason(reasons, probes && !lookers_ready(keeper->lookers), "no prober is ready");
	reason(reasons, keeper->draining, "the daemon is leaving");
	status = json_array_size(reasons) ? 503 : 200;
	json_put_bool(json, "ready", status == 200);
	json_put(json, "reasons", reasons);
	text = json_write(json);
	json_decref(json);
	api_answer(call, status, "application/json", text, strlen(text));
	mem_free(text);
}

void api_get_ready(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_OPEN, sizeof(*call), NULL);
	struct store_key key = {.kind = KIND_INSTANCE};

	if (!call)
		return;
	key.id = call->keeper->config->instance.name;
	call->store = store_get(call->keeper->store, &key, 1, on_asked, call);
}
