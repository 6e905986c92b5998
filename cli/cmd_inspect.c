/*
 * expiryctl inspect: every certificate of some files, decoded. The bytes are a stranger's: the
 * reader parses them, in its sandbox.
 */
#include "cli/asking.h"
#include "cli/cert_print.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/wire/lookers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MS (60 * MS_SECOND)
/* One more than the reader takes, so that it is the reader who refuses. */
#define COPY_MAX ((size_t)16 * 1024 * 1024 + 1)

const struct cmd cmd_inspect;

struct inspect {
	struct asking asking;
	struct loop *loop;
	struct lookers *lookers;
	struct look *look; /* one file at a time, in their order */
	size_t at;
	size_t shown; /* certificates */
	json_t *files;
	int status;
};

static void next_file(struct inspect *inspect);

/* ---- telling ------------------------------------------------------------------------------ */

static void print_file(const json_t *file)
{
	const json_t *list = json_get_array(file, "certificates"), *one;
	const json_t *error = json_object_get(file, "error");
	struct buf text;
	size_t i;

	buf_init(&text, 65536);
	if (json_is_string(error))
		cmd_wrong("%s: %s", json_get_str(file, "file"), fact_text(&text, error));
	json_array_foreach(list, i, one) {
		printf("%s%s, %zu of %zu\n", i ? "\n" : "",
		       fact_text(&text, json_object_get(file, "file")), i + 1,
		       json_array_size(list));
		cert_print(one, 2);
	}
	buf_finish(&text);
}

static void tell_file(struct inspect *inspect, json_t *file_take)
{
	switch (inspect->asking.format) {
	case FORMAT_TABLE:
	case FORMAT_CSV:
		if (inspect->shown > 0 &&
		    json_array_size(json_get_array(file_take, "certificates")))
			putchar('\n');
		inspect->shown += json_array_size(json_get_array(file_take, "certificates"));
		print_file(file_take);
		break;
	case FORMAT_NDJSON:
		json_print(file_take);
		break;
	case FORMAT_JSON:
		json_array_append(inspect->files, file_take);
		break;
	}
	json_decref(file_take);
}

static json_t *file_object(const struct inspect *inspect, const char *error)
{
	json_t *file = json_object();

	json_put_str(file, "file", inspect->asking.words[inspect->at]);
	json_put_str(file, "error", error);
	json_put(file, "certificates", json_array());
	return file;
}

static void fail(struct inspect *inspect, int status, const char *error)
{
	if (inspect->status < status)
		inspect->status = status;
	tell_file(inspect, file_object(inspect, error));
}

/* ---- looking ------------------------------------------------------------------------------ */

static json_t *member_json(struct inspect *inspect, const struct endpoint *endpoint)
{
	json_t *json;

	if (endpoint->has_cert)
		return cert_to_json(&endpoint->cert);
	json = json_object();
	json_put_str(json, "error", endpoint->error);
	if (inspect->status < EXIT_FAILED)
		inspect->status = EXIT_FAILED;
	return json;
}

static void on_looked(void *arg, struct look_result *result)
{
	struct inspect *inspect = arg;
	const struct endpoint *only = &result->observation.endpoints[0];
	json_t *file;

	inspect->look = NULL;
	if (result->members_len == 0) {
		fail(inspect, result->observation.ours ? EXIT_UNKNOWN : EXIT_FAILED,
		     only->error ? only->error : "there is no certificate in it");
	} else {
		file = file_object(inspect, NULL);
		for (size_t i = 0; i < result->members_len; i++)
			json_array_append_new(json_get_array(file, "certificates"),
					      member_json(inspect, &result->members[i].endpoint));
		tell_file(inspect, file);
	}
	inspect->at++;
	next_file(inspect);
}

/* What is no regular file cannot be read twice, and may keep the reader waiting: its bytes are
 * copied. */
