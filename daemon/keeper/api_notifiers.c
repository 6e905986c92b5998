/*
 * The notifiers, and a test of one through its whole path: a marked event goes into the outbox like
 * any other, is frozen, sent, tried again; whether it arrived is asked by its event id.
 *
 *     a line holds it -> waiting      a message holds it -> waiting, or failed when parked
 *     neither         -> delivered
 */
#include "daemon/keeper/api_inside.h"
#include "daemon/keeper/census.h"
#include "daemon/keeper/jobs.h"
#include "daemon/keeper/outbox.h"
#include "daemon/keeper/telling.h"

#include "lib/base/digest.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"

#define PAGE_MESSAGES 8

/* ---- all ---------------------------------------------------------------------------------- */

struct notifiers_call {
	struct api_call call;
	struct census_taking *taking;
};

static void drop_notifiers(struct api_call *call)
{
	census_cancel(CONTAINER_OF(call, struct notifiers_call, call)->taking);
}

static const struct config_notifier *configured(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->notifiers_len; i++)
		if (strcmp(config->notifiers[i].name, name) == 0)
			return &config->notifiers[i];
	return NULL;
}

static json_t *notifier_row_json(const struct keeper *keeper, const struct notifier_slot *slot,
				 const struct census *census)
{
	const char *name = slot->notifier->name;
	const struct config_notifier *config = configured(keeper->config, name);
	const struct census_outbox *outbox = census_outbox(census, name);
	json_t *row = json_object();

	json_put_str(row, "name", name);
	json_put_str(row, "type", config ? config->type : NULL);
	json_put_str(row, "url", config ? config->url_shown : NULL);
	json_put_int(row, "sent", slot->sent);
	json_put_int(row, "failed", slot->failed);
	json_put(row, "parked", outbox ? json_integer(outbox->parked) : NULL);
	json_put(row, "waiting", outbox ? json_integer(outbox->waiting) : NULL);
	json_put_str(row, "last_error",
		     outbox && outbox->last_error[0] ? outbox->last_error : NULL);
	return row;
}

static void on_census(struct api_call *call, const struct census *census, const char *fault)
{
	const struct notifier_set *set = call->keeper->notifiers;
	json_t *json, *rows;

	CONTAINER_OF(call, struct notifiers_call, call)->taking = NULL;
	if (fault) {
		api_problem(call, 503, "The store does not answer: %s", fault);
		return;
	}
	json = api_object(call, "expiryd.notifiers/1");
	rows = json_array();
	for (size_t i = 0; i < set->len; i++)
		json_array_append_new(rows,
				      notifier_row_json(call->keeper, &set->slots[i], census));
	json_put_str(json, "filter", "");
	json_put_int(json, "total", (int64_t)set->len);
	json_put_null(json, "next");
	json_put(json, "rows", rows);
	api_answer_json(call, json);
}

void api_get_notifiers(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(struct notifiers_call),
					  drop_notifiers);

	if (call)
		CONTAINER_OF(call, struct notifiers_call, call)->taking = census_take(call,
										      on_census);
}

/* ---- a test ------------------------------------------------------------------------------- */

struct test_call {
	struct api_call call;
	const char *name;
	char event_id[UUID_TEXT_LEN + 1];
	/* where it stands */
	char kind[STORE_ID_MAX];
	bool parked; /* the pages of those that wait were read */
	char *cursor;
};

static struct test_call *test_of(struct api_call *call)
{
	return CONTAINER_OF(call, struct test_call, call);
}

static void drop_test(struct api_call *call)
{
	mem_free(test_of(call)->cursor);
}

/* "NAME/test" */
static bool read_name(struct test_call *test)
{
	struct api_call *call = &test->call;
	const char *rest = httpd_path_rest(call->request);

	if (!str_ends(rest, "/test")) {
		api_problem(call, 404, "A notifier takes test: /api/v1/notifiers/NAME/test");
		return false;
	}
	test->name = arena_str_n(&call->arena, rest, strlen(rest) - strlen("/test"));
	if (notifier_set_get(call->keeper->notifiers, test->name))
		return true;
	api_problem(call, 404, "There is no notifier " API_SHOWN ".", test->name);
	return false;
}

static void test_alert(struct test_call *test, struct alert *alert)
{
	const struct config *config = test->call.keeper->config;
	char subject[STORE_ID_MAX], number[32];
	const char *const parts[] = {"test", test->name, config->instance.name, number, NULL};
	int64_t now = test->call.now;

	/* A subject of its own, so that a receiver takes it for nobody else's alert. */
	snprintf(subject, sizeof(subject), "notifier/%s/test", test->name);
	snprintf(number, sizeof(number), "%llx", (unsigned long long)rand_u64());
	alert_init(alert);
	alert_name(alert, config->site, ALERT_KIND_NOTIFIER, subject, false);
	alert->severity = SEVERITY_INFO;
	alert->status = ALERT_FIRING;
	alert->episode = 1;
	alert->text = str_printf("test from expiryd %s, asked for by %s: nothing is wrong",
				 config->instance.name, test->call.actor);
	alert->first_seen_at = alert->started_at = alert->last_told_at = now;
	alert->event = EVENT_TEST;
	alert->event_at = now;
	digest_uuid5(parts, alert->event_id);
	str_copy(test->event_id, sizeof(test->event_id), alert->event_id);
}

