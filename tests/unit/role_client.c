/*
 * See role_client.h. The messages are parsed by the keeper's own parser, so that a role which says
 * what the keeper would refuse fails its test.
 */
#include "lib/base/sys.h"
#include "tests/unit/role_client.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/unit/peers.h"

#include <sys/wait.h>

static void take_result(struct client *client, const struct frame *frame)
{
	struct msg_result result;
	struct err err;

	if (!msg_parse_result(&result, frame, &err))
		bug("%s", err.text);
	if (client->results_len == CLIENT_RESULTS_MAX)
		bug("too many results");
	struct client_result *kept = &client->results[client->results_len++];
	kept->item = result.item;
	kept->same = result.same;
	kept->member = str_dup(result.member);
	kept->ders_len = result.ders_len;
	kept->leaf_len = result.ders_len > 0 ? result.ders[0].len : 0;
	endpoint_copy(&kept->endpoint, &result.endpoint);
	msg_result_finish(&result);
}

static void on_frame(void *arg, struct frame *frame)
{
	struct client *client = arg;
	struct err err;

	if (frame->type == MSG_READY) {
		if (!msg_parse_ready(&client->facts, frame, &err))
			bug("%s", err.text);
		client->ready = true;
	} else if (frame->type == MSG_RESULT) {
		take_result(client, frame);
	} else if (frame->type == MSG_DONE) {
		if (client->dones_len == ARRAY_LEN(client->dones) ||
		    !msg_parse_done(&client->dones[client->dones_len++], frame, &err))
			bug("done: %s", err.text);
		client->done = true;
	} else {
		bug("message %u", frame->type);
	}
	loop_stop(client->loop);
}

static void on_gone(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}

static void on_line(void *arg, const char *line)
{
	struct client *client = arg;
	client->lines++;
	str_copy(client->last_line, sizeof(client->last_line), line);
	fprintf(stderr, "role: %s\n", line);
}

static void on_exit_status(void *arg, int wait_status)
{
	struct client *client = arg;
	client->exited = true;
	client->wait_status = wait_status;
	loop_stop(client->loop);
}

struct client *client_new(const char *name)
{
	struct client *client = MEM_NEW(struct client);
	struct err err;

	client->loop = loop_new();
	if (!role_start(&client->role, client->loop, name, on_frame, on_gone, on_line,
			on_exit_status, client, &err))
		bug("%s", err.text);
	return client;
}

void client_setup(struct client *client, const struct msg_setup *setup)
{
	if (!msg_send_setup(client->role.channel, setup))
		bug("setup is not taken");
	run_until(client->loop, &client->ready);
}

struct client *client_start(const char *name, const struct msg_setup *setup)
{
	struct client *client = client_new(name);
	client_setup(client, setup);
	return client;
}

static int status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int client_wait_exit(struct client *client)
{
	run_until(client->loop, &client->exited);
	return status_of(client->wait_status);
}

int client_end(struct client *client)
{
	channel_free(client->role.channel);
	client->role.channel = NULL;
	int status = client_wait_exit(client);
	client_free(client);
	return status;
}

void client_wait_done(struct client *client, size_t count)
{
	while (client->dones_len < count) {
		client->done = false;
		run_until(client->loop, &client->done);
	}
}

void client_wait_idle(struct client *client)
{
	int64_t until = clock_mono_ms() + 10000;
	while (client->role.page->item != 0 && clock_mono_ms() < until)
		loop_turn(client->loop);
	if (client->role.page->item != 0)
		bug("the page still names item %d", (int)client->role.page->item);
}

void client_free(struct client *client)
{
	for (size_t i = 0; i < client->results_len; i++) {
		mem_free(client->results[i].member);
		endpoint_finish(&client->results[i].endpoint);
	}
	role_stop(&client->role);
	loop_free(client->loop);
	mem_free(client);
}
