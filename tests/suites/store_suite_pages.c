/*
 * The store suite's part on pages and counts: order, bounds, prefixes, cursors; and that paging
 * gives each row that stands still exactly once while others come, move and go between pages.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"
#include "lib/base/json.h"
#include "lib/base/rand.h"
#include <inttypes.h>

/* --- order and bounds --------------------------------------------------------------------- */

/* All rows by pages of `limit`, each id with a comma behind it. Heap text. */
static char *walk(struct bed *bed, struct store_page page, size_t limit)
{
	struct buf ids;
	char *cursor = NULL;

	buf_init(&ids, 1 << 20);
	page.limit = limit;
	do {
		page.cursor = cursor;
		assert_status(bed, STORE_OK, bed_page(bed, &page));
		assert_true(bed->got.answer.docs_len <= limit);
		assert_true(bed->got.answer.docs_len == limit || !bed->got.cursor);
		for (size_t i = 0; i < bed->got.answer.docs_len; i++)
			buf_printf(&ids, "%s,", bed->got.answer.docs[i].id);
		mem_free(cursor);
		cursor = str_dup(bed->got.cursor);
	} while (cursor);
	char *text = str_dup(buf_text(&ids));
	buf_finish(&ids);
	return text;
}

static void walk_is(struct bed *bed, const struct store_page *page, const char *expected)
{
	for (size_t limit = 1; limit <= 10; limit++) {
		char *ids = walk(bed, *page, limit);
		assert_string_equal(ids, expected);
		mem_free(ids);
	}
}

static void test_by_index(void **state)
{
	struct bed *bed = *state;
	struct store_page page = {.kind = "t", .index = "due", .min = INT64_MIN, .max = INT64_MAX};

	bed_put(bed, "t", "e", "{}", "due", 7);
	bed_put(bed, "t", "c", "{}", "due", 5);
	bed_put(bed, "t", "a", "{}", "due", 5);
	bed_put(bed, "t", "", "{}", "due", 5);
	bed_put(bed, "t", "d", "{}", "due", -3);
	bed_put(bed, "t", "min", "{}", "due", INT64_MIN);
	bed_put(bed, "t", "max", "{}", "due", INT64_MAX);
	bed_put(bed, "t", "other", "{}", "not_after", 5);
	bed_put(bed, "t", "none", "{}", NULL, 0);
	bed_put(bed, "u", "a", "{}", "due", 5);
	walk_is(bed, &page, "min,d,,a,c,e,max,");
	page.descending = true;
	walk_is(bed, &page, "max,e,c,a,,d,min,");
	page.min = -3;
	page.max = 5;
	walk_is(bed, &page, "c,a,,d,");
	page.descending = false;
	walk_is(bed, &page, "d,,a,c,");
	page.min = page.max = 5;
	walk_is(bed, &page, ",a,c,");
	page.min = 6;
	page.max = 6;
	walk_is(bed, &page, "");
	page.min = 7;
	page.max = 5;
	walk_is(bed, &page, "");
	page = (struct store_page){.kind = "t", .index = "absent", .max = 9};
	walk_is(bed, &page, "");
}

static void test_by_id(void **state)
{
	struct bed *bed = *state;
	struct store_page page = {.kind = "t"};
	static const char *const ids[] = {"a", "ab", "ab/1", "ab/2", "ac", "b", "\xff", "\xff\xff"};

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		bed_put(bed, "t", ids[i], "{}", NULL, 0);
	bed_put(bed, "s", "z", "{}", NULL, 0);
	bed_put(bed, "u", "a", "{}", NULL, 0);
	walk_is(bed, &page, "a,ab,ab/1,ab/2,ac,b,\xff,\xff\xff,");
	page.id_prefix = "ab";
	walk_is(bed, &page, "ab,ab/1,ab/2,");
	page.descending = true;
	walk_is(bed, &page, "ab/2,ab/1,ab,");
	page.id_prefix = "\xff";
	walk_is(bed, &page, "\xff\xff,\xff,");
	page.id_prefix = "ab/3";
	walk_is(bed, &page, "");
	page.id_prefix = NULL;
	walk_is(bed, &page, "\xff\xff,\xff,b,ac,ab/2,ab/1,ab,a,");
	page.kind = "nothing";
	walk_is(bed, &page, "");
}

