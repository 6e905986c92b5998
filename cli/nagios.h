/*
 * Nagios: one line, performance data, a status of 0 to 3; the worst of all that was probed.
 */
#ifndef CLI_NAGIOS_H
#define CLI_NAGIOS_H

#include "cli/probing.h"

struct nagios {
	int64_t warning_days, critical_days;
	int status; /* 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN */
	bool any;
	int64_t least_days;
	char text[1024];
};
void nagios_add(struct nagios *nagios, const struct probing_result *result);
/* Prints; returns the status. */
int nagios_finish(struct nagios *nagios, bool bad_target);
int nagios_unknown(const char *why);

#endif
