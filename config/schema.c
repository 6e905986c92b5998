/*
 * The keys. Order is the order of the reference.
 */
#include "config/schema.h"

#define ROOT(field) offsetof(struct config, field)
#define POLICY(field) offsetof(struct config, policy.field)
#define TARGET(field) offsetof(struct target, field)
#define OWN_POLICY(field) offsetof(struct target, policy.field)
#define NOTIFIER(field) offsetof(struct config_notifier, field)
#define TOKEN(field) offsetof(struct config_token, field)

static const char *const families[] = {"auto", "any", "4", "6", NULL};
static const char *const first_looks[] = {"digest", "normal", "silent", NULL};
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const formats[] = {"auto", "logfmt", "json", "journal", NULL};

static const struct key keys_instance[] = {
	{.name = "name", .type = KEY_NAME, .offset = ROOT(instance.name), .restart = true,
	 .example = "edge-1",
	 .help = "Name of this daemon on its store. Default: the host name."},
	{.name = "zones", .type = KEY_OTHER, .read = load_zones, .restart = true,
	 .fallback = "default", .example = "[default]",
	 .help = "Networks whose targets this daemon looks at."},
	{.name = "purpose", .type = KEY_OTHER, .read = load_purpose, .restart = true,
	 .example = "[probe, notify]",
	 .help = "Which work this daemon claims: probe, notify, or both (the default)."},
	{0},
};

static const struct key keys_retry[] = {
	{.name = "attempts", .type = KEY_SMALL, .offset = POLICY(retry_attempts), .fallback = "5",
	 .min = 1, .max = 20, .help = "Failed looks in a row before a target rests."},
	{.name = "first", .type = KEY_DURATION, .offset = POLICY(retry_first_ms), .fallback = "1m",
	 .min = 10 * MS_SECOND, .max = MS_DAY, .help = "Wait after the first failed look."},
	{.name = "factor", .type = KEY_SMALL, .offset = POLICY(retry_factor), .fallback = "4",
	 .min = 1, .max = 10, .help = "Each further wait is so many times the one before."},
	{.name = "rest", .type = KEY_DURATION, .offset = POLICY(retry_rest_ms), .fallback = "7d",
	 .min = MS_HOUR, .max = 30 * MS_DAY,
	 .help = "Rest after the last attempt; never more than a quarter of the life that is left, "
		 "and cut short by the next threshold."},
	{0},
};

static const struct key keys_probe[] = {
	{.name = "refresh", .type = KEY_BAND, .offset = POLICY(refresh_min_ms),
	 .fallback = "24h..48h", .min = 15 * MS_MINUTE, .max = 30 * MS_DAY,
	 .help = "A target is looked at again after a time drawn evenly from this band, never later "
		 "than a twelfth of its certificate's lifetime."},
	{.name = "timeout", .type = KEY_DURATION, .offset = POLICY(timeout_ms), .fallback = "10s",
	 .min = MS_SECOND, .max = 5 * MS_MINUTE,
	 .help = "Deadline of one look, with all addresses of the name."},
	{.name = "concurrency", .type = KEY_INT, .offset = ROOT(probe.concurrency),
	 .fallback = "512", .min = 1, .max = 20000, .help = "Looks at once."},
	{.name = "rate", .type = KEY_RATE, .offset = ROOT(probe.rate), .fallback = "500/s",
	 .min = 1, .max = 100000, .help = "New looks a second."},
	{.name = "probers", .type = KEY_INT, .offset = ROOT(probe.probers), .fallback = "auto",
	 .min = 0, .max = 64,
	 .help = "Prober processes; auto is one for each core, 16 at most."},
	{.name = "roots", .type = KEY_OTHER, .read = load_roots, .offset = ROOT(probe.roots),
	 .fallback = "system", .example = "/etc/ssl/my-roots.pem",
	 .help = "Trust anchors: system, or a PEM file."},
	{.name = "family", .type = KEY_WORD, .offset = POLICY(family), .fallback = "auto",
	 .choices = families,
	 .help = "Address families: auto leaves out one that has no route from here, any tries "
		 "both."},
	{.name = "resolver", .type = KEY_TEXT, .offset = ROOT(probe.resolver), .fallback = "system",
	 .example = "192.0.2.53, 192.0.2.54@5353",
	 .help = "Name servers: system (resolv.conf and hosts), or addresses with an optional "
		 "@PORT."},
	{.name = "retry", .type = KEY_MAP, .sub = keys_retry,
	 .help = "What happens when no address of a target answers."},
	{0},
};

