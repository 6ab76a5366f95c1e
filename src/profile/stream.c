/* SPDX-License-Identifier: MIT */
/* stream.c - see profile/stream.h. */
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "profile/stream.h"

static const uint64_t AWAIT_NS     = 100000000; /* a thread may be off the processor that long */
static const uint64_t SAMPLED_UNIT = 1 << 16;

/* ---- sites ---- */

/* Room for `wanted` nodes, the new ones without a site. */
static bool grow_nodes(cci_stream_t *s, size_t wanted)
{
    size_t    capacity = wanted < 512 ? 1024 : 2 * wanted;
    uint32_t *bigger   = realloc(s->site_of_node, capacity * sizeof *bigger);

    if (!bigger)
        return false;
    memset(bigger + s->node_capacity, 0, (capacity - s->node_capacity) * sizeof *bigger);
    s->site_of_node  = bigger;
    s->node_capacity = capacity;
    return true;
}

static bool reserve_site(cci_stream_t *s)
{
    cci_profile_t *p  = s->profile;
    cci_site_t *sites = cci_array_room(p->sites, p->site_count, &s->site_capacity, sizeof *sites);

    if (sites)
        p->sites = sites;
    return sites != NULL;
}

static bool reserve_sums(cci_stream_t *s)
{
    cci_site_sums_t *sums =
        cci_array_room(s->site_sums, s->profile->site_count, &s->sums_capacity, sizeof *sums);

    if (sums)
        s->site_sums = sums;
    return sums != NULL;
}

static bool add_site(cci_stream_t *s, uint32_t stack, uint32_t *out)
{
    cci_profile_t *p = s->profile;

    if (stack >= s->node_capacity && !grow_nodes(s, (size_t)stack + 1))
        return false;
    if (!reserve_site(s) || (s->interval && !reserve_sums(s)))
        return false;
    if (s->interval)
        s->site_sums[p->site_count] = (cci_site_sums_t){ 0 };
    p->sites[p->site_count] = (cci_site_t){ .stack = stack, .min_size = UINT64_MAX };
    s->site_of_node[stack]  = (uint32_t)p->site_count + 1;
    *out                    = (uint32_t)p->site_count++;
    return true;
}

static inline bool site_of(cci_stream_t *s, uint32_t stack, uint32_t *out)
{
    if (stack < s->node_capacity && s->site_of_node[stack] != 0) {
        *out = s->site_of_node[stack] - 1;
        return true;
    }
    return add_site(s, stack, out);
}

/* ---- figures ---- */

static void count_size(cci_site_t *site, uint64_t size)
{
    if (size < site->min_size)
        site->min_size = size;
    if (size > site->max_size)
        site->max_size = size;
    if (site->distinct > CCI_SITE_SIZES)
        return;
    for (uint32_t i = 0; i < site->distinct; i++)
        if (site->sizes[i] == size)
            return;
    if (site->distinct < CCI_SITE_SIZES)
        site->sizes[site->distinct] = size;
    site->distinct++;
}

/* Before a site's live bytes change: are they those of a peak? */
static inline void settle_peak(const cci_stream_t *s, cci_site_t *site)
{
    if (site->peak_epoch == s->peak_epoch)
        return;
    site->bytes_at_peak = site->live_bytes;
    site->peak_epoch    = s->peak_epoch;
}

static inline void tally_alloc(cci_tally_t *t, const cci_weight_t *w)
{
    t->alloc_count += w->count;
    t->alloc_bytes += w->bytes;
}

static inline void tally_free(cci_tally_t *t, const cci_weight_t *w, bool temporary)
{
    t->free_count += w->count;
    t->free_bytes += w->bytes;
    t->temporary += temporary ? w->count : 0;
}

static void sum_alloc(cci_stream_t *s, const cci_block_t *b, const cci_weight_t *w)
{
    cci_sample_sum_add(&s->site_sums[b->site].count, 1, w->factor);
    cci_sample_sum_add(&s->site_sums[b->site].bytes, (double)b->size, w->factor);
    cci_sample_sum_add(&s->sums.alloc_count, 1, w->factor);
    cci_sample_sum_add(&s->sums.alloc_bytes, (double)b->size, w->factor);
    cci_sample_sum_add(&s->sums.current, (double)b->size, w->factor);
}

