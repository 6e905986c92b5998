/*
 * HTTP requests: each an operation that hands a handle to libcurl and waits to be woken with its
 * result. What a stranger sends is bounded here: the body by the caller's ceiling, the header
 * lines, which libcurl would all keep, by one of ours.
 *
 * The timeout is libcurl's and of real time, so an exchange under way holds virtual time still.
 */
#include "lib/loop/http_inside.h"

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/http_url.h"
#include "lib/loop/op.h"

/* libcurl keeps every header line of an answer; a stranger decides how many there are. */
#define ANSWER_HEADERS_MAX ((size_t)256 * 1024)
#define RETRY_AFTER_MAX MS_DAY

enum exchange_stage { EXCHANGE_BEGIN, EXCHANGE_TRANSFER };
static const char *const exchange_stages[] = {"begin", "transfer"};

struct http_exchange {
	struct op op;
	struct http_client *client;
	http_done_fn *done;
	void *arg;
	char *method;
	char *url;
	char *ca_file;
	char *body;
	size_t body_len;
	struct curl_slist *headers;
	int64_t timeout_ms;

	CURL *easy;
	bool added; /* to the multi */
	bool ended; /* code is its result */
	CURLcode code;
	char errors[CURL_ERROR_SIZE];
	struct buf answer;
	size_t answer_max;
	bool cut; /* the body went over its ceiling; we stopped reading */
	size_t headers_seen;
	int64_t retry_after_ms;
};

const char *http_failure_text(enum http_failure failure)
{
	switch (failure) {
	case HTTP_OK:
		return "ok";
	case HTTP_BAD_URL:
		return "bad URL";
	case HTTP_NO_NAME:
		return "name not found";
	case HTTP_NO_CONNECT:
		return "no connection";
	case HTTP_TLS:
		return "TLS failed";
	case HTTP_TIMEOUT:
		return "timeout";
	case HTTP_BROKEN:
		return "broken answer";
	}
	bug("HTTP failure %d", failure);
}

static enum http_failure failure_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		enum http_failure failure;
	} rows[] = {
		{CURLE_OK, HTTP_OK},
		{CURLE_URL_MALFORMAT, HTTP_BAD_URL},
		{CURLE_COULDNT_RESOLVE_HOST, HTTP_NO_NAME},
		{CURLE_COULDNT_CONNECT, HTTP_NO_CONNECT},
		{CURLE_OPERATION_TIMEDOUT, HTTP_TIMEOUT},
		{CURLE_SSL_CONNECT_ERROR, HTTP_TLS},
		{CURLE_SSL_CERTPROBLEM, HTTP_TLS},
		{CURLE_SSL_CIPHER, HTTP_TLS},
		{CURLE_PEER_FAILED_VERIFICATION, HTTP_TLS},
		{CURLE_USE_SSL_FAILED, HTTP_TLS},
		{CURLE_SSL_CACERT_BADFILE, HTTP_TLS},
		{CURLE_SSL_ISSUER_ERROR, HTTP_TLS},
		{CURLE_SSL_INVALIDCERTSTATUS, HTTP_TLS},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].code == code)
			return rows[i].failure;
	}
	return HTTP_BROKEN;
}

/* --- libcurl's callbacks: they only note --------------------------------------------------- */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct http_exchange *exchange = arg;
	size_t len = size * count;
	size_t room = exchange->answer_max - exchange->answer.len;

	if (len <= room) {
		buf_add(&exchange->answer, data, len);
		return len;
	}
	/* Ends the transfer: the rest is of no use, and may never end. */
	buf_add(&exchange->answer, data, room);
	exchange->cut = true;
	return 0;
}

static void retry_after_read(struct http_exchange *exchange, const char *text)
{
	uint64_t seconds;
	int64_t ms;
	time_t date;

	if (str_to_u64(text, 0, RETRY_AFTER_MAX / MS_SECOND, &seconds)) {
		ms = (int64_t)seconds * MS_SECOND;
	} else if (*text && strspn(text, "0123456789") == strlen(text)) {
		ms = RETRY_AFTER_MAX;
	} else {
		date = curl_getdate(text, NULL);
		if (date == -1)
			return;
		ms = (int64_t)date * MS_SECOND - clock_wall_ms();
	}
	exchange->retry_after_ms = ms < 0 ? 0 : ms > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : ms;
}

