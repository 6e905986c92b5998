/*
 * No listeners: scenarios start the keeper without an API.
 */
#include "daemon/keeper/api.h"

struct api *api_new(struct keeper *keeper, struct err *err)
{
	(void)keeper;
	err_set(err, ERR_INVALID, "a scenario has no listeners");
	return NULL;
}

void api_free(struct api *api)
{
	(void)api;
}

void api_reload(struct api *api)
{
	(void)api;
}
