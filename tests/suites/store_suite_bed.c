/*
 * The bed of the store suite: see its header. Answers are kept by moving jobs and docs out of
 * what the store lends; every wait ends by the answer itself, never by a length of time.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include <inttypes.h>

#define VIRTUAL_WAIT_MS (10 * MS_MINUTE)

void got_finish(struct got *got)
{
	for (size_t i = 0; i < got->answer.jobs_len; i++)
		store_job_finish(&got->answer.jobs[i]);
	for (size_t i = 0; i < got->answer.docs_len; i++)
		store_doc_finish(&got->answer.docs[i]);
	mem_free(got->answer.jobs);
	mem_free(got->answer.docs);
	mem_free(got->cursor);
	mem_free(got->revs);
	*got = (struct got){0};
}

void on_got(void *arg, struct store_answer *answer)
{
	struct got *got = arg;

	got->called++;
	got->answer = *answer;
	got->cursor = str_dup(answer->cursor);
	got->answer.cursor = got->cursor;
	if (answer->revs)
		got->revs = mem_dup(answer->revs, got->puts_len * sizeof(*got->revs));
	got->answer.revs = got->revs;
	got->answer.jobs = MEM_NEW_ARRAY(answer->jobs_len, struct store_job);
	for (size_t i = 0; i < answer->jobs_len; i++) {
		got->answer.jobs[i] = answer->jobs[i];
		answer->jobs[i] = (struct store_job){0};
	}
	got->answer.docs = MEM_NEW_ARRAY(answer->docs_len, struct store_doc);
	for (size_t i = 0; i < answer->docs_len; i++) {
		got->answer.docs[i] = answer->docs[i];
		answer->docs[i] = (struct store_doc){0};
	}
	if (got->stops)
		loop_stop(got->loop);
}

void bed_setup(struct bed *bed, const struct store_suite *suite)
{
	*bed = (struct bed){.suite = suite, .loop = loop_new()};
	bed->store = suite->fresh(suite->arg, bed->loop);
	assert_non_null(bed->store);
}

void bed_teardown(struct bed *bed)
{
	got_finish(&bed->got);
	store_close(bed->store);
	loop_free(bed->loop);
}

bool bed_again(struct bed *bed)
{
	if (!bed->suite->again)
		return false;
	store_close(bed->store);
	bed->store = bed->suite->again(bed->suite->arg, bed->loop);
	assert_non_null(bed->store);
	return true;
}

int64_t bed_now(struct bed *bed)
{
	return bed->suite->now(bed->suite->arg);
}

void bed_pass(struct bed *bed, int64_t ms)
{
	bed->suite->pass(bed->suite->arg, ms);
}

static void loop_wait(struct loop *loop)
{
	if (clock_is_virtual())
		loop_run_virtual(loop, clock_wall_ms() + VIRTUAL_WAIT_MS);
	else
		loop_run(loop);
}

void bed_run_until(struct bed *bed, const struct got *got)
{
	/* Each answer of several that are waited for stops the loop. */
	for (int i = 0; i < 1000 && !got->called; i++)
		loop_wait(bed->loop);
	assert_int_equal(got->called, 1);
}

/* A fresh place for the next answer. */
static struct got *got_new(struct bed *bed)
{
	got_finish(&bed->got);
	bed->got.loop = bed->loop;
	bed->got.stops = true;
	return &bed->got;
}

static enum store_status got_wait(struct bed *bed, struct store_call *call)
{
	assert_non_null(call);
	assert_int_equal(bed->got.called, 0); /* never from inside the call */
	bed_run_until(bed, &bed->got);
	return bed->got.answer.status;
}

enum store_status bed_commit(struct bed *bed, const struct store_commit *commit)
{
	struct got *got = got_new(bed);

	got->puts_len = commit->puts_len;
	return got_wait(bed, store_commit(bed->store, commit, on_got, got));
}

enum store_status bed_claim(struct bed *bed, const struct store_claim *claim)
{
	return got_wait(bed, store_claim(bed->store, claim, on_got, got_new(bed)));
}

enum store_status bed_extend(struct bed *bed, const char *kind, const char *subject, int64_t rev,
			     int64_t until)
{
	return got_wait(bed,
			store_extend(bed->store, kind, subject, rev, until, on_got, got_new(bed)));
}

enum store_status bed_page(struct bed *bed, const struct store_page *page)
{
	return got_wait(bed, store_page(bed->store, page, on_got, got_new(bed)));
}

int64_t bed_count(struct bed *bed, const char *kind, const char *index, int64_t min, int64_t max)
{
	assert_status(bed, STORE_OK,
		      got_wait(bed, store_count(bed->store, kind, index, min, max, on_got,
						got_new(bed))));
	return bed->got.answer.count;
}

const struct store_doc *bed_get(struct bed *bed, const char *kind, const char *id)
{
	struct store_key key = {kind, id};

	assert_status(bed, STORE_OK,
		      got_wait(bed, store_get(bed->store, &key, 1, on_got, got_new(bed))));
	assert_int_equal(bed->got.answer.docs_len, 1);
	const struct store_doc *doc = &bed->got.answer.docs[0];
	assert_string_equal(doc->kind, kind);
	assert_string_equal(doc->id, id);
	return doc;
}

