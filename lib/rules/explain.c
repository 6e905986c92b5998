/*
 * `expiryctl explain`: when the next look, threshold and message will be, and why, in sentences
 * and in times. Asks the same functions as the daemon; decides nothing.
 */
#include "lib/rules/due.h"

#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/model/codec.h"
#include "lib/rules/rule.h"
#include <stdarg.h>

struct explainer {
	const struct record *record;
	int64_t now;
	json_t *sentences;
};

static void sentence(struct explainer *x, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void sentence(struct explainer *x, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(x->sentences, json_text(text));
}

/* schedule.reason to a sentence; order has no meaning. */
static const struct {
	const char *reason, *because;
} reasons[] = {
	{"asked", "somebody asked for it"},
	{"confirm", "what was found must be seen again before it is told"},
	{"first", "it was never looked at"},
	{"held", "the last look failed on our side, which uses up no attempt"},
	{"refresh", "it is refreshed"},
	{"repeat", "an open alert is due to be told again, and the host is looked at before"},
	{"rest", "all attempts failed and it rests"},
	{"retry", "the last look failed"},
	{"threshold", "a threshold of its certificate is crossed then"},
};

static const char *because(const char *reason)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		if (str_eq(reasons[i].reason, reason))
			return reasons[i].because;
	}
	return "it is due";
}

static json_t *explain_next(struct explainer *x)
{
	const struct schedule *schedule = &x->record->schedule;
	char date[DATE_TEXT_MAX], span[SPAN_TEXT_MAX];
	json_t *json = json_object();

	codec_put_second(json, "at", schedule->next_at);
	json_put_str(json, "reason", schedule->reason[0] ? schedule->reason : NULL);
	if (x->record->ignored)
		sentence(x, "it is ignored: watched and shown, and silent");
	if (schedule->next_at == TIME_UNKNOWN)
		sentence(x, "no look is planned");
	else if (schedule->next_at <= x->now)
		sentence(x, "the next look is due now, because %s", because(schedule->reason));
	else
		sentence(x, "the next look is in %s (%s), because %s",
			 span_text(x->now, schedule->next_at, span),
			 date_text(schedule->next_at, x->now, date), because(schedule->reason));
	return json;
}

static json_t *explain_attempts(struct explainer *x)
{
	const struct schedule *schedule = &x->record->schedule;
	int max = x->record->target.policy.retry_attempts;
	char date[DATE_TEXT_MAX];
	json_t *json = json_object();

	json_put_int(json, "failed", schedule->attempts);
	json_put_int(json, "of", max);
	codec_put_second(json, "rest_until", schedule->rest_until);
	codec_put_second(json, "since", schedule->first_failed_at);
	if (schedule->attempts > 0)
		sentence(x, "%d of %d attempts failed: %s%s%s", schedule->attempts, max,
			 outcome_text(x->record->outcome), x->record->error ? ", " : "",
			 x->record->error ? x->record->error : "");
	if (schedule->rest_until != TIME_UNKNOWN)
		sentence(x, "it rests until %s; then it is tried %d times again",
			 date_text(schedule->rest_until, x->now, date), max);
	return json;
}

static void add_threshold(struct explainer *x, json_t *array, const char *name, int64_t at,
			  enum severity severity, bool *next_said)
{
	char date[DATE_TEXT_MAX], span[SPAN_TEXT_MAX];
	json_t *row = json_object();

	json_put_str(row, "threshold", name);
	codec_put_second(row, "at", at);
	json_put_str(row, "severity", severity_text(severity));
	json_put_bool(row, "crossed", at <= x->now);
	json_array_append_new(array, row);
	if (at <= x->now || *next_said)
		return;
	*next_said = true;
	sentence(x, "the next threshold (%s, %s) is crossed in %s (%s)", name,
		 severity_text(severity), span_text(x->now, at, span), date_text(at, x->now, date));
}

