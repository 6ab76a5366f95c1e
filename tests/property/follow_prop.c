/* SPDX-License-Identifier: MIT */
/* Property: a trace that is followed while it grows gives the same events in the same order as one
 * that is read when it is whole: whatever order the collector finds chunks in, however often it
 * takes an open one and however far that has come. Up to each moment it gives all that had happened.
 * The same where there is no file and chunks are looked at where they stand.
 * And if any one allocation fails, it says so, gives a part from the start and leaks nothing.
 *
 *     follow_prop         some seeds, each printed when it fails
 *     follow_prop SEED    that one
 *     follow_prop --corpus FOLDER  writes small ones, the seeds of tests/fuzz/corpus/follow
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/failing_malloc.h"
#include "support/scratch.h"
#include "support/seeded.h"
#include "support/trace_builder.h"
#include "trace/decode.h"
#include "trace/follow.h"

enum {
    SEEDS       = 60,
    FAILING     = 4, /* seeds that are run once per allocation */
    THREADS_MAX = 5,
    EVENTS_MAX  = 2000,
    CHUNKS_MAX  = 400,
    START       = 1000000
};

/* ---- what was recorded ---- */

typedef struct recording {
    trace_builder_t *builder;
    cci_event_t      events[EVENTS_MAX]; /* as the reader of the whole trace gives them */
    size_t           count;
    cci_trace_t     *whole;
    uint64_t         end_ns;
} recording_t;

static void add_event(trace_builder_t *b, uint32_t thread, uint64_t ns, uint32_t nodes)
{
    uint64_t ptr  = 0x5000 + 16 * below(500);
    uint32_t node = (uint32_t)below(nodes + 1);

    switch (below(3)) {
    case 0:
        trace_builder_malloc(b, thread, ns, ptr, below(1000), node);
        break;
    case 1:
        trace_builder_realloc(b, thread, ns, ptr, ptr + 16, below(1000), node);
        break;
    default:
        trace_builder_free(b, thread, ns, ptr);
    }
}

static void record(trace_builder_t *b, size_t events, uint64_t *ns)
{
    uint32_t threads = 1 + (uint32_t)below(THREADS_MAX), nodes[THREADS_MAX] = { 0 };

    for (uint32_t i = 0; i < threads; i++) {
        trace_builder_thread(b, i, "t");
        trace_builder_module(b, i, "/m", 4096 * (1 + below(2)), 4096);
    }
    for (size_t i = 0; i < events; i++) {
        uint32_t thread = (uint32_t)below(threads);
        if (below(12) == 0)
            nodes[thread] =
                trace_builder_node(b, thread, (uint32_t)below(nodes[thread] + 1), 1, below(50));
        if (below(50) == 0)
            trace_builder_next_chunk(b, thread);
        add_event(b, thread, *ns, nodes[thread]);
        *ns += below(4) ? below(100) : below(2000000);
    }
}

/* The same of a seed in either packing. */
static trace_builder_t *build(cci_trace_codec_t codec, size_t events, uint64_t *ns)
{
    const trace_builder_options_t options = { .layout      = CCI_LAYOUT_STORED,
                                              .codec       = codec,
                                              .chunk_bytes = 1024 + 1024 * (uint32_t)below(3),
                                              .clock       = CCI_CLOCK_MONOTONIC,
                                              .tick_shift  = (unsigned)below(5),
                                              .start_ticks = START };
    trace_builder_t              *b       = trace_builder_create(&options);

    *ns = 0;
    record(b, events, ns);
    trace_builder_end(b, *ns, 0); /* the chunk behind all others */
    return b;
}

static void read_whole(recording_t *r)
{
    size_t         n;
    const uint8_t *bytes = trace_builder_file(r->builder, &n);

    CHECK(cci_trace_open_memory(&r->whole, bytes, n) == CC_RESULT_OK);
    r->count = 0;
    while (cci_trace_next(r->whole, &r->events[r->count]))
        r->count++;
}

/* ---- the collector that sees it grow ---- */

typedef struct piece {
    const cci_chunk_header_t *header; /* plain */
    const uint8_t            *stored; /* header and body as they stand in the file */
    size_t                    stored_bytes;
    uint64_t                  given; /* of its body, last time */
    bool                      done;  /* it is in the file */
} piece_t;