const char *bed_body(struct bed *bed, const char *kind, const char *id)
{
	return bed_get(bed, kind, id)->body;
}

int64_t bed_rev(struct bed *bed, const char *kind, const char *id)
{
	return bed_get(bed, kind, id)->rev;
}

/* --- short forms -------------------------------------------------------------------------- */

int64_t bed_put(struct bed *bed, const char *kind, const char *id, const char *body,
		const char *index, int64_t value)
{
	struct store_put put = {
		.kind = kind,
		.id = id,
		.body = body,
		.indexes = {{index, value}},
		.indexes_len = index ? 1 : 0,
	};
	struct store_commit commit = {.puts = &put, .puts_len = 1};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	return bed->got.answer.revs[0];
}

void bed_del(struct bed *bed, const char *kind, const char *id)
{
	struct store_key key = {kind, id};
	struct store_commit commit = {.dels = &key, .dels_len = 1};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
}

static void job_change(struct bed *bed, enum store_job_verb verb, const char *kind,
		       const char *subject, int64_t due)
{
	struct store_job_change change = {
		.verb = verb,
		.kind = kind,
		.subject = subject,
		.zone = "default",
		.lane = "",
		.due = due,
	};
	struct store_commit commit = {.jobs = &change, .jobs_len = 1};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
}

void bed_ensure(struct bed *bed, const char *kind, const char *subject, int64_t due)
{
	job_change(bed, JOB_ENSURE, kind, subject, due);
}

void bed_job_delete(struct bed *bed, const char *kind, const char *subject)
{
	job_change(bed, JOB_DELETE, kind, subject, 0);
}

size_t bed_claim_kind(struct bed *bed, const char *kind, size_t max, int64_t lease_ms)
{
	struct store_queue queue = {kind, "", "default", lease_ms, max};
	struct store_claim claim = {&queue, 1, max, bed_now(bed)};

	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	return bed->got.answer.jobs_len;
}

int64_t bed_claim_one(struct bed *bed, const char *kind, const char *subject, int64_t lease_ms)
{
	assert_int_equal(bed_claim_kind(bed, kind, 1, lease_ms), 1);
	assert_string_equal(bed->got.answer.jobs[0].subject, subject);
	return bed->got.answer.jobs[0].rev;
}

enum store_status bed_move(struct bed *bed, const char *kind, const char *subject, int64_t rev,
			   int64_t due)
{
	struct store_commit commit = {
		.fence = FENCE_MOVE,
		.job_kind = kind,
		.job_subject = subject,
		.job_rev = rev,
		.job_due = due,
	};

	return bed_commit(bed, &commit);
}

int64_t bed_job_int(struct bed *bed, const char *kind, const char *subject, const char *member)
{
	char *job = str_printf("job/%s", kind);
	const struct store_doc *doc = bed_get(bed, job, subject);
	struct err err;
	int64_t value = -1;

	mem_free(job);
	if (!doc->rev)
		return -1;
	json_t *body = json_parse(doc->body, doc->body_len, STORE_BODY_MAX, &err);
	assert_non_null(body);
	value = json_get_int(body, member, -1);
	json_decref(body);
	return value;
}

/* Calls are done in the order they were asked in, so one more write and one more read tell that
 * all before them had their chance. */
void bed_settle(struct bed *bed)
{
	bed_put(bed, "settle", "", "{}", NULL, 0);
	(void)bed_rev(bed, "settle", "");
}

/* --- the whole content -------------------------------------------------------------------- */

static void dump_doc(struct buf *out, const struct store_doc *doc)
{
	char digest[SHA256_HEX_LEN + 1];

	digest_sha256_hex(doc->blob ? doc->blob : "", doc->blob_len, digest);
	buf_printf(out, "%s %s rev=%" PRId64 " %.200s blob=%zu %.8s\n", doc->kind, doc->id,
		   doc->rev, doc->body, doc->blob_len, digest);
}

static void dump_kind(struct bed *bed, struct buf *out, const char *kind)
{
	struct store_page page = {.kind = kind, .limit = 100};
	char *cursor = NULL;

	do {
		page.cursor = cursor;
		assert_status(bed, STORE_OK, bed_page(bed, &page));
		for (size_t i = 0; i < bed->got.answer.docs_len; i++)
			dump_doc(out, &bed->got.answer.docs[i]);
		mem_free(cursor);
		cursor = str_dup(bed->got.cursor);
	} while (cursor);
}

char *bed_dump(struct bed *bed, const char *const *kinds)
{
	struct buf out;

	buf_init(&out, 64 * 1024 * 1024);
	for (; *kinds; kinds++)
		dump_kind(bed, &out, *kinds);
	assert_false(out.overflow);
	buf_add_str(&out, "end\n");
	return buf_take(&out);
}
