/*
 * A target: one name at one place, and what the operator says about it. Its canonical text and
 * id are promises (contract 2). Pure values; JSON form for store and API.
 */
#ifndef LIB_MODEL_TARGET_H
#define LIB_MODEL_TARGET_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/model/policy.h"

#define TARGET_TEXT_MAX 1024
#define TARGET_ID_LEN 32
#define TARGET_TAGS_MAX 32

enum protocol { PROTOCOL_TLS, PROTOCOL_HTTPS, PROTOCOL_FILE };
const char *protocol_text(enum protocol protocol);

struct tag {
	char *key, *value;
};

struct target {
	char text[TARGET_TEXT_MAX]; /* canonical */
	char id[TARGET_ID_LEN + 1];
	enum protocol
		protocol; /* https and tls have the same canonical text: the first one known wins */
	char *host;	  /* A-labels or address text; NULL for a file */
	uint16_t port;	  /* 0 for a file */
	char *connect;	  /* NAME:PORT@ADDRESS: the ADDRESS, else NULL */
	char *zone;	  /* "default" */
	char *path, *instance, *member; /* of a file; member or NULL */
	/* attributes */
	char *server_name; /* SNI and name check instead of host, or NULL */
	char *organization, *owner, *note, *runbook;
	struct tag *tags; /* sorted by key */
	size_t tags_len;
	struct policy
		policy; /* refresh, timeout, thresholds, severities: defaults already laid under */
};

void target_init(struct target *target);
void target_finish(struct target *target);
void target_copy(struct target *dst, const struct target *src);

/* TARGET as a person writes it: HOST, HOST:PORT, [V6]:PORT, NAME:PORT@ADDRESS,
 * PROTOCOL://HOST[:PORT], a file ("/x.pem", "./x.pem", "file:///x.pem",
 * "file://INSTANCE/x.pem#MEMBER"); #ZONE behind a host. instance: for files written without one (""
 * = this command line's own: canonical "file:///path"). Relative paths are made absolute with cwd
 * (NULL: refused). err says what is wrong with the text, quoting it. out is initialised here;
 * finish it on success only. policy is left as policy_init makes it. */
bool target_parse(struct target *out, const char *text, const char *instance, const char *cwd,
		  struct err *err) MUST_CHECK;
/* Recomputes text and id from the parts (after zone, connect or port were set from attributes). */
bool target_canonical(struct target *target, struct err *err) MUST_CHECK;
/* Host syntax: labels, lengths, characters; lower-cases into out (TARGET_TEXT_MAX). */
bool host_check(const char *host, char *out, struct err *err) MUST_CHECK;

/* The name the certificate must carry and that SNI uses: server_name, else host; NULL for files.
 * SNI is not sent for addresses. */
const char *target_server_name(const struct target *target);

json_t *target_to_json(const struct target *target);
bool target_from_json(struct target *out, const json_t *json, struct err *err) MUST_CHECK;

#endif