static void sum_free(cci_stream_t *s, const cci_block_t *b, const cci_weight_t *w, bool crossed)
{
    cci_sample_sum_add(&s->sums.free_count, 1, w->factor);
    cci_sample_sum_add(&s->sums.free_bytes, (double)b->size, w->factor);
    cci_sample_sum_remove(&s->sums.current, (double)b->size, w->factor);
    if (crossed)
        cci_sample_sum_add(&s->sums.cross_thread, 1, w->factor);
}

static void count_alloc(cci_stream_t *s, const cci_block_t *b, const cci_weight_t *w)
{
    cci_profile_t *p    = s->profile;
    cci_site_t    *site = &p->sites[b->site];

    settle_peak(s, site);
    tally_alloc(&site->tally, w);
    tally_alloc(&p->threads[b->thread].tally, w);
    site->live_count += w->count;
    site->live_bytes += w->bytes;
    if (site->live_bytes > site->peak_bytes)
        site->peak_bytes = site->live_bytes;
    p->current_bytes += w->bytes;
    p->current_count += w->count;
    count_size(site, b->size);
    cci_sizes_add(&s->sizes, b->size, w->count);
    if (s->interval)
        sum_alloc(s, b, w);
    if (s->slices && !cci_slices_alloc(s->slices, b, *w))
        s->starved = true;
}

/* ---- slices, where they are wanted ---- */

static void slice_gone(cci_stream_t *s, const cci_block_t *b, const cci_weight_t *w)
{
    if (s->slices && !(cci_slices_make_room(s->slices, s->profile) &&
                       cci_slices_gone(s->slices, s->now_ns, b, *w)))
        s->starved = true;
}

/* count: as many more frees, or fewer, by a number that wraps. */
static void slice_freed(cci_stream_t *s, uint32_t thread, uint64_t count)
{
    if (s->slices && !cci_slices_freed(s->slices, s->now_ns, thread, count))
        s->starved = true;
}

/* ---- frees ---- */

/* The block's bytes are gone, whoever freed it. */
static void leave_heap(cci_stream_t *s, const cci_block_t *b, const cci_weight_t *w)
{
    cci_site_t *site = &s->profile->sites[b->site];

    settle_peak(s, site);
    site->live_count -= w->count;
    site->live_bytes -= w->bytes;
    s->profile->current_bytes -= w->bytes;
    s->profile->current_count -= w->count;
}

static void count_crossing(cci_stream_t *s, const cci_block_t *b, uint32_t thread,
                           const cci_weight_t *w)
{
    cci_profile_t *p = s->profile;

    p->sites[b->site].tally.cross_thread_frees += w->count;
    p->threads[thread].tally.cross_thread_frees += w->count;
    p->threads[b->thread].sent += w->count;
    if (!cci_flows_add(&s->flows, b->thread, thread, w->count, w->bytes))
        s->starved = true;
}

static unsigned lifetime_bucket(uint64_t ns)
{
    unsigned log2 = 63u - (unsigned)__builtin_clzll(ns | 1);

    if (log2 < CCI_LIFETIME_FIRST_LOG2)
        return 0;
    unsigned bucket = log2 - CCI_LIFETIME_FIRST_LOG2 + 1;
    return bucket < CCI_LIFETIME_BUCKETS ? bucket : CCI_LIFETIME_BUCKETS - 1;
}

static void count_lifetime(const cci_stream_t *s, cci_site_t *site, const cci_block_t *b,
                           const cci_weight_t *w, bool temporary)
{
    uint64_t         ns = s->now_ns - b->time_ns;
    cci_lifetimes_t *l  = &site->lifetimes;

    site->lifetime_ns += w->factor * (double)ns;
    l->bucket[lifetime_bucket(ns)] += w->count;
    if (!temporary && ns >> CCI_SHORT_LIVED_LOG2 == 0)
        l->short_lived += w->count;
}

static void count_free(cci_stream_t *s, const cci_block_t *b, uint32_t thread)
{
    cci_profile_t        *p         = s->profile;
    cci_thread_profile_t *t         = &p->threads[thread];
    cci_site_t           *site      = &p->sites[b->site];
    cci_weight_t          w         = cci_stream_weigh(s, b->size);
    bool                  crossed   = b->thread != thread;
    bool                  temporary = !s->interval && !crossed && t->last_ptr == b->ptr;

    leave_heap(s, b, &w);
    tally_free(&site->tally, &w, temporary);
    tally_free(&t->tally, &w, temporary);
    count_lifetime(s, site, b, &w, temporary);
    slice_gone(s, b, &w);
    slice_freed(s, thread, w.count);
    if (crossed)
        count_crossing(s, b, thread, &w);
    if (s->interval)
        sum_free(s, b, &w, crossed);
}