typedef struct collector {
    const recording_t        *recording;
    piece_t                   piece[CHUNKS_MAX];
    size_t                    count;
    cci_trace_t              *trace;
    FILE                     *file;
    uint64_t                  file_end;
    size_t                    given; /* events */
    bool                      live;  /* chunks are looked at where they stand: no file */
    const cci_trace_header_t *header;
    unsigned                  shift;
} collector_t;

static const uint8_t *body_of(const piece_t *p)
{
    return (const uint8_t *)(p->header + 1);
}

/* The end of the last record of the body that is there at this time, in ticks >> shift. Some more
 * may have been published. */
static uint64_t published(const piece_t *p, uint64_t time, bool more)
{
    const uint8_t *at  = body_of(p) + sizeof(cci_trace_counters_t);
    const uint8_t *end = body_of(p) + p->header->used;
    cci_decoder_t  d;
    cci_event_t    e;

    cci_decoder_reset(&d, p->header->base_time);
    while (at < end) {
        const uint8_t        *before = at;
        cci_extended_record_t record;
        if (cci_record_op(*at) == CCI_OP_EXTENDED)
            CHECK(cci_take_extended(&at, end, &record));
        else
            CHECK(cci_take_event(&d, &at, &e));
        if (d.time > time && !(more && below(3)))
            return (uint64_t)(before - body_of(p));
    }
    return p->header->used;
}

static cc_result_t store(collector_t *c, piece_t *p)
{
    p->done = true;
    if (c->live)
        return cci_trace_take_live(c->trace, p->header, body_of(p), p->header->used, true);
    CHECK(fwrite(p->stored, 1, p->stored_bytes, c->file) == p->stored_bytes);
    CHECK(fflush(c->file) == 0);
    c->file_end += p->stored_bytes;
    return cci_trace_take_stored(c->trace, c->file_end);
}

static cc_result_t give_open(collector_t *c, piece_t *p, uint64_t used)
{
    p->given = used;
    if (c->live)
        return cci_trace_take_live(c->trace, p->header, body_of(p), used, false);
    uint8_t *copy = calloc(1, used + CCI_RECORD_MAX);

    if (!copy)
        return CC_RESULT_NO_MEMORY;
    memcpy(copy, body_of(p), used);
    return cci_trace_take_open(c->trace, p->header, copy, used);
}

static const piece_t *neighbour(const collector_t *c, const piece_t *p, int distance)
{
    for (const piece_t *q = c->piece; q < c->piece + c->count; q++)
        if (q->header->thread == p->header->thread &&
            q->header->seq == p->header->seq + (uint64_t)distance)
            return q;
    return NULL;
}

static bool has_begun(const piece_t *p, uint64_t time)
{
    return p && p->header->base_time <= time;
}

/* As far as it has come at this time, at least; not less than last time. */
static cc_result_t show(collector_t *c, piece_t *p, uint64_t time)
{
    uint64_t used = published(p, time, true);

    if (used < p->given)
        used = p->given;
    return used == p->given && below(2) ? CC_RESULT_OK : give_open(c, p, used);
}

/* What was full when the clock was read is stored. A thread may fill a chunk while the collector
 * looks, and the next one, too: each may be met in any state, the later one first. */
static cc_result_t look_at(collector_t *c, piece_t *p, uint64_t time)
{
    if (p->done)
        return CC_RESULT_OK;
    if (has_begun(neighbour(c, p, 1), time))
        return store(c, p);
    if (has_begun(p, time))
        return below(4) ? show(c, p, time) : store(c, p);
    bool soon = has_begun(neighbour(c, p, -1), time);
    return !soon || below(4) ? CC_RESULT_OK : below(2) ? show(c, p, time) : store(c, p);
}

static void check_stack(const recording_t *r, const cci_trace_t *t, uint32_t wanted, uint32_t found)
{
    while (wanted) {
        const cci_stack_node_t *w = cci_trace_node(r->whole, wanted), *f = cci_trace_node(t, found);
        CHECK(found != 0 && f->parent < found && f->offset == w->offset);
        CHECK(cci_trace_module(t, f->module)->start ==
              cci_trace_module(r->whole, w->module)->start);
        wanted = w->parent;
        found  = f->parent;
    }
    CHECK(found == 0);
}

