/*
 * One look: it waits in a queue, flies in a role's hands, and ends; its owner is told in the turn
 * after, never from inside. Whatever becomes of it, it ends once, with an observation that holds at
 * least one endpoint. Called by lookers.c and post.c; talks to roles only through msg.h.
 */
#include "lib/base/sys.h"
#include "lib/wire/pool.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include <fcntl.h>
#include <unistd.h>
#include <utlist.h>

#define OVERRUN_MS (2 * MS_SECOND)
/* Longer than it takes worker.c to call a role stalled. */
#define STALL_WAIT_MS (6 * MS_SECOND)
/* How often a look is given to a role before it is ours to explain. */
#define TRIES_MAX 3

/* --- from one list to the next --- */

static struct look **queue_of(const struct look *look)
{
	return look->alone ? &look->lookers->alone[look->kind]
			   : &look->lookers->waiting[look->kind];
}

static void unlist(struct look *look)
{
	struct look **queue = queue_of(look);

	timer_clear(&look->timer);
	switch (look->state) {
	case LOOK_WAITS:
		DL_DELETE(*queue, look);
		return;
	case LOOK_FLIES:
		DL_DELETE(look->post->looks, look);
		look->post->looks_len--;
		worker_load(look->post->worker, look->post->looks_len);
		look->post = NULL;
		return;
	case LOOK_ENDED:
		DL_DELETE(look->lookers->ended, look);
		return;
	}
}

void look_free(struct look *look)
{
	unlist(look);
	look->lookers->inflight--;
	deferred_cancel(look->turn);
	if (look->file >= 0)
		close(look->file);
	target_finish(&look->target);
	observation_finish(&look->known);
	gather_finish(&look->gather);
	mem_free(look);
}

static void on_turn(void *arg)
{
	struct look *look = arg;
	look_done_fn *done = look->done;
	void *owner = look->arg;
	struct look_result result = {
		.released = look->released,
		.lost = look->lost,
		.crashed = look->crashed,
		.one_chain = look->one_chain,
	};
	struct gather gather = look->gather;
	struct look_cert *certs = gather_give(&gather, &result);

	look->turn = NULL;
	look->gather = (struct gather){0};
	look_free(look);
	done(owner, &result);
	/* What is left is in our hands alone; the pool may be gone. */
	observation_finish(&result.observation);
	mem_free(certs);
	gather_finish(&gather);
}

void look_end(struct look *look)
{
	unlist(look);
	look->state = LOOK_ENDED;
	DL_APPEND(look->lookers->ended, look);
	look->turn = loop_defer(look->lookers->loop, on_turn, look);
}

void look_end_only(struct look *look, enum outcome outcome, const char *error, bool ours)
{
	gather_only(&look->gather, outcome, error, ours);
	look->lost = outcome == OUTCOME_CANCELLED;
	look_end(look);
}

/* --- waiting --- */

static int64_t time_left(const struct look *look)
{
	return look->started_mono + look->deadline_ms - clock_mono_ms();
}

/* With less than half of its time a look would call a slow host dead. */
static int64_t time_to_start(const struct look *look)
{
	return time_left(look) - look->deadline_ms / 2;
}

static void look_wait(struct look *look)
{
	struct look **queue = queue_of(look);

	look->state = LOOK_WAITS;
	if (look->tries > 0)
		DL_PREPEND(*queue, look);
	else
		DL_APPEND(*queue, look);
	timer_set(&look->timer, time_to_start(look));
}

void look_again(struct look *look)
{
	const char *late = "its role died, and it is late for another";

	if (look->tries >= TRIES_MAX) {
		look_end_only(look, OUTCOME_CANCELLED, "its roles died, one after the other", true);
		return;
	}
	if (time_to_start(look) < 0) {
		/* The fault is another's: it is asked for anew, with all its time. */
		look->released = true;
		look_end_only(look, OUTCOME_CANCELLED, late, true);
		return;
	}
	unlist(look);
	gather_finish(&look->gather);
	gather_init(&look->gather, look->now);
	look_wait(look);
}

/* --- flying --- */

static size_t known_fill(struct msg_known *known, const struct observation *observation)
{
	size_t count = 0;

	for (size_t i = 0; i < observation->len; i++) {
		const struct endpoint *endpoint = &observation->endpoints[i];
		struct msg_known *out = &known[count];

		if (!endpoint->has_cert || !endpoint->address[0] ||
		    endpoint->chain_len > ENDPOINT_CHAIN_MAX)
			continue;
		str_copy(out->address, sizeof(out->address), endpoint->address);
		str_copy(out->generation, sizeof(out->generation), endpoint->trust_generation);
		out->path_until = endpoint->path_expiry.not_after;
		str_copy(out->chain[0], sizeof(out->chain[0]), endpoint->cert.sha256);
		for (size_t k = 0; k < endpoint->chain_len; k++)
			str_copy(out->chain[k + 1], sizeof(out->chain[0]),
				 endpoint->chain[k].sha256);
		out->chain_len = endpoint->chain_len + 1;
		count++;
	}
	return count;
}

