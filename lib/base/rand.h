/*
 * Randomness: from the kernel, or, after rand_seed, a repeatable sequence (xoshiro256**)
 * so that scenario tests replay. Not for keys; the vault asks OpenSSL.
 */
#ifndef LIB_BASE_RAND_H
#define LIB_BASE_RAND_H

#include "lib/base/sys.h"

void rand_seed(uint64_t seed);
uint64_t rand_u64(void);
void rand_bytes(void *out, size_t len);
/* Even draw from min..max, both included; bug when min > max. */
int64_t rand_between(int64_t min, int64_t max);
/* value +- percent, evenly. */
int64_t rand_jitter(int64_t value, int percent);

#endif