/* Its free is not in the trace: its bytes were freed, but no thread is known to have done it. */
static void count_implied(cci_stream_t *s, const cci_block_t *b)
{
    cci_weight_t w = cci_stream_weigh(s, b->size);

    leave_heap(s, b, &w);
    s->profile->sites[b->site].tally.free_bytes += w.bytes;
    s->profile->total.free_bytes += w.bytes;
    s->profile->implied_frees++;
    if (s->interval) {
        cci_sample_sum_add(&s->sums.free_bytes, (double)b->size, w.factor);
        cci_sample_sum_remove(&s->sums.current, (double)b->size, w.factor);
    }
}

/* The same while events come; at the end slices have it from the blocks. */
static void settle_implied(cci_stream_t *s, const cci_block_t *b)
{
    if (b->ptr == 0)
        return;
    cci_weight_t w = cci_stream_weigh(s, b->size);
    count_implied(s, b);
    slice_gone(s, b, &w);
}

/* sign 1: a free of a block that is not known; -1: it is known now. */
static void count_unmatched(cci_stream_t *s, uint32_t thread, int sign)
{
    uint64_t one = (uint64_t)(int64_t)sign;

    s->profile->unmatched_frees += one;
    s->profile->threads[thread].tally.free_count += one * s->unit;
    slice_freed(s, thread, one * s->unit);
}

/* ---- events ---- */

static bool open_block(cci_stream_t *s, const cci_event_t *e)
{
    cci_block_t   b = { .ptr = e->ptr, .size = e->size, .time_ns = s->now_ns, .thread = e->thread };
    cci_settled_t settled;

    if (!site_of(s, e->stack, &b.site) || !cci_blocks_open(&s->blocks, &b, &settled))
        return false;
    cci_weight_t w = cci_stream_weigh(s, b.size);
    count_alloc(s, &b, &w);
    settle_implied(s, &settled.implied);
    if (settled.early) {
        count_unmatched(s, settled.early_thread, -1);
        count_free(s, &b, settled.early_thread);
    }
    return true;
}

/* The site that the block was of; CCI_NO_SITE where it is not known. */
static uint32_t close_block(cci_stream_t *s, uint64_t ptr, uint32_t thread)
{
    cci_block_t   b = { .site = CCI_NO_SITE };
    cci_settled_t settled;

    if (cci_blocks_close(&s->blocks, ptr, thread, s->now_ns, &b, &settled))
        count_free(s, &b, thread);
    else
        count_unmatched(s, thread, 1);
    settle_implied(s, &settled.implied);
    return b.site;
}

/* Aligned beyond a cache line and to a multiple of its size. */
static bool is_over_aligned(const cci_event_t *e)
{
    enum { CACHE_LINE_LOG2 = 6 };
    return e->align_log2 > CACHE_LINE_LOG2 &&
           UINT64_C(1) << e->align_log2 >= CCI_OVER_ALIGNED * (e->size ? e->size : 1);
}

static void count_aligned(cci_stream_t *s, const cci_event_t *e)
{
    uint32_t site;

    s->profile->aligned_count++;
    if (is_over_aligned(e) && site_of(s, e->stack, &site)) /* it was, a moment ago */
        s->profile->sites[site].over_aligned++;
}

static bool on_alloc(cci_stream_t *s, const cci_event_t *e)
{
    if (e->ptr == 0)
        return true; /* it failed */
    s->profile->calloc_count += e->op == CCI_OP_CALLOC;
    if (!open_block(s, e))
        return false;
    if (e->op == CCI_OP_ALIGNED)
        count_aligned(s, e);
    s->profile->threads[e->thread].last_ptr = e->ptr;
    cci_timeline_note(&s->profile->timeline, s->now_ns, s->profile->current_bytes,
                      (cci_timeline_calls_t){ .allocs = 1, .bytes = e->size });
    return true;
}

