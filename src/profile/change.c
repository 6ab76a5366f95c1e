/* SPDX-License-Identifier: MIT */
/* change.c - see profile/change.h. */
#include <math.h>
#include "profile/change.h"

static const double Z95     = 1.959963984540054; /* the normal distribution's 97.5 % point */
static const double CERTAIN = 0.01;              /* fewer unseen blocks than this are none */

static double unseen_blocks(double value, cci_sampling_t s)
{
    return value / s.block * (1 - 1 / s.weight);
}

cci_value_t cci_value_estimated(double value, cci_interval_t ci, cci_sampling_t s)
{
    bool certain = unseen_blocks(value, s) < CERTAIN;

    return (cci_value_t){
        .value = value, .ci = ci, .grain = certain ? 0 : s.block * s.weight, .known = true
    };
}

/* So many bytes, or blocks, lie between two samples on average: 1 - 1/weight is the chance of a block
 * to be missed, exp(-block / distance). */
static double distance(cci_sampling_t s)
{
    return s.block / -log1p(-1 / s.weight);
}

/* Nothing was seen; what was missed would be whole blocks. */
static cci_value_t none_seen(cci_sampling_t s)
{
    const cci_sample_sum_t none = { 0 };
    cci_interval_t         ci   = cci_sample_sum_interval(&none, distance(s));

    ci.hi = floor(ci.hi / s.block) * s.block;
    return (cci_value_t){ .ci = ci, .known = true };
}

cci_value_t cci_value_of_equals(double value, cci_sampling_t s)
{
    if (value <= 0)
        return none_seen(s);

    double                 samples = value / (s.block * s.weight);
    double                 unseen  = (s.weight - 1) * s.block; /* of each of them */
    const cci_sample_sum_t sum     = { .count             = (uint64_t)ceil(samples),
                                       .seen              = samples * s.block,
                                       .unseen            = samples * unseen,
                                       .variance          = samples * unseen * s.weight * s.block,
                                       .heaviest          = unseen,
                                       .heaviest_variance = unseen * s.weight * s.block };
    return cci_value_estimated(value, cci_sample_sum_interval(&sum, 0), s);
}

void cci_value_add(cci_value_t *sum, const cci_value_t *part)
{
    double value = sum->value + part->value;
    double below = hypot(sum->value - sum->ci.lo, part->value - part->ci.lo);
    double above = hypot(sum->ci.hi - sum->value, part->ci.hi - part->value);

    *sum = (cci_value_t){ .value = value,
                          .ci    = { value - below, value + above },
                          .grain = fmax(sum->grain, part->grain),
                          .known = sum->known && part->known };
}

cci_interval_t cci_change_interval(const cci_change_t *c, double by_new, double by_old)
{
    const cci_value_t *a = &c->old, *b = &c->new;
    double             d = by_new * b->value - by_old * a->value;
    double below         = hypot(by_new * (b->value - b->ci.lo), by_old * (a->ci.hi - a->value));
    double above         = hypot(by_new * (b->ci.hi - b->value), by_old * (a->value - a->ci.lo));
    double grain         = fmax(by_new * b->grain, by_old * a->grain);

    return (cci_interval_t){ d - below - grain, d + above + grain };
}

double cci_change_chance(const cci_change_t *c)
{
    cci_interval_t ci     = cci_change_interval(c, 1, 1);
    double         grain  = fmax(c->old.grain, c->new.grain);
    double         d      = c->new.value - c->old.value;
    double         reach  = (d > 0 ? d - ci.lo : ci.hi - d) - grain; /* 1.96 deviations */
    double         beyond = fabs(d) - grain;

    if (beyond <= 0)
        return 1;
    return reach > 0 ? erfc(Z95 * beyond / reach / sqrt(2)) : 0;
}
