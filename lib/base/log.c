/*
 * The logger: one event, one line, one write. Formats for people, for machines and for the
 * journal; escapes whatever it is given. Keeps the subject's fields so that authors need not
 * repeat them. Never fails and never touches errno: who logs is busy with something else.
 */
#include "lib/base/log.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

#define FIELDS_MAX 32
#define CONTEXT_MAX 8
#define NUM_RING 16
#define NUM_LEN 24

/* Ceilings in bytes: a line stays below what one write to a pipe or the journal keeps whole in
 * practice; a value is cut before one stranger's field pushes out the others. */
#define LINE_MAX_BYTES 16384
#define VALUE_MAX_BYTES 2048
#define VALUE_CUT "..."
/* Kept free for the mark and the end of a line that is full. */
#define LINE_TAIL_BYTES 32

struct field {
	const char *key;
	const char *value;
};

struct fields {
	struct field list[FIELDS_MAX];
	size_t count;
};

static struct {
	enum log_level level;
	enum log_format format;
	const char *role;
	log_sink_fn *sink;
	void *sink_arg;
} logger = {.level = LOG_LEVEL_INFO};

static _Thread_local struct fields context;
static _Thread_local char num_ring[NUM_RING][NUM_LEN];
static _Thread_local size_t num_next;

bool log_level_parse(const char *text, enum log_level *out)
{
	static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
						LOG_LEVEL_DEBUG};
	size_t i;

	for (i = 0; i < ARRAY_LEN(levels); i++) {
		if (str_eq(text, log_level_text(levels[i]))) {
			*out = levels[i];
			return true;
		}
	}
	return false;
}

const char *log_level_text(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "unknown";
}

/* sd-daemon(3): the priority between angle brackets at the start of a line. */
static const char *journal_prefix(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "<3>";
	case LOG_LEVEL_WARN:
		return "<4>";
	case LOG_LEVEL_INFO:
		return "<6>";
	case LOG_LEVEL_DEBUG:
		return "<7>";
	}
	return "<5>";
}

void log_setup(enum log_level level, enum log_format format, const char *role)
{
	logger.level = level;
	logger.format = format;
	logger.role = role;
}

void log_set_level(enum log_level level)
{
	logger.level = level;
}

enum log_level log_get_level(void)
{
	return logger.level;
}

void log_set_sink(log_sink_fn *sink, void *arg)
{
	logger.sink = sink;
	logger.sink_arg = arg;
}

const char *log_num(int64_t n)
{
	char *text = num_ring[num_next++ % NUM_RING];

	snprintf(text, NUM_LEN, "%" PRId64, n);
	return text;
}

/* What LOG_NUM made is a number in JSON too; by its address, since digits alone may be a name. */
static bool is_num(const char *value)
{
	uintptr_t at = (uintptr_t)value;
	uintptr_t ring = (uintptr_t)num_ring;

	return at >= ring && at < ring + sizeof(num_ring);
}

void log_push(const char *key, const char *value)
{
	if (context.count == CONTEXT_MAX)
		bug("log context deeper than %d at %s", CONTEXT_MAX, key);
	context.list[context.count++] = (struct field){.key = key, .value = value};
}

void log_pop(void)
{
	if (context.count == 0)
		bug("log context popped when empty");
	context.count--;
}

static void fields_add(struct fields *fields, const char *key, const char *value)
{
	if (fields->count < FIELDS_MAX)
		fields->list[fields->count++] = (struct field){.key = key, .value = value};
}

static bool fields_have(const struct fields *fields, const char *key)
{
	size_t i;

	for (i = 0; i < fields->count; i++) {
		if (str_eq(fields->list[i].key, key))
			return true;
	}
	return false;
}

typedef void escape_fn(struct buf *out, const char *s, size_t len);

/* Cut before it is escaped, so that the cut is never inside an escape or its quotes. */
static void value_write(struct buf *line, escape_fn *escape, const char *value)
{
	size_t len = strlen(value);
	struct buf cut;

	if (len <= VALUE_MAX_BYTES) {
		escape(line, value, len);
		return;
	}
	len = VALUE_MAX_BYTES;
	/* Back to the start of a character. */
	while (len > VALUE_MAX_BYTES - 3 && ((unsigned char)value[len] & 0xc0) == 0x80)
		len--;
	buf_init(&cut, VALUE_MAX_BYTES + sizeof(VALUE_CUT));
	buf_add(&cut, value, len);
	buf_add_str(&cut, VALUE_CUT);
	escape(line, buf_text(&cut), cut.len);
	buf_finish(&cut);
}

