/*
 * What the commands that ask one thing have in common: --format, --exit-code, a fixed number of
 * words, and an answer that is one JSON object. Also how such an object is shown to people: facts,
 * a line each.
 */
#ifndef CLI_ASKING_H
#define CLI_ASKING_H

#include "cli/client.h"

struct asking {
	const struct cmd *cmd;
	enum format format; /* never csv */
	bool exit_code;
	char **words;
	size_t words_len;
};
/* Reads --format, --exit-code and between min and max words, named in faults as `what`. */
int asking_read(struct asking *asking, const struct cmd *cmd, int argc, char **argv, size_t min,
		size_t max, const char *what) MUST_CHECK;
/* A --format of these commands; false after a fault was printed. */
bool asking_format(const struct cmd *cmd, const char *text, enum format *out) MUST_CHECK;

/* client_init, client_json, client_finish. */
int ask(const struct globals *globals, const char *method, const char *path, const char *body,
	json_t **out) MUST_CHECK;
/* prefix + encoded text + suffix, heap string. */
char *ask_path(const char *prefix, const char *text, const char *suffix);

/* One line of JSON on stdout. */
void json_print(const json_t *json);

/* "a.b" is member b of member a. */
struct fact {
	const char *path, *label;
};
const json_t *fact_get(const json_t *object, const char *path);
/* Those that are there and not null, "label  text" each, `indent` columns in; ends with {NULL}.
 * Foreign text is made harmless. */
void facts_print(const json_t *object, const struct fact *facts, int indent);
/* Text of a value for a terminal, into out (which is emptied first); borrowed. */
const char *fact_text(struct buf *out, const json_t *value);

/* The options, in help texts. */
#define ASKING_HELP "      --format F       table (default, for people), json or ndjson\n"

#endif