static bool look_send(const struct look *look, struct channel *channel)
{
	int64_t passed = clock_mono_ms() - look->started_mono;
	struct msg_look message = {
		.item = look->item,
		.target = look->target,
		.now = look->now + passed,
		.deadline_ms = look->deadline_ms > passed ? look->deadline_ms - passed : 1,
		.all_addresses = look->all_addresses,
	};
	bool sent;

	if (look->kind == WORKER_READER) {
		/* An earlier try may have read from it. */
		lseek(look->file, 0, SEEK_SET);
		return look->each ? msg_send_read_each(channel, look->item, message.now, look->file)
				  : msg_send_read(channel, look->item, message.now, look->file);
	}
	message.known = MEM_NEW_ARRAY(look->known.len, struct msg_known);
	message.known_len = known_fill(message.known, &look->known);
	sent = msg_send_look(channel, &message);
	mem_free(message.known);
	return sent;
}

void look_fly(struct look *look, struct post *post)
{
	struct channel *channel = worker_channel(post->worker);

	look->item = ++look->lookers->items;
	look->tries++;
	if (!look_send(look, channel)) {
		/* Its queue is full: stuck. Else it was the look that could not be sent. */
		if (channel_queued(channel) > 0)
			worker_kill(post->worker, END_BROKEN, "takes no more messages");
		look_end_only(look, OUTCOME_CANCELLED, "its role took no message", true);
		return;
	}
	unlist(look);
	look->state = LOOK_FLIES;
	look->post = post;
	DL_APPEND(post->looks, look);
	worker_load(post->worker, ++post->looks_len);
	timer_set(&look->timer, time_left(look) + OVERRUN_MS);
}

static void on_timer(void *arg)
{
	struct look *look = arg;
	struct worker *worker;

	if (look->state == LOOK_WAITS) {
		/* Without an attempt it is nobody's failure, unless there is nobody to attempt it.
		 */
		look->released = look->tries > 0 || lookers_kind_ready(look->lookers, look->kind);
		look_end_only(look, OUTCOME_CANCELLED, "could not be started in time", true);
		return;
	}
	worker = look->post->worker;
	if (!look->overran && worker_stands_still(worker)) {
		/* Its role may have stalled on this very look: worker.c will know in a moment. */
		look->overran = true;
		timer_set(&look->timer, STALL_WAIT_MS);
		return;
	}
	look_end_only(look, OUTCOME_CANCELLED, "its role let the deadline pass", true);
	worker_kill(worker, END_OVERRUN, NULL);
}

/* --- start and cancel --- */

struct look *look_start(struct lookers *lookers, const struct look_request *request,
			look_done_fn *done, void *arg)
{
	struct look *look = MEM_NEW(struct look);

	look->lookers = lookers;
	look->kind = request->file >= 0 ? WORKER_READER : WORKER_PROBER;
	target_copy(&look->target, request->target);
	look->now = request->now;
	look->deadline_ms = request->deadline_ms;
	look->started_mono = clock_mono_ms();
	look->all_addresses = request->all_addresses;
	look->each = request->each;
	look->has_known = request->known != NULL;
	if (request->known)
		observation_copy(&look->known, request->known);
	look->file = -1;
	look->done = done;
	look->arg = arg;
	gather_init(&look->gather, request->now);
	timer_init(&look->timer, lookers->loop, on_timer, look);
	lookers->inflight++;
	look_wait(look);
	if (look->kind == WORKER_READER) {
		look->file = fcntl(request->file, F_DUPFD_CLOEXEC, 0);
		if (look->file < 0) {
			look_end_only(look, OUTCOME_CANCELLED, "out of descriptors", true);
			return look;
		}
	}
	lookers_dispatch(lookers, look->kind);
	return look;
}

void look_cancel(struct look *look)
{
	struct post *post;
	struct channel *channel;

	if (!look)
		return;
	post = look->state == LOOK_FLIES ? look->post : NULL;
	channel = post ? worker_channel(post->worker) : NULL;
	if (channel) {
		/* Unsent it is no harm: what comes of the look is nobody's any more. */
		bool sent = msg_send_cancel(channel, look->item);
		(void)sent;
	}
	look_free(look);
	if (post)
		post_lighter(post);
}
