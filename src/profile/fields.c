/* SPDX-License-Identifier: MIT */
/* fields.c - see profile/fields.h. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include "profile/fields.h"

double cci_tally_block(const cci_tally_t *t)
{
    return t->alloc_count ? (double)t->alloc_bytes / (double)t->alloc_count : 0;
}

/* One block of a sampled run, as it counts for a figure of that unit. size 0: of the smallest. */
static cci_sampling_t sampling_of(const cci_run_t *run, double size, cci_unit_t unit)
{
    uint64_t interval = run->info->sample_interval ? run->info->sample_interval : 1;
    double   bytes    = size > 1 ? size : 1;
    double   weight   = cci_sample_weight((uint64_t)bytes, interval);

    return (cci_sampling_t){ unit == CCI_UNIT_BYTES ? bytes : 1, weight };
}

static double number_at(const void *object, size_t offset)
{
    uint64_t value;

    memcpy(&value, (const char *)object + offset, sizeof value);
    return (double)value;
}

static bool has_name(const char *known, const char *name, size_t length)
{
    return strlen(known) == length && memcmp(known, name, length) == 0;
}

/* ---- of the whole run ---- */

/* When a figure is known. */
typedef enum {
    ALWAYS,
    WITH_BLOCKS,
    WHEN_FULL,
    WHEN_RATED,      /* the run is long enough for rates over a window */
    WHEN_MEASURED,   /* some of its calls were */
    WHEN_USABLE_WAS, /* malloc_usable_size was asked */
    WHEN_IN_BOOKS,   /* of the allocator */
    UNLESS_ZERO,     /* which means that nothing measured it */
    BY_VALUE         /* NAN is not known */
} known_when_t;

/* When it is an estimate, if the run was sampled. The last two are those whose interval nobody
 * keeps; IF_SUPPRESSED is one that was exact before an estimate was taken from it. */
typedef enum { NEVER, SAMPLED, IN_A_RANGE, NO_CI, IF_SUPPRESSED } estimated_when_t;

/* What stands at an offset. Those that are seconds stand there in nanoseconds. */
typedef enum { OF_UINT64, OF_UINT32, OF_SIZE, OF_DOUBLE } number_kind_t;

struct cci_field {
    const char      *name;
    cci_unit_t       unit;
    known_when_t     known;
    number_kind_t    kind;
    size_t           offset; /* in cci_profile_t */
    estimated_when_t estimated;
    size_t           ci;                                           /* offset in cci_profile_ci_t */
    double (*compute)(const cci_run_t *run, const cci_field_t *f); /* instead of offset */
    unsigned measured;                                             /* latencies: of which calls */
    double   quantile;                                             /* 0 = the mean              */
    bool     certain;
};

static double seconds_of(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return cci_profile_seconds(run->profile);
}

static double rate(const cci_run_t *run, uint64_t n)
{
    double seconds = cci_profile_seconds(run->profile);
    return seconds > 0 ? (double)n / seconds : NAN;
}

static double alloc_rate(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return rate(run, run->profile->total.alloc_count);
}

static double free_rate(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return rate(run, run->profile->total.free_count);
}

static double bytes_rate(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return rate(run, run->profile->total.alloc_bytes);
}

static double cross_thread_pct(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    const cci_tally_t *t = &run->profile->total;

    if (!run->profile->has_blocks)
        return NAN;
    return 100 * (double)t->cross_thread_frees / (t->free_count ? (double)t->free_count : 1);
}

static double sample_interval(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return run->profile->estimated ? (double)run->info->sample_interval : NAN;
}

static double lost_events(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return (double)run->info->lost_events;
}

static double site_count(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return (double)run->profile->site_count;
}

static double exit_status(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    int status = run->info->wait_status;
    return status != -1 && WIFEXITED(status) ? (double)WEXITSTATUS(status) : NAN;
}

static double signal_number(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    int status = run->info->wait_status;
    return status != -1 && WIFSIGNALED(status) ? (double)WTERMSIG(status) : NAN;
}

