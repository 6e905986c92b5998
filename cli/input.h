/*
 * Lines of a file or of standard input, taken without ever blocking the loop: a slow pipe gives a
 * line when it has one. Comments and empty lines are left out.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "lib/loop/loop.h"

#define INPUT_LINE_MAX 4096

enum input_next { INPUT_LINE, INPUT_WAIT, INPUT_END };
struct input;
typedef void input_more_fn(void *arg);
/* path "-": standard input. more is called from the loop after each INPUT_WAIT, once there is more
 * to take. NULL with err. */
struct input *input_new(struct loop *loop, const char *path, input_more_fn *more, void *arg,
			struct err *err);
void input_free(struct input *input); /* accepts NULL */
/* The next line, cut at the ceiling, trimmed; with its number, from 1. A file that cannot be read
 * further has ended, and input_fault says why. */
enum input_next input_take(struct input *input, char line[INPUT_LINE_MAX], int64_t *number);
const char *input_fault(const struct input *input); /* NULL: none */

#endif
