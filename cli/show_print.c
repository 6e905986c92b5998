/*
 * A target with all that is known: what it is, each place it answers at, what is found, told and
 * due, and what happened.
 */
#include "cli/show_print.h"

#include "cli/asking.h"
#include "cli/cert_print.h"
#include "cli/listing.h"
#include "cli/table.h"

static const struct fact target_facts[] = {
	{"id", "id"},
	{"status", "status"},
	{"outcome", "outcome"},
	{"error", "error"},
	{"severity", "severity"},
	{"days_left", "days left"},
	{"organization", "organization"},
	{"owner", "owner"},
	{"tags", "tags"},
	{"note", "note"},
	{"runbook", "runbook"},
	{"zone", "zone"},
	{"source", "source"},
	{"first_seen", "first seen"},
	{"last_probed", "last look"},
	{"last_changed", "last change"},
	{"attempts", "attempts"},
	{"rest_until", "rests until"},
	{NULL, NULL},
};

static const struct fact endpoint_facts[] = {
	{"outcome", "outcome"},
	{"error", "error"},
	{"stage", "stage"},
	{"probed_at", "looked at"},
	{"duration_ms", "took ms"},
	{"server_name", "server name"},
	{"tls.version", "TLS"},
	{"tls.cipher", "cipher"},
	{"tls.group", "group"},
	{"proof", "key proved"},
	{"trusted", "trusted"},
	{"trust.verdict", "trust"},
	{"trust.detail", "trust detail"},
	{"name_matches", "name matches"},
	{"days_left", "days left"},
	{"earliest_expiry.not_after", "chain ends"},
	{"path_expiry.not_after", "path ends"},
	{NULL, NULL},
};

static const struct fact alert_facts[] = {
	{"id", "id"},
	{"target", "target"},
	{"kind", "kind"},
	{"severity", "severity"},
	{"status", "status"},
	{"text", "text"},
	{"threshold", "threshold"},
	{"not_after", "not after"},
	{"places", "places"},
	{"at", "at"},
	{"certificate", "certificate"},
	{"started_at", "started"},
	{"last_told_at", "last told"},
	{"next", "next"},
	{"ended_at", "ended"},
	{"reason", "reason"},
	{"acknowledged.by", "acknowledged"},
	{"acknowledged.at", "at"},
	{"acknowledged.why", "why"},
	{"acknowledged.until", "until"},
	{"organization", "organization"},
	{"owner", "owner"},
	{"tags", "tags"},
	{"note", "note"},
	{"runbook", "runbook"},
	{"dedup_key", "dedup key"},
	{"fingerprint", "fingerprint"},
	{"event", "last event"},
	{NULL, NULL},
};

static void print_findings(const json_t *list)
{
	struct buf severity, kind, text;
	const json_t *one;
	size_t i;

	buf_init(&severity, 4096);
	buf_init(&kind, 4096);
	buf_init(&text, 65536);
	json_array_foreach(list, i, one)
		printf("    %-14s %s: %s\n", fact_text(&severity, json_object_get(one, "severity")),
		       fact_text(&kind, json_object_get(one, "kind")),
		       fact_text(&text, json_object_get(one, "text")));
	buf_finish(&severity);
	buf_finish(&kind);
	buf_finish(&text);
}

static void print_chain(const json_t *chain)
{
	struct buf subject, end;
	const json_t *link;
	size_t i;

	buf_init(&subject, 65536);
	buf_init(&end, 4096);
	json_array_foreach(chain, i, link)
		printf("    chain %-8zu %s, until %s\n", i + 1,
		       fact_text(&subject, json_object_get(link, "subject")),
		       fact_text(&end, json_object_get(link, "not_after")));
	buf_finish(&subject);
	buf_finish(&end);
}

static void print_endpoint(const json_t *endpoint)
{
	const json_t *address = json_object_get(endpoint, "address");
	struct buf text;

	buf_init(&text, 4096);
	printf("\n  %s\n", json_is_string(address) ? fact_text(&text, address) : "no address");
	buf_finish(&text);
	facts_print(endpoint, endpoint_facts, 4);
	cert_print(json_get_object(endpoint, "certificate"), 4);
	print_chain(json_get_array(endpoint, "chain"));
	print_findings(json_get_array(endpoint, "findings"));
}

/* Some members of each row of a list, as a table under a title. */
static void print_rows(const char *title, const json_t *rows, const char **columns, size_t len)
{
	struct buf cells[8];
	const char *texts[8];
	struct table table;
	const json_t *row;
	size_t i;

	if (json_array_size(rows) == 0)
		return;
	printf("\n%s\n", title);
	for (size_t c = 0; c < len; c++)
		buf_init(&cells[c], 1024 * 1024);
	table_init(&table, columns, len);
	json_array_foreach(rows, i, row) {
		for (size_t c = 0; c < len; c++) {
			buf_reset(&cells[c]);
			listing_text(&cells[c], columns[c], json_object_get(row, columns[c]));
			texts[c] = buf_text(&cells[c]);
		}
		table_row(&table, texts, NULL);
	}
	table_print(&table, stdout, table_window(stdout), false);
	table_finish(&table);
	for (size_t c = 0; c < len; c++)
		buf_finish(&cells[c]);
}

static void print_next(const json_t *next)
{
	struct buf at, reason;

	if (!json_is_string(json_object_get(next, "at")))
		return;
	buf_init(&at, 4096);
	buf_init(&reason, 4096);
	printf("\nnext look      %s (%s)\n", fact_text(&at, json_object_get(next, "at")),
	       fact_text(&reason, json_object_get(next, "reason")));
	buf_finish(&at);
	buf_finish(&reason);
}

void show_print_target(const json_t *answer)
{
	const char *alerts[] = {"id", "kind", "severity", "status", "started_at", "text"};
	const char *history[] = {"at", "what", "event", "severity", "text", "actor"};
	const json_t *target = json_get_object(answer, "target"), *endpoint;
	struct buf text;
	size_t i;

	buf_init(&text, 65536);
	puts(fact_text(&text, json_object_get(target, "target")));
	buf_finish(&text);
	facts_print(target, target_facts, 2);
	json_array_foreach(json_get_array(answer, "endpoints"), i, endpoint)
		print_endpoint(endpoint);
	print_rows("alerts", json_get_array(answer, "alerts"), alerts, ARRAY_LEN(alerts));
	print_next(json_get_object(answer, "next"));
	print_rows("history", json_get_array(answer, "history"), history, ARRAY_LEN(history));
}

void show_print_alert(const json_t *row)
{
	facts_print(row, alert_facts, 0);
}
