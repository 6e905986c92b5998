/*
 * How fast is a store? Commits of one target each (two documents, three index columns, its job)
 * with 64 in flight, and their latency from asking to answer; then claims and pages among many
 * jobs and documents, and how long each holds the loop. In memory and in a file under $TMPDIR.
 * bench_store [JOBS]: how many jobs to claim among, a million unless told.
 */
#include "lib/base/sys.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "stores/store.h"
#include <inttypes.h>
#include <unistd.h>

#define IN_FLIGHT 64
#define BATCH 5000
#define ROUNDS 300
#define DOCS 200000

struct bench {
	struct loop *loop;
	struct store *store;
	size_t jobs;
	/* of the phase that runs */
	size_t started, finished, wanted;
	int64_t phase;
	int64_t *us; /* latency of each */
	char *cursor;
	int64_t number;
	bool answered;
};

static void ensure_ok(const struct store_answer *answer)
{
	if (answer->status == STORE_OK)
		return;
	fprintf(stderr, "%s: %s\n", store_status_text(answer->status), answer->err.text);
	exit(1);
}

static int us_cmp(const void *va, const void *vb)
{
	int64_t a = *(const int64_t *)va, b = *(const int64_t *)vb;

	return (a > b) - (a < b);
}

static void report(struct bench *bench, const char *what, int64_t us)
{
	size_t n = bench->finished;

	qsort(bench->us, n, sizeof(*bench->us), us_cmp);
	printf("  %-34s %9.0f/s   p50 %8.3f ms   p99 %8.3f ms   most %8.3f ms\n", what,
	       (double)n * 1e6 / (double)us, (double)bench->us[n / 2] / 1e3,
	       (double)bench->us[n * 99 / 100] / 1e3, (double)bench->us[n - 1] / 1e3);
	fflush(stdout);
}

static void phase_begin(struct bench *bench, size_t wanted)
{
	mem_free(bench->us);
	bench->us = MEM_NEW_ARRAY(wanted, int64_t);
	bench->started = bench->finished = 0;
	bench->wanted = wanted;
	bench->phase++;
}

/* --- commits of one target each ----------------------------------------------------------- */

struct slot {
	struct bench *bench;
	int64_t asked_us;
};

static char target_body[1200], endpoint_body[500];

static void bodies_make(void)
{
	memset(target_body, 'x', sizeof(target_body) - 1);
	memset(endpoint_body, 'y', sizeof(endpoint_body) - 1);
	target_body[0] = endpoint_body[0] = '"';
	target_body[sizeof(target_body) - 2] = endpoint_body[sizeof(endpoint_body) - 2] = '"';
}

static void target_commit(struct slot *slot);

static void on_target(void *arg, struct store_answer *answer)
{
	struct slot *slot = arg;
	struct bench *bench = slot->bench;

	ensure_ok(answer);
	bench->us[bench->finished++] = clock_mono_us() - slot->asked_us;
	if (bench->finished == bench->wanted)
		loop_stop(bench->loop);
	else if (bench->started < bench->wanted)
		target_commit(slot);
}

static void target_commit(struct slot *slot)
{
	struct bench *bench = slot->bench;
	int64_t n = (int64_t)bench->started++;
	char id[40];
	struct store_put puts[] = {
		{.kind = "target",
		 .id = id,
		 .body = target_body,
		 .indexes = {{"not_after", n * 7919 % 100000},
			     {"due", n + bench->phase},
			     {"outcome", n % 5}},
		 .indexes_len = 3},
		{.kind = "endpoint", .id = id, .body = endpoint_body},
	};
	struct store_job_change job = {JOB_ENSURE, "bench", id, NULL, NULL, NULL, n};
	struct store_commit commit = {.puts = puts, .puts_len = 2, .jobs = &job, .jobs_len = 1};

	snprintf(id, sizeof(id), "%032" PRIx64, (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15));
	slot->asked_us = clock_mono_us();
	store_commit(bench->store, &commit, on_target, slot);
}

