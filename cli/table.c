/*
 * Layout of tables.
 */
#include "cli/table.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/base/text.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define CELL_MAX 65536
#define GAP 2
#define NARROWEST 8

void table_init(struct table *table, const char **heads, size_t columns)
{
	*table = (struct table){.heads = heads, .columns = columns};
}

void table_finish(struct table *table)
{
	for (size_t i = 0; i < table->rows * table->columns; i++)
		mem_free(table->cells[i]);
	mem_free(table->cells);
	mem_free(table->colors);
	*table = (struct table){0};
}

static char *harmless(const char *text)
{
	struct buf out;
	char *cell;

	if (!text || !*text)
		return str_dup("-");
	buf_init(&out, CELL_MAX);
	text_line(&out, text, strnlen(text, CELL_MAX / 16));
	cell = out.len ? buf_take(&out) : str_dup("-");
	buf_finish(&out);
	return cell;
}

void table_row(struct table *table, const char *const *texts, const char *color)
{
	if (table->rows == table->cap) {
		table->cap = table->cap ? table->cap * 2 : 64;
		table->cells = mem_resize(table->cells, table->cap * table->columns,
					  sizeof(*table->cells));
		table->colors = mem_resize(table->colors, table->cap, sizeof(*table->colors));
	}
	for (size_t i = 0; i < table->columns; i++)
		table->cells[table->rows * table->columns + i] = harmless(texts[i]);
	table->colors[table->rows++] = color ? color : "";
}

size_t table_window(FILE *out)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (!isatty(fileno(out)))
		return 0;
	if (columns && str_to_u64(columns, 20, 10000, &width))
		return (size_t)width;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

static void measure(const struct table *table, size_t *widths)
{
	for (size_t c = 0; c < table->columns; c++) {
		widths[c] = text_width(table->heads[c]);
		for (size_t r = 0; r < table->rows; r++) {
			size_t width = text_width(table->cells[r * table->columns + c]);

			widths[c] = width > widths[c] ? width : widths[c];
		}
	}
}

/* The widest column gives way until the line fits or nothing can give. */
static void fit(size_t *widths, size_t columns, size_t window)
{
	for (;;) {
		size_t total = (columns - 1) * GAP, widest = 0;

		for (size_t c = 0; c < columns; c++) {
			total += widths[c];
			widest = widths[c] > widths[widest] ? c : widest;
		}
		if (total <= window || widths[widest] <= NARROWEST)
			return;
		widths[widest] -= total - window < widths[widest] - NARROWEST && columns == 1
					  ? total - window
					  : 1;
	}
}

/* One cell, cut with an ellipsis, padded unless it is the last. */
static void print_cell(FILE *out, const char *text, size_t width, bool last)
{
	size_t used = text_width(text);
	char cut[CELL_MAX];

	if (used > width) {
		size_t len = strlen(text);

		str_copy(cut, sizeof(cut), text);
		while (len > 0 && text_width(cut) + 1 > width) {
			do
				len--;
			while (len > 0 && ((unsigned char)cut[len] & 0xc0) == 0x80);
			cut[len] = '\0';
		}
		fprintf(out, "%s\u2026", cut);
		used = text_width(cut) + 1;
	} else {
		fputs(text, out);
	}
	if (!last)
		fprintf(out, "%*s", (int)(width > used ? width - used + GAP : GAP), "");
}

void table_print(const struct table *table, FILE *out, size_t width, bool color)
{
	size_t *widths = MEM_NEW_ARRAY(table->columns, size_t);

	measure(table, widths);
	if (width > 0)
		fit(widths, table->columns, width);
	for (size_t c = 0; c < table->columns; c++)
		print_cell(out, table->heads[c], widths[c], c + 1 == table->columns);
	fputc('\n', out);
	for (size_t r = 0; r < table->rows; r++) {
		bool colored = color && *table->colors[r];

		if (colored)
			fputs(table->colors[r], out);
		for (size_t c = 0; c < table->columns; c++)
			print_cell(out, table->cells[r * table->columns + c], widths[c],
				   c + 1 == table->columns);
		fputs(colored ? "\033[0m\n" : "\n", out);
	}
	mem_free(widths);
}
