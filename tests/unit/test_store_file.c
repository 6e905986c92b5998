/*
 * What can be wrong with the file under an SQLite store, before it is opened and while it is in
 * use: no directory, another daemon, another site, a newer version, somebody else's database,
 * damage, no permission; and what readers, the check and the write-ahead log do beside it.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"
#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *directory;
static char *path, *url; /* of the test's own store */

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
	.name = "file", .fresh = open_here, .again = open_here, .now = now};

static int setup(void **state)
{
	static int files;
	struct bed *bed = MEM_NEW(struct bed);

	path = str_printf("%s/%d.db", directory, ++files);
	url = str_printf("sqlite://%s", path);
	bed_setup(bed, &here);
	*state = bed;
	return 0;
}

static void file_remove(const char *suffix)
{
	char *name = str_printf("%s%s", path, suffix);

	unlink(name);
	mem_free(name);
}

static int teardown(void **state)
{
	bed_teardown(*state);
	mem_free(*state);
	file_remove("");
	file_remove("-wal");
	file_remove("-shm");
	file_remove(".lock");
	mem_free(path);
	mem_free(url);
	return 0;
}

/* Opening fails with this class and words that hold `expected`. */
static void refused(struct bed *bed, const char *which, const char *site, enum err_class class,
		    const char *expected)
{
	struct err err = {0};
	struct store *store = store_open(bed->loop, which, site, &err);

	if (store)
		fail_msg("%s: opened", which);
	if (err.class != class || !strstr(err.text, expected))
		fail_msg("%s: %s: %s", which, err_class_text(err.class), err.text);
}

static void close_here(struct bed *bed)
{
	store_close(bed->store);
	bed->store = NULL;
}

/* Raw SQL, as an operator's sqlite3 would do it. */
static void sql(const char *text)
{
	sqlite3 *db = NULL;
	char *message = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", text, message);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static char *file_read(size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*len = (size_t)st.st_size;
	char *bytes = mem_new(*len + 1);
	assert_int_equal(read(fd, bytes, *len), *len);
	close(fd);
	return bytes;
}

static void file_write(const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
}

static int64_t file_size(const char *suffix)
{
	char *name = str_printf("%s%s", path, suffix);
	struct stat st = {0};
	int rc = stat(name, &st);

	mem_free(name);
	return rc == 0 ? st.st_size : -1;
}

static void on_line(void *arg, const char *line)
{
	buf_printf(arg, "%s\n", line);
}

/* The check says so, and one of its lines or its error holds `expected`. */
static void check_says(bool whole, const char *expected)
{
	struct err err = {0};
	struct buf lines;

	buf_init(&lines, 1 << 20);
	bool answer = store_check(url, on_line, &lines, &err);
	if (!answer)
		buf_printf(&lines, "%s\n", err.text);
	if (answer != whole || !strstr(buf_text(&lines), expected))
		fail_msg("%s: %s", answer ? "whole" : "damaged", buf_text(&lines));
	buf_finish(&lines);
}

/* --- opening ------------------------------------------------------------------------------ */

static void test_urls(void **state)
{
	struct bed *bed = *state;

	refused(bed, "", "s", ERR_INVALID, "sqlite");
	refused(bed, "/var/lib/x.db", "s", ERR_INVALID, "sqlite");
	refused(bed, "redis://:secret@host/0", "s", ERR_INVALID, "no store \"redis\": it has");
	refused(bed, "sqlit:///x", "s", ERR_INVALID, "no store \"sqlit\"");
	refused(bed, ":memory:", "s", ERR_INVALID, "sqlite");
	refused(bed, "sqlite:", "s", ERR_INVALID, "sqlite:///absolute/path");
	refused(bed, "sqlite:x.db", "s", ERR_INVALID, "sqlite:///absolute/path");
	refused(bed, "sqlite://host/x.db", "s", ERR_INVALID, "sqlite:///absolute/path");
	refused(bed, "sqlite:///", "s", ERR_INVALID, "sqlite:///absolute/path");
	refused(bed, "sqlite:///tmp/", "s", ERR_INVALID, "sqlite:///absolute/path");
	assert_string_equal(store_backend(bed->store), "sqlite");
	assert_string_equal(store_shown(bed->store), url);
}

