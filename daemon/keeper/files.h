/*
 * Files of certificates, from the keeper's side: opened here, read only by the reader. The keeper
 * hands over a descriptor and never looks at a byte.
 */
#ifndef DAEMON_KEEPER_FILES_H
#define DAEMON_KEEPER_FILES_H

#include "lib/wire/lookers.h"

/* A regular file, opened without blocking on a pipe and without following into a device. -1 with
 * err. */
int files_open(const char *path, struct err *err);
void files_close(int fd);
/* The endpoint of the target's own member out of what the reader found; an error endpoint when the
 * member is gone or the file is no single chain. out is the caller's; result's parts may be moved.
 */
void files_choose(const struct target *target, struct look_result *result, struct endpoint *out);

#endif
