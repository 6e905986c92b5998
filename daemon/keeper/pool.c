/*
 * From configuration to probers, and their notes to the log.
 */
#include "daemon/keeper/pool.h"

#include "lib/base/log.h"
#include "lib/base/str.h"

/* One address is never asked by more than this many connections at once. */
#define PER_ADDRESS 4

static struct lookers_config settings(const struct config *config)
{
	size_t probers = config->probe.probers > 0 ? (size_t)config->probe.probers : 0;

	return (struct lookers_config){
		.probers = probers,
		.setup =
			{
				.roots = (char *)(uintptr_t)config->probe.roots,
				.resolver = (char *)(uintptr_t)config->probe.resolver,
				.concurrency = config->probe.concurrency,
				.per_address = PER_ADDRESS,
				.log_level = (int)config->log.level,
			},
	};
}

static void on_note(void *arg, enum lookers_level level, const char *phrase, const char *detail)
{
	struct keeper *keeper = arg;

	switch (level) {
	case LOOKERS_INFO:
		log_info(phrase, "detail", detail, NULL);
		break;
	case LOOKERS_WARN:
		log_warn(phrase, "detail", detail, NULL);
		break;
	case LOOKERS_ERROR:
		keeper->counters.role_deaths++;
		log_error(phrase, "detail", detail, NULL);
		break;
	}
}

struct lookers *pool_new(struct keeper *keeper)
{
	struct lookers_config config = settings(keeper->config);

	return lookers_new(keeper->loop, &config, on_note, keeper);
}

bool pool_changes(const struct config *from, const struct config *to)
{
	return from->probe.concurrency != to->probe.concurrency ||
	       from->probe.probers != to->probe.probers ||
	       !str_eq(from->probe.roots, to->probe.roots) ||
	       !str_eq(from->probe.resolver, to->probe.resolver) ||
	       from->log.level != to->log.level;
}

void pool_reload(struct keeper *keeper, const struct config *config)
{
	struct lookers_config settings_now = settings(config);

	lookers_reload(keeper->lookers, &settings_now);
}
