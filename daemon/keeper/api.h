/*
 * The HTTP API of the contract (9), the same on the control socket and on http.listen; and
 * /healthz, /readyz, /metrics.
 */
#ifndef DAEMON_KEEPER_API_H
#define DAEMON_KEEPER_API_H

#include "lib/base/err.h"

struct keeper;
struct api;
/* Listens as the configuration says. NULL with err (a taken port, a live daemon on the socket). */
struct api *api_new(struct keeper *keeper, struct err *err);
void api_free(struct api *api);
/* A new configuration generation: tokens; addresses need a restart. */
void api_reload(struct api *api);

#endif
