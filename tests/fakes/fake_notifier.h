/*
 * Notifiers that deliver into memory: linked instead of notifiers/table.c. Every delivery is
 * recorded; its result can be scripted.
 */
#ifndef TESTS_FAKES_FAKE_NOTIFIER_H
#define TESTS_FAKES_FAKE_NOTIFIER_H

#include "notifiers/notifier.h"

struct fake_delivery {
	char notifier[65];
	char id[37];
	int64_t at;
	json_t *alerts; /* array of rows */
	int64_t away_from, away_to;
	enum delivery_status status;
};
extern struct fake_delivery *fake_deliveries;
extern size_t fake_deliveries_len;
/* What the next deliveries come to; NULL: all succeed. */
typedef enum delivery_status fake_result_fn(void *arg, const char *notifier, size_t nth);
void fake_notifier_script(fake_result_fn *result, void *arg);
void fake_notifier_reset(void);

/* Rows told so far with this event (text, NULL: any), kind and target; "" or NULL matches all.
 * Delivered ones only. */
size_t fake_told(const char *event, const char *kind, const char *target);

#endif
