/*
 * Notifiers: one row per type; one notifier per configured name. A delivery is an operation:
 * started with a frozen message, ended once with what became of it. A notifier knows neither store
 * nor schedule.
 */
#ifndef NOTIFIERS_NOTIFIER_H
#define NOTIFIERS_NOTIFIER_H

#include "config/config.h"
#include "lib/base/json.h"
#include "lib/loop/http.h"

struct delivery_message {
	const char *id; /* delivery id: the same on every try */
	const char *site;
	int part, parts;
	const json_t *alerts; /* array of alert rows, at most 500; texts as of `now` */
	const json_t *group;  /* object */
	int64_t now;
	int64_t away_from,
		away_to; /* "there was no daemon from..to"; TIME_UNKNOWN: not to be said */
	bool test;
};
enum delivery_status {
	DELIVERY_DONE,
	DELIVERY_RETRY,	  /* no answer, 408, 425, 429, 5xx */
	DELIVERY_REFUSED, /* parked after three tries */
	DELIVERY_GONE,	  /* 410: parked at once */
};
struct delivery_result {
	enum delivery_status status;
	char detail[256];	/* for people: "HTTP 503: overloaded", no secret */
	int64_t retry_after_ms; /* -1: not asked */
};
struct notifier;
struct delivery;
typedef void delivery_done_fn(void *arg, const struct delivery_result *result);

struct notifier_row {
	const char *type;
	bool people; /* for people: digests; machines get every alert */
	/* Copies what it needs from the configuration. NULL with err. */
	struct notifier *(*open)(const struct config_notifier *config, struct http_client *http,
				 struct loop *loop, struct err *err);
	void (*close)(struct notifier *notifier); /* no delivery may be in flight */
	struct delivery *(*start)(struct notifier *notifier, const struct delivery_message *message,
				  delivery_done_fn *done, void *arg);
	void (*cancel)(struct delivery *delivery);
	int64_t timeout_ms; /* longest a delivery takes: for leases */
};
const struct notifier_row *notifier_row(const char *type); /* NULL: unknown */
const char *notifier_types(const void *unused, size_t i);  /* for str_nearest; NULL ends */

/* Instances embed this first. */
struct notifier {
	const struct notifier_row *row;
	char *name;
};
struct notifier *notifier_open(const struct config_notifier *config, struct http_client *http,
			       struct loop *loop, struct err *err);
void notifier_close(struct notifier *notifier);
struct delivery *delivery_start(struct notifier *notifier, const struct delivery_message *message,
				delivery_done_fn *done, void *arg);
void delivery_cancel(struct notifier *notifier, struct delivery *delivery);

/* The webhook body of the contract (11); heap string. */
char *message_body(const struct delivery_message *message);

#endif
