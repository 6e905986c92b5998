/*
 * Fills struct err for callees, and ends the process where we ourselves are wrong. Called from
 * everywhere; writes to the log only in bug_at.
 */
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

/* Far above the ceiling of a sentence; more is not worth formatting. */
#define ERR_RAW_MAX 4096
#define ERR_CUT "..."

static void err_fill(struct err *err, const char *prefix, const char *text)
{
	const size_t ceiling = sizeof(err->text) - sizeof(ERR_CUT);
	struct buf out;

	buf_init(&out, ceiling);
	text_line(&out, prefix, strlen(prefix));
	text_line(&out, text, strlen(text));
	memcpy(err->text, buf_text(&out), out.len + 1);
	if (out.overflow)
		memcpy(err->text + out.len, ERR_CUT, sizeof(ERR_CUT));
	buf_finish(&out);
}

bool err_set(struct err *err, enum err_class class, const char *fmt, ...)
{
	char raw[ERR_RAW_MAX];
	va_list args;

	if (err == NULL)
		return false;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	err->class = class;
	err_fill(err, "", raw);
	return false;
}

bool err_prefix(struct err *err, const char *fmt, ...)
{
	char raw[ERR_RAW_MAX];
	struct err before;
	va_list args;

	if (err == NULL)
		return false;
	before = *err;
	va_start(args, fmt);
	vsnprintf(raw, sizeof(raw) - 2, fmt, args);
	va_end(args);
	memcpy(raw + strlen(raw), ": ", sizeof(": "));
	err_fill(err, raw, before.text);
	return false;
}

const char *err_class_text(enum err_class class)
{
	switch (class) {
	case ERR_NONE:
		return "none";
	case ERR_INVALID:
		return "invalid";
	case ERR_MISSING:
		return "missing";
	case ERR_DENIED:
		return "denied";
	case ERR_UNAVAILABLE:
		return "unavailable";
	case ERR_FULL:
		return "full";
	case ERR_CONFLICT:
		return "conflict";
	case ERR_INTERNAL:
		return "internal";
	}
	return "unknown";
}

void bug_at(const char *file, int line, const char *fmt, ...)
{
	static _Thread_local bool inside;
	char text[512];
	va_list args;

	/* A bug in the logger would come back here for ever. */
	if (inside)
		abort();
	inside = true;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_error("bug", "file", file, "line", LOG_NUM(line), "text", text, NULL);
	abort();
}
