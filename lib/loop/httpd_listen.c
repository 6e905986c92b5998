/*
 * Listening sockets of the HTTP server. A unix socket is made beside its place and renamed into
 * it, so that it never stands there with the wrong mode; whether one that stands there is alive
 * is asked by connecting to it, under a lock of the directory, so that of two daemons
 * started at once the second sees the first.
 */
#include "lib/loop/httpd_inside.h"

#include "lib/base/str.h"
#include "lib/loop/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 128
#define PORT_MAX 65535
#define SUFFIX ".new"

static bool errno_err(struct err *err, const char *what, const char *where)
{
	int error = errno;
	enum err_class class = ERR_INVALID;

	if (error == EADDRINUSE)
		class = ERR_CONFLICT;
	else if (error == EACCES || error == EPERM || error == EROFS)
		class = ERR_DENIED;
	else if (error == ENOENT || error == ENOTDIR)
		class = ERR_MISSING;
	else if (error == EMFILE || error == ENFILE || error == ENOSPC)
		class = ERR_FULL;
	return err_set(err, class, "cannot %s %s: %s", what, where, strerror(error));
}

static int stream_socket(int family, struct err *err)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		errno_err(err, "open", "a socket");
	return fd;
}

/* --- unix -------------------------------------------------------------------------------- */

static bool unix_address(const char *path, const char *suffix, struct sockaddr_un *out,
			 struct err *err)
{
	int len;

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	len = snprintf(out->sun_path, sizeof(out->sun_path), "%s%s", path, suffix);
	if (len < 0 || (size_t)len >= sizeof(out->sun_path))
		return err_set(err, ERR_INVALID, "the path of the socket %s is over %zu bytes",
			       path, sizeof(out->sun_path) - sizeof(SUFFIX));
	return true;
}

/* True when the place is free or holds the socket of a dead daemon. */
static bool unix_place_free(const char *path, struct err *err)
{
	struct sockaddr_un address;
	struct stat st;
	bool dead;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT || errno_err(err, "look at", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFLICT, "%s exists and is no socket", path);
	if (!unix_address(path, "", &address, err))
		return false;
	fd = stream_socket(AF_UNIX, err);
	if (fd < 0)
		return false;
	/* EAGAIN: alive, with a full queue. */
	dead = connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
	       (errno == ECONNREFUSED || errno == ENOENT);
	if (!dead && errno == EACCES)
		errno_err(err, "connect to", path);
	else if (!dead)
		err_set(err, ERR_CONFLICT, "another daemon listens at %s", path);
	close(fd);
	return dead;
}

static bool unix_bind(int fd, const char *path, int mode, int gid, struct err *err)
{
	struct sockaddr_un address;

	if (!unix_address(path, SUFFIX, &address, err))
		return false;
	unlink(address.sun_path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno_err(err, "make the socket", address.sun_path);
	if ((gid == -1 || chown(address.sun_path, (uid_t)-1, (gid_t)gid) == 0) &&
	    chmod(address.sun_path, (mode_t)mode) == 0 && listen(fd, BACKLOG) == 0 &&
	    rename(address.sun_path, path) == 0)
		return true;
	errno_err(err, "set up the socket", path);
	unlink(address.sun_path);
	return false;
}

static int folder_lock(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder = !slash	       ? str_dup(".")
		       : slash == path ? str_dup("/")
				       : str_dup_n(path, (size_t)(slash - path));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Held for a moment only, by a program that starts. */
	if (fd < 0) {
		errno_err(err, "open the directory", folder);
	} else if (flock(fd, LOCK_EX) < 0) {
		errno_err(err, "lock the directory", folder);
		close(fd);
		fd = -1;
	}
	mem_free(folder);
	return fd;
}

int httpd_socket_unix(const char *path, int mode, int gid, struct err *err)
{
	int folder, fd = -1;

	folder = folder_lock(path, err);
	if (folder < 0)
		return -1;
	if (unix_place_free(path, err))
		fd = stream_socket(AF_UNIX, err);
	if (fd >= 0 && !unix_bind(fd, path, mode, gid, err)) {
		close(fd);
		fd = -1;
	}
	close(folder);
	return fd;
}

/* --- TCP --------------------------------------------------------------------------------- */

/* "ADDRESS:PORT", an IPv6 address in brackets. */
static bool tcp_address(const char *text, struct address *out, struct err *err)
{
	const char *colon = strrchr(text, ':');
	bool bracketed = colon && text[0] == '[' && colon > text && colon[-1] == ']';
	char *host;
	uint64_t port;
	bool good;

	if (!colon || !str_to_u64(colon + 1, 0, PORT_MAX, &port))
		return err_set(err, ERR_INVALID, "%s is not ADDRESS:PORT", text);
	host = bracketed ? str_dup_n(text + 1, (size_t)(colon - text) - 2)
			 : str_dup_n(text, (size_t)(colon - text));
	good = address_parse(host, out) && (out->sa.sa_family == AF_INET6) == bracketed;
	mem_free(host);
	if (!good)
		return err_set(err, ERR_INVALID, "%s is not ADDRESS:PORT with a numeric address%s",
			       text, " (IPv6 in brackets)");
	address_set_port(out, (uint16_t)port);
	return true;
}

int httpd_socket_tcp(const char *text, int *port, struct err *err)
{
	const int on = 1;
	struct address address;
	socklen_t len;
	int fd;

	if (!tcp_address(text, &address, err))
		return -1;
	fd = stream_socket(address.sa.sa_family, err);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* Inherited by each connection; without it a kept-alive request takes 44 ms. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (address.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	len = address_len(&address);
	if (bind(fd, &address.sa, len) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, &address.sa, &len) < 0) {
		errno_err(err, "listen at", text);
		close(fd);
		return -1;
	}
	*port = ntohs(address.sa.sa_family == AF_INET6 ? address.v6.sin6_port
						       : address.v4.sin_port);
	return fd;
}
