/*
 * A keeper with its API, for tests that talk HTTP with it: scripted looks, a notifier in memory,
 * the store in memory, virtual time. The client's side is here too; it turns the loop while it
 * waits.
 */
#ifndef TESTS_UNIT_API_BED_H
#define TESTS_UNIT_API_BED_H

#include "daemon/keeper/keeper.h"
#include "tests/fakes/fake_lookers.h"
#include "tests/fakes/fake_notifier.h"

struct api_bed {
	struct loop *loop;
	struct keeper *keeper;
	char folder[64], config_file[128], socket[100];
	int port;		 /* of http.listen; -1 */
	size_t warnings, errors; /* logged since the start */
};
/* yaml: behind store, instance, socket and notifiers, which are set here ("hook" and "post"). */
void api_bed_start(struct api_bed *bed, const char *yaml);
void api_bed_write_config(struct api_bed *bed, const char *yaml);
void api_bed_finish(struct api_bed *bed);
void api_bed_run(struct api_bed *bed, int64_t ms);

struct reply {
	int status;
	char *head; /* status line and headers */
	char *body; /* NUL-terminated, without the chunks' frames */
	size_t body_len;
	json_t *json; /* of a JSON body, else NULL */
};
void reply_finish(struct reply *reply);
/* headers: whole lines with CRLF, or NULL. body: NULL for none. */
struct reply api_bed_ask(struct api_bed *bed, const char *method, const char *path,
			 const char *headers, const char *body);
struct reply api_bed_ask_tcp(struct api_bed *bed, const char *method, const char *path,
			     const char *headers, const char *body);
/* Of a GET that must succeed: its JSON, new reference. */
json_t *api_bed_get(struct api_bed *bed, const char *path);
/* The value at "targets/total", "rows/0/target"; borrowed; NULL when absent. */
json_t *json_at(const json_t *json, const char *path);
const char *str_at(const json_t *json, const char *path);
int64_t int_at(const json_t *json, const char *path);

/* A connection that asks and does not read: its descriptor. */
int api_bed_ask_only(struct api_bed *bed, const char *method, const char *path);

#endif
