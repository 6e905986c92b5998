/*
 * The client's side of the control socket. HTTP/1.1 with Connection: close; bodies by length, by
 * chunks or to the end.
 */
#include "cli/client.h"

#include "config/config.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define HEAD_MAX (64 * 1024)
#define ANSWER_TIMEOUT_S 60
#define TOKEN_MAX 4096

struct exchange {
	int fd;
	struct buf in; /* read and not yet used */
	bool ended;
};

static void note_tried(struct client *client, const char *place, const char *why)
{
	char *more = str_printf("%s%s%s (%s)", client->tried ? client->tried : "",
				client->tried ? ", " : "", place, why);

	mem_free(client->tried);
	client->tried = more;
}

static bool set_url(struct client *client, const char *url)
{
	const char *host = url + strlen("http://");
	const char *colon;
	size_t len;

	if (!str_starts(url, "http://"))
		return false;
	len = strcspn(host, "/");
	colon = memchr(host, ':', len);
	if (host[0] == '[') {
		const char *end = memchr(host, ']', len);

		if (!end)
			return false;
		client->host = str_dup_n(host + 1, (size_t)(end - host - 1));
		colon = end[1] == ':' ? end + 1 : NULL;
	} else {
		client->host = str_dup_n(host, colon ? (size_t)(colon - host) : len);
	}
	client->port = colon ? str_dup_n(colon + 1, (size_t)(host + len - colon - 1))
			     : str_dup("80");
	return true;
}

static int read_token(struct client *client, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[TOKEN_MAX];

	if (!file)
		return cmd_wrong("%s: %s", path, strerror(errno));
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (!line[0] || strpbrk(line, " \t"))
		return cmd_wrong("%s holds no token", path);
	client->token = str_dup(line);
	mem_wipe(line, sizeof(line));
	return EXIT_WELL;
}

static int socket_of_config(struct client *client, const char *path)
{
	struct faults faults = {0};
	struct config *config = config_load_for_cli(path, &faults);
	char *text = faults_text(&faults);

	if (config)
		client->socket = str_dup(config->control.socket);
	else
		fputs(text, stderr);
	mem_free(text);
	faults_finish(&faults);
	config_free(config);
	return client->socket ? EXIT_WELL : EXIT_WRONG;
}

int client_init(struct client *client, const struct globals *globals)
{
	const char *variable = getenv("EXPIRYD_SOCKET");

	*client = (struct client){.globals = globals};
	if (globals->url) {
		if (!set_url(client, globals->url))
			return cmd_wrong("--url must begin with http://, not %s", globals->url);
		return globals->token_file ? read_token(client, globals->token_file) : EXIT_WELL;
	}
	if (globals->socket)
		client->socket = str_dup(globals->socket);
	else if (variable && *variable)
		client->socket = str_dup(variable);
	else if (globals->config)
		return socket_of_config(client, globals->config);
	return EXIT_WELL;
}

void client_finish(struct client *client)
{
	if (client->token)
		mem_wipe(client->token, strlen(client->token));
	mem_free(client->token);
	mem_free(client->tried);
	mem_free(client->socket);
	mem_free(client->host);
	mem_free(client->port);
	*client = (struct client){0};
}

static int connect_unix(struct client *client, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (!str_copy(address.sun_path, sizeof(address.sun_path), path)) {
		note_tried(client, path, "the path is too long for a socket");
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	note_tried(client, path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int connect_tcp(struct client *client)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
	int rc = getaddrinfo(client->host, client->port, &hints, &list), fd = -1;

	if (rc != 0)
		note_tried(client, client->host, gai_strerror(rc));
	for (struct addrinfo *one = list; one && fd < 0; one = one->ai_next) {
		fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
			note_tried(client, client->globals->url, strerror(errno));
			close(fd);
			fd = -1;
		}
	}
	if (list)
		freeaddrinfo(list);
	return fd;
}

static int connect_any(struct client *client)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *path;
	int fd;

	if (client->host)
		return connect_tcp(client);
	if (client->socket)
		return connect_unix(client, client->socket);
	fd = connect_unix(client, "/run/expiryd/control.sock");
	if (fd >= 0 || !runtime || !*runtime)
		return fd;
	path = str_printf("%s/expiryd/control.sock", runtime);
	fd = connect_unix(client, path);
	mem_free(path);
	return fd;
}

