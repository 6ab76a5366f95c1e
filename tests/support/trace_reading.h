/* SPDX-License-Identifier: MIT */
/* trace_reading.h - what tests of the trace reader share: traces in memory, read whole. Include
 * cmocka.h before. */
#ifndef TEST_TRACE_READING_H
#define TEST_TRACE_READING_H
#include <string.h>

#include "support/trace_builder.h"
#include "trace/reader.h"

enum { PLAIN, PACKED, COLUMNS, IN_PLACE, LAYOUTS, EVENTS_MAX = 4096 };

static const trace_builder_options_t layouts[LAYOUTS] = {
    [PLAIN]    = { .layout = CCI_LAYOUT_STORED },
    [PACKED]   = { .layout = CCI_LAYOUT_STORED, .codec = CCI_CODEC_ZSTD },
    [COLUMNS]  = { .layout = CCI_LAYOUT_STORED, .codec = CCI_CODEC_COLUMNS },
    [IN_PLACE] = { .layout = CCI_LAYOUT_IN_PLACE, .chunk_bytes = 1024 },
};

static inline cci_trace_t *open_bytes(const uint8_t *bytes, size_t n)
{
    cci_trace_t *t = NULL;
    assert_int_equal(cci_trace_open_memory(&t, bytes, n), CC_RESULT_OK);
    return t;
}

static inline cci_trace_t *open_built(trace_builder_t *b)
{
    size_t         n;
    const uint8_t *bytes = trace_builder_file(b, &n);
    return open_bytes(bytes, n);
}

/* events: room for EVENTS_MAX. */
static inline size_t read_all(cci_trace_t *t, cci_event_t *events)
{
    size_t n = 0;

    while (n < EVENTS_MAX && cci_trace_next(t, &events[n]))
        n++;
    assert_int_equal(cci_trace_status(t), CC_RESULT_OK);
    assert_true(cci_trace_progress(t) == 1);
    return n;
}

/* Whether some warning has these words. */
static inline bool warned(const cci_trace_t *t, const char *words)
{
    for (size_t i = 0; i < cci_trace_warning_count(t); i++)
        if (strstr(cci_trace_warning(t, i), words))
            return true;
    return false;
}

static inline uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

static inline void put64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

/* A field of chunk i in the bytes of a file. */
#define CHUNK_FIELD(b, file, i, field) \
    ((file) + trace_builder_chunk_offset(b, i) + offsetof(cci_chunk_header_t, field))

/* Three chunks of one thread; each defines a node of its own depth and uses all that there are. */
static inline trace_builder_t *three_chunks(const trace_builder_options_t *options)
{
    trace_builder_t *b = trace_builder_create(options);

    trace_builder_thread(b, 1, "");
    for (uint32_t chunk = 0; chunk < 3; chunk++) {
        trace_builder_module(b, 0, "/m", chunk, 1);
        trace_builder_node(b, 0, chunk, chunk + 1, 0x100 * (chunk + 1));
        for (uint32_t node = 1; node <= chunk + 1; node++)
            trace_builder_malloc(b, 0, 100 * chunk + node, 0x5000, node, node);
        trace_builder_next_chunk(b, 0);
    }
    trace_builder_end(b, 1000, 0);
    return b;
}

#endif
