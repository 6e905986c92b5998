/*
 * The API's listeners and its table of paths. One table for the control socket and for http.listen;
 * what a peer may do there is decided in api_access.c, at the begin of each call.
 */
#include "daemon/keeper/api_inside.h"

#include "daemon/keeper/census.h"
#include "daemon/keeper/sweep.h"
#include "lib/base/log.h"

#include <errno.h>
#include <grp.h>

#define BODY_MAX ((size_t)1024 * 1024)
#define TIMEOUT_MS MS_MINUTE
#define CONNECTIONS_MAX 128
#define SOCKET_MODE 0660

/* By path. */
static const struct httpd_route routes[] = {
	{"GET", "/", api_get_index},
	{"GET", "/api/v1/alerts", api_get_alerts},
	{"POST", "/api/v1/alerts/*", api_post_alert},
	{"GET", "/api/v1/certificates/*", api_get_certificate},
	{"GET", "/api/v1/events", api_get_events},
	{"GET", "/api/v1/explain", api_get_explain},
	{"GET", "/api/v1/instances", api_get_instances},
	{"GET", "/api/v1/notifiers", api_get_notifiers},
	{"GET", "/api/v1/notifiers/*", api_get_notifier},
	{"POST", "/api/v1/notifiers/*", api_post_notifier},
	{"POST", "/api/v1/recheck", api_post_recheck},
	{"POST", "/api/v1/reload", api_post_reload},
	{"GET", "/api/v1/status", api_get_status},
	{"GET", "/api/v1/targets", api_get_targets},
	{"GET", "/api/v1/targets/*", api_get_target},
	{"GET", "/healthz", api_get_health},
	{"GET", "/metrics", api_get_metrics},
	{"GET", "/readyz", api_get_ready},
	{0},
};

static const char index_text[] = "expiryd " PACKAGE_VERSION "\n"
				 "\n"
				 "GET  /metrics /healthz /readyz\n"
				 "GET  /api/v1/status\n"
				 "GET  /api/v1/targets?word=&limit=&cursor=&sort=\n"
				 "GET  /api/v1/targets/TARGET\n"
				 "GET  /api/v1/explain?target=TARGET\n"
				 "GET  /api/v1/certificates/SHA256[.pem|.der]\n"
				 "GET  /api/v1/alerts?word=&all=&limit=&cursor=\n"
				 "POST /api/v1/alerts/ALERT/ack  /api/v1/alerts/ALERT/unack\n"
				 "GET  /api/v1/events?target=&limit=&cursor=\n"
				 "GET  /api/v1/instances\n"
				 "GET  /api/v1/notifiers\n"
				 "POST /api/v1/notifiers/NAME/test\n"
				 "GET  /api/v1/notifiers/NAME/test?event_id=\n"
				 "POST /api/v1/recheck\n"
				 "POST /api/v1/reload\n";

void api_get_index(void *arg, struct httpd_request *request)
{
	struct api_call *call = api_begin(arg, request, API_READ, sizeof(*call), NULL);

	if (call)
		api_answer(call, 200, "text/plain; charset=utf-8", index_text, strlen(index_text));
}

static bool group_id(const char *name, int *gid, struct err *err)
{
	struct group *group;

	*gid = -1;
	if (!name)
		return true;
	errno = 0;
	group = getgrnam(name);
	if (!group)
		return err_set(err, errno ? ERR_UNAVAILABLE : ERR_MISSING,
			       "control.group: there is no group %s", name);
	*gid = (int)group->gr_gid;
	return true;
}

struct api *api_new(struct keeper *keeper, struct err *err)
{
	struct api *api = MEM_NEW(struct api);
	const struct config *config = keeper->config;
	struct httpd_config settings = {
		.routes = routes,
		.arg = api,
		.body_max = BODY_MAX,
		.timeout_ms = TIMEOUT_MS,
		.connections_max = CONNECTIONS_MAX,
	};
	int gid;

	api->keeper = keeper;
	if (!group_id(config->control.group, &gid, err))
		goto fail;
	api->control = httpd_listen_unix(keeper->loop, &settings, config->control.socket,
					 SOCKET_MODE, gid, err);
	if (!api->control)
		goto fail;
	if (config->http.listen) {
		api->listen = str_dup(config->http.listen);
		api->loopback = api_is_loopback(api->listen);
		api->tcp = httpd_listen_tcp(keeper->loop, &settings, api->listen, err);
		if (!api->tcp)
			goto fail;
		log_info("listening", "address", api->listen, "port", LOG_NUM(httpd_port(api->tcp)),
			 "api", api->loopback ? "yes" : "no", NULL);
	}
	log_info("listening", "socket", config->control.socket, NULL);
	return api;
fail:
	api_free(api);
	return NULL;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	api_drop_all(api);
	sweep_cancel(api->sweep);
	httpd_free(api->control);
	httpd_free(api->tcp);
	census_free(api->census);
	mem_free(api->listen);
	mem_free(api);
}

/* Tokens are read from the configuration in force at each request, so there is nothing to carry
 * over; of a notifier that is new nothing was counted. */
void api_reload(struct api *api)
{
	census_free(api->census);
	api->census = NULL;
}
