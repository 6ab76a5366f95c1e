/* SPDX-License-Identifier: MIT */
/* Property: what is frozen of a trace says the same as the trace did, and goes on saying it when that
 * is gone; its profile is the same. If any one allocation fails, nothing is left behind.
 */
#include <stdio.h>
#include <string.h>

#include "profile/feed.h"
#include "support/failing_malloc.h"
#include "support/trace_builder.h"
#include "trace/freeze.h"

#define CHECK(e)                                                    \
    do {                                                            \
        if (!(e)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #e); \
            exit(1);                                                \
        }                                                           \
    } while (0)

enum { THREADS = 3, NODES = 40 };

static trace_builder_t *build(void)
{
    trace_builder_t     *b  = trace_builder_create(NULL);
    cci_trace_measured_t m  = { .every = 64, .sized = 2, .requested = 20, .usable = 30 };
    uint64_t             ns = 1000;

    m.calls[CCI_MEASURED_ALLOC][7] = 5;
    for (uint32_t t = 0; t < THREADS; t++) {
        uint32_t thread = trace_builder_thread(b, 100 + t, "worker");
        uint32_t module = trace_builder_module_with_id(b, thread, t ? "/lib/b" : "/lib/a", 0x10000,
                                                       0x1000, 0x8000, "\1\2\3", 3);
        for (uint32_t n = 0; n < NODES; n++, ns += 100)
            trace_builder_malloc(b, thread, ns, 0x100000 * (t + 1) + 64 * n, 8 + n,
                                 trace_builder_node(b, thread, n / 2, module, 16 * (n + t)));
    }
    trace_builder_measured(b, 1, &m);
    trace_builder_books(b, 0, ns, &(cci_books_t){ .kind = CCI_BOOKS_GLIBC, .used = 7 });
    trace_builder_meta(b, 0, "exe", "/bin/x", 6);
    trace_builder_lost(b, 2, 3);
    trace_builder_next_chunk(b, 2);
    trace_builder_free(b, 2, ns += 100, 0x300000);
    trace_builder_rss(b, 2000, 4096);
    for (uint32_t n = 0; n < NODES; n += 3, ns += 100)
        trace_builder_free(b, 1, ns, 0x100000 + 64 * n);
    trace_builder_end(b, ns, 0);
    return b;
}

static void check_stacks(const cci_trace_t *a, const cci_trace_t *b)
{
    CHECK(cci_trace_node_count(a) == cci_trace_node_count(b));
    for (uint32_t i = 0; i < cci_trace_node_count(a); i++)
        CHECK(memcmp(cci_trace_node(a, i), cci_trace_node(b, i), sizeof(cci_stack_node_t)) == 0);
    CHECK(cci_trace_module_count(a) == cci_trace_module_count(b));
    for (uint32_t i = 0; i < cci_trace_module_count(a); i++) {
        const cci_trace_module_t *m = cci_trace_module(a, i), *n = cci_trace_module(b, i);
        CHECK(strcmp(m->path, n->path) == 0 && m->build_id_len == n->build_id_len);
        CHECK(memcmp(m->build_id, n->build_id, m->build_id_len) == 0);
        CHECK(m->start == n->start && m->end == n->end && m->bias == n->bias);
    }
}

static void check_threads(const cci_trace_t *a, const cci_trace_t *b)
{
    CHECK(cci_trace_thread_count(a) == THREADS && cci_trace_thread_count(b) == THREADS);
    for (uint32_t i = 0; i < THREADS; i++) {
        const cci_trace_thread_t *m = cci_trace_thread(a, i), *n = cci_trace_thread(b, i);
        CHECK(m->tid == n->tid && strcmp(m->name, n->name) == 0 && m->lost == n->lost);
        CHECK(m->first_ns == n->first_ns && m->last_ns == n->last_ns);
        CHECK(!m->measures == !n->measures);
        CHECK(!m->measures || memcmp(m->measures, n->measures, sizeof *m->measures) == 0);
    }
}

