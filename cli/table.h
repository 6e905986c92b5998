/*
 * Tables for a terminal: columns as wide as they need, the widest cut until the line fits the
 * window.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "lib/base/sys.h"

struct table {
	const char **heads; /* borrowed */
	size_t columns;
	char **cells;	     /* rows * columns, already harmless for a terminal */
	const char **colors; /* one a row: an escape sequence or "" */
	size_t rows, cap;
};
void table_init(struct table *table, const char **heads, size_t columns);
void table_finish(struct table *table);
/* Texts are escaped here (foreign text may come in); NULL is shown as "-". color borrowed, NULL:
 * none. */
void table_row(struct table *table, const char *const *texts, const char *color);
/* width 0: as wide as it gets. */
void table_print(const struct table *table, FILE *out, size_t width, bool color);
/* Columns of the window of this stream; 0 when it is none. $COLUMNS counts. */
size_t table_window(FILE *out);

#endif
