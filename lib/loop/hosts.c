/*
 * The hosts file: "ADDRESS NAME...", read line by line with ceilings, because block lists of
 * hundreds of thousands of lines are put there. What cannot be read in it is passed over, as
 * the C library does.
 */
#include "lib/loop/hosts.h"
#include "lib/loop/resolve_inside.h"

#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <uthash.h>

#define LINE_LEN 4096
#define NAMES_MAX 1000000

struct place {
	struct place *next;
	struct address address;
};

struct host {
	UT_hash_handle hh;
	const char *name;
	struct place *first, *last;
};

struct hosts {
	struct arena arena;
	struct host *by_name;
	size_t names;
};

static void entry_add(struct hosts *hosts, const char *name, const struct address *address)
{
	struct place *place = arena_alloc(&hosts->arena, sizeof(*place));
	struct host *host;

	HASH_FIND_STR(hosts->by_name, name, host);
	if (!host) {
		host = arena_alloc(&hosts->arena, sizeof(*host));
		host->name = arena_str(&hosts->arena, name);
		HASH_ADD_KEYPTR(hh, hosts->by_name, host->name, strlen(host->name), host);
	}
	place->address = *address;
	if (host->last)
		host->last->next = place;
	else
		host->first = place;
	host->last = place;
	hosts->names++;
}

static void line_read(struct hosts *hosts, char *line)
{
	static const char blanks[] = " \t\r\n";
	struct address address;
	char *rest = line;
	char *word;
	bool first = true;

	line[strcspn(line, "#")] = '\0';
	while ((word = strsep(&rest, blanks)) && hosts->names < NAMES_MAX) {
		size_t len = strlen(word);

		if (len == 0)
			continue;
		if (first && !address_parse(word, &address))
			return;
		if (!first) {
			if (word[len - 1] == '.')
				word[len - 1] = '\0';
			str_lower(word);
			entry_add(hosts, word, &address);
		}
		first = false;
	}
}

/* A line that is longer than the room for it is passed over whole. */
static void lines_read(struct hosts *hosts, FILE *file)
{
	char line[LINE_LEN];
	bool inside = false;

	while (fgets(line, sizeof(line), file)) {
		bool whole = strchr(line, '\n') || feof(file);

		if (whole && !inside)
			line_read(hosts, line);
		inside = !whole;
	}
}

struct hosts *hosts_read(const char *path, struct err *err)
{
	struct hosts *hosts = MEM_NEW(struct hosts);
	FILE *file;

	if (!path)
		return hosts;
	file = fopen(path, "re");
	if (!file && errno != ENOENT) {
		err_set(err, ERR_DENIED, "cannot read %s: %s", path, strerror(errno));
		hosts_free(hosts);
		return NULL;
	}
	if (!file)
		return hosts;
	lines_read(hosts, file);
	fclose(file);
	return hosts;
}

void hosts_free(struct hosts *hosts)
{
	if (!hosts)
		return;
	HASH_CLEAR(hh, hosts->by_name);
	arena_finish(&hosts->arena);
	mem_free(hosts);
}

void hosts_find(const struct hosts *hosts, const char *name, int families,
		struct resolve_result *result)
{
	struct host *host;

	HASH_FIND_STR(hosts->by_name, name, host);
	if (!host)
		return;
	for (const struct place *place = host->first; place; place = place->next) {
		int family = place->address.sa.sa_family == AF_INET6 ? RESOLVE_V6 : RESOLVE_V4;

		if (families & family)
			resolve_result_add(result, &place->address);
	}
}
