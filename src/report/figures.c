/* SPDX-License-Identifier: MIT */
/* figures.c - see report/figures.h. */
#include <math.h>
#include "report/figures.h"

static uint64_t whole(double value)
{
    return value < 0x1p63 ? (uint64_t)llround(value) : UINT64_MAX;
}

static cci_figure_t per_second(cci_figure_t f)
{
    cci_figure_t rate;

    snprintf(rate.text, sizeof rate.text, "%.40s/s", f.text);
    return rate;
}

static cci_figure_t percent(double value)
{
    cci_figure_t f;

    snprintf(f.text, sizeof f.text, "%.1f %%", value);
    return f;
}

cci_figure_t cci_figure_in(cci_unit_t unit, double value)
{
    switch (unit) {
    case CCI_UNIT_BYTES:
        return cci_figure_bytes(whole(value));
    case CCI_UNIT_NANOSECONDS:
        return cci_figure_time(whole(value));
    case CCI_UNIT_SECONDS:
        return cci_figure_time(whole(value * 1e9));
    case CCI_UNIT_PERCENT:
        return percent(value);
    case CCI_UNIT_PART:
        return percent(100 * value);
    case CCI_UNIT_PER_SECOND:
        return per_second(cci_figure_rate(value));
    case CCI_UNIT_BYTES_PER_SECOND:
        return per_second(cci_figure_bytes(whole(value)));
    case CCI_UNIT_COUNT:
        break;
    }
    return cci_figure_count(whole(value));
}

cci_figure_t cci_figure_exact(cci_unit_t unit, double value)
{
    cci_figure_t f = cci_figure_in(unit, value), both;

    if (unit != CCI_UNIT_BYTES || value < 1024)
        return f;
    snprintf(both.text, sizeof both.text, "%.16s (%.0f B)", f.text, value);
    return both;
}

cci_figure_t cci_figure_change(cci_unit_t unit, double old, double new)
{
    cci_figure_t f = cci_figure_in(unit, fabs(new - old)), change;

    if (new == old)
        snprintf(change.text, sizeof change.text, "same");
    else
        snprintf(change.text, sizeof change.text, "%c%.40s", new > old ? '+' : '-', f.text);
    return change;
}

cci_figure_t cci_figure_relative(double old, double new)
{
    cci_figure_t f = { "" };

    if (old > 0 && new != old)
        snprintf(f.text, sizeof f.text, "%+.1f %%", 100 * (new - old) / old);
    return f;
}
