/*
 * The store suite's part on documents and commits: revisions, expectations, blobs, index
 * columns, odd and hostile input, and that a commit which fails anywhere leaves nothing.
 */
#include "lib/base/sys.h"
#include "tests/suites/store_suite_bed.h"

static void test_put_get_delete(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(bed_rev(bed, "t", "a"), 0);
	assert_null(bed_body(bed, "t", "a"));
	int64_t first = bed_put(bed, "t", "a", "{\"n\":1}", NULL, 0);
	assert_true(first > 0);
	const struct store_doc *doc = bed_get(bed, "t", "a");
	assert_true(doc->rev == first);
	assert_string_equal(doc->body, "{\"n\":1}");
	assert_int_equal(doc->body_len, 7);
	assert_null(doc->blob);
	int64_t second = bed_put(bed, "t", "a", "{\"n\":2}", NULL, 0);
	assert_true(second > first);
	assert_true(bed_rev(bed, "t", "a") == second);
	assert_string_equal(bed_body(bed, "t", "a"), "{\"n\":2}");
	assert_int_equal(bed_rev(bed, "u", "a"), 0); /* of another kind */
	bed_del(bed, "t", "a");
	assert_int_equal(bed_rev(bed, "t", "a"), 0);
	bed_del(bed, "t", "a"); /* what is absent may be deleted */
	assert_true(bed_put(bed, "t", "a", "{}", NULL, 0) > second); /* no rev is given twice */
}

static void test_get_order(void **state)
{
	struct bed *bed = *state;
	const struct store_key keys[] = {{"t", "c"}, {"t", "absent"}, {"u", "c"}, {"t", "c"}};
	struct got got = {.loop = bed->loop, .stops = true};

	bed_put(bed, "t", "c", "{\"t\":1}", NULL, 0);
	bed_put(bed, "u", "c", "{\"u\":1}", NULL, 0);
	store_get(bed->store, keys, ARRAY_LEN(keys), on_got, &got);
	bed_run_until(bed, &got);
	assert_int_equal(got.answer.docs_len, 4);
	assert_string_equal(got.answer.docs[0].body, "{\"t\":1}");
	assert_int_equal(got.answer.docs[1].rev, 0);
	assert_string_equal(got.answer.docs[1].id, "absent");
	assert_string_equal(got.answer.docs[2].body, "{\"u\":1}");
	assert_string_equal(got.answer.docs[3].body, "{\"t\":1}");
	got_finish(&got);
	got = (struct got){.loop = bed->loop, .stops = true};
	store_get(bed->store, NULL, 0, on_got, &got);
	bed_run_until(bed, &got);
	assert_int_equal(got.answer.status, STORE_OK);
	assert_int_equal(got.answer.docs_len, 0);
	got_finish(&got);
}

static enum store_status expect(struct bed *bed, const char *id, int64_t rev)
{
	struct store_expect expects[] = {{"t", "base", bed_rev(bed, "t", "base")}, {"t", id, rev}};
	struct store_put put = {.kind = "t", .id = "written", .body = "{}"};
	struct store_commit commit = {
		.expects = expects, .expects_len = 2, .puts = &put, .puts_len = 1};

	return bed_commit(bed, &commit);
}

static void test_expectations(void **state)
{
	struct bed *bed = *state;

	bed_put(bed, "t", "base", "{}", NULL, 0);
	int64_t old = bed_put(bed, "t", "a", "{}", NULL, 0);
	assert_status(bed, STORE_CONFLICT, expect(bed, "a", 0));
	assert_int_equal(bed->got.answer.conflict, 1);
	assert_int_equal(bed->got.answer.err.class, ERR_CONFLICT);
	assert_status(bed, STORE_CONFLICT, expect(bed, "absent", 1));
	assert_status(bed, STORE_OK, expect(bed, "absent", 0));
	assert_status(bed, STORE_OK, expect(bed, "a", old));
	int64_t new = bed_put(bed, "t", "a", "{}", NULL, 0);
	assert_status(bed, STORE_CONFLICT, expect(bed, "a", old));
	assert_status(bed, STORE_OK, expect(bed, "a", new));
	/* Deleted and made again: not the document that was read. */
	bed_del(bed, "t", "a");
	assert_status(bed, STORE_CONFLICT, expect(bed, "a", new));
	bed_put(bed, "t", "a", "{}", NULL, 0);
	assert_status(bed, STORE_CONFLICT, expect(bed, "a", new));
	assert_status(bed, STORE_CONFLICT, expect(bed, "a", old));
}

