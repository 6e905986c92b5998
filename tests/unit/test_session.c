/*
 * lib/tls/session: against a server of OpenSSL's in this process, and against the openssl program:
 * what is seen of every kind of peer that speaks TLS.
 */
#include "lib/tls/session.h"

#include "lib/base/str.h"
#include "tests/unit/certs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* Turns before a test gives up; a handshake takes a handful. */
#define TURNS_MAX 100000

static struct session_context *modern, *legacy;

static void non_blocking(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static void pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	non_blocking(fds[0]);
	non_blocking(fds[1]);
}

static bool waits(enum session_status status)
{
	return status == SESSION_WANT_READ || status == SESSION_WANT_WRITE;
}

/* ---- a server in this process --------------------------------------------------------------- */

struct server {
	const char *name; /* of its certificate: NAME.chain.pem */
	int version;	  /* the only one it speaks; 0: any */
	int verify;	  /* SSL_VERIFY_PEER...: it wants a client certificate */
	int alert;	  /* answers the server name with this fatal alert; 0: none */
	const char *ciphers;
	const char *groups;
	size_t copies; /* of the intermediate, to make a long chain */
};

static char name_asked[256];

static int on_name(SSL *ssl, int *alert, void *arg)
{
	const struct server *server = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	snprintf(name_asked, sizeof(name_asked), "%s", name ? name : "(none)");
	*alert = server->alert;
	return server->alert ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *server_context(struct server *server)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	char path[512];
	X509 *leaf;

	assert_non_null(ssl);
	SSL_CTX_set_security_level(ssl, 0);
	if (server->version) {
		SSL_CTX_set_min_proto_version(ssl, server->version);
		SSL_CTX_set_max_proto_version(ssl, server->version);
	}
	snprintf(path, sizeof(path), "%s/%s.chain.pem", certs_directory(), server->name);
	assert_int_equal(SSL_CTX_use_certificate_chain_file(ssl, path), 1);
	leaf = SSL_CTX_get0_certificate(ssl);
	for (size_t i = 0; i < server->copies; i++)
		SSL_CTX_add1_chain_cert(ssl, leaf);
	snprintf(path, sizeof(path), "%s/%s.key", certs_directory(), server->name);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(ssl, path, SSL_FILETYPE_PEM), 1);
	SSL_CTX_set_verify(ssl, server->verify, NULL);
	SSL_CTX_set_tlsext_servername_callback(ssl, on_name);
	SSL_CTX_set_tlsext_servername_arg(ssl, server);
	if (server->ciphers)
		assert_int_equal(SSL_CTX_set_cipher_list(ssl, server->ciphers), 1);
	if (server->groups)
		assert_int_equal(SSL_CTX_set1_groups_list(ssl, server->groups), 1);
	return ssl;
}

/* A finished session with that server, which is gone afterwards. */
static struct session *meet(struct session_context *context, struct server server,
			    const char *server_name, enum session_status expected)
{
	SSL_CTX *ssl_context = server_context(&server);
	SSL *ssl = SSL_new(ssl_context);
	enum session_status status;
	struct session *session;
	int fds[2], turns = 0;

	pair(fds);
	SSL_set_fd(ssl, fds[1]);
	session = session_new(context, fds[0], server_name);
	do {
		status = session_handshake(session);
		ERR_clear_error();
		/* Not after its end, or the alert would be an error of its own. */
		if (!SSL_is_init_finished(ssl))
			SSL_accept(ssl);
	} while (waits(status) && ++turns < TURNS_MAX);
	if (status != expected)
		fail_msg("status %d, not %d: %s", (int)status, (int)expected,
			 session_error(session));
	assert_int_equal(session_handshake(session), expected);
	session_shutdown(session);
	SSL_free(ssl);
	SSL_CTX_free(ssl_context);
	close(fds[0]);
	close(fds[1]);
	return session;
}

static void check_chain(const struct session *session, const char *file)
{
	struct certs certs;

	certs_load(&certs, file);
	assert_int_equal(session_chain_len(session), certs.len);
	for (size_t i = 0; i < certs.len; i++) {
		size_t len;
		const uint8_t *der = session_chain_der(session, i, &len);

		assert_int_equal(len, certs.lens[i]);
		assert_memory_equal(der, certs.ders[i], len);
	}
	certs_finish(&certs);
}

