/*
 * From an alert's event to the outbox: the alert's document, one line per notifier that hears it,
 * the notify jobs woken, and a page in the history; all into the commit that changed the alert.
 */
#ifndef DAEMON_KEEPER_TELLING_H
#define DAEMON_KEEPER_TELLING_H

#include "daemon/keeper/batch.h"

/* alert as changed by transition(); rev as read (0: new). event EVENT_NONE only stores the
 * document. silent: recorded, not sent (alerts.first_look: silent). told is brought up to date in
 * alert. */
void telling_add(struct keeper *keeper, struct batch *batch, struct alert *alert, int64_t rev,
		 enum alert_event event, bool silent, int64_t now);
/* A line of history that is no alert event: what, about whom, by whom, details as object (taken).
 */
void telling_history(struct batch *batch, const char *what, const char *subject_id,
		     const char *subject, const char *actor, json_t *details_take, int64_t now);
/* One line for one notifier, whatever the routes say: of a test. The alert is no document. */
void telling_line(struct keeper *keeper, struct batch *batch, const struct alert *alert,
		  const char *notifier, enum alert_event event, int64_t now);
/* The job that sends for this notifier is due at `due` at the latest. */
void telling_wake(struct batch *batch, const char *notifier, int64_t due);

/*
 * Index columns, so that the API need not scan. Of an alert that stands or is pending: "class". Of
 * one that stands: "worst", worst severity first, then oldest. Of a page of history: "subject".
 */
int64_t alert_class(enum alert_kind kind, enum severity severity, enum alert_status status);
int64_t subject_number(const char *subject_id); /* -1: no id */

#endif
