/*
 * The bed of the API's tests, and a small HTTP client in it.
 */
#include "tests/unit/api_bed.h"

#include "daemon/keeper/api_inside.h"
#include "lib/base/buf.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/rand.h"
#include "lib/base/str.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REPLY_MAX ((size_t)64 * 1024 * 1024)
#define TURNS_MAX 200000

static void on_log(void *arg, enum log_level level, const char *line)
{
	struct api_bed *bed = arg;

	bed->warnings += level == LOG_LEVEL_WARN;
	bed->errors += level == LOG_LEVEL_ERROR;
	if (getenv("API_LOG"))
		fprintf(stderr, "%s\n", line);
}

void api_bed_write_config(struct api_bed *bed, const char *yaml)
{
	FILE *file = fopen(bed->config_file, "w");

	if (!file)
		bug("no configuration file");
	fprintf(file,
		"store: \"sqlite::memory:\"\n"
		"instance: {name: here}\n"
		"control: {socket: %s}\n"
		"notifiers:\n"
		"  hook: {type: webhook, url: \"http://127.0.0.1:9/secret\"}\n"
		"  post: {type: webhook, url: \"http://127.0.0.1:9/other\"}\n%s\n",
		bed->socket, yaml);
	fclose(file);
}

void api_bed_start(struct api_bed *bed, const char *yaml)
{
	static bool virtual_time;
	struct keeper_options options = {0};
	struct faults faults = {0};
	struct config *config;
	struct err err = {0};
	char *text;

	*bed = (struct api_bed){0};
	snprintf(bed->folder, sizeof(bed->folder), "%s/api-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(bed->folder))
		bug("no folder");
	snprintf(bed->config_file, sizeof(bed->config_file), "%s/expiryd.yaml", bed->folder);
	snprintf(bed->socket, sizeof(bed->socket), "%s/control.sock", bed->folder);
	if (!virtual_time)
		clock_virtual_start((int64_t)EXPIRYD_BUILD_EPOCH * MS_SECOND + MS_DAY);
	virtual_time = true;
	rand_seed(1);
	log_set_sink(on_log, bed);
	fake_notifier_reset();
	bed->loop = loop_new();
	api_bed_write_config(bed, yaml);
	config = config_load(bed->config_file, &faults);
	text = faults_text(&faults);
	if (!config)
		bug("configuration: %s", text);
	mem_free(text);
	faults_finish(&faults);
	bed->keeper = keeper_new(bed->loop, config, &options, &err);
	if (!bed->keeper)
		bug("keeper: %s", err.text);
	bed->port = bed->keeper->api->tcp ? httpd_port(bed->keeper->api->tcp) : -1;
}

void api_bed_run(struct api_bed *bed, int64_t ms)
{
	loop_run_virtual(bed->loop, clock_wall_ms() + ms);
}

static void remove_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) != NULL) {
		char file[512];

		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		unlink(file);
	}
	if (folder)
		closedir(folder);
	rmdir(path);
}

void api_bed_finish(struct api_bed *bed)
{
	keeper_free(bed->keeper);
	loop_free(bed->loop);
	remove_folder(bed->folder);
	fake_notifier_reset();
	log_set_sink(NULL, NULL);
}

/* ---- the client --------------------------------------------------------------------------- */

static int connect_unix(const struct api_bed *bed)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	str_copy(address.sun_path, sizeof(address.sun_path), bed->socket);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		bug("connect: %s", strerror(errno));
	return fd;
}

static int connect_tcp(const struct api_bed *bed)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)bed->port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		bug("connect: %s", strerror(errno));
	return fd;
}

