/*
 * The notifiers there are, by name of their type, and the calls that go through a row.
 */
#include "notifiers/notifier.h"

#include "lib/base/mem.h"

extern const struct notifier_row notifier_webhook;

static const struct notifier_row *const rows[] = {&notifier_webhook};

const struct notifier_row *notifier_row(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i]->type, type) == 0)
			return rows[i];
	return NULL;
}

const char *notifier_types(const void *unused, size_t i)
{
	(void)unused;
	return i < ARRAY_LEN(rows) ? rows[i]->type : NULL;
}

struct notifier *notifier_open(const struct config_notifier *config, struct http_client *http,
			       struct loop *loop, struct err *err)
{
	const struct notifier_row *row = notifier_row(config->type);
	struct notifier *notifier;

	if (!row) {
		err_set(err, ERR_INVALID, "there is no notifier of type %s", config->type);
		return NULL;
	}
	notifier = row->open(config, http, loop, err);
	if (!notifier)
		return NULL;
	notifier->row = row;
	notifier->name = str_dup(config->name);
	return notifier;
}

void notifier_close(struct notifier *notifier)
{
	char *name;

	if (!notifier)
		return;
	name = notifier->name;
	notifier->row->close(notifier);
	mem_free(name);
}

struct delivery *delivery_start(struct notifier *notifier, const struct delivery_message *message,
				delivery_done_fn *done, void *arg)
{
	return notifier->row->start(notifier, message, done, arg);
}

void delivery_cancel(struct notifier *notifier, struct delivery *delivery)
{
	notifier->row->cancel(delivery);
}