static void check_event(const collector_t *c, const cci_event_t *found)
{
    const recording_t *r = c->recording;

    CHECK(c->given < r->count);
    const cci_event_t *wanted = &r->events[c->given];
    CHECK(found->op == wanted->op && found->time_ns == wanted->time_ns);
    CHECK(cci_trace_thread(c->trace, found->thread)->tid ==
          cci_trace_thread(r->whole, wanted->thread)->tid);
    CHECK(found->ptr == wanted->ptr && found->old_ptr == wanted->old_ptr);
    CHECK(found->size == wanted->size);
    check_stack(r, c->trace, wanted->stack, found->stack);
}

/* Which events are before the clock's reading, less what is held back? */
static size_t due(const collector_t *c, uint64_t ns)
{
    size_t n = c->given;

    while (n < c->recording->count &&
           c->recording->events[n].time_ns + CCI_FOLLOW_SLACK_NS + (UINT64_C(2) << c->shift) < ns)
        n++;
    return n;
}

static cc_result_t round_at(collector_t *c, uint64_t ns)
{
    cc_result_t r     = CC_RESULT_OK;
    size_t      first = c->count ? below(c->count) : 0;
    cci_event_t e;

    for (size_t i = 0; r == CC_RESULT_OK && i < c->count; i++)
        r = look_at(c, &c->piece[(first + i) % c->count], (START + ns) >> c->shift);
    if (r == CC_RESULT_OK)
        r = cci_trace_advance(c->trace, (cci_clock_pair_t){ START + ns, ns });
    while (r == CC_RESULT_OK && cci_trace_next(c->trace, &e)) {
        check_event(c, &e);
        c->given++;
    }
    r = r == CC_RESULT_OK ? cci_trace_status(c->trace) : r;
    CHECK(r != CC_RESULT_OK || c->given >= due(c, ns));
    return r;
}

static cc_result_t follow(collector_t *c)
{
    uint64_t    ns = 0;
    cc_result_t r  = CC_RESULT_OK;

    while (r == CC_RESULT_OK && ns < c->recording->end_ns) {
        ns += below(3) ? below(3000000) : below(40000000);
        r = round_at(c, ns);
    }
    if (r == CC_RESULT_OK)
        r = round_at(c, c->recording->end_ns + 2 * (uint64_t)CCI_FOLLOW_SLACK_NS);
    CHECK(r != CC_RESULT_OK || c->given == c->recording->count);
    return r;
}

static void find_pieces(collector_t *c, trace_builder_t *plain, trace_builder_t *packed)
{
    size_t         plain_n, packed_n;
    const uint8_t *p = trace_builder_file(plain, &plain_n);
    const uint8_t *q = trace_builder_file(packed, &packed_n);

    c->header = (const void *)p;
    c->shift  = c->header->tick_shift;
    c->count  = trace_builder_chunk_count(plain) - 1;
    CHECK(c->count + 1 == trace_builder_chunk_count(packed) && c->count <= CHUNKS_MAX);
    for (size_t i = 0; i < c->count; i++) {
        size_t at   = trace_builder_chunk_offset(packed, i);
        size_t next = trace_builder_chunk_offset(packed, i + 1);
        c->piece[i] = (piece_t){
            .header       = (const void *)(p + trace_builder_chunk_offset(plain, i)),
            .stored       = q + at,
            .stored_bytes = next - at,
        };
    }
}

/* The allocations of stdio are not what is tested. */
static void open_file(collector_t *c, const char *path)
{
    bool counting = failing_malloc.counting;

    failing_malloc.counting = false;
    c->file                 = fopen(path, "wb");
    CHECK(c->file &&
          fwrite(c->header, 1, c->header->header_bytes, c->file) == c->header->header_bytes);
    CHECK(fflush(c->file) == 0);
    c->file_end             = c->header->header_bytes;
    failing_malloc.counting = counting;
}

static void close_file(collector_t *c, const char *path)
{
    bool counting = failing_malloc.counting;

    failing_malloc.counting = false;
    CHECK(fclose(c->file) == 0 && unlink(path) == 0);
    failing_malloc.counting = counting;
}

