/* SPDX-License-Identifier: MIT */
/* Property: whatever threads record, in either layout, the reader gives back exactly that, ordered
 * by time; and if any one allocation fails, it gives a part from the start, says so, and leaks
 * nothing.
 *
 *     trace_prop                  some seeds, each printed when it fails
 *     trace_prop SEED             that one
 *     trace_prop --corpus FOLDER  writes small traces, the seeds of tests/fuzz/corpus/trace
 */
#include <stdio.h>
#include <string.h>

#include "support/failing_malloc.h"
#include "support/seeded.h"
#include "support/trace_builder.h"
#include "trace/reader.h"

enum {
    SEEDS        = 40,
    FAILING      = 6, /* seeds that are run once per allocation */
    THREADS_MAX  = 6,
    NODES_MAX    = 40,
    MODULES_MAX  = 5,
    EVENTS_MAX   = 3000,
    START        = 1000000,
    EVENTS_SMALL = 60
};

/* Few bits or many: the length of a varint is what matters. */
static uint64_t any_number(void)
{
    return next_random() >> below(64);
}

/* What was recorded. Nodes and modules are numbered from 1 by each thread. */
typedef struct model {
    trace_builder_options_t options;
    uint32_t                threads;
    cci_stack_node_t        nodes[THREADS_MAX][NODES_MAX];
    uint64_t                modules[THREADS_MAX][MODULES_MAX]; /* where they start */
    uint32_t                node_count[THREADS_MAX], module_count[THREADS_MAX];
    cci_event_t             events[EVENTS_MAX];
    size_t                  events_wanted, event_count;
    uint64_t                measured[THREADS_MAX][CCI_MEASURED_KINDS]; /* calls */
    size_t                  readings;
    uint64_t                ns;
    trace_builder_t        *builder;
} model_t;

static uint64_t visible_time(const model_t *m, uint64_t ns)
{
    unsigned shift = m->options.tick_shift;
    return ((START + ns) >> shift << shift) - (START >> shift << shift);
}

static trace_builder_options_t any_options(void)
{
    static const uint32_t chunks[] = { 1024, 2048, 65536 };

    return (trace_builder_options_t){
        .layout       = below(2) ? CCI_LAYOUT_IN_PLACE : CCI_LAYOUT_STORED,
        .codec        = (cci_trace_codec_t)below(3),
        .chunk_bytes  = chunks[below(3)],
        .header_bytes = below(2) ? CCI_TRACE_HEADER_BYTES : 96,
        .tick_shift   = (unsigned)below(6),
        .start_ticks  = START,
    };
}

static void add_module(model_t *m, uint32_t thread)
{
    uint32_t number = m->module_count[thread];
    char     path[32];

    if (number == MODULES_MAX)
        return;
    uint64_t start = 4096 * (1 + below(3));
    snprintf(path, sizeof path, "/module/%u", (unsigned)start);
    m->modules[thread][m->module_count[thread]++] = start;
    CHECK(trace_builder_module(m->builder, thread, path, start, 4096) == number + 1);
}

static void add_node(model_t *m, uint32_t thread)
{
    uint32_t         number = m->node_count[thread];
    cci_stack_node_t node;

    if (number == NODES_MAX)
        return;
    node.parent                               = (uint32_t)below(number + 1);
    node.module                               = (uint32_t)below(m->module_count[thread] + 1);
    node.offset                               = below(4) ? below(3) : any_number();
    m->nodes[thread][m->node_count[thread]++] = node;
    CHECK(trace_builder_node(m->builder, thread, node.parent, node.module, node.offset) ==
          number + 1);
}

static cci_event_t any_event(model_t *m, uint32_t thread)
{
    cci_event_t e = { .op      = (cci_op_t)(CCI_OP_MALLOC + below(5)),
                      .thread  = thread,
                      .ptr     = below(8) ? 0x5000 + 16 * below(10000) : any_number(),
                      .time_ns = visible_time(m, m->ns) };
    if (e.op == CCI_OP_FREE)
        return e;
    e.size  = below(4) ? below(500) : any_number();
    e.stack = (uint32_t)below(m->node_count[thread] + 1);
    if (e.op == CCI_OP_REALLOC)
        e.old_ptr = below(4) ? e.ptr + 16 * below(100) : 0;
    if (e.op == CCI_OP_ALIGNED)
        e.align_log2 = (uint32_t)below(64);
    return e;
}