/* The first of several that moved is named. */
static void test_conflict_index(void **state)
{
	struct bed *bed = *state;
	struct store_expect expects[5];
	struct store_commit commit = {.expects = expects, .expects_len = 5};
	static const char *const ids[] = {"a", "b", "c", "d", "e"};

	for (size_t i = 0; i < 5; i++)
		expects[i] = (struct store_expect){"t", ids[i],
						   bed_put(bed, "t", ids[i], "{}", NULL, 0)};
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	bed_put(bed, "t", "d", "{}", NULL, 0);
	assert_status(bed, STORE_CONFLICT, bed_commit(bed, &commit));
	assert_int_equal(bed->got.answer.conflict, 3);
	bed_del(bed, "t", "b");
	assert_status(bed, STORE_CONFLICT, bed_commit(bed, &commit));
	assert_int_equal(bed->got.answer.conflict, 1);
}

/* A job may be expected too: by its rev as read. */
static void test_expect_job(void **state)
{
	struct bed *bed = *state;
	struct store_expect expect_job = {"job/probe", "x", 0};
	struct store_commit commit = {.expects = &expect_job, .expects_len = 1};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	bed_ensure(bed, "probe", "x", bed_now(bed));
	assert_status(bed, STORE_CONFLICT, bed_commit(bed, &commit));
	expect_job.rev = bed_rev(bed, "job/probe", "x");
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	bed_claim_one(bed, "probe", "x", 1000);
	assert_status(bed, STORE_CONFLICT, bed_commit(bed, &commit));
}

static void blob_put(struct bed *bed, const void *blob, size_t len)
{
	struct store_put put = {
		.kind = "cert", .id = "fp", .body = "{}", .blob = blob, .blob_len = len};
	struct store_commit commit = {.puts = &put, .puts_len = 1};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
}

static void blob_is(struct bed *bed, const void *blob, size_t len)
{
	const struct store_doc *doc = bed_get(bed, "cert", "fp");

	assert_int_equal(doc->blob_len, len);
	assert_memory_equal(doc->blob, blob, len);
}

static void test_blobs(void **state)
{
	static const uint8_t first[] = {0x30, 0x82, 0, 0, 0xff, 0, '\n', 0}, second[] = {0};
	struct bed *bed = *state;
	size_t large_len = STORE_BODY_MAX;
	uint8_t *large = mem_new(large_len);

	blob_put(bed, first, sizeof(first));
	blob_is(bed, first, sizeof(first));
	blob_put(bed, NULL, 0); /* kept */
	blob_is(bed, first, sizeof(first));
	blob_put(bed, NULL, 99); /* and the length counts only with one */
	blob_is(bed, first, sizeof(first));
	blob_put(bed, second, sizeof(second));
	blob_is(bed, second, sizeof(second));
	for (size_t i = 0; i < large_len; i++)
		large[i] = (uint8_t)(i * 131 >> 3);
	blob_put(bed, large, large_len);
	blob_is(bed, large, large_len);
	mem_free(large);
	blob_put(bed, "", 0); /* removed */
	assert_null(bed_get(bed, "cert", "fp")->blob);
	blob_put(bed, first, sizeof(first));
	bed_del(bed, "cert", "fp");
	blob_put(bed, NULL, 0); /* nothing of a deleted document comes back */
	assert_null(bed_get(bed, "cert", "fp")->blob);
}

