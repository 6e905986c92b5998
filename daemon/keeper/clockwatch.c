/*
 * Wall time against CLOCK_BOOTTIME, which no operator and no NTP moves. A jump over an hour, or a
 * time before this program was built, is one `clock` alert and a new epoch.
 */
#include "daemon/keeper/clockwatch.h"

#include "daemon/keeper/conditions.h"
#include "daemon/keeper/keeper.h"
#include "daemon/keeper/sweep.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/loop/timer.h"

#define JUMP_MS MS_HOUR
#define CHECK_EVERY_MS (30 * MS_SECOND)
/* Two looks at most targets are done in this time; then the alert has served its purpose. */
#define SETTLED_MS (10 * MS_MINUTE)
#define SPREAD_MS (5 * MS_MINUTE)

struct clockwatch {
	struct keeper *keeper;
	int64_t offset; /* wall - boot, as last believed */
	int64_t epoch;
	int64_t jumped_at_mono;
	bool told, before_build;
	struct timer timer;
	struct sweep *sweep;
};

static void check(void *arg)
{
	struct clockwatch *watch = arg;

	clockwatch_check(watch);
	timer_set(&watch->timer, CHECK_EVERY_MS);
}

static void tell(struct clockwatch *watch, bool firing, const char *text)
{
	char subject[512];

	snprintf(subject, sizeof(subject), "instance/%s", watch->keeper->config->instance.name);
	watch->told = firing;
	condition_set(watch->keeper->conditions, ALERT_KIND_CLOCK, subject, SEVERITY_CRITICAL,
		      firing, text);
}

struct clockwatch *clockwatch_new(struct keeper *keeper)
{
	struct clockwatch *watch = MEM_NEW(struct clockwatch);

	watch->keeper = keeper;
	watch->offset = clock_wall_ms() - clock_boot_ms();
	timer_init(&watch->timer, keeper->loop, check, watch);
	timer_set(&watch->timer, CHECK_EVERY_MS);
	/* What an earlier process left standing would stand for ever. */
	tell(watch, false, "the clock is believed again");
	return watch;
}

void clockwatch_free(struct clockwatch *watch)
{
	if (!watch)
		return;
	timer_clear(&watch->timer);
	sweep_cancel(watch->sweep);
	mem_free(watch);
}

static void on_swept(void *arg, int64_t count)
{
	struct clockwatch *watch = arg;

	watch->sweep = NULL;
	log_info("all targets are looked at again after the jump", "targets", LOG_NUM(count), NULL);
}

static void jumped(struct clockwatch *watch, int64_t by)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "the clock jumped by %lld s: nothing is raised or resolved until two looks agree",
		 (long long)(by / MS_SECOND));
	log_error("clock jumped", "by_s", LOG_NUM(by / MS_SECOND), NULL);
	/* New after each jump, also over restarts: the instant by the clock that did not jump. */
	watch->epoch = clock_boot_ms() + 1;
	watch->jumped_at_mono = clock_mono_ms();
	tell(watch, true, text);
	/* Due times were written by the other clock: after a step back they lie too far away. */
	sweep_cancel(watch->sweep);
	watch->sweep = sweep_all(watch->keeper, SPREAD_MS, on_swept, watch);
}

bool clockwatch_check(struct clockwatch *watch)
{
	int64_t wall = clock_wall_ms();
	int64_t offset = wall - clock_boot_ms();
	int64_t by = offset - watch->offset;
	bool before = wall < (int64_t)EXPIRYD_BUILD_EPOCH * MS_SECOND;

	watch->offset = offset;
	if (by > JUMP_MS || by < -JUMP_MS)
		jumped(watch, by);
	if (before && !watch->before_build)
		tell(watch, true,
		     "the clock stands before the day this program was built: "
		     "nothing is judged until it is set");
	watch->before_build = before;
	if (watch->told && !before && clock_mono_ms() - watch->jumped_at_mono > SETTLED_MS)
		tell(watch, false, "the clock is believed again");
	return !before;
}

int64_t clockwatch_epoch(const struct clockwatch *watch)
{
	return watch->epoch;
}
