/*
 * Asking the daemon: one HTTP/1.1 request over the control socket (or --url), blocking, with time
 * limits and ceilings, because a socket may belong to anybody.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/cmd.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

#define CLIENT_BODY_MAX (512 * 1024 * 1024)

struct client {
	const struct globals *globals;
	char *tried; /* the places asked, for the message */
	char *socket, *host, *port, *token;
};
/* Finds the daemon's place; nothing is connected yet. EXIT_WELL, or what to leave with (a fault was
 * printed). */
int client_init(struct client *client, const struct globals *globals) MUST_CHECK;
void client_finish(struct client *client);

/* One exchange. body NULL: none. EXIT_WELL: *status and *out (raw body) are set. EXIT_UNKNOWN: the
 * daemon could not be asked; it was said on stderr. */
int client_ask(struct client *client, const char *method, const char *path, const char *body,
	       int *status, struct buf *out) MUST_CHECK;
/* The same for a JSON answer of a 2xx: *out is a new reference. A problem is printed and becomes
 * EXIT_WRONG (4xx), EXIT_UNKNOWN (5xx). */
int client_json(struct client *client, const char *method, const char *path, const char *body,
		json_t **out) MUST_CHECK;
/* Prints what a problem+json says; the status for the process. */
int client_problem(int http_status, const char *body, size_t len);

/* Appends text percent-encoded for a path or a query value. */
void url_encode(struct buf *out, const char *text);

#endif
