/*
 * One name to its addresses, as an operation: asks for A and AAAA side by side and merges what
 * comes. libunbound may answer inside the call that asks; its callback therefore only writes the
 * answer down and wakes the operation.
 *
 * A cancelled question is forgotten here but lives on in libunbound until it gives up, about 17 s
 * for a dead name; it will not call back. libunbound's clock is the real one: a question
 * under way holds virtual time.
 */
#include "lib/loop/resolve_inside.h"

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/loop/op.h"

#include <ctype.h>
#include <ldns/rr.h>
#include <unbound.h>
#include <unbound-event.h>
#include <utlist.h>

#define NAME_MAX_LEN 253
#define LABEL_MAX_LEN 63
#define CLASS_IN 1
/* Once one family has answered with addresses, how long the other may still take: there are name
 * servers which never answer to AAAA. */
#define SECOND_ANSWER_MS 2000

enum resolve_stage { RESOLVE_BEGIN, RESOLVE_QUEUED, RESOLVE_ASKED };
static const char *const resolve_stages[] = {"begin", "queue", "answer"};

enum { V6, V4, QUESTIONS };

struct question {
	struct resolve *resolve;
	int type; /* 0: not asked for */
	bool pending;
	int id;
	struct resolve_result answer;
};

struct resolve {
	struct op op;
	struct resolve *prev, *next;
	struct resolve *queue_prev, *queue_next;
	struct resolver *resolver;
	resolve_done_fn *done;
	void *arg;
	char *name; /* lower case, no dot at its end */
	int families;
	bool queued;
	bool hurried; /* the deadline was moved up after the first answer */
	struct question questions[QUESTIONS];
};

/* --- places ------------------------------------------------------------------------------ */

static int questions_of(const struct resolve *resolve)
{
	return (resolve->families & RESOLVE_V4 ? 1 : 0) + (resolve->families & RESOLVE_V6 ? 1 : 0);
}

static bool has_room(const struct resolve *resolve)
{
	return resolve->resolver->inflight + questions_of(resolve) <= RESOLVE_INFLIGHT_MAX;
}

static void queue_wake(struct resolver *resolver)
{
	if (resolver->queue && has_room(resolver->queue))
		op_wake(&resolver->queue->op);
}

static void queue_leave(struct resolve *resolve)
{
	if (!resolve->queued)
		return;
	DL_DELETE2(resolve->resolver->queue, resolve, queue_prev, queue_next);
	resolve->queued = false;
}

/* --- questions --------------------------------------------------------------------------- */

static void question_begin(struct question *question)
{
	question->pending = true;
	question->resolve->resolver->inflight++;
	loop_hold(question->resolve->resolver->loop);
}

static void question_end(struct question *question)
{
	struct resolver *resolver = question->resolve->resolver;

	question->pending = false;
	resolver->inflight--;
	loop_release(resolver->loop);
	queue_wake(resolver);
}

static void question_cancel(struct question *question)
{
	if (!question->pending)
		return;
	ub_cancel(question->resolve->resolver->context, question->id);
	question_end(question);
}

static void on_answer(void *arg, int rcode, void *packet, int packet_len, int sec, char *why_bogus,
		      int limited UNUSED)
{
	struct question *question = arg;
	struct resolve_answer answer = {
		.name = question->resolve->name,
		.type = question->type,
		.rcode = rcode,
		.packet = packet,
		.packet_len = packet_len > 0 ? (size_t)packet_len : 0,
		.bogus = sec == 1,
		.why_bogus = why_bogus,
	};

	resolve_answer_read(&answer, &question->answer);
	question_end(question);
	op_wake(&question->resolve->op);
}

static void question_ask(struct resolve *resolve, struct question *question, int type)
{
	int code;

	question->resolve = resolve;
	question->type = type;
	question_begin(question);
	code = ub_resolve_event(resolve->resolver->context, resolve->name, type, CLASS_IN, question,
				on_answer, &question->id);
	if (code == 0)
		return;
	question->answer.status = RESOLVE_SERVFAIL;
	resolve_detail(&question->answer, "libunbound: %s", ub_strerror(code));
	if (question->pending)
		question_end(question);
}

/* --- life -------------------------------------------------------------------------------- */

static void resolve_free(struct resolve *resolve)
{
	struct resolver *resolver = resolve->resolver;

	op_finish(&resolve->op);
	queue_leave(resolve);
	for (int i = 0; i < QUESTIONS; i++)
		question_cancel(&resolve->questions[i]);
	DL_DELETE(resolver->resolves, resolve);
	/* It may have been first in the queue with others behind it who find room. */
	queue_wake(resolver);
	mem_free(resolve->name);
	mem_free(resolve);
}

static enum want finish(struct resolve *resolve, const struct resolve_result *result)
{
	resolve_done_fn *done = resolve->done;
	void *arg = resolve->arg;

	resolve_free(resolve);
	done(arg, result);
	return WANT_GONE;
}

static enum want finish_without(struct resolve *resolve, enum resolve_status status,
				const char *detail)
{
	struct resolve_result result = {.status = status};

	resolve_detail(&result, "%s", detail);
	return finish(resolve, &result);
}

static enum want finish_merged(struct resolve *resolve)
{
	const struct resolve_result *answers[QUESTIONS];
	struct resolve_result result;
	size_t len = 0;

	for (int i = 0; i < QUESTIONS; i++) {
		if (resolve->questions[i].type)
			answers[len++] = &resolve->questions[i].answer;
	}
	resolve_results_merge(answers, len, &result);
	return finish(resolve, &result);
}

/* --- names that need no question --------------------------------------------------------- */

