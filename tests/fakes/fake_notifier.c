/*
 * A sink in memory behind the notifier's header.
 */
#include "tests/fakes/fake_notifier.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

struct delivery {
	struct deferred *turn;
	struct notifier *notifier;
	size_t nth;
	delivery_done_fn *done;
	void *arg;
};
struct fake {
	struct notifier notifier;
	struct loop *loop;
};

struct fake_delivery *fake_deliveries;
size_t fake_deliveries_len;
static fake_result_fn *script;
static void *script_arg;

void fake_notifier_script(fake_result_fn *result, void *arg)
{
	script = result;
	script_arg = arg;
}

void fake_notifier_reset(void)
{
	for (size_t i = 0; i < fake_deliveries_len; i++)
		json_decref(fake_deliveries[i].alerts);
	mem_free(fake_deliveries);
	fake_deliveries = NULL;
	fake_deliveries_len = 0;
	script = NULL;
}

static bool matches(const char *wanted, const char *is)
{
	return !wanted || !*wanted || str_eq(wanted, is);
}

size_t fake_told(const char *event, const char *kind, const char *target)
{
	size_t count = 0, i;
	json_t *row;

	for (size_t n = 0; n < fake_deliveries_len; n++) {
		if (fake_deliveries[n].status != DELIVERY_DONE)
			continue;
		json_array_foreach(fake_deliveries[n].alerts, i, row)
			count += matches(event, json_get_str(row, "event")) &&
				 matches(kind, json_get_str(row, "kind")) &&
				 matches(target, json_get_str(row, "target"));
	}
	return count;
}

struct notifier *notifier_open(const struct config_notifier *config, struct http_client *http,
			       struct loop *loop, struct err *err)
{
	struct fake *fake = MEM_NEW(struct fake);

	(void)http;
	(void)err;
	fake->loop = loop;
	fake->notifier.name = str_dup(config->name);
	return &fake->notifier;
}

void notifier_close(struct notifier *notifier)
{
	if (!notifier)
		return;
	mem_free(notifier->name);
	mem_free(CONTAINER_OF(notifier, struct fake, notifier));
}

static void deliver(void *arg)
{
	struct delivery *delivery = arg;
	delivery_done_fn *done = delivery->done;
	void *owner = delivery->arg;
	struct fake_delivery *record = &fake_deliveries[delivery->nth];
	struct delivery_result result = {.retry_after_ms = -1};

	result.status = script ? script(script_arg, record->notifier, delivery->nth)
			       : DELIVERY_DONE;
	record->status = result.status;
	str_copy(result.detail, sizeof(result.detail), "scripted");
	mem_free(delivery);
	done(owner, &result);
}

struct delivery *delivery_start(struct notifier *notifier, const struct delivery_message *message,
				delivery_done_fn *done, void *arg)
{
	struct delivery *delivery = MEM_NEW(struct delivery);
	struct fake_delivery *record;

	fake_deliveries = mem_resize(fake_deliveries, fake_deliveries_len + 1,
				     sizeof(*fake_deliveries));
	delivery->nth = fake_deliveries_len++;
	record = &fake_deliveries[delivery->nth];
	*record = (struct fake_delivery){
		.at = message->now,
		.alerts = json_deep_copy(message->alerts),
		.away_from = message->away_from,
		.away_to = message->away_to,
		.status = DELIVERY_RETRY, /* until it ends */
	};
	str_copy(record->notifier, sizeof(record->notifier), notifier->name);
	str_copy(record->id, sizeof(record->id), message->id);
	delivery->notifier = notifier;
	delivery->done = done;
	delivery->arg = arg;
	delivery->turn = loop_defer(CONTAINER_OF(notifier, struct fake, notifier)->loop, deliver,
				    delivery);
	return delivery;
}

void delivery_cancel(struct notifier *notifier, struct delivery *delivery)
{
	(void)notifier;
	if (!delivery)
		return;
	deferred_cancel(delivery->turn);
	mem_free(delivery);
}
