/*
 * expiryctl: everything a person or a script does. Finds the command in its table; becomes a prober
 * or a reader when it was started again as one.
 */
#include "lib/base/sys.h"

#include "cli/columns.h"
#include "cli/globals.h"
#include "config/node.h"
#include "lib/base/str.h"
#include "lib/loop/loop.h"
#include "lib/tls/session.h"
#include "lib/wire/role.h"
#include "probes/prober.h"
#include "stores/store.h"

#include <getopt.h>
#include <signal.h>

extern const struct cmd cmd_ack, cmd_alerts, cmd_check_config, cmd_events, cmd_explain, cmd_inspect,
	cmd_instances, cmd_list, cmd_notifier, cmd_notifiers, cmd_pem, cmd_probe, cmd_recheck,
	cmd_reload, cmd_show, cmd_status, cmd_store, cmd_unack;

/* By name. */
static const struct cmd *const cmds[] = {
	&cmd_ack,	&cmd_alerts, &cmd_check_config, &cmd_events,	&cmd_explain, &cmd_inspect,
	&cmd_instances, &cmd_list,   &cmd_notifier,	&cmd_notifiers, &cmd_pem,     &cmd_probe,
	&cmd_recheck,	&cmd_reload, &cmd_show,		&cmd_status,	&cmd_store,   &cmd_unack,
};

static void print_usage(FILE *out)
{
	fputs("Usage: expiryctl [--socket PATH | -c FILE | --url URL --token-file FILE] [--color "
	      "WHEN]\n"
	      "                 COMMAND [options] [arguments]\n\nCommands:\n",
	      out);
	for (size_t i = 0; i < ARRAY_LEN(cmds); i++)
		fprintf(out, "  %-14s %s\n", cmds[i]->name, cmds[i]->what);
	fputs("  help           this text, or that of a COMMAND; help columns [THING] names "
	      "columns\n"
	      "  version        versions of expiryctl and its libraries\n"
	      "\nexpiryctl COMMAND --help says more. Exit status: 0 answered, all well; 1 "
	      "something "
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

static int run_found(const struct cmd *cmd, struct globals *globals, int argc, char **argv)
{
	for (int n = 1; n < argc && strcmp(argv[n], "--") != 0; n++)
		if (str_eq(argv[n], "--help") || str_eq(argv[n], "-h")) {
			fputs(cmd->usage, stdout);
			return EXIT_WELL;
		}
	if (!globals_take(globals, cmd, &argc, argv))
		return EXIT_WRONG;
	optind = 0; /* glibc: begin anew with this vector */
	return cmd->run(globals, argc, argv);
}

static int run_command(struct globals *globals, int argc, char **argv)
{
	const char *near;

	for (size_t i = 0; i < ARRAY_LEN(cmds); i++)
		if (str_eq(cmds[i]->name, argv[0]))
			return run_found(cmds[i], globals, argc, argv);
	near = str_nearest(argv[0], cmd_next, NULL);
	if (near)
		return cmd_wrong("there is no command %s; did you mean %s?", argv[0], near);
	return cmd_wrong("there is no command %s\nTry: expiryctl --help", argv[0]);
}

static int help_columns(int argc, char **argv)
{
	const struct listing *listing = columns_of(argc > 0 ? argv[0] : "targets");

	if (argc > 1)
		return cmd_wrong("unexpected argument %s", argv[1]);
	if (!listing)
		return cmd_wrong("there are columns of alerts, events, instances, notifiers and "
				 "targets, not of %s",
				 argv[0]);
	columns_print(listing);
	return EXIT_WELL;
}

static int run_help(struct globals *globals, int argc, char **argv)
{
	char *words[] = {argc > 1 ? argv[1] : NULL, (char[]){"--help"}, NULL};

	if (argc == 1 || str_eq(argv[1], "--help") || str_eq(argv[1], "-h")) {
		print_usage(stdout);
		return EXIT_WELL;
	}
	if (str_eq(argv[1], "columns"))
		return help_columns(argc - 2, argv + 2);
	if (argc > 2)
		return cmd_wrong("unexpected argument %s", argv[2]);
	return run_command(globals, 2, words);
}

int main(int argc, char **argv)
{
	const char *role = role_wanted(argc, argv);
	struct globals globals = {0};
	enum globals_found found;

	if (role)
		return str_eq(role, "prober")	? prober_main()
		       : str_eq(role, "reader") ? reader_main()
						: cmd_wrong("there is no role %s", role);
	/* A reader that has seen enough (head) ends us quietly. */
	signal(SIGPIPE, SIG_DFL);
	found = globals_read(&globals, argc, argv);
	if (found == GLOBALS_WRONG)
		return EXIT_WRONG;
	if (found == GLOBALS_VERSION || (optind < argc && str_eq(argv[optind], "version")))
		return print_version();
	if (found == GLOBALS_HELP) {
		print_usage(stdout);
		return EXIT_WELL;
	}
	if (optind >= argc) {
		print_usage(stderr);
		return EXIT_WRONG;
	}
	if (str_eq(argv[optind], "help"))
		return run_help(&globals, argc - optind, argv + optind);
	return run_command(&globals, argc - optind, argv + optind);
}