static int copied(int from)
{
	int to = memfd_create("inspect", MFD_CLOEXEC);
	char bytes[65536];
	size_t len = 0;
	ssize_t got;

	while (to >= 0 && len < COPY_MAX && (got = read(from, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || write(to, bytes, (size_t)got) != got) {
			close(to);
			return -1;
		}
		len += (size_t)got;
	}
	if (to >= 0)
		lseek(to, 0, SEEK_SET);
	return to;
}

static int open_file(const char *path)
{
	struct stat st;
	int fd, copy, error;

	fd = str_eq(path, "-") ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || (!str_eq(path, "-") && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	copy = copied(fd);
	error = errno;
	close(fd);
	errno = error;
	return copy;
}

static bool look_file(struct inspect *inspect, const char *path)
{
	struct look_request request = {
		.now = clock_wall_ms(), .deadline_ms = FILE_MS, .each = true};
	struct target target;
	struct err err = {0};

	request.file = open_file(path);
	if (request.file < 0) {
		fail(inspect, EXIT_WRONG, strerror(errno));
		return false;
	}
	/* The name is for the daemon's records only. */
	if (!target_parse(&target, "/inspect", "", NULL, &err)) {
		fail(inspect, EXIT_WRONG, err.text);
		close(request.file);
		return false;
	}
	request.target = &target;
	inspect->look = look_start(inspect->lookers, &request, on_looked, inspect);
	target_finish(&target);
	close(request.file);
	return true;
}

static void next_file(struct inspect *inspect)
{
	while (inspect->at < inspect->asking.words_len) {
		if (look_file(inspect, inspect->asking.words[inspect->at]))
			return;
		inspect->at++;
	}
	loop_stop(inspect->loop);
}

static void on_note(void *arg UNUSED, enum lookers_level level, const char *phrase,
		    const char *detail)
{
	if (level != LOOKERS_INFO)
		cmd_wrong("%s: %s", phrase, detail ? detail : "");
}

static void begin(void *arg)
{
	next_file(arg);
}

static int run(const struct globals *globals UNUSED, int argc, char **argv)
{
	struct lookers_config config = {
		.probers = 1,
		.setup = {.concurrency = 1, .per_address = 1, .log_level = LOG_LEVEL_ERROR}};
	struct inspect inspect = {0};
	int status = asking_read(&inspect.asking, &cmd_inspect, argc, argv, 1, SIZE_MAX, "FILE");

	if (status != EXIT_WELL)
		return status;
	log_setup(LOG_LEVEL_WARN, LOG_FORMAT_LOGFMT, NULL);
	inspect.files = json_array();
	inspect.loop = loop_new();
	inspect.lookers = lookers_new(inspect.loop, &config, on_note, NULL);
	loop_defer(inspect.loop, begin, &inspect);
	loop_run(inspect.loop);
	lookers_free(inspect.lookers);
	loop_free(inspect.loop);
	if (inspect.asking.format == FORMAT_JSON) {
		json_t *whole = json_object();

		json_put_str(whole, "schema", "expiryd.inspect/1");
		json_put(whole, "files", json_incref(inspect.files));
		json_print(whole);
		json_decref(whole);
	}
	json_decref(inspect.files);
	return inspect.status;
}

const struct cmd cmd_inspect = {
	.name = "inspect",
	.what = "every certificate in files, decoded",
	.usage = "Usage: expiryctl inspect [options] FILE...\n"
		 "Prints every certificate in PEM or DER files, in their order; - is standard "
		 "input.\n"
		 "Status 1 when one cannot be parsed or a file has none, 2 when a file cannot be "
		 "read.\n"
		 "\n" ASKING_HELP "\nExamples:\n"
		 "  expiryctl inspect /etc/ssl/certs/ca-certificates.crt\n"
		 "  openssl s_client -connect www.example.com:443 -showcerts </dev/null | "
		 "expiryctl inspect -\n",
	.run = run,
};
