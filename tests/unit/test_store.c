/*
 * The store suite against SQLite, in memory and in a file. Time is virtual, so that the few
 * milliseconds a group waits cost nothing.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"
#include "lib/base/clock.h"
#include <unistd.h>

static char *directory;
static int files;
static int64_t now_ms = INT64_C(1700000000000);

static int64_t now(void *arg UNUSED)
{
	return now_ms;
}

static void pass(void *arg UNUSED, int64_t ms)
{
	now_ms += ms;
}

static struct store *open_url(struct loop *loop, const char *url)
{
	struct err err = {0};
	struct store *store = store_open(loop, url, "test", &err);

	if (!store)
		print_error("%s: %s\n", url, err.text);
	return store;
}

static struct store *memory_fresh(void *arg UNUSED, struct loop *loop)
{
	return open_url(loop, "sqlite::memory:");
}

static struct store *file_again(void *arg UNUSED, struct loop *loop)
{
	char *url = str_printf("sqlite://%s/%d.db", directory, files);
	struct store *store = open_url(loop, url);

	mem_free(url);
	return store;
}

static struct store *file_fresh(void *arg, struct loop *loop)
{
	files++;
	return file_again(arg, loop);
}

int main(void)
{
	static const struct store_suite memory = {
		.name = "sqlite in memory", .fresh = memory_fresh, .now = now, .pass = pass};
	static const struct store_suite file = {.name = "sqlite in a file",
						.fresh = file_fresh,
						.again = file_again,
						.now = now,
						.pass = pass};
	const char *tmp = getenv("TMPDIR");
	int failed;

	clock_virtual_start(now_ms);
	directory = str_printf("%s/stores.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(directory))
		return 1;
	failed = store_suite_run(&memory);
	failed += store_suite_run(&file);
	for (int i = 1; i <= files; i++) {
		char *path = str_printf("%s/%d.db", directory, i);
		char *lock = str_printf("%s.lock", path);
		unlink(path);
		unlink(lock);
		mem_free(path);
		mem_free(lock);
	}
	rmdir(directory);
	mem_free(directory);
	return failed ? 1 : 0;
}
