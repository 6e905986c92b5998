/*
 * Every document of the model, from bytes of a stranger: what is read must come back the same when
 * it is written and read again, whatever it was. The text is tried as each noun in turn, and as a
 * target that somebody typed.
 */
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/model/alert.h"
#include "lib/model/record.h"

#define INPUT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads as one noun: a new reference to what that noun writes, or NULL when it was refused. */
typedef json_t *reread_fn(const json_t *json);

#define REREAD(noun, type, from, to)                     \
	static json_t *reread_##noun(const json_t *json) \
	{                                                \
		static struct type value;                \
		struct err err;                          \
		json_t *again;                           \
                                                         \
		if (!from(&value, json, &err))           \
			return NULL;                     \
		again = to;                              \
		noun##_finish(&value);                   \
		return again;                            \
	}

static void findings_finish(struct findings *findings UNUSED)
{
}

static void policy_finish(struct policy *policy UNUSED)
{
}

REREAD(alert, alert, alert_from_json, alert_to_json(&value))
REREAD(cert, cert, cert_from_json, cert_to_json(&value))
REREAD(endpoint, endpoint, endpoint_from_json, endpoint_to_json(&value, NULL, TIME_UNKNOWN))
REREAD(findings, findings, findings_from_json, findings_to_json(&value, NULL))
REREAD(observation, observation, observation_from_json, observation_to_json(&value))
REREAD(policy, policy, policy_from_json, policy_to_json(&value))
REREAD(record, record, record_from_json, record_to_json(&value))
REREAD(target, target, target_from_json, target_to_json(&value))

static reread_fn *const nouns[] = {reread_alert,       reread_cert,   reread_endpoint,
				   reread_findings,    reread_policy, reread_record,
				   reread_observation, reread_target};

static void try_noun(reread_fn *reread, const json_t *json)
{
	json_t *first = reread(json), *parsed, *second;
	struct err err;
	char *text;

	if (!first)
		return;
	text = json_write(first);
	parsed = json_parse(text, strlen(text), 16 * INPUT_MAX, &err);
	if (!parsed)
		bug("own JSON is refused: %s", err.text);
	second = reread(parsed);
	if (!second || !json_equal(first, second))
		bug("%s does not come back", text);
	mem_free(text);
	json_decref(first);
	json_decref(parsed);
	json_decref(second);
}

static void try_target(const uint8_t *data, size_t size)
{
	char *text = mem_dup(data, size);
	struct target target, again;
	struct err err;

	if (target_parse(&target, text, "here", "/home/u", &err)) {
		if (!target_parse(&again, target.text, "", NULL, &err))
			bug("%s is refused: %s", target.text, err.text);
		if (!str_eq(again.text, target.text))
			bug("%s became %s", target.text, again.text);
		target_finish(&again);
		target_finish(&target);
	}
	mem_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	json_t *json;

	try_target(data, size);
	json = json_parse((const char *)data, size, INPUT_MAX, &err);
	if (!json)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(nouns); i++)
		try_noun(nouns[i], json);
	json_decref(json);
	return 0;
}
