/*
 * How many name servers a resolver was given, for MSG_READY: with none, no name can be resolved,
 * and the operator is told once instead of by each target.
 */
#ifndef PROBES_FORWARDERS_H
#define PROBES_FORWARDERS_H

#include "lib/loop/resolve.h"

size_t forwarders_count(const struct resolver_config *config);

#endif
