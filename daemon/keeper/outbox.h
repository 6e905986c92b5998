/*
 * Lines and messages as documents: a line is one event owed to one notifier; a message is what was
 * frozen out of lines before the first try. Store form, freezing, and the rows as sent.
 */
#ifndef DAEMON_KEEPER_OUTBOX_H
#define DAEMON_KEEPER_OUTBOX_H

#include "daemon/keeper/batch.h"

#define OUTBOX_PART_MAX 500 /* alerts a part */
/* What first looks find waits for the other first looks, at most so long. */
#define OUTBOX_FIRST_LOOK_MS (10 * MS_MINUTE)

struct message {
	char id[37]; /* delivery id */
	int part, parts;
	int64_t created_at, next_at, parked_at; /* parked_at TIME_UNKNOWN: waiting */
	int tries, refused;
	int64_t start; /* the process that counted tries_since_start, by its start time */
	int tries_since_start;
	bool test;
	int64_t away_from, away_to;
	char detail[256]; /* of the last failure */
	json_t *members;  /* array of lines */
	size_t members_len;
};
void message_finish(struct message *message);
bool message_read(struct message *out, const struct store_doc *doc, struct err *err) MUST_CHECK;
void outbox_put_message(struct batch *batch, const char *kind, const struct message *message);
/* The alert rows as they are sent now: texts rendered anew when over an hour old. New reference. */
json_t *message_rows(const struct message *message, int64_t now);

/* Freezes the lines that are due (all of them once one is) into a message; returns when the job is
 * due next. */
int64_t outbox_freeze(struct keeper *keeper, struct batch *batch, const char *notifier,
		      const char *message_kind, const char *line_kind,
		      const struct store_doc *lines, size_t lines_len, int64_t now);
/* A delivery was confirmed: into the history. */
void outbox_delivered(struct keeper *keeper, struct batch *batch, const char *notifier,
		      const struct message *message, int64_t now);

#endif
