/*
 * expiryctl notifier test: a marked message through the whole path of a notifier.
 */
#include "cli/asking.h"
#include "cli/waiting.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <getopt.h>

#define WAIT_MS (60 * MS_SECOND)

const struct cmd cmd_notifier;

struct test_call {
	const char *name;
	bool no_wait;
	int64_t wait_ms;
};

static int ended(const struct test_call *test, const json_t *state, bool late)
{
	const char *word = json_get_str(state, "state");
	const json_t *detail = json_object_get(state, "detail");
	struct buf text;

	if (str_eq(word, "delivered")) {
		printf("%s: delivered\n", test->name);
		return EXIT_WELL;
	}
	buf_init(&text, 65536);
	fact_text(&text, detail);
	cmd_wrong("%s: %s%s%s%s", test->name,
		  late ? "not delivered in time, it will be tried again"
		       : "not delivered, and not tried again",
		  text.len ? ": " : "", buf_text(&text), "");
	buf_finish(&text);
	return EXIT_FAILED;
}

static int wait_for(struct client *client, const struct test_call *test, const char *event_id)
{
	char *path = ask_path("/api/v1/notifiers/", test->name, "/test?event_id="), *whole;
	struct waiting waiting;
	json_t *state = NULL;
	bool more = true;
	int status;

	whole = str_printf("%s%s", path, event_id);
	waiting_start(&waiting, test->wait_ms);
	for (;;) {
		json_decref(state);
		state = NULL;
		status = client_json(client, "GET", whole, NULL, &state);
		if (status != EXIT_WELL || !str_eq(json_get_str(state, "state"), "waiting"))
			break;
		more = waiting_more(&waiting);
		if (!more)
			break;
	}
	if (status == EXIT_WELL)
		status = ended(test, state, !more);
	json_decref(state);
	mem_free(path);
	mem_free(whole);
	return status;
}

static int run_test(const struct globals *globals, const struct test_call *test)
{
	char *path = ask_path("/api/v1/notifiers/", test->name, "/test");
	json_t *answer = NULL;
	struct client client;
	const char *event_id;
	int status = client_init(&client, globals);

	if (status == EXIT_WELL)
		status = client_json(&client, "POST", path, NULL, &answer);
	event_id = json_get_str(answer, "event_id");
	if (status == EXIT_WELL && (test->no_wait || !event_id))
		printf("%s: asked for\n", test->name);
	else if (status == EXIT_WELL)
		status = wait_for(&client, test, event_id);
	json_decref(answer);
	mem_free(path);
	client_finish(&client);
	return status;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = {
		{"no-wait", no_argument, NULL, 'n'},
		{"wait", required_argument, NULL, 'w'},
		{NULL, 0, NULL, 0},
	};
	struct test_call test = {.wait_ms = WAIT_MS};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return cmd_wrong_use(&cmd_notifier, "the call is wrong");
		if (option == 'n')
			test.no_wait = true;
		else if (!str_to_duration_ms(optarg, &test.wait_ms))
			return cmd_wrong_use(&cmd_notifier,
					     "--wait takes a time such as 60s, not %s", optarg);
	}
	if (argc - optind != 2 || !str_eq(argv[optind], "test"))
		return cmd_wrong_use(&cmd_notifier, "what it takes is: test NAME");
	test.name = argv[optind + 1];
	return run_test(globals, &test);
}

const struct cmd cmd_notifier = {
	.name = "notifier",
	.what = "test NAME: send a marked message",
	.usage = "Usage: expiryctl notifier test [options] NAME\n"
		 "Sends a message that is marked as a test through the whole path of the notifier "
		 "NAME, "
		 "and\nwaits until it is delivered. Status 1 when it is not.\n\n"
		 "      --wait T         wait so long (default 60s)\n"
		 "      --no-wait        do not wait\n"
		 "\nExamples:\n"
		 "  expiryctl notifier test ops\n",
	.run = run,
};