static void facts_of_tls13(void **state UNUSED)
{
	struct session *session = meet(modern,
				       (struct server){.name = "good", .version = TLS1_3_VERSION},
				       "good.test", SESSION_DONE);

	assert_string_equal(name_asked, "good.test");
	assert_string_equal(session_version(session), "TLSv1.3");
	assert_true(str_starts(session_cipher(session), "TLS_"));
	if (!session_post_quantum(session))
		assert_string_equal(session_group(session), "X25519");
	assert_null(session_alpn(session));
	assert_string_equal(session_error(session), "");
	assert_false(session_client_certificate_asked(session));
	check_chain(session, "good.chain.pem");
	session_free(session);
}

static void facts_of_tls12(void **state UNUSED)
{
	static const struct {
		const char *name, *ciphers, *groups, *cipher, *group;
	} cases[] = {
		{"good", NULL, "P-384", "ECDHE-ECDSA-AES256-GCM-SHA384", "P-384"},
		{"rsa", "ECDHE-RSA-AES128-GCM-SHA256", "P-256", "ECDHE-RSA-AES128-GCM-SHA256",
		 "P-256"},
		{"rsa", "ECDHE-RSA-AES128-SHA", "brainpoolP256r1", "ECDHE-RSA-AES128-SHA",
		 "brainpoolP256r1"},
		{"rsa", "AES128-GCM-SHA256", NULL, "AES128-GCM-SHA256", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct session *session = meet(modern,
					       (struct server){
						       .name = cases[i].name,
						       .version = TLS1_2_VERSION,
						       .ciphers = cases[i].ciphers,
						       .groups = cases[i].groups,
					       },
					       NULL, SESSION_DONE);

		assert_string_equal(name_asked, "(none)");
		assert_string_equal(session_version(session), "TLSv1.2");
		assert_string_equal(session_cipher(session), cases[i].cipher);
		if (!str_eq(session_group(session), cases[i].group))
			fail_msg("group %s", session_group(session));
		session_free(session);
	}
}

static void a_demand_for_a_client_certificate(void **state UNUSED)
{
	struct server server = {.name = "good",
				.version = TLS1_3_VERSION,
				.verify = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};
	struct session *session = meet(modern, server, NULL, SESSION_DONE);

	/* In TLS 1.3 the server says no after the handshake is done. */
	assert_true(session_client_certificate_asked(session));
	check_chain(session, "good.chain.pem");
	session_free(session);
	server.version = TLS1_2_VERSION;
	session = meet(modern, server, NULL, SESSION_FAILED);
	assert_string_equal(session_error(session),
			    "the peer sent the alert \"handshake failure\" (40)");
	assert_true(session_client_certificate_asked(session));
	assert_string_equal(session_version(session), "TLSv1.2");
	check_chain(session, "good.chain.pem");
	session_free(session);
	/* Asked for, not demanded. */
	server.verify = SSL_VERIFY_PEER;
	session = meet(modern, server, NULL, SESSION_DONE);
	assert_true(session_client_certificate_asked(session));
	session_free(session);
}

static void alerts_have_their_names(void **state UNUSED)
{
	static const struct {
		int alert;
		const char *error;
	} cases[] = {
		{SSL_AD_UNRECOGNIZED_NAME, "the peer sent the alert \"unrecognized name\" (112)"},
		{SSL_AD_INTERNAL_ERROR, "the peer sent the alert \"internal error\" (80)"},
		{SSL_AD_ACCESS_DENIED, "the peer sent the alert \"access denied\" (49)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct session *session =
			meet(modern, (struct server){.name = "good", .alert = cases[i].alert},
			     "other.test", SESSION_FAILED);

		assert_string_equal(session_error(session), cases[i].error);
		assert_int_equal(session_chain_len(session), 0);
		assert_null(session_version(session));
		assert_null(session_cipher(session));
		assert_null(session_group(session));
		session_free(session);
	}
}

static void old_versions_only_as_legacy(void **state UNUSED)
{
	struct server server = {.name = "rsa", .version = TLS1_VERSION};
	struct session *session = meet(modern, server, NULL, SESSION_FAILED);

	assert_string_equal(session_error(session),
			    "the peer sent the alert \"protocol version\" (70)");
	session_free(session);
	session = meet(legacy, server, NULL, SESSION_DONE);
	assert_string_equal(session_version(session), "TLSv1");
	session_free(session);
	session = meet(legacy, (struct server){.name = "rsa"}, NULL, SESSION_DONE);
	assert_string_equal(session_version(session), "TLSv1.3");
	session_free(session);
}

static void every_kind_of_certificate_is_seen(void **state UNUSED)
{
	static const char *const names[] = {"expired", "rsa1024",  "sha1",    "ed25519", "v1",
					    "many",    "y9999",	   "odd-nul", "badsig",	 "badtime",
					    "client",  "too-many", "cross"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct session *session = meet(modern, (struct server){.name = names[i]}, NULL,
					       SESSION_DONE);
		char file[64];

		snprintf(file, sizeof(file), "%s.chain.pem", names[i]);
		check_chain(session, file);
		session_free(session);
	}
}

static void too_long_a_chain(void **state UNUSED)
{
	struct session *session = meet(modern, (struct server){.name = "good", .copies = 30}, NULL,
				       SESSION_DONE);

	assert_int_equal(session_chain_len(session), SESSION_CHAIN_MAX);
	session_free(session);
	session = meet(modern, (struct server){.name = "good", .copies = 31}, NULL,
		       SESSION_TOO_LARGE);
	assert_int_equal(session_chain_len(session), SESSION_CHAIN_MAX);
	session_free(session);
	session = meet(modern, (struct server){.name = "too-many", .copies = 29}, NULL,
		       SESSION_TOO_LARGE);
	session_free(session);
}

static void too_long_a_name(void **state UNUSED)
{
	char name[300];
	struct session *session;

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	session = session_new(modern, -1, name);
	assert_int_equal(session_handshake(session), SESSION_FAILED);
	assert_string_equal(session_error(session), "the server name does not fit into TLS");
	session_shutdown(session);
	session_free(session);
	session_free(NULL);
}

/* ---- the openssl program -------------------------------------------------------------------- */

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	non_blocking(fd);
	return fd;
}

static enum session_status run(struct session *session, int fd)
{
	enum session_status status;

	while (waits(status = session_handshake(session))) {
		struct pollfd waiting = {.fd = fd,
					 .events = status == SESSION_WANT_READ ? POLLIN : POLLOUT};

		assert_int_equal(poll(&waiting, 1, 20000), 1);
	}
	return status;
}

/* The pid; *port where it listens. It ends by itself after one connection. */
static pid_t start_s_server(const char *version, int *port, int *output)
{
	char cert[300], chain[300], key[300], line[256];
	int pipes[2];
	FILE *lines;
	pid_t pid;

	snprintf(cert, sizeof(cert), "%s/good.pem", certs_directory());
	snprintf(chain, sizeof(chain), "%s/inter.pem", certs_directory());
	snprintf(key, sizeof(key), "%s/good.key", certs_directory());
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		close(pipes[0]);
		setenv("OPENSSL_CONF", "/dev/null", 1);
		execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1",
		       "-www", "-cert", cert, "-cert_chain", chain, "-key", key, version,
		       (char *)NULL);
		_exit(127);
	}
	close(pipes[1]);
	*output = dup(pipes[0]);
	lines = fdopen(pipes[0], "r");
	*port = 0;
	while (*port == 0 && fgets(line, sizeof(line), lines)) {
		if (str_starts(line, "ACCEPT ") && strrchr(line, ':'))
			*port = (int)strtol(strrchr(line, ':') + 1, NULL, 10);
	}
	fclose(lines);
	assert_true(*port > 0);
	return pid;
}

