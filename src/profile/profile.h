/* SPDX-License-Identifier: MIT */
/* profile/profile.h - the model behind every report: what the events of a trace add up to.
 *
 * One pass over the events; memory grows with live blocks, sites and threads, never with the
 * length of the trace. A site is a stack of calls that allocates. docs/report.md says what each
 * figure means; here is what a reader of the code must know besides:
 *
 * Modes    full:   everything is exact.
 *          sample: the whole program's allocations and frees are exact (the threads counted
 *                  them); all else is estimated, and `ci` tells how well.
 *          count:  only what the threads counted; no blocks, no sites (has_blocks is false).
 * Realloc  one allocation and one free, at one instant: `current` changes by the difference.
 * Order    threads' clocks may differ a little, so a free may come before its allocation, or an
 *          address be given out again before its free. Both are recognised; see blocks.h.
 * Range    blocks from before the range are live in it, and their frees count; "leaked" is what
 *          was allocated in the range and lives at its end.
 *
 * Example:
 *   cci_profile_t *p;
 *   if (cci_profile_create(&p, trace, NULL) == CC_RESULT_OK) {
 *       printf("%llu bytes at most\n", (unsigned long long)p->peak_bytes);
 *       cci_profile_destroy(p);
 *   }
 *
 * Units    bytes as asked for, nanoseconds since the trace's start.
 * Failure  CC_RESULT_NO_MEMORY, CC_RESULT_IO; nothing is kept.
 */
#ifndef CCI_PROFILE_PROFILE_H
#define CCI_PROFILE_PROFILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/result.h>
#include "profile/estimate.h"
#include "profile/live.h"
#include "profile/sizes.h"
#include "profile/slices.h"
#include "profile/timeline.h"
#include "trace/reader.h"

enum {
    CCI_SITE_SIZES   = 16,   /* a site's sizes are told apart up to here */
    CCI_LEAK_LIST    = 1000, /* leaked blocks that are listed one by one */
    CCI_LEAK_PERIODS = 16,   /* of the run, for whether a site grows all the time */
    CCI_OVER_ALIGNED = 4
};

/* Counts of allocations; the same ones for a site, a thread and the program. */
typedef struct cci_tally {
    uint64_t alloc_count, alloc_bytes;
    uint64_t free_count, free_bytes;
    uint64_t cross_thread_frees; /* by another thread than the block's */
    uint64_t temporary;          /* the allocating thread's next event was the free */
} cci_tally_t;

/* How long freed blocks had lived. Bucket 0 is below 1 << CCI_LIFETIME_FIRST_LOG2 nanoseconds, each
 * of the others reaches twice as far as the one before, the last has no end. */
enum { CCI_LIFETIME_BUCKETS = 32, CCI_LIFETIME_FIRST_LOG2 = 10, CCI_SHORT_LIVED_LOG2 = 20 };

typedef struct cci_lifetimes {
    uint64_t immortal;    /* allocated and never freed */
    uint64_t short_lived; /* below 1 << CCI_SHORT_LIVED_LOG2 ns, about 1 ms; temporary ones apart */
    uint64_t bucket[CCI_LIFETIME_BUCKETS];
} cci_lifetimes_t;

typedef struct cci_site {
    uint32_t        stack;    /* node of the trace */
    uint32_t        distinct; /* sizes seen; CCI_SITE_SIZES + 1 = more than CCI_SITE_SIZES */
    cci_tally_t     tally;
    uint64_t        live_count, live_bytes;
    uint64_t        peak_bytes;    /* the most that the site itself held */
    uint64_t        bytes_at_peak; /* what it held when the whole program held most */
    uint64_t        peak_epoch;    /* internal: the program's peak that bytes_at_peak is of */
    double          lifetime_ns;   /* mean over its freed blocks; 0 when there is none */
    uint64_t        over_aligned;  /* to CCI_OVER_ALIGNED times the size, and beyond a cache line */
    double          growth_pct; /* leaked in the leanest of CCI_LEAK_PERIODS, of their mean; 0: the
                                   run is too short to tell */
    uint64_t        regrown;    /* reallocs of blocks that this site had resized before */
    uint64_t        realloc_count, realloc_moved; /* resized to the sizes counted here */
    uint64_t        leaked_count, leaked_bytes;
    const char     *suppressed; /* the pattern that took its leaks out, NULL = none did */
    uint64_t        suppressed_count, suppressed_bytes;
    uint64_t        min_size, max_size;
    uint64_t        sizes[CCI_SITE_SIZES];
    cci_lifetimes_t lifetimes;
} cci_site_t;

