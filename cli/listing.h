/*
 * What every command that lists has in common: --format, --columns, --sort, --limit, --exit-code,
 * one word to look for, and the four forms of output.
 */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include "cli/client.h"

#define LISTING_COLUMNS_MAX 80

struct listing {
	const struct cmd *cmd;
	const char *path;	    /* "/api/v1/targets" */
	const char *const *columns; /* all, in the order of --format csv; ends with NULL */
	const char *const *usual;   /* of a table; ends with NULL */
	bool tags;		    /* knows tag.NAME */
	bool word;		    /* takes a WORD */
	bool all;		    /* knows --all */
};
int listing_run(const struct listing *listing, const struct globals *globals, int argc,
		char **argv);

/* A value of a row as people read it: lists joined, times short, booleans yes and no. buf is
 * appended to. */
void listing_text(struct buf *out, const char *column, const json_t *value);
/* Escape sequence for a row by its severity, or "". */
const char *listing_color(const json_t *row);

/* The options every listing shares, in help texts. */
#define LISTING_HELP                                                                        \
	"      --format F       table, json, ndjson or csv\n"                               \
	"      --columns A,B    these columns in this order; @default are the usual ones\n" \
	"      --sort COLUMN    sort by it; -COLUMN the other way round\n"                  \
	"      --limit N        at most N rows\n"                                           \
	"      --exit-code      status 1 when there is any row\n"

#endif
