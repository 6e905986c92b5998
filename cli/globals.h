/*
 * The options that are the same for all commands: where the daemon is, and colour. They are
 * understood before the command's word and behind it.
 */
#ifndef CLI_GLOBALS_H
#define CLI_GLOBALS_H

#include "cli/cmd.h"

enum globals_found { GLOBALS_COMMAND, GLOBALS_WRONG, GLOBALS_VERSION, GLOBALS_HELP };
/* Those before the word; optind stands at it. A fault was printed when it is wrong. */
enum globals_found globals_read(struct globals *globals, int argc, char **argv) MUST_CHECK;
/* Takes those behind the word (argv[0]) out of argv, up to "--". False after a fault was printed.
 */
bool globals_take(struct globals *globals, const struct cmd *cmd, int *argc,
		  char **argv) MUST_CHECK;

#endif
