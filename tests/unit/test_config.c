/*
 * Configurations of every kind, good and bad: what is read, and every fault with its place.
 */
#include "lib/base/sys.h"

#include "config/config.h"
#include "lib/base/str.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char folder[128];

static char *place(const char *name)
{
	return str_printf("%s/%s", folder, name);
}

static void write_file(const char *name, const char *text, int mode)
{
	char *path = place(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	mem_free(path);
}

static void remove_file(const char *name)
{
	char *path = place(name);

	unlink(path);
	mem_free(path);
}

/* Loads text; *said: all faults with the folder cut off. */
static struct config *load_mode(const char *text, int mode, char **said)
{
	struct faults faults = {0};
	char *path = place("expiryd.yaml"), *at, *all;
	struct config *config;

	write_file("expiryd.yaml", text, mode);
	config = config_load(path, &faults);
	all = faults_text(&faults);
	while ((at = strstr(all, folder)) != NULL)
		memmove(at, at + strlen(folder) + 1, strlen(at + strlen(folder) + 1) + 1);
	*said = all;
	faults_finish(&faults);
	mem_free(path);
	return config;
}

static struct config *load(const char *text, char **said)
{
	return load_mode(text, 0600, said);
}

static struct config *load_good(const char *text)
{
	char *said;
	struct config *config = load(text, &said);

	assert_string_equal(said, "");
	assert_non_null(config);
	mem_free(said);
	return config;
}

static void refuses(const char *text, const char *expected)
{
	char *said;
	struct config *config = load(text, &said);

	assert_null(config);
	assert_string_equal(said, expected);
	mem_free(said);
}

static void defaults_hold(void **state)
{
	struct config *config = load_good("");

	(void)state;
	assert_string_equal(config->site, "default");
	assert_int_equal(config->policy.refresh_min_ms, 24 * MS_HOUR);
	assert_int_equal(config->policy.refresh_max_ms, 48 * MS_HOUR);
	assert_int_equal(config->policy.retry_attempts, 5);
	assert_int_equal(config->policy.thresholds_len, 3);
	assert_int_equal(config->probe.concurrency, 512);
	assert_int_equal(config->probe.rate, 500);
	assert_string_equal(config->probe.roots, "system");
	assert_int_equal(config->group_wait_ms, 30 * MS_SECOND);
	assert_int_equal(config->log.level, LOG_LEVEL_INFO);
	assert_int_equal(config->instance.zones_len, 1);
	config_free(config);
}

static void targets_are_read(void **state)
{
	struct config *config = load_good(
		"instance: {name: here}\n"
		"probe: {timeout: 5s}\n"
		"targets:\n"
		"  - WWW.Example.org\n"
		"  - {host: mail.example.org, port: 8443, owner: ops, tags: {env: prod, a: b},\n"
		"     timeout: 20s, expiry: [30d, {at: 7d, severity: critical}],\n"
		"     severity: {self_signed: off}, unreachable: any}\n"
		"  - {host: 'www.example.org', connect: 192.0.2.9}\n"
		"  - {host: '2001:db8::1', port: 444}\n"
		"  - /etc/ssl/x.pem\n"
		"  - /etc/ssl/site/*.pem\n"
		"  - www.example.org:443\n"); /* folded with the first */
	const struct target *target;

	(void)state;
	assert_int_equal(config->targets_len, 6);
	assert_string_equal(config->targets[0].target.text, "www.example.org:443");
	assert_int_equal(config->targets[0].target.policy.timeout_ms, 5000);
	target = &config->targets[1].target;
	assert_string_equal(target->text, "mail.example.org:8443");
	assert_string_equal(target->owner, "ops");
	assert_string_equal(target->tags[0].key, "a");
	assert_int_equal(target->policy.timeout_ms, 20000);
	assert_int_equal(target->policy.thresholds_len, 2);
	assert_int_equal(target->policy.thresholds[1].severity, SEVERITY_CRITICAL);
	assert_int_equal(target->policy.severities[FINDING_SELF_SIGNED], SEVERITY_OFF);
	assert_true(target->policy.unreachable_any);
	assert_string_equal(config->targets[2].target.text, "www.example.org:443@192.0.2.9");
	assert_string_equal(config->targets[3].target.text, "[2001:db8::1]:444");
	assert_string_equal(config->targets[4].target.text, "file://here/etc/ssl/x.pem");
	assert_true(config->targets[5].glob);
	assert_string_equal(config->targets[5].pattern, "/etc/ssl/site/*.pem");
	config_free(config);
}

static void all_faults_at_once(void **state)
{
	(void)state;
	refuses("sit: default\n"
		"probe:\n"
		"  timeout: 10\n"
		"  concurency: 5\n"
		"  refresh: 48h..24h\n"
		"alerts: {expiry: [\"5/4\"], repeat: 1s}\n"
		"targets:\n"
		"  - foo..bar\n"
		"  - {port: 443}\n"
		"  - {host: a.example, port: 70000}\n"
		"log: {level: inof}\n",
		"expiryd.yaml:1:1: unknown key sit; did you mean site?\n"
		"expiryd.yaml:3:12: probe.timeout must be a time such as 90s, 15m, 24h, 30d or "
		"2w, not "
		"10\n"
		"expiryd.yaml:4:3: unknown key probe.concurency; did you mean concurrency?\n"
		"expiryd.yaml:5:12: probe.refresh: the band 48h..24h ends before it begins\n"
		"expiryd.yaml:6:19: '5/4' is no part of a lifetime: two whole numbers up to "
		"10000, the first not above the second\n"
		"expiryd.yaml:6:35: alerts.repeat must lie between 10 min and 30 days, not 1s\n"
		"expiryd.yaml:8:5: 'foo..bar' has an empty label between dots\n"
		"expiryd.yaml:9:5: a target needs either host or file\n"
		"expiryd.yaml:10:29: port must be from 1 to 65535, not 70000\n"
		"expiryd.yaml:11:14: log.level: there is no inof; did you mean info?\n");
}

static void yaml_faults_have_places(void **state)
{
	(void)state;
	refuses("targets: [a\n",
		"expiryd.yaml:2:1: did not find expected ',' or ']', while parsing a "
		"flow sequence\n");
	refuses("site: a\nsite: b\n",
		"expiryd.yaml:2:1: the key site stands twice; first in line 1\n");
	refuses("a: &x [1]\nb: *x\n",
		"expiryd.yaml:1:4: anchors and aliases are not supported: write it out\n");
	refuses("- a\n", "expiryd.yaml:1:1: a configuration is a map of keys such as targets:\n");
	refuses("site: a\n---\nsite: b\n", "expiryd.yaml:3:1: only one document a file is read\n");
	refuses("site: [[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]\n",
		"expiryd.yaml:1:22: values are nested too deeply\n");
}

static void what_a_fault_quotes_is_harmless(void **state)
{
	char *said;
	struct config *config = load("site: \"a\\e[31mb\\nc\"\n", &said);

	(void)state;
	assert_null(config);
	assert_null(strchr(said, '\033'));
	assert_int_equal(strchr(said, '\n') - said, (long)strlen(said) - 1);
	mem_free(said);
}

static void secrets_come_from_where_they_are_safe(void **state)
{
	struct config *config;
	char *said;
	const char *written = "notifiers: {h: {type: webhook, url: \"http://x/\", secret: abc}}\n";

	(void)state;
	write_file("key", "geheim\n", 0600);
	config = load_good("notifiers: {h: {type: webhook, url: \"https://u:p@x.example/t?k=1\", "
			   "secret: {file: key}}}\n");
	assert_int_equal(config->notifiers[0].secret.len, 6);
	assert_memory_equal(config->notifiers[0].secret.bytes, "geheim", 6);
	assert_string_equal(config->notifiers[0].url_shown, "https://***@x.example/***");
	config_free(config);
	setenv("HOOK_KEY", "aus-der-umgebung", 1);
	for (int i = 0; i < 2; i++) { /* a reload finds it again */
		config = load_good("notifiers: {h: {type: webhook, url: \"http://x/\", "
				   "secret: {env: HOOK_KEY}}}\n");
		assert_string_equal(config->notifiers[0].secret.bytes, "aus-der-umgebung");
		assert_null(getenv("HOOK_KEY"));
		config_free(config);
	}
	config = load_mode(written, 0644, &said);
	assert_null(config);
	assert_non_null(strstr(said, "written out in a file that other users can read"));
	assert_null(strstr(said, "abc"));
	mem_free(said);
	config_free(load_good(written));
	write_file("key", "geheim\n", 0644);
	config = load("notifiers: {h: {type: webhook, url: \"http://x/\", secret: {file: key}}}\n",
		      &said);
	assert_null(config);
	assert_non_null(strstr(said, "other users can read or write it"));
	mem_free(said);
	refuses("notifiers: {h: {type: webhook, url: \"http://x/\", secret: {file: none}}, "
		"g: {type: "
		"mail}}\n",
		"expiryd.yaml:1:65: secret none: No such file or directory\n"
		"expiryd.yaml:1:83: there is no notifier of type mail; this version has webhook\n");
}

static void fragments_join(void **state)
{
	struct config *config;
	char *path = place("conf.d"), *said;

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	write_file("conf.d/10.yaml", "targets: [b.example]\nlog: {level: debug}\n", 0600);
	write_file("conf.d/20.yaml", "targets: [c.example]\n", 0600);
	write_file("conf.d/not-this", "nonsense: [\n", 0600);
	config = load_good("targets: [a.example]\n");
	assert_int_equal(config->targets_len, 3);
	assert_int_equal(config->log.level, LOG_LEVEL_DEBUG);
	config_free(config);
	config = load("log: {level: info}\n", &said);
	assert_null(config);
	assert_string_equal(said,
			    "conf.d/10.yaml:2:7: the key level stands in expiryd.yaml:1 too\n");
	mem_free(said);
	remove_file("conf.d/10.yaml");
	remove_file("conf.d/20.yaml");
	remove_file("conf.d/not-this");
	rmdir(path);
	mem_free(path);
}

static void a_reload_tells_what_changes(void **state)
{
	struct config *from = load_good(
		"site: a\nprobe: {timeout: 5s}\ntargets: [a.example, b.example]\n"
		"notifiers: {h: {type: webhook, url: \"http://x/\", secret: one}}\n");
	struct config *to = load_good(
		"site: b\nprobe: {timeout: 6s}\ntargets: [b.example, c.example]\n"
		"notifiers: {h: {type: webhook, url: \"http://x/\", secret: two}}\n");
	char *diff = config_diff(from, to);
	struct err err;

	(void)state;
	assert_string_equal(diff, "site: a -> b (needs a restart)\n"
				  "probe.timeout: 5s -> 6s\n"
				  "targets: 1 added, 1 changed, 1 removed\n"
				  "notifiers.h: changed\n");
	assert_null(strstr(diff, "two"));
	assert_true(config_needs_restart(from, to, &err));
	assert_string_equal(err.text, "site");
	mem_free(diff);
	diff = config_diff(to, to);
	assert_string_equal(diff, "");
	assert_false(config_needs_restart(to, to, &err));
	mem_free(diff);
	config_free(from);
	config_free(to);
}

static void a_missing_file_is_said(void **state)
{
	struct faults faults = {0};
	char *text;

	(void)state;
	assert_null(config_load("/nonexistent/expiryd.yaml", &faults));
	text = faults_text(&faults);
	assert_string_equal(text, "/nonexistent/expiryd.yaml: No such file or directory\n");
	mem_free(text);
	faults_finish(&faults);
}

static int make_folder(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/config-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"expiryd.yaml", "key"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		remove_file(names[i]);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold),
		cmocka_unit_test(targets_are_read),
		cmocka_unit_test(all_faults_at_once),
		cmocka_unit_test(yaml_faults_have_places),
		cmocka_unit_test(what_a_fault_quotes_is_harmless),
		cmocka_unit_test(secrets_come_from_where_they_are_safe),
		cmocka_unit_test(fragments_join),
		cmocka_unit_test(a_reload_tells_what_changes),
		cmocka_unit_test(a_missing_file_is_said),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
