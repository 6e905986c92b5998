/*
 * See peer.h. Two small epoll loops over OpenSSL. One listener takes the whole loopback network
 * because it is bound to the loopback device and to no address; so ten thousand endpoints cost one
 * descriptor, and nothing from outside can reach it.
 */
#include "tests/bench/peer.h"

#include "lib/base/mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64
#define DAYS (24L * 60 * 60)

struct peer {
	SSL_CTX *tls;
	int listener;
	int port;
};

static void ensure(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_probe: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(1);
}

void endpoint_address(uint32_t i, struct in_addr *out)
{
	/* 127.1.0.1 and up: not the address that clients come from. */
	out->s_addr = htonl(UINT32_C(0x7f010001) + i);
}

void endpoint_name(uint32_t i, char out[32])
{
	snprintf(out, 32, "h%" PRIu32 ".bench.test", i);
}

/* --- certificates --- */

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ensure(extension && X509_add_ext(cert, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

/* issuer NULL: of itself. */
static X509 *certify(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool ca)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	static long serial = 1000;

	ensure(X509_set_version(cert, 2) == 1, "version");
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -10 * DAYS);
	X509_gmtime_adj(X509_getm_notAfter(cert), (ca ? 3650 : 300) * DAYS);
	ensure(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name,
					  -1, -1, 0) == 1,
	       "name");
	X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer) : subject);
	X509_set_pubkey(cert, key);
	extend(cert, issuer ? issuer : cert, NID_basic_constraints,
	       ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	extend(cert, issuer ? issuer : cert, NID_key_usage,
	       ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	extend(cert, issuer ? issuer : cert, NID_subject_key_identifier, "hash");
	if (!ca) {
		extend(cert, issuer, NID_ext_key_usage, "serverAuth");
		extend(cert, issuer, NID_subject_alt_name, "DNS:*.bench.test");
	}
	ensure(X509_sign(cert, issuer_key, EVP_sha256()) > 0, "signature");
	return cert;
}

static void present(SSL_CTX *tls, const char *roots_file)
{
	EVP_PKEY *root_key = EVP_EC_gen("P-256"), *middle_key = EVP_EC_gen("P-256"),
		 *leaf_key = EVP_EC_gen("P-256");
	ensure(root_key && middle_key && leaf_key, "keys");
	X509 *root = certify("Bench Root", root_key, NULL, root_key, true);
	X509 *middle = certify("Bench Issuing", middle_key, root, root_key, true);
	X509 *leaf = certify("bench.test", leaf_key, middle, middle_key, false);
	FILE *file = fopen(roots_file, "w");

	ensure(file && PEM_write_X509(file, root) == 1 && fclose(file) == 0, roots_file);
	ensure(SSL_CTX_use_certificate(tls, leaf) == 1 &&
		       SSL_CTX_use_PrivateKey(tls, leaf_key) == 1 &&
		       SSL_CTX_add1_chain_cert(tls, middle) == 1,
	       "the server's certificate");
	X509_free(root);
	X509_free(middle);
	X509_free(leaf);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(middle_key);
	EVP_PKEY_free(leaf_key);
}

/* --- the server --- */

static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

struct peer *peer_new(const char *roots_file)
{
	struct peer *peer = MEM_NEW(struct peer);
	struct sockaddr_in any = {.sin_family = AF_INET};
	socklen_t len = sizeof(any);

	peer->tls = SSL_CTX_new(TLS_server_method());
	ensure(peer->tls, "TLS");
	SSL_CTX_set_session_cache_mode(peer->tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(peer->tls, 0);
	SSL_CTX_set_mode(peer->tls, SSL_MODE_RELEASE_BUFFERS);
	present(peer->tls, roots_file);
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ensure(peer->listener >= 0, "socket");
	ensure(setsockopt(peer->listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) == 0,
	       "binding to the loopback device");
	ensure(bind(peer->listener, (struct sockaddr *)&any, sizeof(any)) == 0 &&
		       listen(peer->listener, 4096) == 0 &&
		       getsockname(peer->listener, (struct sockaddr *)&any, &len) == 0,
	       "listening");
	peer->port = ntohs(any.sin_port);
	return peer;
}

int peer_port(const struct peer *peer)
{
	return peer->port;
}

static void serve_more(struct peer *peer, int epoll)
{
	int fd, one = 1;

	while ((fd = accept4(peer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		SSL *ssl = SSL_new(peer->tls);
		struct epoll_event event = {.events = EPOLLIN | EPOLLET | EPOLLOUT,
					    .data.ptr = ssl};

		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		SSL_set_fd(ssl, fd);
		SSL_set_accept_state(ssl);
		ensure(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
	}
	ensure(errno == EAGAIN || errno == ECONNABORTED, "accept");
}

/* The client ends it: until then there is nothing to say behind the handshake. */
static void serve_one(SSL *ssl)
{
	char byte;
	int fd = SSL_get_fd(ssl);
	int result = SSL_read(ssl, &byte, 1);
	int error = SSL_get_error(ssl, result);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return;
	SSL_free(ssl);
	close(fd);
}

void peer_serve(struct peer *peer)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[EVENTS];
	struct epoll_event listens = {.events = EPOLLIN};

	raise_descriptors();
	ensure(epoll_ctl(epoll, EPOLL_CTL_ADD, peer->listener, &listens) == 0, "epoll_ctl");
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr)
				serve_one(events[i].data.ptr);
			else
				serve_more(peer, epoll);
		}
	}
}

/* --- the bare client --- */

struct bare {
	SSL_CTX *tls;
	int epoll;
	int port;
	size_t in_flight;
};

static int accept_chain(X509_STORE_CTX *verify UNUSED, void *arg UNUSED)
{
	return 1;
}

struct bare *bare_new(int port, size_t in_flight)
{
	struct bare *bare = MEM_NEW(struct bare);

	raise_descriptors();
	bare->port = port;
	bare->in_flight = in_flight;
	bare->epoll = epoll_create1(EPOLL_CLOEXEC);
	bare->tls = SSL_CTX_new(TLS_client_method());
	ensure(bare->tls && bare->epoll >= 0, "the bare loop");
	SSL_CTX_set_options(bare->tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					       SSL_OP_NO_COMPRESSION | SSL_OP_TLSEXT_PADDING |
					       SSL_OP_LEGACY_SERVER_CONNECT);
	SSL_CTX_set_session_cache_mode(bare->tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(bare->tls, 1);
	SSL_CTX_set_mode(bare->tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_cert_verify_callback(bare->tls, accept_chain, NULL);
	ensure(SSL_CTX_set_min_proto_version(bare->tls, TLS1_VERSION) == 1 &&
		       SSL_CTX_set_cipher_list(bare->tls,
					       "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0") == 1,
	       "the bare loop's settings");
	if (SSL_CTX_set1_groups_list(bare->tls, "*X25519MLKEM768:*X25519:P-256:P-384:P-521:X448:"
						"brainpoolP256r1:brainpoolP384r1") != 1)
		ensure(SSL_CTX_set1_groups_list(bare->tls,
						"X25519:P-256:P-384:P-521:X448:brainpoolP256r1:"
						"brainpoolP384r1:brainpoolP512r1") == 1,
		       "the bare loop's groups");
	ERR_clear_error();
	return bare;
}

static void bare_begin(struct bare *bare, uint32_t i)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)bare->port)};
	SSL *ssl = SSL_new(bare->tls);
	struct epoll_event event = {.events = EPOLLOUT | EPOLLIN | EPOLLET, .data.ptr = ssl};
	char name[32];
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	endpoint_address(i, &to.sin_addr);
	endpoint_name(i, name);
	ensure(fd >= 0 && ssl, "a socket of the bare loop");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, name);
	SSL_set_connect_state(ssl);
	ensure(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS,
	       "connect");
	ensure(epoll_ctl(bare->epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

/* True when it is over. */
static bool bare_step(SSL *ssl)
{
	int result = SSL_do_handshake(ssl);
	int error = SSL_get_error(ssl, result);
	int fd = SSL_get_fd(ssl);

	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return false;
	ensure(result == 1, "a handshake of the bare loop");
	SSL_free(ssl);
	close(fd);
	return true;
}

void bare_run(struct bare *bare, uint32_t first, uint32_t count)
{
	struct epoll_event events[EVENTS];
	uint32_t begun = 0, ended = 0;

	while (ended < count) {
		while (begun < count && begun - ended < bare->in_flight)
			bare_begin(bare, first + begun++);
		int ready = epoll_wait(bare->epoll, events, EVENTS, -1);
		for (int i = 0; i < ready; i++)
			ended += bare_step(events[i].data.ptr);
	}
}