static void test_index_columns(void **state)
{
	struct bed *bed = *state;
	struct store_put put = {
		.kind = "t",
		.id = "a",
		.body = "{}",
		.indexes = {{"due", 5}, {"not_after", INT64_MIN}, {"outcome", INT64_MAX}},
		.indexes_len = 3,
	};
	struct store_commit commit = {.puts = &put, .puts_len = 1};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_count(bed, "t", "due", 5, 5), 1);
	assert_int_equal(bed_count(bed, "t", "due", 6, INT64_MAX), 0);
	assert_int_equal(bed_count(bed, "t", "not_after", INT64_MIN, INT64_MIN), 1);
	assert_int_equal(bed_count(bed, "t", "outcome", INT64_MAX, INT64_MAX), 1);
	assert_int_equal(bed_count(bed, "u", "due", INT64_MIN, INT64_MAX), 0);
	put.indexes[0].value = 7; /* moves; outcome goes; new comes */
	put.indexes[2].name = "new";
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_count(bed, "t", "due", 5, 5), 0);
	assert_int_equal(bed_count(bed, "t", "due", 7, 7), 1);
	assert_int_equal(bed_count(bed, "t", "outcome", INT64_MIN, INT64_MAX), 0);
	assert_int_equal(bed_count(bed, "t", "new", INT64_MIN, INT64_MAX), 1);
	put.indexes_len = 0;
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_count(bed, "t", "due", INT64_MIN, INT64_MAX), 0);
	assert_int_equal(bed_count(bed, "t", NULL, 0, 0), 1);
	put.indexes_len = 3;
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	bed_del(bed, "t", "a");
	assert_int_equal(bed_count(bed, "t", "new", INT64_MIN, INT64_MAX), 0);
	assert_int_equal(bed_count(bed, "t", NULL, 0, 0), 0);
}

/* The same key more than once in one commit: in the order given, deletions last. */
static void test_same_key_twice(void **state)
{
	struct bed *bed = *state;
	struct store_put puts[] = {
		{.kind = "t", .id = "a", .body = "1", .indexes = {{"due", 1}}, .indexes_len = 1},
		{.kind = "t", .id = "a", .body = "2", .indexes = {{"due", 2}}, .indexes_len = 1},
	};
	struct store_key del = {"t", "a"};
	struct store_commit commit = {.puts = puts, .puts_len = 2};

	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_true(bed->got.revs[1] > bed->got.revs[0]);
	int64_t last = bed->got.revs[1];
	assert_true(bed_rev(bed, "t", "a") == last);
	assert_string_equal(bed_body(bed, "t", "a"), "2");
	assert_int_equal(bed_count(bed, "t", "due", 1, 2), 1);
	commit.dels = &del;
	commit.dels_len = 1;
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	assert_int_equal(bed_rev(bed, "t", "a"), 0);
	assert_int_equal(bed_count(bed, "t", "due", 1, 2), 0);
}

/* --- atomicity ---------------------------------------------------------------------------- */

static const char *const all_kinds[] = {"t", "u", "job/probe", "job/mail", NULL};

/* A commit of every part, each of which would show. */
struct full {
	struct store_expect expects[2];
	struct store_put puts[2];
	struct store_key dels[2];
	struct store_job_change jobs[3];
	struct store_commit commit;
};

static void full_make(struct bed *bed, struct full *full, int64_t token)
{
	*full = (struct full){
		.expects = {{"t", "a", bed_rev(bed, "t", "a")}, {"t", "b", 0}},
		.puts = {{.kind = "t", .id = "a", .body = "{\"new\":1}"},
			 {.kind = "t",
			  .id = "b",
			  .body = "{}",
			  .blob = "DER",
			  .blob_len = 3,
			  .indexes = {{"due", 1}},
			  .indexes_len = 1}},
		.dels = {{"u", "gone"}, {"u", "never was"}},
		.jobs = {{JOB_ENSURE, "mail", "new", "default", "", "{}", 1},
			 {JOB_ENSURE, "mail", "waits", "default", "", NULL, 1},
			 {JOB_DELETE, "mail", "gone", NULL, NULL, NULL, 0}},
	};
	full->commit = (struct store_commit){
		.fence = FENCE_MOVE,
		.job_kind = "probe",
		.job_subject = "x",
		.job_rev = token,
		.job_due = bed_now(bed) + 1000000,
		.job_attempt = 3,
		.job_body = "{\"moved\":true}",
		.expects = full->expects,
		.expects_len = 2,
		.puts = full->puts,
		.puts_len = 2,
		.dels = full->dels,
		.dels_len = 2,
		.jobs = full->jobs,
		.jobs_len = 3,
	};
}