static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	static const char name[] = "retry-after:";
	struct http_exchange *exchange = arg;
	size_t len = size * count;
	char *line;

	exchange->headers_seen += len;
	if (exchange->headers_seen > ANSWER_HEADERS_MAX)
		return 0;
	line = str_dup_n(data, len);
	/* An interim answer's headers are not the answer's. */
	if (str_starts(line, "HTTP/"))
		exchange->retry_after_ms = -1;
	if (len >= sizeof(name) - 1 && strncasecmp(line, name, sizeof(name) - 1) == 0) {
		line[strcspn(line, "\r\n")] = '\0';
		retry_after_read(exchange, str_trim(line + sizeof(name) - 1));
	}
	mem_free(line);
	return len;
}

/* --- life ------------------------------------------------------------------------- */

/* libcurl may join the thread of a silent getaddrinfo when a handle goes; CURLOPT_QUICK_EXIT, set
 * on each, forbids it. */
static void curl_release(struct http_exchange *exchange)
{
	if (!exchange->easy)
		return;
	if (exchange->added) {
		curl_multi_remove_handle(exchange->client->multi, exchange->easy);
		loop_release(exchange->client->loop);
	}
	curl_easy_cleanup(exchange->easy);
	exchange->easy = NULL;
}

static void exchange_free(struct http_exchange *exchange)
{
	op_finish(&exchange->op);
	curl_release(exchange);
	exchange->client->inflight--;
	curl_slist_free_all(exchange->headers);
	buf_finish(&exchange->answer);
	mem_free(exchange->method);
	mem_free(exchange->url);
	mem_free(exchange->ca_file);
	mem_free(exchange->body);
	mem_free(exchange);
}

static enum want finish(struct http_exchange *exchange, enum http_failure failure,
			const char *detail)
{
	http_done_fn *done = exchange->done;
	void *arg = exchange->arg;
	struct http_answer answer = {.failure = failure, .retry_after_ms = -1};
	struct buf body = exchange->answer;
	long status = 0;

	buf_init(&exchange->answer, 1); /* the body is ours now */
	if (failure == HTTP_OK) {
		curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
		answer.status = (int)status;
		answer.retry_after_ms = exchange->retry_after_ms;
		answer.body_len = body.len;
		answer.cut = exchange->cut;
	} else {
		buf_reset(&body);
		http_url_scrub(exchange->url, detail, answer.detail, sizeof(answer.detail));
	}
	answer.body = buf_text(&body);
	exchange_free(exchange);
	done(arg, &answer);
	buf_finish(&body);
	return WANT_GONE;
}

static void method_set(struct http_exchange *exchange)
{
	CURL *easy = exchange->easy;

	if (exchange->body_len > 0 || strcmp(exchange->method, "POST") == 0) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body_len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body);
	}
	if (strcmp(exchange->method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
}

static void limits_set(struct http_exchange *exchange)
{
	CURL *easy = exchange->easy;

#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)exchange->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->timeout_ms);
	/* What a proxy variable of the environment says was not said to us. */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	/* One request a connection at a time: another's slow answer is not ours to wait for. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (exchange->ca_file) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, exchange->ca_file);
		/* Else the system's directory would be trusted beside it. */
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
}

static void hooks_set(struct http_exchange *exchange)
{
	CURL *easy = exchange->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->errors);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
}

static enum want stage_begin(struct http_exchange *exchange)
{
	struct err err = {.class = ERR_NONE};

