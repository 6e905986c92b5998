/*
 * Starting a role and being one. The parent makes a socketpair and one page of memory that cannot
 * change its size, and starts /proc/self/exe again with them as descriptors 3 and 4 and nothing
 * else: no environment, no argument but the role's name. The child checks what it was given before
 * it believes it. Who the roles are and what they say is msg.h's; when to start one, lookers.c's.
 */
#include "lib/base/sys.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/wire/role.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROLE_OPTION "--role="
/* The child may not truncate the page under the parent's feet: that would be a SIGBUS here. */
#define PAGE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static struct role_page *page_map(int fd)
{
	void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return page == MAP_FAILED ? NULL : page;
}

/* --- the parent --- */

/* A descriptor, or -1. */
static int page_create(struct role_page **page, struct err *err)
{
	int fd = memfd_create("expiryd-role", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0) {
		err_set(err, ERR_UNAVAILABLE, "memfd_create: %s", strerror(errno));
		return -1;
	}
	if (ftruncate(fd, (off_t)page_size()) != 0 || fcntl(fd, F_ADD_SEALS, PAGE_SEALS) != 0 ||
	    !(*page = page_map(fd))) {
		err_set(err, ERR_UNAVAILABLE, "the shared page: %s", strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static void on_child_done(void *arg, int wait_status)
{
	struct role *role = arg;

	role->child = NULL;
	role->on_exit(role->arg, wait_status);
}

static void on_child_line(void *arg, const char *line)
{
	struct role *role = arg;

	role->on_line(role->arg, line);
}

bool role_start(struct role *out, struct loop *loop, const char *name, channel_frame_fn *on_frame,
		channel_gone_fn *on_gone, child_line_fn *on_line, child_done_fn *on_exit, void *arg,
		struct err *err)
{
	char option[64];
	const char *argv[] = {"expiryd", option, NULL};
	int pair[2] = {-1, -1};
	int page_fd;

	*out = (struct role){.on_line = on_line, .on_exit = on_exit, .arg = arg};
	snprintf(option, sizeof(option), ROLE_OPTION "%s", name);
	if ((page_fd = page_create(&out->page, err)) < 0)
		goto fail;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		err_set(err, ERR_UNAVAILABLE, "socketpair: %s", strerror(errno));
		goto fail;
	}
	const int fds[] = {pair[1], page_fd};
	const struct child_spec spec = {
		.path = "/proc/self/exe",
		.argv = argv,
		.fds = fds,
		.fds_len = ARRAY_LEN(fds),
		.die_with_parent = true,
	};

	out->child = child_start(loop, &spec, on_child_line, on_child_done, out, err);
	if (!out->child)
		goto fail;
	/* The child holds the only other end from here on: its death is our end of file. */
	close(pair[1]);
	close(page_fd);
	out->channel = channel_new(loop, pair[0], on_frame, on_gone, arg);
	return true;
fail:
	err_prefix(err, "cannot start the %s", name);
	if (pair[0] >= 0)
		close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
	if (page_fd >= 0)
		close(page_fd);
	role_stop(out);
	return false;
}

void role_stop(struct role *role)
{
	if (role->child)
		child_cancel(role->child);
	channel_free(role->channel);
	if (role->page)
		munmap(role->page, page_size());
	*role = (struct role){0};
}

/* --- the child --- */

const char *role_wanted(int argc, char **argv)
{
	if (argc != 2 || !str_starts(argv[1], ROLE_OPTION))
		return NULL;
	return argv[1] + strlen(ROLE_OPTION);
}

static bool is_channel(int fd)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 || domain != AF_UNIX)
		return false;
	len = sizeof(type);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

static bool is_page(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size == (off_t)page_size() &&
	       fcntl(fd, F_GET_SEALS) == PAGE_SEALS;
}

bool role_enter(struct role_page **page, int *channel_fd, struct err *err)
{
	if (!is_channel(ROLE_FD_CHANNEL) || !is_page(ROLE_FD_PAGE))
		return err_set(err, ERR_INVALID,
			       "this role is started by expiryd or expiryctl, not by hand");
	*page = page_map(ROLE_FD_PAGE);
	if (!*page)
		return err_set(err, ERR_UNAVAILABLE, "the shared page: %s", strerror(errno));
	close(ROLE_FD_PAGE);
	if (fcntl(ROLE_FD_CHANNEL, F_SETFD, FD_CLOEXEC) != 0)
		return err_set(err, ERR_UNAVAILABLE, "the channel: %s", strerror(errno));
	*channel_fd = ROLE_FD_CHANNEL;
	/* The parent reads the "<N>" of this format and adds time and role itself. */
	log_setup(log_get_level(), LOG_FORMAT_JOURNAL, NULL);
	return true;
}
