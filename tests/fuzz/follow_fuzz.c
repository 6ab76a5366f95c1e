/* SPDX-License-Identifier: MIT */
/* Whatever a recorded program leaves in its chunks while somebody follows them: what comes out is
 * consistent, and no chunk makes more of it than it has bytes for.
 *
 * Input: items, each a kind (1 byte), a length (2, little-endian) and so many bytes.
 *     0  an open chunk: header and body
 *     1  a part of the stored file, which goes behind what is there
 *     2  8 bytes: by so many nanoseconds time goes on; then events are read */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/follow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ITEM_HEAD = 3 };

static void check(bool fine)
{
    if (!fine)
        abort();
}

/* Nothing that is damaged ends it; a file that is shorter than its chunks say does not, either. */
static void check_result(cc_result_t r)
{
    check(r == CC_RESULT_OK || r == CC_RESULT_NO_MEMORY);
}

typedef struct run {
    cci_trace_t *trace;
    int          file;
    uint64_t     file_end, now, before;
} run_t;

static void walk(const cci_trace_t *t, uint32_t node)
{
    check(node < cci_trace_node_count(t));
    while (node) {
        const cci_stack_node_t *n = cci_trace_node(t, node);
        check(n->parent < node && n->module < cci_trace_module_count(t));
        node = n->parent;
    }
}

static void read_on(run_t *r)
{
    cci_event_t e;

    while (cci_trace_next(r->trace, &e)) {
        check(e.op >= CCI_OP_MALLOC && e.op <= CCI_OP_ALIGNED && e.align_log2 < 64);
        check(e.thread < cci_trace_thread_count(r->trace) && e.time_ns >= r->before);
        walk(r->trace, e.stack);
        r->before = e.time_ns;
    }
}

static void take_open(run_t *r, const uint8_t *bytes, size_t n)
{
    cci_chunk_header_t h = { 0 };

    if (n < sizeof h)
        return;
    memcpy(&h, bytes, sizeof h);
    uint8_t *body = calloc(1, n - sizeof h + CCI_RECORD_MAX);
    check(body != NULL);
    memcpy(body, bytes + sizeof h, n - sizeof h);
    check_result(cci_trace_take_open(r->trace, &h, body, n - sizeof h));
}

static void take_stored(run_t *r, const uint8_t *bytes, size_t n)
{
    check(pwrite(r->file, bytes, n, (off_t)r->file_end) == (ssize_t)n);
    r->file_end += n;
    check_result(cci_trace_take_stored(r->trace, r->file_end));
}

static void advance(run_t *r, const uint8_t *bytes, size_t n)
{
    uint64_t by = 0;

    memcpy(&by, bytes, n < sizeof by ? n : sizeof by);
    if (__builtin_add_overflow(r->now, by, &r->now))
        r->now = UINT64_MAX;
    check_result(cci_trace_advance(r->trace, (cci_clock_pair_t){ r->now, r->now }));
    read_on(r);
}

static void take_item(run_t *r, unsigned kind, const uint8_t *bytes, size_t n)
{
    if (kind % 3 == 0)
        take_open(r, bytes, n);
    else if (kind % 3 == 1)
        take_stored(r, bytes, n);
    else
        advance(r, bytes, n);
}

static void take_items(run_t *r, const uint8_t *data, size_t size)
{
    while (size >= ITEM_HEAD) {
        size_t n = (size_t)data[1] | (size_t)data[2] << 8;
        n        = n < size - ITEM_HEAD ? n : size - ITEM_HEAD;
        take_item(r, data[0], data + ITEM_HEAD, n);
        data += ITEM_HEAD + n;
        size -= ITEM_HEAD + n;
    }
}

static const cci_trace_header_t header = { .header_bytes = CCI_TRACE_HEADER_BYTES,
                                           .mode         = CCI_MODE_FULL,
                                           .clock_kind   = CCI_CLOCK_MONOTONIC,
                                           .start        = { 1000000, 1000000 } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *file = tmpfile();
    char  path[64];

    check(file != NULL);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    run_t r = { .file = fileno(file), .file_end = header.header_bytes, .now = header.start.ticks };
    check(cci_trace_follow(&r.trace, &header, path) == CC_RESULT_OK);
    take_items(&r, data, size);
    for (size_t i = 0; i < cci_trace_warning_count(r.trace); i++)
        check(cci_trace_warning(r.trace, i)[0] != '\0');
    cci_trace_close(r.trace);
    fclose(file);
    return 0;
}
