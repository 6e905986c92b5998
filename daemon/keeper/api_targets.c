/*
 * GET /api/v1/targets: the inventory, soonest expiry first. Each page of records is followed by one
 * read of the alerts that those records have, so that a row says what is told about it.
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/verdict.h"

#include "lib/base/log.h"

#define PAGE_ROWS 100
#define PAGE_ALERTS ((size_t)PAGE_ROWS * ALERT_KIND_COUNT)

/* The index columns of a target, and by which names they are asked for. */
static const struct order {
	const char *sort, *index;
	bool descending; /* as it is: the other way with a minus before it */
} orders[] = {
	{"days_left", "not_after", false},
	{"expires_within", "not_after", false},
	{"id", NULL, false},
	{"not_after", "not_after", false},
	{"outcome", "outcome", false},
	{"severity", "severity", true},
};

struct targets_call {
	struct lister lister;
	const struct order *order;
	bool descending;
	/* Of the alerts that are read for a page: id, and whose row. */
	char (*ids)[33];
	size_t *owners;
};

static struct targets_call *targets_of(const struct lister *lister)
{
	return CONTAINER_OF(lister, struct targets_call, lister);
}

static void drop(struct api_call *call)
{
	struct targets_call *targets = targets_of(CONTAINER_OF(call, struct lister, call));

	mem_free(targets->ids);
	mem_free(targets->owners);
	lister_drop(call);
}

static bool stage(const struct lister *lister, size_t number, struct store_page *page)
{
	const struct targets_call *targets = targets_of(lister);

	page->kind = KIND_TARGET;
	page->index = targets->order->index;
	page->min = INT64_MIN;
	page->max = INT64_MAX;
	page->descending = targets->descending;
	return number == 0;
}

/* What the row shows of several alerts: the worst that stands; of equals, the older. */
static bool is_worse(const struct alert *alert, const struct alert *than)
{
	if (alert_open(alert) != alert_open(than))
		return alert_open(alert);
	if (alert->severity != than->severity)
		return alert->severity > than->severity;
	return alert->started_at < than->started_at;
}

static void show_alerts(struct targets_call *targets, const struct store_answer *answer)
{
	struct alert worst, alert;
	size_t owner = SIZE_MAX;

	alert_init(&worst);
	for (size_t i = 0; i < answer->docs_len; i++) {
		json_t *json = answer->docs[i].rev ? lister_parse(&answer->docs[i]) : NULL;
		bool ok = json && alert_from_json(&alert, json, NULL);

		json_decref(json);
		if (!ok)
			continue;
		if (alert.status != ALERT_RESOLVED &&
		    (targets->owners[i] != owner || is_worse(&alert, &worst))) {
			alert_finish(&worst);
			worst = alert;
			owner = targets->owners[i];
			target_row_alert(targets->lister.rows[owner], &worst);
		} else {
			alert_finish(&alert);
		}
	}
	alert_finish(&worst);
}

static void on_alerts(void *arg, struct store_answer *answer)
{
	struct targets_call *targets = arg;

	/* Without them a row would say that nothing is told about it: better no row. */
	if (lister_failed(&targets->lister, answer))
		return;
	show_alerts(targets, answer);
	lister_emit(&targets->lister);
}

static size_t add_alerts(struct targets_call *targets, const struct record *record, size_t row,
			 size_t len)
{
	const char *site = targets->lister.call.keeper->config->site;

	for (unsigned kind = 0; kind < ALERT_KIND_COUNT; kind++) {
		if (!((record->alerts >> kind) & 1))
			continue;
		verdict_alert_id(site, record->target.text, (enum alert_kind)kind,
				 targets->ids[len]);
		targets->owners[len++] = row;
	}
	return len;
}

static bool read_record(const struct store_doc *doc, struct record *out)
{
	struct err err = {0};
	json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, &err);
	bool ok = json && record_from_json(out, json, &err);

	json_decref(json);
	if (!ok)
		log_error("target document damaged: not listed", "id", doc->id, "why", err.text,
			  NULL);
	return ok;
}

static void read_alerts(struct targets_call *targets, size_t len)
{
	struct api_call *call = &targets->lister.call;
	struct store_key *keys = MEM_NEW_ARRAY(len, struct store_key);

	for (size_t i = 0; i < len; i++)
		keys[i] = (struct store_key){.kind = KIND_ALERT, .id = targets->ids[i]};
	call->store = store_get(call->keeper->store, keys, len, on_alerts, targets);
	mem_free(keys);
}

static void read_page(struct lister *lister)
{
	struct targets_call *targets = targets_of(lister);
	struct record record;
	size_t len = 0;

	for (size_t i = 0; i < lister->docs_len; i++) {
		if (!lister_may_match(lister, &lister->docs[i]) ||
		    !read_record(&lister->docs[i], &record))
			continue;
		if (!lister->word || target_matches(&record, lister->word)) {
			lister->rows[i] = target_row(&record, lister->call.now);
			len = add_alerts(targets, &record, i, len);
		}
		record_finish(&record);
	}
	if (len)
		read_alerts(targets, len);
	else
		lister_emit(lister);
}

static const struct lister_kind list_targets = {
	.schema = "expiryd.list/1",
	.page_rows = PAGE_ROWS,
	.stage = stage,
	.read = read_page,
};

static bool read_sort(struct targets_call *targets)
{
	const char *sort = httpd_query(targets->lister.call.request, "sort");
	bool turned = sort && sort[0] == '-';

	sort = sort && *sort ? sort + turned : "not_after";
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		if (strcmp(orders[i].sort, sort) != 0)
			continue;
		targets->order = &orders[i];
		targets->descending = orders[i].descending != turned;
		return true;
	}
	api_problem(
		&targets->lister.call, 400,
		"The store sorts by days_left, expires_within, id, not_after, outcome or severity "
		"(the other way with a minus before it), not by " API_SHOWN ".",
		sort);
	return false;
}

void api_get_targets(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(struct targets_call),
					  drop);
	struct targets_call *targets;

	if (!call)
		return;
	targets = targets_of(CONTAINER_OF(call, struct lister, call));
	targets->ids = mem_new_array(PAGE_ALERTS, sizeof(*targets->ids));
	targets->owners = MEM_NEW_ARRAY(PAGE_ALERTS, size_t);
	targets->lister.counted = KIND_TARGET;
	if (read_sort(targets) && lister_params(&targets->lister, &list_targets))
		lister_start(&targets->lister);
}