static void test_places(void **state)
{
	struct bed *bed = *state;
	char *nowhere = str_printf("sqlite://%s/nowhere/x.db", directory);
	char *under = str_printf("%s/x.db", url); /* a file where a directory should be */
	char *itself = str_printf("sqlite://%s", directory);
	char *lock = str_printf("%s.lock", directory);

	refused(bed, nowhere, "s", ERR_MISSING, "does not exist");
	refused(bed, under, "s", ERR_MISSING, "does not exist");
	refused(bed, itself, "s", ERR_INVALID, "directory");
	unlink(lock);
	mem_free(nowhere);
	mem_free(under);
	mem_free(itself);
	mem_free(lock);
}

static void test_modes(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
	struct bed *bed = *state;

	bed_put(bed, "t", "a", "{}", NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		char *name = str_printf("%s%s", path, suffixes[i]);
		struct stat st;
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		mem_free(name);
	}
}

static void test_second_daemon(void **state)
{
	struct bed *bed = *state;
	char *pid = str_printf("process %ld", (long)getpid());
	int status;

	bed_put(bed, "t", "a", "{}", NULL, 0);
	refused(bed, url, "test", ERR_CONFLICT, pid);
	pid_t child = fork();
	if (child == 0) {
		struct err err = {0};
		struct loop *loop = loop_new();
		struct store *store = store_open(loop, url, "test", &err);
		_exit(!store && err.class == ERR_CONFLICT && strstr(err.text, pid) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	mem_free(pid);
	assert_true(bed_rev(bed, "t", "a") > 0); /* the first one never noticed */
	bed_put(bed, "t", "b", "{}", NULL, 0);
	assert_true(bed_again(bed)); /* and leaves no lock behind */
}

/* Whoever held a lease is dead, since we have the file: due at once, wishes included. */
static void test_leases_of_the_dead(void **state)
{
	struct bed *bed = *state;
	int64_t at = bed_now(bed);

	bed_ensure(bed, "k", "x", at);
	bed_ensure(bed, "k", "y", at);
	assert_int_equal(bed_claim_kind(bed, "k", 9, 3600000), 2);
	int64_t token = bed->got.answer.jobs[0].rev;
	bed_ensure(bed, "k", "y", at - 500);
	assert_true(bed_again(bed));
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 0);
	store_free_leases(bed->store);
	assert_int_equal(bed_claim_kind(bed, "k", 9, 1000), 2);
	assert_string_equal(bed->got.answer.jobs[0].subject, "y");
	assert_true(bed->got.answer.jobs[0].due == at - 500);
	assert_true(bed->got.answer.jobs[0].rev > token);
	check_says(true, "2 claimed");
}

static void test_other_site(void **state)
{
	struct bed *bed = *state;
	struct err err = {0};

	close_here(bed);
	refused(bed, url, "elsewhere", ERR_CONFLICT, "\"test\", not \"elsewhere\"");
	bed->store = store_open(bed->loop, url, NULL, &err); /* whichever it is */
	assert_non_null(bed->store);
}

static void test_newer_schema(void **state)
{
	struct bed *bed = *state;
	size_t before_len, after_len;

	bed_put(bed, "t", "a", "{}", NULL, 0);
	close_here(bed);
	sql("PRAGMA user_version=99");
	char *before = file_read(&before_len);
	refused(bed, url, "test", ERR_INVALID, "newer version (schema 99");
	struct err err = {0};
	assert_null(store_open_reader(bed->loop, url, &err));
	assert_non_null(strstr(err.text, "newer version"));
	char *after = file_read(&after_len);
	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
	mem_free(before);
	mem_free(after);
	sql("PRAGMA user_version=1");
	assert_true(bed_again(bed));
	assert_true(bed_rev(bed, "t", "a") > 0);
}

/* A database of another program is not touched, not even its journal mode. */
static void test_foreign_database(void **state)
{
	struct bed *bed = *state;
	size_t before_len, after_len;

	close_here(bed);
	assert_int_equal(unlink(path), 0);
	sql("CREATE TABLE theirs(a); INSERT INTO theirs VALUES(1)");
	char *before = file_read(&before_len);
	refused(bed, url, "test", ERR_INVALID, "of another program");
	char *after = file_read(&after_len);
	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
	mem_free(before);
	mem_free(after);
	assert_int_equal(file_size("-wal"), -1);
}

static void test_garbage(void **state)
{
	struct bed *bed = *state;
	char bytes[8192];

	close_here(bed);
	rand_seed(7);
	rand_bytes(bytes, sizeof(bytes));
	file_write(bytes, sizeof(bytes));
	refused(bed, url, "test", ERR_INVALID, "damaged: file is not a database");
	file_write("hello\n", 6);
	refused(bed, url, "test", ERR_INVALID, "damaged");
	file_write("", 0); /* as a crash in the very first moment leaves it */
	assert_true(bed_again(bed));
	bed_put(bed, "t", "a", "{}", NULL, 0);
}

/* Runs as somebody whom modes concern; answers the exit status. */
static int as_nobody(int (*what)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(99);
		_exit(what());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int try_read_only(void)
{
	struct err err = {0};
	struct store *store = store_open(loop_new(), url, "test", &err);

	if (!store && err.class == ERR_DENIED && strstr(err.text, path))
		return 0;
	print_error("%s: %s\n", store ? "opened" : err_class_text(err.class), err.text);
	return 1;
}

static void test_read_only(void **state)
{
	struct bed *bed = *state;

	close_here(bed);
	file_remove(".lock");
	if (geteuid() == 0)
		assert_int_equal(chown(path, 65534, 65534) || chown(directory, 65534, 65534), 0);
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(as_nobody(try_read_only), 0);
	assert_int_equal(chmod(path, 0600), 0);
	file_remove(".lock");
	assert_int_equal(chmod(directory, 0500), 0);
	assert_int_equal(as_nobody(try_read_only), 0);
	assert_int_equal(chmod(directory, 0700), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 0, 0) || chown(directory, 0, 0), 0);
}

/* --- damage ------------------------------------------------------------------------------- */

/* Rows and jobs, in one commit. */
static void fill(struct bed *bed, size_t rows)
{
	struct store_put *puts = MEM_NEW_ARRAY(rows, struct store_put);
	struct store_job_change *jobs = MEM_NEW_ARRAY(rows, struct store_job_change);
	struct store_commit commit = {
		.puts = puts, .puts_len = rows, .jobs = jobs, .jobs_len = rows};
	struct arena ids = {0};

	for (size_t i = 0; i < rows; i++) {
		char id[24];
		snprintf(id, sizeof(id), "%04zu", i);
		puts[i] = (struct store_put){
			.kind = "t",
			.id = arena_str(&ids, id),
			.body = "{\"padding\":\"................................\"}",
			.indexes = {{"due", (int64_t)i}},
			.indexes_len = 1};
		jobs[i] = (struct store_job_change){
			.verb = JOB_ENSURE, .kind = "k", .subject = puts[i].id, .due = (int64_t)i};
	}
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	arena_finish(&ids);
	mem_free(puts);
	mem_free(jobs);
}

/* Whatever a damaged file does: an answer for every call, in words. */
static void use_damaged(struct bed *bed)
{
	struct err err = {0};
	struct store_page pages[] = {{.kind = "t", .limit = 1000},
				     {.kind = "t", .index = "due", .max = 9999, .limit = 1000},
				     {.kind = "job/k", .limit = 1000}};
	struct store_queue queue = {"k", "", "default", 1000, 50};
	struct store_claim claim = {&queue, 1, 50, 9999999};
	struct store_put put = {.kind = "t", .id = "0100", .body = "{}"};
	struct store_commit commit = {.puts = &put, .puts_len = 1};

	bed->store = store_open(bed->loop, url, "test", &err);
	if (!bed->store) {
		assert_true(err.text[0]);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
		if (bed_page(bed, &pages[i]) != STORE_OK)
			assert_true(bed->got.answer.err.text[0]);
	}
	if (bed_claim(bed, &claim) != STORE_OK)
		assert_true(bed->got.answer.err.text[0]);
	if (bed_commit(bed, &commit) != STORE_OK)
		assert_true(bed->got.answer.err.text[0]);
	close_here(bed);
}

static void test_truncated(void **state)
{
	struct bed *bed = *state;
	size_t len;

	fill(bed, 200);
	close_here(bed);
	char *bytes = file_read(&len);
	assert_true(len > 60000);
	for (size_t cut = 1; cut < len; cut += cut < 200 ? 50 : 4096 + 100) {
		file_write(bytes, cut);
		check_says(false, "");
		if (cut < len - 4096) /* half a last page is seen when it is read */
			refused(bed, url, "test", ERR_INVALID, "damaged");
	}
	file_write(bytes, len);
	check_says(true, "t: 200 documents");
	mem_free(bytes);
	assert_true(bed_again(bed));
	assert_int_equal(bed_count(bed, "t", NULL, 0, 0), 200);
}

static void test_flipped_bits(void **state)
{
	struct bed *bed = *state;
	size_t len;

	fill(bed, 200);
	close_here(bed);
	char *bytes = file_read(&len);
	rand_seed(11);
	for (int round = 0; round < 60; round++) {
		char *copy = mem_dup(bytes, len);
		for (int i = 0; i < 1 + round / 10; i++)
			copy[rand_between(0, (int64_t)len - 1)] ^= (char)(1 << rand_between(0, 7));
		file_write(copy, len);
		mem_free(copy);
		use_damaged(bed);
		file_remove("-wal");
		file_remove("-shm");
	}
	mem_free(bytes);
}

/* A page of the file lost: what lies elsewhere is served, what lies there is STORE_BAD. */
static void test_one_bad_page(void **state)
{
	struct bed *bed = *state;
	struct store_key key = {"t", "0100"};
	struct store_put puts[2] = {{.kind = "t", .id = "0100", .body = "{}"},
				    {.kind = "u", .id = "x", .body = "{}"}};
	struct got got[2] = {{0}};
	struct store_commit commits[2] = {{.puts = &puts[0], .puts_len = 1},
					  {.puts = &puts[1], .puts_len = 1}};
	size_t len;

	fill(bed, 900);
	close_here(bed);
	char *bytes = file_read(&len);
	char *at = memmem(bytes, len, "t0100", 5); /* the first is in a tree, not in the body */
	assert_non_null(at);
	for (; at; at = memmem(at, len - (size_t)(at - bytes), "t0100", 5))
		memset(bytes + (size_t)(at - bytes) / 4096 * 4096, 0xee, 4096);
	file_write(bytes, len);
	mem_free(bytes);
	check_says(false, "damaged");
	assert_true(bed_again(bed));
	for (size_t i = 0; i < 2; i++) {
		got[i] = (struct got){.loop = bed->loop, .stops = true, .puts_len = 1};
		store_commit(bed->store, &commits[i], on_got, &got[i]);
	}
	bed_run_until(bed, &got[0]);
	bed_run_until(bed, &got[1]);
	assert_int_equal(got[0].answer.status, STORE_BAD);
	assert_non_null(strstr(got[0].answer.err.text, "damaged"));
	assert_int_equal(got[1].answer.status, STORE_OK); /* its neighbour is not spoiled */
	got_finish(&got[0]);
	got_finish(&got[1]);
	got[0] = (struct got){.loop = bed->loop, .stops = true};
	store_get(bed->store, &key, 1, on_got, &got[0]);
	bed_run_until(bed, &got[0]);
	assert_int_equal(got[0].answer.status, STORE_BAD);
	got_finish(&got[0]);
	assert_true(bed_rev(bed, "u", "x") > 0);
}

static void test_check(void **state)
{
	struct bed *bed = *state;

	fill(bed, 20);
	check_says(true, "t: 20 documents"); /* beside the daemon */
	check_says(true, "job k: 20, 0 claimed");
	check_says(true, "site test, schema 1");
	bed_claim_kind(bed, "k", 5, 1000);
	check_says(true, "job k: 20, 5 claimed");
	close_here(bed);
	check_says(true, "t: 20 documents");
	chmod(path, 0644);
	check_says(true, "mode 0644");
	sql("DELETE FROM idx WHERE id='0007'");
	check_says(false, "t 0007: missing in an index");
	sql("INSERT INTO idx VALUES('t', 'due', 7, '0007'), ('t', 'due', 8, 'nobody')");
	check_says(false, "belong to no document");
	sql("DELETE FROM idx WHERE id='nobody'; UPDATE doc SET body='{' WHERE id='0003'");
	check_says(false, "t 0003: the body is not JSON");
	sql("UPDATE doc SET body='{}', rev=rev+100000 WHERE id='0003'");
	check_says(false, "t 0003: a revision that was never given");
	sql("UPDATE doc SET rev=rev-100000 WHERE id='0003'; UPDATE doc SET indexes='due'"
	    " WHERE id='0004'");
	check_says(false, "t 0004: index columns that cannot be read");
	assert_true(bed_again(bed));
	struct store_put put = {.kind = "t", .id = "0004", .body = "{}"};
	struct store_commit commit = {.puts = &put, .puts_len = 1};
	assert_status(bed, STORE_BAD, bed_commit(bed, &commit));
	close_here(bed);
	sql("UPDATE doc SET body='{}' || char(0) || 'x' WHERE id='0005'");
	check_says(false, "t 0005: the body is not JSON");
	assert_true(bed_again(bed));
	struct store_page page = {.kind = "t", .id_prefix = "0005", .limit = 1};
	assert_status(bed, STORE_BAD, bed_page(bed, &page));
	assert_non_null(strstr(bed->got.answer.err.text, "t 0005 is damaged"));
	close_here(bed);
	unlink(path);
	check_says(false, "there is no store");
	assert_true(bed_again(bed));
}

/* --- beside others ------------------------------------------------------------------------ */

static void test_reader(void **state)
{
	struct bed *bed = *state;
	struct err err = {0};
	struct bed reader = {.suite = &here, .loop = bed->loop};
	struct store_put put = {.kind = "t", .id = "a", .body = "{}"};
	struct store_commit commit = {.puts = &put, .puts_len = 1};

	reader.store = store_open_reader(bed->loop, url, &err);
	assert_non_null(reader.store);
	assert_int_equal(bed_rev(&reader, "t", "a"), 0);
	bed_put(bed, "t", "a", "{\"n\":1}", "due", 5);
	assert_string_equal(bed_body(&reader, "t", "a"), "{\"n\":1}");
	assert_int_equal(bed_count(&reader, "t", "due", 5, 5), 1);
	assert_status(&reader, STORE_FULL, bed_commit(&reader, &commit));
	assert_int_equal(reader.got.answer.err.class, ERR_DENIED);
	got_finish(&reader.got);
	store_close(reader.store);
	assert_null(store_open_reader(bed->loop, "sqlite::memory:", &err));
	char *absent = str_printf("%s.absent", url);
	assert_null(store_open_reader(bed->loop, absent, &err));
	assert_int_equal(err.class, ERR_MISSING);
	mem_free(absent);
}

/* An operator's sqlite3 holds the write lock: not now, nothing changed, and later it works. */
static void test_busy(void **state)
{
	struct bed *bed = *state;
	struct store_put put = {.kind = "t", .id = "a", .body = "{}"};
	struct store_commit commit = {.puts = &put, .puts_len = 1};
	sqlite3 *db = NULL;

	bed_put(bed, "t", "b", "{}", NULL, 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_status(bed, STORE_AWAY, bed_commit(bed, &commit));
	assert_int_equal(bed->got.answer.err.class, ERR_UNAVAILABLE);
	assert_int_equal(bed_rev(bed, "t", "a"), 0); /* reading goes on */
	assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
}

#define WAL_MAX (2048 * 4096 + 4 * 1024 * 1024)

/* However long it is busy, the write-ahead log stays bounded. */
static void test_wal_is_bounded(void **state)
{
	struct bed *bed = *state;
	char ids[20][8], *body = mem_new(20001);
	struct store_put puts[20];
	struct store_commit commit = {.puts = puts, .puts_len = 20};
	int64_t largest = 0;

	memset(body, '1', 20000);
	for (int i = 0; i < 150; i++) { /* 60 MB */
		for (int j = 0; j < 20; j++) {
			snprintf(ids[j], sizeof(ids[j]), "%d", (20 * i + j) % 500);
			puts[j] = (struct store_put){.kind = "t", .id = ids[j], .body = body};
		}
		assert_status(bed, STORE_OK, bed_commit(bed, &commit));
		if (file_size("-wal") > largest)
			largest = file_size("-wal");
	}
	mem_free(body);
	assert_true(largest > 1024 * 1024);
	if (largest > WAL_MAX)
		fail_msg("%lld bytes", (long long)largest);
}

/* A second without writes, and the log is in the database, which is whole alone. */
static void test_idle_checkpoint(void **state)
{
	struct bed *bed = *state;
	size_t len;

	fill(bed, 9000);
	loop_run_virtual(bed->loop, clock_wall_ms() + 5000);
	char *bytes = file_read(&len);
	close_here(bed);
	file_write(bytes, len);
	mem_free(bytes);
	check_says(true, "t: 9000 documents");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_urls),
		TEST(test_places),
		TEST(test_modes),
		TEST(test_second_daemon),
		TEST(test_leases_of_the_dead),
		TEST(test_other_site),
		TEST(test_newer_schema),
		TEST(test_foreign_database),
		TEST(test_garbage),
		TEST(test_read_only),
		TEST(test_truncated),
		TEST(test_flipped_bits),
		TEST(test_one_bad_page),
		TEST(test_check),
		TEST(test_reader),
		TEST(test_busy),
		TEST(test_wal_is_bounded),
		TEST(test_idle_checkpoint),
	};
	const char *tmp = getenv("TMPDIR");

	clock_virtual_start(INT64_C(1700000000000));
	umask(0); /* modes are ours to set */
	directory = str_printf("%s/stores.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(directory))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	mem_free(directory);
	return failed;
}