static void bench_commits(struct bench *bench, const char *which, size_t in_flight, size_t wanted)
{
	struct slot slots[IN_FLIGHT];
	char what[64];
	int64_t begun = clock_mono_us();

	phase_begin(bench, wanted);
	for (size_t i = 0; i < in_flight; i++) {
		slots[i] = (struct slot){.bench = bench};
		target_commit(&slots[i]);
	}
	loop_run(bench->loop);
	snprintf(what, sizeof(what), "%s, %zu in flight", which, in_flight);
	report(bench, what, clock_mono_us() - begun);
}

/* --- many jobs and documents -------------------------------------------------------------- */

static void on_one(void *arg, struct store_answer *answer)
{
	struct bench *bench = arg;

	ensure_ok(answer);
	bench->number = answer->count + (int64_t)answer->jobs_len + (int64_t)answer->docs_len;
	mem_free(bench->cursor);
	bench->cursor = str_dup(answer->cursor);
	bench->answered = true;
	loop_stop(bench->loop);
}

static void jobs_make(struct bench *bench)
{
	struct store_job_change *changes = MEM_NEW_ARRAY(BATCH, struct store_job_change);
	char(*ids)[40] = mem_new_array(BATCH, sizeof(*ids));
	struct store_commit commit = {.jobs = changes};
	int64_t begun = clock_mono_us();

	for (size_t made = 0; made < bench->jobs; made += commit.jobs_len) {
		commit.jobs_len = bench->jobs - made < BATCH ? bench->jobs - made : BATCH;
		for (size_t i = 0; i < commit.jobs_len; i++) {
			uint64_t n = made + i;
			snprintf(ids[i], sizeof(ids[i]), "%032" PRIx64,
				 n * UINT64_C(0x9e3779b97f4a7c15));
			changes[i] = (struct store_job_change){JOB_ENSURE,
							       "probe",
							       ids[i],
							       "default",
							       "",
							       NULL,
							       (int64_t)(n * 7919 % 86400000)};
		}
		store_commit(bench->store, &commit, on_one, bench);
		loop_run(bench->loop);
	}
	printf("  %zu jobs made at %.0f/s\n", bench->jobs,
	       (double)bench->jobs * 1e6 / (double)(clock_mono_us() - begun));
	mem_free(changes);
	mem_free(ids);
}

/* All in one index at one value, the worst for a cursor. */
static void docs_make(struct bench *bench)
{
	struct store_put *puts = MEM_NEW_ARRAY(BATCH, struct store_put);
	char(*ids)[40] = mem_new_array(BATCH, sizeof(*ids));
	struct store_commit commit = {.puts = puts, .puts_len = BATCH};
	int64_t begun = clock_mono_us();

	for (size_t made = 0; made < DOCS; made += BATCH) {
		for (size_t i = 0; i < BATCH; i++) {
			snprintf(ids[i], sizeof(ids[i]), "%032zu", made + i);
			puts[i] = (struct store_put){.kind = "doc",
						     .id = ids[i],
						     .body = target_body,
						     .indexes = {{"outcome", 0}},
						     .indexes_len = 1};
		}
		store_commit(bench->store, &commit, on_one, bench);
		loop_run(bench->loop);
	}
	printf("  %d documents made at %.0f/s\n", DOCS,
	       (double)DOCS * 1e6 / (double)(clock_mono_us() - begun));
	mem_free(puts);
	mem_free(ids);
}

/* Of one call: how long it held the loop, the wait for its group left out. */
static void timed(struct bench *bench)
{
	int64_t longest = 0;

	bench->answered = false;
	while (!bench->answered) {
		int64_t begun = clock_mono_us();
		loop_turn(bench->loop);
		int64_t us = clock_mono_us() - begun;
		longest = us > longest ? us : longest;
	}
	bench->us[bench->finished++] = longest;
}

