/*
 * Options of all commands. Behind the command's word they are taken out of the vector before the
 * command reads its own, so that no command has to know them; spelled out there, since an
 * abbreviation might be one of the command's.
 */
#include "lib/base/sys.h"

#include "cli/globals.h"

#include "lib/base/str.h"

#include <getopt.h>

static bool set(struct globals *globals, int option, const char *value)
{
	if (option == 's')
		globals->socket = value;
	else if (option == 'c')
		globals->config = value;
	else if (option == 'u')
		globals->url = value;
	else if (option == 't')
		globals->token_file = value;
	else if (str_eq(value, "auto"))
		globals->color = COLOR_AUTO;
	else if (str_eq(value, "always"))
		globals->color = COLOR_ALWAYS;
	else if (str_eq(value, "never"))
		globals->color = COLOR_NEVER;
	else
		return cmd_wrong("--color is auto, always or never, not %s", value) == EXIT_WELL;
	return true;
}

static const struct option options[] = {
	{"socket", required_argument, NULL, 's'}, {"config", required_argument, NULL, 'c'},
	{"url", required_argument, NULL, 'u'},	  {"token-file", required_argument, NULL, 't'},
	{"color", required_argument, NULL, 'C'},  {"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
};

enum globals_found globals_read(struct globals *globals, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "+c:h", options, NULL)) != -1) {
		if (option == 'V')
			return GLOBALS_VERSION;
		if (option == 'h')
			return GLOBALS_HELP;
		if (option == '?') {
			fputs("Try: expiryctl --help\n", stderr);
			return GLOBALS_WRONG;
		}
		if (!set(globals, option, optarg))
			return GLOBALS_WRONG;
	}
	return GLOBALS_COMMAND;
}

/* The option that a word is, 0: none of ours. *value: what follows its "=" or its letter. */
static int option_of(const struct cmd *cmd, const char *word, const char **value)
{
	*value = NULL;
	if (!cmd->own_c && str_starts(word, "-c")) {
		*value = word[2] ? word + 2 : NULL;
		return 'c';
	}
	for (size_t i = 0; options[i].name; i++) {
		size_t len = strlen(options[i].name);

		if (options[i].has_arg != required_argument || !str_starts(word, "--") ||
		    strncmp(word + 2, options[i].name, len) != 0)
			continue;
		if (word[2 + len] == '=')
			*value = word + 2 + len + 1;
		if (*value || !word[2 + len])
			return options[i].val;
	}
	return 0;
}

bool globals_take(struct globals *globals, const struct cmd *cmd, int *argc, char **argv)
{
	int kept = 1, at = 1;

	for (; at < *argc && strcmp(argv[at], "--") != 0; at++) {
		const char *value, *word = argv[at];
		int option = option_of(cmd, word, &value);

		if (!option) {
			argv[kept++] = argv[at];
			continue;
		}
		if (!value && at + 1 < *argc)
			value = argv[++at];
		if (!value) {
			cmd_wrong_use(cmd, "%s needs a value", word);
			return false;
		}
		if (!set(globals, option, value))
			return false;
	}
	while (at < *argc)
		argv[kept++] = argv[at++];
	argv[kept] = NULL;
	*argc = kept;
	return true;
}