static double raw_bytes(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return (double)run->info->raw_bytes;
}

static double stored_bytes(const cci_run_t *run, const cci_field_t *f)
{
    (void)f;
    return (double)run->info->file_bytes;
}

static double latency(const cci_run_t *run, const cci_field_t *f)
{
    const cci_histogram_t *ticks = &run->profile->measures.ticks[f->measured];

    if (f->quantile > 0)
        return cci_profile_latency_ns(run->profile, ticks, f->quantile);
    return ticks->count ? (double)ticks->sum / (double)ticks->count * run->profile->tick_ns : NAN;
}

static double long_lived(const cci_run_t *run, const cci_field_t *f)
{
    const cci_profile_t *p = run->profile;

    (void)f;
    return p->has_blocks ? (double)cci_lifetimes_long(&p->lifetimes, p->total.temporary) : NAN;
}

static double fragmentation_time(const cci_run_t *run, const cci_field_t *f)
{
    const cci_fragmentation_t *fragmentation = &run->profile->fragmentation;

    (void)f;
    return fragmentation->method_external ? (double)fragmentation->time_ns / 1e9 : NAN;
}

#define AT(member)        .offset = offsetof(cci_profile_t, member)
#define DOUBLE_AT(member) .kind = OF_DOUBLE, AT(member)
#define LATENCY(name_, measured_, quantile_)                                                  \
    {                                                                                         \
        (name_), CCI_UNIT_NANOSECONDS, BY_VALUE, .compute = latency, .measured = (measured_), \
                                                 .quantile = (quantile_)                      \
    }
#define SAMPLED_AS(ci_)  .estimated = SAMPLED, .ci = offsetof(cci_profile_ci_t, ci_)
#define IN_RANGE_AS(ci_) .estimated = IN_A_RANGE, .ci = offsetof(cci_profile_ci_t, ci_)

