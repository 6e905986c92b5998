/*
 * The webhook's body (contract 11): the same JSON for every machine that listens.
 */
#include "notifiers/notifier.h"

#include "lib/base/str.h"
#include "lib/model/endpoint.h"

/* Inside `alerts` a status is only firing or resolved: receivers know two. */
static json_t *row_for_machines(const json_t *row, bool *firing)
{
	json_t *copy = json_deep_copy(row);
	bool resolved = str_eq(json_get_str(row, "status"), alert_status_text(ALERT_RESOLVED));

	json_put_str(copy, "status", resolved ? "resolved" : "firing");
	*firing = *firing || !resolved;
	return copy;
}

static void put_absence(json_t *body, const struct delivery_message *message)
{
	json_t *absence;

	if (message->away_from == TIME_UNKNOWN)
		return;
	absence = json_object();
	json_put_time(absence, "from", message->away_from);
	json_put_time(absence, "to", message->away_to);
	json_put(body, "absence", absence);
}

char *message_body(const struct delivery_message *message)
{
	json_t *body = json_object(), *alerts = json_array();
	bool firing = false;
	size_t i;
	json_t *row;
	char *text;

	json_array_foreach(message->alerts, i, row)
		json_array_append_new(alerts, row_for_machines(row, &firing));
	json_put_int(body, "version", 1);
	json_put_str(body, "delivery", message->id);
	json_put_str(body, "site", message->site);
	json_put_str(body, "status", firing ? "firing" : "resolved");
	json_put_int(body, "part", message->part);
	json_put_int(body, "parts", message->parts);
	if (message->test)
		json_put_bool(body, "test", true);
	put_absence(body, message);
	json_put(body, "group", message->group ? json_deep_copy(message->group) : json_object());
	json_put(body, "alerts", alerts);
	json_put(body, "links", json_object());
	text = json_write(body);
	json_decref(body);
	return text;
}