static json_t *explain_thresholds(struct explainer *x)
{
	const struct endpoint *oldest = x->record->has_look ? observation_oldest(&x->record->look)
							    : NULL;
	struct policy policy = x->record->target.policy;
	json_t *array = json_array();
	bool next_said = false;
	char name[24];

	if (!oldest) {
		sentence(x, "no certificate was seen yet: there are no thresholds to cross");
		return array;
	}
	policy.thresholds_len = threshold_order(&x->record->target.policy, oldest->cert.not_before,
						oldest->cert.not_after, policy.thresholds);
	for (size_t i = 0; i < policy.thresholds_len; i++) {
		const struct threshold *threshold = &policy.thresholds[i];
		enum severity severity = policy.severities[FINDING_EXPIRING] < 0
						 ? threshold_severity(&policy, (int)i)
						 : policy_severity(&policy, FINDING_EXPIRING);

		threshold_text(threshold, name, sizeof(name));
		add_threshold(
			x, array, name,
			threshold_at(threshold, oldest->cert.not_before, oldest->cert.not_after),
			severity, &next_said);
	}
	add_threshold(x, array, "0", oldest->cert.not_after + MS_SECOND,
		      policy_severity(&policy, FINDING_EXPIRED), &next_said);
	return array;
}

/* What a pending alert still waits for. */
static json_t *explain_pending(struct explainer *x, const struct alert *alert)
{
	int needed = 1;
	int64_t min_ms = 0;
	json_t *json = json_object();

	for (int kind = 0; kind < FINDING_COUNT; kind++) {
		if (alert_kind_of((enum finding_kind)kind) != alert->kind)
			continue;
		needed = finding_kind_looks((enum finding_kind)kind);
		min_ms = finding_kind_min_ms((enum finding_kind)kind);
	}
	if (alert->kind == ALERT_KIND_UNREACHABLE)
		needed = x->record->target.policy.unreachable_after;
	json_put_str(json, "kind", alert_kind_text(alert->kind));
	json_put_int(json, "seen", alert->seen);
	json_put_int(json, "needed", needed);
	codec_put_second(json, "not_before",
			 min_ms && alert->first_seen_at != TIME_UNKNOWN
				 ? alert->first_seen_at + min_ms
				 : TIME_UNKNOWN);
	sentence(x, "%s was seen in %d of %d looks in a row: not told yet (%s)",
		 alert_kind_text(alert->kind), alert->seen, needed, alert->text ? alert->text : "");
	return json;
}

static json_t *explain_open(struct explainer *x, const struct alert *alert)
{
	char date[DATE_TEXT_MAX];
	json_t *json = json_object();

	json_put_str(json, "kind", alert_kind_text(alert->kind));
	json_put_str(json, "status", alert_status_text(alert->status));
	codec_put_second(json, "repeat_at", alert->repeat_at);
	codec_put_second(json, "last_told_at", alert->last_told_at);
	if (alert->ack_by)
		sentence(x, "%s is acknowledged by %s%s%s: silent until it gets worse or ends",
			 alert_kind_text(alert->kind), alert->ack_by,
			 alert->ack_until != TIME_UNKNOWN ? " until " : "",
			 alert->ack_until != TIME_UNKNOWN
				 ? date_text(alert->ack_until, x->now, date)
				 : "");
	else if (alert->repeat_at != TIME_UNKNOWN)
		sentence(x, "%s (%s) is told again %s", alert_kind_text(alert->kind),
			 alert->text ? alert->text : "", date_text(alert->repeat_at, x->now, date));
	else
		sentence(x, "%s (%s) is told again at the next threshold",
			 alert_kind_text(alert->kind), alert->text ? alert->text : "");
	return json;
}

json_t *due_explain(const struct record *record, const struct alert *alerts, size_t alerts_len,
		    int64_t now)
{
	struct explainer x = {record, now, json_array()};
	json_t *json = json_object(), *pending = json_array(), *open = json_array();

	json_put(json, "next", explain_next(&x));
	json_put(json, "attempts", explain_attempts(&x));
	json_put(json, "thresholds", explain_thresholds(&x));
	for (size_t i = 0; i < alerts_len; i++) {
		if (alerts[i].status == ALERT_PENDING)
			json_array_append_new(pending, explain_pending(&x, &alerts[i]));
		else if (alert_open(&alerts[i]))
			json_array_append_new(open, explain_open(&x, &alerts[i]));
	}
	json_put(json, "pending", pending);
	json_put(json, "open", open);
	json_put(json, "sentences", x.sentences);
	return json;
}
