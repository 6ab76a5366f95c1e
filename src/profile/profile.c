/* SPDX-License-Identifier: MIT */
/* profile.c - see profile/profile.h: the loop over the events, and what is known only after it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "profile/findings.h"
#include "profile/leaks.h"
#include "profile/stream.h"

enum { BATCH = 32, PROGRESS_EVERY = 2048 /* batches */ };

typedef struct job {
    cci_trace_t                 *trace;
    const cci_trace_info_t      *info;
    const cci_profile_options_t *options;
    cci_profile_t               *profile;
    cci_stream_t                 stream;
    bool                         begun; /* the range */
} job_t;

static void tell_progress(const job_t *job)
{
    if (job->options->progress)
        job->options->progress(job->options->progress_context, cci_trace_progress(job->trace));
}

/* Threads that only count write no events; a trace that has some all the same is not believed. */
static void skip_events(job_t *job)
{
    cci_event_t e;

    while (cci_trace_next(job->trace, &e)) {
    }
}

/* The next events; the table's lines that they will ask for are on their way to the cache, so that
 * the misses of a batch overlap. */
static size_t read_batch(const job_t *job, cci_event_t batch[BATCH])
{
    size_t n = 0;

    while (n < BATCH && cci_trace_next(job->trace, &batch[n]))
        cci_stream_prefetch(&job->stream, &batch[n++]);
    return n;
}

/* False: out of memory. */
static bool take_event(job_t *job, const cci_event_t *e)
{
    if (!job->begun && e->time_ns >= job->options->from_ns) {
        cci_stream_begin_range(&job->stream, job->options->from_ns);
        job->begun = true;
    }
    return cci_stream_event(&job->stream, e);
}

/* False: out of memory. */
static bool read_events(job_t *job)
{
    uint64_t    to = job->options->to_ns ? job->options->to_ns : UINT64_MAX;
    cci_event_t batch[BATCH];

    for (size_t batches = 0, n; (n = read_batch(job, batch)) > 0; batches++) {
        for (size_t i = 0; i < n; i++) {
            if (batch[i].time_ns >= to)
                return true;
            if (!take_event(job, &batch[i]))
                return false;
        }
        if (batches % PROGRESS_EVERY == 0)
            tell_progress(job);
    }
    return true;
}

/* A range behind the last event holds what is live. */
static void begin_late(job_t *job)
{
    if (!job->begun)
        cci_stream_begin_range(&job->stream, job->options->from_ns);
}

/* ---- what the threads counted themselves ---- */

static void add_counters(cci_profile_t *p, const cci_trace_counters_t *c)
{
    p->total.alloc_count += c->alloc_count;
    p->total.free_count += c->free_count;
    p->total.alloc_bytes += c->alloc_bytes;
    p->usable_alloc += c->usable_alloc;
    p->usable_freed += c->usable_freed;
    for (unsigned b = 0; b < CCI_SIZE_BUCKETS; b++)
        p->histogram[b] += c->sizes[b];
}

static void take_counters(cci_profile_t *p, const cci_trace_t *t)
{
    p->total.alloc_count = p->total.free_count = p->total.alloc_bytes = 0;
    memset(p->histogram, 0, sizeof p->histogram);
    for (uint32_t i = 0; i < p->thread_count; i++) {
        const cci_trace_counters_t *c   = &cci_trace_thread(t, i)->counters;
        p->threads[i].tally.alloc_count = c->alloc_count;
        p->threads[i].tally.free_count  = c->free_count;
        p->threads[i].tally.alloc_bytes = c->alloc_bytes;
        add_counters(p, c);
    }
    p->hot_count = cci_buckets_hot(p->histogram, p->hot);
}

/* ---- estimates ---- */

/* One sampled block stands for about `interval` bytes, whatever its size. */
static cci_interval_t bytes_interval(const cci_stream_t *s, const cci_sample_sum_t *sum)
{
    return cci_sample_sum_interval(sum, (double)s->interval);
}

static double mean_weight(const cci_sample_sum_t *count)
{
    return count->count ? cci_sample_sum_value(count) / (double)count->count : 1;
}

