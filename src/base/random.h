/* SPDX-License-Identifier: MIT */
/* base/random.h - xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators, scrambled", 2016) and exponentially distributed numbers. Not for secrets. */
#ifndef CCI_RANDOM_H
#define CCI_RANDOM_H
#include <stdint.h>
#include <string.h>

/* Spreads the bits of any seed, also 0, over a usable state (the finaliser of splitmix64). */
static inline uint64_t cci_random_seed(uint64_t seed)
{
    uint64_t z = seed + UINT64_C(0x9E3779B97F4A7C15);
    z          = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z          = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return z ? z : 1;
}

static inline uint64_t cci_random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545F4914F6CDD1D);
}

/* Natural logarithm of a normal positive number, to 1e-11: ln(m 2^e) with m in [sqrt 1/2, sqrt 2),
 * by the series of artanh. Here so that the recorder needs no libm. */
static inline double cci_ln(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> 52 & 0x7ff) - 1022;
    bits  = (bits & ~(UINT64_C(0x7ff) << 52)) | UINT64_C(1022) << 52;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m < 0.70710678118654752) {
        m *= 2;
        e--;
    }
    double s = (m - 1) / (m + 1), q = s * s, sum = 0;
    for (int k = 15; k >= 1; k -= 2)
        sum = sum * q + 1.0 / k;
    return 2 * s * sum + e * 0.69314718055994531;
}

/* Exponentially distributed with this mean. */
static inline double cci_random_exponential(uint64_t *state, double mean)
{
    double u =
        (double)((cci_random_next(state) >> 11) + 1) * (1.0 / 9007199254740992.0); /* (0, 1] */
    return -cci_ln(u) * mean;
}

#endif