static void the_openssl_program(void **state UNUSED)
{
	static const struct {
		const char *option, *version;
	} cases[] = {{"-tls1_2", "TLSv1.2"}, {"-tls1_3", "TLSv1.3"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int port, output, fd, status;
		pid_t pid = start_s_server(cases[i].option, &port, &output);
		struct session *session;

		fd = connect_to(port);
		session = session_new(modern, fd, "localhost");
		assert_int_equal(run(session, fd), SESSION_DONE);
		assert_string_equal(session_version(session), cases[i].version);
		check_chain(session, "good.chain.pem");
		session_shutdown(session);
		session_free(session);
		close(fd);
		close(output);
		/* Our close_notify ends its one connection, and so it. */
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
}

static int set_up(void **state UNUSED)
{
	struct err err;

	signal(SIGPIPE, SIG_IGN);
	modern = session_context_new(false, &err);
	legacy = session_context_new(true, &err);
	return modern && legacy ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
	session_context_free(modern);
	session_context_free(legacy);
	session_context_free(NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_of_tls13),
		cmocka_unit_test(facts_of_tls12),
		cmocka_unit_test(a_demand_for_a_client_certificate),
		cmocka_unit_test(alerts_have_their_names),
		cmocka_unit_test(old_versions_only_as_legacy),
		cmocka_unit_test(every_kind_of_certificate_is_seen),
		cmocka_unit_test(too_long_a_chain),
		cmocka_unit_test(too_long_a_name),
		cmocka_unit_test(the_openssl_program),
	};

	return cmocka_run_group_tests_name("session", tests, set_up, tear_down);
}
