/*
 * The store suite's part on the calls themselves: one answer each and never from inside the
 * call, silent cancelling, closing with calls in flight, many calls at once, and what is still
 * there when a store is opened again.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"

/* Every kind of call, all answering into got[0..5]. */
#define CALLS 6
static void start_all(struct bed *bed, struct got *got, struct store_call *calls[CALLS],
		      int64_t token)
{
	static const struct store_queue queue = {"k", "", "default", 1000, 9};
	static const struct store_key key = {"t", "a"};
	static const struct store_put put = {.kind = "t", .id = "written", .body = "{}"};
	struct store_claim claim = {&queue, 1, 9, bed_now(bed)};
	struct store_commit commit = {.puts = &put, .puts_len = 1};
	struct store_page page = {.kind = "t", .limit = 9};

	for (size_t i = 0; i < CALLS; i++)
		got[i] = (struct got){.loop = bed->loop, .stops = true};
	got[1].puts_len = 1;
	calls[0] = store_claim(bed->store, &claim, on_got, &got[0]);
	calls[1] = store_commit(bed->store, &commit, on_got, &got[1]);
	calls[2] = store_extend(bed->store, "k", "held", token, bed_now(bed) + 5000, on_got,
				&got[2]);
	calls[3] = store_get(bed->store, &key, 1, on_got, &got[3]);
	calls[4] = store_page(bed->store, &page, on_got, &got[4]);
	calls[5] = store_count(bed->store, "t", NULL, 0, 0, on_got, &got[5]);
}

static int64_t start_ready(struct bed *bed)
{
	bed_put(bed, "t", "a", "{}", NULL, 0);
	bed_ensure(bed, "k", "held", bed_now(bed));
	int64_t token = bed_claim_one(bed, "k", "held", 1000);
	bed_ensure(bed, "k", "free", bed_now(bed));
	return token;
}

static void test_one_answer_each(void **state)
{
	struct bed *bed = *state;
	struct store_call *calls[CALLS];
	struct got got[CALLS];

	start_all(bed, got, calls, start_ready(bed));
	for (size_t i = 0; i < CALLS; i++)
		assert_int_equal(got[i].called, 0);
	for (size_t i = 0; i < CALLS; i++)
		bed_run_until(bed, &got[i]);
	bed_settle(bed);
	for (size_t i = 0; i < CALLS; i++) {
		assert_int_equal(got[i].called, 1);
		assert_int_equal(got[i].answer.status, STORE_OK);
		got_finish(&got[i]);
	}
}

/* Even what is refused at sight is answered through the loop. */
static void test_refusals_are_answers(void **state)
{
	struct bed *bed = *state;
	struct got got = {.loop = bed->loop, .stops = true};
	struct store_key key = {"", "a"};

	struct store_call *call = store_get(bed->store, &key, 1, on_got, &got);
	assert_int_equal(got.called, 0);
	store_cancel(call);
	bed_settle(bed);
	assert_int_equal(got.called, 0);
	store_get(bed->store, &key, 1, on_got, &got);
	bed_run_until(bed, &got);
	assert_int_equal(got.answer.status, STORE_BAD);
	assert_true(got.answer.err.text[0]);
	got_finish(&got);
	got = (struct got){.loop = bed->loop, .stops = true};
	store_count(bed->store, "t", "No", 0, 0, on_got, &got);
	bed_run_until(bed, &got);
	assert_int_equal(got.answer.status, STORE_BAD);
	got_finish(&got);
}

static void test_cancel_is_silent(void **state)
{
	struct bed *bed = *state;
	struct store_call *calls[CALLS];
	struct got got[CALLS];
	int64_t token = start_ready(bed);

	store_cancel(NULL);
	for (size_t round = 0; round < 3; round++) {
		start_all(bed, got, calls, token);
		for (size_t i = 0; i < round; i++)
			loop_turn(bed->loop); /* some are answered, some under way */
		for (size_t i = 0; i < CALLS; i++) {
			if (!got[i].called)
				store_cancel(calls[i]);
		}
		int before[CALLS];
		for (size_t i = 0; i < CALLS; i++)
			before[i] = got[i].called;
		bed_settle(bed);
		for (size_t i = 0; i < CALLS; i++) {
			assert_int_equal(got[i].called, before[i]);
			got_finish(&got[i]);
		}
	}
	/* The store goes on: with the free job claimed by nobody, or by a claim that got lost. */
	bed_pass(bed, 10000);
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 2);
}

