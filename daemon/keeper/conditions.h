/*
 * Alerts about ourselves: network, clock, config, notifier, self. A condition is set true or false
 * as often as one likes; only changes are written, through the same transitions and outbox as any
 * alert.
 */
#ifndef DAEMON_KEEPER_CONDITIONS_H
#define DAEMON_KEEPER_CONDITIONS_H

#include "lib/model/alert.h"

struct keeper;
struct conditions;
struct conditions *conditions_new(struct keeper *keeper);
void conditions_free(struct conditions *conditions);
/* subject: "instance/NAME", "notifier/NAME", "zone/NAME". text is copied. Written as soon as the
 * store takes it. */
void condition_set(struct conditions *conditions, enum alert_kind kind, const char *subject,
		   enum severity severity, bool firing, const char *text);
/* How many wait for the store. */
size_t conditions_waiting(const struct conditions *conditions);

#endif