static bool name_is_valid(const char *name)
{
	size_t label = 0;

	if (!*name || strlen(name) > NAME_MAX_LEN)
		return false;
	for (const char *at = name; *at; at++) {
		if (*at == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)*at) && *at != '-' && *at != '_')
			return false;
		if (++label > LABEL_MAX_LEN)
			return false;
	}
	return label > 0;
}

/* RFC 6761 6.3: never a question, with or without a hosts file. */
static void localhost_find(const char *name, int families, struct resolve_result *result)
{
	struct address address;

	if (!str_eq(name, "localhost") && !str_ends(name, ".localhost"))
		return;
	if (families & RESOLVE_V6 && address_parse("::1", &address))
		resolve_result_add(result, &address);
	if (families & RESOLVE_V4 && address_parse("127.0.0.1", &address))
		resolve_result_add(result, &address);
}

static enum want stage_begin(struct resolve *resolve)
{
	struct resolve_result result = {.status = RESOLVE_OK};
	struct address address;

	if (address_parse(resolve->name, &address)) {
		int family = address.sa.sa_family == AF_INET6 ? RESOLVE_V6 : RESOLVE_V4;

		if (!(resolve->families & family))
			return finish_without(resolve, RESOLVE_NO_ADDRESS,
					      "this address is of the other family");
		resolve_result_add(&result, &address);
		return finish(resolve, &result);
	}
	if (!name_is_valid(resolve->name))
		return finish_without(resolve, RESOLVE_NO_NAME, "this is not a host name");
	hosts_find(resolve->resolver->hosts, resolve->name, resolve->families, &result);
	if (result.count == 0)
		localhost_find(resolve->name, resolve->families, &result);
	if (result.count > 0)
		return finish(resolve, &result);
	if (!resolve->resolver->context)
		return finish_without(resolve, RESOLVE_NO_RESOLVER, "no DNS server is configured");
	if (resolve->resolver->queue || !has_room(resolve)) {
		resolve->queued = true;
		DL_APPEND2(resolve->resolver->queue, resolve, queue_prev, queue_next);
	}
	return op_go(&resolve->op, RESOLVE_QUEUED);
}

/* --- names that do ----------------------------------------------------------------------- */

static enum want stage_queued(struct resolve *resolve)
{
	if (resolve->queued && (resolve->resolver->queue != resolve || !has_room(resolve)))
		return WANT_WAKE;
	queue_leave(resolve);
	if (resolve->families & RESOLVE_V6)
		question_ask(resolve, &resolve->questions[V6], LDNS_RR_TYPE_AAAA);
	if (resolve->families & RESOLVE_V4)
		question_ask(resolve, &resolve->questions[V4], LDNS_RR_TYPE_A);
	queue_wake(resolve->resolver);
	return op_go(&resolve->op, RESOLVE_ASKED);
}

static void hurry(struct resolve *resolve)
{
	const struct timer *deadline = &resolve->op.deadline;

	if (resolve->hurried)
		return;
	resolve->hurried = true;
	if (!timer_armed(deadline) || deadline->at_mono_ms > clock_mono_ms() + SECOND_ANSWER_MS)
		op_deadline(&resolve->op, SECOND_ANSWER_MS);
}

static enum want stage_asked(struct resolve *resolve)
{
	bool pending = false, found = false;

	for (int i = 0; i < QUESTIONS; i++) {
		const struct question *question = &resolve->questions[i];

		if (question->pending)
			pending = true;
		else if (question->answer.count > 0)
			found = true;
	}
	if (!pending)
		return finish_merged(resolve);
	if (found)
		hurry(resolve);
	return WANT_WAKE;
}

static enum want out_of_time(struct resolve *resolve)
{
	if (resolve->op.stage != RESOLVE_ASKED)
		return finish_without(resolve, RESOLVE_TIMEOUT,
				      "too many lookups are under way: not asked in time");
	for (int i = 0; i < QUESTIONS; i++) {
		struct question *question = &resolve->questions[i];

		if (!question->pending)
			continue;
		question_cancel(question);
		question->answer.status = RESOLVE_TIMEOUT;
		resolve_detail(&question->answer, "no answer to %s in time",
			       i == V6 ? "AAAA" : "A");
	}
	return finish_merged(resolve);
}

static enum want resolve_step(struct op *op, enum wake wake)
{
	struct resolve *resolve = CONTAINER_OF(op, struct resolve, op);

	if (wake == WAKE_DEADLINE)
		return out_of_time(resolve);
	switch ((enum resolve_stage)op->stage) {
	case RESOLVE_BEGIN:
		return stage_begin(resolve);
	case RESOLVE_QUEUED:
		return stage_queued(resolve);
	case RESOLVE_ASKED:
		return stage_asked(resolve);
	}
	bug("resolve in stage %d", op->stage);
}

struct resolve *resolve_start(struct resolver *resolver, const char *name, int families,
			      int64_t deadline_ms, resolve_done_fn *done, void *arg)
{
	struct resolve *resolve = MEM_NEW(struct resolve);
	size_t len = strlen(name);

	if (!(families & (RESOLVE_V4 | RESOLVE_V6)))
		bug("resolve_start for no family");
	resolve->resolver = resolver;
	resolve->done = done;
	resolve->arg = arg;
	resolve->name = str_dup(name);
	if (len > 1 && resolve->name[len - 1] == '.')
		resolve->name[len - 1] = '\0';
	str_lower(resolve->name);
	resolve->families = families;
	resolve->op.fd = -1;
	DL_APPEND(resolver->resolves, resolve);
	op_start(&resolve->op, resolver->loop, "resolve", resolve_stages, resolve_step,
		 deadline_ms);
	return resolve;
}

void resolve_cancel(struct resolve *resolve)
{
	if (resolve)
		resolve_free(resolve);
}
