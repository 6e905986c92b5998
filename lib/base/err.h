/*
 * "A call could not do its work": class and sentence for the caller, filled by the
 * callee. Library code never logs; it returns. The world failing (refused, expired)
 * is not an error but an outcome.
 */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

#include "lib/base/sys.h"

enum err_class {
	ERR_NONE = 0,
	ERR_INVALID,	 /* the input is wrong: tell who wrote it */
	ERR_MISSING,	 /* no such thing */
	ERR_DENIED,	 /* permission */
	ERR_UNAVAILABLE, /* store, child or peer away: try again later */
	ERR_FULL,	 /* disk, table or ceiling */
	ERR_CONFLICT,	 /* somebody else was first */
	ERR_INTERNAL,	 /* library failed in an unexpected way */
};

struct err {
	enum err_class class;
	char text[512]; /* one sentence, no newline, foreign bytes already escaped */
};

/* Sets class and sentence (cut at the ceiling, control bytes escaped) and returns false, so that
 * `return err_set(err, ...)` reads well. err may be NULL. */
bool err_set(struct err *err, enum err_class class, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Puts "prefix: " before what is there. Returns false. */
bool err_prefix(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *err_class_text(enum err_class class);

/* "We are wrong": logs file and line, aborts. */
#define bug(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
void bug_at(const char *file, int line, const char *fmt, ...) NORETURN PRINTF_LIKE(3, 4);

#endif
