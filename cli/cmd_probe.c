/*
 * expiryctl probe: looks now, without a daemon.
 */
#include "cli/cmd.h"
#include "cli/nagios.h"
#include "cli/probe_print.h"
#include "cli/probing.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#include <getopt.h>
#include <signal.h>
#include <unistd.h>

enum fail_on { FAIL_ON_CRITICAL, FAIL_ON_WARNING, FAIL_ON_NEVER };

struct probe_call {
	struct probing_options options;
	enum format format;
	enum fail_on fail_on;
	bool nagios;
	struct nagios nagios_state;
	struct probe_printer printer;
	bool failed;
};

static const char usage[] =
	"Usage: expiryctl probe [options] TARGET...\n"
	"Looks at targets now, without a daemon, and prints what each address serves.\n"
	"TARGET: HOST, HOST:PORT, [V6]:PORT, NAME:PORT@ADDRESS, https://HOST, or a certificate "
	"file.\n"
	"\n"
	"  -i FILE              targets from a file, one a line; - is standard input\n"
	"      --sni NAME       name to send and to look for in the certificate\n"
	"      --connect ADDR   connect to ADDR instead of the name's addresses\n"
	"      --all-addresses  every address of a name; else the first that answers\n"
	"      --family F       auto (leaves out one without a route), any, 4 or 6\n"
	"      --concurrency N  looks at once (default 128)\n"
	"      --rate N/s       new looks a second\n"
	"      --timeout T      for one target, such as 10s (default)\n"
	"      --roots FILE     trust anchors in PEM (default: the system's)\n"
	"      --no-verify      do not judge trust\n"
	"      --resolver LIST  name servers, ADDRESS or ADDRESS@PORT (default: the system's)\n"
	"      --format F       table, json (one array), ndjson (one a line, as each ends), csv\n"
	"      --progress       counts on standard error\n"
	"      --fail-on S      status 1 on critical (default) or warning findings, or never\n"
	"      --nagios         one line and a status of 0 to 3, for Nagios and its kin\n"
	"  -w DAYS  -c DAYS     with --nagios: warning and critical (default 30 and 14)\n"
	"\n"
	"Examples:\n"
	"  expiryctl probe www.example.com mail.example.com:8443\n"
	"  expiryctl probe --connect 192.0.2.7 www.example.com\n"
	"  expiryctl probe -i hosts.txt --format ndjson\n";

const struct cmd cmd_probe;

static bool read_rate(const char *text, int64_t *out)
{
	char digits[32];
	size_t len = strlen(text);

	if (str_ends(text, "/s"))
		len -= 2;
	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return str_to_i64(digits, 1, 1000000, out);
}

static bool read_fail_on(const char *text, enum fail_on *out)
{
	*out = str_eq(text, "warning") ? FAIL_ON_WARNING
	       : str_eq(text, "never") ? FAIL_ON_NEVER
				       : FAIL_ON_CRITICAL;
	return *out != FAIL_ON_CRITICAL || str_eq(text, "critical");
}

enum long_option {
	OPT_SNI = 256,
	OPT_CONNECT,
	OPT_ALL,
	OPT_FAMILY,
	OPT_CONCURRENCY,
	OPT_RATE,
	OPT_TIMEOUT,
	OPT_ROOTS,
	OPT_NO_VERIFY,
	OPT_RESOLVER,
	OPT_FORMAT,
	OPT_PROGRESS,
	OPT_FAIL_ON,
	OPT_NAGIOS
};

static const struct option options[] = {
	{"sni", required_argument, NULL, OPT_SNI},
	{"connect", required_argument, NULL, OPT_CONNECT},
	{"all-addresses", no_argument, NULL, OPT_ALL},
	{"family", required_argument, NULL, OPT_FAMILY},
	{"concurrency", required_argument, NULL, OPT_CONCURRENCY},
	{"rate", required_argument, NULL, OPT_RATE},
	{"timeout", required_argument, NULL, OPT_TIMEOUT},
	{"roots", required_argument, NULL, OPT_ROOTS},
	{"no-verify", no_argument, NULL, OPT_NO_VERIFY},
	{"resolver", required_argument, NULL, OPT_RESOLVER},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"progress", no_argument, NULL, OPT_PROGRESS},
	{"fail-on", required_argument, NULL, OPT_FAIL_ON},
	{"nagios", no_argument, NULL, OPT_NAGIOS},
	{NULL, 0, NULL, 0},
};

/* Options that take a checked value; false when the text is not one. */
static bool read_value(struct probe_call *call, int option, const char *text)
{
	struct probing_options *to = &call->options;

	switch (option) {
	case OPT_FAMILY:
		return family_parse(text, &to->family);
	case OPT_CONCURRENCY:
		return str_to_i64(text, 1, 20000, &to->concurrency);
	case OPT_RATE:
		return read_rate(text, &to->rate);
	case OPT_TIMEOUT:
		return str_to_duration_ms(text, &to->timeout_ms) && to->timeout_ms >= 100 &&
		       to->timeout_ms <= 5 * MS_MINUTE;
	case OPT_FAIL_ON:
		return read_fail_on(text, &call->fail_on);
	case 'w':
		return str_to_i64(text, 0, 100000, &call->nagios_state.warning_days);
	default: /* 'c' */
		return str_to_i64(text, 0, 100000, &call->nagios_state.critical_days);
	}
}

