/*
 * Which of a name's addresses this machine can send to. Asked of the kernel by connecting a UDP
 * socket, which looks up the route and sends nothing.
 */
#ifndef PROBES_ROUTE_H
#define PROBES_ROUTE_H

#include "lib/loop/resolve.h"
#include "lib/model/policy.h"

/* False only when the kernel says that it has no route; every doubt (no descriptor left) is true.
 */
bool route_exists(const struct address *address);

/* Those of `found` that the policy wants looked at, in their order, into out (room for count).
 * FAMILY_AUTO leaves out a family none of whose addresses has a route, and says how many they were,
 * but never both: a machine without any route is told so by the failing probe. */
size_t route_pick(enum family family, const struct address *found, size_t count,
		  struct address *out, int *left_out);

#endif
