/* SPDX-License-Identifier: MIT */
/* profile/change.h - a figure of two runs, and whether it changed by more than chance.
 *
 * What is exact changed or did not. Of estimates a and b (of OLD and NEW) with their own intervals
 * of 95 % the interval of b - a is (Zou and Donner 2008, "MOVER"):
 *
 *     lo = b - a - sqrt((b - b.lo)^2 + (a.hi - a)^2) - grain
 *     hi = b - a + sqrt((b.hi - b)^2 + (a - a.lo)^2) + grain
 *
 * It keeps their asymmetry, which a normal interval of the difference would lose, and with it most
 * of what a handful of samples tell. The grain is what one sample stands for: samples are whole, so
 * one more or less is never a change (Yates' correction). Without it two runs of one program
 * differ "significantly" in up to 18 of 100 pairs where blocks are larger than the sampling
 * interval; with it in 0 to 5.
 */
#ifndef CCI_PROFILE_CHANGE_H
#define CCI_PROFILE_CHANGE_H
#include <stdbool.h>
#include <stdint.h>
#include "profile/estimate.h"

typedef struct cci_value {
    double         value;
    cci_interval_t ci;    /* [value, value] of what is exact */
    double         grain; /* 0 of what is exact */
    bool           known;
} cci_value_t;

typedef struct cci_change {
    cci_value_t old, new;
} cci_change_t;

/* What samples are like: how much one block adds to the figure (more than 0), and how many blocks a
 * sampled one stands for. */
typedef struct cci_sampling {
    double block;
    double weight;
} cci_sampling_t;

static inline cci_value_t cci_value_exact(double value)
{
    return (cci_value_t){ .value = value, .ci = { value, value }, .known = true };
}

static inline bool cci_value_is_exact(const cci_value_t *v)
{
    return v->grain <= 0 && v->ci.lo == v->ci.hi;
}

/* An estimate with its interval. */
cci_value_t cci_value_estimated(double value, cci_interval_t ci, cci_sampling_t s);

/* An estimate whose samples were not kept: its interval is that of blocks of equal size. Of value
 * 0: nothing was seen, which is not nothing. */
cci_value_t cci_value_of_equals(double value, cci_sampling_t s);

/* The sum of independent figures; a sum of which a part is not known is not known. */
void cci_value_add(cci_value_t *sum, const cci_value_t *part);

/* Where new * by_new - old * by_old lies; both factors are 0 or more. */
cci_interval_t cci_change_interval(const cci_change_t *c, double by_new, double by_old);

/* How likely chance alone makes a difference as large: 0 or 1 where both are exact. */
double cci_change_chance(const cci_change_t *c);

#endif
