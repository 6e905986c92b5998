/*
 * Run-time versions of the backends' libraries, for --version.
 */
#include "stores/sqlite.h"

void stores_versions(FILE *out)
{
	fprintf(out, "SQLite %s\n", sqlite3_libversion());
}
