/*
 * Is it them or us? Most of a zone failing at once (>= 50 % and >= 5 targets in 2 minutes), or only
 * failures on our side for 5 minutes, is one `network` alert; meanwhile failures use up no attempt
 * and raise nothing (alerts.md 14).
 */
#ifndef DAEMON_KEEPER_NETWORK_H
#define DAEMON_KEEPER_NETWORK_H

#include "lib/base/sys.h"

struct keeper;
struct network;
struct network *network_new(struct keeper *keeper);
void network_free(struct network *network);
enum network_seen { NETWORK_ANSWERED, NETWORK_FAILED, NETWORK_OURS };
/* A look at a host (not a file) ended. Call before judging it; may start or end the hold. */
void network_saw(struct network *network, const char *zone, const char *target_id,
		 enum network_seen seen);
bool network_held(const struct network *network, const char *zone);

#endif
