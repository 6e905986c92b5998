/*
 * expiryctl: everything a person or a script does. Finds the command in its table; becomes a prober
 * or a reader when it was started again as one.
 */
#include "lib/base/sys.h"

#include "cli/cmd.h"
#include "config/node.h"
#include "lib/base/str.h"
#include "lib/loop/loop.h"
#include "lib/tls/session.h"
#include "lib/wire/role.h"
#include "probes/prober.h"
#include "stores/store.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

extern const struct cmd cmd_probe;

/* By name. */
static const struct cmd *const cmds[] = {
	&cmd_probe,
};

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

static void print_usage(FILE *out)
{
	fputs("Usage: expiryctl [--socket PATH | -c FILE | --url URL --token-file FILE] [--color WHEN]\n"
	      "                 COMMAND [options] [arguments]\n\nCommands:\n",
	      out);
	for (size_t i = 0; i < ARRAY_LEN(cmds); i++)
		fprintf(out, "  %-14s %s\n", cmds[i]->name, cmds[i]->what);
	fputs("  version        versions of expiryctl and its libraries\n"
	      "\nexpiryctl COMMAND --help says more. Exit status: 0 answered, all well; 1 something "
	      "asked\nabout failed; 2 the call or the configuration is wrong; 3 the daemon or the "
	      "store could\nnot be asked.\n",
	      out);
}

static int print_version(void)
{
	printf("expiryctl %s\n", PACKAGE_VERSION);
	session_versions(stdout);
	loop_versions(stdout);
	printf("libyaml %s\n", yaml_version());
	stores_versions(stdout);
	return EXIT_WELL;
}

static const char *cmd_next(const void *arg, size_t i)
{
	(void)arg;
	return i < ARRAY_LEN(cmds) ? cmds[i]->name : NULL;
}

static int run_command(const struct globals *globals, int argc, char **argv)
{
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(cmds); i++)
		if (str_eq(cmds[i]->name, argv[0])) {
			for (int n = 1; n < argc && strcmp(argv[n], "--") != 0; n++)
				if (str_eq(argv[n], "--help") || str_eq(argv[n], "-h")) {
					fputs(cmds[i]->usage, stdout);
					return EXIT_WELL;
				}
			optind = 0; /* glibc: begin anew with this vector */
			return cmds[i]->run(globals, argc, argv);
		}
	near = str_nearest(argv[0], cmd_next, NULL);
	if (near)
		return cmd_wrong("there is no command %s; did you mean %s?", argv[0], near);
	return cmd_wrong("there is no command %s\nTry: expiryctl --help", argv[0]);
}

static bool read_color(const char *text, struct globals *globals)
{
	if (str_eq(text, "auto"))
		globals->color = COLOR_AUTO;
	else if (str_eq(text, "always"))
		globals->color = COLOR_ALWAYS;
	else if (str_eq(text, "never"))
		globals->color = COLOR_NEVER;
	else
		return cmd_wrong("--color is auto, always or never, not %s", text) == EXIT_WELL;
	return true;
}

/* -1: go on with the command at optind. */
static int read_globals(int argc, char **argv, struct globals *globals)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'}, {"config", required_argument, NULL, 'c'},
		{"url", required_argument, NULL, 'u'},	  {"token-file", required_argument, NULL, 't'},
		{"color", required_argument, NULL, 'C'},  {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "+s:c:h", options, NULL)) != -1) {
		switch (option) {
		case 's':
			globals->socket = optarg;
			break;
		case 'c':
			globals->config = optarg;
			break;
		case 'u':
			globals->url = optarg;
			break;
		case 't':
			globals->token_file = optarg;
			break;
		case 'C':
			if (!read_color(optarg, globals))
				return EXIT_WRONG;
			break;
		case 'V':
			return print_version();
		case 'h':
			print_usage(stdout);
			return EXIT_WELL;
		default:
			fputs("Try: expiryctl --help\n", stderr);
			return EXIT_WRONG;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	const char *role = role_wanted(argc, argv);
	struct globals globals = {0};
	int status;

	if (role)
		return str_eq(role, "prober")	? prober_main()
		       : str_eq(role, "reader") ? reader_main()
						: cmd_wrong("there is no role %s", role);
	status = read_globals(argc, argv, &globals);
	if (status >= 0)
		return status;
	if (optind >= argc) {
		print_usage(stderr);
		return EXIT_WRONG;
	}
	/* A reader that has seen enough (head) ends us quietly. */
	signal(SIGPIPE, SIG_DFL);
	if (str_eq(argv[optind], "version"))
		return print_version();
	if (str_eq(argv[optind], "help")) {
		if (argc - optind == 1) {
			print_usage(stdout);
			return EXIT_WELL;
		}
		argv[argc - 2] = argv[argc - 1];
		argv[argc - 1] = (char[]){"--help"};
		return run_command(&globals, 2, argv + argc - 2);
	}
	return run_command(&globals, argc - optind, argv + optind);
}
