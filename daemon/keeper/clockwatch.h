/*
 * Can the wall clock be believed? Before the build date, or jumping over an hour against
 * CLOCK_BOOTTIME, it holds judgement: a `clock` alert is raised, and no target's alert is raised or
 * resolved until two looks under the new clock agree (alerts.md 14).
 */
#ifndef DAEMON_KEEPER_CLOCKWATCH_H
#define DAEMON_KEEPER_CLOCKWATCH_H

#include "lib/base/sys.h"

struct keeper;
struct clockwatch;
struct clockwatch *clockwatch_new(struct keeper *keeper);
void clockwatch_free(struct clockwatch *watch);
/* Compares the clocks now; false: nothing may be judged at all (before the build date). */
bool clockwatch_check(struct clockwatch *watch);
/* 0 when the clock never jumped; else a number that is new after each jump, the same over all
 * targets. */
int64_t clockwatch_epoch(const struct clockwatch *watch);

#endif
