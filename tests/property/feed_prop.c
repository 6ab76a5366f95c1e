/* SPDX-License-Identifier: MIT */
/* Property: what a feed says in the middle is what the events so far add up to, by a model that is
 * slow and simple; that it was asked changes nothing, also when there was no memory for the answer;
 * and at the end it says what a profile of the whole trace does.
 *
 *     feed_prop         some seeds, each printed when it fails
 *     feed_prop SEED    that one
 */
#include <stdio.h>
#include <string.h>

#include "profile/feed.h"
#include "support/failing_malloc.h"
#include "support/seeded.h"
#include "support/trace_builder.h"

enum { SEEDS = 30, THREADS = 4, SITES = 6, BLOCKS = 200, EVENTS = 2000, PORTION = 32 };

/* ---- the model ---- */

typedef struct figures {
    uint64_t allocs, frees, alloc_bytes, free_bytes, current, peak, crossed, live;
    uint64_t of_site[SITES + 1]; /* live bytes, by node */
} figures_t;

typedef struct block {
    uint64_t size; /* 0 = free */
    uint32_t thread, site;
} block_t;

static figures_t after[EVENTS + 1]; /* so many events */

static void model_alloc(figures_t *f, const block_t *b)
{
    f->allocs++;
    f->live++;
    f->alloc_bytes += b->size;
    f->current += b->size;
    f->of_site[b->site] += b->size;
    if (f->current > f->peak)
        f->peak = f->current;
}

static void model_free(figures_t *f, const block_t *b, uint32_t thread)
{
    f->frees++;
    f->live--;
    f->free_bytes += b->size;
    f->current -= b->size;
    f->crossed += b->thread != thread;
    f->of_site[b->site] -= b->size;
}

/* Event i, at a time of its own: clocks are another test's. */
static void any_event(trace_builder_t *t, block_t *blocks, size_t i)
{
    uint64_t  ns     = 10000 * (i + 1);
    uint32_t  thread = (uint32_t)below(THREADS);
    size_t    k      = below(BLOCKS);
    block_t  *b      = &blocks[k];
    figures_t f      = after[i];

    if (b->size) {
        trace_builder_free(t, thread, ns, 0x1000 + 64 * k);
        model_free(&f, b, thread);
        b->size = 0;
    } else {
        *b = (block_t){ 1 + below(5000), thread, 1 + (uint32_t)below(SITES) };
        trace_builder_malloc(t, thread, ns, 0x1000 + 64 * k, b->size, b->site);
        model_alloc(&f, b);
    }
    after[i + 1] = f;
}

static trace_builder_t *build(void)
{
    trace_builder_t *t              = trace_builder_create(NULL);
    block_t          blocks[BLOCKS] = { 0 };

    for (uint32_t i = 0; i < THREADS; i++) {
        trace_builder_thread(t, i, "t");
        for (uint32_t site = 1; site <= SITES; site++)
            trace_builder_node(t, i, 0, 0, 0x100 * site);
    }
    for (size_t i = 0; i < EVENTS; i++)
        any_event(t, blocks, i);
    trace_builder_end(t, 10000 * (EVENTS + 2), 0);
    return t;
}

/* ---- the feed ---- */

static void check_sites(const cci_profile_t *p, const cci_trace_t *t, const figures_t *f)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < p->site_count; i++) {
        uint64_t offset = cci_trace_node(t, p->sites[i].stack)->offset;
        CHECK(p->sites[i].live_bytes == f->of_site[offset / 0x100]);
        sum += p->sites[i].bytes_at_peak;
    }
    CHECK(sum == f->peak);
}

static void check(const cci_profile_t *p, const cci_trace_t *t, const figures_t *f, bool whole)
{
    CHECK(p->total.alloc_count == f->allocs && p->total.free_count == f->frees);
    CHECK(p->total.alloc_bytes == f->alloc_bytes && p->total.free_bytes == f->free_bytes);
    CHECK(p->current_bytes == f->current && p->peak_bytes == f->peak);
    CHECK(p->total.cross_thread_frees == f->crossed);
    CHECK(p->leaked_count == (whole ? f->live : 0));
    CHECK(p->leaked_bytes == (whole ? f->current : 0));
    check_sites(p, t, f);
}

/* As often as it takes to have failed at each allocation; sorting does without. */
static void ask_without_memory(const cci_feed_t *feed, bool whole)
{
    cci_profile_t *p;
    bool           failed = true;
    size_t         told   = 0;

    for (size_t at = 0; failed; at++) {
        failing_malloc_begin(at);
        cc_result_t r = cci_feed_snapshot(feed, whole, &p);
        if (r == CC_RESULT_OK)
            cci_profile_destroy(p);
        failed = failing_malloc_end();
        CHECK(failing_malloc_live() == 0);
        CHECK(r == CC_RESULT_OK || (failed && r == CC_RESULT_NO_MEMORY));
        told += r != CC_RESULT_OK;
    }
    CHECK(told >= 3); /* or the test tests nothing */
}

static void ask(const cci_feed_t *feed, const cci_trace_t *t, size_t events)
{
    bool           whole = below(2);
    cci_profile_t *p;

    if (below(8) == 0)
        ask_without_memory(feed, whole);
    CHECK(cci_feed_snapshot(feed, whole, &p) == CC_RESULT_OK);
    CHECK(p->events == events);
    check(p, t, &after[events], whole);
    cci_profile_destroy(p);
}

static cci_trace_t *open_trace(trace_builder_t *b)
{
    cci_trace_t   *t;
    size_t         n;
    const uint8_t *bytes = trace_builder_file(b, &n);

    CHECK(cci_trace_open_memory(&t, bytes, n) == CC_RESULT_OK);
    return t;
}

static void run(unsigned number)
{
    cci_feed_t    *feed;
    cci_profile_t *p;
    size_t         events = 0;

    begin_seed(number);
    trace_builder_t *b    = build();
    cci_trace_t     *t    = open_trace(b);
    bool             more = true;
    CHECK(cci_feed_create(&feed, t, NULL) == CC_RESULT_OK);
    while (more) {
        CHECK(cci_feed_read(feed, 1, &more) == CC_RESULT_OK);
        events += more ? PORTION : EVENTS - events;
        if (below(4) == 0)
            ask(feed, t, events);
    }
    CHECK(cci_trace_info(t)->events == EVENTS);
    ask(feed, t, EVENTS);
    cci_feed_destroy(feed);
    cci_trace_close(t);

    t = open_trace(b);
    CHECK(cci_profile_create(&p, t, NULL) == CC_RESULT_OK);
    check(p, t, &after[EVENTS], true);
    cci_profile_destroy(p);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        run((unsigned)strtoul(argv[1], NULL, 10));
        return 0;
    }
    for (unsigned i = 1; i <= SEEDS; i++)
        run(i);
    puts("ok");
    return 0;
}
