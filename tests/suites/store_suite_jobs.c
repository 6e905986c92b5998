/*
 * The store suite's part on jobs: who may claim what and when, in which order, for how long;
 * what a token is worth after a lease, a take-over or a deletion; and what becomes of a wish
 * (ENSURE) that meets a job somebody works on.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"

#define LEASE 60000

/* --- order and queues --------------------------------------------------------------------- */

static void claimed_are(struct bed *bed, const char *expected)
{
	struct buf text;

	buf_init(&text, 1 << 16);
	for (size_t i = 0; i < bed->got.answer.jobs_len; i++)
		buf_printf(&text, "%s%s", i ? " " : "", bed->got.answer.jobs[i].subject);
	assert_string_equal(buf_text(&text), expected);
	buf_finish(&text);
}

static void test_claim_order(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);

	bed_ensure(bed, "probe", "late", now);
	bed_ensure(bed, "probe", "b", now - 5);
	bed_ensure(bed, "probe", "a", now - 5);
	bed_ensure(bed, "probe", "\xff", now - 5);
	bed_ensure(bed, "probe", "early", now - 100000);
	bed_ensure(bed, "probe", "ancient", INT64_MIN);
	bed_ensure(bed, "probe", "future", now + 3600000);
	bed_ensure(bed, "probe", "never", STORE_NEVER);
	bed_ensure(bed, "mail", "other kind", 0);
	assert_int_equal(bed_claim_kind(bed, "probe", 2, LEASE), 2);
	claimed_are(bed, "ancient early");
	assert_true(bed->got.answer.next_due == now - 5); /* more at once */
	assert_int_equal(bed_claim_kind(bed, "probe", 100, LEASE), 4);
	claimed_are(bed, "a b \xff late");
	assert_int_equal(bed_claim_kind(bed, "probe", 100, LEASE), 0);
	assert_true(bed->got.answer.next_due > now);
	assert_true(bed->got.answer.next_due <= now + LEASE + 5000);
}

static void test_claim_fields(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_job_change change = {JOB_ENSURE, "probe",	   "x",	   "dmz",
					  "notify/m", "{\"b\":1}", now - 7};
	struct store_commit commit = {.jobs = &change, .jobs_len = 1};
	struct store_queue queue = {"probe", "notify/m", "dmz", LEASE, 10};
	struct store_claim claim = {&queue, 1, 10, now};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	assert_int_equal(bed->got.answer.jobs_len, 1);
	const struct store_job *job = &bed->got.answer.jobs[0];
	assert_string_equal(job->kind, "probe");
	assert_string_equal(job->subject, "x");
	assert_string_equal(job->zone, "dmz");
	assert_string_equal(job->lane, "notify/m");
	assert_string_equal(job->body, "{\"b\":1}");
	assert_true(job->due == now - 7);
	assert_true(job->lease_until >= now + LEASE && job->lease_until <= now + LEASE + 5000);
	assert_int_equal(job->attempt, 0);
	commit = (struct store_commit){.fence = FENCE_MOVE,
				       .job_kind = "probe",
				       .job_subject = "x",
				       .job_rev = job->rev,
				       .job_due = now - 3,
				       .job_attempt = 4};
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	job = &bed->got.answer.jobs[0];
	assert_int_equal(job->attempt, 4);
	assert_true(job->due == now - 3);
	assert_string_equal(job->body, "{\"b\":1}"); /* NULL kept it */
	commit.job_rev = job->rev;
	commit.job_body = "{\"b\":2}";
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	assert_string_equal(bed->got.answer.jobs[0].body, "{\"b\":2}");
	bed_ensure(bed, "mail", "bare", now);
	bed_claim_one(bed, "mail", "bare", LEASE);
	assert_null(bed->got.answer.jobs[0].body);
	assert_string_equal(bed->got.answer.jobs[0].zone, "default");
	assert_string_equal(bed->got.answer.jobs[0].lane, "");
}

static void ensure_in(struct bed *bed, const char *kind, const char *subject, const char *zone,
		      const char *lane, int64_t due)
{
	struct store_job_change change = {JOB_ENSURE, kind, subject, zone, lane, NULL, due};
	struct store_commit commit = {.jobs = &change, .jobs_len = 1};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
}

