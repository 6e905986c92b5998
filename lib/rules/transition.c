/*
 * Alert transitions (alerts.md 1-9): the alert as it was, what was found now, and what follows.
 * Pure: the same alert and input give the same alert and event on every instance, and the event's
 * id is made of the facts alone, so that what is worked out twice is told once. Called by the
 * keeper inside a target's commit, and for its own kinds; sends nothing.
 */
#include "lib/rules/transition.h"

#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define FACT_MAX 160

/* ---- what is told ------------------------------------------------------------------------- */

/* Sets the event and its id. fact: what makes this event differ from every other of the alert. */
static enum alert_event tell(struct alert *alert, enum alert_event event, int64_t now,
			     const char *fact)
{
	const char *const parts[] = {alert->dedup_key, alert_event_text(event), fact, NULL};

	alert->event = event;
	alert->event_at = now;
	digest_uuid5(parts, alert->event_id);
	return event;
}

/* "START", "START end", "START ack TIME": facts of an episode begin with its start. */
static const char *episode_fact(const struct alert *alert, const char *what, int64_t at,
				char out[FACT_MAX])
{
	char start[CLOCK_TEXT_MAX], time[CLOCK_TEXT_MAX];

	clock_rfc3339(alert->started_at, start);
	if (at == TIME_UNKNOWN)
		snprintf(out, FACT_MAX, "%s%s%s", start, *what ? " " : "", what);
	else
		snprintf(out, FACT_MAX, "%s %s %s", start, what, clock_rfc3339_ms(at, time));
	return out;
}

static bool is_expiry(const struct alert *alert)
{
	return alert->kind == ALERT_KIND_EXPIRY;
}

/* Expiry speaks at its thresholds; once expired it repeats as the others do. That a host was
 * never seen is said once: it would else be looked at for each repeat, and never rest. */
static bool repeats(const struct alert *alert)
{
	if (is_expiry(alert))
		return str_eq(alert->threshold_text, "0");
	return alert->kind != ALERT_KIND_NEVER_SEEN;
}

/* After anything was told. */
static void told(struct alert *alert, const struct transition_input *in)
{
	alert->told_severity = alert->severity;
	alert->last_told_at = in->now;
	alert->repeat_at = TIME_UNKNOWN;
	if (repeats(alert))
		alert->repeat_at = in->now +
				   repeat_interval(in->policy, alert->severity, alert->dedup_key);
}

static void told_threshold(struct alert *alert, const struct finding *finding)
{
	alert->threshold = finding->threshold;
	alert->threshold_at = finding->threshold_at;
	str_copy(alert->threshold_text, sizeof(alert->threshold_text), finding->threshold_text);
	str_copy(alert->told_certificate, sizeof(alert->told_certificate), finding->certificate);
	if (finding->not_after > alert->told_not_after)
		alert->told_not_after = finding->not_after;
}

static void forget_told(struct alert *alert)
{
	alert->threshold = -1;
	alert->threshold_at = TIME_UNKNOWN;
	alert->threshold_text[0] = 0;
	alert->told_certificate[0] = 0;
	alert->told_not_after = TIME_UNKNOWN;
	alert->told_severity = SEVERITY_OFF;
	for (size_t i = 0; i < alert->told_len; i++)
		mem_free(alert->told[i]);
	alert->told_len = 0;
}

static void forget_ack(struct alert *alert)
{
	mem_free(alert->ack_by);
	mem_free(alert->ack_why);
	alert->ack_by = NULL;
	alert->ack_why = NULL;
	alert->ack_at = TIME_UNKNOWN;
	alert->ack_until = TIME_UNKNOWN;
	alert->ack_severity = SEVERITY_OFF;
}

static void end_ack(struct alert *alert)
{
	if (alert->status == ALERT_ACKNOWLEDGED)
		alert->status = ALERT_FIRING;
	forget_ack(alert);
}

/* It stands, and has nothing to say until it is seen again: no look is due for the sake of its
 * repeat, nor for that of an acknowledgement that has run out. */
static void wait_for_sight(struct alert *alert, int64_t now)
{
	if (alert->repeat_at > now)
		return;
	alert->repeat_at = TIME_UNKNOWN;
	if (alert->ack_by && alert->ack_until != TIME_UNKNOWN && now >= alert->ack_until)
		end_ack(alert);
}

