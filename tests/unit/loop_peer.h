/*
 * A bare TCP or unix connection of a test: sends what it is told, well-formed or not, and keeps
 * what it gets.
 */
#ifndef TESTS_UNIT_LOOP_PEER_H
#define TESTS_UNIT_LOOP_PEER_H

#include "lib/base/buf.h"

struct peer {
	int fd;
	struct buf got;
	bool ended; /* the other side closed or reset */
};

void peer_tcp(struct peer *peer, int port);
void peer_unix(struct peer *peer, const char *path);
/* A listening socket at 127.0.0.1; *port says where. */
int peer_listen(int *port);
/* Waits for nothing: false when nobody has come yet. */
bool peer_accept(struct peer *peer, int listener);
void peer_send(struct peer *peer, const char *text);
/* Takes what is there; true when there was something new or the end. */
bool peer_read(struct peer *peer);
/* Reads; true once text has come. */
bool peer_has(struct peer *peer, const char *text);
/* Reads; true once what has come ends with text. */
bool peer_ends(struct peer *peer, const char *text);
/* Reads; true once the other side has ended. */
bool peer_over(struct peer *peer);
void peer_close(struct peer *peer);
void peer_reset(struct peer *peer); /* closes with a reset */

#endif
