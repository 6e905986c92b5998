/*
 * A probe's results for people and machines: table, JSON array, NDJSON, CSV; each written as it
 * comes.
 */
#ifndef CLI_PROBE_PRINT_H
#define CLI_PROBE_PRINT_H

#include "cli/cmd.h"
#include "cli/probing.h"

struct probe_printer {
	enum format format;
	bool color;
	int64_t count;
};
void probe_print_start(struct probe_printer *printer, enum format format, bool color);
void probe_print(struct probe_printer *printer, const struct probing_result *result);
void probe_print_end(struct probe_printer *printer);

#endif
