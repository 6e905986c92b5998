/*
 * The client against a socket that plays the daemon: bodies by length, in chunks and to the end,
 * cut short and swollen, problems, and nobody there.
 */
#include "lib/base/sys.h"

#include "cli/client.h"
#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

/* Answers one connection with these bytes, a few at a time; the request must begin with `begin`. */
static pid_t serve(const char *begin, const char *answer, size_t len)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	if (pid == 0) {
		char request[4096] = "";
		int fd = accept(listener, NULL, NULL);
		size_t got = 0;

		while (!strstr(request, "\r\n\r\n") && got < sizeof(request) - 1) {
			ssize_t more = read(fd, request + got, sizeof(request) - 1 - got);

			if (more <= 0)
				_exit(2);
			got += (size_t)more;
			request[got] = '\0';
		}
		for (size_t at = 0; at < len; at += 7)
			if (send(fd, answer + at, len - at < 7 ? len - at : 7, MSG_NOSIGNAL) < 0)
				break;
		_exit(strncmp(request, begin, strlen(begin)) == 0 ? 0 : 1);
	}
	close(listener);
	return pid;
}

static void served(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	unlink(path);
}

/* The process's status; *http and body when it was answered. */
static int exchange(const char *answer, size_t len, int *http, struct buf *body)
{
	struct globals globals = {.socket = path};
	struct client client;
	pid_t pid = serve("GET /x HTTP/1.1\r\n", answer, len);
	int status = client_init(&client, &globals);

	assert_int_equal(status, EXIT_WELL);
	status = client_ask(&client, "GET", "/x", NULL, http, body);
	client_finish(&client);
	served(pid);
	return status;
}

static void check(const char *answer, int want, int want_http, const char *want_body)
{
	struct buf body;
	int http = 0;

	buf_init(&body, 65536);
	assert_int_equal(exchange(answer, strlen(answer), &http, &body), want);
	if (want == EXIT_WELL) {
		assert_int_equal(http, want_http);
		assert_string_equal(buf_text(&body), want_body);
	}
	buf_finish(&body);
}

static void by_length(void **state UNUSED)
{
	check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", EXIT_WELL, 200, "hello");
	check("HTTP/1.1 200 OK\r\nX-Content-Length: 9\r\ncontent-length:5\r\n\r\nhello", EXIT_WELL,
	      200, "hello");
	check("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", EXIT_WELL, 404, "");
	check("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", EXIT_UNKNOWN, 0, NULL);
	check("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello", EXIT_UNKNOWN, 0, NULL);
	check("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nhello", EXIT_UNKNOWN, 0,
	      NULL);
}

static void in_chunks(void **state UNUSED)
{
#define HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	check(HEAD "5\r\nhello\r\n6; x=y\r\n world\r\n0\r\n\r\n", EXIT_WELL, 200, "hello world");
	check(HEAD "A\r\n0123456789\r\n0\r\n\r\n", EXIT_WELL, 200, "0123456789");
	check(HEAD "0\r\n\r\n", EXIT_WELL, 200, "");
	/* a list that was broken off has no end */
	check(HEAD "5\r\nhello\r\n", EXIT_UNKNOWN, 0, NULL);
	check(HEAD "5\r\nhel", EXIT_UNKNOWN, 0, NULL);
	check(HEAD "5\r\nhelloXX0\r\n\r\n", EXIT_UNKNOWN, 0, NULL);
	check(HEAD "zz\r\nhello\r\n0\r\n\r\n", EXIT_UNKNOWN, 0, NULL);
	check(HEAD "-5\r\nhello\r\n0\r\n\r\n", EXIT_UNKNOWN, 0, NULL);
	check(HEAD "ffffffffffffffff\r\nhello\r\n", EXIT_UNKNOWN, 0, NULL);
}

static void to_the_end(void **state UNUSED)
{
	check("HTTP/1.1 200 OK\r\n\r\nhello", EXIT_WELL, 200, "hello");
	check("HTTP/1.0 200 OK\r\n\r\n", EXIT_WELL, 200, "");
}

static void no_http(void **state UNUSED)
{
	check("220 mail.example ESMTP\r\n\r\n", EXIT_UNKNOWN, 0, NULL);
	check("HTTP/1.1", EXIT_UNKNOWN, 0, NULL);
	check("HTTP/1.1 xyz\r\n\r\n", EXIT_UNKNOWN, 0, NULL);
	check("", EXIT_UNKNOWN, 0, NULL);
}

static void over_the_ceiling(void **state UNUSED)
{
	struct buf body;
	int http;
	char *answer = str_printf("HTTP/1.1 200 OK\r\n\r\n%0*d", 5000, 1);

	buf_init(&body, 1000);
	assert_int_equal(exchange(answer, strlen(answer), &http, &body), EXIT_UNKNOWN);
	buf_finish(&body);
	mem_free(answer);
}

static int asked_json(const char *answer, json_t **out)
{
	struct globals globals = {.socket = path};
	struct client client;
	pid_t pid = serve("POST /y HTTP/1.1\r\n", answer, strlen(answer));
	int status;

	*out = NULL;
	assert_int_equal(client_init(&client, &globals), EXIT_WELL);
	status = client_json(&client, "POST", "/y", "{}", out);
	client_finish(&client);
	served(pid);
	return status;
}

static void json_and_problems(void **state UNUSED)
{
	json_t *json;

	assert_int_equal(asked_json("HTTP/1.1 200 OK\r\n\r\n{\"a\":1}", &json), EXIT_WELL);
	assert_int_equal(json_get_int(json, "a", 0), 1);
	json_decref(json);
	assert_int_equal(asked_json("HTTP/1.1 200 OK\r\n\r\n{\"a\":", &json), EXIT_UNKNOWN);
	assert_null(json);
	assert_int_equal(
		asked_json("HTTP/1.1 409 Conflict\r\n\r\n{\"detail\":\"no\",\"candidates\":"
			   "[\"a\",1]}",
			   &json),
		EXIT_WRONG);
	assert_int_equal(asked_json("HTTP/1.1 503 Away\r\n\r\n<html>", &json), EXIT_UNKNOWN);
}

static void nobody(void **state UNUSED)
{
	struct globals globals = {.socket = "/nonexistent/control.sock"};
	struct client client;
	struct buf body;
	int http;

	buf_init(&body, 1000);
	assert_int_equal(client_init(&client, &globals), EXIT_WELL);
	assert_int_equal(client_ask(&client, "GET", "/", NULL, &http, &body), EXIT_UNKNOWN);
	assert_non_null(strstr(client.tried, "/nonexistent/control.sock"));
	client_finish(&client);
	buf_finish(&body);
	globals = (struct globals){.url = "https://localhost"};
	assert_int_equal(client_init(&client, &globals), EXIT_WRONG);
	client_finish(&client);
}

static void urls(void **state UNUSED)
{
	struct buf out;

	buf_init(&out, 1000);
	url_encode(&out, "a.b:443@[::1]/x y?&#\xc3\xa4");
	assert_string_equal(buf_text(&out), "a.b%3A443%40%5B%3A%3A1%5D%2Fx%20y%3F%26%23%C3%A4");
	buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_length),	    cmocka_unit_test(in_chunks),
		cmocka_unit_test(to_the_end),	    cmocka_unit_test(no_http),
		cmocka_unit_test(over_the_ceiling), cmocka_unit_test(json_and_problems),
		cmocka_unit_test(nobody),	    cmocka_unit_test(urls),
	};
	const char *directory = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/cli-client-%d", directory ? directory : "/tmp",
		 (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
