/*
 * See loop_dns.h. Messages are put together byte by byte, so that wrong ones can be, too.
 */
#include "tests/unit/loop_dns.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/watch.h"
#include "tests/unit/loop_help.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define HEADER_LEN 12
#define MESSAGE_MAX 4096
#define NAMES_MAX ((size_t)1024 * 1024)
#define TYPE_A 1
#define TYPE_CNAME 5
#define TYPE_AAAA 28

struct message {
	uint8_t data[MESSAGE_MAX];
	size_t len;
};

struct asked {
	struct asked *prev, *next;
	struct message question;
	struct sockaddr_in peer;
};

/* A TCP connection: one question, one answer. */
struct visit {
	struct visit *prev, *next;
	struct dns *dns;
	struct watch *watch;
	int fd;
	uint8_t data[2 + MESSAGE_MAX];
	size_t len;
};

struct dns {
	struct loop *loop;
	int udp, tcp;
	struct watch *on_udp, *on_tcp;
	struct visit *visits;
	struct asked *held;
	int held_len;
	bool released, silent;
	int asked_tcp;
	struct buf names; /* of all questions, a blank behind each */
	char servers[32];
};

static void put(struct message *message, const void *data, size_t len)
{
	assert_true(message->len + len <= sizeof(message->data));
	memcpy(message->data + message->len, data, len);
	message->len += len;
}

static void put16(struct message *message, unsigned value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	put(message, bytes, 2);
}

static void put_name(struct message *message, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");
		uint8_t byte = (uint8_t)len;

		put(message, &byte, 1);
		put(message, name, len);
		name += len + (name[len] == '.');
	}
	put(message, "", 1);
}

static void put_record(struct message *message, const char *owner, unsigned type, const void *data,
		       size_t len)
{
	if (owner)
		put_name(message, owner);
	else
		put16(message, 0xc000 | HEADER_LEN); /* the question's name */
	put16(message, type);
	put16(message, 1);
	put16(message, 0);
	put16(message, 30);
	put16(message, (unsigned)len);
	put(message, data, len);
	message->data[7]++;
}

static void put_address(struct message *message, const char *owner, unsigned type, uint8_t last)
{
	uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8};
	uint8_t v4[4] = {192, 0, 2, last};

	v6[15] = last;
	if (type == TYPE_A)
		put_record(message, owner, type, v4, sizeof(v4));
	else if (type == TYPE_AAAA)
		put_record(message, owner, type, v6, sizeof(v6));
}

static void put_alias(struct message *message, const char *owner, const char *target)
{
	struct message name = {.len = 0};

	put_name(&name, target);
	put_record(message, owner, TYPE_CNAME, name.data, name.len);
}

/* The question's name as text and its type; false for what we do not understand. */
static bool question_read(const struct message *question, char *name, size_t name_len,
			  unsigned *type, size_t *end)
{
	size_t at = HEADER_LEN, out = 0;

	while (at < question->len && question->data[at]) {
		size_t len = question->data[at];

		if (at + 1 + len >= question->len || out + len + 2 > name_len)
			return false;
		memcpy(name + out, question->data + at + 1, len);
		out += len;
		name[out++] = '.';
		at += 1 + len;
	}
	name[out ? out - 1 : 0] = '\0';
	str_lower(name);
	if (at + 5 > question->len)
		return false;
	*type = (unsigned)(question->data[at + 1] << 8 | question->data[at + 2]);
	*end = at + 5;
	return true;
}