static bool on_free(cci_stream_t *s, uint64_t ptr, uint32_t thread)
{
    if (ptr == 0)
        return true;
    close_block(s, ptr, thread);
    s->profile->threads[thread].last_ptr = 0;
    cci_timeline_note(&s->profile->timeline, s->now_ns, s->profile->current_bytes,
                      (cci_timeline_calls_t){ .frees = 1 });
    return true;
}

/* realloc(NULL, n) allocates, realloc(p, 0) frees, a failed one changes nothing. */
static bool on_realloc(cci_stream_t *s, const cci_event_t *e)
{
    cci_profile_t *p = s->profile;
    uint32_t       site;

    if (e->old_ptr == 0)
        return on_alloc(s, e);
    if (e->ptr == 0)
        return e->size != 0 || on_free(s, e->old_ptr, e->thread);
    if (!site_of(s, e->stack, &site))
        return false;
    uint32_t old_site = close_block(s, e->old_ptr, e->thread);
    if (!open_block(s, e))
        return false;

    bool moved = e->ptr != e->old_ptr;
    p->realloc_count++;
    p->realloc_moved += moved;
    p->sites[site].realloc_count++;
    p->sites[site].realloc_moved += moved;
    p->sites[site].regrown += old_site == site;
    p->threads[e->thread].last_ptr = e->ptr;
    cci_timeline_note(&p->timeline, s->now_ns, p->current_bytes,
                      (cci_timeline_calls_t){ .allocs = 1, .frees = 1, .bytes = e->size });
    return true;
}

static bool dispatch(cci_stream_t *s, const cci_event_t *e)
{
    switch (e->op) {
    case CCI_OP_FREE:
        return on_free(s, e->ptr, e->thread);
    case CCI_OP_REALLOC:
        return on_realloc(s, e);
    case CCI_OP_MALLOC:
    case CCI_OP_CALLOC:
    case CCI_OP_ALIGNED:
        return on_alloc(s, e);
    case CCI_OP_EXTENDED: /* never given by the reader */
        break;
    }
    return true;
}

static void note_peak(cci_stream_t *s)
{
    s->profile->peak_bytes = s->profile->current_bytes;
    s->profile->peak_count = s->profile->current_count;
    s->profile->peak_ns    = s->now_ns;
    s->peak_epoch++;
    if (s->interval)
        s->sums.peak = s->sums.current;
}

bool cci_stream_event(cci_stream_t *s, const cci_event_t *e)
{
    if (e->time_ns > s->now_ns)
        s->now_ns = e->time_ns;
    if (!dispatch(s, e))
        return false;
    s->profile->events++;
    if (s->profile->current_bytes > s->profile->peak_bytes)
        note_peak(s);
    return !s->starved;
}

/* ---- begin and end ---- */

void cci_stream_init(cci_stream_t *s, cci_profile_t *profile, uint64_t interval, bool lossy)
{
    *s = (cci_stream_t){ .profile  = profile,
                         .interval = interval,
                         .unit     = interval ? SAMPLED_UNIT : 1 };
    /* Where events were lost, a free that does not come soon does not come. */
    s->blocks.await_ns = lossy ? CCI_EARLY_NS : AWAIT_NS;
    cci_timeline_init(&profile->timeline, 0, 0);
}

static void begin_site(cci_site_t *site, uint64_t epoch)
{
    *site = (cci_site_t){ .stack         = site->stack,
                          .live_count    = site->live_count,
                          .live_bytes    = site->live_bytes,
                          .peak_bytes    = site->live_bytes,
                          .bytes_at_peak = site->live_bytes,
                          .peak_epoch    = epoch,
                          .min_size      = UINT64_MAX };
}

static void begin_profile(cci_profile_t *p)
{
    p->events       = 0;
    p->total        = (cci_tally_t){ 0 };
    p->calloc_count = p->aligned_count = p->realloc_count = p->realloc_moved = 0;
    p->unmatched_frees = p->implied_frees = 0;
    for (size_t i = 0; i < p->thread_count; i++)
        p->threads[i] = (cci_thread_profile_t){ .last_ptr = p->threads[i].last_ptr };
}

