/* SPDX-License-Identifier: MIT */
/* trace_bench.c - the trace format: what it takes to write an event, and to read one.
 *
 * The events are those of a made-up program: blocks of mixed sizes at addresses that come back,
 * stacks of which few are frequent, most gaps of time short. 1024 of them are made beforehand and
 * gone through again and again: they stay in the first-level cache, so that the encoder is measured
 * and not their coming from memory. The program's blocks are all free where the events begin again.
 */
#include "ccbench.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/encode.h"
#include "trace/reader.h"

enum {
    EVENTS      = 1024, /* a power of two */
    BLOCKS      = EVENTS / 2,
    STACKS      = 500,
    FILE_CHUNKS = 64,
    MERGED      = 8, /* threads of the trace that is merged */
    BODY_BYTES  = CCI_CHUNK_BYTES - CCI_CHUNK_HEADER_BYTES,
    TICK_SHIFT  = 3
};

struct event {
    uint64_t ptr;
    uint32_t size; /* 0 = a free */
    uint16_t stack;
    uint16_t gap; /* time since the event before */
};

/* One thread of a trace that is being made. */
struct thread {
    cci_encoder_t encoder;
    uint64_t      time, seq, next;
};

static struct event events[EVENTS];
static uint8_t      body[BODY_BYTES + 8]; /* and what fills the last word of a chunk */
static int          trace_fd = -1;
static char         trace_path[64];

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void shuffle(uint16_t *order, size_t n, uint64_t *state)
{
    for (size_t i = n - 1; i > 0; i--) {
        size_t   j = (size_t)(next_random(state) % (i + 1));
        uint16_t t = order[i];
        order[i]   = order[j];
        order[j]   = t;
    }
}

static struct event make_event(uint64_t ptr, uint64_t r)
{
    return (struct event){ .ptr   = ptr,
                           .size  = (uint32_t)(8 + (r >> 8) % (r & 7 ? 120 : 4000)),
                           .stack = (uint16_t)(1 + (r >> 24) % (r & 8 ? 60 : STACKS)),
                           .gap   = (uint16_t)((r >> 40) % (r & 0xf0 ? 25 : 500)) };
}

/* Each block is allocated once and freed once; which of the two comes at a turn is chance. */
static void make_events(void)
{
    uint64_t state = 88172645463325252u, heap = UINT64_C(0x55d0c0de0000);
    uint16_t order[BLOCKS];
    size_t   born = 0, dead = 0;

    for (size_t i = 0; i < BLOCKS; i++)
        order[i] = (uint16_t)i;
    shuffle(order, BLOCKS, &state);
    for (size_t i = 0; i < EVENTS; i++) {
        uint64_t r         = next_random(&state);
        bool     is_malloc = born < BLOCKS && (born == dead || r >> 63);
        size_t   block     = is_malloc ? born++ : dead++;
        events[i]          = make_event(heap + 160 * (uint64_t)order[block], r);
        if (!is_malloc)
            events[i].size = 0;
    }
}

static inline uint8_t *put_event(cci_encoder_t *e, uint8_t *p, const struct event *event,
                                 uint64_t time)
{
    if (event->size)
        return cci_put_alloc(e, p, CCI_OP_MALLOC, time, event->ptr, event->size, event->stack);
    return cci_put_free(e, p, time, event->ptr);
}

/* The recorder's work but for the clock, the stack and the counters. */
static void run_encode(uint64_t ops)
{
    cci_encoder_t e    = { 0 };
    uint64_t      time = 0;
    uint8_t      *p    = body;

    for (uint64_t i = 0; i < ops; i++) {
        const struct event *event = &events[i % EVENTS];

        time += event->gap;
        p = put_event(&e, p, event, time);
        ccbench_escape(p);
        if (p > body + BODY_BYTES - CCI_RECORD_MAX) {
            cci_encoder_reset(&e, time);
            p = body;
        }
    }
}

static void write_all(const void *bytes, size_t n)
{
    if (write(trace_fd, bytes, n) != (ssize_t)n)
        ccbench_fail("trace", "a file in memory cannot be written");
}

/* The made-up clock ticks in nanoseconds. */
static cci_clock_pair_t clocks_at(uint64_t time)
{
    return (cci_clock_pair_t){ time << TICK_SHIFT, time << TICK_SHIFT };
}

static void write_header(void)
{
    static union {
        cci_trace_header_t header;
        uint8_t            bytes[CCI_TRACE_HEADER_BYTES];
    } page = { .header = { .magic        = CCI_TRACE_MAGIC,
                           .version      = CCI_TRACE_VERSION,
                           .endian       = CCI_TRACE_ENDIAN,
                           .header_bytes = CCI_TRACE_HEADER_BYTES,
                           .layout       = CCI_LAYOUT_STORED,
                           .mode         = CCI_MODE_FULL,
                           .clock_kind   = CCI_CLOCK_MONOTONIC,
                           .tick_shift   = TICK_SHIFT } };

    write_all(&page, sizeof page);
}