static int away(const struct client *client, const char *why)
{
	if (why)
		fprintf(stderr, "expiryctl: the daemon broke off: %s\n", why);
	else
		fprintf(stderr, "expiryctl: no daemon answers at %s\n",
			client->tried ? client->tried : "any place");
	return EXIT_UNKNOWN;
}

static bool send_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		data += sent;
		len -= (size_t)sent;
	}
	return true;
}

static bool send_request(const struct client *client, int fd, const char *method, const char *path,
			 const char *body)
{
	struct buf request;
	bool ok;

	buf_init(&request, CLIENT_BODY_MAX);
	buf_printf(&request, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, path,
		   client->host ? client->host : "localhost");
	if (client->token)
		buf_printf(&request, "Authorization: Bearer %s\r\n", client->token);
	if (body || str_eq(method, "POST"))
		buf_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
			   body ? strlen(body) : (size_t)0);
	buf_add_str(&request, "\r\n");
	if (body)
		buf_add_str(&request, body);
	ok = send_all(fd, buf_text(&request), request.len);
	if (client->token)
		mem_wipe(request.data, request.len);
	buf_finish(&request);
	return ok;
}

/* Reads some more; false at the end, on an error or over the ceiling. */
static bool more(struct exchange *exchange)
{
	char *room = buf_space(&exchange->in, 65536);
	ssize_t got = room ? recv(exchange->fd, room, 65536, 0) : -1;

	if (got <= 0) {
		exchange->ended = got == 0;
		return false;
	}
	buf_added(&exchange->in, (size_t)got);
	return true;
}

/* The header block, NUL-terminated, taken off the input; NULL when it never ends. */
static char *read_head(struct exchange *exchange)
{
	for (;;) {
		const char *text = buf_text(&exchange->in);
		const char *end = strstr(text, "\r\n\r\n");
		char *head;

		if (end) {
			head = str_dup_n(text, (size_t)(end - text) + 2);
			buf_consume(&exchange->in, (size_t)(end - text) + 4);
			return head;
		}
		if (exchange->in.len > HEAD_MAX || !more(exchange))
			return NULL;
	}
}

/* The value of a header, copied into out. */
static bool header_of(const char *head, const char *name, char *out, size_t out_len)
{
	size_t len = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line && line[2];
	     line = strstr(line + 2, "\r\n")) {
		const char *at = line + 2;
		char *word = str_dup_n(at, strcspn(at, ":\r\n"));
		bool same = str_ieq(word, name);

		mem_free(word);
		if (!same || at[len] != ':')
			continue;
		at += len + 1;
		at += strspn(at, " \t");
		word = str_dup_n(at, strcspn(at, "\r\n"));
		same = str_copy(out, out_len, word);
		mem_free(word);
		return same;
	}
	return false;
}

static bool read_line(struct exchange *exchange, char *out, size_t out_len)
{
	for (;;) {
		const char *text = buf_text(&exchange->in);
		const char *end = strstr(text, "\r\n");

		if (end) {
			size_t len = (size_t)(end - text);

			if (len >= out_len)
				return false;
			memcpy(out, text, len);
			out[len] = '\0';
			buf_consume(&exchange->in, len + 2);
			return true;
		}
		if (exchange->in.len > HEAD_MAX || !more(exchange))
			return false;
	}
}

static bool take(struct exchange *exchange, size_t len, struct buf *out)
{
	while (len > 0) {
		size_t now = exchange->in.len < len ? exchange->in.len : len;

		if (now > 0) {
			if (!buf_add(out, exchange->in.data, now))
				return false;
			buf_consume(&exchange->in, now);
			len -= now;
		} else if (!more(exchange)) {
			return false;
		}
	}
	return true;
}

