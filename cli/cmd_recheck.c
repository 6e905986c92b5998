/*
 * expiryctl recheck: looks that are due now; and waits for them when asked to.
 */
#include "cli/asking.h"
#include "cli/waiting.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <getopt.h>
#include <unistd.h>

#define WAIT_MS (60 * MS_SECOND)

const struct cmd cmd_recheck;

struct recheck_call {
	enum format format;
	bool all, yes, wait;
	int64_t wait_ms;
	char **targets;
	size_t targets_len;
	/* waiting */
	int64_t asked_at;
	json_t *done, *late; /* rows of targets; texts */
};

static int read_words(struct recheck_call *call, int argc, char **argv)
{
	call->targets = argv + optind;
	call->targets_len = (size_t)(argc - optind);
	if (call->targets_len == 0)
		return cmd_wrong_use(&cmd_recheck, "no target was given");
	for (size_t i = 0; i < call->targets_len; i++)
		call->all = call->all || str_eq(call->targets[i], "all");
	if (call->all && call->targets_len > 1)
		return cmd_wrong_use(&cmd_recheck, "all stands alone");
	if (call->all && !call->yes && !isatty(STDIN_FILENO))
		return cmd_wrong_use(&cmd_recheck, "all targets: that needs --yes");
	return EXIT_WELL;
}

static int read_call(struct recheck_call *call, int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{"wait", optional_argument, NULL, 'w'},
		{"yes", no_argument, NULL, 'y'},
		{NULL, 0, NULL, 0},
	};
	int option;

	call->wait_ms = WAIT_MS;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return cmd_wrong_use(&cmd_recheck, "the call is wrong");
		if (option == 'f' && !asking_format(&cmd_recheck, optarg, &call->format))
			return EXIT_WRONG;
		if (option == 'w') {
			call->wait = true;
			if (optarg && !str_to_duration_ms(optarg, &call->wait_ms))
				return cmd_wrong_use(&cmd_recheck,
						     "--wait=T takes a time such as 60s, not %s",
						     optarg);
		}
		if (option == 'y')
			call->yes = true;
	}
	return read_words(call, argc, argv);
}

static char *body_of(const struct recheck_call *call)
{
	json_t *json = json_object(), *list = json_array();
	char *text;

	for (size_t i = 0; i < call->targets_len; i++)
		json_array_append_new(list, json_text(call->targets[i]));
	if (call->all) {
		json_put_bool(json, "all", true);
		json_decref(list);
	} else {
		json_put(json, "targets", list);
	}
	text = json_write(json);
	json_decref(json);
	return text;
}

/* ---- waiting ------------------------------------------------------------------------------ */

static bool looked(const struct recheck_call *call, const json_t *row)
{
	int64_t at;

	return json_has_time(row, "last_probed", &at) && at >= call->asked_at;
}

/* Those of rows that were looked at go to done; the others' texts to late. */
static void sort_row(struct recheck_call *call, const json_t *row)
{
	if (looked(call, row))
		json_array_append(call->done, (json_t *)(uintptr_t)row);
	else
		json_array_append(call->late, json_object_get(row, "target"));
}

static int ask_some(struct recheck_call *call, struct client *client, const json_t *targets)
{
	const json_t *target;
	size_t i;
	int status = EXIT_WELL;

	json_array_foreach(targets, i, target) {
		const char *id = json_get_str(target, "id");
		char *path = ask_path("/api/v1/targets/", id ? id : "", "");
		json_t *answer = NULL;

		status = client_json(client, "GET", path, NULL, &answer);
		if (status == EXIT_WELL)
			sort_row(call, json_get_object(answer, "target"));
		json_decref(answer);
		mem_free(path);
		if (status != EXIT_WELL)
			break;
	}
	return status;
}

static int ask_all(struct recheck_call *call, struct client *client)
{
	json_t *answer = NULL;
	const json_t *row;
	size_t i;
	int status = client_json(client, "GET", "/api/v1/targets", NULL, &answer);

	json_array_foreach(json_get_array(answer, "rows"), i, row)
		sort_row(call, row);
	json_decref(answer);
	return status;
}

static int wait_for(struct recheck_call *call, struct client *client, const json_t *asked)
{
	struct waiting waiting;
	int status;

	waiting_start(&waiting, call->wait_ms);
	do {
		json_array_clear(call->done);
		json_array_clear(call->late);
		status = call->all ? ask_all(call, client)
				   : ask_some(call, client, json_get_array(asked, "targets"));
	} while (status == EXIT_WELL && json_array_size(call->late) > 0 && waiting_more(&waiting));
	return status;
}

