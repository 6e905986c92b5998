/*
 * The last two minutes of looks, per zone. A held zone is let go by answers: when half of what is
 * looked at answers again. Targets that failed meanwhile come due every 5 to 10 minutes
 * (lib/rules/due), so that all are looked at within ten minutes of the end without any bell being
 * rung.
 */
#include "daemon/keeper/network.h"

#include "daemon/keeper/batch.h"
#include "daemon/keeper/conditions.h"
#include "daemon/keeper/jobs.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <uthash.h>

#define WINDOW_MS (2 * MS_MINUTE)
#define FAILED_MIN 5
#define OURS_MS (5 * MS_MINUTE)
#define RING 4096
/* While a zone is held its window may hold only failures: so many answers in a row let go as well.
 */
#define ANSWERS_FREE 3
/* A failure in a small inventory is weighed against witnesses: hosts that answered last are asked
 * again. */
#define WITNESSES FAILED_MIN
#define WITNESS_EVERY_MS (5 * MS_MINUTE)

struct sighting {
	int64_t at;
	char id[TARGET_ID_LEN + 1];
	enum network_seen seen;
};
struct zone {
	char *name;
	struct sighting ring[RING];
	size_t from, len;
	size_t failed; /* in the window: failed or ours, one per target */
	bool held;
	bool compared; /* what an earlier process left standing was looked at */
	int answers;   /* in a row while held */
	char answered[WITNESSES + 1][TARGET_ID_LEN + 1]; /* newest first */
	int64_t witnesses_at;
	int64_t ours_since; /* first of a run of failures on our side without any answer; 0: none */
	UT_hash_handle hh;
};
struct network {
	struct keeper *keeper;
	struct zone *zones;
	struct store_call *call;
};

struct network *network_new(struct keeper *keeper)
{
	struct network *network = MEM_NEW(struct network);

	network->keeper = keeper;
	return network;
}

void network_free(struct network *network)
{
	struct zone *zone, *next;

	if (!network)
		return;
	store_cancel(network->call);
	HASH_ITER(hh, network->zones, zone, next) {
		HASH_DEL(network->zones, zone);
		mem_free(zone->name);
		mem_free(zone);
	}
	mem_free(network);
}

static struct zone *zone_of(struct network *network, const char *name)
{
	struct zone *zone;

	HASH_FIND_STR(network->zones, name, zone);
	if (!zone) {
		zone = MEM_NEW(struct zone);
		zone->name = str_dup(name);
		HASH_ADD_KEYPTR(hh, network->zones, zone->name, strlen(zone->name), zone);
	}
	return zone;
}

bool network_held(const struct network *network, const char *name)
{
	struct zone *zone;

	HASH_FIND_STR(network->zones, name, zone);
	return zone && zone->held;
}

static struct sighting *at(struct zone *zone, size_t i)
{
	return &zone->ring[(zone->from + i) % RING];
}

static void forget_first(struct zone *zone)
{
	zone->failed -= at(zone, 0)->seen != NETWORK_ANSWERED;
	zone->from = (zone->from + 1) % RING;
	zone->len--;
}

/* A target counts once, with its newest look: its confirming looks are no further witnesses. */
static void forget_target(struct zone *zone, const char *id)
{
	for (size_t i = 0; i < zone->len; i++) {
		if (strcmp(at(zone, i)->id, id) != 0)
			continue;
		zone->failed -= at(zone, i)->seen != NETWORK_ANSWERED;
		for (; i + 1 < zone->len; i++)
			*at(zone, i) = *at(zone, i + 1);
		zone->len--;
		return;
	}
}

static void remember(struct zone *zone, const char *id, enum network_seen seen, int64_t now)
{
	struct sighting *sighting;

	while (zone->len > 0 && at(zone, 0)->at < now - WINDOW_MS)
		forget_first(zone);
	/* Without a failure in the window nothing can be counted twice. */
	if (zone->failed > 0 || seen != NETWORK_ANSWERED)
		forget_target(zone, id);
	if (zone->len == RING)
		forget_first(zone);
	sighting = at(zone, zone->len++);
	sighting->at = now;
	sighting->seen = seen;
	str_copy(sighting->id, sizeof(sighting->id), id);
	zone->failed += seen != NETWORK_ANSWERED;
}

