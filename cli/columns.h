/*
 * The columns of each listing by name, for `expiryctl help columns`. They stand in cmd_list.c,
 * which fills what is here.
 */
#ifndef CLI_COLUMNS_H
#define CLI_COLUMNS_H

#include "cli/listing.h"

/* "targets", "alerts", ...; NULL when there is no such listing. */
const struct listing *columns_of(const char *thing);
/* One a line, the usual ones marked. */
void columns_print(const struct listing *listing);

#endif
