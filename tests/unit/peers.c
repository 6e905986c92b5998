/*
 * See peers.h. Nothing here waits by sleeping: a server is ready when it says so, and a peer lives
 * on the test's own loop.
 */
#include "lib/base/sys.h"
#include "tests/unit/peers.h"

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/loop/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* For a machine with far more to do than this; nothing waits so long but a test that fails. */
#define PATIENCE_MS 60000

static void check(bool ok, const char *what)
{
	if (!ok)
		bug("%s: %s", what, strerror(errno));
}

/* --- misbehaving peers ----------------------------------------------------------------------- */

static int bound(const char *host, int type, struct address *address, uint16_t *port)
{
	socklen_t len = sizeof(*address);
	check(address_parse(host, address), host);
	address_set_port(address, *port);
	int fd = socket(address->sa.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	check(fd >= 0, "socket");
	check(bind(fd, &address->sa, address_len(address)) == 0, "bind");
	check(getsockname(fd, &address->sa, &len) == 0, "getsockname");
	*port = ntohs(address->sa.sa_family == AF_INET6 ? address->v6.sin6_port
							: address->v4.sin_port);
	return fd;
}

static void connection_end(struct peer_connection *connection)
{
	if (connection->fd < 0)
		return;
	watch_free(connection->watch);
	close(connection->fd);
	connection->fd = -1;
	connection->peer->open--;
}

static void speak(struct peer_connection *connection)
{
	struct peer *peer = connection->peer;
	while (connection->sent < peer->len) {
		ssize_t wrote = send(connection->fd, peer->bytes + connection->sent,
				     peer->len - connection->sent, MSG_NOSIGNAL);
		if (wrote < 0 && errno == EAGAIN) {
			watch_set(connection->watch, WATCH_READ | WATCH_WRITE);
			return;
		}
		if (wrote < 0) {
			connection_end(connection);
			return;
		}
		connection->sent += (size_t)wrote;
	}
	watch_set(connection->watch, WATCH_READ);
	if (peer->kind == PEER_LAST_WORDS)
		connection_end(connection);
}

static void react(struct peer_connection *connection)
{
	struct linger hard = {1, 0};
	switch (connection->peer->kind) {
	case PEER_SILENT:
		return;
	case PEER_RESET:
		setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		connection_end(connection);
		return;
	case PEER_CLOSE:
		connection_end(connection);
		return;
	case PEER_GREET:
	case PEER_ANSWER:
	case PEER_LAST_WORDS:
		speak(connection);
		return;
	}
}

static void on_connection(void *arg, int fd, int what)
{
	struct peer_connection *connection = arg;
	char bytes[4096];
	bool heard = false;
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		heard = true;
	if (got == 0 || (got < 0 && errno != EAGAIN))
		connection_end(connection);
	else if (heard || (what & WATCH_WRITE))
		react(connection);
}

static void on_accept(void *arg, int fd, int what)
{
	struct peer *peer = arg;
	(void)what;
	int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (accepted < 0)
		return;
	for (size_t i = 0; i < PEER_CONNECTIONS_MAX; i++) {
		struct peer_connection *connection = &peer->connections[i];
		if (connection->fd >= 0)
			continue;
		*connection = (struct peer_connection){.peer = peer, .fd = accepted};
		connection->watch = watch_new(peer->loop, accepted, WATCH_READ, on_connection,
					      connection);
		peer->accepted++;
		peer->open++;
		if (peer->open > peer->open_max)
			peer->open_max = peer->open;
		if (peer->kind == PEER_GREET)
			speak(connection);
		return;
	}
	close(accepted);
}

void peer_start(struct peer *peer, struct loop *loop, const char *host, enum peer_kind kind,
		const void *bytes, size_t len)
{
	peer_start_at(peer, loop, host, 0, kind);
	peer->bytes = bytes;
	peer->len = len;
}

void peer_start_at(struct peer *peer, struct loop *loop, const char *host, uint16_t port,
		   enum peer_kind kind)
{
	memset(peer, 0, sizeof(*peer));
	peer->kind = kind;
	peer->loop = loop;
	peer->port = port;
	peer->listener = bound(host, SOCK_STREAM, &peer->address, &peer->port);
	check(listen(peer->listener, 128) == 0, "listen");
	for (size_t i = 0; i < PEER_CONNECTIONS_MAX; i++)
		peer->connections[i].fd = -1;
	peer->watch = watch_new(loop, peer->listener, WATCH_READ, on_accept, peer);
}

void peer_stop(struct peer *peer)
{
	for (size_t i = 0; i < PEER_CONNECTIONS_MAX; i++)
		connection_end(&peer->connections[i]);
	watch_free(peer->watch);
	close(peer->listener);
}

uint16_t free_port(const char *host)
{
	struct address address;
	uint16_t port = 0;
	close(bound(host, SOCK_STREAM, &address, &port));
	return port;
}

/* --- openssl s_server ------------------------------------------------------------------------ */

static void server_exec(const char *accept, const char *const *arguments, int in, int out)
{
	const char *argv[64] = {"openssl", "s_server", "-accept", accept};
	size_t count = 4;
	while (*arguments && count < ARRAY_LEN(argv) - 1)
		argv[count++] = *arguments++;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int null = open("/dev/null", O_WRONLY);
	dup2(in, 0);
	dup2(out, 1);
	dup2(null, 2);
	execvp("openssl", (char *const *)argv);
	_exit(127);
}

/* "ACCEPT 127.0.0.1:40321" or "ACCEPT [::1]:40321" */
static uint16_t server_port(int out)
{
	char text[1024];
	size_t len = 0;
	for (;;) {
		ssize_t got = read(out, text + len, sizeof(text) - 1 - len);
		check(got > 0, "openssl s_server does not start");
		len += (size_t)got;
		text[len] = 0;
		char *line = strstr(text, "ACCEPT ");
		char *end = line ? strchr(line, '\n') : NULL;
		if (!end)
			continue;
		*end = 0;
		uint64_t port;
		check(str_to_u64(strrchr(line, ':') + 1, 1, 65535, &port), "port");
		return (uint16_t)port;
	}
}

void server_start(struct server *server, const char *host, const char *const *arguments)
{
	int in[2], out[2];
	char *accept = str_printf(strchr(host, ':') ? "[%s]:0" : "%s:0", host);
	check(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe");
	server->pid = fork();
	check(server->pid >= 0, "fork");
	if (server->pid == 0)
		server_exec(accept, arguments, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	mem_free(accept);
	server->in = in[1];
	server->out = out[0];
	server->port = server_port(server->out);
	/* What it says of each connection stays in the pipe: tests make few. */
	check(address_parse(host, &server->address), host);
	address_set_port(&server->address, server->port);
}

void server_stop(struct server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	close(server->in);
	close(server->out);
}

/* --- certificates ---------------------------------------------------------------------------- */

static void run_command(const char *command)
{
	if (system(command) != 0)
		bug("failed: %s", command);
}

void cert_make(const struct cert_wish *wish)
{
	struct buf command;
	const char *directory = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";

	buf_init(&command, 4096);
	buf_printf(
		&command,
		"cd '%s' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		"-keyout %s.key -out %s.pem -subj '/CN=%s' -days %d "
		"-addext 'basicConstraints=critical,CA:%s'",
		directory, wish->name, wish->name, wish->cn, wish->days,
		wish->ca ? "TRUE" : "FALSE");
	if (wish->ca)
		buf_add_str(&command, " -addext 'keyUsage=critical,keyCertSign,cRLSign'");
	if (wish->names)
		buf_printf(&command, " -addext 'subjectAltName=%s'", wish->names);
	if (wish->issuer)
		buf_printf(&command, " -CA %s.pem -CAkey %s.key", wish->issuer, wish->issuer);
	buf_add_str(&command, " 2>cert_make.log");
	run_command(buf_text(&command));
	buf_finish(&command);
}

void files_join(const char *into, const char *const *names)
{
	FILE *out = fopen(work_path(into), "w");
	check(out != NULL, into);
	for (; *names; names++) {
		size_t len;
		uint8_t *bytes = slurp(work_path(*names), &len);
		fwrite(bytes, 1, len, out);
		mem_free(bytes);
	}
	check(fclose(out) == 0, into);
}

uint8_t *cert_der(const char *name, size_t *len)
{
	struct buf der;
	char file[128];
	snprintf(file, sizeof(file), "%s.pem", name);
	uint8_t *pem = slurp(work_path(file), len);
	char *text = str_dup_n((const char *)pem, *len);
	char *begin = strstr(text, "-----BEGIN CERTIFICATE-----");
	char *end = strstr(text, "-----END");
	check(begin && end, file);
	/* In place, without line breaks. */
	size_t used = 0;
	for (char *p = strchr(begin, '\n'); p < end; p++)
		if (*p != '\n')
			text[used++] = *p;
	buf_init(&der, 1024 * 1024);
	if (!base64_decode(&der, text, used))
		bug("%s: not base64", file);
	mem_free(text);
	mem_free(pem);
	*len = der.len;
	return (uint8_t *)buf_take(&der);
}

/* --- a server's flight by hand --------------------------------------------------------------- */

static void add_length(struct buf *out, size_t width, size_t value)
{
	while (width-- > 0)
		buf_add_char(out, (char)(value >> (8 * width)));
}

static void add_records(struct buf *out, const struct buf *handshake)
{
	for (size_t at = 0; at < handshake->len;) {
		size_t part = handshake->len - at < 16384 ? handshake->len - at : 16384;
		buf_add(out, "\x16\x03\x03", 3);
		add_length(out, 2, part);
		buf_add(out, handshake->data + at, part);
		at += part;
	}
}

uint8_t *first_flight(const uint8_t *const *ders, const size_t *lens, size_t count, size_t *len)
{
	struct buf handshake, out;
	size_t total = 0;

	buf_init(&handshake, 64 * 1024 * 1024);
	buf_init(&out, 64 * 1024 * 1024);
	/* ServerHello: TLS 1.2, ECDHE-ECDSA-AES128-GCM-SHA256, empty renegotiation_info */
	buf_add(&handshake, "\x02\x00\x00\x2d\x03\x03", 6);
	for (int i = 0; i < 32; i++)
		buf_add_char(&handshake, (char)i);
	buf_add(&handshake, "\x00\xc0\x2b\x00\x00\x05\xff\x01\x00\x01\x00", 11);
	for (size_t i = 0; i < count; i++)
		total += 3 + lens[i];
	buf_add_char(&handshake, 0x0b);
	add_length(&handshake, 3, total + 3);
	add_length(&handshake, 3, total);
	for (size_t i = 0; i < count; i++) {
		add_length(&handshake, 3, lens[i]);
		buf_add(&handshake, ders[i], lens[i]);
	}
	add_records(&out, &handshake);
	buf_finish(&handshake);
	*len = out.len;
	return (uint8_t *)buf_take(&out);
}

/* --- DNS ------------------------------------------------------------------------------------- */

/* The question's name with dots, into out; its end, or 0. */
static size_t dns_name(const uint8_t *packet, size_t len, char *out, size_t out_len)
{
	size_t at = 12, used = 0;
	while (at < len && packet[at] != 0) {
		size_t label = packet[at++];
		if (label > 63 || at + label > len || used + label + 2 > out_len)
			return 0;
		if (used > 0)
			out[used++] = '.';
		memcpy(out + used, packet + at, label);
		used += label;
		at += label;
	}
	out[used] = 0;
	str_lower(out);
	return at + 1;
}

static const struct dns_row *dns_find(const struct dns *dns, const char *name)
{
	for (const struct dns_row *row = dns->rows; row->name; row++)
		if (str_eq(row->name, name) || str_eq(row->name, "*"))
			return row;
	return NULL;
}

static void dns_answer(struct buf *out, int family, const char *text)
{
	uint8_t bytes[16];
	check(inet_pton(family, text, bytes) == 1, text);
	buf_add(out, "\xc0\x0c\x00", 3);
	buf_add_char(out, family == AF_INET ? 1 : 28);
	buf_add(out, "\x00\x01\x00\x00\x00\x3c", 6);
	add_length(out, 2, family == AF_INET ? 4 : 16);
	buf_add(out, bytes, family == AF_INET ? 4 : 16);
}

static void on_question(void *arg, int fd, int what)
{
	struct dns *dns = arg;
	uint8_t packet[512];
	char name[256];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	(void)what;
	ssize_t got = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);
	size_t end = got > 12 ? dns_name(packet, (size_t)got, name, sizeof(name)) : 0;
	if (end == 0 || end + 4 > (size_t)got)
		return;
	dns->asked++;
	const struct dns_row *row = dns_find(dns, name);
	if (!row || row->silent)
		return;
	int type = packet[end] << 8 | packet[end + 1];
	const char *text = type == 1 ? row->v4 : type == 28 ? row->v6 : NULL;
	struct buf out;
	buf_init(&out, 512);
	buf_add(&out, packet, 2);
	buf_add_char(&out, (char)0x81);
	buf_add_char(&out, (char)(0x80 | row->rcode));
	buf_add(&out, "\x00\x01\x00", 3);
	buf_add_char(&out, text && row->rcode == 0);
	buf_add(&out, "\x00\x00\x00\x00", 4);
	buf_add(&out, packet + 12, end + 4 - 12);
	if (text && row->rcode == 0)
		dns_answer(&out, type == 1 ? AF_INET : AF_INET6, text);
	sendto(fd, out.data, out.len, 0, (struct sockaddr *)&from, from_len);
	buf_finish(&out);
}

void dns_start(struct dns *dns, struct loop *loop, const struct dns_row *rows)
{
	struct address address;
	memset(dns, 0, sizeof(*dns));
	dns->loop = loop;
	dns->rows = rows;
	dns->fd = bound("127.0.0.1", SOCK_DGRAM, &address, &dns->port);
	snprintf(dns->servers, sizeof(dns->servers), "127.0.0.1@%u", dns->port);
	dns->watch = watch_new(loop, dns->fd, WATCH_READ, on_question, dns);
}

void dns_stop(struct dns *dns)
{
	watch_free(dns->watch);
	close(dns->fd);
}

/* --- a network of its own -------------------------------------------------------------------- */

static bool network_leave(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
	close(fd);
	return up;
}

void in_own_network(bool (*test)(void))
{
	int status;
	pid_t pid = fork();
	check(pid >= 0, "fork");
	if (pid == 0)
		_exit(!network_leave() ? 77 : test() ? 0 : 1);
	check(waitpid(pid, &status, 0) == pid, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* --- small things ---------------------------------------------------------------------------- */

static void on_patience(void *arg)
{
	bug("waited %d ms in vain", *(const int *)arg);
}

void run_until(struct loop *loop, const bool *flag)
{
	int patience_ms = PATIENCE_MS;
	struct timer patience;
	timer_init(&patience, loop, on_patience, &patience_ms);
	timer_set(&patience, patience_ms);
	while (!*flag)
		loop_run(loop);
	timer_clear(&patience);
}

uint8_t *slurp(const char *path, size_t *len)
{
	struct buf out;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	check(fd >= 0, path);
	buf_init(&out, 64 * 1024 * 1024);
	while ((got = read(fd, buf_space(&out, 65536), 65536)) > 0)
		buf_added(&out, (size_t)got);
	check(got == 0, path);
	close(fd);
	*len = out.len;
	return (uint8_t *)buf_take(&out);
}

const char *work_path(const char *name)
{
	static char paths[32][512];
	static size_t next;
	char *path = paths[next++ % ARRAY_LEN(paths)];
	const char *directory = getenv("TMPDIR");
	snprintf(path, sizeof(paths[0]), "%s/%s", directory ? directory : "/tmp", name);
	return path;
}