static bool read_chunks(struct exchange *exchange, struct buf *out)
{
	char line[256];

	while (read_line(exchange, line, sizeof(line))) {
		char *end;
		unsigned long len = strtoul(line, &end, 16);

		if (end == line || len > CLIENT_BODY_MAX)
			return false;
		if (len == 0)
			return true;
		if (!take(exchange, len, out) || !read_line(exchange, line, sizeof(line)) ||
		    line[0])
			return false;
	}
	return false;
}

static bool read_body(struct exchange *exchange, const char *head, struct buf *out)
{
	char value[64];
	uint64_t len;

	if (header_of(head, "Transfer-Encoding", value, sizeof(value)) && str_ieq(value, "chunked"))
		return read_chunks(exchange, out);
	if (header_of(head, "Content-Length", value, sizeof(value)))
		return str_to_u64(value, 0, CLIENT_BODY_MAX, &len) && take(exchange, len, out);
	do {
		if (!take(exchange, exchange->in.len, out))
			return false;
	} while (more(exchange));
	return exchange->ended;
}

static bool read_answer(struct exchange *exchange, int *status, struct buf *out)
{
	char *head = read_head(exchange);
	uint64_t code = 0;
	char digits[4] = "";
	bool ok = head && str_starts(head, "HTTP/1.") && strlen(head) > 12;

	if (ok) {
		memcpy(digits, head + 9, 3);
		ok = str_to_u64(digits, 100, 599, &code) && read_body(exchange, head, out);
	}
	*status = (int)code;
	mem_free(head);
	return ok;
}

int client_ask(struct client *client, const char *method, const char *path, const char *body,
	       int *status, struct buf *out)
{
	struct timeval limit = {.tv_sec = ANSWER_TIMEOUT_S};
	struct exchange exchange = {.fd = connect_any(client)};
	bool ok;

	if (exchange.fd < 0)
		return away(client, NULL);
	setsockopt(exchange.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(exchange.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	buf_init(&exchange.in, HEAD_MAX * 4);
	buf_reset(out);
	ok = send_request(client, exchange.fd, method, path, body) &&
	     read_answer(&exchange, status, out);
	buf_finish(&exchange.in);
	close(exchange.fd);
	return ok ? EXIT_WELL : away(client, "its answer does not end as HTTP should");
}

int client_problem(int http_status, const char *body, size_t len)
{
	json_t *json = json_parse(body, len, CLIENT_BODY_MAX, NULL), *list, *one;
	const char *detail = json_get_str(json, "detail");
	struct buf shown;
	size_t i;

	buf_init(&shown, 65536);
	if (detail)
		text_line(&shown, detail, strlen(detail));
	else
		buf_printf(&shown, "the daemon answers with status %d", http_status);
	fprintf(stderr, "expiryctl: %s\n", buf_text(&shown));
	list = json_get_array(json, "candidates");
	if (!list)
		list = json_get_array(json, "faults");
	json_array_foreach(list, i, one) {
		const char *text = json_string_value(one);

		buf_reset(&shown);
		text_line(&shown, text ? text : "?", text ? strlen(text) : 1);
		fprintf(stderr, "  %s\n", buf_text(&shown));
	}
	buf_finish(&shown);
	json_decref(json);
	return http_status >= 500 ? EXIT_UNKNOWN : EXIT_WRONG;
}

int client_json(struct client *client, const char *method, const char *path, const char *body,
		json_t **out)
{
	struct buf answer;
	struct err err = {0};
	int http_status, status;

	buf_init(&answer, CLIENT_BODY_MAX);
	status = client_ask(client, method, path, body, &http_status, &answer);
	if (status == EXIT_WELL && http_status >= 300)
		status = client_problem(http_status, buf_text(&answer), answer.len);
	else if (status == EXIT_WELL) {
		*out = json_parse(buf_text(&answer), answer.len, CLIENT_BODY_MAX, &err);
		if (!*out)
			status = away(client, err.text);
	}
	buf_finish(&answer);
	return status;
}

void url_encode(struct buf *out, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~";

	for (; *text; text++) {
		if (strchr(plain, *text))
			buf_add_char(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
	}
}
