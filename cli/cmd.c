/*
 * What every command may need before it does anything: how a wrong call is told, the words of
 * --format, and whether colour is wanted.
 */
#include "lib/base/sys.h"

#include "cli/cmd.h"

#include "lib/base/str.h"

#include <stdarg.h>
#include <unistd.h>

int cmd_wrong(const char *fmt, ...)
{
	va_list args;

	fputs("expiryctl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_WRONG;
}

int cmd_wrong_use(const struct cmd *cmd, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "expiryctl %s: ", cmd->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nTry: expiryctl %s --help\n", cmd->name);
	return EXIT_WRONG;
}

static const char *format_next(const void *arg, size_t i)
{
	static const char *const formats[] = {"table", "json", "ndjson", "csv", NULL};

	(void)arg;
	return formats[i];
}

bool format_parse(const char *text, enum format *out)
{
	const char *near = str_nearest(text, format_next, NULL);

	for (size_t i = 0; format_next(NULL, i); i++)
		if (str_eq(text, format_next(NULL, i))) {
			*out = (enum format)i;
			return true;
		}
	cmd_wrong("there is no format %s%s%s; there are table, json, ndjson and csv", text,
		  near ? ", did you mean " : "", near ? near : "");
	return false;
}

bool color_wanted(const struct globals *globals, FILE *stream)
{
	const char *none = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
	const char *term = getenv("TERM");

	if (globals->color != COLOR_AUTO)
		return globals->color == COLOR_ALWAYS;
	if (none && *none)
		return false;
	if (force && *force && strcmp(force, "0") != 0)
		return true;
	return isatty(fileno(stream)) && !str_eq(term, "dumb");
}