/* In the order of the JSON report. */
static const cci_field_t FIELDS[] = {
    { "program.exit_status", CCI_UNIT_COUNT, BY_VALUE, .compute = exit_status, .certain = true },
    { "program.signal", CCI_UNIT_COUNT, BY_VALUE, .compute = signal_number, .certain = true },
    { "sample_interval", CCI_UNIT_BYTES, BY_VALUE, .compute = sample_interval, .certain = true },
    { "lost_events", CCI_UNIT_COUNT, BY_VALUE, .compute = lost_events, .certain = true },
    { "alloc_count", CCI_UNIT_COUNT, ALWAYS, AT(total.alloc_count), IN_RANGE_AS(alloc_count) },
    { "free_count", CCI_UNIT_COUNT, ALWAYS, AT(total.free_count), IN_RANGE_AS(free_count) },
    { "alloc_bytes", CCI_UNIT_BYTES, ALWAYS, AT(total.alloc_bytes), IN_RANGE_AS(alloc_bytes) },
    { "free_bytes", CCI_UNIT_BYTES, WITH_BLOCKS, AT(total.free_bytes), SAMPLED_AS(free_bytes) },
    { "current_allocated", CCI_UNIT_BYTES, WITH_BLOCKS, AT(current_bytes),
      SAMPLED_AS(current_bytes) },
    { "peak_allocated", CCI_UNIT_BYTES, WITH_BLOCKS, AT(peak_bytes), SAMPLED_AS(peak_bytes) },
    { "peak_time", CCI_UNIT_SECONDS, WITH_BLOCKS, AT(peak_ns) },
    { "peak_rss_bytes", CCI_UNIT_BYTES, UNLESS_ZERO, AT(peak_rss), .certain = true },
    { "usable_alloc_bytes", CCI_UNIT_BYTES, WHEN_USABLE_WAS, AT(usable_alloc) },
    { "usable_free_bytes", CCI_UNIT_BYTES, WHEN_USABLE_WAS, AT(usable_freed) },
    { "alloc_rate", CCI_UNIT_PER_SECOND, BY_VALUE, .compute = alloc_rate },
    { "free_rate", CCI_UNIT_PER_SECOND, BY_VALUE, .compute = free_rate },
    { "bytes_rate", CCI_UNIT_BYTES_PER_SECOND, BY_VALUE, .compute = bytes_rate },
    { "alloc_rate_peak", CCI_UNIT_PER_SECOND, WHEN_RATED, DOUBLE_AT(rates.allocs.per_second) },
    { "alloc_rate_peak_time", CCI_UNIT_SECONDS, WHEN_RATED, AT(rates.allocs.end_ns) },
    { "free_rate_peak", CCI_UNIT_PER_SECOND, WHEN_RATED, DOUBLE_AT(rates.frees.per_second) },
    { "free_rate_peak_time", CCI_UNIT_SECONDS, WHEN_RATED, AT(rates.frees.end_ns) },
    { "bytes_rate_peak", CCI_UNIT_BYTES_PER_SECOND, WHEN_RATED, DOUBLE_AT(rates.bytes.per_second) },
    { "bytes_rate_peak_time", CCI_UNIT_SECONDS, WHEN_RATED, AT(rates.bytes.end_ns) },
    { "rate_window_seconds", CCI_UNIT_SECONDS, WHEN_RATED, AT(rates.window_ns) },
    { "calloc_count", CCI_UNIT_COUNT, WHEN_FULL, AT(calloc_count) },
    { "aligned_count", CCI_UNIT_COUNT, WHEN_FULL, AT(aligned_count) },
    { "realloc_count", CCI_UNIT_COUNT, WHEN_FULL, AT(realloc_count) },
    { "realloc_moved_count", CCI_UNIT_COUNT, WHEN_FULL, AT(realloc_moved) },
    { "temporary_count", CCI_UNIT_COUNT, WHEN_FULL, AT(total.temporary) },
    { "unmatched_free_count", CCI_UNIT_COUNT, WITH_BLOCKS, AT(unmatched_frees) },
    { "implied_free_count", CCI_UNIT_COUNT, WITH_BLOCKS, AT(implied_frees) },
    LATENCY("alloc_latency_p50", CCI_MEASURED_ALLOC, 0.5),
    LATENCY("alloc_latency_p95", CCI_MEASURED_ALLOC, 0.95),
    LATENCY("alloc_latency_p99", CCI_MEASURED_ALLOC, 0.99),
    LATENCY("alloc_latency_p999", CCI_MEASURED_ALLOC, 0.999),
    LATENCY("free_latency_p50", CCI_MEASURED_FREE, 0.5),
    LATENCY("free_latency_p95", CCI_MEASURED_FREE, 0.95),
    LATENCY("free_latency_p99", CCI_MEASURED_FREE, 0.99),
    LATENCY("free_latency_p999", CCI_MEASURED_FREE, 0.999),
    LATENCY("alloc_latency_mean", CCI_MEASURED_ALLOC, 0),
    LATENCY("free_latency_mean", CCI_MEASURED_FREE, 0),
    { "alloc_latency_samples", CCI_UNIT_COUNT, WHEN_MEASURED,
      AT(measures.ticks[CCI_MEASURED_ALLOC].count) },
    { "free_latency_samples", CCI_UNIT_COUNT, WHEN_MEASURED,
      AT(measures.ticks[CCI_MEASURED_FREE].count) },
    { "latency_sampled_every", CCI_UNIT_COUNT, WHEN_MEASURED, .kind = OF_UINT32,
      AT(measured_every) },
    { "latency_timer_ns", CCI_UNIT_NANOSECONDS, WHEN_MEASURED, DOUBLE_AT(timer_ns) },
    { "lifetimes.temporary", CCI_UNIT_COUNT, WHEN_FULL, AT(total.temporary) },
    { "lifetimes.short", CCI_UNIT_COUNT, WITH_BLOCKS, AT(lifetimes.short_lived),
      .estimated = NO_CI },
    { "lifetimes.long", CCI_UNIT_COUNT, BY_VALUE, .compute = long_lived, .estimated = NO_CI },
    { "lifetimes.immortal", CCI_UNIT_COUNT, WITH_BLOCKS, AT(lifetimes.immortal),
      .estimated = NO_CI },
    { "fragmentation.internal_fragmentation", CCI_UNIT_PART, BY_VALUE,
      DOUBLE_AT(fragmentation.internal) },
    { "fragmentation.external_fragmentation", CCI_UNIT_PART, BY_VALUE,
      DOUBLE_AT(fragmentation.external) },
    { "fragmentation.largest_free_block", CCI_UNIT_BYTES, WHEN_IN_BOOKS,
      AT(fragmentation.largest_free_block) },
    { "fragmentation.free_block_count", CCI_UNIT_COUNT, WHEN_IN_BOOKS,
      AT(fragmentation.free_block_count) },
    { "fragmentation.utilization", CCI_UNIT_PART, BY_VALUE, DOUBLE_AT(fragmentation.utilization) },
    { "fragmentation.time", CCI_UNIT_SECONDS, BY_VALUE, .compute = fragmentation_time },
    { "fragmentation.readings", CCI_UNIT_COUNT, ALWAYS, .kind = OF_SIZE,
      AT(fragmentation.readings) },
    { "cross_thread_free_count", CCI_UNIT_COUNT, WITH_BLOCKS, AT(total.cross_thread_frees),
      SAMPLED_AS(cross_thread_frees) },
    { "cross_thread_free_pct", CCI_UNIT_PERCENT, BY_VALUE, .compute = cross_thread_pct },
    { "cross_thread_flow_count", CCI_UNIT_COUNT, WITH_BLOCKS, .kind = OF_SIZE, AT(flow_count) },
    { "size_histogram.total_count", CCI_UNIT_COUNT, ALWAYS, AT(total.alloc_count),
      IN_RANGE_AS(alloc_count) },
    { "size_histogram.total_bytes", CCI_UNIT_BYTES, ALWAYS, AT(total.alloc_bytes),
      IN_RANGE_AS(alloc_bytes) },
    { "leaked_count", CCI_UNIT_COUNT, WITH_BLOCKS, AT(leaked_count), .estimated = IF_SUPPRESSED },
    { "leaked_bytes", CCI_UNIT_BYTES, WITH_BLOCKS, AT(leaked_bytes), SAMPLED_AS(leaked_bytes) },
    { "suppressed_count", CCI_UNIT_COUNT, WITH_BLOCKS, AT(suppressed_count), .estimated = NO_CI },
    { "suppressed_bytes", CCI_UNIT_BYTES, WITH_BLOCKS, AT(suppressed_bytes), .estimated = NO_CI },
    { "duration_seconds", CCI_UNIT_SECONDS, BY_VALUE, .compute = seconds_of, .certain = true },
    { "site_count", CCI_UNIT_COUNT, BY_VALUE, .compute = site_count },
    { "trace.raw_bytes", CCI_UNIT_BYTES, BY_VALUE, .compute = raw_bytes, .certain = true },
    { "trace.stored_bytes", CCI_UNIT_BYTES, BY_VALUE, .compute = stored_bytes, .certain = true },
    { "trace.events", CCI_UNIT_COUNT, ALWAYS, AT(events) },
};

