/*
 * lib/wire/sandbox: each test runs in a child that closes the sandbox, tries something, and is
 * judged by how it ends. What a role lives on must work, what it may not must end it or be refused;
 * the same inside the filters that systemd lays around the shipped unit.
 */
#include "lib/base/sys.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/loop/timer.h"
#include "lib/wire/frame.h"
#include "lib/wire/msg.h"
#include "lib/wire/sandbox.h"
#include "tests/unit/system_service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* How a child ended: what its attempt returned, or the signal. */
#define BY_SIGNAL 1000
#define NOT_CLOSED 250
typedef int attempt_fn(void);

static int in_child(enum sandbox_role role, void (*before)(void), attempt_fn *attempt)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct err err = {0};

		if (before)
			before();
		if (!sandbox_close(role, &err)) {
			fprintf(stderr, "%s\n", err.text);
			_exit(NOT_CLOSED);
		}
		_exit(attempt());
	}
	while (waitpid(pid, &status, 0) != pid)
		assert_int_equal(errno, EINTR);
	return WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

#define KILLED (BY_SIGNAL + SIGSYS)

/* --- what must not work --- */

static int result_of(long rc)
{
	return rc >= 0 ? 0 : errno;
}

static int opens(void)
{
	return result_of(open("/etc/passwd", O_RDONLY));
}
static int stats(void)
{
	struct stat st;

	return result_of(stat("/etc/passwd", &st));
}
static int removes(void)
{
	return result_of(unlink("/nonexistent"));
}
static int execs(void)
{
	execl("/bin/true", "true", NULL);
	return errno;
}
static int forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result_of(pid);
}
static int kills(void)
{
	return result_of(kill(getppid(), 0));
}
static int traces(void)
{
	return result_of(prctl(PR_SET_DUMPABLE, 1));
}
static int listens(void)
{
	return result_of(listen(0, 1));
}
static int maps_code(void)
{
	void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? errno : 0;
}
static int makes_code(void)
{
	static char code[8192];
	char *page = code + 4096 - ((uintptr_t)code & 4095);

	return result_of(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}
static int unix_socket(void)
{
	return result_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}
static int netlink_socket(void)
{
	return result_of(socket(AF_NETLINK, SOCK_RAW, 0));
}
static int raw_socket(void)
{
	return result_of(socket(AF_INET, SOCK_RAW, IPPROTO_TCP));
}
static int packet_socket(void)
{
	return result_of(socket(AF_PACKET, SOCK_DGRAM, 0));
}
static int ping_socket(void)
{
	return result_of(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}
static int inet_socket(void)
{
	return result_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}
static int unix_pair(void)
{
	int pair[2];

	return result_of(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}
static int raises_limits(void)
{
	struct rlimit limit = {1000, 1000};

	return result_of(setrlimit(RLIMIT_NOFILE, &limit));
}

#if defined(__SANITIZE_ADDRESS__)
#define FORK_ENDS EPERM
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FORK_ENDS EPERM
#endif
#endif
#ifndef FORK_ENDS
#define FORK_ENDS KILLED
#endif

static const struct {
	const char *name;
	attempt_fn *attempt;
	int prober, reader;
} attempts[] = {
	{"open", opens, EACCES, EACCES},
	{"stat", stats, EACCES, EACCES},
	{"unlink", removes, KILLED, KILLED},
	{"exec", execs, KILLED, KILLED},
	{"fork", forks, FORK_ENDS, FORK_ENDS},
	{"kill", kills, KILLED, KILLED},
	{"prctl", traces, EPERM, EPERM},
	{"listen", listens, KILLED, KILLED},
	{"mmap of code", maps_code, KILLED, KILLED},
	{"mprotect to code", makes_code, KILLED, KILLED},
	{"unix socket", unix_socket, EACCES, EACCES},
	{"netlink socket", netlink_socket, EACCES, EACCES},
	{"raw socket", raw_socket, KILLED, EACCES},
	{"packet socket", packet_socket, KILLED, EACCES},
	{"ping socket", ping_socket, KILLED, EACCES},
	{"inet socket", inet_socket, 0, EACCES},
	{"setrlimit", raises_limits, KILLED, KILLED},
};

static void what_is_forbidden_ends(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
		int prober = in_child(SANDBOX_PROBER, NULL, attempts[i].attempt);
		int reader = in_child(SANDBOX_READER, NULL, attempts[i].attempt);

		if (prober != attempts[i].prober || reader != attempts[i].reader)
			fail_msg("%s: prober %d, reader %d", attempts[i].name, prober, reader);
	}
	/* A sanitizer's report asks for a pipe to its symbolizer; see sandbox.c. */
	assert_int_not_equal(in_child(SANDBOX_PROBER, NULL, unix_pair), 0);
}

/* --- what must work --- */

/* Sockets, names' source ports, a connection to ourselves. */
static int network_works(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
	int six = socket(AF_INET6, SOCK_DGRAM, 0);
	socklen_t len = sizeof(to);
	int one = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (udp < 0 || tcp < 0)
		return 1;
	/* A machine without IPv6 is no fault of the filter's. */
	if (six >= 0 && bind(six, (struct sockaddr *)&any, sizeof(any)) != 0)
		return 2;
	if (setsockopt(tcp, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) != 0)
		return 3;
	if (connect(udp, (struct sockaddr *)&to, sizeof(to)) != 0)
		return 4;
	if (connect(tcp, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS &&
	    errno != ECONNREFUSED)
		return 5;
	return getsockname(udp, (struct sockaddr *)&to, &len) == 0 ? 0 : 6;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 8);
}

static int memory_works(void)
{
	char **blocks = MEM_NEW_ARRAY(1000, char *);
	char digest[SHA256_HEX_LEN + 1];
	uint64_t *many;
	json_t *json;

	for (size_t i = 0; i < 1000; i++)
		blocks[i] = mem_resize(NULL, i * 97, 7);
	for (size_t i = 0; i < 1000; i++)
		blocks[i] = mem_resize(blocks[i], 1 + i * 211, 7);
	for (size_t i = 0; i < 1000; i++)
		mem_free(blocks[i]);
	mem_free(blocks);
	many = mem_new_array(100000, sizeof(*many));
	digest_sha256_hex(many, 100000, digest);
	qsort(many, 100000, sizeof(*many), compare);
	mem_free(many);
	json = json_parse("{\"a\":[1,2,3]}", 13, 100, NULL);
	json_decref(json);
	return 0;
}

static struct {
	struct loop *loop;
	struct channel *in, *out;
	struct timer timer;
	int fired, heard;
} l;

static void on_timer(void *arg UNUSED)
{
	l.fired++;
	if (l.heard)
		loop_stop(l.loop);
	else
		timer_set(&l.timer, 1);
}

static void on_frame(void *arg UNUSED, struct frame *frame UNUSED)
{
	l.heard++;
}

static void on_gone(void *arg UNUSED, const char *why UNUSED)
{
	_exit(20);
}

static void loop_made(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		_exit(21);
	l.loop = loop_new();
	l.in = channel_new(l.loop, pair[0], on_frame, on_gone, NULL);
	l.out = channel_new(l.loop, pair[1], on_frame, on_gone, NULL);
	timer_init(&l.timer, l.loop, on_timer, NULL);
}

static int loop_works(void)
{
	timer_set(&l.timer, 1);
	if (!msg_send_cancel(l.out, 1))
		return 1;
	loop_run(l.loop);
	channel_free(l.in);
	channel_free(l.out);
	loop_free(l.loop);
	return l.heard == 1 && l.fired > 0 ? 0 : 2;
}

static struct {
	SSL_CTX *server, *client;
} tls;

/* As in the prober, contexts are made before the filter closes. */
static void tls_made(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	tls.server = SSL_CTX_new(TLS_server_method());
	tls.client = SSL_CTX_new(TLS_client_method());
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	if (SSL_CTX_use_certificate(tls.server, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(tls.server, key) != 1)
		_exit(30);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static int tls_works(void)
{
	SSL *client = SSL_new(tls.client), *server = SSL_new(tls.server);
	BIO *near, *far;
	int done = 0;

	BIO_new_bio_pair(&near, 0, &far, 0);
	SSL_set_bio(client, near, near);
	SSL_set_bio(server, far, far);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	for (int i = 0; i < 20 && done < 2; i++)
		done = (SSL_do_handshake(client) == 1) + (SSL_do_handshake(server) == 1);
	if (done < 2)
		return 1;
	X509 *leaf = SSL_get1_peer_certificate(client);
	unsigned char *der = NULL;
	int len = i2d_X509(leaf, &der);

	OPENSSL_free(der);
	X509_free(leaf);
	SSL_free(client);
	SSL_free(server);
	return len > 0 ? 0 : 2;
}

/* A file that was handed over, of which only the descriptor is there. */
static int handed;
static void file_handed(void)
{
	handed = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static int file_works(void)
{
	struct stat st;
	char bytes[4];

	if (fstat(handed, &st) != 0 || st.st_size == 0)
		return 1;
	if (read(handed, bytes, 4) != 4 || memcmp(bytes, "\177ELF", 4) != 0)
		return 2;
	return lseek(handed, 0, SEEK_SET) == 0 && pread(handed, bytes, 4, 4) == 4 ? 0 : 3;
}

static int says_and_leaves(void)
{
	fprintf(stderr, "%s", "");
	exit(7); /* with all that atexit does, a sanitizer's check included */
}

static int aborts(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static const struct {
	const char *name;
	void (*before)(void);
	attempt_fn *attempt;
	int prober, reader;
} works[] = {
	{"network", NULL, network_works, 0, -1},
	{"memory", NULL, memory_works, 0, 0},
	{"loop", loop_made, loop_works, 0, 0},
	{"tls", tls_made, tls_works, 0, 0},
	{"file", file_handed, file_works, -1, 0},
	{"exit", NULL, says_and_leaves, 7, 7},
	{"abort", NULL, aborts, BY_SIGNAL + SIGABRT, BY_SIGNAL + SIGABRT},
};

static void (*outer)(void);
static void (*inner)(void);
static void both_before(void)
{
	if (inner)
		inner();
	if (outer)
		outer();
}

static void all_works(void)
{
	for (size_t i = 0; i < ARRAY_LEN(works); i++) {
		inner = works[i].before;
		int prober = works[i].prober < 0
				     ? works[i].prober
				     : in_child(SANDBOX_PROBER, both_before, works[i].attempt);
		int reader = works[i].reader < 0
				     ? works[i].reader
				     : in_child(SANDBOX_READER, both_before, works[i].attempt);

		if (prober != works[i].prober || reader != works[i].reader)
			fail_msg("%s: prober %d, reader %d", works[i].name, prober, reader);
	}
}

static void what_a_role_lives_on_works(void **state UNUSED)
{
	outer = NULL;
	all_works();
}

/* --- inside the unit's own filters --- */

/* SystemCallFilter=@system-service seccomp, and what is not in it: SIGSYS, as by default. */
static void call_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

	if (!filter)
		_exit(40);
	for (size_t i = 0; i < ARRAY_LEN(system_service); i++) {
		int call = seccomp_syscall_resolve_name(system_service[i]);

		/* A name that this libseccomp is too old for is left out, as systemd does. */
		if (call != __NR_SCMP_ERROR)
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
	}
	if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 0) != 0 ||
	    seccomp_load(filter) != 0)
		_exit(41);
	seccomp_release(filter);
}

/* MemoryDenyWriteExecute. */
static void memory_filter(void)
{
	const struct scmp_arg_cmp both = {2, SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC,
					  PROT_WRITE | PROT_EXEC};
	const struct scmp_arg_cmp exec = {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter ||
	    seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mmap), 1, &both) != 0 ||
	    seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(mprotect), 1, &exec) !=
		    0 ||
	    seccomp_load(filter) != 0)
		_exit(42);
	seccomp_release(filter);
}