static void test_documents_of_a_page(void **state)
{
	struct bed *bed = *state;
	struct store_page page = {.kind = "t", .limit = 5};
	struct store_put put = {
		.kind = "t", .id = "a", .body = "{\"n\":1}", .blob = "DER", .blob_len = 3};
	struct store_commit commit = {.puts = &put, .puts_len = 1};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	int64_t rev = bed->got.revs[0];
	assert_status(bed, STORE_OK, bed_page(bed, &page));
	const struct store_doc *doc = &bed->got.answer.docs[0];
	assert_true(doc->rev == rev);
	assert_string_equal(doc->kind, "t");
	assert_string_equal(doc->body, "{\"n\":1}");
	assert_int_equal(doc->body_len, 7);
	assert_int_equal(doc->blob_len, 3);
	assert_memory_equal(doc->blob, "DER", 3);
	page.without_body = true;
	assert_status(bed, STORE_OK, bed_page(bed, &page));
	doc = &bed->got.answer.docs[0];
	assert_true(doc->rev == rev);
	assert_null(doc->body);
	assert_null(doc->blob);
}

static void test_jobs_as_documents(void **state)
{
	struct bed *bed = *state;
	int64_t now = bed_now(bed);
	struct store_job_change change = {JOB_ENSURE, "k", "b", "z", "l", "{\"deep\":[1]}", now};
	struct store_commit commit = {.jobs = &change, .jobs_len = 1};
	struct store_page page = {
		.kind = "job/k", .index = "due", .min = INT64_MIN, .max = INT64_MAX};

	bed_ensure(bed, "k", "c", now + 5);
	bed_ensure(bed, "k", "a", now + 5);
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	bed_ensure(bed, "k", "n", STORE_NEVER);
	bed_ensure(bed, "j", "x", now);
	walk_is(bed, &page, "b,a,c,n,");
	page.descending = true;
	walk_is(bed, &page, "n,c,a,b,");
	page.max = now + 5;
	page.min = now + 1;
	walk_is(bed, &page, "c,a,");
	page = (struct store_page){.kind = "job/k"};
	walk_is(bed, &page, "a,b,c,n,");
	page.id_prefix = "b";
	walk_is(bed, &page, "b,");
	page.limit = 1;
	assert_status(bed, STORE_OK, bed_page(bed, &page));
	json_t *body = json_parse(bed->got.answer.docs[0].body, bed->got.answer.docs[0].body_len,
				  STORE_BODY_MAX, &bed->got.answer.err);
	assert_non_null(body);
	assert_string_equal(json_get_str(body, "zone"), "z");
	assert_string_equal(json_get_str(body, "lane"), "l");
	assert_true(json_get_int(body, "due", 0) == now);
	assert_int_equal(json_get_int(body, "attempt", -1), 0);
	assert_non_null(json_get_array(json_get_object(body, "body"), "deep"));
	json_decref(body);
	assert_int_equal(bed_count(bed, "job/k", NULL, 0, 0), 4);
	assert_int_equal(bed_count(bed, "job/k", "due", now, now + 5), 3);
	bed_page(bed, &(struct store_page){.kind = "job/k", .index = "lane", .limit = 1});
	assert_int_equal(bed->got.answer.status, STORE_BAD);
}

