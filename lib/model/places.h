/*
 * The addresses that a finding, or its alert, speaks of.
 */
#ifndef LIB_MODEL_PLACES_H
#define LIB_MODEL_PLACES_H

#include "lib/model/finding.h"

/* An array of texts. */
json_t *places_to_json(const char (*places)[64], size_t len);
/* The member "places" of an object. */
bool places_from_json(const json_t *object, char (*places)[64], size_t *len,
		      struct err *err) MUST_CHECK;

#endif