static void test_lanes_and_zones(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_queue queues[] = {{"k", "", "default", LEASE, 9}, {"k", "l", "z", LEASE, 9}};
	struct store_claim claim = {queues, 1, 9, now};

	ensure_in(bed, "k", "plain", "default", "", now);
	ensure_in(bed, "k", "lane", "default", "l", now);
	ensure_in(bed, "k", "zone", "z", "", now);
	ensure_in(bed, "k", "both", "z", "l", now - 1);
	ensure_in(bed, "k", "none given", NULL, NULL, now + 1);
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "plain");
	assert_true(bed->got.answer.next_due == now + 1); /* of the queues that were asked */
	claim.queues_len = 2;
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "both");
	bed_pass(bed, 10);
	claim.now = bed_now(bed);
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "none given");
	/* An ENSURE moves a job to the lane and zone it names. */
	ensure_in(bed, "k", "zone", "z", "l", now);
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "zone");
}

/* Earliest first over all queues, each within its own maximum. */
static void test_claim_over_queues(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_queue queues[] = {{"a", "", "default", 1000, 2},
				       {"b", "", "default", 2000, 9},
				       {"c", "", "default", 3000, 0},
				       {"d", "", "default", 4000, 9}};
	struct store_claim claim = {queues, 4, 4, now};

	bed_ensure(bed, "a", "a1", now - 100);
	bed_ensure(bed, "a", "a2", now - 90);
	bed_ensure(bed, "a", "a3", now - 80);
	bed_ensure(bed, "b", "b1", now - 95);
	bed_ensure(bed, "b", "b2", now - 70);
	bed_ensure(bed, "b", "b3", now - 60);
	bed_ensure(bed, "c", "c1", now - 1000);
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "a1 b1 a2 b2");
	for (size_t i = 0; i < 4; i++) {
		const struct store_job *job = &bed->got.answer.jobs[i];
		int64_t lease = *job->kind == 'a' ? 1000 : 2000;
		assert_true(job->lease_until >= now + lease);
		assert_true(job->lease_until < now + lease + 900);
	}
	assert_true(bed->got.answer.next_due == now - 1000);
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "a3 b3");
	bed_ensure(bed, "d", "m1", now - 50); /* due at the same moment: by subject */
	bed_ensure(bed, "b", "m2", now - 50);
	bed_ensure(bed, "a", "m3", now - 50);
	bed_ensure(bed, "d", "m4", now - 50);
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "m1 m2 m3 m4");
	claim.max = 0;
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	assert_int_equal(bed->got.answer.jobs_len, 0);
	claim.queues_len = 0;
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	assert_true(bed->got.answer.next_due == STORE_NEVER);
}

/* A queue asked for twice, and claims of one moment, give each job once. */
static void test_no_job_twice(void **state)
{
	struct bed *bed = *state;
	struct store_queue queues[] = {{"k", "", "default", LEASE, 3}, {"k", "", "default", 9, 99}};
	struct store_claim claim = {queues, 2, 7, bed_now(bed)};
	struct got got[8] = {{0}};
	bool seen[40] = {false};
	size_t total = 0;

	for (int i = 0; i < 40; i++) {
		char *subject = str_printf("%02d", i);
		bed_ensure(bed, "k", subject, bed_now(bed) - 1000 + i);
		mem_free(subject);
	}
	for (size_t i = 0; i < ARRAY_LEN(got); i++) {
		got[i] = (struct got){.loop = bed->loop, .stops = true};
		store_claim(bed->store, &claim, on_got, &got[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(got); i++) {
		bed_run_until(bed, &got[i]);
		for (size_t j = 0; j < got[i].answer.jobs_len; j++) {
			uint64_t n;
			assert_true(str_to_u64(got[i].answer.jobs[j].subject, 0, 39, &n));
			assert_false(seen[n]);
			seen[n] = true;
			total++;
		}
		got_finish(&got[i]);
	}
	assert_int_equal(total, 40);
}

/* The same among jobs whose lease ran out; and a queue's maximum counts both sorts. */
static void test_expired_among_free(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_queue queues[] = {{"k", "", "default", LEASE, 3},
				       {"k", "", "default", LEASE, 3}};
	struct store_claim claim = {queues, 1, 9, now};

	bed_ensure(bed, "k", "b", now - 40);
	bed_ensure(bed, "k", "d", now - 20);
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 2);
	bed_ensure(bed, "k", "d", now - 50); /* a wish makes it the earliest */
	bed_ensure(bed, "k", "a", now - 45);
	bed_ensure(bed, "k", "c", now - 30);
	bed_ensure(bed, "k", "e", now - 10);
	bed_pass(bed, 1000);
	claim.now = bed_now(bed);
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "d a b");
	bed_pass(bed, LEASE);
	claim.now = bed_now(bed);
	claim.queues_len = 2; /* twice the same, and each job once */
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	claimed_are(bed, "d a b c e");
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	assert_int_equal(bed->got.answer.jobs_len, 0);
}

