/*
 * A target by what people call it (contract 2): its id, a prefix of that of 8 digits or more, or
 * its text, however loosely written. Digits are tried as an id first, then as a name.
 */
#include "daemon/keeper/api_inside.h"

#include "lib/base/str.h"

bool api_is_prefix(const char *key, size_t digits_max, char *out)
{
	size_t len = strlen(key);

	if (len < API_PREFIX_MIN || len > digits_max ||
	    strspn(key, "0123456789abcdefABCDEF") != len)
		return false;
	memcpy(out, key, len + 1);
	str_lower(out);
	return true;
}

static void on_target(void *arg, struct store_answer *answer)
{
	struct finder *finder = arg;
	struct api_call *call = finder->call;

	if (api_failed(call, answer))
		return;
	if (answer->docs[0].rev == 0)
		api_problem(call, 404, "There is no target " API_SHOWN ".", finder->key);
	else
		finder->found(call, &answer->docs[0]);
}

static void find_text(struct finder *finder)
{
	struct api_call *call = finder->call;
	struct store_key key = {.kind = KIND_TARGET, .id = finder->id};
	struct target target;
	struct err err = {0};

	if (!target_parse(&target, finder->key, call->keeper->config->instance.name, NULL, &err)) {
		api_problem(call, 404, "There is no target " API_SHOWN ": " API_SHOWN, finder->key,
			    err.text);
		return;
	}
	memcpy(finder->id, target.id, sizeof(finder->id));
	target_finish(&target);
	call->store = store_get(call->keeper->store, &key, 1, on_target, finder);
}

static json_t *candidates(const struct store_answer *answer)
{
	json_t *array = json_array();

	for (size_t i = 0; i < answer->docs_len && i < API_CANDIDATES_MAX; i++) {
		const struct store_doc *doc = &answer->docs[i];
		json_t *json = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, NULL);
		const char *text = json_get_str(json_object_get(json, "target"), "target");

		json_array_append_new(array, json_text(text ? text : doc->id));
		json_decref(json);
	}
	return array;
}

static void on_prefix(void *arg, struct store_answer *answer)
{
	struct finder *finder = arg;

	if (api_failed(finder->call, answer))
		return;
	if (answer->docs_len == 0)
		find_text(finder);
	else if (answer->docs_len == 1)
		finder->found(finder->call, &answer->docs[0]);
	else
		api_problem_with(finder->call, 409, "candidates", candidates(answer),
				 "%s begins the id of several targets.", finder->key);
}

void api_find(struct finder *finder, struct api_call *call, const char *key, found_fn *found)
{
	struct store_page page = {.kind = KIND_TARGET,
				  .min = INT64_MIN,
				  .max = INT64_MAX,
				  .id_prefix = finder->id,
				  .limit = API_CANDIDATES_MAX + 1};

	finder->call = call;
	finder->key = arena_str(&call->arena, key);
	finder->found = found;
	if (api_is_prefix(key, TARGET_ID_LEN, finder->id))
		call->store = store_page(call->keeper->store, &page, on_prefix, finder);
	else
		find_text(finder);
}
