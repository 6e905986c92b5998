/*
 * What the bench of looking holds against us: a TLS server for all of 127.0.0.0/8, and a client
 * that does OpenSSL's handshake and nothing else. Both use OpenSSL directly, and each runs in a
 * process of its own, so that its CPU is told apart from ours.
 */
#ifndef TESTS_BENCH_PEER_H
#define TESTS_BENCH_PEER_H

#include "lib/base/sys.h"
#include <inttypes.h>
#include <netinet/in.h>

struct peer;
/* Makes a root, an intermediate and a leaf for *.bench.test (EC P-256), writes the root as PEM into
 * roots_file, and listens on a free port. Ends the process when it cannot. */
struct peer *peer_new(const char *roots_file);
int peer_port(const struct peer *peer);
/* Never returns. */
void peer_serve(struct peer *peer) NORETURN;

/* Endpoint i: its address, and the name that is asked of it. */
void endpoint_address(uint32_t i, struct in_addr *out);
void endpoint_name(uint32_t i, char out[32]);

struct bare;
/* The same versions, groups, ciphers and options as lib/tls/session.c. */
struct bare *bare_new(int port, size_t in_flight);
/* Handshakes with endpoints first..first+count-1; ends the process when one fails. */
void bare_run(struct bare *bare, uint32_t first, uint32_t count);

#endif