static void estimate_program(cci_profile_t *p, const cci_stream_t *s)
{
    const cci_stream_sums_t *sums  = &s->sums;
    double                   count = mean_weight(&sums->alloc_count);

    p->ci = (cci_profile_ci_t){
        .alloc_count        = cci_sample_sum_interval(&sums->alloc_count, count),
        .alloc_bytes        = bytes_interval(s, &sums->alloc_bytes),
        .free_count         = cci_sample_sum_interval(&sums->free_count, count),
        .free_bytes         = bytes_interval(s, &sums->free_bytes),
        .current_bytes      = bytes_interval(s, &sums->current),
        .peak_bytes         = bytes_interval(s, &sums->peak),
        .cross_thread_frees = cci_sample_sum_interval(&sums->cross_thread, count),
    };
}

static void limit(uint64_t *value, cci_interval_t *ci, uint64_t most)
{
    *value = *value < most ? *value : most;
    ci->lo = fmin(ci->lo, (double)most);
    ci->hi = fmin(ci->hi, (double)most);
}

/* What the threads counted bounds what was estimated; and with the allocated bytes known, the
 * freed ones are as well known as those that are left. */
static void refine_program(cci_profile_t *p)
{
    cci_tally_t *total = &p->total;
    double       all   = (double)total->alloc_bytes;

    limit(&p->current_bytes, &p->ci.current_bytes, total->alloc_bytes);
    limit(&p->peak_bytes, &p->ci.peak_bytes, total->alloc_bytes);
    limit(&p->leaked_bytes, &p->ci.leaked_bytes, total->alloc_bytes);
    limit(&total->cross_thread_frees, &p->ci.cross_thread_frees,
          p->thread_count > 1 ? total->free_count : 0);
    total->free_bytes = total->alloc_bytes - p->current_bytes;
    p->ci.free_bytes =
        (cci_interval_t){ all - p->ci.current_bytes.hi, all - p->ci.current_bytes.lo };
    p->leaked_count =
        total->alloc_count > total->free_count ? total->alloc_count - total->free_count : 0;
}

/* sums: one of live bytes a site, to be filled; returns that of the leaked bytes. */
static cci_sample_sum_t sum_live(const cci_stream_t *s, uint64_t from_ns, cci_sample_sum_t *sums)
{
    cci_sample_sum_t leaked = { 0 };

    for (const cci_block_t *b = cci_live_next(&s->blocks.live, NULL); b;
         b                    = cci_live_next(&s->blocks.live, b)) {
        double weight = cci_stream_weight(s, b->size);
        cci_sample_sum_add(&sums[b->site], (double)b->size, weight);
        if (b->time_ns >= from_ns)
            cci_sample_sum_add(&leaked, (double)b->size, weight);
    }
    return leaked;
}

static void estimate_site(cci_profile_t *p, const cci_stream_t *s, size_t i,
                          const cci_sample_sum_t *live)
{
    const cci_site_sums_t *sums = &s->site_sums[i];

    p->site_ci[i] = (cci_site_ci_t){
        .alloc_count = cci_sample_sum_interval(&sums->count, mean_weight(&sums->count)),
        .alloc_bytes = bytes_interval(s, &sums->bytes),
        .live_bytes  = bytes_interval(s, live),
    };
}

static bool estimate(cci_profile_t *p, const cci_stream_t *s)
{
    cci_sample_sum_t *live = calloc(p->site_count + 1, sizeof *live);

    p->site_ci = calloc(p->site_count + 1, sizeof *p->site_ci);
    if (!live || !p->site_ci) {
        free(live);
        return false;
    }
    estimate_program(p, s);
    cci_sample_sum_t leaked = sum_live(s, p->from_ns, live);
    p->ci.leaked_bytes      = bytes_interval(s, &leaked);
    for (size_t i = 0; i < p->site_count; i++)
        estimate_site(p, s, i, &live[i]);
    free(live);
    return true;
}

/* ---- the end ---- */

static bool is_lossy(const cci_trace_info_t *info)
{
    return info->lost_events != 0 || info->incomplete;
}

