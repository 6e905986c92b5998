/*
 * expiryd: reads its arguments, becomes the role it was started as, or the keeper. The keeper is
 * started and stopped as one list and its mirror; signals are the only other thing here.
 */
#include "lib/base/sys.h"

#include "config/config.h"
#include "config/node.h"
#include "daemon/keeper/keeper.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/tls/session.h"
#include "lib/wire/role.h"
#include "probes/prober.h"
#include "stores/store.h"

#include <getopt.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_AWAY 3

struct daemon {
	struct loop *loop;
	struct keeper *keeper;
	struct loop_signal *signals[5];
	bool leaving;
	int status;
};

static const char usage[] =
	"Usage: expiryd [-c FILE] [-v] [-n]\n"
	"Watches certificates and tells before they end. Runs in the foreground.\n"
	"\n"
	"  -c, --config FILE    configuration (default: " EXPIRYD_SYSCONFDIR
	"/expiryd/expiryd.yaml)\n"
	"  -n, --check-config   check the configuration, print all faults, start nothing\n"
	"  -v, --verbose        log everything there is\n"
	"      --version        versions of expiryd and its libraries\n"
	"  -h, --help           this text\n"
	"\n"
	"Signals: HUP reads the configuration again, TERM finishes what is in flight and leaves\n"
	"(a second one leaves at once), USR1 writes the state to the log.\n"
	"Exit status: 0 left in good order, 2 wrong call or configuration, 3 store or listener\n"
	"not to be had.\n";

static void print_version(void)
{
	printf("expiryd %s\n", PACKAGE_VERSION);
	session_versions(stdout);
	loop_versions(stdout);
	printf("libyaml %s\n", yaml_version());
	stores_versions(stdout);
}

struct arguments {
	const char *config;
	bool check;
	int verbose;
};

/* True when the program goes on; else *status is what it leaves with. */
static bool read_arguments(int argc, char **argv, struct arguments *out, int *status)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 'n'},
		{"verbose", no_argument, NULL, 'v'},	  {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
	};
	int option;

	*out = (struct arguments){.config = EXPIRYD_SYSCONFDIR "/expiryd/expiryd.yaml"};
	*status = EXIT_USAGE;
	while ((option = getopt_long(argc, argv, "c:nvh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			out->config = optarg;
			break;
		case 'n':
			out->check = true;
			break;
		case 'v':
			out->verbose++;
			break;
		case 'V':
			*status = 0;
			print_version();
			return false;
		case 'h':
			*status = 0;
			fputs(usage, stdout);
			return false;
		default:
			fputs("Try: expiryd --help\n", stderr);
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "expiryd: unexpected argument: %s\nTry: expiryd --help\n",
			argv[optind]);
		return false;
	}
	return true;
}

static enum log_format log_format_of(const char *format)
{
	if (str_eq(format, "json"))
		return LOG_FORMAT_JSON;
	if (str_eq(format, "journal"))
		return LOG_FORMAT_JOURNAL;
	if (str_eq(format, "logfmt"))
		return LOG_FORMAT_LOGFMT;
	/* auto: systemd names the stream it gave us; anything else is a person or a pipe. */
	return getenv("JOURNAL_STREAM") && !isatty(STDERR_FILENO) ? LOG_FORMAT_JOURNAL
								  : LOG_FORMAT_LOGFMT;
}

static void on_left(void *arg)
{
	struct daemon *daemon = arg;

	loop_stop(daemon->loop);
}

static void on_reload(struct daemon *daemon)
{
	char *text = NULL;

	if (keeper_reload(daemon->keeper, &text))
		for (char *line = text, *end; *line; line = end) {
			end = line + strcspn(line, "\n");
			if (*end)
				*end++ = '\0';
			log_info("configuration changed", "key", line, NULL);
		}
	mem_free(text);
}

static void on_signal(void *arg, int signo)
{
	struct daemon *daemon = arg;

	switch (signo) {
	case SIGHUP:
		if (!daemon->leaving)
			on_reload(daemon);
		break;
	case SIGUSR1:
		keeper_dump(daemon->keeper);
		break;
	default:
		if (daemon->leaving) {
			log_warn("leaving at once", NULL);
			loop_stop(daemon->loop);
			break;
		}
		log_info("leaving: what is in flight is finished first", NULL);
		daemon->leaving = true;
		keeper_drain(daemon->keeper, on_left, daemon);
		break;
	}
}

static int run(struct config *config)
{
	static const int signos[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1};
	struct daemon daemon = {.loop = loop_new()};
	struct keeper_options options = {0};
	struct err err = {0};

	daemon.keeper = keeper_new(daemon.loop, config, &options, &err);
	if (!daemon.keeper) {
		fprintf(stderr, "expiryd: %s\n", err.text);
		config_free(config);
		loop_free(daemon.loop);
		return EXIT_AWAY;
	}
	for (size_t i = 0; i < ARRAY_LEN(signos); i++)
		daemon.signals[i] = loop_signal_new(daemon.loop, signos[i], on_signal, &daemon);
	loop_run(daemon.loop);
	for (size_t i = 0; i < ARRAY_LEN(signos); i++)
		loop_signal_free(daemon.signals[i]);
	keeper_free(daemon.keeper);
	loop_free(daemon.loop);
	log_info("left", NULL);
	return 0;
}

/* Secrets in memory must reach neither a core file nor a debugger of the same user. */
static void protect(void)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
}

static int role_main(const char *role)
{
	if (strcmp(role, "prober") == 0)
		return prober_main();
	if (strcmp(role, "reader") == 0)
		return reader_main();
	fprintf(stderr, "expiryd: there is no role %s\n", role);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	struct faults faults = {0};
	struct config *config;
	const char *role = role_wanted(argc, argv);
	char *text;
	int status;

	if (role)
		return role_main(role);
	if (!read_arguments(argc, argv, &arguments, &status))
		return status;
	protect();
	config = config_load(arguments.config, &faults);
	text = faults_text(&faults);
	fputs(text, stderr);
	mem_free(text);
	faults_finish(&faults);
	if (!config)
		return EXIT_USAGE;
	if (arguments.check) {
		printf("%s: the configuration is good\n", config->file);
		config_free(config);
		return 0;
	}
	log_setup(arguments.verbose > 0 && config->log.level < LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG
									       : config->log.level,
		  log_format_of(config->log.format), NULL);
	return run(config);
}