/* The commit answers `expected` and leaves everything as it was, index columns included. */
static void leaves_nothing(struct bed *bed, const struct full *full, enum store_status expected,
			   const char *what)
{
	char *before = bed_dump(bed, all_kinds);
	int64_t due = bed_count(bed, "t", "due", INT64_MIN, INT64_MAX);
	enum store_status status = bed_commit(bed, &full->commit);

	if (status != expected)
		fail_msg("%s: %s instead of %s", what, store_status_text(status),
			 store_status_text(expected));
	assert_true(bed->got.answer.err.text[0]);
	assert_null(bed->got.revs);
	char *after = bed_dump(bed, all_kinds);
	if (strcmp(before, after))
		fail_msg("%s: changed\n%s\ninto\n%s", what, before, after);
	assert_true(bed_count(bed, "t", "due", INT64_MIN, INT64_MAX) == due);
	mem_free(before);
	mem_free(after);
}

static void test_atomicity(void **state)
{
	struct bed *bed = *state;
	char *large = mem_new(STORE_BODY_MAX + 2);
	struct full full;

	memset(large, 'x', STORE_BODY_MAX + 1);
	bed_put(bed, "t", "a", "{\"old\":1}", "due", 9);
	bed_put(bed, "u", "gone", "{}", NULL, 0);
	bed_ensure(bed, "mail", "waits", bed_now(bed) + 5000);
	bed_ensure(bed, "mail", "gone", bed_now(bed) + 5000);
	bed_ensure(bed, "probe", "x", bed_now(bed));
	int64_t token = bed_claim_one(bed, "probe", "x", 60000);

	full_make(bed, &full, token + 1);
	leaves_nothing(bed, &full, STORE_LOST, "a token of the future");
	full_make(bed, &full, token);
	full.commit.job_subject = "no such job";
	leaves_nothing(bed, &full, STORE_LOST, "no such job");
	full_make(bed, &full, token);
	full.expects[0].rev--;
	leaves_nothing(bed, &full, STORE_CONFLICT, "the first expectation");
	full_make(bed, &full, token);
	full.expects[1].rev = 12345;
	leaves_nothing(bed, &full, STORE_CONFLICT, "the last expectation");
	full_make(bed, &full, token);
	full.puts[1].body = large;
	leaves_nothing(bed, &full, STORE_BAD, "a body too large");
	full_make(bed, &full, token);
	full.puts[1].body = NULL;
	leaves_nothing(bed, &full, STORE_BAD, "no body");
	full_make(bed, &full, token);
	full.puts[1].blob_len = STORE_BODY_MAX + 1;
	full.puts[1].blob = large;
	leaves_nothing(bed, &full, STORE_BAD, "a blob too large");
	full_make(bed, &full, token);
	full.puts[1].kind = "job/probe";
	leaves_nothing(bed, &full, STORE_BAD, "a job as a document");
	full_make(bed, &full, token);
	full.dels[1].kind = "job/probe";
	leaves_nothing(bed, &full, STORE_BAD, "a job deleted as a document");
	full_make(bed, &full, token);
	full.puts[1].indexes[0].name = "No Such";
	leaves_nothing(bed, &full, STORE_BAD, "an index name");
	full_make(bed, &full, token);
	full.puts[1].indexes[1] = full.puts[1].indexes[0];
	full.puts[1].indexes_len = 2;
	leaves_nothing(bed, &full, STORE_BAD, "an index twice");
	full_make(bed, &full, token);
	full.jobs[2].kind = "";
	leaves_nothing(bed, &full, STORE_BAD, "a job of no kind");
	full_make(bed, &full, token);
	large[STORE_ID_MAX + 1] = '\0';
	full.jobs[2].subject = large;
	leaves_nothing(bed, &full, STORE_BAD, "a subject too long");
	full_make(bed, &full, token);
	full.dels[1].id = large;
	leaves_nothing(bed, &full, STORE_BAD, "an id too long");
	mem_free(large);

	full_make(bed, &full, token);
	assert_status(bed, STORE_OK, bed_commit(bed, &full.commit));
	full_make(bed, &full, token);
	leaves_nothing(bed, &full, STORE_LOST, "the same once more");
	assert_string_equal(bed_body(bed, "t", "a"), "{\"new\":1}");
	assert_int_equal(bed_rev(bed, "u", "gone"), 0);
	assert_int_equal(bed_job_int(bed, "mail", "new", "due"), 1);
	assert_int_equal(bed_job_int(bed, "mail", "waits", "due"), 1);
	assert_int_equal(bed_job_int(bed, "mail", "gone", "due"), -1);
	assert_int_equal(bed_job_int(bed, "probe", "x", "attempt"), 3);
}