static void test_claim_bounds(void **state)
{
	struct bed *bed = *state;
	struct store_queue queue = {"", "", "default", LEASE, 9};
	struct store_claim claim = {&queue, 1, 9, bed_now(bed)};

	assert_status(bed, STORE_BAD, bed_claim(bed, &claim));
	assert_int_equal(bed->got.answer.err.class, ERR_INVALID);
	queue.kind = "k";
	queue.lease_ms = 0;
	assert_status(bed, STORE_BAD, bed_claim(bed, &claim));
	queue.lease_ms = INT64_MAX; /* a lease without end */
	bed_ensure(bed, "k", "x", bed_now(bed));
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	assert_int_equal(bed->got.answer.jobs_len, 1);
	assert_true(bed->got.answer.jobs[0].lease_until == INT64_MAX);
	assert_true(bed->got.answer.next_due == STORE_NEVER);
}

/* --- leases and tokens -------------------------------------------------------------------- */

static void test_lease_ends(void **state)
{
	struct bed *bed = *state;
	int64_t due = bed_now(bed) - 50;

	bed_ensure(bed, "k", "x", due);
	int64_t first = bed_claim_one(bed, "k", "x", 1000);
	int64_t until = bed->got.answer.jobs[0].lease_until;
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 0);
	assert_true(bed->got.answer.next_due == until); /* counted at the end of its lease */
	bed_pass(bed, 1000);
	/* Earlier due than what came meanwhile, however late its lease ended. */
	bed_ensure(bed, "k", "between", due + 10);
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 2);
	claimed_are(bed, "x between");
	int64_t second = bed->got.answer.jobs[0].rev;
	assert_true(second > first);
	assert_true(bed->got.answer.jobs[0].due == due);
	assert_status(bed, STORE_LOST, bed_move(bed, "k", "x", first, due));
	assert_int_equal(bed->got.answer.err.class, ERR_CONFLICT);
	assert_status(bed, STORE_LOST, bed_extend(bed, "k", "x", first, bed_now(bed) + 9000));
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", second, due + 1));
	assert_status(bed, STORE_LOST, bed_move(bed, "k", "x", second, due + 2));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), due + 1);
	assert_int_equal(bed_job_int(bed, "k", "x", "lease_until"), -1);
}

static void test_lease_over_but_ours(void **state)
{
	struct bed *bed = *state;

	bed_ensure(bed, "k", "x", bed_now(bed));
	int64_t token = bed_claim_one(bed, "k", "x", 1000);
	bed_pass(bed, 5000);
	bed_ensure(bed, "k", "x", bed_now(bed) + 1); /* a wish does not take it from us */
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", token, bed_now(bed) + 9));
	bed_ensure(bed, "k", "y", bed_now(bed));
	token = bed_claim_one(bed, "k", "y", 1000);
	bed_pass(bed, 5000);
	assert_status(bed, STORE_OK, bed_extend(bed, "k", "y", token, bed_now(bed) + 9000));
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 1);
	claimed_are(bed, "x");
}

static void test_extend(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);

	bed_ensure(bed, "k", "x", now);
	int64_t unclaimed = bed_rev(bed, "job/k", "x");
	assert_status(bed, STORE_LOST, bed_extend(bed, "k", "x", unclaimed, now + 99));
	assert_status(bed, STORE_LOST, bed_extend(bed, "k", "absent", 1, now + 99));
	assert_status(bed, STORE_BAD, bed_extend(bed, "", "x", 1, now + 99));
	int64_t token = bed_claim_one(bed, "k", "x", 1000);
	assert_status(bed, STORE_LOST, bed_extend(bed, "k", "x", token + 1, now + 99));
	assert_status(bed, STORE_OK, bed_extend(bed, "k", "x", token, now + 20000));
	assert_int_equal(bed_job_int(bed, "k", "x", "lease_until"), now + 20000);
	assert_true(bed_rev(bed, "job/k", "x") == token); /* the rev does not move */
	bed_pass(bed, 10000);
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 0);
	assert_true(bed->got.answer.next_due == now + 20000);
	assert_status(bed, STORE_OK, bed_extend(bed, "k", "x", token, now + 9000)); /* or back */
	bed_claim_one(bed, "k", "x", 1000);
	assert_status(bed, STORE_LOST, bed_extend(bed, "k", "x", token, now + 99999));
}