static void test_page_bounds(void **state)
{
	static const char *const wrong[] = {"",
					    "x",
					    "i",
					    "v",
					    "v.",
					    "i.6",
					    "i.zz",
					    "v1.61",
					    "i61",
					    "i.00",
					    "v99999999999999999999.61"};
	struct bed *bed = *state;
	struct store_page page = {.kind = "t", .limit = 0};

	bed_put(bed, "t", "a", "{}", NULL, 0);
	assert_status(bed, STORE_BAD, bed_page(bed, &page));
	page.limit = STORE_PAGE_MAX + 1;
	assert_status(bed, STORE_BAD, bed_page(bed, &page));
	page.limit = 1;
	page.kind = "";
	assert_status(bed, STORE_BAD, bed_page(bed, &page));
	page.kind = "t";
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		page.cursor = wrong[i];
		assert_status(bed, STORE_BAD, bed_page(bed, &page));
		assert_int_equal(bed->got.answer.err.class, ERR_INVALID);
	}
	page.cursor = NULL;
	page.index = "due";
	page.id_prefix = "a";
	assert_status(bed, STORE_BAD, bed_page(bed, &page));
}

/* --- paging under change ------------------------------------------------------------------ */

#define STILL 60 /* rows that nobody touches */
#define OTHERS 60
#define ROUNDS 12

/* Row n of the crowd: even rows stand still, odd ones come, move and go. Changes are gathered and
 * done as one commit. */
struct crowd {
	struct bed *bed;
	bool jobs;
	char ids[2 * STILL][8];
	struct store_put puts[2 * STILL];
	struct store_key dels[2 * STILL];
	struct store_job_change changes[4 * STILL];
	struct store_commit commit;
};

static void crowd_put(struct crowd *crowd, int n, int64_t value)
{
	struct store_commit *commit = &crowd->commit;
	const char *id = crowd->ids[n];

	if (crowd->jobs) {
		crowd->changes[commit->jobs_len++] = (struct store_job_change){
			.verb = JOB_DELETE, .kind = "crowd", .subject = id};
		crowd->changes[commit->jobs_len++] = (struct store_job_change){
			.verb = JOB_ENSURE, .kind = "crowd", .subject = id, .due = value};
	} else {
		crowd->puts[commit->puts_len++] = (struct store_put){.kind = "crowd",
								     .id = id,
								     .body = "{}",
								     .indexes = {{"due", value}},
								     .indexes_len = 1};
	}
}

static void crowd_drop(struct crowd *crowd, int n)
{
	struct store_commit *commit = &crowd->commit;

	if (crowd->jobs)
		crowd->changes[commit->jobs_len++] = (struct store_job_change){
			.verb = JOB_DELETE, .kind = "crowd", .subject = crowd->ids[n]};
	else
		crowd->dels[commit->dels_len++] = (struct store_key){"crowd", crowd->ids[n]};
}

static void crowd_commit(struct crowd *crowd)
{
	assert_status(crowd->bed, STORE_OK, bed_commit(crowd->bed, &crowd->commit));
	crowd->commit.puts_len = crowd->commit.dels_len = crowd->commit.jobs_len = 0;
}

static void crowd_stir(struct crowd *crowd)
{
	for (int i = 0; i < 6; i++) {
		int n = 2 * (int)rand_between(0, OTHERS - 1) + 1;

		if (rand_between(0, 3))
			crowd_put(crowd, n, rand_between(0, 9));
		else
			crowd_drop(crowd, n);
	}
	crowd_commit(crowd);
}

/* One walk with change between the pages; each row that stood still once, and in order. */
static void crowd_walk(struct crowd *crowd, struct store_page page)
{
	struct bed *bed = crowd->bed;
	int seen[2 * STILL] = {0};
	char *cursor = NULL;
	int64_t last = page.descending ? INT64_MAX : INT64_MIN;

	page.limit = (size_t)rand_between(1, 9);
	do {
		page.cursor = cursor;
		assert_status(bed, STORE_OK, bed_page(bed, &page));
		for (size_t i = 0; i < bed->got.answer.docs_len; i++) {
			uint64_t n;
			assert_true(str_to_u64(bed->got.answer.docs[i].id, 0, 2 * STILL, &n));
			if (n % 2)
				continue;
			seen[n]++;
			int64_t place = (int64_t)(page.index ? n % 10 * 1000 + n : n);
			assert_true(page.descending ? place < last : place > last);
			last = place;
		}
		mem_free(cursor);
		cursor = str_dup(bed->got.cursor);
		crowd_stir(crowd);
	} while (cursor);
	for (int n = 0; n < 2 * STILL; n += 2)
		assert_int_equal(seen[n], 1);
}

