/* SPDX-License-Identifier: MIT */
/* Property: a range of slices is that range of the run. For any trace, and every first and last slice,
 * the sums over rows, sizes and threads are the figures of a profile with --from and --to at the edges;
 * profiles that were asked for in the middle of it, or without the memory for them, change nothing. So do
 * slices that began in the middle, but that the first one has all that was before; and where there are too
 * many rows, so do all sites together, and each that has rows of its own.
 *
 *     slices_prop         some seeds, each printed when it fails
 *     slices_prop SEED    that one
 */
#include <stdio.h>
#include <string.h>

#include "profile/feed.h"
#include "support/failing_malloc.h"
#include "support/seeded.h"
#include "support/trace_builder.h"

enum {
    SEEDS   = CCMEM_INSTRUMENTED ? 3 : 12,
    THREADS = 3,
    SITES   = 5,
    BLOCKS  = 60,
    EVENTS  = 600,
    RANGES  = CCMEM_INSTRUMENTED ? 20 : 40
};

/* ---- traces ---- */

static uint64_t address(size_t block)
{
    return 0x1000 + 64 * block;
}

static uint32_t any_site(void)
{
    return 1 + (uint32_t)below(SITES);
}

/* Of a block that is there: its free, or a new size; of one that is not: the block, or rarely a free
 * of what nobody knows. Addresses and threads are in order, clocks are another test's. */
static void any_event(trace_builder_t *b, bool *lives, uint64_t ns)
{
    const uint32_t thread = (uint32_t)below(THREADS);
    const size_t   block  = below(BLOCKS);
    const uint64_t size   = below(4) ? 1 + below(300) : below(100000);

    if (!lives[block] && below(20) == 0) {
        trace_builder_free(b, thread, ns, 0x900000 + 64 * below(8));
    } else if (!lives[block]) {
        trace_builder_malloc(b, thread, ns, address(block), size, any_site());
        lives[block] = true;
    } else if (below(3) == 0) {
        trace_builder_realloc(b, thread, ns, address(block), address(block), size + 1, any_site());
    } else {
        trace_builder_free(b, thread, ns, address(block));
        lives[block] = false;
    }
}

/* Events that are dense here and rare there. */
static uint64_t later(uint64_t ns)
{
    return ns + 5000 + below(below(10) ? 20000 : 3000000);
}

static trace_builder_t *build(cci_trace_mode_t mode)
{
    const trace_builder_options_t options       = { .mode            = mode,
                                                    .sample_interval = mode == CCI_MODE_SAMPLE ? 64 : 0 };
    trace_builder_t              *b             = trace_builder_create(&options);
    bool                          lives[BLOCKS] = { false };
    uint64_t                      ns            = 0;

    for (uint32_t i = 0; i < THREADS; i++) {
        trace_builder_thread(b, i, "t");
        for (uint32_t site = 1; site <= SITES; site++)
            trace_builder_node(b, i, 0, 0, 0x100 * site);
    }
    for (size_t i = 0; i < EVENTS; i++)
        any_event(b, lives, ns = later(ns));
    trace_builder_end(b, ns + 5000, 0);
    return b;
}

static cci_trace_t *open_trace(trace_builder_t *b)
{
    cci_trace_t   *t;
    size_t         n;
    const uint8_t *bytes = trace_builder_file(b, &n);

    CHECK(cci_trace_open_memory(&t, bytes, n) == CC_RESULT_OK);
    return t;
}

/* ---- sums over slices ---- */

typedef struct figures {
    uint64_t count, bytes, live_bytes, left_bytes, freed;
} figures_t;

/* Of a site; the frees are those of blocks that are known. */
static figures_t sum_site(const cci_slices_t *s, uint32_t site, int first, int last)
{
    figures_t f = { 0 };

    for (size_t i = 0; i < s->rows.count; i++) {
        const cci_slice_row_t *row    = &s->rows.item[i];
        const bool             inside = row->born >= first && row->born <= last;
        const bool             lives  = row->born <= last && row->died > last;
        if (row->site != site)
            continue;
        f.count += inside ? row->count : 0;
        f.bytes += inside ? row->bytes : 0;
        f.live_bytes += lives ? row->bytes : 0;
        f.left_bytes += inside && lives ? row->bytes : 0;
        f.freed += row->died >= first && row->died <= last ? row->count : 0;
    }
    return f;
}