static void test_release_and_end(void **state)
{
	struct bed *bed = *state;
	struct store_commit commit = {.fence = FENCE_DELETE, .job_kind = "k", .job_subject = "x"};

	bed_ensure(bed, "k", "x", bed_now(bed));
	int64_t token = bed_claim_one(bed, "k", "x", LEASE);
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", token, bed_now(bed))); /* released */
	commit.job_rev = bed_claim_one(bed, "k", "x", LEASE);
	assert_true(commit.job_rev > token);
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_rev(bed, "job/k", "x"), 0);
	assert_status(bed, STORE_LOST, bed_commit(bed, &commit));
	assert_int_equal(bed_claim_kind(bed, "k", 9, LEASE), 0);
	assert_true(bed->got.answer.next_due == STORE_NEVER);
	assert_int_equal(bed_count(bed, "job/k", NULL, 0, 0), 0);
}

/* --- ENSURE and DELETE -------------------------------------------------------------------- */

static void test_ensure(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_job_change change = {JOB_ENSURE, "k", "x", NULL, NULL, "{\"first\":1}", now};
	struct store_commit commit = {.jobs = &change, .jobs_len = 1};

	change.due = now + 500;
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	change.body = "{\"second\":1}";
	change.due = now + 900; /* later: as it was */
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 500);
	change.due = now - 100; /* earlier */
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now - 100);
	bed_claim_one(bed, "k", "x", LEASE);
	assert_string_equal(bed->got.answer.jobs[0].body, "{\"first\":1}");
	bed_ensure(bed, "k", "never", STORE_NEVER);
	assert_true(bed_job_int(bed, "k", "never", "due") == STORE_NEVER);
	bed_ensure(bed, "k", "never", now);
	bed_claim_one(bed, "k", "never", LEASE);
}

/* Wishes while somebody works: the earliest takes effect at the commit, whatever it says. */
static void test_ensure_while_claimed(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);

	bed_ensure(bed, "k", "x", now - 10);
	int64_t token = bed_claim_one(bed, "k", "x", LEASE);
	bed_ensure(bed, "k", "x", now + 700);
	bed_ensure(bed, "k", "x", now + 300);
	bed_ensure(bed, "k", "x", now + 500);
	assert_int_equal(bed_claim_kind(bed, "k", 9, LEASE), 0);
	assert_true(bed_rev(bed, "job/k", "x") == token);
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", token, now + 100000));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 300);
	bed_pass(bed, 300);
	token = bed_claim_one(bed, "k", "x", LEASE); /* and is used up */
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", token, now + 100000));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 100000);
	/* A wish for another lane does not make an earlier one later. */
	bed_ensure(bed, "k", "x", now);
	token = bed_claim_one(bed, "k", "x", LEASE);
	bed_ensure(bed, "k", "x", now + 310);
	ensure_in(bed, "k", "x", "z", "l", now + 900);
	ensure_in(bed, "k", "x", "default", "", now + 900);
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", token, now + 100000));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 310);
	/* A commit that is earlier of itself stays so. */
	bed_ensure(bed, "k", "x", now);
	token = bed_claim_one(bed, "k", "x", LEASE);
	bed_ensure(bed, "k", "x", now + 5000);
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", token, now + 400));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 400);
}

/* The worker found nothing left to do and deletes; but work has come since it looked. */
static void test_ensure_while_ending(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_commit commit = {.fence = FENCE_DELETE, .job_kind = "k", .job_subject = "x"};

	bed_ensure(bed, "k", "x", now);
	commit.job_rev = bed_claim_one(bed, "k", "x", LEASE);
	bed_ensure(bed, "k", "x", now + 400);
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 400);
	assert_int_equal(bed_job_int(bed, "k", "x", "attempt"), 0);
	assert_status(bed, STORE_LOST, bed_commit(bed, &commit));
	bed_pass(bed, 400);
	commit.job_rev = bed_claim_one(bed, "k", "x", LEASE);
	bed_ensure(bed, "k", "x", STORE_NEVER); /* kept, though it never comes due */
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_true(bed_job_int(bed, "k", "x", "due") == STORE_NEVER);
}

