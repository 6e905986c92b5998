/*
 * expiryctl explain: when a target is looked at next, and why; what may be told about it.
 */
#include "cli/asking.h"

#include "lib/base/mem.h"

const struct cmd cmd_explain;

static void print_explanation(const json_t *answer)
{
	const json_t *sentences = json_get_array(json_get_object(answer, "explanation"),
						 "sentences");
	const json_t *sentence;
	struct buf text;
	size_t i;

	buf_init(&text, 65536);
	puts(fact_text(&text, json_object_get(answer, "target")));
	json_array_foreach(sentences, i, sentence)
		printf("  %s\n", fact_text(&text, sentence));
	buf_finish(&text);
}

static int run(const struct globals *globals, int argc, char **argv)
{
	struct asking asking;
	json_t *answer = NULL;
	int status = asking_read(&asking, &cmd_explain, argc, argv, 1, 1, "TARGET");
	char *path;

	if (status != EXIT_WELL)
		return status;
	path = ask_path("/api/v1/explain?target=", asking.words[0], "");
	status = ask(globals, "GET", path, NULL, &answer);
	if (status == EXIT_WELL && asking.format == FORMAT_TABLE)
		print_explanation(answer);
	else if (status == EXIT_WELL)
		json_print(answer);
	json_decref(answer);
	mem_free(path);
	return status;
}

const struct cmd cmd_explain = {
	.name = "explain",
	.what = "when and why the next look and the next alert",
	.usage = "Usage: expiryctl explain [options] TARGET\n"
		 "Says when TARGET (its text, its id, or 8 digits of that) is looked at next and "
		 "why, "
		 "and which\nthresholds and alerts stand or wait.\n\n" ASKING_HELP "\nExamples:\n"
		 "  expiryctl explain www.example.com\n",
	.run = run,
};
