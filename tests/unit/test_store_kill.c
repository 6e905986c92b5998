/*
 * A store that is killed: a process that writes as fast as it can, with claims and commits in
 * flight, gets SIGKILL at a random moment; then the file is opened and must hold each commit
 * that was acknowledged, whole, and of the others each whole or not at all. Again and again,
 * until well over ten thousand commits.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/rand.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 40
#define ACKS_MIN 200 /* of one life, after which it is killed at any moment */
#define ACKS_MAX 360
#define IN_FLIGHT 24
#define PAIRS 13
#define WORKERS 8
#define COMMITS_MAX (KILLS * (ACKS_MAX + 400) * 2)
#define LEASE 1000

static char *url;

/* --- the writer: lives in a child, until it is killed ------------------------------------- */

struct writer {
	struct loop *loop;
	struct store *store;
	int pipe;
	int64_t next; /* number of the next commit */
	int64_t now;
};

struct slot {
	struct writer *writer;
	int64_t number;
};

struct worker {
	struct writer *writer;
	char subject[16];
	int attempt;
};

static void slot_start(struct slot *slot);

/* Acknowledged is what the parent can read, so what dies on the way was not. */
static void on_slot_done(void *arg, struct store_answer *answer)
{
	struct slot *slot = arg;

	if (answer->status != STORE_OK ||
	    write(slot->writer->pipe, &slot->number, sizeof(slot->number)) != sizeof(slot->number))
		_exit(3);
	slot_start(slot);
}

/* Commit n: a document of its own, and two of a pair that always say the same. */
static void slot_start(struct slot *slot)
{
	char id[24], a[24], b[24], body[64];
	int64_t n = slot->number = slot->writer->next++;
	struct store_put puts[] = {
		{.kind = "pair", .id = a, .body = body, .indexes = {{"n", n}}, .indexes_len = 1},
		{.kind = "log", .id = id, .body = body, .indexes = {{"n", n}}, .indexes_len = 1},
		{.kind = "pair", .id = b, .body = body, .indexes = {{"n", n}}, .indexes_len = 1},
	};
	struct store_commit commit = {.puts = puts, .puts_len = 3};

	snprintf(id, sizeof(id), "%08" PRId64, n);
	snprintf(a, sizeof(a), "%" PRId64 "/a", n % PAIRS);
	snprintf(b, sizeof(b), "%" PRId64 "/b", n % PAIRS);
	snprintf(body, sizeof(body), "{\"n\":%" PRId64 "}", n);
	store_commit(slot->writer->store, &commit, on_slot_done, slot);
}

static void worker_start(struct worker *worker);

static void on_worker_done(void *arg, struct store_answer *answer)
{
	if (answer->status != STORE_OK)
		_exit(4);
	worker_start(arg);
}

/* The document and the job count the same thing; the fence keeps them equal. */
static void on_claimed(void *arg, struct store_answer *answer)
{
	struct worker *worker = arg;
	char body[64];

	if (answer->status != STORE_OK || answer->jobs_len > 1)
		_exit(5);
	if (!answer->jobs_len) {
		worker_start(worker);
		return;
	}
	const struct store_job *job = &answer->jobs[0];
	struct store_put put = {.kind = "done", .id = job->subject, .body = body};
	struct store_commit commit = {.fence = FENCE_MOVE,
				      .job_kind = "work",
				      .job_subject = job->subject,
				      .job_rev = job->rev,
				      .job_due = job->due + 1,
				      .job_attempt = job->attempt + 1,
				      .puts = &put,
				      .puts_len = 1};
	snprintf(body, sizeof(body), "{\"n\":%d}", job->attempt + 1);
	store_commit(worker->writer->store, &commit, on_worker_done, worker);
}

static void worker_start(struct worker *worker)
{
	struct store_queue queue = {"work", "", "default", LEASE, 1};
	struct store_claim claim = {&queue, 1, 1, worker->writer->now};

	store_claim(worker->writer->store, &claim, on_claimed, worker);
}