/* The worker is gone: whoever takes over has all wishes behind him. */
static void test_ensure_then_lease_ends(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);

	bed_ensure(bed, "k", "x", now);
	bed_claim_one(bed, "k", "x", 1000);
	bed_ensure(bed, "k", "x", now - 500);
	bed_pass(bed, 1000);
	int64_t token = bed_claim_one(bed, "k", "x", LEASE);
	assert_true(bed->got.answer.jobs[0].due == now - 500);
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", token, now + 70000));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 70000);
}

static void test_delete_while_claimed(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_commit commit = {.fence = FENCE_DELETE, .job_kind = "k", .job_subject = "x"};

	bed_ensure(bed, "k", "x", now);
	int64_t token = bed_claim_one(bed, "k", "x", LEASE);
	bed_job_delete(bed, "k", "x");
	assert_status(bed, STORE_LOST, bed_move(bed, "k", "x", token, now));
	assert_status(bed, STORE_LOST, bed_extend(bed, "k", "x", token, now + 1));
	assert_int_equal(bed_rev(bed, "job/k", "x"), 0);
	/* Made again and claimed again: the first worker's token still fits nothing. */
	bed_ensure(bed, "k", "x", now);
	assert_status(bed, STORE_LOST, bed_move(bed, "k", "x", token, now));
	int64_t other = bed_claim_one(bed, "k", "x", LEASE);
	assert_true(other > token);
	assert_status(bed, STORE_LOST, bed_move(bed, "k", "x", token, now));
	commit.job_rev = token;
	assert_status(bed, STORE_LOST, bed_commit(bed, &commit));
	assert_status(bed, STORE_OK, bed_move(bed, "k", "x", other, now));
	bed_job_delete(bed, "k", "x");
	bed_job_delete(bed, "k", "x"); /* what is absent may be deleted */
}

/* One commit may move its own job and change it: fence first, then job changes in order. */
static void test_own_job_in_one_commit(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_job_change changes[] = {{JOB_ENSURE, "k", "x", "z", "l", "{}", now + 50},
					     {JOB_ENSURE, "k", "y", NULL, NULL, NULL, now},
					     {JOB_DELETE, "k", "y", NULL, NULL, NULL, 0}};
	struct store_commit commit = {.fence = FENCE_MOVE,
				      .job_kind = "k",
				      .job_subject = "x",
				      .job_due = now + 100,
				      .jobs = changes,
				      .jobs_len = 3};

	bed_ensure(bed, "k", "x", now);
	commit.job_rev = bed_claim_one(bed, "k", "x", LEASE);
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 50);
	assert_int_equal(bed_job_int(bed, "k", "x", "lease_until"), -1);
	assert_int_equal(bed_rev(bed, "job/k", "y"), 0);
	struct store_queue queue = {"k", "l", "z", LEASE, 1};
	struct store_claim claim = {&queue, 1, 1, now + 50};
	bed_pass(bed, 50);
	assert_status(bed, STORE_OK, bed_claim(bed, &claim));
	assert_int_equal(bed->got.answer.jobs_len, 1);
	commit.job_rev = bed->got.answer.jobs[0].rev;
	commit.fence = FENCE_DELETE;
	commit.jobs_len = 1; /* ended, and made anew */
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_job_int(bed, "k", "x", "due"), now + 50);
}

const struct CMUnitTest store_suite_jobs[] = {
	cmocka_unit_test(test_claim_order),
	cmocka_unit_test(test_claim_fields),
	cmocka_unit_test(test_lanes_and_zones),
	cmocka_unit_test(test_claim_over_queues),
	cmocka_unit_test(test_no_job_twice),
	cmocka_unit_test(test_expired_among_free),
	cmocka_unit_test(test_claim_bounds),
	cmocka_unit_test(test_lease_ends),
	cmocka_unit_test(test_lease_over_but_ours),
	cmocka_unit_test(test_extend),
	cmocka_unit_test(test_release_and_end),
	cmocka_unit_test(test_ensure),
	cmocka_unit_test(test_ensure_while_claimed),
	cmocka_unit_test(test_ensure_while_ending),
	cmocka_unit_test(test_ensure_then_lease_ends),
	cmocka_unit_test(test_delete_while_claimed),
	cmocka_unit_test(test_own_job_in_one_commit),
};
const size_t store_suite_jobs_len = ARRAY_LEN(store_suite_jobs);