/* ---- the finding is there ----------------------------------------------------------------- */

static void lay_in(struct alert *alert, const struct finding *finding)
{
	mem_free(alert->text);
	alert->text = str_dup(finding->text);
	str_copy(alert->at, sizeof(alert->at), finding->at);
	memcpy(alert->places, finding->places, sizeof(alert->places));
	alert->places_len = finding->places_len;
	alert->not_after = finding->not_after;
	str_copy(alert->certificate, sizeof(alert->certificate), finding->certificate);
}

static void set_severity(struct alert *alert, enum severity severity)
{
	if (alert->severity == severity)
		return;
	alert->previous_severity = alert->severity;
	alert->severity = severity;
}

/* Leaf and threshold. An old certificate that comes back after a resolve crosses its lines once
 * more: another episode, and another thing to tell. */
static const char *threshold_fact(const struct alert *alert, const struct finding *finding,
				  char out[FACT_MAX])
{
	if (alert->episode <= 1)
		snprintf(out, FACT_MAX, "%s %s", finding->certificate, finding->threshold_text);
	else
		snprintf(out, FACT_MAX, "%s %s %lld", finding->certificate, finding->threshold_text,
			 (long long)alert->episode);
	return out;
}

/* The same for the whole list of thresholds, whatever they are called in it: a new certificate
 * begins anew, another one that ends no later must be deeper, the same one must have crossed a
 * later line. */
static bool crossing_is_new(const struct alert *alert, const struct finding *finding)
{
	bool told_end = str_eq(alert->threshold_text, "0");

	if (alert->threshold_at == TIME_UNKNOWN || finding->not_after > alert->told_not_after)
		return true;
	if (str_eq(finding->certificate, alert->told_certificate))
		return finding->threshold_at > alert->threshold_at;
	if (finding->kind == FINDING_EXPIRED || told_end)
		return !told_end;
	return finding->threshold > alert->threshold;
}

static bool confirmed(const struct alert *alert, const struct transition_input *in)
{
	enum finding_kind kind = in->finding->kind;
	int looks = finding_kind_looks(kind);

	if (kind == FINDING_UNREACHABLE)
		looks = in->policy->unreachable_after;
	return alert->seen >= looks && in->now - alert->first_seen_at >= finding_kind_min_ms(kind);
}

static enum alert_event raise_alert(struct alert *alert, const struct transition_input *in)
{
	enum alert_event event = in->first_look ? EVENT_FIRST_LOOK : EVENT_RAISED;
	char fact[FACT_MAX];

	forget_told(alert);
	forget_ack(alert);
	alert->episode++;
	alert->status = ALERT_FIRING;
	/* Stored while it was pending: a crash before this commit does not move the start. */
	alert->started_at = alert->first_seen_at;
	alert->ended_at = TIME_UNKNOWN;
	alert->first_look_at = in->first_look ? in->now : TIME_UNKNOWN;
	alert->reason = END_NONE;
	if (is_expiry(alert)) {
		told_threshold(alert, in->finding);
		threshold_fact(alert, in->finding, fact);
	} else {
		episode_fact(alert, "", TIME_UNKNOWN, fact);
	}
	told(alert, in);
	return tell(alert, event, in->now, fact);
}

static enum alert_event present_unraised(struct alert *alert, const struct transition_input *in)
{
	/* Only expiry is arithmetic; everything else must be seen to be raised. */
	if (!in->looked && !is_expiry(alert))
		return EVENT_NONE;
	if (alert->status != ALERT_PENDING) {
		alert->status = ALERT_PENDING;
		alert->seen = 0;
		alert->first_seen_at = in->now;
		alert->previous_severity = SEVERITY_OFF;
		alert->severity = in->finding->severity;
	}
	lay_in(alert, in->finding);
	set_severity(alert, in->finding->severity);
	alert->seen++;
	return confirmed(alert, in) ? raise_alert(alert, in) : EVENT_NONE;
}