/* One queue that holds the jobs, and others that hold none, as a keeper asks for all. */
static void bench_claims(struct bench *bench, size_t queues_len)
{
	struct store_queue queues[32];
	struct store_claim claim = {queues, queues_len, 64, INT64_C(100000000)};
	char names[32][32], what[64];
	int64_t begun = clock_mono_us();

	for (size_t i = 0; i < queues_len; i++) {
		snprintf(names[i], sizeof(names[i]), "kind%zu", i);
		queues[i] = (struct store_queue){i ? names[i] : "probe", "", "default", 3600000,
						 64};
	}
	phase_begin(bench, ROUNDS);
	for (size_t i = 0; i < ROUNDS; i++) {
		store_claim(bench->store, &claim, on_one, bench);
		timed(bench);
		if (bench->number != 64) {
			fprintf(stderr, "%" PRId64 " jobs claimed\n", bench->number);
			exit(1);
		}
	}
	snprintf(what, sizeof(what), "claims of 64, %zu queues", queues_len);
	report(bench, what, clock_mono_us() - begun);
}

static void bench_pages(struct bench *bench, const char *kind, const char *index)
{
	struct store_page page = {
		.kind = kind, .index = index, .min = 0, .max = INT64_MAX, .limit = 100};
	char what[64];
	int64_t begun = clock_mono_us();

	phase_begin(bench, 2000);
	mem_free(bench->cursor);
	bench->cursor = NULL;
	while (bench->finished < bench->wanted) {
		char *cursor = str_dup(bench->cursor);
		page.cursor = cursor;
		store_page(bench->store, &page, on_one, bench);
		timed(bench);
		mem_free(cursor);
		if (!bench->cursor)
			break;
	}
	snprintf(what, sizeof(what), "pages of 100, %s by %s", kind, index ? index : "id");
	report(bench, what, clock_mono_us() - begun);
}

static void bench_count(struct bench *bench)
{
	int64_t begun = clock_mono_us();

	phase_begin(bench, 5);
	while (bench->finished < bench->wanted) {
		store_count(bench->store, "job/probe", "due", 0, INT64_MAX, on_one, bench);
		timed(bench);
	}
	report(bench, "count of all jobs", clock_mono_us() - begun);
}

static void bench_url(const char *url, size_t jobs, size_t commits)
{
	struct bench bench = {.loop = loop_new(), .jobs = jobs};
	struct err err = {0};

	bench.store = store_open(bench.loop, url, "bench", &err);
	if (!bench.store) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	printf("%s\n", url);
	bench_commits(&bench, "new targets", IN_FLIGHT, commits);
	bench_commits(&bench, "targets again", IN_FLIGHT, commits);
	bench_commits(&bench, "targets again", 16, commits / 2);
	bench_commits(&bench, "targets again", 1, commits / 20);
	jobs_make(&bench);
	bench_claims(&bench, 1);
	bench_claims(&bench, 24);
	bench_pages(&bench, "job/probe", "due");
	bench_pages(&bench, "job/probe", NULL);
	bench_count(&bench);
	docs_make(&bench);
	bench_pages(&bench, "doc", "outcome");
	bench_pages(&bench, "doc", NULL);
	store_close(bench.store);
	loop_free(bench.loop);
	mem_free(bench.us);
	mem_free(bench.cursor);
}

int main(int argc, char **argv)
{
	uint64_t jobs = 1000000;
	const char *tmp = getenv("TMPDIR");
	char *directory = str_printf("%s/bench.XXXXXX", tmp ? tmp : "/tmp");

	if (argc > 1 && !str_to_u64(argv[1], 40000, 100000000, &jobs)) {
		fprintf(stderr, "usage: bench_store [JOBS, at least 40000]\n");
		return 2;
	}
	if (!mkdtemp(directory))
		return 1;
	char *url = str_printf("sqlite://%s/bench.db", directory);
	char *lock = str_printf("%s/bench.db.lock", directory);
	bodies_make();
	bench_url("sqlite::memory:", jobs, 40000);
	bench_url(url, jobs, 20000);
	unlink(url + strlen("sqlite://"));
	unlink(lock);
	rmdir(directory);
	mem_free(lock);
	mem_free(url);
	mem_free(directory);
	return 0;
}
