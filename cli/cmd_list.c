/*
 * The commands that list: targets, alerts, events, notifiers, instances. A row here is a path of
 * the API, its columns and those that people usually want; the work is done in listing.c.
 */
#include "cli/listing.h"
#include "cli/columns.h"

extern const struct cmd cmd_alerts, cmd_events, cmd_instances, cmd_list, cmd_notifiers;

/* In the contract's order (7). */
static const char *const target_columns[] = {
	"target",
	"id",
	"host",
	"port",
	"protocol",
	"server_name",
	"address",
	"zone",
	"organization",
	"owner",
	"tags",
	"note",
	"runbook",
	"source",
	"status",
	"outcome",
	"error",
	"severity",
	"kind",
	"findings",
	"alert_status",
	"started_at",
	"threshold",
	"acknowledged",
	"common_name",
	"names",
	"subject",
	"issuer",
	"issuer_type",
	"serial",
	"sha256",
	"key",
	"signature",
	"not_before",
	"not_after",
	"expires_within",
	"days_left",
	"lifetime_left",
	"earliest_not_after",
	"path_not_after",
	"chain_length",
	"trusted",
	"name_matches",
	"tls_version",
	"post_quantum",
	"proof",
	"places",
	"first_seen",
	"last_probed",
	"reading_age",
	"next_probe",
	"last_changed",
	"ignored",
	"instance",
	NULL,
};
static const char *const target_usual[] = {"target",	"status",    "severity",
					   "days_left", "not_after", "issuer",
					   "findings",	"owner",     NULL};

static const char *const alert_columns[] = {
	"id",
	"dedup_key",
	"fingerprint",
	"event_id",
	"event",
	"target",
	"target_id",
	"places",
	"kind",
	"severity",
	"previous_severity",
	"status",
	"episode",
	"text",
	"threshold",
	"not_after",
	"seconds_left",
	"certificate",
	"at",
	"organization",
	"owner",
	"tags",
	"note",
	"runbook",
	"next",
	"started_at",
	"last_told_at",
	"ended_at",
	"reason",
	"acknowledged",
	"silence",
	NULL,
};
static const char *const alert_usual[] = {"id",	    "severity",	  "target", "kind",
					  "status", "started_at", "text",   NULL};

static const char *const event_columns[] = {
	"id",	  "at",	     "what", "event", "event_id",   "kind",    "severity",
	"status", "subject", "text", "actor", "subject_id", "details", NULL,
};
static const char *const event_usual[] = {"at",	      "what", "subject", "event",
					  "severity", "text", "actor",	 NULL};

static const char *const notifier_columns[] = {"name",	 "type",    "url",	  "sent", "failed",
					       "parked", "waiting", "last_error", NULL};

static const char *const instance_columns[] = {
	"name",	   "status",	    "self",	  "version",	  "zones",
	"purpose", "configuration", "started_at", "heartbeat_at", NULL,
};
static const char *const instance_usual[] = {"name",	   "status",	   "version", "zones",
					     "started_at", "heartbeat_at", NULL};

static const struct listing targets = {.cmd = &cmd_list,
				       .path = "/api/v1/targets",
				       .columns = target_columns,
				       .usual = target_usual,
				       .tags = true,
				       .word = true};
static const struct listing alerts = {.cmd = &cmd_alerts,
				      .path = "/api/v1/alerts",
				      .columns = alert_columns,
				      .usual = alert_usual,
				      .tags = true,
				      .word = true,
				      .all = true};
static const struct listing events = {.cmd = &cmd_events,
				      .path = "/api/v1/events",
				      .columns = event_columns,
				      .usual = event_usual,
				      .word = true};
static const struct listing notifiers = {.cmd = &cmd_notifiers,
					 .path = "/api/v1/notifiers",
					 .columns = notifier_columns,
					 .usual = notifier_columns};
static const struct listing instances = {.cmd = &cmd_instances,
					 .path = "/api/v1/instances",
					 .columns = instance_columns,
					 .usual = instance_usual,
					 .word = true};