static void writer_live(int out, int64_t first, int64_t now) NORETURN;
static void writer_live(int out, int64_t first, int64_t now)
{
	struct err err = {0};
	struct writer writer = {.loop = loop_new(), .pipe = out, .next = first, .now = now};
	struct slot slots[IN_FLIGHT];
	struct worker workers[WORKERS / 2];

	writer.store = store_open(writer.loop, url, "test", &err);
	if (!writer.store) {
		print_error("%s\n", err.text);
		_exit(6);
	}
	for (size_t i = 0; i < IN_FLIGHT; i++) {
		slots[i] = (struct slot){.writer = &writer};
		slot_start(&slots[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(workers); i++) {
		workers[i] = (struct worker){.writer = &writer};
		worker_start(&workers[i]);
	}
	loop_run(writer.loop);
	_exit(7);
}

/* --- the judge ---------------------------------------------------------------------------- */

struct judge {
	struct bed *bed;
	bool acked[COMMITS_MAX], landed[COMMITS_MAX];
	int64_t acks, last; /* the highest number seen */
	int64_t unheard;    /* landed, but killed before it could say so */
};

/* Reads until `acks` came (or, with 0, until the pipe is closed). */
static void acks_read(struct judge *judge, int in, int64_t acks)
{
	int64_t number;
	ssize_t len;

	for (int64_t i = 0; !acks || i < acks; i++) {
		do
			len = read(in, &number, sizeof(number));
		while (len < 0 && errno == EINTR);
		if (len == 0 && !acks)
			return;
		assert_int_equal(len, sizeof(number)); /* it died by itself: see its exit status */
		assert_true(number > 0 && number < COMMITS_MAX);
		assert_false(judge->acked[number]);
		judge->acked[number] = true;
		judge->acks++;
		if (number > judge->last)
			judge->last = number;
	}
}

static void one_life(struct judge *judge, int64_t now)
{
	int pipes[2], status;
	/* Far enough for what was in flight and never heard of. */
	int64_t first = judge->last + 2 * IN_FLIGHT;

	assert_int_equal(pipe(pipes), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipes[0]);
		writer_live(pipes[1], first, now);
	}
	close(pipes[1]);
	acks_read(judge, pipes[0], rand_between(ACKS_MIN, ACKS_MAX));
	/* Anywhere between this acknowledgement and the next: no clock decides where. */
	for (volatile int64_t spin = rand_between(0, 3000000); spin > 0; spin--)
		;
	kill(pid, SIGKILL);
	acks_read(judge, pipes[0], 0);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static int64_t body_number(const char *body)
{
	struct err err;
	json_t *value = body ? json_parse(body, strlen(body), 4096, &err) : NULL;
	int64_t number = value ? json_get_int(value, "n", -1) : -1;

	json_decref(value);
	return number;
}

/* Which commits landed, by the documents that each has alone; both orders must agree. */
static void landed_read(struct judge *judge, const char *index)
{
	struct store_page page = {.kind = "log", .index = index, .max = COMMITS_MAX, .limit = 1000};
	char *cursor = NULL;
	uint64_t number;

	memset(judge->landed, 0, sizeof(judge->landed));
	do {
		page.cursor = cursor;
		assert_status(judge->bed, STORE_OK, bed_page(judge->bed, &page));
		for (size_t i = 0; i < judge->bed->got.answer.docs_len; i++) {
			const struct store_doc *doc = &judge->bed->got.answer.docs[i];
			assert_true(strlen(doc->id) == 8);
			assert_true(str_to_u64(doc->id, 1, COMMITS_MAX - 1, &number));
			assert_true(body_number(doc->body) == (int64_t)number);
			assert_false(judge->landed[number]);
			judge->landed[number] = true;
		}
		mem_free(cursor);
		cursor = str_dup(judge->bed->got.cursor);
	} while (cursor);
}

static void pairs_judge(struct judge *judge)
{
	for (int64_t pair = 0; pair < PAIRS; pair++) {
		char a[24], b[24];
		int64_t newest = -1;

		for (int64_t n = pair; n < COMMITS_MAX; n += PAIRS) {
			if (judge->landed[n])
				newest = n;
		}
		snprintf(a, sizeof(a), "%" PRId64 "/a", pair);
		snprintf(b, sizeof(b), "%" PRId64 "/b", pair);
		assert_true(body_number(bed_body(judge->bed, "pair", a)) == newest);
		assert_true(body_number(bed_body(judge->bed, "pair", b)) == newest);
	}
}

static void workers_judge(struct judge *judge)
{
	for (int i = 0; i < WORKERS; i++) {
		char subject[16];

		snprintf(subject, sizeof(subject), "w%d", i);
		int64_t attempt = bed_job_int(judge->bed, "work", subject, "attempt");
		const char *body = bed_body(judge->bed, "done", subject);
		assert_true(attempt == (body ? body_number(body) : 0));
	}
}

static void judge_all(struct judge *judge)
{
	int64_t unheard = 0;

	landed_read(judge, NULL);
	for (int64_t n = 0; n < COMMITS_MAX; n++) {
		if (judge->acked[n] && !judge->landed[n])
			fail_msg("commit %" PRId64 " was acknowledged and is gone", n);
		if (judge->landed[n] && !judge->acked[n])
			unheard++;
		if (judge->landed[n] && n > judge->last)
			judge->last = n;
	}
	judge->unheard = unheard;
	pairs_judge(judge);
	workers_judge(judge);
}

static void on_line(void *arg UNUSED, const char *line UNUSED)
{
}

static struct store *open_here(void *arg UNUSED, struct loop *loop)
{
	struct err err = {0};
	struct store *store = store_open(loop, url, "test", &err);

	if (!store)
		fail_msg("%s", err.text);
	return store;
}

static const struct store_suite here = {.name = "kill", .fresh = open_here};

static void test_killed_at_any_moment(void **state UNUSED)
{
	struct judge *judge = MEM_NEW(struct judge);
	struct bed bed;
	struct err err = {0};
	int64_t now = 1, started = clock_mono_ms();

	bed_setup(&bed, &here);
	for (int i = 0; i < WORKERS; i++) {
		char subject[16];
		snprintf(subject, sizeof(subject), "w%d", i);
		bed_ensure(&bed, "work", subject, 0);
	}
	bed_teardown(&bed);
	judge->bed = &bed;
	for (int life = 0; life < KILLS; life++) {
		now += 1000000; /* all leases of the last life are over */
		one_life(judge, now);
		bed_setup(&bed, &here);
		judge_all(judge);
		if (life % 10 == 9) {
			landed_read(judge, "n");
			if (!store_check(url, on_line, NULL, &err))
				fail_msg("%s", err.text);
		}
		bed_teardown(&bed);
	}
	print_message("%" PRId64 " commits acknowledged, %" PRId64 " landed unheard, %d kills, "
		      "%" PRId64 " ms\n",
		      judge->acks, judge->unheard, KILLS, clock_mono_ms() - started);
	assert_true(judge->acks >= 10000);
	mem_free(judge);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_killed_at_any_moment)};
	const char *tmp = getenv("TMPDIR");
	char *directory = str_printf("%s/stores.XXXXXX", tmp ? tmp : "/tmp");

	if (!mkdtemp(directory))
		return 1;
	url = str_printf("sqlite://%s/kill.db", directory);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char *lock = str_printf("%s.lock", url + strlen("sqlite://"));
	unlink(url + strlen("sqlite://"));
	unlink(lock);
	rmdir(directory);
	mem_free(lock);
	mem_free(url);
	mem_free(directory);
	return failed;
}
