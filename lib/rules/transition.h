/*
 * Alert transitions: the alert as it was, what was found now, and what follows: the alert as it
 * is, and at most one event to tell. Pure; event ids are functions of the facts (alerts.md 2).
 */
#ifndef LIB_RULES_TRANSITION_H
#define LIB_RULES_TRANSITION_H

#include "lib/model/alert.h"
#include "lib/model/observation.h"

struct transition_input {
	const struct finding *finding; /* NULL: the finding is not there now */
	bool proved; /* with finding NULL: its opposite was proved on the wire in this look */
	bool looked; /* this is a look (counts towards `for`), not only arithmetic on an old reading
		      */
	bool held;   /* network or clock hold: nothing is raised or resolved, counts stand still */
	bool first_look; /* baseline: raise is told as EVENT_FIRST_LOOK */
	bool resting;	 /* unreachable is not repeated while its target rests */
	const struct policy *policy;
	int64_t now;
	enum end_reason ended; /* REMOVED, IGNORED: closes whatever is open; else NONE */
};
/* alert: named (alert_name), zeroed or from the store; changed in place. Returns the event to tell,
 * EVENT_NONE when nothing; then alert->event, event_id, event_at are set. A pending alert whose
 * finding went away becomes RESOLVED with episode unchanged and no event. For a
 * kind of our own (config, notifier, clock, self, ...) the finding lends severity, text and places,
 * and its kind says how often it must be seen: EXPIRED once, UNREACHABLE as an unreachable host. */
enum alert_event transition(struct alert *alert, const struct transition_input *input);

/* Whether a look, in which judge() did not find the alert's kind, proves the opposite on the wire
 * (alerts.md 9): every place that the alert speaks of answered well enough to be judged, or is no
 * address of the target any more, and at least one answered. False for kinds that are not findings.
 */
bool transition_proved(const struct alert *alert, const struct observation *look);

/* An operator acknowledges; a rise above the severity breaks it. until: TIME_UNKNOWN = until
 * resolved. */
enum alert_event transition_ack(struct alert *alert, const char *by, const char *why, int64_t until,
				int64_t now);
/* No event: nobody is woken by taking it back. The alert repeats at the next look (repeat_at =
 * now). */
enum alert_event transition_unack(struct alert *alert, const char *by, int64_t now);

/* Interval until the next repeat at this severity, +-10 % spread by dedup key. */
int64_t repeat_interval(const struct policy *policy, enum severity severity, const char *dedup_key);

/* Delivery id = UUIDv5(notifier, sorted event ids). ids are sorted here. */
void delivery_id(const char *notifier, const char **event_ids, size_t len, char out[37]);

/* Which notifiers hear an event: by the default route (severity >= warning to every notifier); a
 * resolve, acknowledgement or repeat goes to those told of the episode. names: the configured
 * notifiers. Writes indexes. */
size_t route(const struct alert *alert, enum alert_event event, const char *const *names,
	     size_t names_len, size_t *out);

#endif
