/*
 * lib/base/mem: zeroing, the NUL behind copies, overflowing products, and arenas.
 */
#include "lib/base/mem.h"
#include "tests/unit/bugs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void allocates_zeroed(void **state UNUSED)
{
	unsigned char *bytes = mem_new(1000);
	uint32_t *numbers = MEM_NEW_ARRAY(100, uint32_t);
	void *nothing = mem_new(0);
	size_t i;

	for (i = 0; i < 1000; i++)
		assert_int_equal(bytes[i], 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(numbers[i], 0);
	assert_non_null(nothing);
	mem_free(nothing);
	mem_free(numbers);
	mem_free(bytes);
	mem_free(NULL);
}

static void resizes(void **state UNUSED)
{
	uint64_t *list = NULL;
	size_t i;

	for (i = 0; i < 100; i++) {
		list = mem_resize(list, i + 1, sizeof(*list));
		list[i] = i;
	}
	for (i = 0; i < 100; i++)
		assert_int_equal(list[i], i);
	list = mem_resize(list, 0, sizeof(*list));
	assert_non_null(list);
	mem_free(list);
}

static void new_array_overflow(void)
{
	mem_free(mem_new_array(SIZE_MAX / 2, 3));
}

static void resize_overflow(void)
{
	mem_free(mem_resize(NULL, SIZE_MAX / 2, 3));
}

static void dup_overflow(void)
{
	mem_free(mem_dup("", SIZE_MAX));
}

static void overflow_is_a_bug(void **state UNUSED)
{
	assert_true(ends_in_bug(new_array_overflow));
	assert_true(ends_in_bug(resize_overflow));
	assert_true(ends_in_bug(dup_overflow));
}

static void ends_when_out_of_memory(void **state UNUSED)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit little = {.rlim_cur = 1, .rlim_max = 1};

		close(STDERR_FILENO);
		/* A sanitizer maps terabytes and speaks up itself: there the limit says nothing. */
#ifndef EXPIRYD_SANITIZERS
		setrlimit(RLIMIT_AS, &little);
		mem_free(mem_new((size_t)1 << 30));
#else
		(void)little;
		_exit(72);
#endif
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	/* 72: it could not even say so, stderr being closed. */
	assert_int_equal(WEXITSTATUS(status), 72);
}

static void copies(void **state UNUSED)
{
	char *bytes = mem_dup("a\0b", 3);
	char *none = mem_dup(NULL, 0);
	char *part = str_dup_n("abcdef", 3);
	char *whole = str_dup_n("ab", 30);
	char *text = str_printf("%s-%d", "x", 7);

	assert_memory_equal(bytes, "a\0b\0", 4);
	assert_string_equal(none, "");
	assert_string_equal(part, "abc");
	assert_string_equal(whole, "ab");
	assert_string_equal(text, "x-7");
	assert_null(str_dup(NULL));
	assert_null(str_dup_n(NULL, 3));
	mem_free(bytes);
	mem_free(none);
	mem_free(part);
	mem_free(whole);
	mem_free(text);
}

static void wipes(void **state UNUSED)
{
	char secret[16] = "secret";

	mem_wipe(secret, sizeof(secret));
	assert_memory_equal(secret, (char[16]){0}, sizeof(secret));
	mem_wipe(NULL, 0);
}

static void arena_gives_aligned_zeroes(void **state UNUSED)
{
	static const size_t sizes[] = {0, 1, 7, 16, 17, 1000, 1024, 1025, 4096, 100000, 3};
	struct arena arena = {0};
	size_t total = 0;
	size_t round;
	size_t i;

	for (round = 0; round < 20; round++) {
		for (i = 0; i < ARRAY_LEN(sizes); i++) {
			unsigned char *ptr = arena_alloc(&arena, sizes[i]);
			size_t j;

			assert_non_null(ptr);
			assert_int_equal((uintptr_t)ptr % _Alignof(max_align_t), 0);
			for (j = 0; j < sizes[i]; j++)
				assert_int_equal(ptr[j], 0);
			memset(ptr, 0xee, sizes[i]);
			total += sizes[i];
			assert_int_equal(arena.used, total);
		}
	}
	arena_finish(&arena);
	assert_null(arena.blocks);
	assert_int_equal(arena.used, 0);
	arena_finish(&arena);
	arena_finish(NULL);
}

static void arena_keeps_strings(void **state UNUSED)
{
	struct arena arena = {0};
	const char *first = arena_str(&arena, "first");
	const char *cut = arena_str_n(&arena, "second", 3);
	size_t i;

	for (i = 0; i < 1000; i++)
		assert_string_equal(arena_str(&arena, "another"), "another");
	assert_string_equal(first, "first");
	assert_string_equal(cut, "sec");
	assert_string_equal(arena_str(&arena, ""), "");
	assert_null(arena_str(&arena, NULL));
	assert_null(arena_str_n(&arena, NULL, 2));
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocates_zeroed),
		cmocka_unit_test(resizes),
		cmocka_unit_test(overflow_is_a_bug),
		cmocka_unit_test(ends_when_out_of_memory),
		cmocka_unit_test(copies),
		cmocka_unit_test(wipes),
		cmocka_unit_test(arena_gives_aligned_zeroes),
		cmocka_unit_test(arena_keeps_strings),
	};

	return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