/* In sample mode only, beside each site. */
typedef struct cci_site_ci {
    cci_interval_t alloc_count, alloc_bytes, live_bytes;
} cci_site_ci_t;

typedef struct cci_thread_profile {
    cci_tally_t tally;    /* cross_thread_frees: of others' blocks, by this thread ("received") */
    uint64_t    sent;     /* frees by others of blocks of this thread  */
    uint64_t    last_ptr; /* internal: what its last event allocated   */
    cci_trace_measures_t *measures; /* NULL = none of its calls was measured */
} cci_thread_profile_t;

/* What is estimated of the whole program, in sample mode. alloc_* are so only in a range. */
typedef struct cci_profile_ci {
    cci_interval_t alloc_count, alloc_bytes, free_count, free_bytes;
    cci_interval_t current_bytes, peak_bytes, leaked_bytes, cross_thread_frees;
} cci_profile_ci_t;

/* Frees by thread `to` of blocks of thread `from`, by the trace's index of threads. */
typedef struct cci_flow {
    uint32_t from, to;
    uint64_t count, bytes;
} cci_flow_t;

/* A rate over CCI_RATE_WINDOW intervals of the timeline, at the moment when it was highest. */
enum { CCI_RATE_WINDOW = 16 };

typedef struct cci_rate_peak {
    double   per_second;
    uint64_t end_ns; /* of the window */
} cci_rate_peak_t;

typedef struct cci_rate_peaks {
    uint64_t        window_ns; /* 0 = nothing to make a rate of */
    cci_rate_peak_t allocs, frees, bytes;
} cci_rate_peaks_t;

/* Parts from 0 to 1, NAN where not known; each with the words for how it is known, NULL: it is
 * not. */
typedef struct cci_fragmentation {
    const char *method_internal, *method_external;
    double      internal;           /* of the usable bytes of all blocks, those not asked for */
    double      block_waste;        /* such bytes of a block, on average */
    double      external;           /* of blocks and what is unused between them, the latter */
    double      utilization;        /* used bytes of those that the allocator holds */
    double      used_bytes;         /* as the allocator has them; 0 where external is not known */
    bool        from_books;         /* external is, and not from resident pages */
    uint64_t    largest_free_block; /* CCI_BOOKS_UNKNOWN: not known */
    uint64_t    free_block_count;
    uint64_t    time_ns; /* of external and utilization */
    size_t      readings;
} cci_fragmentation_t;

typedef enum {
    CCI_FINDING_TEMPORARY,
    CCI_FINDING_REALLOC,
    CCI_FINDING_CROSS_THREAD,
    CCI_FINDING_UNIFORM,
    CCI_FINDING_ALIGNMENT,
    CCI_FINDING_LEAK,
    CCI_FINDING_INTERNAL,
    CCI_FINDING_EXTERNAL
} cci_finding_kind_t;

#define CCI_NO_SITE UINT32_MAX

typedef struct cci_finding {
    cci_finding_kind_t kind;
    uint32_t           site;      /* CCI_NO_SITE: it is about the whole program */
    uint64_t           events;    /* blocks or frees of the kind; bytes of fragmentation */
    double             part_pct;  /* of the site's, or of the heap */
    double             least_pct; /* from which the rule takes it */
    double             time_pct;  /* that the calls took, of the threads' time; 0: not asked */
} cci_finding_t;