/* ---- telling ------------------------------------------------------------------------------ */

static void print_done(const struct recheck_call *call)
{
	static const char *const columns[] = {"target", "outcome", "days_left", "findings",
					      "error"};
	struct buf texts[ARRAY_LEN(columns)];
	const json_t *row;
	size_t i;

	for (size_t c = 0; c < ARRAY_LEN(columns); c++)
		buf_init(&texts[c], 65536);
	json_array_foreach(call->done, i, row) {
		for (size_t c = 0; c < ARRAY_LEN(columns); c++)
			fact_text(&texts[c], json_object_get(row, columns[c]));
		printf("%s: %s", buf_text(&texts[0]), buf_text(&texts[1]));
		if (texts[2].len)
			printf(", %s days left", buf_text(&texts[2]));
		if (texts[3].len)
			printf(", %s", buf_text(&texts[3]));
		printf("%s%s\n", texts[4].len ? ": " : "", buf_text(&texts[4]));
	}
	for (size_t c = 0; c < ARRAY_LEN(columns); c++)
		buf_finish(&texts[c]);
}

static int judge(const struct recheck_call *call)
{
	int status = json_array_size(call->late) ? EXIT_FAILED : EXIT_WELL;
	const json_t *one;
	struct buf text;
	size_t i;

	json_array_foreach(call->done, i, one) {
		if (!str_eq(json_get_str(one, "outcome"), "ok"))
			status = EXIT_FAILED;
	}
	buf_init(&text, 65536);
	json_array_foreach(call->late, i, one)
		cmd_wrong("%s: not looked at within the time of --wait", fact_text(&text, one));
	buf_finish(&text);
	return status;
}

static int told_after(struct recheck_call *call, json_t *asked)
{
	if (call->format == FORMAT_TABLE) {
		print_done(call);
	} else {
		json_put(asked, "rows", json_incref(call->done));
		json_put(asked, "late", json_incref(call->late));
		json_print(asked);
	}
	return judge(call);
}

static void told_now(const struct recheck_call *call, const json_t *asked)
{
	json_int_t count = call->all
				   ? json_get_int(asked, "count", 0)
				   : (json_int_t)json_array_size(json_get_array(asked, "targets"));

	if (call->format == FORMAT_TABLE)
		printf("%lld target%s will be looked at now\n", (long long)count,
		       count == 1 ? "" : "s");
	else
		json_print(asked);
}

static int recheck(struct recheck_call *call, struct client *client)
{
	char *body = body_of(call);
	json_t *asked = NULL;
	int status = client_json(client, "POST", "/api/v1/recheck", body, &asked);

	mem_free(body);
	if (status == EXIT_WELL && !call->wait) {
		told_now(call, asked);
	} else if (status == EXIT_WELL) {
		if (!json_has_time(asked, "asked_at", &call->asked_at))
			call->asked_at = clock_wall_ms();
		status = wait_for(call, client, asked);
		if (status == EXIT_WELL)
			status = told_after(call, asked);
	}
	json_decref(asked);
	return status;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	struct recheck_call call = {0};
	struct client client;
	int status = read_call(&call, argc, argv);

	if (status != EXIT_WELL)
		return status;
	call.done = json_array();
	call.late = json_array();
	status = client_init(&client, globals);
	if (status == EXIT_WELL)
		status = recheck(&call, &client);
	client_finish(&client);
	json_decref(call.done);
	json_decref(call.late);
	return status;
}

const struct cmd cmd_recheck = {
	.name = "recheck",
	.what = "look at targets now",
	.usage = "Usage: expiryctl recheck [options] TARGET... | all\n"
		 "The daemon looks at these targets now. TARGET: a text, an id, or 8 digits of it "
		 "or "
		 "more.\n\n"
		 "      --wait[=T]       wait for the looks (60s); status 1 when an outcome is "
		 "not ok, or "
		 "the\n                       time is over\n"
		 "      --yes            all, where nobody sits at a terminal\n" ASKING_HELP
		 "\nExamples:\n"
		 "  expiryctl recheck www.example.com --wait\n"
		 "  expiryctl recheck all --yes\n",
	.run = run,
};