/* Rises: against what was told last, so that a fall nobody heard of makes no second rise. */
static enum alert_event escalate(struct alert *alert, const struct transition_input *in,
				 bool crossing)
{
	char what[32], fact[FACT_MAX];

	end_ack(alert);
	if (crossing) {
		threshold_fact(alert, in->finding, fact);
	} else {
		snprintf(what, sizeof(what), "rise %s", severity_text(alert->severity));
		episode_fact(alert, what, alert->last_told_at, fact);
	}
	if (is_expiry(alert))
		told_threshold(alert, in->finding);
	told(alert, in);
	return tell(alert, EVENT_ESCALATED, in->now, fact);
}

static enum alert_event repeat_threshold(struct alert *alert, const struct transition_input *in)
{
	char fact[FACT_MAX];

	threshold_fact(alert, in->finding, fact);
	told_threshold(alert, in->finding);
	told(alert, in);
	return tell(alert, EVENT_REPEATED, in->now, fact);
}

/* The slot is as long as the interval, and two repeats are at least an interval apart: no slot
 * holds two. The severity, because slots of another length may begin at the same time. */
static enum alert_event repeat_slot(struct alert *alert, const struct transition_input *in)
{
	int64_t slot = repeat_interval(in->policy, alert->severity, alert->dedup_key);
	int64_t at = alert->repeat_at - (alert->repeat_at % slot + slot) % slot;
	char what[32], fact[FACT_MAX];

	/* Asked for earlier, by taking back an acknowledgement: this slot may have had its word. */
	if (at <= alert->last_told_at)
		at = alert->repeat_at;
	snprintf(what, sizeof(what), "repeat %s", severity_text(alert->severity));
	episode_fact(alert, what, at, fact);
	told(alert, in);
	return tell(alert, EVENT_REPEATED, in->now, fact);
}

/* An acknowledgement that has run out, or was taken back: the alert stands, and says so once. */
static enum alert_event repeat_after_ack(struct alert *alert, const struct transition_input *in)
{
	int64_t until = alert->ack_until;
	char fact[FACT_MAX];

	end_ack(alert);
	episode_fact(alert, "acknowledged until", until, fact);
	if (is_expiry(alert))
		told_threshold(alert, in->finding);
	told(alert, in);
	return tell(alert, EVENT_REPEATED, in->now, fact);
}

static bool repeat_is_due(struct alert *alert, const struct transition_input *in)
{
	/* What is left from when it was expired, or was to speak after an acknowledgement. */
	if (!repeats(alert))
		alert->repeat_at = TIME_UNKNOWN;
	else if (alert->repeat_at == TIME_UNKNOWN)
		alert->repeat_at = alert->last_told_at +
				   repeat_interval(in->policy, alert->severity, alert->dedup_key);
	if (alert->repeat_at == TIME_UNKNOWN || in->now < alert->repeat_at)
		return false;
	return !(in->resting && alert->kind == ALERT_KIND_UNREACHABLE);
}

static enum alert_event present_open(struct alert *alert, const struct transition_input *in)
{
	bool crossing = is_expiry(alert) && crossing_is_new(alert, in->finding);

	lay_in(alert, in->finding);
	set_severity(alert, in->finding->severity);
	if (!in->looked && !is_expiry(alert)) {
		wait_for_sight(alert, in->now);
		return EVENT_NONE;
	}
	if (alert->severity > alert->told_severity &&
	    (!alert->ack_by || alert->severity > alert->ack_severity))
		return escalate(alert, in, crossing);
	if (alert->ack_by) {
		if (alert->ack_until != TIME_UNKNOWN && in->now >= alert->ack_until)
			return repeat_after_ack(alert, in);
		return EVENT_NONE;
	}
	if (crossing)
		return repeat_threshold(alert, in);
	return repeat_is_due(alert, in) ? repeat_slot(alert, in) : EVENT_NONE;
}

/* ---- the finding is not there ------------------------------------------------------------- */

static enum alert_event end_alert(struct alert *alert, enum end_reason reason, int64_t now)
{
	bool open = alert_open(alert);
	char fact[FACT_MAX];

	if (!open && alert->status != ALERT_PENDING)
		return EVENT_NONE;
	alert->status = ALERT_RESOLVED;
	alert->seen = 0;
	alert->repeat_at = TIME_UNKNOWN;
	if (!open)
		return EVENT_NONE;
	forget_ack(alert);
	alert->ended_at = now;
	alert->reason = reason;
	return tell(alert, EVENT_RESOLVED, now, episode_fact(alert, "end", TIME_UNKNOWN, fact));
}

