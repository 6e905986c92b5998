/*
 * The keeper's probers: settings from the configuration, notes into log and counters.
 */
#ifndef DAEMON_KEEPER_POOL_H
#define DAEMON_KEEPER_POOL_H

#include "daemon/keeper/keeper.h"

struct lookers *pool_new(struct keeper *keeper);
/* True when the new generation changes what a prober was started with. */
bool pool_changes(const struct config *from, const struct config *to);
void pool_reload(struct keeper *keeper, const struct config *config);
/* In reload.c: what an earlier process said of its configuration is taken back; this one was read
 * whole. */
void reload_begin(struct keeper *keeper);
/* In keeper.c; opens the notifiers of a generation and retires the old ones. */
bool keeper_replace_notifiers(struct keeper *keeper, const struct config *config,
			      struct err *err) MUST_CHECK;

#endif
