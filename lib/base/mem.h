/*
 * Memory that cannot fail: out of memory ends the process, because a supervised
 * restart plus leases is a better recovery than a thousand untested branches.
 * Honest only because every size a stranger can influence has a ceiling (buf.h).
 */
#ifndef LIB_BASE_MEM_H
#define LIB_BASE_MEM_H

#include "lib/base/sys.h"

/* Zeroed memory; size 0 gives a valid pointer. Release with mem_free. */
void *mem_new(size_t size);
/* Zeroed array; the product is checked for overflow. */
void *mem_new_array(size_t count, size_t size);
/* Resizes an array (ptr may be NULL); new bytes are NOT zeroed. */
void *mem_resize(void *ptr, size_t count, size_t size);
/* Copy of len bytes, followed by a NUL byte that len does not count. */
void *mem_dup(const void *ptr, size_t len);
void mem_free(void *ptr);
/* Wipes in a way the compiler keeps. */
void mem_wipe(void *ptr, size_t len);

/* NULL in, NULL out. */
char *str_dup(const char *s);
char *str_dup_n(const char *s, size_t len);
char *str_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

#define MEM_NEW(type) ((type *)mem_new(sizeof(type)))
#define MEM_NEW_ARRAY(count, type) ((type *)mem_new_array((count), sizeof(type)))

/*
 * An arena: things with one lifetime, freed together. arena_alloc memory is zeroed
 * and aligned for any type. A zeroed struct arena is valid and empty.
 */
struct arena_block;
struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes handed out in total */
};
void *arena_alloc(struct arena *arena, size_t size);
char *arena_str(struct arena *arena, const char *s);
char *arena_str_n(struct arena *arena, const char *s, size_t len);
void arena_finish(struct arena *arena);

#endif
