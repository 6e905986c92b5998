/*
 * expiryctl show: everything known about a target or an alert. What is no target may be an alert's
 * id; then it is found among all alerts, whose ids are as long.
 */
#include "cli/asking.h"
#include "cli/show_print.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

#define PREFIX_MIN 8
#define PREFIX_MAX 32
#define ANSWER_MAX (64 * 1024 * 1024)

const struct cmd cmd_show;

struct show_call {
	struct asking asking;
	const struct globals *globals;
	const char *what;
};

static bool is_prefix(const char *text)
{
	size_t len = strlen(text);

	return len >= PREFIX_MIN && len <= PREFIX_MAX &&
	       strspn(text, "0123456789abcdefABCDEF") == len;
}

static bool begins(const char *id, const char *prefix)
{
	return id && strncasecmp(id, prefix, strlen(prefix)) == 0;
}

static void print_alert(const struct show_call *show, const json_t *row)
{
	json_t *whole;

	if (show->asking.format == FORMAT_TABLE) {
		show_print_alert(row);
		return;
	}
	whole = json_object();
	json_put_str(whole, "schema", "expiryd.show/1");
	json_put(whole, "alert", json_incref((json_t *)(uintptr_t)row));
	json_print(whole);
	json_decref(whole);
}

static int several(const struct show_call *show, const json_t *rows)
{
	struct buf id, target;
	const json_t *row;
	size_t i;

	cmd_wrong("%s begins the id of several alerts.", show->what);
	buf_init(&id, 4096);
	buf_init(&target, 65536);
	json_array_foreach(rows, i, row) {
		if (begins(json_get_str(row, "id"), show->what))
			fprintf(stderr, "  %s %s\n", fact_text(&id, json_object_get(row, "id")),
				fact_text(&target, json_object_get(row, "target")));
	}
	buf_finish(&id);
	buf_finish(&target);
	return EXIT_WRONG;
}

/* EXIT_WRONG without a word when there is none. */
static int show_alert(struct show_call *show, bool *found)
{
	const json_t *rows, *row, *one = NULL;
	json_t *answer = NULL;
	size_t i, count = 0;
	int status = ask(show->globals, "GET", "/api/v1/alerts?all=1", NULL, &answer);

	rows = json_get_array(answer, "rows");
	json_array_foreach(rows, i, row) {
		if (!begins(json_get_str(row, "id"), show->what))
			continue;
		one = row;
		count++;
	}
	*found = status != EXIT_WELL || count > 0;
	if (count == 1)
		print_alert(show, one);
	else if (count > 1)
		status = several(show, rows);
	json_decref(answer);
	return status;
}

static int show_answer(struct show_call *show, int http_status, const struct buf *body)
{
	struct err err = {0};
	json_t *answer;
	bool found;
	int status;

	if (http_status == 404 && is_prefix(show->what)) {
		status = show_alert(show, &found);
		if (found)
			return status;
	}
	if (http_status >= 300)
		return client_problem(http_status, buf_text(body), body->len);
	answer = json_parse(buf_text(body), body->len, ANSWER_MAX, &err);
	if (!answer) {
		cmd_wrong("the daemon's answer is no JSON: %s", err.text);
		return EXIT_UNKNOWN;
	}
	if (show->asking.format == FORMAT_TABLE)
		show_print_target(answer);
	else
		json_print(answer);
	json_decref(answer);
	return EXIT_WELL;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	struct show_call show = {.globals = globals};
	struct client client;
	struct buf body;
	char *path;
	int http_status = 0, status;

	status = asking_read(&show.asking, &cmd_show, argc, argv, 1, 1, "what to show");
	if (status != EXIT_WELL)
		return status;
	show.what = show.asking.words[0];
	path = ask_path("/api/v1/targets/", show.what, "");
	buf_init(&body, ANSWER_MAX);
	status = client_init(&client, globals);
	if (status == EXIT_WELL)
		status = client_ask(&client, "GET", path, NULL, &http_status, &body);
	if (status == EXIT_WELL)
		status = show_answer(&show, http_status, &body);
	client_finish(&client);
	buf_finish(&body);
	mem_free(path);
	return status == EXIT_WELL && show.asking.exit_code ? EXIT_FAILED : status;
}

const struct cmd cmd_show = {
	.name = "show",
	.what = "everything known about a target or an alert",
	.usage = "Usage: expiryctl show [options] X\n"
		 "X: a target's text, the id of a target or of an alert, or 8 digits of one or "
		 "more.\n"
		 "Shows what the target is, each place it answers at with its certificate, "
		 "findings, "
		 "alerts,\nthe next look and the history.\n\n" ASKING_HELP
		 "      --exit-code      status 1 when there is one\n"
		 "\nExamples:\n"
		 "  expiryctl show www.example.com\n"
		 "  expiryctl show 3f2a9c1b --format json\n",
	.run = run,
};
