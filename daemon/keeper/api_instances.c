/*
 * GET /api/v1/instances: every daemon that ever wrote its document into this store; one that has
 * not done so for three minutes is inactive.
 */
#include "daemon/keeper/api_inside.h"

#include "lib/base/str.h"
#include "lib/model/codec.h"

static bool stage(const struct lister *lister UNUSED, size_t number, struct store_page *page)
{
	page->kind = KIND_INSTANCE;
	page->min = INT64_MIN;
	page->max = INT64_MAX;
	return number == 0;
}

static json_t *row_of(const struct lister *lister, const json_t *doc)
{
	const struct keeper *keeper = lister->call.keeper;
	int64_t heartbeat = json_get_int(doc, "heartbeat_at", 0);
	unsigned purpose = (json_get_bool(doc, "probe", false) ? PURPOSE_PROBE : 0) |
			   (json_get_bool(doc, "notify", false) ? PURPOSE_NOTIFY : 0);
	const char *name = json_get_str(doc, "name");
	bool active = lister->call.now - heartbeat <= API_INSTANCE_AWAY_MS;
	json_t *row = json_object();

	json_put_str(row, "name", name);
	json_put_str(row, "status", active ? "active" : "inactive");
	json_put_bool(row, "self", str_eq(name, keeper->config->instance.name));
	json_put_str(row, "version", json_get_str(doc, "version"));
	json_put(row, "zones", json_incref(json_get_array(doc, "zones")));
	json_put(row, "purpose", purpose_json(purpose));
	json_put_str(row, "configuration", json_get_str(doc, "configuration"));
	codec_put_second(row, "started_at", json_get_int(doc, "started_at", TIME_UNKNOWN));
	codec_put_second(row, "heartbeat_at", heartbeat ? heartbeat : TIME_UNKNOWN);
	return row;
}

static void read_page(struct lister *lister)
{
	for (size_t i = 0; i < lister->docs_len; i++) {
		json_t *doc = lister_parse(&lister->docs[i]);
		const char *name = json_get_str(doc, "name");

		if (name && (!lister->word || str_icontains(name, lister->word)))
			lister->rows[i] = row_of(lister, doc);
		json_decref(doc);
	}
	lister_emit(lister);
}

static const struct lister_kind list_instances = {
	.schema = "expiryd.instances/1",
	.page_rows = 200,
	.stage = stage,
	.read = read_page,
};

void api_get_instances(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(struct lister),
					  lister_drop);
	struct lister *lister;

	if (!call)
		return;
	lister = CONTAINER_OF(call, struct lister, call);
	lister->counted = KIND_INSTANCE;
	if (lister_params(lister, &list_instances))
		lister_start(lister);
}