static const struct key keys_alerts[] = {
	{.name = "expiry", .type = KEY_OTHER, .read = load_thresholds, .offset = POLICY(thresholds),
	 .example = "[\"1/4\", \"1/8\", \"1/16\"]",
	 .help = "When an end that comes near is told: fractions of the lifetime (counted as 120 "
		 "days at most) or times left, as text or as {at: 7d, severity: critical}. The last "
		 "third of the list is critical, the rest warning, unless an entry says."},
	{.name = "repeat", .type = KEY_DURATION, .offset = POLICY(repeat_ms), .fallback = "24h",
	 .min = 10 * MS_MINUTE, .max = 30 * MS_DAY,
	 .help = "A standing alert is told again after this time, a critical one after a sixth of "
		 "it, until it is acknowledged."},
	{.name = "group_wait", .type = KEY_DURATION, .offset = ROOT(group_wait_ms),
	 .fallback = "30s", .min = 0, .max = MS_HOUR,
	 .help = "What becomes owed within this time goes out together. An escalation does not "
		 "wait."},
	{.name = "unreachable_after", .type = KEY_SMALL, .offset = POLICY(unreachable_after),
	 .fallback = "3", .min = 1, .max = 20,
	 .help = "Failed looks in a row (and at least five minutes) before a target is called "
		 "unreachable."},
	{.name = "first_look", .type = KEY_WORD, .offset = ROOT(first_look), .fallback = "digest",
	 .choices = first_looks,
	 .help = "How what a target's first look finds is told: as a first_look event, as a normal "
		 "alert, or not at all."},
	{0},
};

static const struct key keys_control[] = {
	{.name = "socket", .type = KEY_PATH, .offset = ROOT(control.socket), .restart = true,
	 .example = "/run/expiryd/control.sock",
	 .help = "Control socket, mode 0660. Default: control.sock in the service's runtime "
		 "directory."},
	{.name = "group", .type = KEY_NAME, .offset = ROOT(control.group), .restart = true,
	 .example = "expiryd", .help = "Group of the socket: its members may operate the daemon."},
	{0},
};

const struct key keys_token[] = {
	{.name = "name", .type = KEY_NAME, .offset = TOKEN(name), .example = "ops",
	 .help = "Who this is: the actor in the history."},
	{.name = "role", .type = KEY_OTHER, .read = load_role, .offset = TOKEN(operate),
	 .fallback = "read", .help = "read, or operate: may change things."},
	{.name = "token", .type = KEY_SECRET, .offset = TOKEN(token),
	 .example = "{file: /etc/expiryd/ops.token}", .help = "The bearer token, 16 bytes or more."},
	{0},
};

static const struct key keys_http[] = {
	{.name = "listen", .type = KEY_OTHER, .read = load_listen, .offset = ROOT(http.listen),
	 .restart = true, .example = "127.0.0.1:9843",
	 .help = "Address and port for /metrics, /healthz, /readyz and the API. Off the loopback "
		 "interface only the first three are served. Default: none."},
	{.name = "tokens", .type = KEY_OTHER, .read = load_tokens, .sub = keys_token,
	 .example = "[{name: ops, role: operate, token: {file: ops.token}}]",
	 .help = "Bearer tokens. Without one, nothing can be changed over TCP."},
	{0},
};

static const struct key keys_log[] = {
	{.name = "level", .type = KEY_WORD, .offset = ROOT(log.level), .fallback = "info",
	 .choices = levels, .help = "error, warn, info or debug."},
	{.name = "format", .type = KEY_CHOICE, .offset = ROOT(log.format), .fallback = "auto",
	 .choices = formats, .restart = true,
	 .help = "auto (journal under systemd, else logfmt), logfmt, json or journal."},
	{0},
};