size_t cci_field_count(void)
{
    return sizeof FIELDS / sizeof FIELDS[0];
}

const cci_field_t *cci_field_at(size_t i)
{
    return &FIELDS[i];
}

const cci_field_t *cci_field_find(const char *name, size_t length)
{
    for (size_t i = 0; i < cci_field_count(); i++)
        if (has_name(FIELDS[i].name, name, length))
            return &FIELDS[i];
    return NULL;
}

const char *cci_field_name(const cci_field_t *f)
{
    return f->name;
}

cci_unit_t cci_field_unit(const cci_field_t *f)
{
    return f->unit;
}

bool cci_field_is_certain(const cci_field_t *f)
{
    return f->certain;
}

static bool is_known(const cci_field_t *f, const cci_profile_t *p, double value)
{
    switch (f->known) {
    case ALWAYS:
        return true;
    case WITH_BLOCKS:
        return p->has_blocks;
    case WHEN_FULL:
        return p->mode == CCI_MODE_FULL;
    case WHEN_RATED:
        return p->rates.window_ns != 0;
    case WHEN_MEASURED:
        return p->measured_every != 0;
    case WHEN_USABLE_WAS:
        return p->usable_alloc > 0;
    case WHEN_IN_BOOKS:
        return value < (double)CCI_BOOKS_UNKNOWN;
    case UNLESS_ZERO:
        return value > 0;
    case BY_VALUE:
        return !isnan(value);
    }
    return false;
}

