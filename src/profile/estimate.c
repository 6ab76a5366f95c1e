/* SPDX-License-Identifier: MIT */
/* estimate.c - see profile/estimate.h. */
#include <math.h>
#include "profile/estimate.h"

static const double Z95 = 1.959963984540054; /* the normal distribution's 97.5 % point */

double cci_sample_weight(uint64_t size, uint64_t interval)
{
    /* A request for nothing still takes a block; expm1 keeps the digits of a small p. */
    double bytes = size ? (double)size : 1;
    return -1 / expm1(-bytes / (double)interval);
}

void cci_sample_sum_add(cci_sample_sum_t *s, double y, double weight)
{
    double unseen   = (weight - 1) * y;
    double variance = unseen * weight * y;

    s->count++;
    s->seen += y;
    s->unseen += unseen;
    s->variance += variance;
    if (unseen > s->heaviest) {
        s->heaviest          = unseen;
        s->heaviest_variance = variance;
    }
}

void cci_sample_sum_remove(cci_sample_sum_t *s, double y, double weight)
{
    double unseen = (weight - 1) * y;

    s->count--;
    s->seen -= y;
    s->unseen -= unseen;
    s->variance -= unseen * weight * y;
}

/* Quantile at the normal quantile z of the gamma distribution with this mean and variance, after
 * Wilson and Hilferty (1931): its cube root is almost normal. Within 2 % from shape 1 on. */
static double gamma_quantile(double mean, double variance, double z)
{
    double ninth = variance / (9 * mean * mean);
    double root  = 1 - ninth + z * sqrt(ninth);
    return root > 0 ? mean * root * root * root : 0;
}

/* Nobody saw a sample: half of one. */
static cci_interval_t interval_of_none(double unit)
{
    return (cci_interval_t){ 0, gamma_quantile(unit / 2, unit * unit / 2, Z95) };
}

cci_interval_t cci_sample_sum_interval(const cci_sample_sum_t *s, double unit)
{
    if (s->count == 0)
        return interval_of_none(unit);
    if (s->unseen <= 0 || s->variance <= 0)
        return (cci_interval_t){ s->seen, s->seen };

    double n        = (double)s->count;
    double missed   = 1 + 20 / n; /* see the header */
    double mean     = s->unseen * (1 + 0.5 / n);
    double variance = s->variance * (1 + 0.5 / n);
    double low      = gamma_quantile(mean, variance, -Z95);
    mean += missed * fmax(s->heaviest - s->unseen / n, 0);
    variance += missed * fmax(s->heaviest_variance - s->variance / n, 0);

    /* Unseen ones are whole: less than one of them may be none. */
    double whole = s->seen / n;
    if (whole > 0)
        low = floor(low / whole) * whole;
    return (cci_interval_t){ s->seen + low, s->seen + gamma_quantile(mean, variance, Z95) };
}
