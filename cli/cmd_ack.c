/*
 * expiryctl ack and unack: somebody knows, and is named to all who look.
 */
#include "cli/asking.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <getopt.h>

const struct cmd cmd_ack, cmd_unack;

struct ack_call {
	const struct cmd *cmd;
	enum format format;
	int64_t for_ms;
	const char *why;
	const char *alert;
};

static int read_call(struct ack_call *call, const struct option *options, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return cmd_wrong_use(call->cmd, "the call is wrong");
		if (option == 'o' && !asking_format(call->cmd, optarg, &call->format))
			return EXIT_WRONG;
		if (option == 'f' &&
		    (!str_to_duration_ms(optarg, &call->for_ms) || call->for_ms < MS_SECOND))
			return cmd_wrong_use(call->cmd,
					     "--for takes a time such as 4h or 7d, not %s", optarg);
		if (option == 'w')
			call->why = optarg;
	}
	if (argc - optind < 1)
		return cmd_wrong_use(call->cmd, "ALERT is missing: an id, a TARGET or TARGET/KIND");
	if (argc - optind > 1)
		return cmd_wrong_use(call->cmd, "unexpected argument %s", argv[optind + 1]);
	call->alert = argv[optind];
	return EXIT_WELL;
}

static char *body_of(const struct ack_call *call)
{
	json_t *json = json_object();
	char *text;

	if (call->for_ms)
		json_put_int(json, "for_s", call->for_ms / MS_SECOND);
	if (call->why)
		json_put_str(json, "why", call->why);
	text = json_write(json);
	json_decref(json);
	return text;
}

static void print_rows(const json_t *answer)
{
	const json_t *rows = json_get_array(answer, "acknowledged"), *row;
	struct buf target, kind, status, until;
	size_t i;

	buf_init(&target, 65536);
	buf_init(&kind, 65536);
	buf_init(&status, 65536);
	buf_init(&until, 65536);
	json_array_foreach(rows, i, row) {
		const json_t *end = fact_get(row, "acknowledged.until");

		printf("%s/%s: %s%s%s\n", fact_text(&target, json_object_get(row, "target")),
		       fact_text(&kind, json_object_get(row, "kind")),
		       fact_text(&status, json_object_get(row, "status")),
		       json_is_string(end) ? " until " : "", fact_text(&until, end));
	}
	buf_finish(&target);
	buf_finish(&kind);
	buf_finish(&status);
	buf_finish(&until);
}

static int change(const struct ack_call *call, const struct globals *globals, const char *verb)
{
	char *path = ask_path("/api/v1/alerts/", call->alert, verb), *body = body_of(call);
	json_t *answer = NULL;
	int status = ask(globals, "POST", path, body, &answer);

	if (status == EXIT_WELL && call->format == FORMAT_TABLE)
		print_rows(answer);
	else if (status == EXIT_WELL)
		json_print(answer);
	json_decref(answer);
	mem_free(body);
	mem_free(path);
	return status;
}

static int run_ack(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'o'},
		{"for", required_argument, NULL, 'f'},
		{"why", required_argument, NULL, 'w'},
		{NULL, 0, NULL, 0},
	};
	struct ack_call call = {.cmd = &cmd_ack};
	int status = read_call(&call, options, argc, argv);

	return status == EXIT_WELL ? change(&call, globals, "/ack") : status;
}

static int run_unack(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	struct ack_call call = {.cmd = &cmd_unack};
	int status = read_call(&call, options, argc, argv);

	return status == EXIT_WELL ? change(&call, globals, "/unack") : status;
}

const struct cmd cmd_ack = {
	.name = "ack",
	.what = "acknowledge an alert: it is not repeated",
	.usage =
		"Usage: expiryctl ack [options] ALERT\n"
		"ALERT: its id, or 8 digits of it or more; a TARGET (all that stands about it); or "
		"TARGET/KIND.\nAn acknowledged alert is not told again until it gets worse or "
		"the time "
		"is over.\n\n"
		"      --for D          for so long (4h, 7d); else until it has ended\n"
		"      --why TEXT       for those who look\n" ASKING_HELP "\nExamples:\n"
		"  expiryctl ack www.example.com --for 7d --why 'renewal ordered'\n"
		"  expiryctl ack www.example.com/expiry\n",
	.run = run_ack,
};

const struct cmd cmd_unack = {
	.name = "unack",
	.what = "take an acknowledgement back",
	.usage = "Usage: expiryctl unack [options] ALERT\n"
		 "ALERT: its id, or 8 digits of it or more; a TARGET; or "
		 "TARGET/KIND.\n\n" ASKING_HELP "\nExamples:\n"
		 "  expiryctl unack www.example.com/expiry\n",
	.run = run_unack,
};