static void on_put(void *arg, struct store_answer *answer)
{
	struct test_call *test = arg;
	struct claims *claims = test->call.keeper->claims;
	json_t *json;

	if (api_failed(&test->call, answer))
		return;
	json = json_object();
	json_put_str(json, "notifier", test->name);
	json_put_str(json, "event_id", test->event_id);
	api_answer_json(&test->call, json);
	claims_kick(claims);
}

void api_post_notifier(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_OPERATE, sizeof(struct test_call),
					  drop_test);
	struct batch batch = {0};
	struct test_call *test;
	struct alert alert;
	json_t *details;

	if (!call || !read_name(test_of(call)))
		return;
	test = test_of(call);
	test_alert(test, &alert);
	telling_line(call->keeper, &batch, &alert, test->name, EVENT_TEST, call->now);
	details = json_object();
	json_put_str(details, "notifier", test->name);
	json_put_str(details, "event_id", test->event_id);
	telling_history(&batch, "notifier_test", NULL, NULL, call->actor, details, call->now);
	call->store = batch_commit(&batch, call->keeper->store, on_put, test);
	alert_finish(&alert);
	batch_finish(&batch);
}

/* ---- where it stands ---------------------------------------------------------------------- */

static void ask_messages(struct test_call *test);

static void answer_state(struct test_call *test, const char *state, const struct message *message)
{
	json_t *json = json_object();

	json_put_str(json, "state", state);
	json_put_str(json, "detail", message && message->detail[0] ? message->detail : NULL);
	json_put_int(json, "tries", message ? message->tries : 0);
	api_answer_json(&test->call, json);
}

static bool holds(const struct message *message, const char *event_id)
{
	const json_t *line;
	size_t i;

	json_array_foreach(message->members, i, line) {
		if (str_eq(json_get_str(line, "event_id"), event_id))
			return true;
	}
	return false;
}

/* True: answered. */
static bool answer_from(struct test_call *test, const struct store_doc *doc)
{
	struct message message;
	bool found;

	if (!message_read(&message, doc, NULL))
		return false;
	found = holds(&message, test->event_id);
	if (found)
		answer_state(test, test->parked ? "failed" : "waiting", &message);
	message_finish(&message);
	return found;
}

static void on_messages(void *arg, struct store_answer *answer)
{
	struct test_call *test = arg;

	if (api_failed(&test->call, answer))
		return;
	for (size_t i = 0; i < answer->docs_len; i++)
		if (answer_from(test, &answer->docs[i]))
			return;
	mem_free(test->cursor);
	test->cursor = str_dup(answer->cursor);
	if (test->cursor) {
		ask_messages(test);
	} else if (!test->parked) {
		test->parked = true;
		ask_messages(test);
	} else {
		answer_state(test, "delivered", NULL);
	}
}

static void ask_messages(struct test_call *test)
{
	struct store_page page = {
		.kind = test->kind,
		.index = test->parked ? "parked" : "waiting",
		.min = INT64_MIN,
		.max = INT64_MAX,
		.descending = true,
		.cursor = test->cursor,
		.limit = PAGE_MESSAGES,
	};

	test->call.store = store_page(test->call.keeper->store, &page, on_messages, test);
}

static void on_line(void *arg, struct store_answer *answer)
{
	struct test_call *test = arg;

	if (api_failed(&test->call, answer))
		return;
	if (answer->docs[0].rev != 0) {
		answer_state(test, "waiting", NULL);
		return;
	}
	snprintf(test->kind, sizeof(test->kind), KIND_MESSAGE "%s", test->name);
	ask_messages(test);
}

void api_get_notifier(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(struct test_call),
					  drop_test);
	const char *event_id = httpd_query(request, "event_id");
	struct store_key key;
	struct test_call *test;

	if (!call || !read_name(test_of(call)))
		return;
	test = test_of(call);
	if (!event_id || strlen(event_id) != UUID_TEXT_LEN ||
	    !str_copy(test->event_id, sizeof(test->event_id), event_id)) {
		api_problem(call, 400, "event_id must be what the test answered.");
		return;
	}
	snprintf(test->kind, sizeof(test->kind), KIND_LINE "%s", test->name);
	key = (struct store_key){.kind = test->kind, .id = test->event_id};
	call->store = store_get(call->keeper->store, &key, 1, on_line, test);
}
