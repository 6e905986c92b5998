/*
 * The prober's main: the process that touches hostile bytes. Takes its settings once, reads the
 * roots and the resolver's files, closes its sandbox, says that it is ready, and then turns looks
 * into results until the channel ends. Settings never change: the keeper starts new probers
 * instead. What the keeper says is read with care, but a keeper that breaks the protocol is not
 * bargained with: the prober leaves.
 */
#include "lib/base/sys.h"
#include "probes/prober.h"

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/timer.h"
#include "lib/wire/sandbox.h"
#include "probes/forwarders.h"
#include "probes/look.h"
#include "probes/page.h"
#include "probes/roots.h"

#include <errno.h>
#include <sys/resource.h>
#include <uthash.h>

#define BEAT_MS 1000
#define DESCRIPTORS_MAX 65536

struct prober {
	struct loop *loop;
	struct channel *channel;
	struct role_page *page;
	bool ready;
	int status;
	struct anchors *anchors;
	struct session_context *context;
	struct resolver *resolver;
	struct passes *passes;
	struct looks looks;
	struct work *works;
	struct timer beat;
};

struct work {
	struct prober *prober;
	uint64_t item;
	struct look_item *look;
	UT_hash_handle hh;
};

static void leave(struct prober *prober, const char *why, const char *detail)
{
	/* Once: what follows in the same turn has the same cause. */
	if (prober->status == 0)
		log_error(why, "detail", detail, NULL);
	prober->status = 1;
	loop_stop(prober->loop);
}

/* A channel that refuses an empty queue is ending, and its end is told by itself; one that refuses
 * a full one belongs to a keeper that stands still. */
static void refused(struct prober *prober)
{
	if (channel_queued(prober->channel) > 0)
		leave(prober, "the keeper does not take results", NULL);
}

/* --- works ----------------------------------------------------------------------------------- */

static void work_free(struct prober *prober, struct work *work)
{
	HASH_DEL(prober->works, work);
	page_pending(prober->page, HASH_COUNT(prober->works));
	mem_free(work);
}

static struct work *work_find(struct prober *prober, uint64_t item)
{
	struct work *work = NULL;
	HASH_FIND(hh, prober->works, &item, sizeof(item), work);
	return work;
}

/* The facts of a monstrous certificate may be over a frame's ceiling: then that is the result. */
static bool send_too_large(struct prober *prober, const struct msg_result *result)
{
	struct msg_result small = {.item = result->item};
	struct endpoint *endpoint = &small.endpoint;

	endpoint_init(endpoint);
	str_copy(endpoint->address, sizeof(endpoint->address), result->endpoint.address);
	str_copy(endpoint->stage, sizeof(endpoint->stage), result->endpoint.stage);
	endpoint->outcome = OUTCOME_TOO_LARGE;
	endpoint->error = str_dup("the facts of the certificates are too large");
	endpoint->probed_at = result->endpoint.probed_at;
	endpoint->duration_ms = result->endpoint.duration_ms;
	endpoint->proof = result->endpoint.proof;
	bool sent = msg_send_result(prober->channel, &small);
	endpoint_finish(endpoint);
	return sent;
}

static void on_result(void *arg, const struct msg_result *result)
{
	struct work *work = arg;
	struct prober *prober = work->prober;

	if (!msg_send_result(prober->channel, result) && !send_too_large(prober, result))
		refused(prober);
}

static void on_look_done(void *arg, const struct msg_done *done)
{
	struct work *work = arg;
	struct prober *prober = work->prober;

	work->look = NULL;
	work_free(prober, work);
	if (!msg_send_done(prober->channel, done))
		refused(prober);
}

/* Waiting on the network is no stall; a loop that stands still does not beat. */
static void on_beat(void *arg)
{
	struct prober *prober = arg;
	page_step(prober->page);
	if (prober->works)
		timer_set(&prober->beat, BEAT_MS);
}

/* --- what the keeper says -------------------------------------------------------------------- */

static bool take_look(struct prober *prober, const struct frame *frame, struct err *err)
{
	struct msg_look look;

	if (!prober->ready)
		return err_set(err, ERR_INVALID, "a look before the settings");
	if (!msg_parse_look(&look, frame, err))
		return false;
	if (!look.target.host || work_find(prober, look.item)) {
		bool file = !look.target.host;
		msg_look_finish(&look);
		return err_set(err, ERR_INVALID, "%s",
			       file ? "a look at no host" : "two looks with one number");
	}
	struct work *work = MEM_NEW(struct work);
	work->prober = prober;
	work->item = look.item;
	HASH_ADD(hh, prober->works, item, sizeof(work->item), work);
	page_pending(prober->page, HASH_COUNT(prober->works));
	work->look = look_item_start(&prober->looks, &look, on_result, on_look_done, work);
	if (!timer_armed(&prober->beat))
		timer_set(&prober->beat, BEAT_MS);
	return true;
}