/* --- odd input ---------------------------------------------------------------------------- */

static const char *const odd[] = {
	"",
	" ",
	"a b",
	"a/b/../c",
	"'; DROP TABLE doc; --",
	"\"quoted\"",
	"%s%n%",
	"\n",
	"\r\n\t",
	"\x01\x7f",
	"\xff",
	"\xff\xff",
	"a\xc3",
	"\xc3\xa4",
	"\xed\xa0\x80",
	"\xf0\x9f\x94\x92",
	"a",
	"A",
	"aa",
	"a\x01",
	"a.b",
	"{tag}",
	"job/probe",
	"0",
	"00",
	"-1",
	"1e3",
	"NULL",
	"*",
	"a:b",
	"\xe2\x80\xae-abc",
};

static void test_odd_ids(void **state)
{
	struct bed *bed = *state;
	struct store_page page = {.kind = "odd", .limit = 1};
	char full[STORE_ID_MAX + 1];
	char *cursor = NULL, *last = NULL;
	size_t rows = 0;

	memset(full, '\xfe', STORE_ID_MAX);
	full[STORE_ID_MAX] = '\0';
	bed_put(bed, "odd", full, "{}", "due", 5);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		bed_put(bed, "odd", odd[i], odd[i], "due", 5);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		assert_string_equal(bed_body(bed, "odd", odd[i]), odd[i]);
	assert_true(bed_rev(bed, "odd", full) > 0);
	do { /* each once, in the order of bytes, through cursors */
		page.cursor = cursor;
		assert_status(bed, STORE_OK, bed_page(bed, &page));
		assert_int_equal(bed->got.answer.docs_len, 1);
		if (last)
			assert_true(strcmp(last, bed->got.answer.docs[0].id) < 0);
		mem_free(last);
		last = str_dup(bed->got.answer.docs[0].id);
		mem_free(cursor);
		cursor = str_dup(bed->got.cursor);
		rows++;
	} while (cursor);
	mem_free(last);
	assert_int_equal(rows, ARRAY_LEN(odd) + 1);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		bed_del(bed, "odd", odd[i]);
	bed_del(bed, "odd", full);
	assert_int_equal(bed_count(bed, "odd", NULL, 0, 0), 0);
	assert_int_equal(bed_count(bed, "odd", "due", 5, 5), 0);
}

/* Any text but the empty one is a kind; kinds do not mix. */
static void test_odd_kinds(void **state)
{
	struct bed *bed = *state;

	for (size_t i = 1; i < ARRAY_LEN(odd); i++) {
		if (!str_starts(odd[i], "job/"))
			bed_put(bed, odd[i], "x", odd[i], NULL, 0);
		bed_ensure(bed, odd[i], odd[i], 1);
	}
	for (size_t i = 1; i < ARRAY_LEN(odd); i++) {
		if (!str_starts(odd[i], "job/"))
			assert_int_equal(bed_count(bed, odd[i], NULL, 0, 0), 1);
		assert_int_equal(bed_claim_kind(bed, odd[i], 5, 1000), 1);
		assert_string_equal(bed->got.answer.jobs[0].kind, odd[i]);
		assert_string_equal(bed->got.answer.jobs[0].subject, odd[i]);
	}
}

static void test_large(void **state)
{
	struct bed *bed = *state;
	char *large = mem_new(STORE_BODY_MAX + 1), id[] = "0";
	struct store_page page = {.kind = "large", .limit = 100};
	char *cursor = NULL;
	size_t rows = 0, pages = 0;

	memset(large, '[', STORE_BODY_MAX);
	for (size_t i = 0; i < 8; i++) {
		id[0] = (char)('0' + i);
		large[1] = id[0];
		bed_put(bed, "large", id, large, "due", 1);
	}
	const struct store_doc *doc = bed_get(bed, "large", "7");
	assert_int_equal(doc->body_len, STORE_BODY_MAX);
	assert_memory_equal(doc->body, large, STORE_BODY_MAX + 1);
	do { /* a page that would be too heavy is cut, and goes on */
		page.cursor = cursor;
		assert_status(bed, STORE_OK, bed_page(bed, &page));
		assert_true(bed->got.answer.docs_len > 0);
		assert_true(bed->got.answer.docs_len < 8);
		rows += bed->got.answer.docs_len;
		mem_free(cursor);
		cursor = str_dup(bed->got.cursor);
		pages++;
	} while (cursor);
	assert_int_equal(rows, 8);
	page = (struct store_page){.kind = "large", .limit = 100, .without_body = true};
	assert_status(bed, STORE_OK, bed_page(bed, &page));
	assert_int_equal(bed->got.answer.docs_len, 8);
	assert_null(bed->got.answer.docs[0].body);
	mem_free(large);
}

