/*
 * Allocation that succeeds or ends the process, string copies, and arenas. Everything in the
 * tree gets its memory here, the JSON library included. Never returns NULL, never logs: with
 * no memory left there is nothing to build a line with.
 */
#include "lib/base/mem.h"
#include "lib/base/err.h"

#include <stdarg.h>
#include <unistd.h>

/* Enough for a configuration's small things in few blocks, small enough for one document. */
#define ARENA_BLOCK_SIZE 4096

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	max_align_t data[];
};

static void NORETURN out_of_memory(void)
{
	static const char text[] = "out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(72);
	/* EX_OSERR: the supervisor restarts us, and a core would only add pressure. */
	_exit(71);
}

void *mem_new(size_t size)
{
	void *ptr = calloc(1, size > 0 ? size : 1);

	if (ptr == NULL)
		out_of_memory();
	return ptr;
}

void *mem_new_array(size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		bug("array of %zu times %zu bytes", count, size);
	return mem_new(total);
}

void *mem_resize(void *ptr, size_t count, size_t size)
{
	size_t total;
	void *resized;

	if (__builtin_mul_overflow(count, size, &total))
		bug("array of %zu times %zu bytes", count, size);
	resized = realloc(ptr, total > 0 ? total : 1);
	if (resized == NULL)
		out_of_memory();
	return resized;
}

void *mem_dup(const void *ptr, size_t len)
{
	char *copy;

	if (len == SIZE_MAX)
		bug("copy of %zu bytes", len);
	copy = mem_resize(NULL, len + 1, 1);
	if (len > 0)
		memcpy(copy, ptr, len);
	copy[len] = '\0';
	return copy;
}

void mem_free(void *ptr)
{
	free(ptr);
}

void mem_wipe(void *ptr, size_t len)
{
	if (len > 0)
		explicit_bzero(ptr, len);
}

char *str_dup(const char *s)
{
	return s != NULL ? mem_dup(s, strlen(s)) : NULL;
}

char *str_dup_n(const char *s, size_t len)
{
	return s != NULL ? mem_dup(s, strnlen(s, len)) : NULL;
}

char *str_printf(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		out_of_memory();
	va_end(args);
	return text;
}

static struct arena_block *block_new(size_t size)
{
	struct arena_block *block = mem_new(sizeof(*block) + size);

	block->size = size;
	return block;
}

static size_t round_up(size_t size)
{
	const size_t align = _Alignof(max_align_t);

	if (size > SIZE_MAX / 2)
		bug("arena allocation of %zu bytes", size);
	return size > 0 ? (size + align - 1) / align * align : align;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t need = round_up(size);
	void *ptr;

	if (block != NULL && block->size - block->used >= need) {
		ptr = (char *)block->data + block->used;
		block->used += need;
	} else {
		struct arena_block *fresh;
		bool own = need > ARENA_BLOCK_SIZE / 4;

		fresh = block_new(own ? need : ARENA_BLOCK_SIZE);
		fresh->used = need;
		if (own && block != NULL) {
			/* Behind the first: that one still has room for small things. */
			fresh->next = block->next;
			block->next = fresh;
		} else {
			fresh->next = block;
			arena->blocks = fresh;
		}
		ptr = fresh->data;
	}
	arena->used += size;
	return ptr;
}

char *arena_str(struct arena *arena, const char *s)
{
	return s != NULL ? arena_str_n(arena, s, strlen(s)) : NULL;
}

char *arena_str_n(struct arena *arena, const char *s, size_t len)
{
	char *copy;

	if (s == NULL)
		return NULL;
	len = strnlen(s, len);
	copy = arena_alloc(arena, len + 1);
	memcpy(copy, s, len);
	return copy;
}

void arena_finish(struct arena *arena)
{
	if (arena == NULL)
		return;
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		mem_free(block);
	}
	arena->used = 0;
}