/* --- completions that act ----------------------------------------------------------------- */

struct actor {
	struct bed *bed;
	struct store_call *other;
	int called;
	bool closes;
};

static void on_act(void *arg, struct store_answer *answer)
{
	struct actor *actor = arg;

	actor->called++;
	store_cancel(actor->other);
	actor->other = NULL;
	if (actor->closes) {
		store_close(actor->bed->store);
		actor->bed->store = NULL;
	}
	/* The answer is still there after its store has gone. */
	assert_int_equal(answer->status, STORE_OK);
	assert_string_equal(answer->docs[0].body, "{\"n\":1}");
	loop_stop(actor->bed->loop);
}

static void on_never(void *arg UNUSED, struct store_answer *answer UNUSED)
{
	fail_msg("a cancelled call was answered");
}

static void test_cancel_in_a_completion(void **state)
{
	struct bed *bed = *state;
	struct actor actor = {.bed = bed};
	struct store_key key = {"t", "a"};

	bed_put(bed, "t", "a", "{\"n\":1}", NULL, 0);
	store_get(bed->store, &key, 1, on_act, &actor);
	actor.other = store_get(bed->store, &key, 1, on_never, NULL);
	while (!actor.called)
		loop_turn(bed->loop);
	bed_settle(bed);
	assert_int_equal(actor.called, 1);
}

static void test_close_in_a_completion(void **state)
{
	struct bed *bed = *state;
	struct actor actor = {.bed = bed, .closes = true};
	struct store_put put = {.kind = "t", .id = "last", .body = "{}"};
	struct store_commit commit = {.puts = &put, .puts_len = 1};
	struct store_key key = {"t", "a"};

	bed_put(bed, "t", "a", "{\"n\":1}", NULL, 0);
	store_get(bed->store, &key, 1, on_act, &actor);
	store_get(bed->store, &key, 1, on_never, NULL);
	store_commit(bed->store, &commit, on_never, NULL);
	while (!actor.called)
		loop_turn(bed->loop);
	assert_null(bed->store);
	if (bed_again(bed)) /* a commit that was asked for is done, unheard */
		assert_true(bed_rev(bed, "t", "last") > 0);
}

/* Commits under way are done, claims are not; nobody hears of either. */
static void test_close_finishes_commits(void **state)
{
	struct bed *bed = *state;
	struct store_queue queue = {"k", "", "default", 1000000, 9};
	struct store_claim claim = {&queue, 1, 9, bed_now(bed)};

	bed_ensure(bed, "k", "x", bed_now(bed));
	for (int i = 0; i < 50; i++) {
		char *id = str_printf("%d", i);
		struct store_put put = {.kind = "t", .id = id, .body = "{}"};
		struct store_commit commit = {.puts = &put, .puts_len = 1};
		store_commit(bed->store, &commit, on_never, NULL);
		store_claim(bed->store, &claim, on_never, NULL);
		mem_free(id);
	}
	if (!bed_again(bed))
		return;
	assert_int_equal(bed_count(bed, "t", NULL, 0, 0), 50);
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 1);
}

/* --- many at once ------------------------------------------------------------------------- */

#define MANY 400

