/*
 * GET /api/v1/alerts: what stands, worst first, then oldest; with all=1 also what is pending, and
 * what has ended, newest first.
 */
#include "daemon/keeper/api_inside.h"

#include "lib/base/log.h"
#include "lib/base/str.h"

#define PAGE_ROWS 200

struct alerts_call {
	struct lister lister;
	bool all;
};

static struct alerts_call *alerts_of(const struct lister *lister)
{
	return CONTAINER_OF(lister, struct alerts_call, lister);
}

static bool stage(const struct lister *lister, size_t number, struct store_page *page)
{
	static const char *const indexes[] = {"worst", "pending", "ended"};
	size_t len = alerts_of(lister)->all ? ARRAY_LEN(indexes) : 1;

	if (number >= len)
		return false;
	page->kind = KIND_ALERT;
	page->index = indexes[number];
	page->min = INT64_MIN;
	page->max = INT64_MAX;
	page->descending = number == 2;
	return true;
}

static bool contains(const char *text, const char *word)
{
	return text && str_icontains(text, word);
}

static bool matches(const struct alert *alert, const char *word)
{
	return contains(alert->subject, word) || contains(alert->organization, word) ||
	       contains(alert->text, word) || str_eq(alert_kind_text(alert->kind), word) ||
	       str_eq(severity_text(alert->severity), word) ||
	       str_eq(alert_status_text(alert->status), word);
}

static void read_page(struct lister *lister)
{
	for (size_t i = 0; i < lister->docs_len; i++) {
		struct err err = {0};
		struct alert alert;
		json_t *json;

		if (!lister_may_match(lister, &lister->docs[i]))
			continue;
		json = lister_parse(&lister->docs[i]);
		if (!json || !alert_from_json(&alert, json, &err)) {
			log_error("alert document damaged: not listed", "id", lister->docs[i].id,
				  "why", err.text, NULL);
			json_decref(json);
			continue;
		}
		json_decref(json);
		if (!lister->word || matches(&alert, lister->word))
			lister->rows[i] = alert_row(&alert, lister->call.now);
		alert_finish(&alert);
	}
	lister_emit(lister);
}

static const struct lister_kind list_alerts = {
	.schema = "expiryd.alerts/1",
	.page_rows = PAGE_ROWS,
	.stage = stage,
	.read = read_page,
};

void api_get_alerts(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(struct alerts_call),
					  lister_drop);
	const char *all = httpd_query(request, "all");
	struct alerts_call *alerts;

	if (!call)
		return;
	alerts = alerts_of(CONTAINER_OF(call, struct lister, call));
	alerts->all = all && *all && !str_eq(all, "0");
	alerts->lister.counted = KIND_ALERT;
	alerts->lister.counted_index = alerts->all ? NULL : "worst";
	if (lister_params(&alerts->lister, &list_alerts))
		lister_start(&alerts->lister);
}