static void fill(struct message *out, const char *what, unsigned type, bool tcp)
{
	static const struct {
		const char *what;
		uint8_t code;
	} codes[] = {{"servfail", 2}, {"nx", 3}, {"refused", 5}};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (strcmp(what, codes[i].what) == 0)
			out->data[3] |= codes[i].code;
	}
	if (strcmp(what, "both") == 0 || strcmp(what, "end") == 0 ||
	    (strcmp(what, "v4") == 0 && type == TYPE_A) ||
	    (strcmp(what, "v6") == 0 && type == TYPE_AAAA) ||
	    (strcmp(what, "silent6") == 0 && type == TYPE_A) ||
	    (strncmp(what, "held", 4) == 0 && type == TYPE_A)) {
		put_address(out, NULL, type, 1);
	} else if (strcmp(what, "chain") == 0) {
		put_alias(out, NULL, "link.test");
		put_alias(out, "link.test", "end.test");
		put_address(out, "end.test", type, 1);
	} else if (strcmp(what, "link") == 0) {
		put_alias(out, NULL, "end.test");
	} else if (strcmp(what, "ring") == 0) {
		put_alias(out, NULL, "ring2.test");
		put_alias(out, "ring2.test", "ring.test");
	} else if (strcmp(what, "ring2") == 0) {
		put_alias(out, NULL, "ring.test");
	} else if (strcmp(what, "stranger") == 0) {
		put_address(out, "another.test", type, 1);
	} else if (strcmp(what, "many") == 0 || (strcmp(what, "trunc") == 0 && tcp)) {
		for (uint8_t i = 1; i <= 40; i++)
			put_address(out, NULL, type, i);
	} else if (strcmp(what, "trunc") == 0) {
		out->data[2] |= 2;
	}
}

/* False: no answer. */
static bool answer_make(const struct message *question, struct message *out, bool tcp)
{
	char name[256];
	unsigned type;
	size_t end;

	if (!question_read(question, name, sizeof(name), &type, &end))
		return false;
	name[strcspn(name, ".")] = '\0';
	if (strcmp(name, "silent") == 0 || (strcmp(name, "silent6") == 0 && type == TYPE_AAAA))
		return false;
	memset(out, 0, sizeof(*out));
	put(out, question->data, end);
	out->data[2] = 0x85; /* an answer, authoritative, recursion wished */
	out->data[3] = 0x80;
	memset(out->data + 4, 0, 8);
	out->data[5] = 1;
	if (strcmp(name, "garbage") == 0) {
		memset(out->data + HEADER_LEN, 0xff, end - HEADER_LEN);
		out->data[7] = 200;
		return true;
	}
	fill(out, name, type, tcp);
	return true;
}

static void name_keep(struct dns *dns, const struct message *question)
{
	char name[256];
	unsigned type;
	size_t end;

	if (question_read(question, name, sizeof(name), &type, &end))
		buf_printf(&dns->names, "%s ", name);
}

static void answer_udp(struct dns *dns, const struct message *question,
		       const struct sockaddr_in *peer)
{
	struct message out;

	if (answer_make(question, &out, false))
		sendto(dns->udp, out.data, out.len, 0, (const struct sockaddr *)peer,
		       sizeof(*peer));
}

static void on_udp(void *arg, int fd, int what)
{
	struct dns *dns = arg;
	struct asked asked = {.question = {.len = 0}};
	socklen_t len = sizeof(asked.peer);
	ssize_t n = recvfrom(fd, asked.question.data, sizeof(asked.question.data), 0,
			     (struct sockaddr *)&asked.peer, &len);
	struct asked *kept;

	(void)what;
	if (n < HEADER_LEN)
		return;
	asked.question.len = (size_t)n;
	name_keep(dns, &asked.question);
	if (dns->silent)
		return;
	if (dns->released || memcmp(asked.question.data + HEADER_LEN + 1, "held", 4) != 0) {
		answer_udp(dns, &asked.question, &asked.peer);
		return;
	}
	kept = mem_dup(&asked, sizeof(asked));
	DL_APPEND(dns->held, kept);
	dns->held_len++;
}

static void visit_free(struct visit *visit)
{
	watch_free(visit->watch);
	close(visit->fd);
	DL_DELETE(visit->dns->visits, visit);
	mem_free(visit);
}