const struct key keys_target[] = {
	{.name = "host", .type = KEY_TEXT, .example = "www.example.com",
	 .help = "Name or address; the other forms of a target are understood too."},
	{.name = "file", .type = KEY_TEXT, .example = "/etc/ssl/site/*.pem",
	 .help = "A certificate file or a pattern of them, instead of host."},
	{.name = "port", .type = KEY_INT, .min = 1, .max = 65535, .example = "443",
	 .help = "Port. Default: 443."},
	{.name = "protocol", .type = KEY_TEXT, .example = "tls", .help = "tls or https."},
	{.name = "connect", .type = KEY_TEXT, .example = "192.0.2.7",
	 .help = "Address (or name) to connect to instead of host; a target of its own."},
	{.name = "zone", .type = KEY_NAME, .offset = TARGET(zone), .example = "default",
	 .help = "Network the target is in."},
	{.name = "server_name", .type = KEY_TEXT, .offset = TARGET(server_name),
	 .example = "www.example.com",
	 .help = "Name sent to the server and looked for in the certificate, instead of host."},
	{.name = "organization", .type = KEY_TEXT, .offset = TARGET(organization),
	 .example = "ACME", .help = "Whose it is; travels with every message."},
	{.name = "owner", .type = KEY_TEXT, .offset = TARGET(owner), .example = "web",
	 .help = "Who acts; travels with every message."},
	{.name = "tags", .type = KEY_OTHER, .read = load_tags, .example = "{env: prod}",
	 .help = "Words of your own."},
	{.name = "note", .type = KEY_TEXT, .offset = TARGET(note), .example = "front door",
	 .help = "For whoever is woken."},
	{.name = "runbook", .type = KEY_TEXT, .offset = TARGET(runbook),
	 .example = "https://wiki.example.com/certs", .help = "Where it says what to do."},
	{.name = "refresh", .type = KEY_BAND, .offset = OWN_POLICY(refresh_min_ms),
	 .min = 15 * MS_MINUTE, .max = 30 * MS_DAY, .example = "24h..48h",
	 .help = "As probe.refresh, for this target."},
	{.name = "timeout", .type = KEY_DURATION, .offset = OWN_POLICY(timeout_ms), .min = MS_SECOND,
	 .max = 5 * MS_MINUTE, .example = "10s", .help = "As probe.timeout, for this target."},
	{.name = "family", .type = KEY_WORD, .offset = OWN_POLICY(family), .choices = families,
	 .example = "auto", .help = "As probe.family, for this target."},
	{.name = "expiry", .type = KEY_OTHER, .read = load_thresholds,
	 .offset = OWN_POLICY(thresholds), .example = "[30d, {at: 7d, severity: critical}]",
	 .help = "As alerts.expiry, for this target."},
	{.name = "severity", .type = KEY_OTHER, .read = load_severities,
	 .offset = OWN_POLICY(severities), .example = "{self_signed: off}",
	 .help = "Severity by kind of finding: critical, warning, info or off."},
	{.name = "unreachable", .type = KEY_OTHER, .read = load_unreachable,
	 .offset = OWN_POLICY(unreachable_any), .example = "any",
	 .help = "any: one dead address is critical; all (the default): only when none answers."},
	{0},
};

const struct key keys_notifier[] = {
	{.name = "type", .type = KEY_TEXT, .offset = NOTIFIER(type), .example = "webhook",
	 .help = "webhook."},
	{.name = "url", .type = KEY_OTHER, .read = load_url, .offset = NOTIFIER(url),
	 .example = "https://hooks.example.com/expiryd",
	 .help = "Where to post: http or https; may itself be a secret."},
	{.name = "secret", .type = KEY_SECRET, .offset = NOTIFIER(secret),
	 .example = "{file: hook.key}", .help = "Key of the signature in X-Expiryd-Signature."},
	{.name = "ca_file", .type = KEY_PATH, .offset = NOTIFIER(ca_file),
	 .example = "/etc/ssl/private-ca.pem",
	 .help = "Trust anchors for the receiver's certificate. Default: the system's."},
	{.name = "timeout", .type = KEY_DURATION, .offset = NOTIFIER(timeout_ms), .fallback = "30s",
	 .min = MS_SECOND, .max = MS_MINUTE, .help = "Longest time of one try."},
	{0},
};

const struct key keys_root[] = {
	{.name = "site", .type = KEY_NAME, .offset = ROOT(site), .fallback = "default",
	 .restart = true,
	 .help = "Part of every dedup key; fixed when a store is created."},
	{.name = "store", .type = KEY_OTHER, .read = load_store, .offset = ROOT(store_url),
	 .restart = true, .example = "sqlite:///var/lib/expiryd/expiryd.db",
	 .help = "Where everything is kept: sqlite:///PATH. Default: expiryd.db in the service's state "
		 "directory."},
	{.name = "instance", .type = KEY_MAP, .sub = keys_instance, .help = "This daemon."},
	{.name = "probe", .type = KEY_MAP, .sub = keys_probe, .help = "How targets are looked at."},
	{.name = "alerts", .type = KEY_MAP, .sub = keys_alerts,
	 .help = "When the daemon speaks, and when it keeps quiet."},
	{.name = "targets", .type = KEY_OTHER, .read = load_targets, .sub = keys_target,
	 .example = "[www.example.com, {host: mail.example.com, owner: ops}, /etc/ssl/site/*.pem]",
	 .help = "What is watched: HOST, HOST:PORT, [V6]:PORT, NAME:PORT@ADDRESS, https://HOST, a file "
		 "or a pattern of files, or a map of the keys below."},
	{.name = "notifiers", .type = KEY_OTHER, .read = load_notifiers, .sub = keys_notifier,
	 .example = "{hook: {type: webhook, url: \"https://hooks.example.com/x\"}}",
	 .help = "Who is told. Everything of severity warning and above goes to every notifier."},
	{.name = "control", .type = KEY_MAP, .sub = keys_control, .help = "For expiryctl."},
	{.name = "http", .type = KEY_MAP, .sub = keys_http, .help = "For monitoring and scripts."},
	{.name = "log", .type = KEY_MAP, .sub = keys_log, .help = "What is logged, to stderr."},
	{0},
};