static void record(trace_builder_t *b, const cci_event_t *e, uint64_t ns)
{
    switch (e->op) {
    case CCI_OP_MALLOC:
        trace_builder_malloc(b, e->thread, ns, e->ptr, e->size, e->stack);
        break;
    case CCI_OP_CALLOC:
        trace_builder_calloc(b, e->thread, ns, e->ptr, e->size, e->stack);
        break;
    case CCI_OP_REALLOC:
        trace_builder_realloc(b, e->thread, ns, e->ptr, e->old_ptr, e->size, e->stack);
        break;
    case CCI_OP_ALIGNED:
        trace_builder_aligned(b, e->thread, ns, e->ptr, e->size, e->stack, e->align_log2);
        break;
    default:
        trace_builder_free(b, e->thread, ns, e->ptr);
    }
}

static void add_event(model_t *m, uint32_t thread)
{
    cci_event_t *e = &m->events[m->event_count++];
    *e             = any_event(m, thread);
    record(m->builder, e, m->ns);
    m->ns += below(3) ? below(50) : below(8) ? 0 : any_number() >> 32;
}

static void add_measured(model_t *m, uint32_t thread)
{
    cci_trace_measured_t r = { .every = 64, .requested = any_number(), .usable = any_number() };

    if (m->options.chunk_bytes < 4 * sizeof r)
        return;
    for (unsigned n = (unsigned)below(20); n > 0; n--) {
        unsigned kind = (unsigned)below(CCI_MEASURED_KINDS);
        uint16_t more = (uint16_t)below(1000);
        r.calls[kind][cci_histogram_bucket(any_number())] += more;
        m->measured[thread][kind] += more;
    }
    trace_builder_measured(m->builder, thread, &r);
}

static void add_books(model_t *m, uint32_t thread)
{
    const cci_books_t books = { below(6),     any_number(), any_number(),
                                any_number(), any_number(), CCI_BOOKS_UNKNOWN };

    trace_builder_books(m->builder, thread, m->ns, &books);
    m->readings++;
}

static void any_step(model_t *m)
{
    uint32_t thread = (uint32_t)below(m->threads);
    unsigned dice   = (unsigned)below(40);

    if (dice == 0)
        add_module(m, thread);
    else if (dice < 4)
        add_node(m, thread);
    else if (dice == 4)
        trace_builder_next_chunk(m->builder, thread);
    else if (dice == 5)
        trace_builder_rss(m->builder, m->ns, any_number());
    else if (dice == 6)
        trace_builder_meta(m->builder, thread, "key", "value", 5);
    else if (dice == 7)
        add_measured(m, thread);
    else if (dice == 8)
        add_books(m, thread);
    else
        add_event(m, thread);
}

static void build(model_t *m, size_t events)
{
    *m         = (model_t){ .options       = any_options(),
                            .threads       = 1 + (uint32_t)below(THREADS_MAX),
                            .events_wanted = events };
    m->builder = trace_builder_create(&m->options);
    for (uint32_t i = 0; i < m->threads; i++)
        trace_builder_thread(m->builder, i, "t");
    while (m->event_count < m->events_wanted)
        any_step(m);
    trace_builder_end(m->builder, m->ns, 0);
}

/* Events of the same instant go by thread, those of one thread in the order in which they were. */
static bool is_before(const cci_event_t *a, const cci_event_t *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->thread < b->thread;
}

/* By insertion: stable, and they are almost in order. */
static void sort_events(model_t *m)
{
    for (size_t i = 1; i < m->event_count; i++)
        for (size_t j = i; j > 0 && is_before(&m->events[j], &m->events[j - 1]); j--) {
            cci_event_t e    = m->events[j];
            m->events[j]     = m->events[j - 1];
            m->events[j - 1] = e;
        }
}

static void check_stack(const model_t *m, const cci_trace_t *t, uint32_t thread, uint32_t wanted,
                        uint32_t found)
{
    while (wanted) {
        const cci_stack_node_t   *w = &m->nodes[thread][wanted - 1], *f = cci_trace_node(t, found);
        const cci_trace_module_t *module = cci_trace_module(t, f->module);

        CHECK(found != 0 && f->parent < found);
        CHECK(f->offset == w->offset);
        CHECK(module->start == (w->module ? m->modules[thread][w->module - 1] : 0));
        wanted = w->parent;
        found  = f->parent;
    }
    CHECK(found == 0);
}

