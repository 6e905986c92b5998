/*
 * expiryctl reload: what SIGHUP does, with an answer.
 */
#include "cli/asking.h"

#include "lib/base/text.h"

#define ANSWER_MAX (16 * 1024 * 1024)

const struct cmd cmd_reload;

static void print_diff(const json_t *answer)
{
	const json_t *diff = json_get_array(answer, "diff"), *line;
	struct buf text;
	size_t i;

	if (json_array_size(diff) == 0)
		puts("nothing changed");
	buf_init(&text, 65536);
	json_array_foreach(diff, i, line)
		puts(fact_text(&text, line));
	buf_finish(&text);
}

static int show(const struct asking *asking, int http_status, const struct buf *body)
{
	json_t *answer;
	struct err err = {0};

	if (http_status >= 300) {
		int status = client_problem(http_status, buf_text(body), body->len);

		/* The call was right; what it asked for failed. */
		return http_status == 422 ? EXIT_FAILED : status;
	}
	answer = json_parse(buf_text(body), body->len, ANSWER_MAX, &err);
	if (!answer) {
		cmd_wrong("the daemon's answer is no JSON: %s", err.text);
		return EXIT_UNKNOWN;
	}
	if (asking->format == FORMAT_TABLE)
		print_diff(answer);
	else
		json_print(answer);
	json_decref(answer);
	return EXIT_WELL;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	struct asking asking;
	struct client client;
	struct buf body;
	int http_status = 0, status = asking_read(&asking, &cmd_reload, argc, argv, 0, 0, "");

	if (status != EXIT_WELL)
		return status;
	buf_init(&body, ANSWER_MAX);
	status = client_init(&client, globals);
	if (status == EXIT_WELL)
		status = client_ask(&client, "POST", "/api/v1/reload", NULL, &http_status, &body);
	if (status == EXIT_WELL)
		status = show(&asking, http_status, &body);
	client_finish(&client);
	buf_finish(&body);
	return status;
}

const struct cmd cmd_reload = {
	.name = "reload",
	.what = "read the configuration again, and say what it changes",
	.usage = "Usage: expiryctl reload [options]\n"
		 "The daemon reads its configuration again. Prints what changes; or all that is "
		 "wrong "
		 "with it,\nand then the old one stays in force (status 1).\n\n" ASKING_HELP
		 "\nExamples:\n"
		 "  expiryctl reload\n",
	.run = run,
};
