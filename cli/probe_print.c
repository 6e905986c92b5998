/*
 * What a probe prints. Text from a host is escaped for where it goes; a JSON string escapes itself.
 */
#include "cli/probe_print.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"
#include "lib/rules/judge.h"

#define CELL_MAX 8192

static const char *const csv_columns =
	"target,id,address,outcome,error,stage,probed_at,duration_ms,tls_version,common_name,"
	"issuer,"
	"serial,sha256,not_before,not_after,days_left,trusted,name_matches,findings\r\n";

void probe_print_start(struct probe_printer *printer, enum format format, bool color)
{
	*printer = (struct probe_printer){.format = format, .color = color};
	if (format == FORMAT_JSON)
		fputs("[", stdout);
	else if (format == FORMAT_CSV)
		fputs(csv_columns, stdout);
	else if (format == FORMAT_TABLE)
		printf("%-36s %-16s %-10s %6s  %-16s %s\n", "TARGET", "ADDRESS", "OUTCOME", "DAYS",
		       "NOT AFTER (UTC)", "FINDINGS");
}

static json_t *result_json(const struct probing_result *result)
{
	const char *address = result->endpoint->address;
	json_t *json = endpoint_to_json(result->endpoint, result->target, result->now);

	json_put(json, "findings", findings_to_json(result->findings, address[0] ? address : NULL));
	return json;
}

static void print_json(struct probe_printer *printer, const struct probing_result *result)
{
	json_t *json = result_json(result);
	char *text = json_write(json);

	if (printer->format == FORMAT_JSON)
		printf("%s\n%s", printer->count ? "," : "", text);
	else
		printf("%s\n", text);
	mem_free(text);
	json_decref(json);
}

static void add_cell(struct buf *line, const char *text)
{
	if (line->len)
		buf_add_char(line, ',');
	text_csv(line, text ? text : "", text ? strlen(text) : 0);
}

static void add_time(struct buf *line, bool known, int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	add_cell(line, known ? clock_rfc3339(at, text) : NULL);
}

static void add_number(struct buf *line, bool known, int64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	buf_add_char(line, ',');
	if (known)
		buf_add_str(line, text);
}

static const char *tri(int value)
{
	return value < 0 ? NULL : value ? "true" : "false";
}

static void finding_words(const struct probing_result *result, const char *between, struct buf *out)
{
	const char *address = result->endpoint->address;
	json_t *list = findings_to_json(result->findings, address[0] ? address : NULL);
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		buf_printf(out, "%s%s", i ? between : "", json_get_str(one, "kind"));
	json_decref(list);
}

static void print_csv(const struct probing_result *result)
{
	const struct endpoint *endpoint = result->endpoint;
	const struct cert *cert = &endpoint->cert;
	bool has = endpoint->has_cert;
	struct buf line, words;

	buf_init(&line, 16 * CELL_MAX);
	buf_init(&words, CELL_MAX);
	text_csv(&line, result->target->text, strlen(result->target->text));
	add_cell(&line, result->target->id);
	add_cell(&line, endpoint->address);
	add_cell(&line, outcome_text(endpoint->outcome));
	add_cell(&line, endpoint->error);
	add_cell(&line, endpoint->stage);
	add_time(&line, true, endpoint->probed_at);
	add_number(&line, true, endpoint->duration_ms);
	add_cell(&line, endpoint->tls_version);
	add_cell(&line, has ? cert->common_name : NULL);
	add_cell(&line, has ? cert->issuer : NULL);
	add_cell(&line, has ? cert->serial : NULL);
	add_cell(&line, has ? cert->sha256 : NULL);
	add_time(&line, has, cert->not_before);
	add_time(&line, has, cert->not_after);
	add_number(&line, has, has ? days_left(cert->not_after, result->now) : 0);
	add_cell(&line,
		 endpoint->trust == TRUST_UNKNOWN ? NULL : tri(endpoint->trust == TRUST_TRUSTED));
	add_cell(&line, tri(endpoint->name_matches));
	finding_words(result, " ", &words);
	add_cell(&line, buf_text(&words));
	printf("%s\r\n", buf_text(&line));
	buf_finish(&words);
	buf_finish(&line);
}

static const char *severity_color(enum severity severity)
{
	return severity == SEVERITY_CRITICAL  ? "\033[31m"
	       : severity == SEVERITY_WARNING ? "\033[33m"
					      : "";
}

static void print_row(struct probe_printer *printer, const struct probing_result *result)
{
	const struct endpoint *endpoint = result->endpoint;
	const char *address = endpoint->address;
	enum severity worst = findings_worst(result->findings);
	char date[CLOCK_TEXT_MAX] = "-", days[32] = "-";
	struct buf words, target;

	buf_init(&words, CELL_MAX);
	buf_init(&target, CELL_MAX);
	text_line(&target, result->target->text, strlen(result->target->text));
	if (endpoint->has_cert) {
		clock_rfc3339(endpoint->cert.not_after, date);
		date[10] = ' ';
		date[16] = '\0';
		snprintf(days, sizeof(days), "%lld",
			 (long long)days_left(endpoint->cert.not_after, result->now));
	}
	finding_words(result, ", ", &words);
	printf("%s%-36s %-16s %-10s %6s  %-16s %s%s\n", printer->color ? severity_color(worst) : "",
	       buf_text(&target), address[0] ? address : "-", outcome_text(endpoint->outcome), days,
	       date, words.len ? buf_text(&words) : "-",
	       printer->color && *severity_color(worst) ? "\033[0m" : "");
	buf_reset(&words);
	if (endpoint->error) {
		text_line(&words, endpoint->error, strlen(endpoint->error));
		printf("  %s\n", buf_text(&words));
	}
	buf_finish(&target);
	buf_finish(&words);
}

void probe_print(struct probe_printer *printer, const struct probing_result *result)
{
	switch (printer->format) {
	case FORMAT_JSON:
	case FORMAT_NDJSON:
		print_json(printer, result);
		break;
	case FORMAT_CSV:
		print_csv(result);
		break;
	case FORMAT_TABLE:
		print_row(printer, result);
		break;
	}
	printer->count++;
	fflush(stdout);
}

void probe_print_end(struct probe_printer *printer)
{
	if (printer->format == FORMAT_JSON)
		fputs(printer->count ? "\n]\n" : "]\n", stdout);
}
