/*
 * Opening certificate files and picking a target's member out of what the reader says.
 */
#include "daemon/keeper/files.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int files_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0) {
		err_set(err, errno == ENOENT ? ERR_MISSING : ERR_DENIED, "%s", strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		err_set(err, ERR_INVALID, "it is no regular file");
		return -1;
	}
	return fd;
}

void files_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void wrong(struct endpoint *out, const char *why)
{
	endpoint_init(out);
	out->outcome = OUTCOME_FILE_ERROR;
	out->error = str_dup(why);
	str_copy(out->stage, sizeof(out->stage), "read");
}

static void take(struct endpoint *out, struct endpoint *from)
{
	*out = *from;
	endpoint_init(from);
}

void files_choose(const struct target *target, struct look_result *result, struct endpoint *out)
{
	if (result->members_len == 0 && result->observation.len > 0) {
		take(out, &result->observation.endpoints[0]);
		return;
	}
	for (size_t i = 0; i < result->members_len; i++) {
		struct look_member *member = &result->members[i];

		if (target->member ? str_eq(target->member, member->name)
				   : result->one_chain && result->members_len == 1) {
			take(out, &member->endpoint);
			return;
		}
	}
	wrong(out, target->member
			   ? "the file holds no such member any more"
			   : "the file holds several certificates that form no single chain");
}