static void set_end(job_t *job)
{
    cci_profile_t *p = job->profile;
    uint64_t last = job->info->end_ns > job->stream.now_ns ? job->info->end_ns : job->stream.now_ns;

    p->to_ns = job->options->to_ns && job->options->to_ns < last ? job->options->to_ns : last;
    if (p->to_ns < p->from_ns)
        p->to_ns = p->from_ns;
}

static void find_peak_rss(cci_profile_t *p, const cci_trace_t *t)
{
    const cci_rss_sample_t *rss;
    size_t                  n = cci_trace_rss(t, &rss);

    for (size_t i = 0; i < n; i++)
        if (rss[i].time_ns >= p->from_ns && rss[i].time_ns <= p->to_ns &&
            rss[i].bytes > p->peak_rss)
            p->peak_rss = rss[i].bytes;
}

static bool finish_blocks(job_t *job)
{
    cci_profile_t *p = job->profile;
    cci_stream_t  *s = &job->stream;

    cci_stream_finish(s, p->to_ns);
    memcpy(p->histogram, s->sizes.bucket, sizeof p->histogram);
    p->hot_count = cci_sizes_hot(&s->sizes, p->hot);
    if (!cci_leaks_collect(s, p->from_ns))
        return false;
    if (p->estimated)
        return estimate(p, s);
    return p->lossy || cci_findings_collect(p);
}

static bool finish(job_t *job)
{
    cci_profile_t *p = job->profile;

    set_end(job);
    p->lossy = is_lossy(job->info); /* damage shows when the chunk is read */
    if (!finish_blocks(job))
        return false;
    if (p->mode != CCI_MODE_FULL && !p->ranged)
        take_counters(p, job->trace);
    if (p->estimated && !p->ranged)
        refine_program(p);
    find_peak_rss(p, job->trace);
    return true;
}

static bool begin(job_t *job)
{
    const cci_trace_info_t *info = job->info;
    cci_profile_t          *p    = job->profile;

    p->thread_count = cci_trace_thread_count(job->trace);
    p->threads      = calloc(p->thread_count + 1, sizeof *p->threads);
    p->mode         = info->mode;
    p->estimated    = info->mode == CCI_MODE_SAMPLE;
    p->has_blocks   = info->mode != CCI_MODE_COUNT;
    p->from_ns      = job->options->from_ns;
    job->begun      = p->from_ns == 0;
    p->ranged       = job->options->from_ns || job->options->to_ns;
    p->lossy        = is_lossy(info);
    /* No interval to sample at is that of everything. */
    uint64_t interval = info->sample_interval ? info->sample_interval : 1;
    cci_stream_init(&job->stream, p, p->estimated ? interval : 0, p->lossy);
    return p->threads != NULL;
}

static cc_result_t run(job_t *job)
{
    if (!begin(job))
        return CC_RESULT_NO_MEMORY;
    if (!job->profile->has_blocks)
        skip_events(job);
    else if (!read_events(job))
        return CC_RESULT_NO_MEMORY;
    begin_late(job);
    if (cci_trace_status(job->trace) != CC_RESULT_OK)
        return cci_trace_status(job->trace);
    return finish(job) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

cc_result_t cci_profile_create(cci_profile_t **out, cci_trace_t *t,
                               const cci_profile_options_t *options)
{
    static const cci_profile_options_t DEFAULTS = { 0 };
    job_t                             *job      = malloc(sizeof *job);
    cci_profile_t                     *p        = calloc(1, sizeof *p);
    cc_result_t                        result   = CC_RESULT_NO_MEMORY;

    if (job && p) {
        *job   = (job_t){ .trace   = t,
                          .info    = cci_trace_info(t),
                          .options = options ? options : &DEFAULTS,
                          .profile = p };
        result = run(job);
        cci_stream_fini(&job->stream);
    }
    free(job);
    if (result == CC_RESULT_OK)
        *out = p;
    else
        cci_profile_destroy(p);
    return result;
}

void cci_profile_destroy(cci_profile_t *p)
{
    if (!p)
        return;
    free(p->threads);
    free(p->sites);
    free(p->site_ci);
    free(p->leaks);
    free(p->findings);
    free(p);
}