static bool is_estimated(const cci_field_t *f, const cci_profile_t *p)
{
    switch (f->estimated) {
    case NEVER:
        return false;
    case SAMPLED:
    case NO_CI:
        return p->estimated;
    case IN_A_RANGE:
        return p->estimated && p->ranged;
    case IF_SUPPRESSED:
        return p->estimated && p->suppressed_count > 0;
    }
    return false;
}

/* A percentage of an estimate is as uncertain as that. */
static cci_value_t cross_thread_share(const cci_run_t *run, double value)
{
    const cci_profile_t *p     = run->profile;
    double               share = p->total.free_count ? 100 / (double)p->total.free_count : 100;
    cci_sampling_t       s     = sampling_of(run, cci_tally_block(&p->total), CCI_UNIT_COUNT);
    cci_interval_t       ci    = p->ci.cross_thread_frees;

    s.block *= share;
    return cci_value_estimated(value, (cci_interval_t){ ci.lo * share, ci.hi * share }, s);
}

static double stored(const cci_field_t *f, const cci_profile_t *p)
{
    const char *at = (const char *)p + f->offset;
    uint32_t    small;
    size_t      size;
    double      real;

    switch (f->kind) {
    case OF_UINT32:
        memcpy(&small, at, sizeof small);
        return small;
    case OF_SIZE:
        memcpy(&size, at, sizeof size);
        return (double)size;
    case OF_DOUBLE:
        memcpy(&real, at, sizeof real);
        return real;
    case OF_UINT64:
        break;
    }
    return f->unit == CCI_UNIT_SECONDS ? number_at(p, f->offset) / 1e9 : number_at(p, f->offset);
}

static cci_value_t estimate(const cci_field_t *f, const cci_run_t *run, double value)
{
    const cci_profile_t *p = run->profile;
    const cci_sampling_t s = sampling_of(run, cci_tally_block(&p->total), f->unit);
    cci_interval_t       ci;

    if (f->estimated == NO_CI || f->estimated == IF_SUPPRESSED)
        return cci_value_of_equals(value, s);
    memcpy(&ci, (const char *)&p->ci + f->ci, sizeof ci);
    return cci_value_estimated(value, ci, s);
}

cci_value_t cci_field_value(const cci_field_t *f, const cci_run_t *run)
{
    const cci_profile_t *p     = run->profile;
    double               value = f->compute ? f->compute(run, f) : stored(f, p);

    if (!is_known(f, p, value))
        return (cci_value_t){ .known = false };
    if (f->compute == cross_thread_pct && p->estimated)
        return cross_thread_share(run, value);
    return is_estimated(f, p) ? estimate(f, run, value) : cci_value_exact(value);
}

/* ---- of a site ---- */

#define OF_SITE(member) offsetof(cci_site_t, member)

typedef struct amount {
    const char *name;
    cci_unit_t  unit;
    size_t      offset; /* of a uint64_t in cci_site_t */
    bool        in_sample;
    bool        has_ci;
    size_t      ci; /* offset in cci_site_ci_t */
} amount_t;

