/*
 * The hosts file as a table in memory: read once, before a sandbox closes.
 */
#ifndef LIB_LOOP_HOSTS_H
#define LIB_LOOP_HOSTS_H

#include "lib/loop/resolve.h"

struct hosts;
/* A file that does not exist is an empty table. NULL with err when it cannot be read. */
struct hosts *hosts_read(const char *path, struct err *err);
void hosts_free(struct hosts *hosts); /* accepts NULL */
/* Adds to result the entries of name (lower case, no dot at its end) in the asked families. */
void hosts_find(const struct hosts *hosts, const char *name, int families,
		struct resolve_result *result);

#endif
