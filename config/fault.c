/*
 * Faults: gathered all at once, each with its place, shown in the form editors jump to.
 */
#include "config/node.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#define FAULTS_MAX 200
#define FAULT_TEXT_MAX 1024

void fault_add(struct faults *faults, const struct config_place *place, bool warning,
	       const char *fmt, ...)
{
	struct buf text, shown;
	struct fault *fault;
	va_list args;

	if (faults->len >= FAULTS_MAX)
		return;
	buf_init(&text, FAULT_TEXT_MAX);
	buf_init(&shown, 4 * FAULT_TEXT_MAX);
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	if (faults->len == FAULTS_MAX - 1) {
		buf_reset(&text);
		buf_add_str(&text, "further faults are not shown");
	}
	/* A fault quotes what was written, and that may be anything. */
	text_terminal(&shown, buf_text(&text), text.len);
	faults->list = mem_resize(faults->list, faults->len + 1, sizeof(*faults->list));
	fault = &faults->list[faults->len++];
	*fault = (struct fault){
		.file = str_dup(place ? place->file : ""),
		.line = place ? place->line : 0,
		.column = place ? place->column : 0,
		.text = buf_take(&shown),
		.warning = warning,
	};
	buf_finish(&text);
	buf_finish(&shown);
}

void faults_finish(struct faults *faults)
{
	for (size_t i = 0; i < faults->len; i++) {
		mem_free(faults->list[i].file);
		mem_free(faults->list[i].text);
	}
	mem_free(faults->list);
	*faults = (struct faults){0};
}

static int by_place(const void *a, const void *b)
{
	const struct fault *fa = a, *fb = b;
	int order = strcmp(fa->file, fb->file);

	if (order == 0)
		order = (fa->line > fb->line) - (fa->line < fb->line);
	return order ? order : (fa->column > fb->column) - (fa->column < fb->column);
}

char *faults_text(const struct faults *faults)
{
	struct fault *sorted = mem_dup(faults->list, faults->len * sizeof(*sorted));
	struct buf out;
	char *text;

	buf_init(&out, FAULTS_MAX * 8 * FAULT_TEXT_MAX);
	if (faults->len)
		qsort(sorted, faults->len, sizeof(*sorted), by_place);
	for (size_t i = 0; i < faults->len; i++) {
		const struct fault *fault = &sorted[i];

		if (fault->line)
			buf_printf(&out, "%s:%d:%d: ", fault->file, fault->line, fault->column);
		else
			buf_printf(&out, "%s: ", fault->file);
		buf_printf(&out, "%s%s\n", fault->warning ? "warning: " : "", fault->text);
	}
	text = buf_take(&out);
	if (!text)
		text = str_dup("");
	buf_finish(&out);
	mem_free(sorted);
	return text;
}