static cc_result_t run_once(const collector_t *fresh)
{
    static collector_t c;
    const char         path[] = "follow_prop.ccm";

    c = *fresh;
    open_file(&c, path);
    cc_result_t result = c.live ? cci_trace_follow_live(&c.trace, c.header)
                                : cci_trace_follow(&c.trace, c.header, path);
    if (result == CC_RESULT_OK) {
        result = follow(&c);
        cci_trace_close(c.trace);
    }
    close_file(&c, path);
    return result;
}

static void fail_each_allocation(const collector_t *fresh)
{
    uint64_t begin  = rng;
    size_t   told   = 0;
    bool     failed = true;

    for (size_t at = 0; failed; at++) {
        rng = begin;
        failing_malloc_begin(at);
        cc_result_t result = run_once(fresh);
        failed             = failing_malloc_end();
        CHECK(failing_malloc_live() == 0);
        CHECK(result == CC_RESULT_OK || (failed && result == CC_RESULT_NO_MEMORY));
        told += result != CC_RESULT_OK;
    }
    CHECK(told > 5); /* or the test tests nothing */
}

static void run(unsigned number, bool failing)
{
    static recording_t r;
    static collector_t fresh;

    begin_seed(number);
    size_t   events = failing ? 120 : 1 + below(EVENTS_MAX - 1);
    uint64_t begin  = rng;

    r.builder               = build(CCI_CODEC_RAW, events, &r.end_ns);
    rng                     = begin;
    trace_builder_t *packed = build(CCI_CODEC_COLUMNS, events, &r.end_ns);
    read_whole(&r);
    fresh = (collector_t){ .recording = &r };
    find_pieces(&fresh, r.builder, packed);
    for (int live = 0; live < 2; live++) {
        fresh.live = live;
        CHECK(run_once(&fresh) == CC_RESULT_OK);
        if (failing)
            fail_each_allocation(&fresh);
    }
    cci_trace_close(r.whole);
    trace_builder_destroy(packed);
    trace_builder_destroy(r.builder);
}

/* ---- what a fuzzer begins with ---- */

static void put_item(FILE *out, int kind, const void *bytes, size_t n, const void *more, size_t m)
{
    fputc(kind, out);
    fputc((int)((n + m) & 0xff), out);
    fputc((int)((n + m) >> 8), out);
    CHECK(fwrite(bytes, 1, n, out) == n && (!m || fwrite(more, 1, m, out) == m));
}

/* Every chunk half, whole, and stored. */
static void put_items(FILE *out, const collector_t *c)
{
    static const uint64_t step = 20000000;

    for (const piece_t *p = c->piece; p < c->piece + c->count; p++) {
        size_t half = published(p, p->header->base_time, true), whole = p->header->used;
        put_item(out, 0, p->header, sizeof *p->header, body_of(p), half);
        put_item(out, 2, &step, sizeof step, NULL, 0);
        put_item(out, 0, p->header, sizeof *p->header, body_of(p), whole);
        put_item(out, 2, &step, sizeof step, NULL, 0);
        put_item(out, 1, p->stored, p->stored_bytes, NULL, 0);
    }
    put_item(out, 2, &step, sizeof step, NULL, 0);
}

static int write_corpus(const char *folder)
{
    static collector_t c;
    char               path[4096];
    uint64_t           ns;

    for (unsigned i = 0; i < 8; i++) {
        begin_seed(i + 1000);
        trace_builder_t *b = build(i % 2 ? CCI_CODEC_COLUMNS : CCI_CODEC_RAW, 1 + below(60), &ns);
        c                  = (collector_t){ 0 };
        begin_seed(i + 1000);
        trace_builder_t *plain = build(CCI_CODEC_RAW, 1 + below(60), &ns);
        find_pieces(&c, plain, b);
        snprintf(path, sizeof path, "%s/seed-%u", folder, i);
        FILE *out = fopen(path, "wb");
        CHECK(out);
        put_items(out, &c);
        CHECK(fclose(out) == 0);
        trace_builder_destroy(plain);
        trace_builder_destroy(b);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--corpus") == 0)
        return write_corpus(argv[2]);
    scratch_enter();
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
