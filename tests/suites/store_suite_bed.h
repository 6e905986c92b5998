/*
 * What the parts of the store suite share: a loop with a store on it, calls that wait for their
 * answer, and the whole content of a store as one text, so that "nothing was changed" is one
 * comparison. Used by store_suite*.c and by the tests of single backends.
 */
#ifndef TESTS_SUITES_STORE_SUITE_BED_H
#define TESTS_SUITES_STORE_SUITE_BED_H

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "tests/suites/store_suite.h"
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

/* An answer that was kept. */
struct got {
	struct loop *loop;
	int called;
	bool stops;		    /* the loop, when it is called */
	size_t puts_len;	    /* of the commit asked: how many revs are kept */
	struct store_answer answer; /* jobs and docs are ours; cursor and revs copied */
	char *cursor;
	int64_t *revs;
};
void got_finish(struct got *got);
/* A store_done_fn; arg is a struct got that was zeroed. */
void on_got(void *arg, struct store_answer *answer);

struct bed {
	const struct store_suite *suite;
	struct loop *loop;
	struct store *store;
	struct got got; /* the last answer of the calls below */
};
void bed_setup(struct bed *bed, const struct store_suite *suite);
void bed_teardown(struct bed *bed);
/* Closes and opens again what was stored; false: this backend cannot. */
bool bed_again(struct bed *bed);
int64_t bed_now(struct bed *bed);
void bed_pass(struct bed *bed, int64_t ms);
/* Runs the loop until all is answered that was asked. */
void bed_run_until(struct bed *bed, const struct got *got);
/* Runs the loop until all that was asked before would have been answered. */
void bed_settle(struct bed *bed);

/* Each asks and waits; what was answered is in bed->got. */
enum store_status bed_commit(struct bed *bed, const struct store_commit *commit);
enum store_status bed_claim(struct bed *bed, const struct store_claim *claim);
enum store_status bed_extend(struct bed *bed, const char *kind, const char *subject, int64_t rev,
			     int64_t until);
enum store_status bed_page(struct bed *bed, const struct store_page *page);
int64_t bed_count(struct bed *bed, const char *kind, const char *index, int64_t min, int64_t max);
/* The document as it is now, in bed->got. */
const struct store_doc *bed_get(struct bed *bed, const char *kind, const char *id);
const char *bed_body(struct bed *bed, const char *kind, const char *id); /* NULL: absent */
int64_t bed_rev(struct bed *bed, const char *kind, const char *id);

/* One document, one index or none (name NULL). Answers the new rev. */
int64_t bed_put(struct bed *bed, const char *kind, const char *id, const char *body,
		const char *index, int64_t value);
void bed_del(struct bed *bed, const char *kind, const char *id);
/* One job in lane "" and zone "default". */
void bed_ensure(struct bed *bed, const char *kind, const char *subject, int64_t due);
void bed_job_delete(struct bed *bed, const char *kind, const char *subject);
/* Up to max jobs of one kind, lane "" and zone "default". */
size_t bed_claim_kind(struct bed *bed, const char *kind, size_t max, int64_t lease_ms);
/* Claims exactly this one job of its kind; its token. */
int64_t bed_claim_one(struct bed *bed, const char *kind, const char *subject, int64_t lease_ms);
enum store_status bed_move(struct bed *bed, const char *kind, const char *subject, int64_t rev,
			   int64_t due);
/* A member of a job read as a document; -1 when there is no such job or it is null. */
int64_t bed_job_int(struct bed *bed, const char *kind, const char *subject, const char *member);

/* All documents and jobs of these kinds (ends with NULL) with revs, bodies, blobs. Heap text. */
char *bed_dump(struct bed *bed, const char *const *kinds);

#define assert_status(bed, expected, call)                                                      \
	do {                                                                                    \
		enum store_status status_ = (call);                                             \
		if (status_ != (expected))                                                      \
			fail_msg("%s: %s instead of %s: %s", #call, store_status_text(status_), \
				 store_status_text(expected), (bed)->got.answer.err.text);      \
	} while (0)

/* The parts of the suite. */
extern const struct CMUnitTest store_suite_docs[], store_suite_jobs[], store_suite_pages[],
	store_suite_calls[];
extern const size_t store_suite_docs_len, store_suite_jobs_len, store_suite_pages_len,
	store_suite_calls_len;
/* The suite under test; each test begins with a bed of it as its state. */
extern const struct store_suite *store_suite_now;

#endif