static void crowd_test(struct bed *bed, bool jobs, bool by_index)
{
	struct crowd *crowd = MEM_NEW(struct crowd);
	struct store_page page = {
		.kind = jobs ? "job/crowd" : "crowd",
		.index = by_index ? "due" : NULL,
		.max = 9,
		.without_body = true,
	};

	rand_seed(42);
	crowd->bed = bed;
	crowd->jobs = jobs;
	crowd->commit = (struct store_commit){
		.puts = crowd->puts, .dels = crowd->dels, .jobs = crowd->changes};
	for (int n = 0; n < 2 * STILL; n++) {
		snprintf(crowd->ids[n], sizeof(crowd->ids[n]), "%03d", n % 1000);
		crowd_put(crowd, n, n % 10);
	}
	crowd_commit(crowd);
	for (int round = 0; round < ROUNDS; round++) {
		page.descending = round % 2;
		crowd_walk(crowd, page);
	}
	mem_free(crowd);
}

static void test_docs_by_index_under_change(void **state)
{
	crowd_test(*state, false, true);
}

static void test_docs_by_id_under_change(void **state)
{
	crowd_test(*state, false, false);
}

static void test_jobs_by_index_under_change(void **state)
{
	crowd_test(*state, true, true);
}

static void test_jobs_by_id_under_change(void **state)
{
	crowd_test(*state, true, false);
}

/* A cursor whose row has gone still names its place. */
static void test_cursor_of_a_deleted_row(void **state)
{
	struct bed *bed = *state;
	struct store_page page = {.kind = "t", .index = "due", .max = 9, .limit = 2};
	static const char *const ids[] = {"a", "b", "c", "d"};

	for (size_t i = 0; i < 4; i++)
		bed_put(bed, "t", ids[i], "{}", "due", 5);
	assert_status(bed, STORE_OK, bed_page(bed, &page));
	char *cursor = str_dup(bed->got.cursor);
	bed_del(bed, "t", "b");
	bed_put(bed, "t", "a", "{}", "due", 6); /* moved behind: it comes once more, as itself */
	page.cursor = cursor;
	assert_status(bed, STORE_OK, bed_page(bed, &page));
	assert_int_equal(bed->got.answer.docs_len, 2);
	assert_string_equal(bed->got.answer.docs[0].id, "c");
	assert_string_equal(bed->got.answer.docs[1].id, "d");
	/* The bounds of the page hold, wherever the cursor comes from. */
	page.min = 6;
	assert_status(bed, STORE_OK, bed_page(bed, &page));
	assert_int_equal(bed->got.answer.docs_len, 1);
	assert_string_equal(bed->got.answer.docs[0].id, "a");
	page.min = 0;
	page.max = 4;
	page.descending = true;
	assert_status(bed, STORE_OK, bed_page(bed, &page));
	assert_int_equal(bed->got.answer.docs_len, 0);
	mem_free(cursor);
}

const struct CMUnitTest store_suite_pages[] = {
	cmocka_unit_test(test_by_index),
	cmocka_unit_test(test_by_id),
	cmocka_unit_test(test_documents_of_a_page),
	cmocka_unit_test(test_jobs_as_documents),
	cmocka_unit_test(test_page_bounds),
	cmocka_unit_test(test_docs_by_index_under_change),
	cmocka_unit_test(test_docs_by_id_under_change),
	cmocka_unit_test(test_jobs_by_index_under_change),
	cmocka_unit_test(test_jobs_by_id_under_change),
	cmocka_unit_test(test_cursor_of_a_deleted_row),
};
const size_t store_suite_pages_len = ARRAY_LEN(store_suite_pages);