static void check_event(const model_t *m, const cci_trace_t *t, const cci_event_t *wanted,
                        const cci_event_t *found)
{
    CHECK(found->op == wanted->op && found->time_ns == wanted->time_ns);
    CHECK(cci_trace_thread(t, found->thread)->tid == wanted->thread);
    CHECK(found->ptr == wanted->ptr && found->old_ptr == wanted->old_ptr);
    CHECK(found->size == wanted->size && found->align_log2 == wanted->align_log2);
    check_stack(m, t, wanted->thread, wanted->stack, found->stack);
}

static void check_measures(const model_t *m, const cci_trace_t *t)
{
    for (uint32_t i = 0; i < cci_trace_thread_count(t); i++) {
        const cci_trace_thread_t *thread = cci_trace_thread(t, i);
        for (int kind = 0; kind < CCI_MEASURED_KINDS; kind++)
            CHECK((thread->measures ? thread->measures->ticks[kind].count : 0) ==
                  m->measured[thread->tid][kind]);
    }
    CHECK(cci_trace_books_count(t) == m->readings);
    for (size_t i = 0; i < m->readings; i++)
        CHECK(cci_trace_books(t, i).books.blocks == CCI_BOOKS_UNKNOWN);
}

/* Reads all there is; the result says whether it was everything. */
static cc_result_t read_back(const model_t *m, const uint8_t *bytes, size_t n)
{
    cci_trace_t *t;
    cci_event_t  e;
    size_t       i = 0;
    cc_result_t  r = cci_trace_open_memory(&t, bytes, n);

    if (r != CC_RESULT_OK)
        return r;
    for (; cci_trace_next(t, &e); i++) {
        CHECK(i < m->event_count);
        check_event(m, t, &m->events[i], &e);
    }
    r = cci_trace_status(t);
    CHECK(r != CC_RESULT_OK || i == m->event_count);
    if (r == CC_RESULT_OK)
        check_measures(m, t);
    CHECK(cci_trace_warning_count(t) == 0);
    CHECK(cci_trace_info(t)->events == i);
    cci_trace_close(t);
    return r;
}

static void fail_each_allocation(const model_t *m, const uint8_t *bytes, size_t n)
{
    size_t told   = 0;
    bool   failed = true;

    for (size_t at = 0; failed; at++) {
        failing_malloc_begin(at);
        cc_result_t r = read_back(m, bytes, n);
        failed        = failing_malloc_end();
        CHECK(failing_malloc_live() == 0);
        CHECK(r == CC_RESULT_OK || (failed && r == CC_RESULT_NO_MEMORY));
        told += r != CC_RESULT_OK;
    }
    CHECK(told > 5); /* or the test tests nothing */
}

static void run(unsigned number, bool failing)
{
    static model_t m;
    size_t         n;

    begin_seed(number);
    build(&m, failing ? 200 : 1 + below(EVENTS_MAX - 1));
    sort_events(&m);
    const uint8_t *bytes = trace_builder_file(m.builder, &n);
    CHECK(read_back(&m, bytes, n) == CC_RESULT_OK);
    if (failing)
        fail_each_allocation(&m, bytes, n);
    trace_builder_destroy(m.builder);
}

/* Small files, so that a fuzzer's changes hit something. */
static int write_corpus(const char *folder)
{
    static model_t m;
    char           path[4096];

    for (unsigned i = 0; i < 12; i++) {
        begin_seed(i + 1000);
        build(&m, 1 + below(EVENTS_SMALL));
        snprintf(path, sizeof path, "%s/seed-%02u", folder, i);
        trace_builder_write(m.builder, path);
        trace_builder_destroy(m.builder);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--corpus") == 0)
        return write_corpus(argv[2]);
    if (argc == 2) {
        run((unsigned)strtoul(argv[1], NULL, 10), false);
        return 0;
    }
    for (unsigned i = 1; i <= SEEDS; i++)
        run(i, false);
    for (unsigned i = 1; i <= FAILING; i++)
        run(i, true);
    puts("ok");
    return 0;
}