/* A crowd of commits, some of which must fail, none of which may spoil another. */
static void test_many_at_once(void **state)
{
	struct bed *bed = *state;
	struct got *got = MEM_NEW_ARRAY(MANY, struct got);
	struct store_expect never = {"t", "absent", 77};

	for (int i = 0; i < MANY; i++) {
		char *id = str_printf("%d", i);
		struct store_put puts[] = {{.kind = "t", .id = id, .body = "{}"},
					   {.kind = "t", .id = "counter", .body = id}};
		struct store_commit commit = {.puts = puts, .puts_len = 2};
		if (i % 7 == 3)
			commit.expects = &never, commit.expects_len = 1;
		if (i % 11 == 5)
			commit.fence = FENCE_MOVE, commit.job_kind = commit.job_subject = "no";
		got[i] = (struct got){.loop = bed->loop, .stops = true, .puts_len = 2};
		store_commit(bed->store, &commit, on_got, &got[i]);
		mem_free(id);
	}
	int64_t last = 0, good = 0;
	for (int i = 0; i < MANY; i++) {
		bed_run_until(bed, &got[i]);
		enum store_status expected = i % 11 == 5  ? STORE_LOST
					     : i % 7 == 3 ? STORE_CONFLICT
							  : STORE_OK;
		assert_int_equal(got[i].answer.status, expected);
		if (expected == STORE_OK) { /* and in the order they were asked in */
			assert_true(got[i].revs[1] > last);
			last = got[i].revs[1];
			good++;
		}
		got_finish(&got[i]);
	}
	mem_free(got);
	assert_int_equal(bed_count(bed, "t", NULL, 0, 0), good + 1);
	assert_true(bed_rev(bed, "t", "counter") == last);
	assert_string_equal(bed_body(bed, "t", "counter"), "399");
}

/* Each commit reads what the one before it wrote, in one group or over several. */
static void test_expectations_in_a_group(void **state)
{
	struct bed *bed = *state;
	struct store_expect expect = {"t", "a", bed_put(bed, "t", "a", "0", NULL, 0)};
	struct store_put put = {.kind = "t", .id = "a", .body = "1"};
	struct store_commit commit = {
		.expects = &expect, .expects_len = 1, .puts = &put, .puts_len = 1};
	struct got got[2] = {{0}};

	for (size_t i = 0; i < 2; i++) {
		got[i] = (struct got){.loop = bed->loop, .stops = true, .puts_len = 1};
		store_commit(bed->store, &commit, on_got, &got[i]);
	}
	bed_run_until(bed, &got[0]);
	bed_run_until(bed, &got[1]);
	assert_int_equal(got[0].answer.status, STORE_OK); /* the first wins, the second learns */
	assert_int_equal(got[1].answer.status, STORE_CONFLICT);
	got_finish(&got[0]);
	got_finish(&got[1]);
}

static void test_opened_again(void **state)
{
	static const char *const kinds[] = {"t", "job/k", NULL};
	struct bed *bed = *state;
	int64_t now = bed_now(bed);

	if (!bed->suite->again) /* it lives in memory */
		return;
	int64_t rev = bed_put(bed, "t", "a", "{}", "due", 5);
	bed_ensure(bed, "k", "x", now);
	int64_t token = bed_claim_one(bed, "k", "x", 60000);
	bed_ensure(bed, "k", "x", now + 9);
	bed_del(bed, "t", "gone");
	char *before = bed_dump(bed, kinds);
	bed_again(bed);
	char *after = bed_dump(bed, kinds);
	assert_string_equal(before, after);
	mem_free(before);
	mem_free(after);
	assert_int_equal(bed_count(bed, "t", "due", 5, 5), 1);
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 0); /* the lease outlives the process */
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", token, now + 99));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 9);
	assert_true(bed_put(bed, "t", "b", "{}", NULL, 0) > token);
	assert_true(token > rev);
}

const struct CMUnitTest store_suite_calls[] = {
	cmocka_unit_test(test_one_answer_each),
	cmocka_unit_test(test_refusals_are_answers),
	cmocka_unit_test(test_cancel_is_silent),
	cmocka_unit_test(test_cancel_in_a_completion),
	cmocka_unit_test(test_close_in_a_completion),
	cmocka_unit_test(test_close_finishes_commits),
	cmocka_unit_test(test_many_at_once),
	cmocka_unit_test(test_expectations_in_a_group),
	cmocka_unit_test(test_opened_again),
};
const size_t store_suite_calls_len = ARRAY_LEN(store_suite_calls);
