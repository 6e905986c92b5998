/*
 * GET /api/v1/events: the history, newest first. Ids begin with the time, so their order is that of
 * what happened; the history of one target is a page of its index column.
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/telling.h"

#include "lib/base/digest.h"
#include "lib/base/str.h"

#define PAGE_ROWS 200

struct events_call {
	struct lister lister;
	struct finder finder;
	char subject_id[TARGET_ID_LEN + 1]; /* "": all */
};

static struct events_call *events_of(const struct lister *lister)
{
	return CONTAINER_OF(lister, struct events_call, lister);
}

static struct events_call *events_of_call(struct api_call *call)
{
	return events_of(CONTAINER_OF(call, struct lister, call));
}

struct store_page event_page(const char *subject_id)
{
	struct store_page page = {
		.kind = KIND_EVENT, .min = INT64_MIN, .max = INT64_MAX, .descending = true};

	if (subject_id) {
		page.index = "subject";
		page.min = page.max = subject_number(subject_id);
	}
	return page;
}

json_t *event_row(const struct store_doc *doc)
{
	static const char *const members[] = {"at",   "what",	  "event",	"event_id",
					      "kind", "severity", "status",	"subject",
					      "text", "actor",	  "subject_id", "details"};
	json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, NULL);
	json_t *row = json_object();

	json_put_str(row, "id", doc->id);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		json_put(row, members[i], json_incref(json_object_get(json, members[i])));
	json_decref(json);
	return row;
}

static bool stage(const struct lister *lister, size_t number, struct store_page *page)
{
	const char *subject_id = events_of(lister)->subject_id;
	struct store_page whole = event_page(*subject_id ? subject_id : NULL);

	whole.cursor = page->cursor;
	whole.limit = page->limit;
	whole.without_body = page->without_body;
	*page = whole;
	return number == 0;
}

static bool is_wanted(const struct lister *lister, const json_t *row)
{
	static const char *const searched[] = {"what", "event",	  "kind", "severity",
					       "text", "subject", "actor"};
	const char *subject_id = events_of(lister)->subject_id;

	/* The column holds a part of the id only. */
	if (*subject_id && !str_eq(json_get_str(row, "subject_id"), subject_id))
		return false;
	for (size_t i = 0; lister->word && i < ARRAY_LEN(searched); i++) {
		const char *text = json_get_str(row, searched[i]);

		if (text && str_icontains(text, lister->word))
			return true;
	}
	return !lister->word;
}

static void read_page(struct lister *lister)
{
	for (size_t i = 0; i < lister->docs_len; i++) {
		json_t *row;

		if (!lister_may_match(lister, &lister->docs[i]))
			continue;
		row = event_row(&lister->docs[i]);
		if (is_wanted(lister, row))
			lister->rows[i] = row;
		else
			json_decref(row);
	}
	lister_emit(lister);
}

static const struct lister_kind list_events = {
	.schema = "expiryd.events/1",
	.page_rows = PAGE_ROWS,
	.stage = stage,
	.read = read_page,
};

static void start(struct events_call *events)
{
	if (lister_params(&events->lister, &list_events))
		lister_start(&events->lister);
}

static void on_found(struct api_call *call, struct store_doc *doc)
{
	struct events_call *events = events_of_call(call);

	str_copy(events->subject_id, sizeof(events->subject_id), doc->id);
	start(events);
}

/* What has gone has a history too: a text or a whole id needs no target to be there. */
static bool subject_of(struct events_call *events, const char *key)
{
	char digits[TARGET_ID_LEN + 1];
	struct target target;

	if (api_is_prefix(key, TARGET_ID_LEN, digits)) {
		if (strlen(digits) == TARGET_ID_LEN)
			memcpy(events->subject_id, digits, sizeof(digits));
		return strlen(digits) == TARGET_ID_LEN;
	}
	if (str_starts(key, "instance/") || str_starts(key, "notifier/") ||
	    str_starts(key, "zone/")) {
		digest_short_id(key, events->subject_id);
		return true;
	}
	if (!target_parse(&target, key, events->lister.call.keeper->config->instance.name, NULL,
			  NULL))
		return false;
	memcpy(events->subject_id, target.id, sizeof(events->subject_id));
	target_finish(&target);
	return true;
}

void api_get_events(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(struct events_call),
					  lister_drop);
	const char *target = httpd_query(request, "target");
	struct events_call *events;

	if (!call)
		return;
	events = events_of_call(call);
	if (!target || !*target || subject_of(events, target))
		start(events);
	else
		api_find(&events->finder, call, target, on_found);
}
