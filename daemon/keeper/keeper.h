/*
 * The keeper: the process that holds the loop, the store, the schedule, judgement, notifiers and
 * the control API. It never parses a byte from a probed host and never sees a private key.
 *
 * This header is shared by the files of this folder; main.c uses the first part only.
 */
#ifndef DAEMON_KEEPER_KEEPER_H
#define DAEMON_KEEPER_KEEPER_H

#include "config/config.h"
#include "lib/loop/gate.h"
#include "lib/model/alert.h"
#include "lib/model/record.h"
#include "lib/wire/lookers.h"
#include "notifiers/notifier.h"
#include "stores/store.h"

struct keeper;

struct keeper_options {
	bool no_listeners; /* scenario tests: no control socket, no HTTP */
	bool no_heartbeat;
};
/* Opens the store, starts roles, notifiers, listeners, claims. config becomes the keeper's. NULL
 * with err. */
struct keeper *keeper_new(struct loop *loop, struct config *config,
			  const struct keeper_options *options, struct err *err);
/* Everything is dropped at once; what was claimed becomes due again when its lease ends. */
void keeper_free(struct keeper *keeper);
/* No more claims; `left` is called once from the loop when nothing is in flight (or after 20 s). */
void keeper_drain(struct keeper *keeper, void (*left)(void *arg), void *arg);
/* Reads the configuration again. True: applied, *text is the diff ("" = nothing changed). False:
 * the running one stays in force, *text holds all faults, and a `config` alert is raised. *text is
 * the caller's. */
bool keeper_reload(struct keeper *keeper, char **text);
/* SIGUSR1: its state, to the log. */
void keeper_dump(struct keeper *keeper);

/* ---- inside daemon/keeper ---- */

#define KIND_TARGET "target"
#define KIND_ALERT "alert"
#define KIND_CERT "cert"
#define KIND_EVENT "event"
#define KIND_INSTANCE "instance"
#define KIND_LINE "line/"	/* + notifier */
#define KIND_MESSAGE "message/" /* + notifier */
#define JOB_PROBE "probe"
#define JOB_EXPAND "expand"
#define JOB_NOTIFY "notify"
#define NOTIFIERS_MAX 32

struct notifier_slot {
	struct notifier *notifier;
	int64_t sent, failed, parked; /* since start */
};
/* The notifiers of one generation; lives until no job uses it (the one reference count of the
 * house). */
struct notifier_set {
	int users;
	bool retired;
	size_t len;
	struct notifier_slot slots[NOTIFIERS_MAX];
};

struct keeper_counters {
	int64_t looks[OUTCOME_COUNT]; /* endpoints seen, by outcome */
	int64_t looks_same;
	int64_t looks_released, looks_ours;
	int64_t commits, conflicts, lost, away;
	int64_t events[EVENT_COUNT];
	int64_t reloads, reloads_refused;
	int64_t role_deaths;
};

struct claims;
struct network;
struct clockwatch;
struct conditions;
struct api;
struct heartbeat;
struct expansion;

struct keeper {
	struct loop *loop;
	struct keeper_options options;
	struct config *config;
	char *config_fault; /* of the last refused reload, else NULL */
	int64_t config_refused_at;
	int64_t generation;
	struct store *store;
	bool store_up;
	char *store_fault;
	struct lookers *lookers;
	struct http_client *http;
	struct notifier_set *notifiers;
	struct claims *claims;
	struct network *network;
	struct clockwatch *clockwatch;
	struct conditions *conditions;
	struct heartbeat *heartbeat;
	struct expansion *expansion;
	struct api *api;
	struct keeper_counters counters;
	int64_t started_at;
	int64_t started_mono;
	int64_t last_cycle_at; /* wall ms of the last completed claim */
	int64_t lag_ms;	       /* now - due of the oldest job of the last claim */
	int64_t away_from;     /* there was no daemon from..started_at; TIME_UNKNOWN */
	bool draining;
	struct drain *drain; /* until the last job in flight has ended */
};

/* notifier names in the order of the configuration; for route(). */
size_t keeper_notifier_names(const struct keeper *keeper, const char *names[NOTIFIERS_MAX]);
struct notifier_set *notifier_set_use(struct keeper *keeper);
void notifier_set_done(struct notifier_set *set);
struct notifier *notifier_set_get(struct notifier_set *set, const char *name);

#endif
