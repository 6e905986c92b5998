/*
 * Values for the tests of model and rules: endpoints said in one line, and random values of every
 * noun for the round trips. Random ones follow rand_seed.
 */
#ifndef TESTS_UNIT_SAMPLE_H
#define TESTS_UNIT_SAMPLE_H

#include "lib/model/alert.h"
#include "lib/model/record.h"

/* 2026-11-21T10:00:00Z, a Saturday. */
#define NOW INT64_C(1795255200000)
#define DAYS(n) ((n)*MS_DAY)

/* An endpoint that answered ok with a trusted leaf of 90 days, whose sha256 is `digit` 64 times. */
struct endpoint sample_served(const char *address, char digit, int64_t not_after);
struct endpoint sample_dead(const char *address, enum outcome outcome);
/* A look of those; ends with an endpoint that is all zero. */
#define LOOK(...) sample_look((struct endpoint[]){__VA_ARGS__, {.address = ""}})
struct observation sample_look(struct endpoint *endpoints);
/* Frees what *text was, and copies. */
void sample_set(char **text, const char *value);

void random_target(struct target *out);
void random_endpoint(struct endpoint *out);
void random_observation(struct observation *out);
void random_findings(struct findings *out);
void random_alert(struct alert *out);
void random_record(struct record *out);

/* Writes, parses again: a new reference. Frees json. */
json_t *sample_reparse(json_t *json);
/* Both JSON values are the same; frees both. */
bool sample_same(json_t *a, json_t *b);

#endif
