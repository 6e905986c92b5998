/*
 * expiryctl check-config: all that is wrong with a configuration, without a daemon.
 */
#include "cli/cmd.h"
#include "config/config.h"
#include "lib/base/mem.h"

#include <getopt.h>

const struct cmd cmd_check_config;

static int run(const struct globals *globals, int argc, char **argv)
{
	static const struct option options[] = {{NULL, 0, NULL, 0}};
	const char *file = globals->config ? globals->config
					   : EXPIRYD_SYSCONFDIR "/expiryd/expiryd.yaml";
	struct faults faults = {0};
	struct config *config;
	char *text;
	int status;

	if (getopt_long(argc, argv, "", options, NULL) != -1)
		return cmd_wrong_use(&cmd_check_config, "the call is wrong");
	if (argc - optind > 1)
		return cmd_wrong_use(&cmd_check_config, "unexpected argument %s", argv[optind + 1]);
	if (optind < argc)
		file = argv[optind];
	config = config_load(file, &faults);
	text = faults_text(&faults);
	fputs(text, stderr);
	if (config)
		printf("%s: %zu targets, %zu notifiers, no fault\n", file, config->targets_len,
		       config->notifiers_len);
	status = config ? EXIT_WELL : EXIT_WRONG;
	mem_free(text);
	faults_finish(&faults);
	config_free(config);
	return status;
}

const struct cmd cmd_check_config = {
	.name = "check-config",
	.what = "all that is wrong with a configuration file",
	.usage = "Usage: expiryctl check-config [FILE]\n"
		 "Reads a configuration (default: that of -c, or the daemon's own) as the daemon "
		 "would, "
		 "and\nprints every fault with file, line and column. Status 2 when there is one.\n"
		 "\nExamples:\n"
		 "  expiryctl check-config /etc/expiryd/expiryd.yaml\n",
	.run = run,
};