/* The operator has no use for this kind of finding any more. */
static bool is_switched_off(const struct alert *alert, const struct policy *policy)
{
	bool known = false;

	for (int kind = 0; kind < FINDING_COUNT; kind++) {
		if (alert_kind_of((enum finding_kind)kind) != alert->kind)
			continue;
		known = true;
		if (policy_severity(policy, (enum finding_kind)kind) != SEVERITY_OFF)
			return false;
	}
	return known;
}

static enum alert_event absent(struct alert *alert, const struct transition_input *in)
{
	if (is_switched_off(alert, in->policy))
		return end_alert(alert, END_IGNORED, in->now);
	if (in->proved)
		return end_alert(alert, END_PROVED, in->now);
	if (alert_open(alert))
		wait_for_sight(alert, in->now);
	return EVENT_NONE;
}

/* An alert that came as zeroed memory rather than from alert_init. */
static void settle_fresh(struct alert *alert)
{
	if (alert->episode > 0 || alert->seen > 0)
		return;
	alert->status = ALERT_RESOLVED;
	alert->threshold = -1;
	alert->threshold_at = TIME_UNKNOWN;
	alert->told_not_after = TIME_UNKNOWN;
	alert->not_after = TIME_UNKNOWN;
	alert->first_seen_at = TIME_UNKNOWN;
	alert->first_look_at = TIME_UNKNOWN;
	alert->started_at = TIME_UNKNOWN;
	alert->last_told_at = TIME_UNKNOWN;
	alert->ended_at = TIME_UNKNOWN;
	alert->repeat_at = TIME_UNKNOWN;
	alert->event_at = TIME_UNKNOWN;
	alert->ack_at = TIME_UNKNOWN;
	alert->ack_until = TIME_UNKNOWN;
}

enum alert_event transition(struct alert *alert, const struct transition_input *in)
{
	bool present = in->finding && in->finding->severity != SEVERITY_OFF;

	settle_fresh(alert);
	if (in->ended != END_NONE)
		return end_alert(alert, in->ended, in->now);
	if (in->held) {
		if (present && (alert_open(alert) || alert->status == ALERT_PENDING))
			lay_in(alert, in->finding);
		return EVENT_NONE;
	}
	if (!present)
		return absent(alert, in);
	return alert_open(alert) ? present_open(alert, in) : present_unraised(alert, in);
}

/* ---- operators ---------------------------------------------------------------------------- */

enum alert_event transition_ack(struct alert *alert, const char *by, const char *why, int64_t until,
				int64_t now)
{
	char fact[FACT_MAX];

	if (!alert_open(alert))
		return EVENT_NONE;
	forget_ack(alert);
	alert->status = ALERT_ACKNOWLEDGED;
	alert->ack_by = str_dup(by);
	alert->ack_why = str_dup(why);
	alert->ack_at = now;
	alert->ack_until = until;
	alert->ack_severity = alert->severity;
	/* The next time that it wants to speak. */
	alert->repeat_at = until;
	return tell(alert, EVENT_ACKNOWLEDGED, now, episode_fact(alert, "acknowledged", now, fact));
}

enum alert_event transition_unack(struct alert *alert, const char *by UNUSED, int64_t now)
{
	if (!alert->ack_by)
		return EVENT_NONE;
	end_ack(alert);
	alert->repeat_at = now;
	return EVENT_NONE;
}

int64_t repeat_interval(const struct policy *policy, enum severity severity, const char *dedup_key)
{
	int64_t interval = severity == SEVERITY_CRITICAL ? policy->repeat_ms / 6
							 : policy->repeat_ms;
	uint64_t hash = UINT64_C(14695981039346656037);
	int64_t permille;

	/* FNV-1a: anything even will do, as long as every instance does the same. */
	for (const char *p = dedup_key; *p; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
	permille = 900 + (int64_t)((hash >> 17) % 201);
	interval = interval / 1000 * permille + interval % 1000 * permille / 1000;
	return interval < MS_SECOND ? MS_SECOND : interval;
}
