/*
 * See loop_peer.h.
 */
#include "tests/unit/loop_peer.h"

#include "tests/unit/loop_help.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GOT_MAX ((size_t)64 * 1024 * 1024)

static void begin(struct peer *peer, int fd)
{
	assert_true(fd >= 0);
	*peer = (struct peer){.fd = fd};
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	buf_init(&peer->got, GOT_MAX);
}

void peer_tcp(struct peer *peer, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	begin(peer, socket(AF_INET, SOCK_STREAM, 0));
	assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

void peer_unix(struct peer *peer, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	begin(peer, socket(AF_UNIX, SOCK_STREAM, 0));
	assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

int peer_listen(int *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

bool peer_accept(struct peer *peer, int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return false;
	begin(peer, fd);
	return true;
}

void peer_send(struct peer *peer, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(peer->fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

bool peer_read(struct peer *peer)
{
	char data[65536];
	ssize_t n = recv(peer->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0)
		assert_true(buf_add(&peer->got, data, (size_t)n));
	else if (n == 0 || errno != EAGAIN)
		peer->ended = true;
	return n > 0 || peer->ended;
}

bool peer_has(struct peer *peer, const char *text)
{
	peer_read(peer);
	return peer->got.len > 0 &&
	       memmem(buf_text(&peer->got), peer->got.len, text, strlen(text)) != NULL;
}

bool peer_ends(struct peer *peer, const char *text)
{
	size_t len = strlen(text);

	peer_read(peer);
	return peer->got.len >= len &&
	       memcmp(buf_text(&peer->got) + peer->got.len - len, text, len) == 0;
}

bool peer_over(struct peer *peer)
{
	peer_read(peer);
	return peer->ended;
}

void peer_close(struct peer *peer)
{
	close(peer->fd);
	buf_finish(&peer->got);
}

void peer_reset(struct peer *peer)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	peer_close(peer);
}
