/* SPDX-License-Identifier: MIT */
/* profile.c - see profile/profile.h: the loop over the events, and what is known only after it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "profile/feed.h"
#include "profile/findings.h"
#include "profile/fragmentation.h"
#include "profile/leaks.h"
#include "profile/measures.h"
#include "profile/rates.h"
#include "profile/stream.h"

enum { BATCH = CCI_FEED_BATCH, PROGRESS_EVERY = 2048 /* batches */ };

struct cci_feed {
    cci_trace_t            *trace;
    const cci_trace_info_t *info;
    cci_profile_options_t   options;
    cci_profile_t          *profile;
    size_t                  thread_capacity;
    cci_stream_t            stream;
    cci_measures_mark_t     mark;  /* where the range begins */
    bool                    begun; /* the range */
    bool                    brief; /* finish without looking at each block */
    bool                    over;  /* to_ns was passed */
};

static void tell_progress(const cci_feed_t *f)
{
    if (f->options.progress)
        f->options.progress(f->options.progress_context, cci_trace_progress(f->trace));
}

/* Threads that only count write no events; a trace that has some all the same is not believed. */
static void skip_events(cci_feed_t *f)
{
    cci_event_t e;

    while (cci_trace_next(f->trace, &e)) {
    }
}

/* The next events; the table's lines that they will ask for are on their way to the cache, so that
 * the misses of a batch overlap. */
static size_t read_batch(const cci_feed_t *f, cci_event_t batch[BATCH])
{
    size_t n = 0;

    while (n < BATCH && cci_trace_next(f->trace, &batch[n]))
        cci_stream_prefetch(&f->stream, &batch[n++]);
    return n;
}

/* False: out of memory. */
static bool begin_range(cci_feed_t *f)
{
    cci_stream_begin_range(&f->stream, f->options.from_ns);
    f->begun = true;
    return cci_measures_mark(&f->mark, f->trace);
}

/* False: out of memory. */
static bool take_event(cci_feed_t *f, const cci_event_t *e)
{
    if (!f->begun && e->time_ns >= f->options.from_ns && !begin_range(f))
        return false;
    return cci_stream_event(&f->stream, e);
}

/* False: out of memory. */
static bool take_batch(cci_feed_t *f, const cci_event_t *batch, size_t n)
{
    uint64_t to = f->options.to_ns ? f->options.to_ns : UINT64_MAX;

    for (size_t i = 0; i < n && !f->over; i++) {
        f->over = batch[i].time_ns >= to;
        if (!f->over && !take_event(f, &batch[i]))
            return false;
    }
    return true;
}

/* At most so many batches. False: out of memory. */
static bool read_events(cci_feed_t *f, size_t batches, bool *more)
{
    cci_event_t batch[BATCH];
    size_t      n = BATCH;

    for (size_t i = 0; i < batches && n == BATCH && !f->over; i++) {
        n = read_batch(f, batch);
        if (!take_batch(f, batch, n))
            return false;
        if (i % PROGRESS_EVERY == 0)
            tell_progress(f);
    }
    *more = n == BATCH && !f->over;
    return true;
}

