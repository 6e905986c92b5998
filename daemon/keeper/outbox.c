/*
 * The outbox's documents. Freezing is where the delivery id is fixed: a function of the notifier
 * and the sorted event ids, so that another instance, or this one after a crash, gives the same.
 */
#include "daemon/keeper/outbox.h"

#include "daemon/keeper/telling.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/rules/judge.h"
#include "lib/rules/transition.h"

#define RENDER_ANEW_MS MS_HOUR

void message_finish(struct message *message)
{
	json_decref(message->members);
	*message = (struct message){0};
}

bool message_read(struct message *out, const struct store_doc *doc, struct err *err)
{
	json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, err);
	json_t *members = json ? json_get_array(json, "members") : NULL;

	*out = (struct message){.away_from = TIME_UNKNOWN, .away_to = TIME_UNKNOWN};
	if (!members || !str_copy(out->id, sizeof(out->id), doc->id)) {
		json_decref(json);
		return err_set(err, ERR_INVALID, "message %s has no members", doc->id);
	}
	out->part = (int)json_get_int(json, "part", 1);
	out->parts = (int)json_get_int(json, "parts", 1);
	out->created_at = json_get_int(json, "created_at", 0);
	out->next_at = json_get_int(json, "next_at", 0);
	out->parked_at = json_get_int(json, "parked_at", TIME_UNKNOWN);
	out->tries = (int)json_get_int(json, "tries", 0);
	out->start = json_get_int(json, "start", 0);
	out->tries_since_start = (int)json_get_int(json, "tries_since_start", 0);
	out->refused = (int)json_get_int(json, "refused", 0);
	out->test = json_get_bool(json, "test", false);
	out->away_from = json_get_int(json, "away_from", TIME_UNKNOWN);
	out->away_to = json_get_int(json, "away_to", TIME_UNKNOWN);
	str_copy(out->detail, sizeof(out->detail),
		 json_get_str(json, "detail") ? json_get_str(json, "detail") : "");
	out->members = json_incref(members);
	out->members_len = json_array_size(members);
	json_decref(json);
	return true;
}

static void put_known(json_t *json, const char *key, int64_t value)
{
	if (value != TIME_UNKNOWN)
		json_put_int(json, key, value);
}

void outbox_put_message(struct batch *batch, const char *kind, const struct message *message)
{
	json_t *json = json_object();
	struct store_put *put;

	json_put_int(json, "part", message->part);
	json_put_int(json, "parts", message->parts);
	json_put_int(json, "created_at", message->created_at);
	json_put_int(json, "next_at", message->next_at);
	json_put_int(json, "tries", message->tries);
	json_put_int(json, "start", message->start);
	json_put_int(json, "tries_since_start", message->tries_since_start);
	json_put_int(json, "refused", message->refused);
	json_put_bool(json, "test", message->test);
	put_known(json, "parked_at", message->parked_at);
	put_known(json, "away_from", message->away_from);
	put_known(json, "away_to", message->away_to);
	json_put_str(json, "detail", message->detail);
	json_put(json, "members", json_incref(message->members));
	put = batch_put(batch, kind, message->id, json);
	/* Sent in the order they were frozen; parked ones leave the queue and stay for people. */
	batch_index(put, message->parked_at == TIME_UNKNOWN ? "waiting" : "parked",
		    message->created_at);
	json_decref(json);
}

/* "expires in 13 days" would be a lie tomorrow: the arithmetic is done again. */
static void render_anew(json_t *row, int64_t now)
{
	int64_t not_after;

	if (!json_has_time(row, "not_after", &not_after))
		return;
	json_put_int(row, "seconds_left", seconds_left(not_after, now));
	if (str_eq(json_get_str(row, "kind"), alert_kind_text(ALERT_KIND_EXPIRY)) &&
	    str_eq(json_get_str(row, "status"), "firing")) {
		char text[FINDING_TEXT_MAX];

		expiry_text(not_after, now, text, sizeof(text));
		json_put_str(row, "text", text);
	}
}