void cci_stream_begin_range(cci_stream_t *s, uint64_t from_ns)
{
    cci_profile_t *p = s->profile;

    s->now_ns = from_ns;
    begin_profile(p);
    for (size_t i = 0; i < p->site_count; i++)
        begin_site(&p->sites[i], s->peak_epoch);
    if (s->interval && s->site_sums)
        memset(s->site_sums, 0, p->site_count * sizeof *s->site_sums);
    s->sums  = (cci_stream_sums_t){ .current = s->sums.current };
    s->sizes = (cci_sizes_t){ 0 };
    cci_flows_clear(&s->flows);
    cci_blocks_forget_early(&s->blocks);
    note_peak(s);
    cci_timeline_init(&p->timeline, from_ns, p->current_bytes);
    if (s->slices)
        cci_slices_restart(s->slices, from_ns);
}

static void make_whole(uint64_t *count, uint64_t unit)
{
    *count = (*count + unit / 2) / unit;
}

static void finish_tally(cci_tally_t *t, uint64_t unit)
{
    make_whole(&t->alloc_count, unit);
    make_whole(&t->free_count, unit);
    make_whole(&t->cross_thread_frees, unit);
    make_whole(&t->temporary, unit);
}

/* The program is its threads, and what was freed by nobody known. */
static void finish_threads(const cci_stream_t *s)
{
    cci_profile_t *p = s->profile;

    for (size_t i = 0; i < p->thread_count; i++) {
        const cci_tally_t *t = &p->threads[i].tally;
        p->total.alloc_count += t->alloc_count;
        p->total.alloc_bytes += t->alloc_bytes;
        p->total.free_count += t->free_count;
        p->total.free_bytes += t->free_bytes;
        p->total.cross_thread_frees += t->cross_thread_frees;
        p->total.temporary += t->temporary;
        finish_tally(&p->threads[i].tally, s->unit);
        make_whole(&p->threads[i].sent, s->unit);
    }
    finish_tally(&p->total, s->unit);
}

static void finish_lifetimes(cci_lifetimes_t *l, uint64_t unit)
{
    make_whole(&l->short_lived, unit);
    for (unsigned i = 0; i < CCI_LIFETIME_BUCKETS; i++)
        make_whole(&l->bucket[i], unit);
}

static void add_lifetimes(cci_lifetimes_t *l, const cci_lifetimes_t *more)
{
    l->short_lived += more->short_lived;
    for (unsigned i = 0; i < CCI_LIFETIME_BUCKETS; i++)
        l->bucket[i] += more->bucket[i];
}

uint64_t cci_lifetimes_long(const cci_lifetimes_t *l, uint64_t temporary)
{
    uint64_t freed = 0, apart = temporary + l->short_lived;

    for (unsigned i = 0; i < CCI_LIFETIME_BUCKETS; i++)
        freed += l->bucket[i];
    return freed > apart ? freed - apart : 0; /* estimates are rounded one by one */
}

static void finish_site(const cci_stream_t *s, cci_site_t *site)
{
    settle_peak(s, site);
    if (site->min_size > site->max_size)
        site->min_size = 0;
    if (site->tally.free_count)
        site->lifetime_ns *= (double)s->unit / (double)site->tally.free_count;
    finish_tally(&site->tally, s->unit);
    make_whole(&site->live_count, s->unit);
    add_lifetimes(&s->profile->lifetimes, &site->lifetimes);
    finish_lifetimes(&site->lifetimes, s->unit);
}

void cci_stream_finish(cci_stream_t *s, uint64_t end_ns)
{
    cci_profile_t *p    = s->profile;
    uint64_t       last = end_ns > s->now_ns ? end_ns - 1 : s->now_ns;

    for (const cci_block_t *b = cci_live_next(&s->blocks.waiting, NULL); b;
         b                    = cci_live_next(&s->blocks.waiting, b))
        count_implied(s, b);
    cci_timeline_note(&p->timeline, last, p->current_bytes, (cci_timeline_calls_t){ 0 });
    for (size_t i = 0; i < p->site_count; i++)
        finish_site(s, &p->sites[i]);
    finish_lifetimes(&p->lifetimes, s->unit);
    make_whole(&p->current_count, s->unit);
    make_whole(&p->peak_count, s->unit);
    finish_threads(s);
    cci_sizes_finish(&s->sizes, s->unit);
}

void cci_stream_fini(cci_stream_t *s)
{
    cci_blocks_fini(&s->blocks);
    free(s->site_of_node);
    free(s->site_sums);
    cci_slices_destroy(s->slices);
    cci_flows_fini(&s->flows);
}
