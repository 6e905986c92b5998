/*
 * The pool: as many probers as cores, a reader once there is a file to read, and the queues of
 * looks before them. Gives each look to the least loaded role of its kind that is ready. A change
 * of settings makes new roles for new looks and lets the old ones finish, because a role's settings
 * never change. What a look is, is look.c's; what a role says and how it dies, post.c's.
 */
#include "lib/base/sys.h"
#include "lib/wire/lookers.h"

#include "lib/base/mem.h"
#include "lib/wire/pool.h"
#include <unistd.h>
#include <utlist.h>

#define PROBERS_MAX 16
/* While other roles are still starting, the first that is ready does not take all that waits. */
#define EARLY_LOOKS 64

/* --- settings --- */

static int64_t share(int64_t whole, size_t parts)
{
	return (whole + (int64_t)parts - 1) / (int64_t)parts;
}

/* Never more probers than connections they may have, since the share 0 would mean no limit. */
static size_t probers_of(const struct lookers_config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = config->probers;

	if (count == 0)
		count = cores > 0 ? (size_t)cores : 1;
	if (count > PROBERS_MAX)
		count = PROBERS_MAX;
	if (config->setup.concurrency > 0 && (int64_t)count > config->setup.concurrency)
		count = (size_t)config->setup.concurrency;
	if (config->setup.rate > 0 && (int64_t)count > config->setup.rate)
		count = (size_t)config->setup.rate;
	return count;
}

static void fill(struct lookers *lookers, const struct lookers_config *config)
{
	size_t count = probers_of(config);

	msg_setup_finish(&lookers->setup);
	msg_setup_copy(&lookers->setup, &config->setup);
	lookers->setup.concurrency = share(config->setup.concurrency, count);
	lookers->setup.per_address = share(config->setup.per_address, count);
	lookers->setup.rate = share(config->setup.rate, count);
	for (size_t i = 0; i < count; i++)
		post_new(lookers, WORKER_PROBER);
}

/* --- dispatch --- */

static bool others_start(const struct lookers *lookers, enum worker_kind kind)
{
	const struct post *post;

	DL_FOREACH(lookers->posts, post)
		if (post->kind == kind && !post->draining && worker_is_starting(post->worker))
			return true;
	return false;
}

static bool has_room(const struct post *post, bool early)
{
	if (post->looks && post->looks->alone)
		return false;
	/* The reader has one file at a time. */
	if (post->kind == WORKER_READER)
		return post->looks_len == 0;
	return !early || post->looks_len < EARLY_LOOKS;
}

static struct post *choose(const struct lookers *lookers, const struct look *look)
{
	bool early = others_start(lookers, look->kind);
	struct post *post, *best = NULL;

	DL_FOREACH(lookers->posts, post) {
		if (!post_is_ready(post, look->kind) || !has_room(post, early))
			continue;
		if (look->alone && post->looks_len > 0)
			continue;
		if (!best || post->looks_len < best->looks_len)
			best = post;
	}
	return best;
}

static void serve(struct lookers *lookers, struct look *const *queue)
{
	while (*queue) {
		struct post *post = choose(lookers, *queue);

		if (!post)
			return;
		look_fly(*queue, post);
	}
}

static bool has_reader(const struct lookers *lookers)
{
	const struct post *post;

	DL_FOREACH(lookers->posts, post)
		if (post->kind == WORKER_READER && !post->draining)
			return true;
	return false;
}

void lookers_dispatch(struct lookers *lookers, enum worker_kind kind)
{
	bool wanted = lookers->waiting[kind] || lookers->alone[kind];

	if (wanted && kind == WORKER_READER && !has_reader(lookers))
		post_new(lookers, kind);
	/* First those that need a role for themselves: else none would ever be empty. */
	serve(lookers, &lookers->alone[kind]);
	serve(lookers, &lookers->waiting[kind]);
}

bool lookers_kind_ready(const struct lookers *lookers, enum worker_kind kind)
{
	const struct post *post;

	DL_FOREACH(lookers->posts, post)
		if (post_is_ready(post, kind))
			return true;
	return false;
}

void lookers_tell(struct lookers *lookers, enum lookers_level level, const char *phrase,
		  const char *detail)
{
	if (lookers->note)
		lookers->note(lookers->arg, level, phrase, detail);
}

/* --- the pool --- */

struct lookers *lookers_new(struct loop *loop, const struct lookers_config *config,
			    lookers_note_fn *note, void *arg)
{
	struct lookers *lookers = MEM_NEW(struct lookers);

	lookers->loop = loop;
	lookers->note = note;
	lookers->arg = arg;
	fill(lookers, config);
	return lookers;
}

void lookers_reload(struct lookers *lookers, const struct lookers_config *config)
{
	struct post *post;

	DL_FOREACH(lookers->posts, post)
		post_drain(post);
	fill(lookers, config);
	lookers_dispatch(lookers, WORKER_READER);
}

void lookers_free(struct lookers *lookers)
{
	struct post *post, *next;

	if (!lookers)
		return;
	DL_FOREACH_SAFE(lookers->posts, post, next) {
		while (post->looks)
			look_free(post->looks);
		post_free(post);
	}
	for (size_t i = 0; i < WORKER_KINDS; i++) {
		while (lookers->waiting[i])
			look_free(lookers->waiting[i]);
		while (lookers->alone[i])
			look_free(lookers->alone[i]);
	}
	while (lookers->ended)
		look_free(lookers->ended);
	msg_setup_finish(&lookers->setup);
	mem_free(lookers);
}

/* --- status --- */

size_t lookers_inflight(const struct lookers *lookers)
{
	return lookers->inflight;
}

bool lookers_ready(const struct lookers *lookers)
{
	return lookers_kind_ready(lookers, WORKER_PROBER);
}

const struct msg_ready *lookers_facts(const struct lookers *lookers)
{
	return lookers->has_facts ? &lookers->facts : NULL;
}

size_t lookers_pids(const struct lookers *lookers, int32_t *out, size_t max)
{
	const struct post *post;
	size_t count = 0;

	DL_FOREACH(lookers->posts, post) {
		int32_t pid = worker_pid(post->worker);

		if (pid > 0 && count < max)
			out[count++] = pid;
	}
	return count;
}
