/*
 * POST /api/v1/reload: what SIGHUP does, with an answer: what it changes, or all that is wrong.
 */
#include "daemon/keeper/api_inside.h"

void api_post_reload(void *arg, struct httpd_request *request)
{
	static const char *const members[] = {NULL};
	struct api_call *call = api_begin(arg, request, API_OPERATE, sizeof(*call), NULL);
	json_t *json, *lines;
	char *text = NULL;
	bool applied;

	if (!call || !api_body(call, members, &json))
		return;
	json_decref(json);
	applied = keeper_reload(call->keeper, &text);
	lines = api_lines(text);
	mem_free(text);
	if (!applied) {
		api_problem_with(call, 422, "faults", lines,
				 "The configuration is refused; the old one stays in force.");
		return;
	}
	json = json_object();
	json_put_bool(json, "applied", true);
	json_put_int(json, "generation", call->keeper->generation);
	json_put(json, "diff", lines);
	api_answer_json(call, json);
}
