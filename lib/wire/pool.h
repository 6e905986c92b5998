/*
 * The inside of lookers.h, for look.c (one look, from queue to end), post.c (one place of the pool
 * and what its role says) and lookers.c (the pool). Nobody else includes it.
 */
#ifndef LIB_WIRE_POOL_H
#define LIB_WIRE_POOL_H

#include "lib/wire/gather.h"
#include "lib/wire/lookers.h"
#include "lib/wire/worker.h"

enum look_state { LOOK_WAITS, LOOK_FLIES, LOOK_ENDED };

struct look {
	struct look *prev, *next;
	struct lookers *lookers;
	enum look_state state;
	enum worker_kind kind;
	struct post *post; /* while it flies */
	uint64_t item;	   /* new with each try: a late word about an old try is no one's */
	int tries;
	bool alone;   /* a death that may have been its doing: tried again without neighbours */
	bool overran; /* its role stands still, and is given the time to be found out */
	struct target target;
	bool has_known;
	struct observation known;
	int64_t now;
	int64_t deadline_ms;
	int64_t started_mono;
	bool all_addresses;
	int file;
	bool each;
	struct timer timer; /* waits: too late to start; flies: the role let the deadline pass */
	struct deferred *turn;
	struct gather gather;
	bool released, lost, crashed, one_chain;
	look_done_fn *done;
	void *arg;
};

/* A place in the pool, with the looks in its role's hands. */
struct post {
	struct post *prev, *next;
	struct lookers *lookers;
	struct worker *worker;
	enum worker_kind kind;
	struct look *looks;
	size_t looks_len;
	bool draining; /* no new looks; leaves with the last */
	/* its own, because a reload changes the pool's while old roles are drained */
	struct msg_setup setup;
};

struct lookers {
	struct loop *loop;
	struct post *posts;
	struct look *waiting[WORKER_KINDS];
	struct look *alone[WORKER_KINDS]; /* wait too, but for a role without other looks */
	struct look *ended;
	struct msg_setup setup; /* the share of one prober */
	size_t inflight;
	uint64_t items; /* the last that was given out */
	bool has_facts;
	struct msg_ready facts; /* of the newest prober */
	lookers_note_fn *note;
	void *arg;
};

/* look.c */
void look_free(struct look *look);
/* To a role that has room; ends the look when the role takes no message. */
void look_fly(struct look *look, struct post *post);
/* The end: told in the next turn. */
void look_end(struct look *look);
/* The same with one endpoint that says why, instead of what was gathered. */
void look_end_only(struct look *look, enum outcome outcome, const char *error, bool ours);
/* Back into the queue after a death that was not its doing; the end when that is too late. */
void look_again(struct look *look);

/* post.c */
void post_new(struct lookers *lookers, enum worker_kind kind);
void post_free(struct post *post);
void post_drain(struct post *post);
/* A look has left its hands. */
void post_lighter(struct post *post);
bool post_is_ready(const struct post *post, enum worker_kind kind);

/* lookers.c */
/* Gives waiting looks to roles that have room. */
void lookers_dispatch(struct lookers *lookers, enum worker_kind kind);
bool lookers_kind_ready(const struct lookers *lookers, enum worker_kind kind);
void lookers_tell(struct lookers *lookers, enum lookers_level level, const char *phrase,
		  const char *detail);

#endif
