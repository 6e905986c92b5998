/*
 * Start and stop of the keeper as two mirrored lists, the notifier sets, and the dump of its state.
 * What it does all day is in claims.c and the job files.
 */
#include "daemon/keeper/keeper.h"

#include "daemon/keeper/api.h"
#include "daemon/keeper/clockwatch.h"
#include "daemon/keeper/conditions.h"
#include "daemon/keeper/expansion.h"
#include "daemon/keeper/heartbeat.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/network.h"
#include "daemon/keeper/pool.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define DRAIN_MAX_MS (20 * MS_SECOND)
#define DRAIN_LOOK_MS 20

extern const struct job_kind job_expand, job_notify, job_probe;
/* By name. */
const struct job_kind *const job_kinds[] = {&job_expand, &job_notify, &job_probe, NULL};

struct drain {
	struct keeper *keeper;
	struct timer timer;
	int64_t until_mono;
	void (*left)(void *arg);
	void *arg;
};

static void drain_free(struct drain *drain)
{
	if (!drain)
		return;
	drain->keeper->drain = NULL;
	timer_clear(&drain->timer);
	mem_free(drain);
}

static void notifier_set_free(struct notifier_set *set)
{
	for (size_t i = 0; i < set->len; i++)
		notifier_close(set->slots[i].notifier);
	mem_free(set);
}

static struct notifier_set *notifier_set_new(struct keeper *keeper, const struct config *config,
					     struct err *err)
{
	struct notifier_set *set = MEM_NEW(struct notifier_set);

	for (size_t i = 0; i < config->notifiers_len && i < NOTIFIERS_MAX; i++) {
		struct notifier *notifier = notifier_open(&config->notifiers[i], keeper->http,
							  keeper->loop, err);

		if (!notifier) {
			err_prefix(err, "notifier %s", config->notifiers[i].name);
			notifier_set_free(set);
			return NULL;
		}
		set->slots[set->len++].notifier = notifier;
	}
	return set;
}

struct notifier_set *notifier_set_use(struct keeper *keeper)
{
	keeper->notifiers->users++;
	return keeper->notifiers;
}

void notifier_set_done(struct notifier_set *set)
{
	if (--set->users == 0 && set->retired)
		notifier_set_free(set);
}

struct notifier *notifier_set_get(struct notifier_set *set, const char *name)
{
	for (size_t i = 0; i < set->len; i++)
		if (strcmp(set->slots[i].notifier->name, name) == 0)
			return set->slots[i].notifier;
	return NULL;
}

static void notifier_set_retire(struct notifier_set *set)
{
	if (!set)
		return;
	set->retired = true;
	if (set->users == 0)
		notifier_set_free(set);
}

/* What was counted goes on under the same name. */
static void carry_counts(const struct notifier_set *from, struct notifier_set *to)
{
	for (size_t i = 0; i < to->len; i++)
		for (size_t n = 0; n < from->len; n++) {
			const char *name = to->slots[i].notifier->name;

			if (strcmp(name, from->slots[n].notifier->name) != 0)
				continue;
			to->slots[i].sent = from->slots[n].sent;
			to->slots[i].failed = from->slots[n].failed;
			to->slots[i].parked = from->slots[n].parked;
		}
}

bool keeper_replace_notifiers(struct keeper *keeper, const struct config *config, struct err *err)
{
	struct notifier_set *set = notifier_set_new(keeper, config, err);

	if (!set)
		return false;
	if (keeper->notifiers)
		carry_counts(keeper->notifiers, set);
	notifier_set_retire(keeper->notifiers);
	keeper->notifiers = set;
	return true;
}

size_t keeper_notifier_names(const struct keeper *keeper, const char *names[NOTIFIERS_MAX])
{
	for (size_t i = 0; i < keeper->notifiers->len; i++)
		names[i] = keeper->notifiers->slots[i].notifier->name;
	return keeper->notifiers->len;
}