static void field_write(struct buf *line, const struct field *field)
{
	const char *separator = line->len > 0 ? " " : "";

	if (logger.format != LOG_FORMAT_JSON) {
		buf_printf(line, "%s%s=", separator, field->key);
		if (field->value == NULL)
			buf_add_char(line, '-');
		else
			value_write(line, text_logfmt, field->value);
		return;
	}
	buf_printf(line, "%s\"", line->len > 1 ? "," : "");
	text_json(line, field->key, strlen(field->key));
	buf_add_str(line, "\":");
	if (field->value == NULL) {
		buf_add_str(line, "null");
	} else if (is_num(field->value)) {
		buf_add_str(line, field->value);
	} else {
		buf_add_char(line, '"');
		value_write(line, text_json, field->value);
		buf_add_char(line, '"');
	}
}

/* A field enters whole or not at all; false when the line is full. */
static bool field_add(struct buf *line, const char *key, const char *value)
{
	struct field field = {.key = key, .value = value};
	size_t before = line->len;

	field_write(line, &field);
	if (!line->overflow)
		return true;
	line->overflow = false;
	line->len = before;
	line->data[before] = '\0';
	return false;
}

static void line_start(struct buf *line, enum log_level level, const char *role, const char *phrase)
{
	char ts[CLOCK_TEXT_MAX];

	if (logger.format == LOG_FORMAT_JOURNAL) {
		/* systemd reads the prefix off the line: the sink's reader does not need it. */
		value_write(line, text_line, phrase);
		if (role != NULL)
			field_add(line, "role", role);
		return;
	}
	if (logger.format == LOG_FORMAT_JSON)
		buf_add_char(line, '{');
	field_add(line, "ts", clock_rfc3339_ms(clock_wall_ms(), ts));
	field_add(line, "level", log_level_text(level));
	if (role != NULL)
		field_add(line, "role", role);
	field_add(line, "msg", phrase);
}

static void line_write(enum log_level level, const struct buf *line)
{
	struct buf out;
	ssize_t written;

	buf_init(&out, LINE_MAX_BYTES + LINE_TAIL_BYTES);
	if (logger.format == LOG_FORMAT_JOURNAL)
		buf_add_str(&out, journal_prefix(level));
	buf_add(&out, buf_text(line), line->len);
	buf_add_char(&out, '\n');
	do {
		written = write(STDERR_FILENO, out.data, out.len);
	} while (written < 0 && errno == EINTR);
	buf_finish(&out);
}

static void line_emit(enum log_level level, const char *role, const char *phrase,
		      const struct fields *fields)
{
	int saved_errno = errno;
	bool cut = false;
	struct buf line;
	size_t i;

	buf_init(&line, LINE_MAX_BYTES - LINE_TAIL_BYTES);
	line_start(&line, level, role, phrase);
	for (i = 0; i < fields->count && !cut; i++)
		cut = !field_add(&line, fields->list[i].key, fields->list[i].value);
	line.max = LINE_MAX_BYTES;
	if (cut)
		field_add(&line, "cut", "yes");
	if (logger.format == LOG_FORMAT_JSON)
		buf_add_char(&line, '}');
	if (logger.sink != NULL)
		logger.sink(logger.sink_arg, level, buf_text(&line));
	else
		line_write(level, &line);
	buf_finish(&line);
	errno = saved_errno;
}

void log_relay(enum log_level level, const char *role, const char *line)
{
	static const struct fields none;

	if (level <= logger.level)
		line_emit(level, role, line, &none);
}

void log_at(enum log_level level, const char *phrase, ...)
{
	struct fields pairs = {.count = 0};
	struct fields all = {.count = 0};
	const char *key;
	va_list args;
	size_t i;

	if (level > logger.level)
		return;
	va_start(args, phrase);
	while ((key = va_arg(args, const char *)) != NULL)
		fields_add(&pairs, key, va_arg(args, const char *));
	va_end(args);
	/* The subject comes first; what the author says of it again wins. */
	for (i = 0; i < context.count; i++) {
		if (!fields_have(&pairs, context.list[i].key))
			fields_add(&all, context.list[i].key, context.list[i].value);
	}
	for (i = 0; i < pairs.count; i++)
		fields_add(&all, pairs.list[i].key, pairs.list[i].value);
	line_emit(level, logger.role, phrase, &all);
}