json_t *message_rows(const struct message *message, int64_t now)
{
	json_t *rows = json_array();
	size_t i;
	json_t *line;

	json_array_foreach(message->members, i, line) {
		json_t *row = json_get_object(line, "row");

		if (!row)
			continue;
		row = json_deep_copy(row);
		if (now - json_get_int(line, "at", now) > RENDER_ANEW_MS)
			render_anew(row, now);
		json_array_append_new(rows, row);
	}
	return rows;
}

static int64_t earliest_due(json_t *const *lines, size_t len, int64_t now)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < len; i++) {
		int64_t one = json_get_int(lines[i], "due", 0);

		/* Written before the clock was set back. */
		if (json_get_int(lines[i], "at", 0) > now)
			one = now;

		if (one < due)
			due = one;
	}
	return due;
}

static void freeze(struct keeper *keeper, struct batch *batch, const char *notifier,
		   const char *message_kind, json_t *const *lines, size_t len, int64_t now)
{
	struct message message = {
		.part = 1,
		.parts = 1,
		.created_at = now,
		.next_at = now,
		.parked_at = TIME_UNKNOWN,
		.away_from = keeper->away_from,
		.away_to = keeper->away_from == TIME_UNKNOWN ? TIME_UNKNOWN : keeper->started_at,
		.members = json_array(),
	};
	const char **ids = MEM_NEW_ARRAY(len, const char *);

	for (size_t i = 0; i < len; i++) {
		ids[i] = json_get_str(lines[i], "event_id");
		json_array_append(message.members, lines[i]);
		if (str_eq(json_get_str(lines[i], "event"), alert_event_text(EVENT_TEST)))
			message.test = true;
	}
	delivery_id(notifier, ids, len, message.id);
	/* No expectation: the same events frozen twice are the same message. */
	outbox_put_message(batch, message_kind, &message);
	mem_free(ids);
	json_decref(message.members);
}

int64_t outbox_freeze(struct keeper *keeper, struct batch *batch, const char *notifier,
		      const char *message_kind, const char *line_kind, const struct store_doc *docs,
		      size_t docs_len, int64_t now)
{
	json_t **lines = MEM_NEW_ARRAY(docs_len, json_t *);
	size_t len = 0;
	int64_t due;

	for (size_t i = 0; i < docs_len; i++) {
		json_t *line = json_parse(docs[i].body, docs[i].body_len, STORE_BODY_MAX, NULL);

		if (line && json_get_str(line, "event_id"))
			lines[len++] = line;
		else
			json_decref(line);
	}
	due = len ? earliest_due(lines, len, now) : now;
	if (due <= now) {
		/* A line is one place only: in the outbox or in a message, never in both or
		 * neither. */
		for (size_t i = 0; i < docs_len; i++) {
			batch_expect(batch, line_kind, docs[i].id, docs[i].rev);
			batch_del(batch, line_kind, docs[i].id);
		}
		if (len)
			freeze(keeper, batch, notifier, message_kind, lines, len, now);
		due = now;
	}
	for (size_t i = 0; i < len; i++)
		json_decref(lines[i]);
	mem_free(lines);
	return due;
}

void outbox_delivered(struct keeper *keeper, struct batch *batch, const char *notifier,
		      const struct message *message, int64_t now)
{
	json_t *details = json_object();

	/* The first message after an absence has said so; the others need not. */
	if (message->away_from != TIME_UNKNOWN)
		keeper->away_from = TIME_UNKNOWN;
	json_put_str(details, "notifier", notifier);
	json_put_str(details, "delivery", message->id);
	json_put_int(details, "events", (int64_t)message->members_len);
	json_put_int(details, "tries", message->tries + 1);
	telling_history(batch, "delivered", NULL, NULL, NULL, details, now);
}