/* A thread's first body begins with its stacks: chains of ten frames. */
static uint8_t *put_stacks(uint8_t *p)
{
    for (uint32_t i = 1; i <= STACKS; i++)
        p = cci_put_node(p, i % 10 ? i - 1 : 0, 0, 0x400000 + 32 * i);
    return p;
}

static uint8_t *fill_body(struct thread *t)
{
    uint8_t *p = body;

    memset(p, 0, sizeof(cci_trace_counters_t));
    p += sizeof(cci_trace_counters_t);
    cci_encoder_reset(&t->encoder, t->time);
    if (t->seq == 0)
        p = put_stacks(p);
    while (p <= body + BODY_BYTES - CCI_RECORD_MAX) {
        const struct event *event = &events[t->next++ % EVENTS];
        t->time += event->gap;
        p = put_event(&t->encoder, p, event, t->time);
    }
    return p;
}

/* A chunk of the n bytes in body. */
static void write_chunk(cci_chunk_header_t h, size_t n)
{
    h.magic  = CCI_CHUNK_MAGIC;
    h.state  = CCI_CHUNK_FULL;
    h.codec  = CCI_CODEC_RAW;
    h.stored = n;
    atomic_init(&h.used, n);
    write_all(&h, sizeof h);
    memset(body + n, 0, 7);
    write_all(body, (n + 7) & ~(size_t)7);
}

static void write_events(struct thread *t, uint32_t number)
{
    cci_chunk_header_t h = { .kind         = CCI_CHUNK_THREAD,
                             .thread       = number,
                             .tid          = 1000 + number,
                             .seq          = t->seq,
                             .base_time    = t->time,
                             .opened       = clocks_at(t->time),
                             .first_node   = t->seq ? STACKS + 1 : 1,
                             .first_module = 1 };

    write_chunk(h, (size_t)(fill_body(t) - body));
    t->seq++;
}

/* The process' own chunk says that it ended. */
static void write_end(const struct thread *last)
{
    cci_chunk_header_t h = { .kind = CCI_CHUNK_PROCESS, .opened = clocks_at(last->time) };

    memset(body, 0, sizeof(cci_trace_counters_t));
    uint8_t *p = cci_put_end(body + sizeof(cci_trace_counters_t), clocks_at(last->time), 0);
    write_chunk(h, (size_t)(p - body));
}

/* A trace of about eight megabytes that lives in memory, its chunks in the order of time. */
static void make_trace(uint32_t threads)
{
    static struct thread thread[MERGED];

    make_events();
    trace_fd = memfd_create("trace", MFD_CLOEXEC);
    if (trace_fd < 0)
        ccbench_fail("trace", "there are no files in memory");
    snprintf(trace_path, sizeof trace_path, "/proc/self/fd/%d", trace_fd);
    write_header();
    for (uint32_t i = 0; i < FILE_CHUNKS; i++)
        write_events(&thread[i % threads], i % threads);
    write_end(&thread[(FILE_CHUNKS - 1) % threads]);
}

static void setup_one_thread(void)
{
    make_trace(1);
}

static void setup_merged(void)
{
    make_trace(MERGED);
}

static void close_trace(void)
{
    close(trace_fd);
}

static cci_trace_t *open_trace(void)
{
    cci_trace_t *t;

    if (cci_trace_open(&t, trace_path) != CC_RESULT_OK)
        ccbench_fail("trace", cci_trace_open_error());
    return t;
}

/* What was read is what was written, and there was something. */
static void check_end(const cci_trace_t *t)
{
    if (cci_trace_status(t) != CC_RESULT_OK || !cci_trace_info(t)->events)
        ccbench_fail("trace", "it cannot be read");
    if (cci_trace_warning_count(t))
        ccbench_fail("trace", cci_trace_warning(t, 0));
}

/* The next event; the trace is opened anew at its end, once in more than a million events. */
static inline void next_event(cci_trace_t **t, cci_event_t *e)
{
    while (!cci_trace_next(*t, e)) {
        check_end(*t);
        cci_trace_close(*t);
        *t = open_trace();
    }
}

static void run_decode(uint64_t ops)
{
    cci_trace_t *t = open_trace();
    cci_event_t  e;

    for (uint64_t i = 0; i < ops; i++) {
        next_event(&t, &e);
        ccbench_escape(&e);
    }
    cci_trace_close(t);
}

static const ccbench_case_t cases[] = {
    { "encode", "writing an event", make_events, run_encode, NULL },
    { "decode", "reading an event of one thread", setup_one_thread, run_decode, close_trace },
    { "decode-merged", "reading an event of eight threads in the order of time", setup_merged,
      run_decode, close_trace },
};

int main(int argc, char **argv)
{
    return ccbench_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
