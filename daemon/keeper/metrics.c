/*
 * GET /metrics, Prometheus's text format 0.0.4: the daemon about itself (contract 10). Counters are
 * of this process; what is counted in the store is left out while it is away, and expiryd_store_up
 * says so. Clean under `promtool check metrics`.
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/census.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/network.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdarg.h>

#define PAGE_MAX ((size_t)4 * 1024 * 1024)

struct metrics_call {
	struct api_call call;
	struct census_taking *taking;
};

static struct metrics_call *metrics_of(struct api_call *call)
{
	return CONTAINER_OF(call, struct metrics_call, call);
}

static void drop(struct api_call *call)
{
	census_cancel(metrics_of(call)->taking);
}

/* ---- the format --------------------------------------------------------------------------- */

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP expiryd_%s %s\n# TYPE expiryd_%s %s\n", name, help, name, type);
}

/* Pairs of label and value follow, then NULL. */
static void begin_sample(struct buf *out, const char *name, va_list labels)
{
	const char *key, *before = "{";

	buf_printf(out, "expiryd_%s", name);
	while ((key = va_arg(labels, const char *))) {
		const char *value = va_arg(labels, const char *);

		buf_printf(out, "%s%s=\"", before, key);
		text_prometheus(out, value, strlen(value));
		buf_add_char(out, '"');
		before = ",";
	}
	buf_add_str(out, *before == ',' ? "} " : " ");
}

static void __attribute__((sentinel)) sample(struct buf *out, const char *name, int64_t value, ...)
{
	va_list labels;

	va_start(labels, value);
	begin_sample(out, name, labels);
	va_end(labels);
	buf_printf(out, "%" PRId64 "\n", value);
}

/* Of milliseconds. */
static void seconds(struct buf *out, const char *name, int64_t ms)
{
	buf_printf(out, "expiryd_%s %" PRId64 ".%03d\n", name, ms / MS_SECOND,
		   (int)(ms % MS_SECOND));
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
	family(out, name, "gauge", help);
	sample(out, name, value, NULL);
}

static void gauge_seconds(struct buf *out, const char *name, const char *help, int64_t ms)
{
	family(out, name, "gauge", help);
	seconds(out, name, ms);
}

static void counter(struct buf *out, const char *name, const char *help, int64_t value)
{
	family(out, name, "counter", help);
	sample(out, name, value, NULL);
}

/* ---- of the process ----------------------------------------------------------------------- */

static void write_process(struct buf *out, const struct keeper *keeper, bool store_up)
{
	family(out, "build_info", "gauge", "What is running; always 1.");
	sample(out, "build_info", 1, "version", PACKAGE_VERSION, "store",
	       store_backend(keeper->store), NULL);
	gauge_seconds(out, "start_timestamp_seconds", "When this process began.",
		      keeper->started_at);
	gauge(out, "store_up", "Whether the store answers.", store_up);
	gauge_seconds(out, "schedule_lag_seconds", "How late the oldest job of the last claim was.",
		      keeper->lag_ms);
	gauge_seconds(out, "last_cycle_timestamp_seconds", "When the schedule was last looked at.",
		      keeper->last_cycle_at);
	gauge(out, "inflight_jobs", "Jobs under way.",
	      (int64_t)claims_inflight(keeper->claims, NULL));
	gauge(out, "prober_ready", "Whether a prober takes looks.", lookers_ready(keeper->lookers));
}

static void write_config(struct buf *out, const struct keeper *keeper)
{
	gauge_seconds(out, "config_loaded_timestamp_seconds",
		      "When the configuration in force was read.", keeper->config->loaded_at);
	gauge(out, "config_reload_success",
	      "Whether the newest reload was accepted; 0: the one before it is in force.",
	      !keeper->config_fault);
	gauge(out, "config_generation", "Configurations in force since the start.",
	      keeper->generation);
	family(out, "config_reloads_total", "counter", "Reloads asked for.");
	sample(out, "config_reloads_total", keeper->counters.reloads, "result", "applied", NULL);
	sample(out, "config_reloads_total", keeper->counters.reloads_refused, "result", "refused",
	       NULL);
}

static void write_looks(struct buf *out, const struct keeper *keeper)
{
	const struct keeper_counters *counters = &keeper->counters;

	family(out, "looks_total", "counter", "Addresses and files looked at.");
	for (int i = 0; i < OUTCOME_COUNT; i++)
		sample(out, "looks_total", counters->looks[i], "outcome",
		       outcome_text((enum outcome)i), NULL);
	counter(out, "looks_released_total", "Looks that could not begin in time.",
		counters->looks_released);
	counter(out, "looks_ours_total", "Looks at a target that failed on our side.",
		counters->looks_ours);
	counter(out, "prober_failures_total", "Probers and readers that died or did not start.",
		counters->role_deaths);
	family(out, "network_held", "gauge",
	       "Whether failures of this zone are taken for our network's.");
	for (size_t i = 0; i < keeper->config->instance.zones_len; i++)
		sample(out, "network_held",
		       network_held(keeper->network, keeper->config->instance.zones[i]), "zone",
		       keeper->config->instance.zones[i], NULL);
}

static void write_work(struct buf *out, const struct keeper *keeper)
{
	const struct keeper_counters *counters = &keeper->counters;

	counter(out, "commits_total", "Looks whose result was stored.", counters->commits);
	counter(out, "commit_conflicts_total", "Results judged again, as the store had changed.",
		counters->conflicts);
	counter(out, "leases_lost_total", "Jobs that another worker had taken over.",
		counters->lost);
	counter(out, "store_failures_total", "Results that the store did not take at once.",
		counters->away);
	family(out, "alert_events_total", "counter", "Events of alerts, told or not.");
	for (int i = EVENT_NONE + 1; i < EVENT_COUNT; i++)
		sample(out, "alert_events_total", counters->events[i], "event",
		       alert_event_text((enum alert_event)i), NULL);
}

