/*
 * One line per event: a fixed phrase, then key=value. Level by who must act.
 * Foreign bytes are escaped here, so callers pass them as they are.
 *
 *     log_info("probe finished", "target", t, "outcome", "ok", NULL);
 *
 * Pairs are const char * and end with NULL; a NULL value prints as `-`. Numbers go
 * through LOG_NUM(n), which formats into a small ring of thread-local buffers.
 */
#ifndef LIB_BASE_LOG_H
#define LIB_BASE_LOG_H

#include "lib/base/sys.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_format {
	LOG_FORMAT_LOGFMT,  /* ts=... level=... msg="..." k=v: stderr outside systemd */
	LOG_FORMAT_JSON,    /* one object a line */
	LOG_FORMAT_JOURNAL, /* "<N>" prefix, no time: stderr is the journal */
};

bool log_level_parse(const char *text, enum log_level *out) MUST_CHECK;
const char *log_level_text(enum log_level level);

/* Process-wide. role ("keeper", "prober") is printed in each line when not NULL; borrowed. */
void log_setup(enum log_level level, enum log_format format, const char *role);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Tests and children take the lines instead of stderr; NULL restores. `line` has no newline. */
typedef void log_sink_fn(void *arg, enum log_level level, const char *line);
void log_set_sink(log_sink_fn *sink, void *arg);

/* A line that was already formatted by a child process (its level, its text); escaped and
 * passed on as the phrase, without the context. */
void log_relay(enum log_level level, const char *role, const char *line);

void log_at(enum log_level level, const char *phrase, ...) __attribute__((sentinel));
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

const char *log_num(int64_t n);
#define LOG_NUM(n) log_num((int64_t)(n))

/*
 * The subject's fields: pushed by the engine that works on a subject, added to every line
 * until popped. Borrowed strings; at most 8 deep.
 */
void log_push(const char *key, const char *value);
void log_pop(void);

#endif