	if (!http_url_check(exchange->url, &err))
		return finish(exchange, HTTP_BAD_URL, err.text);
	exchange->easy = curl_easy_init();
	if (!exchange->easy)
		bug("no memory for a curl handle");
	if (curl_easy_setopt(exchange->easy, CURLOPT_URL, exchange->url) != CURLE_OK)
		return finish(exchange, HTTP_BAD_URL, "libcurl does not take this URL");
	curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
	curl_easy_setopt(exchange->easy, CURLOPT_USERAGENT, "expiryd/" PACKAGE_VERSION);
	method_set(exchange);
	limits_set(exchange);
	hooks_set(exchange);
	if (curl_multi_add_handle(exchange->client->multi, exchange->easy) != CURLM_OK)
		bug("libcurl does not take a handle");
	exchange->added = true;
	loop_hold(exchange->client->loop);
	op_go(&exchange->op, EXCHANGE_TRANSFER);
	return WANT_WAKE;
}

void http_exchange_ended(struct http_exchange *exchange, CURLcode code)
{
	exchange->code = code;
	exchange->ended = true;
	op_wake(&exchange->op);
}

static enum want stage_transfer(struct http_exchange *exchange)
{
	enum http_failure failure;
	const char *detail = exchange->errors;

	if (!exchange->ended)
		return WANT_WAKE;
	failure = exchange->cut ? HTTP_OK : failure_of(exchange->code);
	if (exchange->headers_seen > ANSWER_HEADERS_MAX)
		detail = "the header of the answer is too long";
	else if (!*detail)
		detail = curl_easy_strerror(exchange->code);
	return finish(exchange, failure, detail);
}

/* No deadline here: libcurl has it, in real time. */
static enum want exchange_step(struct op *op, enum wake wake UNUSED)
{
	struct http_exchange *exchange = CONTAINER_OF(op, struct http_exchange, op);

	switch ((enum exchange_stage)op->stage) {
	case EXCHANGE_BEGIN:
		return stage_begin(exchange);
	case EXCHANGE_TRANSFER:
		return stage_transfer(exchange);
	}
	bug("exchange in stage %d", op->stage);
}

static void header_add(struct http_exchange *exchange, const char *name, const char *value)
{
	/* libcurl's form of an empty value is a semicolon; of none at all, nothing. */
	char *line = *value ? str_printf("%s: %s", name, value) : str_printf("%s;", name);

	/* A line break would begin a header of its own. */
	for (char *at = line; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	}
	exchange->headers = curl_slist_append(exchange->headers, line);
	mem_free(line);
}

static void headers_copy(struct http_exchange *exchange, const struct http_request *request)
{
	bool typed = false;

	/* libcurl would wait a second for leave to send a large body. */
	exchange->headers = curl_slist_append(exchange->headers, "Expect:");
	for (size_t i = 0; i < request->headers_len; i++) {
		header_add(exchange, request->headers[i].name, request->headers[i].value);
		if (str_ieq(request->headers[i].name, "Content-Type"))
			typed = true;
	}
	/* Nor is it a form because nobody said otherwise. */
	if (!typed)
		exchange->headers = curl_slist_append(exchange->headers, "Content-Type:");
}

struct http_exchange *http_start(struct http_client *client, const struct http_request *request,
				 http_done_fn *done, void *arg)
{
	struct http_exchange *exchange = MEM_NEW(struct http_exchange);

	if (request->timeout_ms <= 0)
		bug("an HTTP request without a timeout");
	client->inflight++;
	exchange->client = client;
	exchange->done = done;
	exchange->arg = arg;
	exchange->method = str_dup(request->method);
	exchange->url = str_dup(request->url);
	exchange->ca_file = str_dup(request->ca_file);
	exchange->body = mem_dup(request->body ? request->body : "", request->body_len);
	exchange->body_len = request->body_len;
	exchange->timeout_ms = request->timeout_ms;
	exchange->retry_after_ms = -1;
	exchange->op.fd = -1;
	exchange->answer_max = request->answer_max;
	buf_init(&exchange->answer, request->answer_max ? request->answer_max : 1);
	headers_copy(exchange, request);
	op_start(&exchange->op, client->loop, "http", exchange_stages, exchange_step, 0);
	return exchange;
}

void http_cancel(struct http_exchange *exchange)
{
	if (exchange)
		exchange_free(exchange);
}