static void on_visit(void *arg, int fd, int what)
{
	struct visit *visit = arg;
	struct message question, out;
	ssize_t n = read(fd, visit->data + visit->len, sizeof(visit->data) - visit->len);
	uint8_t prefix[2];
	size_t wanted;

	(void)what;
	if (n <= 0) {
		visit_free(visit);
		return;
	}
	visit->len += (size_t)n;
	if (visit->len < 2)
		return;
	wanted = (size_t)(visit->data[0] << 8 | visit->data[1]);
	if (visit->len < 2 + wanted)
		return;
	question.len = wanted;
	memcpy(question.data, visit->data + 2, wanted);
	visit->len = 0;
	name_keep(visit->dns, &question);
	visit->dns->asked_tcp++;
	if (!answer_make(&question, &out, true))
		return;
	prefix[0] = (uint8_t)(out.len >> 8);
	prefix[1] = (uint8_t)out.len;
	assert_int_equal(write(fd, prefix, 2), 2);
	assert_int_equal(write(fd, out.data, out.len), (ssize_t)out.len);
}

static void on_tcp(void *arg, int fd, int what)
{
	struct dns *dns = arg;
	struct visit *visit = MEM_NEW(struct visit);

	(void)what;
	visit->dns = dns;
	visit->fd = accept(fd, NULL, NULL);
	assert_true(visit->fd >= 0);
	visit->watch = watch_new(dns->loop, visit->fd, WATCH_READ, on_visit, visit);
	DL_APPEND(dns->visits, visit);
}

/* The same port for both; the one that TCP got may be taken for UDP. */
static unsigned sockets_bind(struct dns *dns)
{
	for (int i = 0; i < 100; i++) {
		struct sockaddr_in address = {.sin_family = AF_INET};
		socklen_t len = sizeof(address);

		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		dns->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		dns->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(dns->tcp, (struct sockaddr *)&address, len) == 0 &&
		    getsockname(dns->tcp, (struct sockaddr *)&address, &len) == 0 &&
		    bind(dns->udp, (struct sockaddr *)&address, len) == 0)
			return ntohs(address.sin_port);
		close(dns->udp);
		close(dns->tcp);
	}
	fail_msg("no free port");
	return 0;
}

struct dns *dns_new(struct loop *loop)
{
	const int room = 4 * 1024 * 1024;
	struct dns *dns = MEM_NEW(struct dns);

	dns->loop = loop;
	buf_init(&dns->names, NAMES_MAX);
	snprintf(dns->servers, sizeof(dns->servers), "127.0.0.1@%u", sockets_bind(dns));
	setsockopt(dns->udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	assert_int_equal(listen(dns->tcp, 16), 0);
	dns->on_udp = watch_new(loop, dns->udp, WATCH_READ, on_udp, dns);
	dns->on_tcp = watch_new(loop, dns->tcp, WATCH_READ, on_tcp, dns);
	return dns;
}

void dns_free(struct dns *dns)
{
	struct asked *asked, *next;

	while (dns->visits)
		visit_free(dns->visits);
	DL_FOREACH_SAFE(dns->held, asked, next)
		mem_free(asked);
	watch_free(dns->on_udp);
	watch_free(dns->on_tcp);
	close(dns->udp);
	close(dns->tcp);
	buf_finish(&dns->names);
	mem_free(dns);
}

const char *dns_servers(const struct dns *dns)
{
	return dns->servers;
}

bool dns_asked_for(const struct dns *dns, const char *text)
{
	return strstr(buf_text(&dns->names), text) != NULL;
}

int dns_asked_tcp(const struct dns *dns)
{
	return dns->asked_tcp;
}

int dns_held(const struct dns *dns)
{
	return dns->held_len;
}

void dns_release(struct dns *dns)
{
	struct asked *asked;

	dns->released = true;
	while ((asked = dns->held)) {
		DL_DELETE(dns->held, asked);
		dns->held_len--;
		answer_udp(dns, &asked->question, &asked->peer);
		mem_free(asked);
	}
}

void dns_silence(struct dns *dns, bool silent)
{
	dns->silent = silent;
}
