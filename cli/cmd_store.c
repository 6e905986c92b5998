/*
 * expiryctl store check: is a store whole? Offline; the daemon need not run.
 */
#include "cli/cmd.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/base/text.h"
#include "stores/store.h"

#include <getopt.h>

const struct cmd cmd_store;

static void tell(void *arg, const char *line)
{
	struct buf *text = arg;

	buf_reset(text);
	text_line(text, line, strlen(line));
	puts(buf_text(text));
}

/* A wrong URL, another program's file and a damaged store are all ERR_INVALID; the stores say
 * "damaged" of the last alone. */
static int status_of(const struct err *err)
{
	return err->class == ERR_INVALID && strstr(err->text, "damaged") ? EXIT_FAILED
									 : EXIT_UNKNOWN;
}

static int run(const struct globals *globals UNUSED, int argc, char **argv)
{
	static const struct option options[] = {{NULL, 0, NULL, 0}};
	struct err err = {0};
	struct buf text;
	bool whole;

	if (getopt_long(argc, argv, "", options, NULL) != -1)
		return cmd_wrong_use(&cmd_store, "the call is wrong");
	if (argc - optind != 2 || !str_eq(argv[optind], "check"))
		return cmd_wrong_use(&cmd_store, "what it takes is: check URL");
	if (!strchr(argv[optind + 1], ':'))
		return cmd_wrong_use(&cmd_store,
				     "%s is no URL of a store, such as sqlite:///var/lib/x.db",
				     argv[optind + 1]);
	buf_init(&text, 65536);
	whole = store_check(argv[optind + 1], tell, &text, &err);
	buf_finish(&text);
	if (whole)
		return EXIT_WELL;
	cmd_wrong("%s", err.text);
	return status_of(&err);
}

const struct cmd cmd_store = {
	.name = "store",
	.what = "check URL: is a store whole?",
	.usage = "Usage: expiryctl store check URL\n"
		 "Reads a whole store and says what is in it and what is damaged. It may be in "
		 "use.\n"
		 "Status 0 whole, 1 damaged, 3 cannot be opened.\n"
		 "\nExamples:\n"
		 "  expiryctl store check sqlite:///var/lib/expiryd/expiryd.db\n",
	.run = run,
};
