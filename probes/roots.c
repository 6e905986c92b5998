/*
 * See roots.h. A prober without roots still looks: dates and names are judged without them. So what
 * goes wrong here is a warning in MSG_READY, which the keeper tells the operator, and no end.
 */
#include "lib/base/sys.h"
#include "probes/roots.h"

#include "lib/base/buf.h"
#include "lib/base/str.h"
#include "lib/tls/read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Where distributions keep the bundle: Debian and Alpine, Fedora (old and new), SUSE, the BSDs. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static const char *bundle_of(const char *spec)
{
	if (!str_eq(spec, "system"))
		return spec;
	for (size_t i = 0; i < ARRAY_LEN(bundles); i++)
		if (access(bundles[i], R_OK) == 0)
			return bundles[i];
	return NULL;
}

static bool read_all(int fd, struct buf *out, struct err *err)
{
	for (;;) {
		char *space = buf_space(out, 64 * 1024);
		if (!space)
			return err_set(err, ERR_FULL, "larger than %d bytes", READ_FILE_MAX);
		ssize_t got = read(fd, space, 64 * 1024);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, ERR_UNAVAILABLE, "%s", strerror(errno));
		if (got == 0)
			return true;
		buf_added(out, (size_t)got);
	}
}

static struct anchors *load(const char *path, struct err *err)
{
	struct anchors *anchors = NULL;
	struct buf pem;
	/* Not blocking, in case the path names a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		err_set(err, ERR_MISSING, "%s", strerror(errno));
		return NULL;
	}
	buf_init(&pem, READ_FILE_MAX + 64 * 1024);
	if (read_all(fd, &pem, err))
		anchors = anchors_new(pem.data, pem.len, err);
	buf_finish(&pem);
	close(fd);
	return anchors;
}

struct anchors *roots_load(const char *spec, char warning[ROOTS_WARNING_MAX])
{
	struct err err = {0};

	warning[0] = 0;
	if (!spec)
		return NULL;
	const char *path = bundle_of(spec);
	if (!path) {
		str_copy(warning, ROOTS_WARNING_MAX,
			 "no bundle of roots was found on this system: trust is not judged");
		return NULL;
	}
	struct anchors *anchors = load(path, &err);
	if (!anchors)
		/* Each part is cut by itself, so that the end is always there to read. */
		snprintf(warning, ROOTS_WARNING_MAX, "roots %.100s: %.100s: trust is not judged",
			 path, err.text);
	return anchors;
}
