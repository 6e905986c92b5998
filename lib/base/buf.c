/*
 * The growing byte buffer with a ceiling: whatever a stranger can make long goes through here.
 * Never fails for want of memory (mem.c ends the process), only at its ceiling, and then
 * remembers it.
 */
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define BUF_FIRST_CAP 64

void buf_init(struct buf *buf, size_t max)
{
	/* One byte more than the ceiling is allocated, for the NUL. */
	if (max == 0 || max == SIZE_MAX)
		bug("buffer with a ceiling of %zu", max);
	*buf = (struct buf){.max = max};
}

void buf_finish(struct buf *buf)
{
	if (buf == NULL)
		return;
	mem_free(buf->data);
	*buf = (struct buf){.max = buf->max};
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->overflow = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

/* Room for len more bytes and the NUL, or false and overflow. */
static bool buf_reserve(struct buf *buf, size_t len)
{
	size_t need;
	size_t cap;

	if (buf->max == 0)
		bug("buffer used before buf_init");
	if (buf->overflow || len > buf->max - buf->len) {
		buf->overflow = true;
		return false;
	}
	need = buf->len + len + 1;
	if (need <= buf->cap)
		return true;
	cap = buf->cap <= SIZE_MAX / 2 ? buf->cap * 2 : SIZE_MAX;
	if (cap < BUF_FIRST_CAP)
		cap = BUF_FIRST_CAP;
	if (cap < need)
		cap = need;
	if (cap > buf->max + 1)
		cap = buf->max + 1;
	buf->data = mem_resize(buf->data, cap, 1);
	buf->cap = cap;
	buf->data[buf->len] = '\0';
	return true;
}

bool buf_add(struct buf *buf, const void *data, size_t len)
{
	if (!buf_reserve(buf, len))
		return false;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return true;
}

bool buf_add_str(struct buf *buf, const char *s)
{
	return buf_add(buf, s, strlen(s));
}

bool buf_add_char(struct buf *buf, char c)
{
	return buf_add(buf, &c, 1);
}

bool buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	bool fits;

	va_start(args, fmt);
	fits = buf_vprintf(buf, fmt, args);
	va_end(args);
	return fits;
}

bool buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
	va_list again;
	size_t room;
	int len;

	if (!buf_reserve(buf, 0))
		return false;
	room = buf->cap - buf->len;
	va_copy(again, args);
	len = vsnprintf(buf->data + buf->len, room, fmt, args);
	if (len < 0)
		bug("format \"%s\"", fmt);
	/* What did not fit is undone before anything else can see it. */
	if ((size_t)len >= room) {
		buf->data[buf->len] = '\0';
		if (buf_reserve(buf, (size_t)len))
			vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
	}
	va_end(again);
	if (buf->overflow)
		return false;
	buf->len += (size_t)len;
	return true;
}

char *buf_space(struct buf *buf, size_t len)
{
	return buf_reserve(buf, len) ? buf->data + buf->len : NULL;
}

void buf_added(struct buf *buf, size_t len)
{
	if (buf->data == NULL || len > buf->cap - 1 - buf->len)
		bug("%zu bytes added without the space for them", len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_consume(struct buf *buf, size_t len)
{
	if (len > buf->len)
		bug("%zu bytes consumed of %zu", len, buf->len);
	if (len == 0)
		return;
	memmove(buf->data, buf->data + len, buf->len - len + 1);
	buf->len -= len;
}

const char *buf_text(const struct buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

char *buf_take(struct buf *buf)
{
	char *text = buf->data != NULL ? buf->data : str_dup("");

	buf->data = NULL;
	buf->len = 0;
	buf->cap = 0;
	return text;
}
