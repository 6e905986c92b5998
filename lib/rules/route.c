/*
 * Who hears of an event, and under which id. Both are functions of the facts: an instance that
 * takes over after a crash sends to the same receivers under the same id.
 */
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/rules/due.h"
#include "lib/rules/transition.h"

#define BACKOFF_MAX (5 * MS_MINUTE)

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void delivery_id(const char *notifier, const char **event_ids, size_t len, char out[37])
{
	const char **parts = MEM_NEW_ARRAY(len + 2, const char *);

	if (len > 1)
		qsort(event_ids, len, sizeof(*event_ids), by_text);
	parts[0] = notifier;
	for (size_t i = 0; i < len; i++)
		parts[i + 1] = event_ids[i];
	digest_uuid5(parts, out);
	mem_free(parts);
}

static bool was_told(const struct alert *alert, const char *name)
{
	for (size_t i = 0; i < alert->told_len; i++) {
		if (str_eq(alert->told[i], name))
			return true;
	}
	return false;
}

static bool hears(const struct alert *alert, enum alert_event event, const char *name)
{
	switch (event) {
	case EVENT_RAISED:
	case EVENT_ESCALATED:
	case EVENT_FIRST_LOOK:
		return alert->severity >= SEVERITY_WARNING;
	case EVENT_REPEATED:
	case EVENT_ACKNOWLEDGED:
	case EVENT_RESOLVED:
	case EVENT_FLAPPING:
	case EVENT_SUMMARY:
		return was_told(alert, name);
	case EVENT_TEST:
		return true;
	case EVENT_NONE:
	case EVENT_COUNT:
		break;
	}
	return false;
}

size_t route(const struct alert *alert, enum alert_event event, const char *const *names,
	     size_t names_len, size_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < names_len; i++) {
		if (hears(alert, event, names[i]))
			out[n++] = i;
	}
	return n;
}

int64_t delivery_backoff(int tries, uint64_t draw)
{
	int64_t wait = BACKOFF_MAX;

	if (tries < 1)
		tries = 1;
	if (tries <= 9)
		wait = MS_SECOND << (tries - 1);
	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	/* Down, never up: the ceiling is one. */
	return wait - (int64_t)(draw % (uint64_t)(wait / 5 + 1));
}