/* More than a commit may carry, in number and in bytes, with each document within its bounds. */
static void test_ceilings(void **state)
{
	struct bed *bed = *state;
	struct store_key *dels = MEM_NEW_ARRAY(STORE_ITEMS_MAX + 1, struct store_key);
	struct store_put puts[17] = {0};
	char *large = mem_new(STORE_BODY_MAX + 1);
	struct store_commit commit = {.dels = dels, .dels_len = STORE_ITEMS_MAX + 1};

	for (size_t i = 0; i <= STORE_ITEMS_MAX; i++)
		dels[i] = (struct store_key){"t", "x"};
	assert_status(bed, STORE_BAD, bed_commit(bed, &commit));
	commit.dels_len--;
	assert_status(bed, STORE_OK, bed_commit(bed, &commit));
	mem_free(dels);
	memset(large, '1', STORE_BODY_MAX);
	for (size_t i = 0; i < ARRAY_LEN(puts); i++)
		puts[i] = (struct store_put){.kind = "t", .id = "x", .body = large};
	commit = (struct store_commit){.puts = puts, .puts_len = ARRAY_LEN(puts)};
	assert_status(bed, STORE_BAD, bed_commit(bed, &commit));
	assert_int_equal(bed->got.answer.err.class, ERR_FULL);
	assert_int_equal(bed_rev(bed, "t", "x"), 0);
	mem_free(large);
}

/* Inputs belong to the caller and may go right after the call. */
static void test_inputs_are_copied(void **state)
{
	struct bed *bed = *state;
	struct got got = {.loop = bed->loop, .stops = true, .puts_len = 1};
	char kind[] = "t", id[] = "id", body[] = "{}", blob[] = "DER", job[] = "j";
	struct store_put put = {.kind = kind,
				.id = id,
				.body = body,
				.blob = blob,
				.blob_len = 3,
				.indexes = {{"due", 1}},
				.indexes_len = 1};
	struct store_job_change change = {JOB_ENSURE, job, job, job, job, body, 1};
	struct store_commit commit = {.puts = &put, .puts_len = 1, .jobs = &change, .jobs_len = 1};

	store_commit(bed->store, &commit, on_got, &got);
	kind[0] = id[0] = body[0] = blob[0] = job[0] = '!';
	put = (struct store_put){0};
	change = (struct store_job_change){0};
	bed_run_until(bed, &got);
	assert_int_equal(got.answer.status, STORE_OK);
	got_finish(&got);
	assert_string_equal(bed_body(bed, "t", "id"), "{}");
	assert_memory_equal(bed_get(bed, "t", "id")->blob, "DER", 3);
	assert_int_equal(bed_count(bed, "t", "due", 1, 1), 1);
	assert_int_equal(bed_job_int(bed, "j", "j", "due"), 1);
}

const struct CMUnitTest store_suite_docs[] = {
	cmocka_unit_test(test_put_get_delete), cmocka_unit_test(test_get_order),
	cmocka_unit_test(test_expectations),   cmocka_unit_test(test_conflict_index),
	cmocka_unit_test(test_expect_job),     cmocka_unit_test(test_blobs),
	cmocka_unit_test(test_index_columns),  cmocka_unit_test(test_same_key_twice),
	cmocka_unit_test(test_atomicity),      cmocka_unit_test(test_odd_ids),
	cmocka_unit_test(test_odd_kinds),      cmocka_unit_test(test_large),
	cmocka_unit_test(test_ceilings),       cmocka_unit_test(test_inputs_are_copied),
};
const size_t store_suite_docs_len = ARRAY_LEN(store_suite_docs);
