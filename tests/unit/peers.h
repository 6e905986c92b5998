/*
 * Peers for the tests of the probes: sockets of this process that misbehave in one way each, and
 * `openssl s_server` for those that behave. Loopback only, on ports the kernel chooses.
 */
#ifndef TESTS_UNIT_PEERS_H
#define TESTS_UNIT_PEERS_H

#include "lib/loop/loop.h"
#include "lib/loop/resolve.h"
#include <sys/types.h>

enum peer_kind {
	PEER_SILENT,	 /* accepts, reads, says nothing */
	PEER_CLOSE,	 /* closes what it accepted, once something came */
	PEER_RESET,	 /* the same, the hard way */
	PEER_GREET,	 /* speaks first */
	PEER_ANSWER,	 /* speaks once something came, then stays */
	PEER_LAST_WORDS, /* speaks once something came, then closes */
};
#define PEER_CONNECTIONS_MAX 64

struct peer;
struct peer_connection {
	struct peer *peer;
	int fd;
	struct watch *watch;
	size_t sent;
	bool heard;
};
struct peer {
	enum peer_kind kind;
	const uint8_t *bytes;
	size_t len;
	struct address address; /* with its port */
	uint16_t port;
	struct loop *loop;
	int listener;
	struct watch *watch;
	struct peer_connection connections[PEER_CONNECTIONS_MAX];
	size_t accepted, open, open_max;
};
void peer_start(struct peer *peer, struct loop *loop, const char *host, enum peer_kind kind,
		const void *bytes, size_t len);
/* The same, saying nothing, on this port. */
void peer_start_at(struct peer *peer, struct loop *loop, const char *host, uint16_t port,
		   enum peer_kind kind);
void peer_stop(struct peer *peer);
/* A port of host that nobody listens on. */
uint16_t free_port(const char *host);

/* openssl s_server with these arguments, listening on host; ready when this returns. */
struct server {
	pid_t pid;
	int in, out;
	uint16_t port;
	struct address address;
};
void server_start(struct server *server, const char *host, const char *const *arguments);
void server_stop(struct server *server);

/* Makes $TMPDIR/NAME.pem and NAME.key: an EC certificate for /CN=cn, with these extensions and
 * days, by `issuer` (a NAME made before) or, NULL, by itself. */
struct cert_wish {
	const char *name, *cn, *issuer;
	const char *names; /* subjectAltName: "DNS:localhost,IP:127.0.0.1"; NULL: none */
	bool ca;
	int days;
};
void cert_make(const struct cert_wish *wish);
/* Appends files of $TMPDIR into another, each by its name. Ends with NULL. */
void files_join(const char *into, const char *const *names);
/* The DER of the first certificate of $TMPDIR/NAME.pem. Heap. */
uint8_t *cert_der(const char *name, size_t *len);

/* A TLS 1.2 server's first flight in the clear: ServerHello and these certificates. Heap; *len. */
uint8_t *first_flight(const uint8_t *const *ders, const size_t *lens, size_t count, size_t *len);

/* Runs test in a child that has a loopback and no other network; false fails the test, and where
 * namespaces are forbidden it is skipped. The child does not use cmocka. */
void in_own_network(bool (*test)(void));

/* Runs the loop until *flag, a minute at most. Who sets it calls loop_stop too. */
void run_until(struct loop *loop, const bool *flag);

/* The whole of a file, heap. */
uint8_t *slurp(const char *path, size_t *len);
/* $TMPDIR/name, in a buffer of its own that lives as long as the test. */
const char *work_path(const char *name);

/* A DNS server on loopback UDP. Names not in the table are silence. */
struct dns_row {
	const char *name;
	const char *v4, *v6; /* NULL: none */
	int rcode;
	bool silent;
};
struct dns {
	struct loop *loop;
	int fd;
	uint16_t port;
	struct watch *watch;
	const struct dns_row *rows; /* ends with name NULL; "*" takes the rest */
	size_t asked;
	char servers[64]; /* for a resolver_config */
};
void dns_start(struct dns *dns, struct loop *loop, const struct dns_row *rows);
void dns_stop(struct dns *dns);

#endif