static void write_notifications(struct buf *out, const struct keeper *keeper)
{
	const struct notifier_set *set = keeper->notifiers;

	family(out, "notifications_total", "counter",
	       "Deliveries: sent, tries that failed, given up.");
	for (size_t i = 0; i < set->len; i++) {
		const struct notifier_slot *slot = &set->slots[i];
		const char *name = slot->notifier->name;

		sample(out, "notifications_total", slot->sent, "notifier", name, "result", "sent",
		       NULL);
		sample(out, "notifications_total", slot->failed, "notifier", name, "result",
		       "failed", NULL);
		sample(out, "notifications_total", slot->parked, "notifier", name, "result",
		       "parked", NULL);
	}
}

/* ---- of the store ------------------------------------------------------------------------- */

static void write_targets(struct buf *out, const struct census *census)
{
	family(out, "targets", "gauge", "Targets by the outcome of their newest look.");
	for (int i = 0; i < OUTCOME_COUNT; i++)
		sample(out, "targets", census->outcomes[i], "outcome",
		       outcome_text((enum outcome)i), NULL);
	sample(out, "targets", census->outcomes[OUTCOME_COUNT], "outcome", "never", NULL);
}

/* Buckets and count, no sum: that would take a look at every certificate at every scrape. */
static void write_left(struct buf *out, const struct census *census)
{
	static const int days[] = CENSUS_LEFT_DAYS;
	int64_t count = 0;
	char end[32];

	family(out, "certificate_seconds_left", "histogram",
	       "Targets by the time that their certificate has left; below 0: expired.");
	for (size_t i = 0; i < CENSUS_LEFT; i++) {
		count += census->left[i];
		snprintf(end, sizeof(end), i < ARRAY_LEN(days) ? "%d" : "+Inf",
			 i < ARRAY_LEN(days) ? days[i] * 86400 : 0);
		sample(out, "certificate_seconds_left_bucket", count, "le", end, NULL);
	}
	sample(out, "certificate_seconds_left_count", count, NULL);
}

static void write_alert(struct buf *out, const struct census *census, enum alert_kind kind,
			enum severity severity)
{
	for (int i = 0; i < ALERT_STATUS_COUNT; i++) {
		int64_t count = census->alerts[kind][severity][i];

		if (count)
			sample(out, "alerts", count, "kind", alert_kind_text(kind), "severity",
			       severity_text(severity), "status",
			       alert_status_text((enum alert_status)i), NULL);
	}
}

static void write_alerts(struct buf *out, const struct census *census)
{
	family(out, "alerts", "gauge",
	       "Alerts that stand or are pending; none of a kind: no series.");
	for (int kind = 0; kind < ALERT_KIND_COUNT; kind++)
		for (int severity = SEVERITY_INFO; severity <= SEVERITY_CRITICAL; severity++)
			write_alert(out, census, (enum alert_kind)kind, (enum severity)severity);
}

static void write_outbox(struct buf *out, const struct census *census)
{
	int64_t oldest = census->at;

	family(out, "outbox_entries", "gauge", "Events and messages that wait for a notifier.");
	for (size_t i = 0; i < census->outbox_len; i++) {
		const struct census_outbox *outbox = &census->outbox[i];

		sample(out, "outbox_entries", outbox->waiting, "notifier", outbox->name, NULL);
		if (outbox->oldest_at != TIME_UNKNOWN && outbox->oldest_at < oldest)
			oldest = outbox->oldest_at;
	}
	family(out, "outbox_parked", "gauge", "Messages that were given up and kept.");
	for (size_t i = 0; i < census->outbox_len; i++)
		sample(out, "outbox_parked", census->outbox[i].parked, "notifier",
		       census->outbox[i].name, NULL);
	gauge_seconds(out, "outbox_oldest_seconds",
		      "Age of the oldest that waits; 0: nothing waits.", census->at - oldest);
}

static void write_queue(struct buf *out, const struct census *census)
{
	family(out, "jobs", "gauge", "Jobs in the schedule.");
	sample(out, "jobs", census->notify_jobs, "kind", "notify", NULL);
	sample(out, "jobs", census->probe_jobs, "kind", "probe", NULL);
	gauge(out, "jobs_due", "Jobs that are due now.", census->due_now);
	family(out, "instances", "gauge", "Daemons on this store.");
	sample(out, "instances", census->instances_active, "state", "active", NULL);
	sample(out, "instances", census->instances_inactive, "state", "inactive", NULL);
}

static void on_census(struct api_call *call, const struct census *census, const char *fault UNUSED)
{
	const struct keeper *keeper = call->keeper;
	struct buf out;

	metrics_of(call)->taking = NULL;
	buf_init(&out, PAGE_MAX);
	write_process(&out, keeper, census && keeper->store_up);
	write_config(&out, keeper);
	write_looks(&out, keeper);
	write_work(&out, keeper);
	write_notifications(&out, keeper);
	if (census) {
		write_targets(&out, census);
		write_left(&out, census);
		write_alerts(&out, census);
		write_outbox(&out, census);
		write_queue(&out, census);
	}
	api_answer(call, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
	buf_finish(&out);
}

void api_get_metrics(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_OPEN, sizeof(struct metrics_call),
					  drop);

	if (call)
		metrics_of(call)->taking = census_take(call, on_census);
}