static bool take_cancel(struct prober *prober, const struct frame *frame, struct err *err)
{
	uint64_t item;
	if (!msg_parse_cancel(&item, frame, err))
		return false;
	struct work *work = work_find(prober, item);
	/* None: it was done while the word was under way. */
	if (work) {
		look_item_cancel(work->look);
		work_free(prober, work);
	}
	return true;
}

/* A connection is a descriptor, and so is each question to a name server; the usual soft limit of
 * 1024 is for programs that use select. */
static void raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_MAX)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_debug("the limit of descriptors stays", "why", strerror(errno), NULL);
}

static bool prepare(struct prober *prober, const struct msg_setup *setup, struct msg_ready *ready,
		    struct err *err)
{
	const struct resolver_config names = {
		.servers = setup->resolver ? setup->resolver : "system",
		.resolv_conf = setup->resolv_conf ? setup->resolv_conf : "/etc/resolv.conf",
		.hosts_file = setup->hosts_file ? setup->hosts_file : "/etc/hosts",
	};
	const struct passes_config gates = {
		.concurrency = setup->concurrency,
		.per_address = setup->per_address,
		.rate = setup->rate,
	};

	log_set_level((enum log_level)setup->log_level);
	raise_descriptors();
	prober->anchors = roots_load(setup->roots, ready->warning);
	if (prober->anchors) {
		ready->roots = (int64_t)anchors_count(prober->anchors);
		str_copy(ready->generation, sizeof(ready->generation),
			 anchors_generation(prober->anchors));
	}
	/* Old protocol versions too: a server that is stuck with one has a certificate that ends.
	 */
	prober->context = session_context_new(true, err);
	if (!prober->context)
		return false;
	prober->resolver = resolver_new(prober->loop, &names, err);
	if (!prober->resolver)
		return false;
	ready->resolvers = (int64_t)forwarders_count(&names);
	prober->passes = passes_new(prober->loop, &gates);
	prober->looks = (struct looks){
		.loop = prober->loop,
		.lookups = lookups_new(prober->loop, prober->resolver),
		.passes = prober->passes,
		.context = prober->context,
		.anchors = prober->anchors,
		.page = prober->page,
	};
	return true;
}

static bool take_setup(struct prober *prober, const struct frame *frame, struct err *err)
{
	struct msg_setup setup;
	struct msg_ready ready = {0};

	if (prober->ready)
		return err_set(err, ERR_INVALID, "settings twice");
	if (!msg_parse_setup(&setup, frame, err))
		return false;
	bool ok = prepare(prober, &setup, &ready, err) && sandbox_close(SANDBOX_PROBER, err);
	msg_setup_finish(&setup);
	if (!ok)
		return false;
	prober->ready = true;
	if (!msg_send_ready(prober->channel, &ready))
		return err_set(err, ERR_UNAVAILABLE, "the keeper is gone");
	return true;
}

static bool take(struct prober *prober, const struct frame *frame, struct err *err)
{
	switch ((enum msg_type)frame->type) {
	case MSG_SETUP:
		return take_setup(prober, frame, err);
	case MSG_LOOK:
		return take_look(prober, frame, err);
	case MSG_CANCEL:
		return take_cancel(prober, frame, err);
	case MSG_READ:
	case MSG_READY:
	case MSG_RESULT:
	case MSG_DONE:
		break;
	}
	return err_set(err, ERR_INVALID, "message %u is not for a prober", frame->type);
}

static void on_frame(void *arg, struct frame *frame)
{
	struct prober *prober = arg;
	struct err err = {0};

	/* Behind the end other frames of the same read may follow. */
	if (prober->status == 0 && !take(prober, frame, &err))
		leave(prober, "the prober ends", err.text);
}

static void on_gone(void *arg, const char *why)
{
	struct prober *prober = arg;
	log_debug("the channel has ended", "why", why, NULL);
	loop_stop(prober->loop);
}

static void prober_finish(struct prober *prober)
{
	struct work *work, *next;

	HASH_ITER(hh, prober->works, work, next) {
		look_item_cancel(work->look);
		work_free(prober, work);
	}
	timer_clear(&prober->beat);
	passes_free(prober->passes);
	lookups_free(prober->looks.lookups);
	resolver_free(prober->resolver);
	session_context_free(prober->context);
	anchors_free(prober->anchors);
	channel_free(prober->channel);
	loop_free(prober->loop);
}

int prober_main(void)
{
	struct prober prober = {0};
	struct err err = {0};
	int fd;

	if (!role_enter(&prober.page, &fd, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	prober.loop = loop_new();
	timer_init(&prober.beat, prober.loop, on_beat, &prober);
	prober.channel = channel_new(prober.loop, fd, on_frame, on_gone, &prober);
	loop_run(prober.loop);
	prober_finish(&prober);
	return prober.status;
}
