/*
 * Random numbers from the kernel, or from a seed when a scenario wants the same run twice.
 * Spreads load and makes ids; keys are the vault's business.
 */
#include "lib/base/rand.h"
#include "lib/base/err.h"

#include <errno.h>
#include <sys/random.h>

/* xoshiro256** by Blackman and Vigna (public domain). */
static struct {
	bool on;
	uint64_t state[4];
} seeded;

static uint64_t rotate_left(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/* splitmix64: spreads a small seed over the state, which must not be all zero. */
static uint64_t seed_next(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void rand_seed(uint64_t seed)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(seeded.state); i++)
		seeded.state[i] = seed_next(&seed);
	seeded.on = true;
}

static uint64_t seeded_next(void)
{
	uint64_t *s = seeded.state;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

static void kernel_bytes(void *out, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = getrandom((char *)out + done, len - done, 0);

		if (got < 0 && errno != EINTR)
			bug("getrandom: errno %d", errno);
		if (got > 0)
			done += (size_t)got;
	}
}

uint64_t rand_u64(void)
{
	uint64_t n;

	if (seeded.on)
		return seeded_next();
	kernel_bytes(&n, sizeof(n));
	return n;
}

void rand_bytes(void *out, size_t len)
{
	size_t done;

	if (!seeded.on) {
		kernel_bytes(out, len);
		return;
	}
	for (done = 0; done < len; done += sizeof(uint64_t)) {
		uint64_t n = seeded_next();
		size_t left = len - done;

		memcpy((char *)out + done, &n, left < sizeof(n) ? left : sizeof(n));
	}
}

int64_t rand_between(int64_t min, int64_t max)
{
	uint64_t count;
	uint64_t last;
	uint64_t n;

	if (min > max)
		bug("draw from %lld to %lld", (long long)min, (long long)max);
	/* Zero when every 64-bit number is wanted. */
	count = (uint64_t)max - (uint64_t)min + 1;
	if (count == 0)
		return (int64_t)rand_u64();
	/* Drawn again above the last whole multiple, else small numbers come more often. */
	last = UINT64_MAX - (UINT64_MAX % count + 1) % count;
	do {
		n = rand_u64();
	} while (n > last);
	return (int64_t)((uint64_t)min + n % count);
}

int64_t rand_jitter(int64_t value, int percent)
{
	int64_t spread;
	int64_t low;
	int64_t high;

	if (percent < 0 || percent > 100)
		bug("jitter of %d percent", percent);
	spread = value / 100 * percent + value % 100 * percent / 100;
	if (spread < 0)
		spread = spread == INT64_MIN ? INT64_MAX : -spread;
	if (__builtin_sub_overflow(value, spread, &low))
		low = INT64_MIN;
	if (__builtin_add_overflow(value, spread, &high))
		high = INT64_MAX;
	return rand_between(low, high);
}