static uint64_t whole(const cci_slices_t *s, uint64_t count)
{
    return (count + s->unit / 2) / s->unit;
}

static const cci_site_t *site_of_stack(const cci_profile_t *p, uint32_t stack)
{
    for (size_t i = 0; i < p->site_count; i++)
        if (p->sites[i].stack == stack)
            return &p->sites[i];
    return NULL;
}

static void check_site(const cci_profile_t *all, uint32_t site, const cci_profile_t *part,
                       int first, int last)
{
    static const cci_site_t NONE = { 0 };
    const cci_slices_t     *s    = all->slices;
    const figures_t         f    = sum_site(s, site, first, last);
    const cci_site_t       *p    = site_of_stack(part, all->sites[site].stack);

    p = p ? p : &NONE;
    CHECK(whole(s, f.count) == p->tally.alloc_count && f.bytes == p->tally.alloc_bytes);
    CHECK(f.live_bytes == p->live_bytes && f.left_bytes == p->leaked_bytes);
    CHECK(whole(s, f.freed) == p->tally.free_count);
}

static void check_sizes(const cci_slices_t *s, const cci_profile_t *part, int first, int last)
{
    for (size_t b = 0; b < CCI_SIZE_BUCKETS; b++) {
        uint64_t sum = 0;
        for (int i = first; i <= last; i++)
            sum += s->sizes[i][b];
        /* Exact sizes become whole before they join their bucket. */
        CHECK(part->estimated || sum == part->histogram[b]);
    }
}

static void check_thread(const cci_slices_t *s, size_t thread, const cci_profile_t *part, int first,
                         int last)
{
    const cci_tally_t *t = &part->threads[thread].tally;
    cci_tally_t        f = { 0 };

    for (int i = first; i <= last && thread < s->thread_count; i++) {
        f.alloc_count += s->thread[thread].alloc_count[i];
        f.alloc_bytes += s->thread[thread].alloc_bytes[i];
        f.free_count += s->thread[thread].free_count[i];
    }
    CHECK(whole(s, f.alloc_count) == t->alloc_count && f.alloc_bytes == t->alloc_bytes);
    CHECK(whole(s, f.free_count) == t->free_count);
}

static void check_range(const cci_profile_t *all, const cci_profile_t *part, int first, int last)
{
    for (uint32_t i = 0; i < all->site_count; i++)
        check_site(all, i, part, first, last);
    check_sizes(all->slices, part, first, last);
    for (size_t i = 0; i < part->thread_count; i++)
        check_thread(all->slices, i, part, first, last);
}

/* ---- ranges ---- */

static uint64_t edge(const cci_slices_t *s, int slice)
{
    return s->start_ns + ((uint64_t)slice << s->step_log2);
}

static cci_profile_t *profile(trace_builder_t *b, cci_profile_options_t options)
{
    cci_trace_t   *t = open_trace(b);
    cci_profile_t *p;

    CHECK(cci_profile_create(&p, t, &options) == CC_RESULT_OK);
    cci_trace_close(t);
    return p;
}

static cci_profile_t *profile_range(trace_builder_t *b, const cci_slices_t *s, int first, int last)
{
    const bool ends = last == (int)s->count - 1;

    return profile(b, (cci_profile_options_t){ .from_ns = edge(s, first),
                                               .to_ns   = ends ? 0 : edge(s, last + 1) });
}

/* In a sample the counts of the whole run are the threads' own, which this trace does not have. */
static void try_range(trace_builder_t *b, const cci_profile_t *all, int first, int last)
{
    if (all->estimated && first == 0 && last == (int)all->slices->count - 1)
        return;
    cci_profile_t *part = profile_range(b, all->slices, first, last);
    check_range(all, part, first, last);
    cci_profile_destroy(part);
}

static bool is_other(const cci_slices_t *s, size_t site)
{
    return site < s->other_capacity && s->is_other[site];
}

/* Of sites by name and of the others. */
static figures_t sum_all(const cci_profile_t *all, int first, int last)
{
    figures_t sum = { 0 };

    for (size_t i = 0; i <= all->site_count; i++) {
        const uint32_t  site = i < all->site_count ? (uint32_t)i : CCI_SLICE_OTHERS;
        const figures_t f    = sum_site(all->slices, site, first, last);
        sum.count += f.count;
        sum.bytes += f.bytes;
        sum.live_bytes += f.live_bytes;
        sum.left_bytes += f.left_bytes;
        sum.freed += f.freed;
    }
    return sum;
}