struct keeper *keeper_new(struct loop *loop, struct config *config,
			  const struct keeper_options *options, struct err *err)
{
	struct keeper *keeper = MEM_NEW(struct keeper);

	keeper->loop = loop;
	keeper->options = *options;
	keeper->config = config;
	keeper->generation = 1;
	keeper->started_at = clock_wall_ms();
	keeper->started_mono = clock_mono_ms();
	keeper->away_from = TIME_UNKNOWN;
	keeper->store = store_open(loop, config->store_url, config->site, err);
	if (!keeper->store)
		goto fail;
	keeper->store_up = true;
	store_free_leases(keeper->store);
	keeper->http = http_client_new(loop);
	if (!keeper_replace_notifiers(keeper, config, err))
		goto fail;
	keeper->conditions = conditions_new(keeper);
	keeper->network = network_new(keeper);
	keeper->clockwatch = clockwatch_new(keeper);
	keeper->lookers = pool_new(keeper);
	if (!options->no_heartbeat)
		keeper->heartbeat = heartbeat_new(keeper);
	keeper->claims = claims_new(keeper);
	keeper->expansion = expansion_new(keeper);
	reload_begin(keeper);
	if (!options->no_listeners) {
		keeper->api = api_new(keeper, err);
		if (!keeper->api)
			goto fail;
	}
	log_info("keeper started", "instance", config->instance.name, "store",
		 store_shown(keeper->store), "targets", LOG_NUM(config->targets_len), "notifiers",
		 LOG_NUM(config->notifiers_len), NULL);
	return keeper;
fail:
	keeper->config = NULL; /* the caller keeps what he passed when nothing comes of it */
	keeper_free(keeper);
	return NULL;
}

void keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return;
	drain_free(keeper->drain);
	api_free(keeper->api);
	claims_free(keeper->claims);
	expansion_free(keeper->expansion);
	heartbeat_free(keeper->heartbeat);
	lookers_free(keeper->lookers);
	clockwatch_free(keeper->clockwatch);
	network_free(keeper->network);
	conditions_free(keeper->conditions);
	notifier_set_retire(keeper->notifiers);
	if (keeper->http)
		http_client_free(keeper->http);
	if (keeper->store)
		store_close(keeper->store);
	config_free(keeper->config);
	mem_free(keeper->config_fault);
	mem_free(keeper->store_fault);
	mem_free(keeper);
}

static void drain_look(void *arg)
{
	struct drain *drain = arg;
	struct keeper *keeper = drain->keeper;
	void (*left)(void *) = drain->left;
	void *owner = drain->arg;

	if (claims_inflight(keeper->claims, NULL) > 0 && clock_mono_ms() < drain->until_mono) {
		timer_set(&drain->timer, DRAIN_LOOK_MS);
		return;
	}
	if (claims_inflight(keeper->claims, NULL) > 0)
		log_warn("left with work in flight: it becomes due again with its leases", "jobs",
			 LOG_NUM(claims_inflight(keeper->claims, NULL)), NULL);
	drain_free(drain);
	left(owner);
}

void keeper_drain(struct keeper *keeper, void (*left)(void *arg), void *arg)
{
	struct drain *drain = MEM_NEW(struct drain);

	keeper->draining = true;
	keeper->drain = drain;
	drain->keeper = keeper;
	drain->left = left;
	drain->arg = arg;
	drain->until_mono = clock_mono_ms() + DRAIN_MAX_MS;
	timer_init(&drain->timer, keeper->loop, drain_look, drain);
	timer_set(&drain->timer, 0);
}

void keeper_dump(struct keeper *keeper)
{
	const struct keeper_counters *counters = &keeper->counters;
	char next[CLOCK_TEXT_MAX];

	log_info("state", "generation", LOG_NUM(keeper->generation), "store",
		 keeper->store_up ? "up" : "down", "inflight",
		 LOG_NUM(claims_inflight(keeper->claims, NULL)), "lag_ms", LOG_NUM(keeper->lag_ms),
		 "next_claim", clock_rfc3339(claims_next_at(keeper->claims), next), NULL);
	log_info("counters", "commits", LOG_NUM(counters->commits), "conflicts",
		 LOG_NUM(counters->conflicts), "lost", LOG_NUM(counters->lost), "ok",
		 LOG_NUM(counters->looks[OUTCOME_OK]), "role_deaths",
		 LOG_NUM(counters->role_deaths), "reloads", LOG_NUM(counters->reloads), NULL);
	for (size_t i = 0; i < keeper->notifiers->len; i++) {
		const struct notifier_slot *slot = &keeper->notifiers->slots[i];

		log_info("notifier", "name", slot->notifier->name, "sent", LOG_NUM(slot->sent),
			 "failed", LOG_NUM(slot->failed), "parked", LOG_NUM(slot->parked), NULL);
	}
}
