/* SPDX-License-Identifier: MIT */
/* ccmem/profiler.h - a profile of this process' memory, while it runs.
 *
 * A profiler counts from start to stop, and tells what it has at any moment. Several may run at once;
 * each has figures of its own. It sees every block of ccmem/alloc.h; in a process that was started
 * with the preload library (`ccmem profile --dormant`, or LD_PRELOAD) it sees malloc and its family,
 * too. `scope` of a report says which.
 *
 * While no profiler runs nothing is recorded and nothing costs anything. While one does, threads write
 * what they do into memory of their own and a thread of the library adds it up: nobody stops or waits
 * for anybody, but for a program that allocates faster than can be added up.
 *
 * Example:
 *   cc_profiler_t *p;
 *   if (cc_profiler_create(&p, NULL) == CC_RESULT_OK) {
 *       const cc_profiler_report_t *r;
 *       if (cc_profiler_start(p) == CC_RESULT_OK) {
 *           // what is to be looked at
 *           cc_profiler_stop(p);
 *           if (cc_profiler_report(p, &r) == CC_RESULT_OK) {
 *               printf("Peak memory: %.1f MB\n", (double)r->peak_allocated / (1024 * 1024));
 *               cc_profiler_report_destroy(r);
 *           }
 *       }
 *       cc_profiler_destroy(p);
 *   }
 *
 * Units    bytes are those asked for; times are nanoseconds, of a report's duration seconds.
 * Failure  CC_RESULT_NO_MEMORY; others as each function says.
 * Threads  any, on any profiler. In the child of a fork every profiler has stopped, with what it had.
 * Source   the recorder: docs/design/recorder.md; sampling as tcmalloc and Go do (Poisson by bytes).
 */
#ifndef CC_PROFILER_H
#define CC_PROFILER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
CC_BEGIN

typedef struct cc_profiler cc_profiler_t;

/* Begin with CC_PROFILER_OPTIONS_DEFAULT and change what is to be different. */
typedef struct cc_profiler_options {
    bool track_sizes;        /* size_histogram */
    bool track_latency;      /* percentiles: one call in 64 is measured */
    bool track_per_thread;   /* thread_stats */
    bool track_cross_thread; /* frees by another thread than the block's */
    bool detect_leaks;       /* leaked_allocations, leaked_bytes */
    bool capture_stacks;     /* where blocks were allocated, and reports by place */
    /* 1: every block. Below: about this part of the blocks of 64 bytes, of larger ones a larger part
     * (a sample every so many bytes); figures are estimates then, but for counts. Above 0, to 1. */
    double sample_rate;
    /* Of each latency histogram at most: percentiles are exact to the width of a bucket. At least 2. */
    unsigned latency_buckets;
} cc_profiler_options_t;

#define CC_PROFILER_OPTIONS_DEFAULT                                             \
    {                                                                           \
        .track_sizes = true, .track_latency = true, .track_cross_thread = true, \
        .sample_rate = 1.0, .latency_buckets = 1000                             \
    }

/* ---- reports ---- */

typedef enum cc_profiler_scope {
    CC_PROFILER_SCOPE_HEAP, /* blocks of ccmem/alloc.h */
    CC_PROFILER_SCOPE_ALL   /* those of malloc, too */
} cc_profiler_scope_t;

/* Blocks of min to max bytes. */
typedef struct cc_profiler_bucket {
    size_t   min, max;
    uint64_t count;
} cc_profiler_bucket_t;

/* Buckets by size, those without blocks left out. */
typedef struct cc_profiler_size_histogram {
    const cc_profiler_bucket_t *buckets;
    size_t                      bucket_count;
    uint64_t                    total_count, total_bytes;
} cc_profiler_size_histogram_t;

typedef struct cc_profiler_thread_stats {
    uint32_t thread_id;       /* the system's */
    char     thread_name[17]; /* "" = it never had one */
    uint64_t alloc_count, free_count;
    uint64_t alloc_bytes, free_bytes;
    uint64_t cross_thread_frees_sent;     /* by others, of blocks of this thread */
    uint64_t cross_thread_frees_received; /* by this thread, of blocks of others */
} cc_profiler_thread_stats_t;

/* Parts from 0 to 1; NAN, UINT64_MAX and NULL where not known. */
typedef struct cc_profiler_fragmentation {
    double      internal_fragmentation; /* of the blocks' bytes, those not asked for */
    double      external_fragmentation; /* of blocks and what is unused between them, the latter */
    uint64_t    largest_free_block;
    uint64_t    free_block_count;
    double      utilization; /* used bytes of those that the allocator holds */
    const char *method_internal, *method_external; /* how that is known, in words */
} cc_profiler_fragmentation_t;

/* A block that was allocated while the profiler ran, and not freed since. */
typedef struct cc_profiler_block {
    void        *ptr;
    size_t       size;
    double       timestamp; /* seconds since the profiler's start */
    uint32_t     thread_id;
    void *const *stack_trace; /* return addresses, innermost first; NULL without capture_stacks */
    size_t       stack_depth;
} cc_profiler_block_t;

