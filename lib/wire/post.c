/*
 * One place of the pool: a role, the looks in its hands, and what becomes of both. Takes what the
 * role says, as if from an enemy, into the looks it is about; and when the role dies, settles with
 * each of them: the culprit ends as prober_crash, or is tried once more alone where its death may
 * have been none of its doing; the neighbours are tried again.
 */
#include "lib/base/sys.h"
#include "lib/wire/pool.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include <utlist.h>

bool post_is_ready(const struct post *post, enum worker_kind kind)
{
	return post->kind == kind && !post->draining && worker_is_ready(post->worker);
}

void post_free(struct post *post)
{
	DL_DELETE(post->lookers->posts, post);
	worker_free(post->worker);
	msg_setup_finish(&post->setup);
	mem_free(post);
}

void post_drain(struct post *post)
{
	post->draining = true;
	if (post->looks_len == 0)
		worker_leave(post->worker);
}

void post_lighter(struct post *post)
{
	if (post->draining)
		post_drain(post);
	else
		lookers_dispatch(post->lookers, post->kind);
}

/* --- what the role says --- */

static struct look *look_find(const struct post *post, uint64_t item)
{
	struct look *look;

	DL_FOREACH(post->looks, look)
		if (look->item == item)
			return look;
	return NULL;
}

/* NULL with true: it was cancelled while the word was under way. */
static bool item_look(const struct post *post, uint64_t item, struct look **look, struct err *err)
{
	*look = look_find(post, item);
	if (item > post->lookers->items)
		return err_set(err, ERR_INVALID, "an item that was never given out");
	return true;
}

static bool take_result(struct post *post, const struct frame *frame, struct err *err)
{
	struct msg_result result;
	struct look *look;
	bool ok;

	if (!msg_parse_result(&result, frame, err))
		return false;
	ok = item_look(post, result.item, &look, err);
	if (ok && look) {
		const struct gather_look asked = {
			.target = &look->target,
			.known = look->has_known ? &look->known : NULL,
			.file = look->kind == WORKER_READER,
			.each = look->each,
		};

		ok = gather_result(&look->gather, &result, &asked, err);
		if (!ok)
			look_end_only(look, OUTCOME_CANCELLED, "its role broke the rules", true);
	}
	msg_result_finish(&result);
	return ok;
}

/* A look that brought nothing says so in one endpoint. */
static void conclude_empty(struct look *look, const struct msg_done *done)
{
	const char *error = done->error[0] ? done->error : NULL;
	bool ours = done->ours || done->released;

	if (look->kind == WORKER_READER && !ours)
		gather_only(&look->gather, OUTCOME_FILE_ERROR,
			    error ? error : "the file holds no certificate", false);
	else
		gather_only(&look->gather, OUTCOME_CANCELLED, error ? error : "not looked at",
			    true);
}

static void conclude(struct look *look, const struct msg_done *done)
{
	struct gather *gather = &look->gather;

	look->released = done->released;
	look->one_chain = done->one_chain;
	gather->observation.ours = done->ours;
	if (gather->observation.len == 0 && gather->members_len == 0)
		conclude_empty(look, done);
	gather->observation.families_skipped = done->families_skipped;
	look_end(look);
}

static bool take_done(struct post *post, const struct frame *frame, struct err *err)
{
	struct msg_done done;
	struct look *look;

	if (!msg_parse_done(&done, frame, err) || !item_look(post, done.item, &look, err))
		return false;
	if (look) {
		conclude(look, &done);
		post_lighter(post);
	}
	return true;
}

static bool on_said(void *arg, const struct frame *frame, struct err *err)
{
	struct post *post = arg;

	switch ((enum msg_type)frame->type) {
	case MSG_RESULT:
		return take_result(post, frame, err);
	case MSG_DONE:
		return take_done(post, frame, err);
	case MSG_SETUP:
	case MSG_READY:
	case MSG_LOOK:
	case MSG_READ:
	case MSG_CANCEL:
		break;
	}
	return err_set(err, ERR_INVALID, "message %u is not for the keeper", frame->type);
}

static void take_facts(struct lookers *lookers, const struct msg_ready *facts)
{
	/* One prober's word stands for all: they have read the same files. */
	bool news = !lookers->has_facts || !str_eq(lookers->facts.warning, facts->warning);
	bool roots = lookers->has_facts && !str_eq(lookers->facts.generation, facts->generation);

	lookers->has_facts = true;
	lookers->facts = *facts;
	if (news && facts->warning[0])
		lookers_tell(lookers, LOOKERS_WARN, "a prober warns", facts->warning);
	if (roots)
		lookers_tell(lookers, LOOKERS_INFO, "the roots have changed", facts->generation);
}

static void on_ready(void *arg, const struct msg_ready *facts)
{
	struct post *post = arg;

	if (post->kind == WORKER_PROBER && !post->draining)
		take_facts(post->lookers, facts);
	post_lighter(post);
}

/* --- death --- */

static void blame(struct look *look, const struct death *death)
{
	char error[sizeof(death->how) + 64];

	snprintf(error, sizeof(error), "the %s died on this target: %s",
		 worker_kind_text(look->kind), death->how);
	look->crashed = true;
	look_end_only(look, OUTCOME_PROBER_CRASH, error, false);
}

static void doubt(struct look *look, const struct death *death)
{
	if (look->alone) {
		blame(look, death);
		return;
	}
	look->alone = true;
	look_again(look);
}

static void settle(struct post *post, struct look *named, const struct death *death)
{
	struct look *look, *next;

	if (named && death->blame == BLAME_SURE)
		blame(named, death);
	else if (named && death->blame == BLAME_DOUBT)
		doubt(named, death);
	DL_FOREACH_SAFE(post->looks, look, next)
		look_again(look);
}

static void on_dead(void *arg, const struct death *death)
{
	struct post *post = arg;
	struct lookers *lookers = post->lookers;
	struct look *named = death->item ? look_find(post, death->item) : NULL;
	enum worker_kind kind = post->kind;
	char detail[sizeof(death->how) + TARGET_TEXT_MAX + 64];

	if (!death->expected) {
		snprintf(detail, sizeof(detail), "%s %d: %s%s%s", worker_kind_text(kind),
			 (int)death->pid, death->how, named ? " at " : "",
			 named ? named->target.text : "");
		lookers_tell(lookers, LOOKERS_ERROR,
			     death->pid ? "a role died" : "no role can be started", detail);
	}
	settle(post, named, death);
	if (post->draining)
		post_free(post);
	lookers_dispatch(lookers, kind);
}

static const struct worker_events post_events = {
	.ready = on_ready,
	.said = on_said,
	.dead = on_dead,
};

void post_new(struct lookers *lookers, enum worker_kind kind)
{
	struct post *post = MEM_NEW(struct post);

	post->lookers = lookers;
	post->kind = kind;
	msg_setup_copy(&post->setup, &lookers->setup);
	DL_APPEND(lookers->posts, post);
	post->worker = worker_new(lookers->loop, kind, &post->setup, &post_events, post);
}