static void check_process(const cci_trace_t *a, const cci_trace_t *b)
{
    const cci_rss_sample_t *rss_a, *rss_b;
    size_t                  len;

    CHECK(memcmp(cci_trace_info(a), cci_trace_info(b), sizeof(cci_trace_info_t)) == 0);
    CHECK(strcmp(cci_trace_meta(b, "exe", &len), "/bin/x") == 0 && len == 6);
    CHECK(!cci_trace_meta(b, "host", NULL));
    CHECK(cci_trace_rss(a, &rss_a) == 1 && cci_trace_rss(b, &rss_b) == 1);
    CHECK(rss_a->time_ns == rss_b->time_ns && rss_b->bytes == 4096);
    CHECK(cci_trace_books_count(b) == 1 && cci_trace_books(b, 0).books.used == 7);
    CHECK(cci_trace_books(b, 0).time_ns == cci_trace_books(a, 0).time_ns);
    CHECK(cci_trace_tick_ns(a) == cci_trace_tick_ns(b));
    CHECK(cci_trace_warning_count(a) == cci_trace_warning_count(b));
}

static void check_profiles(const cci_profile_t *a, const cci_profile_t *b)
{
    CHECK(memcmp(&a->total, &b->total, sizeof a->total) == 0);
    CHECK(a->peak_bytes == b->peak_bytes && a->leaked_bytes == b->leaked_bytes);
    CHECK(a->site_count == b->site_count && a->thread_count == b->thread_count);
    CHECK(a->measures.requested == 20 && b->measures.requested == 20);
    CHECK(a->to_ns == b->to_ns);
    CHECK(a->lossy && b->lossy);
}

/* The original is closed before the copy is used for a profile. */
static void check_all(cci_trace_t *t)
{
    cci_feed_t    *feed;
    cci_profile_t *before, *after;
    cci_trace_t   *frozen;
    cci_event_t    e;
    bool           more;

    CHECK(cci_feed_create(&feed, t, NULL) == CC_RESULT_OK);
    CHECK(cci_feed_read(feed, SIZE_MAX, &more) == CC_RESULT_OK && !more);
    CHECK(cci_trace_freeze(&frozen, t) == CC_RESULT_OK);
    check_stacks(t, frozen);
    check_threads(t, frozen);
    check_process(t, frozen);
    CHECK(cci_feed_snapshot(feed, true, &before) == CC_RESULT_OK);
    cci_trace_close(t);
    cci_feed_rebase(feed, frozen);
    CHECK(cci_feed_snapshot(feed, true, &after) == CC_RESULT_OK);
    check_profiles(before, after);
    CHECK(!cci_trace_next(frozen, &e) && cci_trace_status(frozen) == CC_RESULT_OK);
    cci_profile_destroy(before);
    cci_profile_destroy(after);
    cci_feed_destroy(feed);
    cci_trace_close(frozen);
}

static void fail_each_allocation(const cci_trace_t *t)
{
    cci_trace_t *frozen;
    bool         failed = true;
    size_t       told   = 0;

    for (size_t at = 0; failed; at++) {
        failing_malloc_begin(at);
        cc_result_t r = cci_trace_freeze(&frozen, t);
        if (r == CC_RESULT_OK)
            cci_trace_close(frozen);
        failed = failing_malloc_end();
        CHECK(failing_malloc_live() == 0);
        CHECK(r == (failed ? CC_RESULT_NO_MEMORY : CC_RESULT_OK));
        told += failed;
    }
    CHECK(told > 8); /* or the test tests nothing */
}

int main(void)
{
    trace_builder_t *b = build();
    size_t           n;
    uint8_t         *bytes = trace_builder_file(b, &n);
    cci_trace_t     *t;
    cci_event_t      e;

    CHECK(cci_trace_open_memory(&t, bytes, n) == CC_RESULT_OK);
    while (cci_trace_next(t, &e)) {
    }
    fail_each_allocation(t);
    cci_trace_close(t);
    CHECK(cci_trace_open_memory(&t, bytes, n) == CC_RESULT_OK);
    check_all(t);
    trace_builder_destroy(b);
    return 0;
}