/* The loop runs here too, so nobody would read what does not fit into the socket. */
static void send_request(struct api_bed *bed, int fd, const char *method, const char *path,
			 const char *headers, const char *body)
{
	struct buf out;
	size_t at = 0;

	buf_init(&out, REPLY_MAX);
	buf_printf(&out, "%s %s HTTP/1.1\r\n", method, path);
	if (!headers || !strstr(headers, "Host:"))
		buf_add_str(&out, "Host: localhost\r\n");
	buf_printf(&out, "Connection: close\r\n%s", headers ? headers : "");
	if (body)
		buf_printf(&out, "Content-Length: %zu\r\n", strlen(body));
	buf_add_str(&out, "\r\n");
	buf_add_str(&out, body ? body : "");
	while (at < out.len) {
		ssize_t n = send(fd, out.data + at, out.len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		else if (errno != EAGAIN)
			break;
		loop_turn(bed->loop);
	}
	buf_finish(&out);
}

static void receive(struct api_bed *bed, int fd, struct buf *in)
{
	for (int turns = 0; turns < TURNS_MAX; turns++) {
		char *room = buf_space(in, 65536);
		ssize_t n = recv(fd, room, 65536, MSG_DONTWAIT);

		if (n > 0)
			buf_added(in, (size_t)n);
		else if (n == 0 || errno != EAGAIN)
			return;
		else if (!loop_turn(bed->loop))
			usleep(50);
	}
	bug("no end of the answer");
}

static void unchunk(const char *data, size_t len, struct buf *out)
{
	const char *end = data + len;

	while (data < end) {
		char *line;
		size_t size = strtoul(data, &line, 16);

		if (size == 0 || line + 2 + size > end)
			return;
		buf_add(out, line + 2, size);
		data = line + 2 + size + 2;
	}
}

static struct reply reply_of(const struct buf *in)
{
	const char *body = in->len ? strstr(in->data, "\r\n\r\n") : NULL;
	struct reply reply = {0};
	struct buf out;

	if (!body)
		return reply;
	body += 4;
	buf_init(&out, REPLY_MAX);
	reply.head = str_dup_n(in->data, (size_t)(body - in->data));
	reply.status = (int)strtol(in->data + strlen("HTTP/1.1 "), NULL, 10);
	if (strstr(reply.head, "Transfer-Encoding: chunked"))
		unchunk(body, in->len - (size_t)(body - in->data), &out);
	else
		buf_add(&out, body, in->len - (size_t)(body - in->data));
	reply.body_len = out.len;
	reply.body = out.len ? buf_take(&out) : str_dup("");
	if (strstr(reply.head, "json"))
		reply.json = json_parse(reply.body, reply.body_len, REPLY_MAX, NULL);
	buf_finish(&out);
	return reply;
}

static struct reply ask(struct api_bed *bed, int fd, const char *method, const char *path,
			const char *headers, const char *body)
{
	struct reply reply;
	struct buf in;

	buf_init(&in, REPLY_MAX);
	send_request(bed, fd, method, path, headers, body);
	receive(bed, fd, &in);
	close(fd);
	reply = reply_of(&in);
	buf_finish(&in);
	return reply;
}

struct reply api_bed_ask(struct api_bed *bed, const char *method, const char *path,
			 const char *headers, const char *body)
{
	return ask(bed, connect_unix(bed), method, path, headers, body);
}

struct reply api_bed_ask_tcp(struct api_bed *bed, const char *method, const char *path,
			     const char *headers, const char *body)
{
	return ask(bed, connect_tcp(bed), method, path, headers, body);
}

int api_bed_ask_only(struct api_bed *bed, const char *method, const char *path)
{
	int fd = connect_unix(bed);

	send_request(bed, fd, method, path, NULL, NULL);
	return fd;
}

void reply_finish(struct reply *reply)
{
	mem_free(reply->head);
	mem_free(reply->body);
	json_decref(reply->json);
	*reply = (struct reply){0};
}

json_t *api_bed_get(struct api_bed *bed, const char *path)
{
	struct reply reply = api_bed_ask(bed, "GET", path, NULL, NULL);
	json_t *json = json_incref(reply.json);

	if (reply.status != 200 || !json)
		bug("GET %s: %d %s", path, reply.status, reply.body);
	reply_finish(&reply);
	return json;
}

json_t *json_at(const json_t *json, const char *path)
{
	const json_t *at = json;

	while (at && *path) {
		size_t len = strcspn(path, "/");
		char *key = str_dup_n(path, len);
		uint64_t index;

		if (json_is_array(at))
			at = str_to_u64(key, 0, SIZE_MAX, &index) ? json_array_get(at, index)
								  : NULL;
		else
			at = json_object_get(at, key);
		mem_free(key);
		path += len + (path[len] == '/');
	}
	return (json_t *)(uintptr_t)at;
}

const char *str_at(const json_t *json, const char *path)
{
	return json_string_value(json_at(json, path));
}

int64_t int_at(const json_t *json, const char *path)
{
	const json_t *value = json_at(json, path);

	return json_is_integer(value) ? json_integer_value(value) : INT64_MIN;
}