static const amount_t AMOUNTS[CCI_AMOUNTS] = {
    [CCI_AMOUNT_ALLOC_COUNT]   = { "alloc_count", CCI_UNIT_COUNT, OF_SITE(tally.alloc_count), true,
                                   true, offsetof(cci_site_ci_t, alloc_count) },
    [CCI_AMOUNT_ALLOC_BYTES]   = { "alloc_bytes", CCI_UNIT_BYTES, OF_SITE(tally.alloc_bytes), true,
                                   true, offsetof(cci_site_ci_t, alloc_bytes) },
    [CCI_AMOUNT_FREE_COUNT]    = { "free_count", CCI_UNIT_COUNT, OF_SITE(tally.free_count), true },
    [CCI_AMOUNT_LIVE_COUNT]    = { "live_count", CCI_UNIT_COUNT, OF_SITE(live_count), true },
    [CCI_AMOUNT_LIVE_BYTES]    = { "live_bytes", CCI_UNIT_BYTES, OF_SITE(live_bytes), true, true,
                                   offsetof(cci_site_ci_t, live_bytes) },
    [CCI_AMOUNT_LEAKED_COUNT]  = { "leaked_count", CCI_UNIT_COUNT, OF_SITE(leaked_count), true },
    [CCI_AMOUNT_LEAKED_BYTES]  = { "leaked_bytes", CCI_UNIT_BYTES, OF_SITE(leaked_bytes), true },
    [CCI_AMOUNT_PEAK_BYTES]    = { "peak_bytes", CCI_UNIT_BYTES, OF_SITE(peak_bytes), true },
    [CCI_AMOUNT_BYTES_AT_PEAK] = { "bytes_at_peak", CCI_UNIT_BYTES, OF_SITE(bytes_at_peak), true },
    [CCI_AMOUNT_TEMPORARY_COUNT] = { "temporary_count", CCI_UNIT_COUNT, OF_SITE(tally.temporary) },
    [CCI_AMOUNT_REALLOC_COUNT]   = { "realloc_count", CCI_UNIT_COUNT, OF_SITE(realloc_count) },
    [CCI_AMOUNT_REALLOC_MOVED] = { "realloc_moved_count", CCI_UNIT_COUNT, OF_SITE(realloc_moved) },
    [CCI_AMOUNT_CROSS_THREAD]  = { "cross_thread_free_count", CCI_UNIT_COUNT,
                                   OF_SITE(tally.cross_thread_frees), true },
};

bool cci_amount_find(const char *name, size_t length, cci_amount_t *out)
{
    for (int m = 0; m < CCI_AMOUNTS; m++)
        if (has_name(AMOUNTS[m].name, name, length)) {
            *out = (cci_amount_t)m;
            return true;
        }
    return false;
}

const char *cci_amount_name(cci_amount_t m)
{
    return AMOUNTS[m].name;
}

cci_unit_t cci_amount_unit(cci_amount_t m)
{
    return AMOUNTS[m].unit;
}

static bool amount_is_known(const amount_t *m, const cci_profile_t *p)
{
    return p->mode == CCI_MODE_FULL || (p->mode == CCI_MODE_SAMPLE && m->in_sample);
}

cci_value_t cci_amount_value(cci_amount_t amount, const cci_run_t *run, uint32_t site)
{
    const amount_t      *m     = &AMOUNTS[amount];
    const cci_profile_t *p     = run->profile;
    double               value = number_at(&p->sites[site], m->offset);
    cci_interval_t       ci;

    if (!amount_is_known(m, p))
        return (cci_value_t){ .known = false };
    if (!p->estimated)
        return cci_value_exact(value);

    cci_sampling_t s = sampling_of(run, cci_tally_block(&p->sites[site].tally), m->unit);
    if (!m->has_ci)
        return cci_value_of_equals(value, s);
    memcpy(&ci, (const char *)&p->site_ci[site] + m->ci, sizeof ci);
    return cci_value_estimated(value, ci, s);
}

cci_value_t cci_amount_none(cci_amount_t amount, const cci_run_t *run, double block_bytes)
{
    const amount_t      *m = &AMOUNTS[amount];
    const cci_profile_t *p = run->profile;

    if (!amount_is_known(m, p))
        return (cci_value_t){ .known = false };
    if (!p->estimated)
        return cci_value_exact(0);
    return cci_value_of_equals(0, sampling_of(run, block_bytes, m->unit));
}
