/*
 * The line that filters of check_http users understand.
 */
#include "cli/nagios.h"

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/base/text.h"
#include "lib/rules/judge.h"

#include <time.h>

enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* A pipe would end the text and begin performance data. */
static void clean(const char *text, struct buf *out)
{
	size_t from = out->len;

	text_line(out, text, strlen(text));
	for (size_t i = from; i < out->len; i++)
		if (out->data[i] == '|')
			out->data[i] = '/';
}

static void date_of(int64_t wall_ms, char *out, size_t out_len)
{
	time_t seconds = (time_t)(wall_ms / MS_SECOND);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(out, out_len, "%a %b %e %H:%M:%S %Y +0000", &tm))
		str_copy(out, out_len, "an unknown time");
}

static int judge_days(const struct nagios *nagios, int64_t days)
{
	if (days < 0 || days < nagios->critical_days)
		return NAGIOS_CRITICAL;
	return days < nagios->warning_days ? NAGIOS_WARNING : NAGIOS_OK;
}

static void describe(const struct probing_result *result, int64_t days, int status, struct buf *out)
{
	const struct endpoint *endpoint = result->endpoint;
	const struct cert *cert = &endpoint->cert;
	char date[64];

	if (!endpoint->has_cert) {
		clean(result->target->text, out);
		buf_printf(out, ": %s", outcome_text(endpoint->outcome));
		if (endpoint->error) {
			buf_add_str(out, ", ");
			clean(endpoint->error, out);
		}
		return;
	}
	date_of(cert->not_after, date, sizeof(date));
	buf_add_str(out, "Certificate '");
	clean(cert->common_name	    ? cert->common_name
	      : cert->names_len > 0 ? cert->names[0]
				    : result->target->text,
	      out);
	if (days < 0)
		buf_printf(out, "' expired on %s.", date);
	else if (status == NAGIOS_OK)
		buf_printf(out, "' will expire on %s.", date);
	else
		buf_printf(out, "' expires in %lld day(s) (%s).", (long long)days, date);
}

/* Other findings than expiry count as they are. */
static int judge_findings(const struct probing_result *result, struct buf *out)
{
	int status = NAGIOS_OK;

	for (size_t i = 0; i < result->findings->len; i++) {
		const struct finding *finding = &result->findings->list[i];
		int one = finding->severity == SEVERITY_CRITICAL  ? NAGIOS_CRITICAL
			  : finding->severity == SEVERITY_WARNING ? NAGIOS_WARNING
								  : NAGIOS_OK;

		if (finding->kind == FINDING_EXPIRED || finding->kind == FINDING_EXPIRING ||
		    finding->kind == FINDING_UNREACHABLE || one == NAGIOS_OK)
			continue;
		buf_printf(out, " %s: ", finding_kind_text(finding->kind));
		clean(finding->text, out);
		status = one > status ? one : status;
	}
	return status;
}

void nagios_add(struct nagios *nagios, const struct probing_result *result)
{
	const struct endpoint *endpoint = result->endpoint;
	int64_t days = endpoint->has_cert ? days_left(endpoint->cert.not_after, result->now) : 0;
	int status = endpoint->has_cert ? judge_days(nagios, days) : NAGIOS_CRITICAL, found;
	struct buf text, extra;

	buf_init(&text, 4096);
	buf_init(&extra, 4096);
	found = judge_findings(result, &extra);
	status = found > status ? found : status;
	describe(result, days, status, &text);
	buf_add_str(&text, buf_text(&extra));
	if (!nagios->any || status > nagios->status)
		str_copy(nagios->text, sizeof(nagios->text), buf_text(&text));
	if (endpoint->has_cert && (!nagios->any || days < nagios->least_days))
		nagios->least_days = days;
	nagios->status = status > nagios->status ? status : nagios->status;
	nagios->any = true;
	buf_finish(&extra);
	buf_finish(&text);
}

int nagios_finish(struct nagios *nagios, bool bad_target)
{
	if (bad_target || !nagios->any)
		return nagios_unknown("a target could not be understood");
	printf("%s - %s | 'days'=%lld;%lld:;%lld:\n", words[nagios->status], nagios->text,
	       (long long)nagios->least_days, (long long)nagios->warning_days,
	       (long long)nagios->critical_days);
	return nagios->status;
}

int nagios_unknown(const char *why)
{
	printf("UNKNOWN - %s\n", why);
	return NAGIOS_UNKNOWN;
}