static void tell(struct network *network, const struct zone *zone, const char *text)
{
	char subject[512];

	snprintf(subject, sizeof(subject), "zone/%s", zone->name);
	condition_set(network->keeper->conditions, ALERT_KIND_NETWORK, subject, SEVERITY_CRITICAL,
		      zone->held, text);
}

static void hold(struct network *network, struct zone *zone, const char *why)
{
	zone->held = true;
	zone->answers = 0;
	log_error("network held: failures use up no attempt until it answers", "zone", zone->name,
		  "why", why, NULL);
	tell(network, zone, why);
}

static void let_go(struct network *network, struct zone *zone)
{
	zone->held = false;
	zone->len = zone->failed = 0;
	zone->ours_since = 0;
	log_info("network answers again", "zone", zone->name, NULL);
	tell(network, zone, "hosts answer again; all are looked at within ten minutes");
}

static void weigh_hold(struct network *network, struct zone *zone, int64_t now)
{
	char why[256];

	if (zone->failed >= FAILED_MIN && zone->failed * 2 >= zone->len) {
		snprintf(why, sizeof(why), "%zu of %zu targets failed within two minutes",
			 zone->failed, zone->len);
		hold(network, zone, why);
	} else if (zone->ours_since && now - zone->ours_since >= OURS_MS) {
		hold(network, zone,
		     "no name can be resolved or no route is there: every look failed on our side "
		     "for five minutes");
	}
}

static void remember_answer(struct zone *zone, const char *id)
{
	size_t i = 0;

	while (i < WITNESSES && strcmp(zone->answered[i], id) != 0)
		i++;
	memmove(zone->answered[1], zone->answered[0], i * sizeof(zone->answered[0]));
	str_copy(zone->answered[0], sizeof(zone->answered[0]), id);
}

static void on_called(void *arg, struct store_answer *answer)
{
	struct network *network = arg;

	network->call = NULL;
	if (answer->status == STORE_OK)
		claims_kick(network->keeper->claims);
}

/* Is it that host, or is it us? The hosts that answered last are looked at now, as any target is.
 */
static void call_witnesses(struct network *network, struct zone *zone, const char *failed_id,
			   int64_t now)
{
	struct batch batch = {0};
	size_t called = 0;

	if (network->call || (zone->witnesses_at && now - zone->witnesses_at < WITNESS_EVERY_MS))
		return;
	for (size_t i = 0; i <= WITNESSES && called < WITNESSES; i++) {
		if (!zone->answered[i][0] || strcmp(zone->answered[i], failed_id) == 0)
			continue;
		batch_job(&batch, JOB_ENSURE, JOB_PROBE, zone->answered[i], zone->name, "", now);
		called++;
	}
	if (called > 0) {
		zone->witnesses_at = now;
		network->call = batch_commit(&batch, network->keeper->store, on_called, network);
	}
	batch_finish(&batch);
}

void network_saw(struct network *network, const char *zone_name, const char *target_id,
		 enum network_seen seen)
{
	struct zone *zone = zone_of(network, zone_name);
	int64_t now = clock_wall_ms();

	remember(zone, target_id, seen, now);
	switch (seen) {
	case NETWORK_ANSWERED:
		zone->ours_since = 0;
		zone->answers++;
		if (!zone->compared && !zone->held)
			tell(network, zone, "hosts answer");
		zone->compared = true;
		remember_answer(zone, target_id);
		break;
	case NETWORK_OURS:
		if (!zone->ours_since)
			zone->ours_since = now;
		zone->answers = 0;
		break;
	case NETWORK_FAILED:
		zone->answers = 0;
		if (!zone->held)
			call_witnesses(network, zone, target_id, now);
		break;
	}
	if (!zone->held)
		weigh_hold(network, zone, now);
	else if (zone->answers >= ANSWERS_FREE ||
		 (zone->failed * 2 < zone->len && zone->answers > 0))
		let_go(network, zone);
}