/* A range behind the last event holds what is live. */
static bool begin_late(cci_feed_t *f)
{
    return f->begun || begin_range(f);
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

static bool estimate_sites(cci_profile_t *p, const cci_stream_t *s)
{
    cci_sample_sum_t *live = calloc(p->site_count + 1, sizeof *live);

    p->site_ci = calloc(p->site_count + 1, sizeof *p->site_ci);
    if (!live || !p->site_ci) {
        free(live);
        return false;
    }
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

static void set_end(cci_feed_t *f)
{
    cci_profile_t *p    = f->profile;
    uint64_t       last = f->info->end_ns > f->stream.now_ns ? f->info->end_ns : f->stream.now_ns;

    p->to_ns = f->options.to_ns && f->options.to_ns < last ? f->options.to_ns : last;
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

static bool finish_slices(cci_profile_t *p, const cci_stream_t *s)
{
    if (s->slices)
        p->slices = cci_stream_slices(s, p->to_ns);
    return !s->slices || p->slices;
}

static bool finish_blocks(cci_feed_t *f)
{
    cci_profile_t *p = f->profile;
    cci_stream_t  *s = &f->stream;

    cci_stream_finish(s, p->to_ns);
    memcpy(p->histogram, s->sizes.bucket, sizeof p->histogram);
    p->hot_count = cci_sizes_hot(&s->sizes, p->hot);
    if (!cci_flows_collect(&s->flows, p, s->unit))
        return false;
    if (p->estimated)
        estimate_program(p, s);
    else if (p->has_blocks)
        cci_rates_find_peaks(p);
    if (f->brief)
        return true;
    if (!cci_leaks_collect(s, p->from_ns) || !finish_slices(p, s))
        return false;
    if (p->estimated)
        return estimate_sites(p, s);
    return true;
}

static uint64_t clip(const cci_profile_t *p, uint64_t ns)
{
    if (ns < p->from_ns)
        return p->from_ns;
    return ns < p->to_ns ? ns : p->to_ns;
}

static void add_thread_times(cci_profile_t *p, const cci_trace_t *t)
{
    for (uint32_t i = 0; i < p->thread_count; i++) {
        const cci_trace_thread_t *k = cci_trace_thread(t, i);
        p->threads_ns += clip(p, k->last_ns) - clip(p, k->first_ns);
    }
}

static bool finish(cci_feed_t *f)
{
    cci_profile_t *p = f->profile;

    if (!begin_late(f))
        return false;
    set_end(f);
    p->lossy = is_lossy(f->info); /* damage shows when the chunk is read */
    if (!finish_blocks(f))
        return false;
    if (p->mode != CCI_MODE_FULL && !p->ranged)
        take_counters(p, f->trace);
    if (p->estimated && !p->ranged)
        refine_program(p);
    p->lifetimes.immortal = p->leaked_count;
    find_peak_rss(p, f->trace);
    if (!cci_measures_collect(p, f->trace, &f->mark, !f->brief))
        return false;
    cci_fragmentation_find(p, f->trace);
    add_thread_times(p, f->trace);
    bool exact = p->mode == CCI_MODE_FULL && !p->lossy;
    return f->brief || !exact || cci_findings_collect(p);
}

/* ---- the feed ---- */

/* The threads that the trace knows by now. */
static bool take_threads(cci_feed_t *f)
{
    cci_profile_t *p = f->profile;
    const uint32_t n = cci_trace_thread_count(f->trace);

    while (p->thread_count < n) {
        void *threads =
            cci_array_room(p->threads, p->thread_count, &f->thread_capacity, sizeof *p->threads);
        if (!threads)
            return false;
        p->threads                    = threads;
        p->threads[p->thread_count++] = (cci_thread_profile_t){ 0 };
    }
    return true;
}

static void begin(cci_feed_t *f)
{
    const cci_trace_info_t *info = f->info;
    cci_profile_t          *p    = f->profile;

    p->mode       = info->mode;
    p->estimated  = info->mode == CCI_MODE_SAMPLE;
    p->has_blocks = info->mode != CCI_MODE_COUNT;
    p->from_ns    = f->options.from_ns;
    f->begun      = p->from_ns == 0;
    p->ranged     = f->options.from_ns || f->options.to_ns;
    p->lossy      = is_lossy(info);
    /* No interval to sample at is that of everything. */
    uint64_t interval = info->sample_interval ? info->sample_interval : 1;
    cci_stream_init(&f->stream, p, p->estimated ? interval : 0, p->lossy);
}

cc_result_t cci_feed_slice(cci_feed_t *f)
{
    if (!f->profile->has_blocks || f->stream.slices)
        return CC_RESULT_OK;
    return cci_stream_slice(&f->stream, f->options.slice_rows) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

void cci_feed_unslice(cci_feed_t *f)
{
    cci_slices_destroy(f->stream.slices);
    f->stream.slices = NULL;
}

cc_result_t cci_feed_create(cci_feed_t **out, cci_trace_t *t, const cci_profile_options_t *options)
{
    static const cci_profile_options_t DEFAULTS = { 0 };
    cci_feed_t                        *f        = calloc(1, sizeof *f);
    cci_profile_t                     *p        = calloc(1, sizeof *p);

    if (!f || !p) {
        free(f);
        free(p);
        return CC_RESULT_NO_MEMORY;
    }
    f->trace   = t;
    f->info    = cci_trace_info(t);
    f->options = options ? *options : DEFAULTS;
    f->profile = p;
    begin(f);
    if (f->options.slices && cci_feed_slice(f) != CC_RESULT_OK) {
        cci_feed_destroy(f);
        return CC_RESULT_NO_MEMORY;
    }
    *out = f;
    return CC_RESULT_OK;
}

void cci_feed_destroy(cci_feed_t *f)
{
    if (!f)
        return;
    cci_stream_fini(&f->stream);
    cci_measures_unmark(&f->mark);
    cci_profile_destroy(f->profile);
    free(f);
}

cc_result_t cci_feed_read(cci_feed_t *f, size_t events, bool *more)
{
    *more = false;
    if (!take_threads(f))
        return CC_RESULT_NO_MEMORY;
    if (!f->profile->has_blocks)
        skip_events(f);
    else if (!read_events(f, events / BATCH + 1, more))
        return CC_RESULT_NO_MEMORY;
    return cci_trace_status(f->trace);
}

cc_result_t cci_feed_begin(cci_feed_t *f)
{
    return take_threads(f) && (f->begun || begin_range(f)) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

cc_result_t cci_feed_give(cci_feed_t *f, const cci_event_t *events, size_t n)
{
    if (!take_threads(f))
        return CC_RESULT_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        cci_stream_prefetch(&f->stream, &events[i]);
    return take_batch(f, events, n) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

void cci_feed_rebase(cci_feed_t *f, cci_trace_t *frozen)
{
    f->trace = frozen;
    f->info  = cci_trace_info(frozen);
}

static void *copy_of(const void *items, size_t count, size_t item_size)
{
    void *copy = calloc(count + 1, item_size);

    if (copy && count)
        memcpy(copy, items, count * item_size);
    return copy;
}

/* Of a profile in the making: threads and sites are all that it has. */
static cci_profile_t *copy_profile(const cci_profile_t *p)
{
    cci_profile_t *copy = malloc(sizeof *copy);

    if (!copy)
        return NULL;
    *copy         = *p;
    copy->threads = copy_of(p->threads, p->thread_count, sizeof *p->threads);
    copy->sites   = copy_of(p->sites, p->site_count, sizeof *p->sites);
    if (copy->threads && copy->sites)
        return copy;
    cci_profile_destroy(copy);
    return NULL;
}

/* A copy is finished: of the stream what finishing changes stands in it, or in the profile. */
cc_result_t cci_feed_snapshot(const cci_feed_t *f, bool whole, cci_profile_t **out)
{
    cci_feed_t    *copy = malloc(sizeof *copy);
    cci_profile_t *p    = copy ? copy_profile(f->profile) : NULL;
    bool           done = false;

    if (p) {
        *copy                = *f;
        copy->profile        = p;
        copy->stream.profile = p;
        copy->brief          = !whole;
        done                 = finish(copy);
        if (!f->begun)
            cci_measures_unmark(&copy->mark);
    }
    free(copy);
    if (done)
        *out = p;
    else
        cci_profile_destroy(p);
    return done ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

/* ---- all at once ---- */

static cc_result_t read_to_end(cci_feed_t *f)
{
    bool        more = true;
    cc_result_t r    = CC_RESULT_OK;

    while (r == CC_RESULT_OK && more)
        r = cci_feed_read(f, SIZE_MAX, &more);
    if (r != CC_RESULT_OK)
        return r;
    return finish(f) ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

cc_result_t cci_profile_create(cci_profile_t **out, cci_trace_t *t,
                               const cci_profile_options_t *options)
{
    cci_feed_t *f;
    cc_result_t r = cci_feed_create(&f, t, options);

    if (r != CC_RESULT_OK)
        return r;
    r = read_to_end(f);
    if (r == CC_RESULT_OK) {
        *out       = f->profile;
        f->profile = NULL;
    }
    cci_feed_destroy(f);
    return r;
}

void cci_profile_destroy(cci_profile_t *p)
{
    if (!p)
        return;
    for (size_t i = 0; p->threads && i < p->thread_count; i++)
        free(p->threads[i].measures);
    free(p->threads);
    free(p->flows);
    free(p->sites);
    free(p->site_ci);
    free(p->leaks);
    free(p->findings);
    cci_slices_destroy(p->slices);
    free(p);
}
