/*
 * What this instance's configuration names, as targets: plain ones as they stand, file patterns
 * read through the reader (one chain is one target, any other file one target per member).
 */
#ifndef DAEMON_KEEPER_EXPANSION_H
#define DAEMON_KEEPER_EXPANSION_H

#include "lib/model/target.h"

struct keeper;
struct expansion;
struct wanted {
	struct target target;
	size_t place; /* in the configuration's order, for spreading first looks */
};

struct expansion *expansion_new(struct keeper *keeper);
void expansion_free(struct expansion *expansion);
/* A new configuration generation: the next expand job reads it. Makes that job due now. */
void expansion_reload(struct expansion *expansion);
/* "config@INSTANCE". */
const char *expansion_source(const struct expansion *expansion);
bool expansion_has_files(const struct expansion *expansion);

/* Reads the patterns and builds the sorted list; done from the loop. */
struct expansion_scan;
struct expansion_scan *expansion_scan(struct expansion *expansion, void (*done)(void *arg),
				      void *arg);
void expansion_scan_cancel(struct expansion_scan *scan); /* accepts NULL */
/* The list of the last scan, sorted by id, until released. */
const struct wanted *expansion_use(struct expansion *expansion, size_t *len);
void expansion_release(struct expansion *expansion);
/* The last scan could not read this file, or not say whether it is wanted: its targets are not
 * swept. */
bool expansion_failed(const struct expansion *expansion, const char *path);
void expansion_done(struct expansion *expansion); /* the store agrees with the list */
bool expansion_settled(const struct expansion *expansion);

#endif
