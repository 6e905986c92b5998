/*
 * A prober and a reader that play parts, for tests of what watches over roles. Which part is said
 * by what they are asked: the first label of the target's host, the first word of the file. What
 * must be remembered over a death is a file in the directory that setup.hosts_file names.
 */
#ifndef TESTS_UNIT_ROLES_H
#define TESTS_UNIT_ROLES_H

#include "lib/base/sys.h"

/* setup.roots decides how a role starts: */
#define ROLES_EXIT "exit"	/* leaves before it is ready */
#define ROLES_SILENT "silent"	/* never ready */
#define ROLES_GARBAGE "garbage" /* no frame is its first word */
#define ROLES_WARN "warn"	/* ready, with a warning */
/* Anything else: ready; two anchors, the generation is the first 16 digits of the text's digest,
 * resolvers is what setup.concurrency was, so that a test sees it. */

int roles_play(const char *name);

#endif
