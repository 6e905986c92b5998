/*
 * The descriptor is left blocking, because standard input may be shared with the shell: it is read
 * once each time the loop says that it can be. A regular file cannot be watched and never blocks.
 */
#include "cli/input.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM ((size_t)65536)

struct input {
	int fd;
	struct watch *watch; /* NULL: a regular file */
	input_more_fn *more;
	void *arg;
	char bytes[ROOM];
	size_t from, len; /* what is left of them */
	int64_t number;
	bool skipping; /* behind the ceiling of a line */
	bool ended;
	char *fault;
};

/* Reads once; the room is empty or holds the begin of a line. */
static void fill(struct input *input)
{
	ssize_t got;

	memmove(input->bytes, input->bytes + input->from, input->len);
	input->from = 0;
	do
		got = read(input->fd, input->bytes + input->len, ROOM - input->len);
	while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	if (got < 0)
		input->fault = str_dup(strerror(errno));
	if (got <= 0)
		input->ended = true;
	else
		input->len += (size_t)got;
}

static void on_ready(void *arg, int fd UNUSED, int what UNUSED)
{
	struct input *input = arg;

	watch_set(input->watch, 0);
	fill(input);
	input->more(input->arg);
}

struct input *input_new(struct loop *loop, const char *path, input_more_fn *more, void *arg,
			struct err *err)
{
	int fd = str_eq(path, "-") ? dup(STDIN_FILENO)
				   : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct input *input;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		err_set(err, ERR_MISSING, "%s: %s", path, strerror(fd < 0 ? errno : EISDIR));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	input = MEM_NEW(struct input);
	input->fd = fd;
	input->more = more;
	input->arg = arg;
	/* Neither can /dev/null and its kin be watched. */
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd)) {
		input->watch = watch_new(loop, fd, WATCH_READ, on_ready, input);
		watch_set(input->watch, 0);
	}
	return input;
}

void input_free(struct input *input)
{
	if (!input)
		return;
	watch_free(input->watch);
	close(input->fd);
	mem_free(input->fault);
	mem_free(input);
}

/* What is there up to a newline, or to the end of all; false: not yet. */
static bool cut(struct input *input, char line[INPUT_LINE_MAX])
{
	const char *text = input->bytes + input->from;
	const char *end = memchr(text, '\n', input->len);
	size_t len = end ? (size_t)(end - text) : input->len;
	bool whole = end || input->ended || input->len >= INPUT_LINE_MAX;
	bool skipped = input->skipping;

	if (!whole || (!end && input->len == 0))
		return false;
	input->skipping = !end && !input->ended;
	input->from += len + (end ? 1 : 0);
	input->len -= len + (end ? 1 : 0);
	len = len < INPUT_LINE_MAX ? len : INPUT_LINE_MAX - 1;
	for (size_t i = 0; i < len; i++)
		line[i] = text[i] ? text[i] : '?';
	line[skipped ? 0 : len] = '\0';
	input->number += !skipped;
	return true;
}

enum input_next input_take(struct input *input, char line[INPUT_LINE_MAX], int64_t *number)
{
	for (;;) {
		while (cut(input, line)) {
			char *text = str_trim(line);

			*number = input->number;
			if (!*text || *text == '#')
				continue;
			memmove(line, text, strlen(text) + 1);
			return INPUT_LINE;
		}
		if (input->ended)
			return INPUT_END;
		if (input->watch) {
			watch_set(input->watch, WATCH_READ);
			return INPUT_WAIT;
		}
		fill(input);
	}
}

const char *input_fault(const struct input *input)
{
	return input->fault;
}
