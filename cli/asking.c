/*
 * One question, one object for an answer.
 */
#include "cli/asking.h"

#include "cli/listing.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"

#include <getopt.h>

#define TEXT_MAX (1024 * 1024)
#define LABEL_WIDTH 14

bool asking_format(const struct cmd *cmd, const char *text, enum format *out)
{
	if (!format_parse(text, out))
		return false;
	if (*out != FORMAT_CSV)
		return true;
	cmd_wrong_use(cmd, "this is no list: its formats are table, json and ndjson");
	return false;
}

int asking_read(struct asking *asking, const struct cmd *cmd, int argc, char **argv, size_t min,
		size_t max, const char *what)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{"exit-code", no_argument, NULL, 'e'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*asking = (struct asking){.cmd = cmd};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return cmd_wrong_use(cmd, "the call is wrong");
		if (option == 'f' && !asking_format(cmd, optarg, &asking->format))
			return EXIT_WRONG;
		if (option == 'e')
			asking->exit_code = true;
	}
	asking->words = argv + optind;
	asking->words_len = (size_t)(argc - optind);
	if (asking->words_len < min)
		return cmd_wrong_use(cmd, "%s is missing", what);
	if (asking->words_len > max)
		return cmd_wrong_use(cmd, "unexpected argument %s", asking->words[max]);
	return EXIT_WELL;
}

int ask(const struct globals *globals, const char *method, const char *path, const char *body,
	json_t **out)
{
	struct client client;
	int status = client_init(&client, globals);

	if (status == EXIT_WELL)
		status = client_json(&client, method, path, body, out);
	client_finish(&client);
	return status;
}

char *ask_path(const char *prefix, const char *text, const char *suffix)
{
	struct buf path;
	char *whole;

	buf_init(&path, 65536);
	buf_add_str(&path, prefix);
	url_encode(&path, text);
	buf_add_str(&path, suffix);
	whole = buf_take(&path);
	buf_finish(&path);
	return whole;
}

void json_print(const json_t *json)
{
	char *text = json_write(json);

	printf("%s\n", text);
	mem_free(text);
}

const json_t *fact_get(const json_t *object, const char *path)
{
	const char *dot;

	while (object && (dot = strchr(path, '.')) != NULL) {
		char *key = str_dup_n(path, (size_t)(dot - path));

		object = json_object_get(object, key);
		mem_free(key);
		path = dot + 1;
	}
	return json_object_get(object, path);
}

const char *fact_text(struct buf *out, const json_t *value)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	listing_text(&text, "x", value);
	buf_reset(out);
	text_line(out, buf_text(&text), text.len);
	buf_finish(&text);
	return buf_text(out);
}

void facts_print(const json_t *object, const struct fact *facts, int indent)
{
	struct buf text;

	buf_init(&text, 8 * TEXT_MAX);
	for (; facts->path; facts++) {
		const json_t *value = fact_get(object, facts->path);

		if (!value || json_is_null(value) ||
		    (json_is_array(value) && json_array_size(value) == 0) ||
		    (json_is_object(value) && json_object_size(value) == 0))
			continue;
		printf("%*s%-*s %s\n", indent, "", LABEL_WIDTH, facts->label,
		       fact_text(&text, value));
	}
	buf_finish(&text);
}