static bool read_option(struct probe_call *call, int option, const char *text)
{
	struct probing_options *to = &call->options;

	switch (option) {
	case 'i':
		to->input = text;
		return true;
	case OPT_SNI:
		to->sni = text;
		return true;
	case OPT_CONNECT:
		to->connect = text;
		return true;
	case OPT_ALL:
		to->all_addresses = true;
		return true;
	case OPT_ROOTS:
		to->roots = text;
		return true;
	case OPT_NO_VERIFY:
		to->no_verify = true;
		return true;
	case OPT_RESOLVER:
		to->resolver = text;
		return true;
	case OPT_PROGRESS:
		to->progress = isatty(STDERR_FILENO);
		return true;
	case OPT_NAGIOS:
		call->nagios = true;
		return true;
	case OPT_FORMAT:
		return format_parse(text, &call->format);
	default:
		return read_value(call, option, text);
	}
}

static int read_call(struct probe_call *call, int argc, char **argv)
{
	int option;

	call->options.concurrency = 128;
	call->options.timeout_ms = 10 * MS_SECOND;
	call->options.roots = "system";
	call->nagios_state.warning_days = 30;
	call->nagios_state.critical_days = 14;
	while ((option = getopt_long(argc, argv, "i:w:c:", options, NULL)) != -1) {
		if (option == '?')
			return cmd_wrong_use(&cmd_probe, "the call is wrong");
		if (!read_option(call, option, optarg)) {
			if (option == OPT_FORMAT)
				return EXIT_WRONG;
			return cmd_wrong_use(&cmd_probe,
					     "%s: what it says is not one of its values", optarg);
		}
	}
	call->options.targets = argv + optind;
	call->options.targets_len = (size_t)(argc - optind);
	if (call->options.targets_len == 0 && !call->options.input)
		return cmd_wrong_use(&cmd_probe, "no target was given");
	return EXIT_WELL;
}

static bool concerns(const struct finding *finding, const struct endpoint *endpoint)
{
	if (finding->places_len == 0 || !endpoint->address[0])
		return true;
	for (size_t i = 0; i < finding->places_len; i++)
		if (str_eq(finding->places[i], endpoint->address))
			return true;
	return false;
}

static void on_result(void *arg, const struct probing_result *result)
{
	struct probe_call *call = arg;
	enum severity limit = call->fail_on == FAIL_ON_WARNING ? SEVERITY_WARNING
							       : SEVERITY_CRITICAL;

	if (result->endpoint->outcome != OUTCOME_OK)
		call->failed = true;
	for (size_t i = 0; i < result->findings->len; i++)
		if (result->findings->list[i].severity >= limit &&
		    concerns(&result->findings->list[i], result->endpoint))
			call->failed = true;
	if (call->nagios)
		nagios_add(&call->nagios_state, result);
	else
		probe_print(&call->printer, result);
}

static void on_bad(void *arg, const char *where, const char *why)
{
	(void)arg;
	if (where)
		cmd_wrong("%s: %s", where, why);
	else
		cmd_wrong("%s", why);
}

/* As one who was interrupted, for the shell that waits. */
static int end_by(int signo)
{
	fflush(stdout);
	signal(signo, SIG_DFL);
	raise(signo);
	return EXIT_UNKNOWN;
}

static int run(const struct globals *globals, int argc, char **argv)
{
	struct probe_call call = {0};
	struct probing_totals totals = {0};
	struct err err = {0};
	int status = read_call(&call, argc, argv);

	if (status != EXIT_WELL)
		return status;
	log_setup(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT, NULL);
	if (!call.nagios)
		probe_print_start(&call.printer, call.format, color_wanted(globals, stdout));
	if (!probing_run(&call.options, on_result, on_bad, &call, &totals, &err)) {
		if (call.nagios)
			return nagios_unknown(err.text);
		probe_print_end(&call.printer);
		return cmd_wrong("%s", err.text);
	}
	if (totals.signal) {
		if (!call.nagios)
			probe_print_end(&call.printer);
		return end_by(totals.signal);
	}
	if (call.nagios)
		return nagios_finish(&call.nagios_state, totals.bad > 0);
	probe_print_end(&call.printer);
	if (totals.families_skipped > 0 && call.format == FORMAT_TABLE)
		fprintf(stderr,
			"%lld addresses were left out: no route of their family from here\n",
			(long long)totals.families_skipped);
	if (totals.bad > 0)
		return EXIT_WRONG;
	return call.failed && call.fail_on != FAIL_ON_NEVER ? EXIT_FAILED : EXIT_WELL;
}

const struct cmd cmd_probe = {
	.name = "probe",
	.what = "look at targets now, without a daemon",
	.usage = usage,
	.own_c = true,
	.run = run,
};
