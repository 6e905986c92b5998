/*
 * Any bytes as a configuration file: the tree, and all that is read out of it. Secrets from files
 * and the environment are left alone, as expiryctl leaves them.
 */
#include "lib/base/sys.h"

#include "config/config.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("expiryd.yaml", MFD_CLOEXEC);
	struct faults faults = {0};
	struct config *config;
	char path[64];
	char *text;

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config = config_load_for_cli(path, &faults);
	text = faults_text(&faults);
	/* Refused without a word would leave an operator without a hint. */
	if (!config && !*text)
		abort();
	mem_free(text);
	faults_finish(&faults);
	config_free(config);
	config = config_load(path, &faults);
	faults_finish(&faults);
	if (config)
		mem_free(config_diff(config, config));
	config_free(config);
	close(fd);
	return 0;
}
