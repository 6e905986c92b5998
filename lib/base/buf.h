/*
 * A growing byte buffer with a ceiling. A write that would pass the ceiling is
 * dropped whole and sets `overflow`, which stays set until buf_reset; so a writer
 * checks once at the end. data[len] is always 0 once anything was allocated.
 */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include "lib/base/sys.h"
#include <stdarg.h>

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max; /* ceiling on len; 0 is not valid, use buf_init */
	bool overflow;
};

void buf_init(struct buf *buf, size_t max);
void buf_finish(struct buf *buf); /* accepts NULL and zeroed */
void buf_reset(struct buf *buf);  /* len 0, overflow off, memory kept */

/* False when the ceiling was hit now or before. */
bool buf_add(struct buf *buf, const void *data, size_t len);
bool buf_add_str(struct buf *buf, const char *s);
bool buf_add_char(struct buf *buf, char c);
bool buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
bool buf_vprintf(struct buf *buf, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

/* Room for len more bytes to be written by the caller, who then calls buf_added;
 * NULL when the ceiling forbids it. */
char *buf_space(struct buf *buf, size_t len);
void buf_added(struct buf *buf, size_t len);
/* Drops the first len bytes. */
void buf_consume(struct buf *buf, size_t len);
/* NUL-terminated content, "" when empty; borrowed. */
const char *buf_text(const struct buf *buf);
/* The content as a heap string the caller owns; buf is empty afterwards. */
char *buf_take(struct buf *buf);

#endif
