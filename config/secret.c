/*
 * Secrets: from a file, a variable of the environment (taken out of it after reading), or a systemd
 * credential. One written out is taken only from a file that nobody else can read.
 */
#include "config/schema.h"

#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 65536

/* A variable is unset once read, and a reload asks for it again: it is kept here. */
struct kept_variable {
	char *name;
	struct secret value;
	struct kept_variable *next;
};
static struct kept_variable *kept;

void secret_finish(struct secret *secret)
{
	if (secret->bytes)
		mem_wipe(secret->bytes, secret->len);
	mem_free(secret->bytes);
	*secret = (struct secret){0};
}

static void secret_set(struct secret *secret, const char *bytes, size_t len)
{
	secret_finish(secret);
	secret->bytes = mem_dup(bytes, len);
	secret->len = len;
}

static bool from_file(struct loader *loader, const struct node *node, const char *path,
		      struct secret *out)
{
	char *absolute = path[0] == '/' ? str_dup(path) : str_printf("%s/%s", loader->folder, path);
	int fd = open(absolute, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char *bytes = NULL;
	ssize_t len = -1;
	int why = errno;
	bool ok = false;

	if (fd < 0) {
		load_fault(loader, node, "secret %s: %s", absolute, strerror(why));
	} else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > SECRET_MAX) {
		load_fault(loader, node, "secret %s: it is no regular file of at most 64 KiB",
			   absolute);
	} else if (st.st_mode & (S_IROTH | S_IWOTH)) {
		load_fault(loader, node, "secret %s: other users can read or write it (chmod o-rw)",
			   absolute);
	} else {
		bytes = mem_new(SECRET_MAX);
		len = read(fd, bytes, SECRET_MAX);
		/* Editors end a file with a newline; no secret is meant to. */
		while (len > 0 && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
			len--;
		ok = len > 0;
		if (ok)
			secret_set(out, bytes, (size_t)len);
		else
			load_fault(loader, node, "secret %s: the file is empty", absolute);
		mem_wipe(bytes, SECRET_MAX);
	}
	if (fd >= 0)
		close(fd);
	mem_free(bytes);
	mem_free(absolute);
	return ok;
}

static bool from_environment(struct loader *loader, const struct node *node, const char *name,
			     struct secret *out)
{
	struct kept_variable *one;
	char *value = getenv(name);

	for (one = kept; one; one = one->next)
		if (str_eq(one->name, name))
			break;
	if (!one && (!value || !*value))
		return load_fault(loader, node, "secret: the environment has no %s", name);
	if (!one) {
		one = MEM_NEW(struct kept_variable);
		one->name = str_dup(name);
		one->next = kept;
		kept = one;
	}
	if (value && *value) {
		secret_set(&one->value, value, strlen(value));
		/* /proc/PID/environ shows the memory, not the list: wipe before unsetting. */
		mem_wipe(value, strlen(value));
		unsetenv(name);
	}
	secret_set(out, one->value.bytes, one->value.len);
	return true;
}

static bool from_credential(struct loader *loader, const struct node *node, const char *name,
			    struct secret *out)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	bool ok;

	if (!folder)
		return load_fault(loader, node,
				  "credential %s: the service manager has given none "
				  "(LoadCredential=)",
				  name);
	if (strchr(name, '/'))
		return load_fault(loader, node, "a credential's name holds no slash: %s", name);
	path = str_printf("%s/%s", folder, name);
	ok = from_file(loader, node, path, out);
	mem_free(path);
	return ok;
}

static bool url_has_password(const char *url)
{
	const char *start = strstr(url, "://");
	size_t authority = start ? strcspn(start + 3, "/?#") : 0;

	return start && memchr(start + 3, '@', authority) != NULL;
}

bool load_secret(struct loader *loader, const struct node *node, bool url, struct secret *out)
{
	const char *text;

	if (node->type == NODE_MAP && node->len == 2) {
		const char *from = node->items[0].text;

		if (!load_text(loader, &node->items[1], from, &text))
			return false;
		if (loader->for_cli)
			return true;
		if (str_eq(from, "file"))
			return from_file(loader, &node->items[1], text, out);
		if (str_eq(from, "env"))
			return from_environment(loader, &node->items[1], text, out);
		if (str_eq(from, "credential"))
			return from_credential(loader, &node->items[1], text, out);
		return load_fault(loader, &node->items[0],
				  "a secret comes from file, env or credential, not %s", from);
	}
	if (node->type != NODE_SCALAR)
		return load_fault(loader, node,
				  "%s must be {file: PATH}, {env: NAME} or {credential: NAME}",
				  loader->path);
	if (!load_text(loader, node, loader->path, &text))
		return false;
	if (loader->exposed && (!url || url_has_password(text)))
		return load_fault(
			loader, node,
			"%s: a secret is written out in a file that other users can read; "
			"use {file: PATH} or chmod o-r",
			loader->path);
	secret_set(out, text, strlen(text));
	return true;
}
