/*
 * expiryctl status: how the daemon itself is.
 */
#include "cli/asking.h"

#include "lib/base/str.h"

const struct cmd cmd_status;

static const struct fact head[] = {
	{"instance.name", "instance"},
	{"instance.version", "version"},
	{"instance.site", "site"},
	{"instance.zones", "zones"},
	{"instance.purpose", "purpose"},
	{"instance.started_at", "started"},
	{"store.url", "store"},
	{"store.up", "store answers"},
	{"store.error", "store error"},
	{"configuration.file", "configuration"},
	{"configuration.generation", "generation"},
	{"configuration.loaded_at", "loaded"},
	{"configuration.refused.at", "refused at"},
	{NULL, NULL},
};

static const struct fact work[] = {
	{"targets", "targets"},
	{"expiring.expired", "expired"},
	{"expiring.7d", "within 7d"},
	{"expiring.30d", "within 30d"},
	{"expiring.90d", "within 90d"},
	{"alerts.critical", "critical"},
	{"alerts.warning", "warning"},
	{"alerts.info", "info"},
	{"alerts.acknowledged", "acknowledged"},
	{"queue", "queue"},
	{"inflight", "in flight"},
	{"lag_seconds", "lag in seconds"},
	{"last_cycle_at", "last cycle"},
	{"probers.ready", "probers ready"},
	{"probers.roots", "roots"},
	{"probers.resolvers", "resolvers"},
	{"probers.warning", "warning"},
	{"network.held", "network held"},
	{NULL, NULL},
};

/* Of the many counts only those that say something. */
static json_t *without_zeros(const json_t *counts)
{
	json_t *out = json_object(), *value;
	const char *key;

	json_object_foreach((json_t *)(uintptr_t)counts, key, value) {
		if (str_eq(key, "total") || !json_is_integer(value) || json_integer_value(value))
			json_object_set(out, key, value);
	}
	return out;
}

static void print_outbox(const json_t *answer)
{
	static const struct fact facts[] = {
		{"waiting", "waiting"}, {"parked", "parked"},	 {"sent", "sent"},
		{"failed", "failed"},	{"oldest_at", "oldest"}, {"last_error", "last error"},
		{NULL, NULL},
	};
	const json_t *box;
	struct buf text;
	size_t i;

	buf_init(&text, 65536);
	json_array_foreach(json_get_array(answer, "outbox"), i, box) {
		printf("outbox of %s\n", fact_text(&text, json_object_get(box, "notifier")));
		facts_print(box, facts, 2);
	}
	buf_finish(&text);
}

static void print_status(json_t *answer)
{
	const char *fault = json_string_value(fact_get(answer, "configuration.refused.fault"));
	struct buf text;

	json_put(answer, "targets", without_zeros(json_get_object(answer, "targets")));
	facts_print(answer, head, 0);
	if (fault) {
		/* A fault a line, as the configuration's reader wrote them. */
		buf_init(&text, 65536);
		for (const char *line = fault; *line;) {
			size_t len = strcspn(line, "\n");
			json_t *one = json_stringn(line, len);

			printf("  %s\n", fact_text(&text, one));
			json_decref(one);
			line += len + (line[len] == '\n');
		}
		buf_finish(&text);
	}
	facts_print(answer, work, 0);
	print_outbox(answer);
}

static int run(const struct globals *globals, int argc, char **argv)
{
	struct asking asking;
	json_t *answer = NULL;
	int status = asking_read(&asking, &cmd_status, argc, argv, 0, 0, "");

	if (status == EXIT_WELL)
		status = ask(globals, "GET", "/api/v1/status", NULL, &answer);
	if (status == EXIT_WELL && asking.format == FORMAT_TABLE)
		print_status(answer);
	else if (status == EXIT_WELL)
		json_print(answer);
	json_decref(answer);
	return status == EXIT_WELL && asking.exit_code ? EXIT_FAILED : status;
}

const struct cmd cmd_status = {
	.name = "status",
	.what = "how the daemon is: store, configuration, queues, outbox",
	.usage = "Usage: expiryctl status [options]\n"
		 "Shows the instance, its store and configuration (and one that was refused), "
		 "counts "
		 "by outcome\nand time left, queues, lag and what waits to be sent.\n\n" ASKING_HELP
		 "      --exit-code      status 1 when the daemon answers\n"
		 "\nExamples:\n"
		 "  expiryctl status\n"
		 "  expiryctl status --format json\n",
	.run = run,
};
