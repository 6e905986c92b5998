/*
 * A disk that is full: a limit on the size of files, which anybody may set and lift again, and,
 * where we may mount one, a file system that really ends. Nothing that was acknowledged is lost,
 * nothing that was refused is half there, reading goes on, and work resumes with the space.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"
#include "lib/base/clock.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS_MAX 20000

static char *directory;
static char *path, *url;

static int64_t now(void *arg UNUSED)
{
	return clock_wall_ms();
}

static struct store *open_here(void *arg UNUSED, struct loop *loop)
{
	struct err err = {0};
	struct store *store = store_open(loop, url, "test", &err);

	if (!store)
		fail_msg("%s", err.text);
	return store;
}

static const struct store_suite here = {
	.name = "full", .fresh = open_here, .again = open_here, .now = now};

static void place(const char *where)
{
	static int files;

	path = str_printf("%s/%d.db", where, ++files);
	url = str_printf("sqlite://%s", path);
}

static void place_clear(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char *name = str_printf("%s%s", path, suffixes[i]);
		unlink(name);
		mem_free(name);
	}
	mem_free(path);
	mem_free(url);
}

static void limit_set(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void limit_lift(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit_set(limit.rlim_max);
}

/* --- rows, which say of themselves whether they are whole --------------------------------- */

static void row_body(char out[3000], int n)
{
	int len = snprintf(out, 3000, "{\"n\":%d,\"padding\":\"", n);

	memset(out + len, 'a' + n % 26, (size_t)(2990 - len));
	memcpy(out + 2990, "\"}", 3);
}

/* Row n, its twin and a job, in one commit. */
static enum store_status row_put(struct bed *bed, int n)
{
	char id[16], body[3000];
	struct store_put puts[] = {
		{.kind = "row", .id = id, .body = body, .indexes = {{"n", n}}, .indexes_len = 1},
		{.kind = "twin", .id = id, .body = body}};
	struct store_job_change job = {JOB_ENSURE, "k", id, NULL, NULL, NULL, n};
	struct store_commit commit = {.puts = puts, .puts_len = 2, .jobs = &job, .jobs_len = 1};

	snprintf(id, sizeof(id), "%05d", n);
	row_body(body, n);
	return bed_commit(bed, &commit);
}

/* Rows 0 to n-1 are whole and there is nothing else. */
static void rows_are(struct bed *bed, int n)
{
	char id[16], body[3000];

	for (int i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%05d", i);
		row_body(body, i);
		assert_string_equal(bed_body(bed, "row", id), body);
		assert_string_equal(bed_body(bed, "twin", id), body);
	}
	assert_int_equal(bed_count(bed, "row", NULL, 0, 0), n);
	assert_int_equal(bed_count(bed, "twin", NULL, 0, 0), n);
	assert_int_equal(bed_count(bed, "row", "n", 0, ROWS_MAX), n);
	assert_int_equal(bed_count(bed, "job/k", NULL, 0, 0), n);
}

/* Writes rows from `from` on until the store is full; answers the first that did not fit. */
static int fill(struct bed *bed, int from)
{
	enum store_status status;

	while ((status = row_put(bed, from)) == STORE_OK) {
		from++;
		assert_true(from < ROWS_MAX);
	}
	assert_int_equal(status, STORE_FULL);
	assert_int_equal(bed->got.answer.err.class, ERR_FULL);
	assert_non_null(strstr(bed->got.answer.err.text, path));
	return from;
}

static void on_line(void *arg UNUSED, const char *line UNUSED)
{
}

static void whole(void)
{
	struct err err = {0};

	if (!store_check(url, on_line, NULL, &err))
		fail_msg("%s", err.text);
}

/* Where a row does not fit a smaller write still may: to the last page. */
static void fill_up(struct bed *bed)
{
	struct store_put put = {.kind = "small", .id = "x", .body = "{}"};
	struct store_commit commit = {.puts = &put, .puts_len = 1};
	int fitted = 0;

	while (bed_commit(bed, &commit) == STORE_OK)
		assert_true(fitted++ < ROWS_MAX);
	assert_int_equal(bed->got.answer.status, STORE_FULL);
}

