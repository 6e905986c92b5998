/*
 * Runs tests/certs/make.sh for a test and reads what it made; any failure ends the test program,
 * since nothing can be tested then.
 */
#include "tests/unit/certs.h"

#include "lib/base/mem.h"
#include "lib/tls/read.h"
#include <sys/wait.h>
#include <unistd.h>

static char directory[256];

static void give_up(const char *what)
{
	fprintf(stderr, "certs: %s\n", what);
	exit(1);
}

static void remove_directory(void)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0)
		fprintf(stderr, "certs: cannot remove %s\n", directory);
}

const char *certs_directory(void)
{
	const char *source = getenv("SOURCE"), *temporary = getenv("TMPDIR");
	char command[1024];

	if (directory[0])
		return directory;
	snprintf(directory, sizeof(directory), "%s/certs.XXXXXX", temporary ? temporary : "/tmp");
	if (!mkdtemp(directory))
		give_up("no directory");
	atexit(remove_directory);
	snprintf(command, sizeof(command), "sh '%s/tests/certs/make.sh' '%s'",
		 source ? source : ".", directory);
	if (system(command) != 0)
		give_up("make.sh failed");
	return directory;
}

void certs_file(const char *name, struct buf *out)
{
	char path[512], *space;
	FILE *file;
	size_t got;

	if (name[0] == '/')
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%s/%s", certs_directory(), name);
	file = fopen(path, "rb");
	if (!file)
		give_up(path);
	buf_init(out, READ_FILE_MAX);
	do {
		space = buf_space(out, 65536);
		if (!space)
			give_up("file too large");
		got = fread(space, 1, 65536, file);
		buf_added(out, got);
	} while (got > 0);
	fclose(file);
}

void certs_add(struct certs *certs, const void *der, size_t len)
{
	if (certs->len == ARRAY_LEN(certs->ders))
		give_up("more certificates than the test has room for");
	certs->ders[certs->len] = mem_dup(der, len);
	certs->lens[certs->len++] = len;
}

static bool add_each(void *arg, const uint8_t *der, size_t len)
{
	certs_add(arg, der, len);
	return true;
}

void certs_load(struct certs *certs, const char *name)
{
	struct buf file;
	size_t count;

	certs->len = 0;
	certs_file(name, &file);
	if (!read_file_certs(file.data, file.len, add_each, certs, &count, NULL))
		give_up(name);
	buf_finish(&file);
}

void certs_finish(struct certs *certs)
{
	for (size_t i = 0; i < certs->len; i++)
		mem_free((void *)(uintptr_t)certs->ders[i]);
	certs->len = 0;
}
