/*
 * A command of expiryctl: its words, its usage beside its code, its function. A new one is one file
 * cmd_x.c and one row in main.c. Exit statuses are the contract's (1).
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include "lib/base/err.h"

enum { EXIT_WELL = 0, EXIT_FAILED = 1, EXIT_WRONG = 2, EXIT_UNKNOWN = 3 };

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_NDJSON, FORMAT_CSV };
enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* What is the same for all commands, and may stand before the command's word or behind it. */
struct globals {
	const char *socket, *config, *url, *token_file;
	enum color color;
};

struct cmd {
	const char *name;
	const char *what;  /* one line for the list of commands */
	const char *usage; /* whole help text, ends with a newline */
	bool own_c;	   /* -c behind the word is the command's own, not the configuration */
	int (*run)(const struct globals *globals, int argc, char **argv);
};

/* "expiryctl: text" on stderr; returns EXIT_WRONG. */
int cmd_wrong(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The same with "Try: expiryctl NAME --help". */
int cmd_wrong_use(const struct cmd *cmd, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* False after a fault was printed. */
bool format_parse(const char *text, enum format *out) MUST_CHECK;
/* Colour for this stream? NO_COLOR, CLICOLOR_FORCE, TERM=dumb, --color. */
bool color_wanted(const struct globals *globals, FILE *stream);

#endif