/* Full now: everything that writes is told so, again and again, everything that reads works. */
static void full_now(struct bed *bed, int rows, int64_t token)
{
	struct store_queue queue = {"k", "", "default", 1000, 9};
	struct store_claim claim = {&queue, 1, 9, ROWS_MAX};

	fill_up(bed);
	for (int i = 0; i < 3; i++) {
		assert_status(bed, STORE_FULL, row_put(bed, rows));
		assert_status(bed, STORE_FULL, bed_claim(bed, &claim));
		assert_int_equal(bed->got.answer.jobs_len, 0);
		assert_status(bed, STORE_FULL, bed_move(bed, "held", "x", token, 5));
	}
	rows_are(bed, rows);
}

/* --- the size of a file is limited -------------------------------------------------------- */

/* A test that failed must not leave its limit to the next. */
static int lift_after(void **state UNUSED)
{
	limit_lift();
	return 0;
}

static void test_limit(void **state UNUSED)
{
	struct bed bed;
	int rows = 0;

	place(directory);
	bed_setup(&bed, &here);
	bed_ensure(&bed, "held", "x", 0);
	int64_t token = bed_claim_one(&bed, "held", "x", 1000000);
	for (rlim_t limit = 300000; limit < 4000000; limit += 900000) {
		limit_set(limit);
		rows = fill(&bed, rows);
		full_now(&bed, rows, token);
		limit_lift();
		assert_status(&bed, STORE_OK, row_put(&bed, rows)); /* nothing was reopened */
		rows++;
		rows_are(&bed, rows);
		whole();
	}
	assert_status(&bed, STORE_OK, bed_move(&bed, "held", "x", token, 5));
	assert_true(bed_again(&bed));
	rows_are(&bed, rows);
	bed_teardown(&bed);
	whole();
	place_clear();
}

/* Full while it checkpoints, idle and at closing; and opened while it is full. */
static void test_limit_at_checkpoint(void **state UNUSED)
{
	struct bed bed;
	int rows = 0;

	place(directory);
	bed_setup(&bed, &here);
	for (; rows < 300; rows++)
		assert_status(&bed, STORE_OK, row_put(&bed, rows));
	limit_set(60000);
	loop_run_virtual(bed.loop, clock_wall_ms() + 10000);
	rows_are(&bed, rows);
	assert_status(&bed, STORE_FULL, row_put(&bed, rows));
	store_close(bed.store); /* what it could not move stays in the log */
	limit_lift();
	bed.store = open_here(NULL, bed.loop);
	rows_are(&bed, rows);
	assert_status(&bed, STORE_OK, row_put(&bed, rows));
	rows++;
	store_close(bed.store);
	limit_set(60000);
	bed.store = open_here(NULL, bed.loop);
	rows_are(&bed, rows);
	limit_lift();
	assert_status(&bed, STORE_OK, row_put(&bed, rows));
	rows_are(&bed, rows + 1);
	bed_teardown(&bed);
	whole();
	place_clear();
}

/* Only the log is in the way: what it holds has its place in the database, so it is begun anew. */
static void test_limit_of_the_log(void **state UNUSED)
{
	struct bed bed;
	char body[3000];

	place(directory);
	bed_setup(&bed, &here);
	limit_set(500000);
	for (int n = 0; n < 500; n++) {
		row_body(body, n);
		bed_put(&bed, "t", "the same", body, NULL, 0);
	}
	assert_string_equal(bed_body(&bed, "t", "the same"), body);
	limit_lift();
	bed_teardown(&bed);
	whole();
	place_clear();
}

