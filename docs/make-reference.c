/*
 * Writes the configuration's reference to standard output; `mdoc` as argument gives the body of the
 * manual page, otherwise it is Markdown.
 */
#include "lib/base/sys.h"

#include "config/config.h"

int main(int argc, char **argv)
{
	char *text = config_reference(argc > 1 && strcmp(argv[1], "mdoc") == 0);

	fputs(text, stdout);
	mem_free(text);
	return 0;
}