/* By name. */
static const struct {
	const char *name;
	const struct listing *listing;
} things[] = {
	{"alerts", &alerts},	   {"events", &events},	  {"instances", &instances},
	{"notifiers", &notifiers}, {"targets", &targets},
};

const struct listing *columns_of(const char *thing)
{
	for (size_t i = 0; i < ARRAY_LEN(things); i++)
		if (strcmp(things[i].name, thing) == 0)
			return things[i].listing;
	return NULL;
}

static bool is_usual(const struct listing *listing, const char *column)
{
	for (size_t i = 0; listing->usual[i]; i++)
		if (strcmp(listing->usual[i], column) == 0)
			return true;
	return false;
}

void columns_print(const struct listing *listing)
{
	for (size_t i = 0; listing->columns[i]; i++)
		printf("%s%s\n", listing->columns[i],
		       is_usual(listing, listing->columns[i]) ? "  @default" : "");
	if (listing->tags)
		fputs("tag.NAME\n", stdout);
}

static int run_list(const struct globals *globals, int argc, char **argv)
{
	return listing_run(&targets, globals, argc, argv);
}

static int run_alerts(const struct globals *globals, int argc, char **argv)
{
	return listing_run(&alerts, globals, argc, argv);
}

static int run_events(const struct globals *globals, int argc, char **argv)
{
	return listing_run(&events, globals, argc, argv);
}

static int run_notifiers(const struct globals *globals, int argc, char **argv)
{
	return listing_run(&notifiers, globals, argc, argv);
}

static int run_instances(const struct globals *globals, int argc, char **argv)
{
	return listing_run(&instances, globals, argc, argv);
}

const struct cmd cmd_list = {
	.name = "list",
	.what = "the targets, soonest expiry first",
	.usage = "Usage: expiryctl list [options] [WORD]\n"
		 "Lists the targets, soonest expiry first. WORD: only those with it in their name, "
		 "organization\nor certificate's names.\n\n" LISTING_HELP "\nExamples:\n"
		 "  expiryctl list\n"
		 "  expiryctl list example.com --columns target,not_after,tag.env\n"
		 "  expiryctl list --sort -days_left --limit 10 --format csv\n",
	.run = run_list,
};

const struct cmd cmd_alerts = {
	.name = "alerts",
	.what = "what stands, worst first",
	.usage = "Usage: expiryctl alerts [options] [WORD]\n"
		 "Lists the alerts that stand, worst first. WORD: only those with it in target, "
		 "organization\nor text, or of this kind, severity or status.\n\n"
		 "      --all            also those that are pending or have ended\n" LISTING_HELP
		 "\nExamples:\n"
		 "  expiryctl alerts\n"
		 "  expiryctl alerts critical --exit-code\n"
		 "  expiryctl alerts --all --format ndjson\n",
	.run = run_alerts,
};

const struct cmd cmd_events = {
	.name = "events",
	.what = "what happened, newest first",
	.usage = "Usage: expiryctl events [options] [WORD]\n"
		 "Lists the history, newest first. WORD: only what has it in subject, text, actor "
		 "or "
		 "kind.\n\n" LISTING_HELP "\nExamples:\n"
		 "  expiryctl events --limit 20\n"
		 "  expiryctl events www.example.com --format ndjson\n",
	.run = run_events,
};

const struct cmd cmd_notifiers = {
	.name = "notifiers",
	.what = "where alerts are sent",
	.usage = "Usage: expiryctl notifiers [options]\n"
		 "Lists the configured notifiers, what they sent and what waits.\n\n" LISTING_HELP
		 "\nExamples:\n"
		 "  expiryctl notifiers\n"
		 "  expiryctl notifiers --format json\n",
	.run = run_notifiers,
};

const struct cmd cmd_instances = {
	.name = "instances",
	.what = "every daemon on the store",
	.usage = "Usage: expiryctl instances [options] [WORD]\n"
		 "Lists every daemon that works on this store.\n\n" LISTING_HELP "\nExamples:\n"
		 "  expiryctl instances\n"
		 "  expiryctl instances --format csv\n",
	.run = run_instances,
};
