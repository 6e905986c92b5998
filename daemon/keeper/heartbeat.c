/*
 * Every minute the instance's document is written. The first one is read before it is written: a
 * gap of over an hour is said in the first message that goes out (alerts.md 12).
 */
#include "daemon/keeper/heartbeat.h"

#include "daemon/keeper/batch.h"
#include "daemon/keeper/conditions.h"
#include "daemon/keeper/jobs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/loop/timer.h"

#define EVERY_MS MS_MINUTE
/* While the store takes nothing, its room is tried for so often. */
#define AGAIN_MS (2 * MS_SECOND)
#define AWAY_MS MS_HOUR
/* Probers that do not come up for so long are told: nothing is looked at meanwhile. */
#define BLIND_MS (5 * MS_MINUTE)

struct heartbeat {
	struct keeper *keeper;
	struct timer timer;
	struct store_call *call;
	bool read;
	int64_t blind_since; /* monotonic; 0: a prober takes looks */
};

static void beat(void *arg);

static void on_written(void *arg, struct store_answer *answer)
{
	struct heartbeat *heartbeat = arg;

	heartbeat->call = NULL;
	if (answer->status == STORE_OK)
		claims_store_takes(heartbeat->keeper->claims);
	else if (answer->status == STORE_FULL)
		claims_store_full(heartbeat->keeper->claims, answer->err.text);
	else
		log_debug("heartbeat not stored", "why", answer->err.text, NULL);
	timer_set(&heartbeat->timer, heartbeat->keeper->store_up ? EVERY_MS : AGAIN_MS);
}

static void write_beat(struct heartbeat *heartbeat)
{
	struct keeper *keeper = heartbeat->keeper;
	const struct config *config = keeper->config;
	struct batch batch = {0};
	json_t *json = json_object(), *zones = json_array();
	int64_t now = clock_wall_ms();
	struct store_put *put;

	for (size_t i = 0; i < config->instance.zones_len; i++)
		json_array_append_new(zones, json_text(config->instance.zones[i]));
	json_put_str(json, "name", config->instance.name);
	json_put_str(json, "version", PACKAGE_VERSION);
	json_put(json, "zones", zones);
	json_put_bool(json, "probe", config->instance.purpose & PURPOSE_PROBE);
	json_put_bool(json, "notify", config->instance.purpose & PURPOSE_NOTIFY);
	json_put_str(json, "configuration", config->hash);
	json_put_int(json, "started_at", keeper->started_at);
	json_put_int(json, "heartbeat_at", now);
	put = batch_put(&batch, KIND_INSTANCE, config->instance.name, json);
	batch_index(put, "heartbeat", now);
	json_decref(json);
	heartbeat->call = batch_commit(&batch, keeper->store, on_written, heartbeat);
	batch_finish(&batch);
}

static void on_read(void *arg, struct store_answer *answer)
{
	struct heartbeat *heartbeat = arg;
	struct keeper *keeper = heartbeat->keeper;
	json_t *json;
	int64_t last;

	heartbeat->call = NULL;
	if (answer->status != STORE_OK) {
		timer_set(&heartbeat->timer, EVERY_MS);
		return;
	}
	heartbeat->read = true;
	json = answer->docs[0].rev ? json_parse(answer->docs[0].body, answer->docs[0].body_len,
						STORE_BODY_MAX, NULL)
				   : NULL;
	last = json_get_int(json, "heartbeat_at", keeper->started_at);
	json_decref(json);
	if (keeper->started_at - last > AWAY_MS) {
		char from[CLOCK_TEXT_MAX];

		keeper->away_from = last;
		log_warn("there was no daemon for over an hour", "since", clock_rfc3339(last, from),
			 NULL);
	}
	write_beat(heartbeat);
}

static void watch_probers(struct heartbeat *heartbeat)
{
	struct keeper *keeper = heartbeat->keeper;
	int64_t now = clock_mono_ms();
	char subject[512];

	if (lookers_ready(keeper->lookers))
		heartbeat->blind_since = 0;
	else if (heartbeat->blind_since == 0)
		heartbeat->blind_since = now;
	if (heartbeat->blind_since != 0 && now - heartbeat->blind_since < BLIND_MS)
		return;
	snprintf(subject, sizeof(subject), "instance/%s", keeper->config->instance.name);
	condition_set(keeper->conditions, ALERT_KIND_SELF, subject, SEVERITY_CRITICAL,
		      heartbeat->blind_since != 0,
		      heartbeat->blind_since ? "no prober can be started: nothing is looked at"
					     : "probers run again");
}

static void beat(void *arg)
{
	struct heartbeat *heartbeat = arg;
	struct keeper *keeper = heartbeat->keeper;
	struct store_key key = {.kind = KIND_INSTANCE, .id = keeper->config->instance.name};

	watch_probers(heartbeat);
	if (heartbeat->read)
		write_beat(heartbeat);
	else
		heartbeat->call = store_get(keeper->store, &key, 1, on_read, heartbeat);
}

struct heartbeat *heartbeat_new(struct keeper *keeper)
{
	struct heartbeat *heartbeat = MEM_NEW(struct heartbeat);

	heartbeat->keeper = keeper;
	timer_init(&heartbeat->timer, keeper->loop, beat, heartbeat);
	timer_set(&heartbeat->timer, 0);
	return heartbeat;
}

void heartbeat_soon(struct heartbeat *heartbeat)
{
	if (!heartbeat->call)
		timer_set(&heartbeat->timer, AGAIN_MS);
}

void heartbeat_free(struct heartbeat *heartbeat)
{
	if (!heartbeat)
		return;
	store_cancel(heartbeat->call);
	timer_clear(&heartbeat->timer);
	mem_free(heartbeat);
}