static figures_t total_of(const cci_profile_t *p)
{
    figures_t sum = { 0 };

    for (size_t i = 0; i < p->site_count; i++) {
        sum.count += p->sites[i].tally.alloc_count;
        sum.bytes += p->sites[i].tally.alloc_bytes;
        sum.live_bytes += p->sites[i].live_bytes;
        sum.left_bytes += p->sites[i].leaked_bytes;
        sum.freed += p->sites[i].tally.free_count;
    }
    return sum;
}

static void check_named(const cci_profile_t *all, const cci_profile_t *part, int first, int last)
{
    for (uint32_t i = 0; i < all->site_count; i++)
        if (!is_other(all->slices, i))
            check_site(all, i, part, first, last);
}

/* Exact figures only: estimates are rounded site by site. */
static void try_few_rows(trace_builder_t *b, size_t most)
{
    const cci_profile_options_t options = { .slices = true, .slice_rows = most };
    cci_profile_t              *all     = profile(b, options);
    const cci_slices_t         *s       = all->slices;
    const int                   n       = (int)s->count;

    CHECK(n > CCI_SLICES_MIN / 2 && n <= CCI_SLICES_MAX);
    CHECK(most > 8 || s->is_other);
    for (int i = 0; i < RANGES / 2; i++) {
        const int       first = (int)below((uint64_t)n);
        const int       last  = first + (int)below((uint64_t)(n - first));
        cci_profile_t  *part  = profile_range(b, s, first, last);
        const figures_t sum = sum_all(all, first, last), total = total_of(part);
        CHECK(memcmp(&sum, &total, sizeof sum) == 0);
        check_named(all, part, first, last);
        check_sizes(s, part, first, last);
        cci_profile_destroy(part);
    }
    cci_profile_destroy(all);
}

/* A part has slices of its own, of what was there before, too. */
static void try_late(trace_builder_t *b, uint64_t from_ns)
{
    cci_profile_t *p = profile(b, (cci_profile_options_t){ .from_ns = from_ns, .slices = true });
    const int      n = (int)p->slices->count;

    CHECK(p->slices->start_ns == from_ns && n <= CCI_SLICES_MAX);
    check_range(p, p, 0, n - 1);
    cci_profile_destroy(p);
}

/* ---- feeds ---- */

/* As often as it takes to have failed at each allocation. */
static void ask_without_memory(const cci_feed_t *feed)
{
    bool   failed = true;
    size_t told   = 0;

    for (size_t at = 0; failed; at++) {
        cci_profile_t *p;
        failing_malloc_begin(at);
        cc_result_t r = cci_feed_snapshot(feed, true, &p);
        if (r == CC_RESULT_OK)
            cci_profile_destroy(p);
        failed = failing_malloc_end();
        CHECK(failing_malloc_live() == 0);
        CHECK(r == CC_RESULT_OK || (failed && r == CC_RESULT_NO_MEMORY));
        told += r != CC_RESULT_OK;
    }
    CHECK(told >= 5); /* or the test tests nothing */
}

static bool same_row(const cci_slice_row_t *a, const cci_slice_row_t *b)
{
    return a->site == b->site && a->born == b->born && a->died == b->died && a->count == b->count &&
           a->bytes == b->bytes;
}

static bool same_slices(const cci_slices_t *a, const cci_slices_t *b)
{
    bool same = a->count == b->count && a->step_log2 == b->step_log2 &&
                a->rows.count == b->rows.count && memcmp(a->sizes, b->sizes, sizeof a->sizes) == 0;

    for (size_t i = 0; same && i < a->rows.count; i++)
        same = same_row(&a->rows.item[i], &b->rows.item[i]);
    return same;
}

