/*
 * A new configuration generation, or none: everything that can fail is done before anything is
 * changed, so that a bad file leaves the running one in force, whole.
 */
#include "daemon/keeper/api.h"
#include "daemon/keeper/conditions.h"
#include "daemon/keeper/expansion.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/pool.h"
#include "daemon/keeper/telling.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

static void tell(struct keeper *keeper, bool refused, const char *why)
{
	char subject[512], text[FINDING_TEXT_MAX];

	snprintf(subject, sizeof(subject), "instance/%s", keeper->config->instance.name);
	snprintf(text, sizeof(text), "%s%s",
		 refused ? "the configuration was refused, the old one stays in force: " : "", why);
	condition_set(keeper->conditions, ALERT_KIND_CONFIG, subject, SEVERITY_CRITICAL, refused,
		      text);
}

static bool refuse(struct keeper *keeper, char *why_take, char **text)
{
	size_t first = strcspn(why_take, "\n");
	char *line = str_dup_n(why_take, first);

	keeper->counters.reloads_refused++;
	keeper->config_refused_at = clock_wall_ms();
	mem_free(keeper->config_fault);
	keeper->config_fault = str_dup(why_take);
	log_error("configuration refused: the old one stays in force", "fault", line, NULL);
	tell(keeper, true, line);
	mem_free(line);
	*text = why_take;
	return false;
}

/* What names things in the store cannot change under a running daemon: ids would be told twice. */
static const char *needs_restart(const struct config *from, const struct config *to)
{
	if (!str_eq(from->site, to->site))
		return "site";
	if (!str_eq(from->store_url, to->store_url))
		return "store";
	if (!str_eq(from->instance.name, to->instance.name))
		return "instance.name";
	return NULL;
}

static void wake_notifiers(struct keeper *keeper);

static void apply(struct keeper *keeper, struct config *config)
{
	struct config *old = keeper->config;

	if (pool_changes(old, config))
		pool_reload(keeper, config);
	keeper->config = config;
	keeper->generation++;
	keeper->counters.reloads++;
	log_set_level(config->log.level);
	config_free(old);
	expansion_reload(keeper->expansion);
	claims_reload(keeper->claims);
	if (keeper->api)
		api_reload(keeper->api);
	wake_notifiers(keeper);
	mem_free(keeper->config_fault);
	keeper->config_fault = NULL;
	tell(keeper, false, "the configuration is accepted");
}

static void on_woken(void *arg, struct store_answer *answer)
{
	struct keeper *keeper = arg;

	if (answer->status == STORE_OK)
		claims_kick(keeper->claims);
}

/* What waits for a notifier that was not configured until now is sent at once. */
static void wake_notifiers(struct keeper *keeper)
{
	const char *names[NOTIFIERS_MAX];
	size_t len = keeper_notifier_names(keeper, names);
	struct batch batch = {0};

	for (size_t i = 0; i < len; i++)
		telling_wake(&batch, names[i], clock_wall_ms());
	if (len)
		batch_commit(&batch, keeper->store, on_woken, keeper);
	batch_finish(&batch);
}

void reload_begin(struct keeper *keeper)
{
	tell(keeper, false, "the configuration is accepted");
}

bool keeper_reload(struct keeper *keeper, char **text)
{
	struct faults faults = {0};
	struct config *config = config_load(keeper->config->file, &faults);
	struct err err = {0};
	const char *key;
	char *diff;

	if (!config) {
		char *why = faults_text(&faults);

		faults_finish(&faults);
		return refuse(keeper, why, text);
	}
	faults_finish(&faults);
	key = needs_restart(keeper->config, config);
	if (key) {
		config_free(config);
		return refuse(keeper,
			      str_printf("%s: %s cannot change while the daemon runs: restart it\n",
					 keeper->config->file, key),
			      text);
	}
	if (!keeper_replace_notifiers(keeper, config, &err)) {
		config_free(config);
		return refuse(keeper, str_printf("%s\n", err.text), text);
	}
	diff = config_diff(keeper->config, config);
	if (config_needs_restart(keeper->config, config, &err))
		log_warn("a changed key takes effect at the next start", "key", err.text, NULL);
	apply(keeper, config);
	log_info("configuration applied", "generation", LOG_NUM(keeper->generation), NULL);
	*text = diff;
	return true;
}