typedef struct cci_profile {
    cci_trace_mode_t mode;
    bool             has_blocks;
    bool             estimated;      /* sample mode */
    bool             lossy;          /* events are missing: the exact figures are of the rest */
    bool             ranged;         /* from_ns or to_ns was asked for */
    uint64_t         from_ns, to_ns; /* what the figures cover */
    uint64_t         events;
    uint64_t         threads_ns; /* what the threads lived, added up */

    cci_tally_t total;
    uint64_t    calloc_count, aligned_count, realloc_count, realloc_moved;
    uint64_t    unmatched_frees; /* blocks from before the recording; their size is not known */
    uint64_t    implied_frees;   /* the free is not in the trace, but the address came again   */
    uint64_t    current_bytes;
    uint64_t    peak_bytes, peak_ns;
    uint64_t    current_count, peak_count;  /* blocks: live, and of the peak */
    uint64_t    peak_rss;                   /* 0 = not measured */
    uint64_t    usable_alloc, usable_freed; /* malloc_usable_size, 0 = not measured */
    cci_profile_ci_t ci;

    uint64_t       histogram[CCI_SIZE_BUCKETS];
    cci_hot_size_t hot[CCI_HOT_SIZES];
    size_t         hot_count;

    cci_thread_profile_t *threads; /* by the trace's index */
    size_t                thread_count;
    cci_site_t           *sites;
    cci_site_ci_t        *site_ci; /* NULL unless estimated */
    size_t                site_count;
    cci_block_t          *leaks; /* largest first */
    size_t                leak_listed;
    uint64_t              leaked_count, leaked_bytes;
    uint64_t            suppressed_count, suppressed_bytes; /* apart from them: report/suppress.h */
    cci_finding_t      *findings;
    size_t              finding_count;
    cci_timeline_t      timeline;
    cci_lifetimes_t     lifetimes;
    cci_flow_t         *flows; /* between different threads, most frees first */
    size_t              flow_count;
    cci_fragmentation_t fragmentation;
    cci_slices_t       *slices; /* NULL: not asked for */
    cci_rate_peaks_t    rates;  /* not in sample mode: too few events for a short time */

    /* Of the calls that were measured, one in measured_every; 0 = none was. Durations are in ticks
     * of tick_ns each: see cci_profile_latency_ns. */
    cci_trace_measures_t measures;
    uint32_t             measured_every;
    double               tick_ns, timer_ns; /* timer_ns: what was subtracted from each duration */
} cci_profile_t;

/* All zero is: the whole trace, nobody watches. */
typedef struct cci_profile_options {
    uint64_t from_ns, to_ns;                      /* to_ns 0 = to the end */
    bool     slices;                              /* make them; there are none in count mode */
    size_t   slice_rows;                          /* at most, 0 = CCI_SLICE_ROWS: slices.h */
    void (*progress)(void *context, double done); /* now and then, done from 0 to 1 */
    void *progress_context;
} cci_profile_options_t;

/* Read t to its end, or to to_ns. options NULL = all zero. O(events). */
CC_NODISCARD cc_result_t cci_profile_create(cci_profile_t **out, cci_trace_t *t,
                                            const cci_profile_options_t *options);
void                     cci_profile_destroy(cci_profile_t *p);

/* What a part q of some measured calls did not exceed; NAN of none. ticks: the profile's or a
 * thread's measures.ticks[CCI_MEASURED_...]. */
double cci_profile_latency_ns(const cci_profile_t *p, const cci_histogram_t *ticks, double q);

/* Where a bucket of measures.ticks ends; INFINITY of the last. */
double cci_profile_latency_limit_ns(const cci_profile_t *p, unsigned bucket);

/* Freed blocks that were neither temporary nor short-lived. */
uint64_t cci_lifetimes_long(const cci_lifetimes_t *l, uint64_t temporary);

/* Where a bucket of lifetimes ends, in ns; UINT64_MAX of the last. */
static inline uint64_t cci_lifetime_limit_ns(unsigned bucket)
{
    return bucket == CCI_LIFETIME_BUCKETS - 1 ? UINT64_MAX
                                              : UINT64_C(1) << (CCI_LIFETIME_FIRST_LOG2 + bucket);
}

static inline double cci_profile_seconds(const cci_profile_t *p)
{
    return (double)(p->to_ns - p->from_ns) / 1e9;
}

#endif