typedef struct cc_profiler_report {
    cc_profiler_scope_t scope;
    bool                estimated;   /* sampled: see sample_rate */
    uint64_t            lost_events; /* that could not be recorded: what is below is of the rest */

    uint64_t alloc_count, free_count;
    uint64_t alloc_bytes, free_bytes;
    uint64_t current_allocated; /* bytes of blocks allocated since start and live */
    uint64_t peak_allocated;

    double alloc_rate, free_rate, bytes_rate; /* per second, over the whole duration */

    /* Nanoseconds that so many of 100 measured calls did not exceed, the timer's own cost taken off;
     * NAN when none was measured. */
    double   alloc_latency_p50, alloc_latency_p95, alloc_latency_p99, alloc_latency_p999;
    double   free_latency_p50, free_latency_p95, free_latency_p99, free_latency_p999;
    uint64_t alloc_latency_samples, free_latency_samples;

    uint64_t cross_thread_free_count;
    double   cross_thread_free_pct; /* of free_count; 0 of none */

    cc_profiler_size_histogram_t      size_histogram;
    const cc_profiler_thread_stats_t *thread_stats;
    size_t                            thread_count;
    cc_profiler_fragmentation_t       fragmentation;

    /* Largest first, at most CC_PROFILER_LEAKS_MAX of them; counts and bytes are of all. */
    const cc_profiler_block_t *leaked_allocations;
    size_t                     leaked_listed;
    uint64_t                   leaked_count, leaked_bytes;

    double   duration_seconds;
    uint64_t start_time, end_time; /* nanoseconds since 1970; all of a report is as of end_time */
} cc_profiler_report_t;

enum { CC_PROFILER_LEAKS_MAX = 1000 };

/* The sizes allocated most often: up to n buckets, most frequent first. Returns how many. */
CC_API size_t cc_profiler_hot_sizes(const cc_profiler_report_t *report, cc_profiler_bucket_t *out,
                                    size_t n);

/* Release a report; NULL is fine. O(1). */
CC_API void cc_profiler_report_destroy(const cc_profiler_report_t *report);

/* ---- profilers ---- */

/* options NULL = CC_PROFILER_OPTIONS_DEFAULT. CC_RESULT_INVALID: an option is out of its range.
 * Nothing is recorded yet. */
CC_API CC_NODISCARD cc_result_t cc_profiler_create(cc_profiler_t              **out,
                                                   const cc_profiler_options_t *options);

/* NULL is fine. It is stopped if it runs, and what it serves ends. */
CC_API void cc_profiler_destroy(cc_profiler_t *p);

/* Count from now on; what was counted before is forgotten. CC_RESULT_BUSY: it runs, or one runs that
 * records less than this one needs (a lower sample_rate, no stacks, no latencies): all that run at
 * once share one recording. O(threads). */
CC_API CC_NODISCARD cc_result_t cc_profiler_start(cc_profiler_t *p);

/* Count no longer. Everything that happened before is added up. O(events not added up yet). */
CC_API void cc_profiler_stop(cc_profiler_t *p);

/* What was counted so far, of a profiler that runs or does not. It holds everything up to its
 * end_time, which is now unless the program is ahead of the library's thread. Nobody stops for it.
 * O(sites + threads), with detect_leaks O(live blocks). */
CC_API CC_NODISCARD cc_result_t cc_profiler_snapshot(cc_profiler_t               *p,
                                                     const cc_profiler_report_t **out);

/* The final figures. CC_RESULT_BUSY: it runs; CC_RESULT_NOT_FOUND: it never did. */
CC_API CC_NODISCARD cc_result_t cc_profiler_report(cc_profiler_t               *p,
                                                   const cc_profiler_report_t **out);

/* Begin again at zero; one that runs goes on, and on failure has what it had. Blocks from before are no
 * longer its own. O(events not added up yet). */
CC_API CC_NODISCARD cc_result_t cc_profiler_reset(cc_profiler_t *p);

/* ---- reports as files and over HTTP ---- */
/* These need libccmem_report.so, which is installed beside the library and links libdw for names:
 * CC_RESULT_NOT_FOUND without it, or where no library can be loaded (a static program). */

/* Write what it has in a format of `ccmem report`: "text" "json" "csv:TABLE" "prometheus"
 * "pprof" "collapsed" "speedscope". CC_RESULT_INVALID: no such format; CC_RESULT_UNSUPPORTED: the format is of
 * stacks, and there are none; CC_RESULT_IO: writing failed. Reads debug information the first time. */
CC_API CC_NODISCARD cc_result_t cc_profiler_write(cc_profiler_t *p, const char *format, FILE *out);

/* Serve /metrics, /report.json and the dashboard over HTTP until the profiler is destroyed; docs/live.md
 * says what. From now on the profiler also keeps when blocks came and went, in bounded memory.
 * address: "ADDRESS:PORT" or "PORT"; without an address 127.0.0.1, and port 0 is any. *port, unless
 * NULL, becomes the one it is. CC_RESULT_INVALID: no address; _EXISTS: it serves already; _DENIED, _IO,
 * _NOT_FOUND: the address cannot be had. */
CC_API CC_NODISCARD cc_result_t cc_profiler_serve(cc_profiler_t *p, const char *address,
                                                  uint16_t *port);

CC_END
#endif