static void unit_filters(void)
{
	memory_filter();
	call_filter();
}

static void it_works_inside_the_unit(void **state UNUSED)
{
	outer = unit_filters;
	all_works();
	assert_int_equal(in_child(SANDBOX_PROBER, unit_filters, opens), EACCES);
	assert_int_equal(in_child(SANDBOX_PROBER, unit_filters, unix_socket), EACCES);
	assert_int_equal(in_child(SANDBOX_PROBER, unit_filters, execs), KILLED);
	assert_int_equal(in_child(SANDBOX_READER, unit_filters, removes), KILLED);
}

/* --- around the filter --- */

static int is_closed_all_round(void)
{
	struct rlimit core, files;
	FILE *status = NULL;

	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
		return 1;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < 10)
		return 2;
	status = fopen("/proc/self/status", "r");
	return status ? 3 : 0;
}

static void core_and_limits(void **state UNUSED)
{
	assert_int_equal(in_child(SANDBOX_PROBER, NULL, is_closed_all_round), 0);
}

static int waits_for_a_word(void)
{
	char c;

	if (write(handed, "x", 1) != 1)
		return 1;
	return read(handed, &c, 1) == 1 ? 0 : 2;
}

/* From outside: no_new_privs is set, the filter is on, and nobody of the same user may look in. */
static void seen_from_outside(void **state UNUSED)
{
	int pair[2], status;
	char path[64], text[4096], c;
	ssize_t len;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid_t pid = fork();

	if (pid == 0) {
		handed = pair[1];
		_exit(sandbox_close(SANDBOX_PROBER, NULL) ? waits_for_a_word() : NOT_CLOSED);
	}
	assert_int_equal(read(pair[0], &c, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	int fd = open(path, O_RDONLY);

	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(len > 0);
	text[len] = '\0';
	assert_non_null(strstr(text, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(text, "Seccomp:\t2\n"));
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	struct stat st;

	/* A process that is not dumpable belongs to root in /proc. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(write(pair[0], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_forbidden_ends),
		cmocka_unit_test(what_a_role_lives_on_works),
		cmocka_unit_test(it_works_inside_the_unit),
		cmocka_unit_test(core_and_limits),
		cmocka_unit_test(seen_from_outside),
	};

	return cmocka_run_group_tests_name("wire/sandbox", tests, NULL, NULL);
}