/* Asking changes nothing. */
static void try_feed(trace_builder_t *b, const cci_profile_t *all)
{
    const cci_profile_options_t options = { .slices = true };
    cci_trace_t                *t       = open_trace(b);
    cci_feed_t                 *feed;
    cci_profile_t              *p;
    bool                        more = true;

    CHECK(cci_feed_create(&feed, t, &options) == CC_RESULT_OK);
    while (more) {
        CHECK(cci_feed_read(feed, 1, &more) == CC_RESULT_OK);
        if (below(4) == 0)
            ask_without_memory(feed);
    }
    CHECK(cci_feed_snapshot(feed, true, &p) == CC_RESULT_OK);
    CHECK(same_slices(p->slices, all->slices));
    cci_profile_destroy(p);
    cci_feed_destroy(feed);
    cci_trace_close(t);
}

static void slice_as_memory_allows(cci_feed_t *feed)
{
    cc_result_t r;
    size_t      at = 0;

    do {
        failing_malloc_begin(at++);
        r = cci_feed_slice(feed);
        failing_malloc_end();
        CHECK(r == CC_RESULT_OK || r == CC_RESULT_NO_MEMORY);
    } while (r != CC_RESULT_OK);
    CHECK(at > 1);
}

/* The first slice is of what was before. */
static void try_slicing_late(trace_builder_t *b)
{
    cci_trace_t   *t = open_trace(b);
    cci_feed_t    *feed;
    cci_profile_t *p;
    bool           more = true;

    CHECK(cci_feed_create(&feed, t, NULL) == CC_RESULT_OK);
    for (uint64_t batches = 1 + below(15); batches > 0; batches--)
        CHECK(cci_feed_read(feed, 1, &more) == CC_RESULT_OK && more);
    slice_as_memory_allows(feed);
    while (more)
        CHECK(cci_feed_read(feed, 1, &more) == CC_RESULT_OK);
    CHECK(cci_feed_snapshot(feed, true, &p) == CC_RESULT_OK);
    const int n = (int)p->slices->count;
    for (int i = 0; i < n; i++)
        try_range(b, p, i, i + (int)below((uint64_t)(n - i)));
    try_range(b, p, 0, n - 1);
    cci_profile_destroy(p);
    cci_feed_unslice(feed);
    CHECK(cci_feed_snapshot(feed, true, &p) == CC_RESULT_OK && !p->slices);
    cci_profile_destroy(p);
    cci_feed_destroy(feed);
    cci_trace_close(t);
}

/* Nothing is left of a profile that ran out of memory anywhere. */
static void try_without_memory(trace_builder_t *b, size_t most_rows)
{
    const cci_profile_options_t options = { .slices = true, .slice_rows = most_rows };
    bool                        failed  = true;

    for (size_t at = 0; failed; at++) {
        cci_trace_t   *t = open_trace(b);
        cci_profile_t *p;
        failing_malloc_begin(at);
        cc_result_t r = cci_profile_create(&p, t, &options);
        if (r == CC_RESULT_OK)
            cci_profile_destroy(p);
        failed = failing_malloc_end();
        CHECK(r == CC_RESULT_OK || (failed && r == CC_RESULT_NO_MEMORY));
        cci_trace_close(t);
    }
}

static void run(unsigned number, cci_trace_mode_t mode)
{
    begin_seed(number);
    trace_builder_t *b   = build(mode);
    cci_profile_t   *all = profile(b, (cci_profile_options_t){ .slices = true });
    const int        n   = (int)all->slices->count;

    CHECK(n > CCI_SLICES_MAX / 2 && n <= CCI_SLICES_MAX);
    for (int i = 0; i < RANGES; i++) {
        int first = (int)below((uint64_t)n);
        try_range(b, all, first, first + (int)below((uint64_t)(n - first)));
    }
    try_range(b, all, 0, n - 1);
    try_late(b, 1 + below(all->to_ns));
    try_slicing_late(b);
    for (size_t most = 8; mode == CCI_MODE_FULL && most < 4096; most *= 4)
        try_few_rows(b, most);
    if (number % 4 == 0) {
        try_feed(b, all);
        try_without_memory(b, 0);
        try_without_memory(b, 8);
    }
    cci_profile_destroy(all);
    trace_builder_destroy(b);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        run((unsigned)strtoul(argv[1], NULL, 10), CCI_MODE_FULL);
        run((unsigned)strtoul(argv[1], NULL, 10), CCI_MODE_SAMPLE);
        return 0;
    }
    for (unsigned i = 1; i <= SEEDS; i++) {
        run(i, CCI_MODE_FULL);
        run(i, CCI_MODE_SAMPLE);
    }
    puts("ok");
    return 0;
}
