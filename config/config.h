/*
 * A configuration generation: what the files said, checked, with defaults laid under. Loaded as a
 * whole or not at all; all faults at once, each with file, line, column. Immutable after load.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "lib/base/mem.h"
#include "lib/base/log.h"
#include "lib/model/target.h"

/* A secret: wiped when the generation goes, never printed (there is no text form). */
struct secret {
	char *bytes; /* NUL-terminated beyond len; NULL: none */
	size_t len;
};

struct config_place {
	const char *file;
	int line, column; /* from 1 */
};

struct config_target {
	bool glob;	      /* pattern of files: target is a template for its matches */
	char *pattern;	      /* absolute; also for a single file that exists as a plain path */
	struct target target; /* text empty for a glob */
	struct config_place place;
};

struct config_notifier {
	const char *name;
	const char *type;      /* "webhook" */
	struct secret url;     /* may hold secrets */
	const char *url_shown; /* with *** */
	struct secret secret;
	const char *ca_file;
	int64_t timeout_ms;
	struct config_place place;
};

struct config_token {
	const char *name;
	bool operate;
	struct secret token;
};

enum first_look { FIRST_LOOK_DIGEST, FIRST_LOOK_NORMAL, FIRST_LOOK_SILENT };
enum purpose { PURPOSE_PROBE = 1, PURPOSE_NOTIFY = 2 };

/* A key that was set, as it was written; for the diff of a reload. Secrets show as ***. */
struct config_setting {
	const char *path; /* "probe.timeout" */
	const char *shown;
	char digest[65]; /* of the value, so that a changed secret is seen and not shown */
	bool restart;
};

struct config {
	struct arena arena;
	struct config_setting *settings;
	size_t settings_len;
	const char *file; /* absolute */
	char hash[17];	  /* of all that was read, secrets left out */
	int64_t loaded_at;
	const char *site;
	const char *store_url; /* may hold secrets */
	struct {
		const char *name;
		const char *const *zones;
		size_t zones_len;
		unsigned purpose;
	} instance;
	struct {
		int64_t concurrency, rate, probers; /* probers 0: auto */
		const char *roots;		    /* "system" or path */
		const char *resolver;		    /* "system" or servers */
	} probe;
	struct policy policy; /* probe.* and alerts.* defaults, already inside each target too */
	int64_t group_wait_ms;
	enum first_look first_look;
	struct config_target *targets;
	size_t targets_len;
	struct config_notifier *notifiers;
	size_t notifiers_len;
	struct {
		const char *socket;
		const char *group; /* NULL: none */
	} control;
	struct {
		const char *listen; /* NULL: off */
		struct config_token *tokens;
		size_t tokens_len;
	} http;
	struct {
		enum log_level level;
		const char *format; /* auto, logfmt, json, journal */
	} log;
};

struct fault {
	char *file;
	int line, column; /* 0: of the whole file */
	char *text;
	bool warning; /* told, but the configuration is usable */
};
struct faults {
	struct fault *list;
	size_t len;
};
void faults_finish(struct faults *faults);
/* "file:line:column: text\n" each, sorted by place. Heap string. */
char *faults_text(const struct faults *faults);

/* Reads FILE and conf.d beside it. NULL when there is any fault that is no warning.
 * defaults_for_cli: only the keys that expiryctl needs are resolved (no secret is read). */
struct config *config_load(const char *file, struct faults *faults);
struct config *config_load_for_cli(const char *file, struct faults *faults);
void config_free(struct config *config); /* accepts NULL */

/* What a reload would change, one line each ("targets: 3 added, 1 removed", "probe.timeout: 10s ->
 * 5s"; secrets only as "changed"). Keys that only a restart changes are marked "(needs a restart)".
 * Heap string, "" = nothing. */
char *config_diff(const struct config *from, const struct config *to);
/* True when `to` changes a key that a reload cannot: err names it. The reload goes on without that
 * key. */
bool config_needs_restart(const struct config *from, const struct config *to, struct err *err);

/* The reference, generated from the key table: Markdown for docs/, mdoc for expiryd.yaml(5). */
char *config_reference(bool mdoc);

#endif
