/*
 * The main of a fuzz target that is built without libFuzzer: feeds it each file named on the
 * command line, once. So every build, with any compiler, keeps what a fuzzer once found fixed.
 */
#include "lib/base/sys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0, room = 0;
	bool ok = false;

	if (!file) {
		perror(path);
		return false;
	}
	for (;;) {
		if (size == room) {
			uint8_t *more = realloc(data, room = room ? room * 2 : 4096);

			if (!more)
				goto out;
			data = more;
		}
		size_t got = fread(data + size, 1, room - size, file);

		size += got;
		if (got == 0)
			break;
	}
	ok = !ferror(file);
	/* An exact allocation, so that the address sanitizer sees the first byte too far. */
	uint8_t *exact = malloc(size ? size : 1);

	if (!exact)
		goto out;
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
out:
	free(data);
	fclose(file);
	return ok;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed += !replay(argv[i]);
	return failed ? 1 : 0;
}
