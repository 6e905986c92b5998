/*
 * This instance's document: name, version, zones, purpose, and a time that says it lives. At start
 * it tells how long there was no daemon of this name.
 */
#ifndef DAEMON_KEEPER_HEARTBEAT_H
#define DAEMON_KEEPER_HEARTBEAT_H

#include "lib/base/sys.h"

struct keeper;
struct heartbeat;
struct heartbeat *heartbeat_new(struct keeper *keeper);
/* There was no room for something: try soon whether there is for a heartbeat. */
void heartbeat_soon(struct heartbeat *heartbeat);
void heartbeat_free(struct heartbeat *heartbeat);

#endif
