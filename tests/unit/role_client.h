/*
 * The keeper's end of a role for tests: starts this test program again as prober or reader, in its
 * real sandbox, and collects what it says.
 */
#ifndef TESTS_UNIT_ROLE_CLIENT_H
#define TESTS_UNIT_ROLE_CLIENT_H

#include "lib/wire/msg.h"
#include "lib/wire/role.h"

#define CLIENT_RESULTS_MAX 2100

struct client_result {
	uint64_t item;
	bool same;
	char *member;
	struct endpoint endpoint;
	size_t ders_len;
	size_t leaf_len;
};
struct client {
	struct loop *loop;
	struct role role;
	bool ready, done, exited;
	struct msg_ready facts;
	int wait_status;
	size_t lines;
	char last_line[1024];
	struct client_result results[CLIENT_RESULTS_MAX];
	size_t results_len;
	struct msg_done dones[16];
	size_t dones_len;
};
/* Started; nothing is sent. Heap: it is large. */
struct client *client_new(const char *name);
/* Until it is ready. */
void client_setup(struct client *client, const struct msg_setup *setup);
/* Both. */
struct client *client_start(const char *name, const struct msg_setup *setup);
/* Closes the channel and waits for the end; the exit status, or minus the signal. */
int client_end(struct client *client);
/* Until the role has died by itself. */
int client_wait_exit(struct client *client);
/* Until `count` items are done. */
void client_wait_done(struct client *client, size_t count);
/* Until its page names nobody: a word may arrive before the step that sent it has ended. */
void client_wait_idle(struct client *client);
void client_free(struct client *client);

#endif