/* In one group with a commit that does not fit, those that do fit are done. */
static void test_limit_one_of_a_group(void **state UNUSED)
{
	struct bed bed;
	struct got got[3] = {{0}};
	char *large = mem_new(3000001);
	struct store_put puts[] = {{.kind = "t", .id = "a", .body = "{}"},
				   {.kind = "t", .id = "large", .body = large},
				   {.kind = "t", .id = "b", .body = "{}"}};

	memset(large, '1', 3000000);
	place(directory);
	bed_setup(&bed, &here);
	bed_put(&bed, "t", "first", "{}", NULL, 0);
	limit_set(1000000);
	for (size_t i = 0; i < 3; i++) {
		struct store_commit commit = {.puts = &puts[i], .puts_len = 1};
		got[i] = (struct got){.loop = bed.loop, .stops = true, .puts_len = 1};
		store_commit(bed.store, &commit, on_got, &got[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		bed_run_until(&bed, &got[i]);
		assert_int_equal(got[i].answer.status, i == 1 ? STORE_FULL : STORE_OK);
		assert_true((got[i].revs != NULL) == (i != 1));
		got_finish(&got[i]);
	}
	assert_int_equal(bed_count(&bed, "t", NULL, 0, 0), 3);
	limit_lift();
	bed_teardown(&bed);
	mem_free(large);
	whole();
	place_clear();
}

/* Room for nothing at all when a store is made: refused in words, and made later. */
static void test_limit_at_creation(void **state UNUSED)
{
	struct loop *loop = loop_new();
	struct err err = {0};

	place(directory);
	limit_set(0);
	assert_null(store_open(loop, url, "test", &err));
	limit_lift();
	assert_int_equal(err.class, ERR_FULL);
	struct store *store = store_open(loop, url, "test", &err);
	if (!store)
		fail_msg("%s", err.text);
	store_close(store);
	loop_free(loop);
	whole();
	place_clear();
}

/* --- a file system that ends -------------------------------------------------------------- */

static void ballast(const char *where, bool there)
{
	char *name = str_printf("%s/ballast", where);

	if (there) {
		static const char block[65536];
		int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		for (int i = 0; i < 8; i++)
			assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
		close(fd);
	} else {
		assert_int_equal(unlink(name), 0);
	}
	mem_free(name);
}

static void on_small_disk(const char *where)
{
	struct bed bed;
	int rows = 0;

	place(where);
	ballast(where, true);
	bed_setup(&bed, &here);
	bed_ensure(&bed, "held", "x", 0);
	int64_t token = bed_claim_one(&bed, "held", "x", 1000000);
	rows = fill(&bed, rows);
	assert_true(rows > 20);
	full_now(&bed, rows, token);
	ballast(where, false);
	assert_status(&bed, STORE_OK, row_put(&bed, rows));
	rows = fill(&bed, rows + 1);
	rows_are(&bed, rows);
	/* Full, and the daemon is started again. */
	assert_true(bed_again(&bed));
	rows_are(&bed, rows);
	bed_teardown(&bed);
	whole();
	place_clear();
}

/* In a child with mounts of its own, so that nothing is left behind. */
static void test_file_system(void **state UNUSED)
{
	char *where = str_printf("%s/small", directory);
	int status;

	assert_int_equal(mkdir(where, 0700), 0);
	pid_t child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("none", where, "tmpfs", 0, "size=2m,mode=0700"))
			_exit(77);
		on_small_disk(where);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	rmdir(where);
	mem_free(where);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		print_message("may not mount: the limits above have to do\n");
	else
		assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_limit, lift_after),
		cmocka_unit_test_teardown(test_limit_at_checkpoint, lift_after),
		cmocka_unit_test_teardown(test_limit_of_the_log, lift_after),
		cmocka_unit_test_teardown(test_limit_one_of_a_group, lift_after),
		cmocka_unit_test_teardown(test_limit_at_creation, lift_after),
		cmocka_unit_test(test_file_system),
	};
	const char *tmp = getenv("TMPDIR");

	clock_virtual_start(INT64_C(1700000000000));
	signal(SIGXFSZ, SIG_IGN);
	directory = str_printf("%s/stores.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(directory))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	mem_free(directory);
	return failed;
}
