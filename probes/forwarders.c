/*
 * See forwarders.h. Counts what the resolver was configured with, by the same rules: a list of
 * ADDRESS or ADDRESS@PORT, or the nameserver lines of resolv.conf. Called once, before the sandbox
 * closes.
 */
#include "lib/base/sys.h"
#include "probes/forwarders.h"

#include "lib/base/str.h"

#define LINE_LEN 1024

static size_t count_list(const char *list)
{
	size_t count = 0;
	while (*list) {
		list += strspn(list, ", \t");
		count += *list != 0;
		list += strcspn(list, ",");
	}
	return count;
}

static size_t count_file(const char *path)
{
	static const char keyword[] = "nameserver";
	char line[LINE_LEN];
	size_t count = 0;
	FILE *file = fopen(path, "re");

	while (file && fgets(line, sizeof(line), file)) {
		struct address address;
		char *text = line + strlen(keyword);
		if (!str_starts(line, keyword) || (*text != ' ' && *text != '\t'))
			continue;
		text += strspn(text, " \t");
		text[strcspn(text, " \t\r\n")] = 0;
		count += address_parse(text, &address);
	}
	if (file)
		fclose(file);
	return count;
}

size_t forwarders_count(const struct resolver_config *config)
{
	if (!str_eq(config->servers, "system"))
		return count_list(config->servers);
	return count_file(config->resolv_conf);
}
