/*
 * The outbox. A line carries the alert row as it was when the event happened and is written in the
 * same commit as the alert; its id is the event's id, so that the same event told twice after a
 * crash is one line.
 */
#include "daemon/keeper/telling.h"

#include "daemon/keeper/outbox.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"
#include "lib/rules/transition.h"

static bool was_told(const struct alert *alert, const char *name)
{
	for (size_t i = 0; i < alert->told_len; i++)
		if (strcmp(alert->told[i], name) == 0)
			return true;
	return false;
}

static void remember_told(struct alert *alert, const char *name)
{
	if (!was_told(alert, name) && alert->told_len < ALERT_TOLD_MAX)
		alert->told[alert->told_len++] = str_dup(name);
}

void telling_wake(struct batch *batch, const char *notifier, int64_t due)
{
	char lane[STORE_ID_MAX];

	snprintf(lane, sizeof(lane), JOB_NOTIFY "/%s", notifier);
	batch_job(batch, JOB_ENSURE, JOB_NOTIFY, notifier, "default", lane, due);
}

/* That a notifier fails is told to the others. */
static bool about_itself(const struct alert *alert, const char *name)
{
	return alert->kind == ALERT_KIND_NOTIFIER && str_starts(alert->subject, "notifier/") &&
	       strcmp(alert->subject + strlen("notifier/"), name) == 0;
}

void telling_line(struct keeper *keeper, struct batch *batch, const struct alert *alert,
		  const char *notifier, enum alert_event event, int64_t now)
{
	char kind[STORE_ID_MAX];
	json_t *line = json_object();
	/* What got worse is not held back by grouping (alerts.md 6). */
	bool at_once = event == EVENT_ESCALATED || event == EVENT_TEST;
	int64_t due = now + (at_once ? 0 : keeper->config->group_wait_ms);
	int64_t first = alert->first_look_at;
	struct store_put *put;

	snprintf(kind, sizeof(kind), KIND_LINE "%s", notifier);
	json_put_str(line, "event_id", alert->event_id);
	json_put_str(line, "event", alert_event_text(event));
	json_put_int(line, "at", now);
	json_put_int(line, "due", due);
	json_put(line, "row", alert_row(alert, now));
	put = batch_put(batch, kind, alert->event_id, line);
	batch_index(put, "at", now);
	/* Either due, or of the digest of first looks, which waits for the other first looks; a
	 * resolve does not overtake its raise, and comes behind it. */
	if (at_once || first == TIME_UNKNOWN || now - first >= OUTBOX_FIRST_LOOK_MS)
		batch_index(put, "due", due);
	else
		batch_index(put, "first", first + (event != EVENT_FIRST_LOOK));
	json_decref(line);
	telling_wake(batch, notifier, due);
}

static void history_id(int64_t now, char out[32])
{
	snprintf(out, 32, "%013llx-%08x", (unsigned long long)now, (unsigned)rand_u64());
}

static void history_put(struct batch *batch, const json_t *entry, int64_t now)
{
	char id[32];
	struct store_put *put;

	history_id(now, id);
	put = batch_put(batch, KIND_EVENT, id, entry);
	batch_index(put, "at", now);
	if (subject_number(json_get_str(entry, "subject_id")) >= 0)
		batch_index(put, "subject", subject_number(json_get_str(entry, "subject_id")));
}

static void add_history(struct batch *batch, const struct alert *alert, enum alert_event event,
			int64_t now)
{
	json_t *entry = json_object();

	json_put_time(entry, "at", now);
	json_put_str(entry, "what", "alert");
	json_put_str(entry, "event", alert_event_text(event));
	json_put_str(entry, "event_id", alert->event_id);
	json_put_str(entry, "kind", alert_kind_text(alert->kind));
	json_put_str(entry, "severity", severity_text(alert->severity));
	json_put_str(entry, "status", alert_status_text(alert->status));
	json_put_str(entry, "subject_id", alert->subject_id);
	json_put_str(entry, "subject", alert->subject);
	json_put_str(entry, "text", alert->text);
	json_put_str(entry, "actor", event == EVENT_ACKNOWLEDGED ? alert->ack_by : NULL);
	history_put(batch, entry, now);
	json_decref(entry);
}

void telling_history(struct batch *batch, const char *what, const char *subject_id,
		     const char *subject, const char *actor, json_t *details_take, int64_t now)
{
	json_t *entry = json_object();

	json_put_time(entry, "at", now);
	json_put_str(entry, "what", what);
	json_put_str(entry, "subject_id", subject_id);
	json_put_str(entry, "subject", subject);
	json_put_str(entry, "actor", actor);
	json_put(entry, "details", details_take);
	history_put(batch, entry, now);
	json_decref(entry);
}

/* Of the words, not of the numbers, which change when a word is added to its list. */
int64_t alert_class(enum alert_kind kind, enum severity severity, enum alert_status status)
{
	char words[128], id[SHORT_ID_LEN + 1];

	snprintf(words, sizeof(words), "%s %s %s", alert_kind_text(kind), severity_text(severity),
		 alert_status_text(status));
	digest_short_id(words, id);
	return subject_number(id);
}

int64_t subject_number(const char *subject_id)
{
	char digits[15] = "";
	int64_t number = 0;
	uint8_t bytes[7];

	if (!subject_id || strlen(subject_id) != SHORT_ID_LEN)
		return -1;
	memcpy(digits, subject_id, sizeof(digits) - 1);
	if (!hex_decode(digits, bytes, sizeof(bytes)))
		return -1;
	for (size_t i = 0; i < sizeof(bytes); i++)
		number = number << 8 | bytes[i];
	return number;
}

/* Severity above time: 2^45 ms are a thousand years. */
static int64_t worst_first(const struct alert *alert)
{
	return ((int64_t)(SEVERITY_CRITICAL - alert->severity) << 45) + alert->started_at;
}

static void put_alert(struct batch *batch, const struct alert *alert, int64_t rev)
{
	json_t *json = alert_to_json(alert);
	struct store_put *put = batch_put(batch, KIND_ALERT, alert->id, json);

	json_decref(json);
	/* Only what stands has "open": that index is the list of alerts. */
	if (alert_open(alert)) {
		batch_index(put, "open", alert->started_at);
		batch_index(put, "worst", worst_first(alert));
	}
	if (alert->status != ALERT_RESOLVED)
		batch_index(put, "class", alert_class(alert->kind, alert->severity, alert->status));
	if (alert->status == ALERT_PENDING)
		batch_index(put, "pending", alert->first_seen_at);
	if (alert->status == ALERT_RESOLVED)
		batch_index(put, "ended", alert->ended_at);
	batch_expect(batch, KIND_ALERT, alert->id, rev);
}

void telling_add(struct keeper *keeper, struct batch *batch, struct alert *alert, int64_t rev,
		 enum alert_event event, bool silent, int64_t now)
{
	const char *names[NOTIFIERS_MAX];
	size_t heard[NOTIFIERS_MAX];
	size_t names_len = keeper_notifier_names(keeper, names);
	size_t heard_len = 0;

	if (event != EVENT_NONE) {
		keeper->counters.events[event]++;
		if (!silent)
			heard_len = route(alert, event, names, names_len, heard);
		for (size_t i = 0; i < heard_len; i++) {
			if (about_itself(alert, names[heard[i]]))
				continue;
			remember_told(alert, names[heard[i]]);
			telling_line(keeper, batch, alert, names[heard[i]], event, now);
		}
		add_history(batch, alert, event, now);
	}
	put_alert(batch, alert, rev);
}
