/* SPDX-License-Identifier: MIT */
/* trace_builder.h - makes traces for tests, byte for byte as the recorder and collector would.
 *
 * Example:
 *   trace_builder_t *b = trace_builder_create(NULL);
 *   uint32_t thread = trace_builder_thread(b, 1234, "main");
 *   uint32_t libc = trace_builder_module(b, thread, "/lib/libc.so.6", 0x7f0000000000, 0x200000);
 *   uint32_t node = trace_builder_node(b, thread, 0, libc, 0x1234);
 *   trace_builder_malloc(b, thread, 1000, 0x5000, 64, node);
 *   trace_builder_free(b, thread, 2000, 0x5000);
 *   trace_builder_end(b, 3000, 0);
 *   trace_builder_write(b, "test.ccm");
 *   trace_builder_destroy(b);
 *
 * Units    times are nanoseconds since the trace's start and do not fall within a thread.
 * Failure  a line on stderr and abort: it is the test that is broken.
 */
#ifndef TEST_TRACE_BUILDER_H
#define TEST_TRACE_BUILDER_H
#include "trace/encode.h"

/* All zero: stored, not packed, full mode, a clock of nanoseconds. */
typedef struct trace_builder_options {
    cci_trace_layout_t layout;
    cci_trace_codec_t  codec;        /* of the stored layout */
    uint32_t           chunk_bytes;  /* header and body; 0 = CCI_CHUNK_BYTES */
    uint32_t           header_bytes; /* 0 = CCI_TRACE_HEADER_BYTES */
    cci_trace_mode_t   mode;
    uint64_t           sample_interval;
    cci_clock_kind_t   clock;
    double             ticks_per_ns; /* 0 = 1 */
    unsigned           tick_shift;
    uint64_t           start_ticks, start_real_ns;
    uint32_t           pid, ppid, flags;
} trace_builder_options_t;

typedef struct trace_builder trace_builder_t;

trace_builder_t *trace_builder_create(const trace_builder_options_t *options);
void             trace_builder_destroy(trace_builder_t *b);

/* For trace_builder_meta: into the process' chunks rather than a thread's. */
#define TRACE_BUILDER_PROCESS UINT32_MAX

/* Threads are numbered from 0, modules and nodes of a thread from 1. */
uint32_t trace_builder_thread(trace_builder_t *b, uint32_t tid, const char *name);
uint32_t trace_builder_module(trace_builder_t *b, uint32_t thread, const char *path, uint64_t start,
                              uint64_t bytes);
uint32_t trace_builder_module_with_id(trace_builder_t *b, uint32_t thread, const char *path,
                                      uint64_t start, uint64_t bytes, uint64_t bias, const void *id,
                                      size_t id_len);
uint32_t trace_builder_node(trace_builder_t *b, uint32_t thread, uint32_t parent, uint32_t module,
                            uint64_t offset);

void trace_builder_malloc(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr,
                          uint64_t size, uint32_t node);
void trace_builder_calloc(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr,
                          uint64_t size, uint32_t node);
void trace_builder_aligned(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr,
                           uint64_t size, uint32_t node, unsigned align_log2);
void trace_builder_realloc(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr,
                           uint64_t old, uint64_t size, uint32_t node);
void trace_builder_free(trace_builder_t *b, uint32_t thread, uint64_t ns, uint64_t ptr);

void trace_builder_meta(trace_builder_t *b, uint32_t thread, const char *key, const void *value,
                        size_t value_len);
void trace_builder_rss(trace_builder_t *b, uint64_t ns, uint64_t bytes);
void trace_builder_measured(trace_builder_t *b, uint32_t thread, const cci_trace_measured_t *m);
void trace_builder_books(trace_builder_t *b, uint32_t thread, uint64_t ns,
                         const cci_books_t *books);
void trace_builder_end(trace_builder_t *b, uint64_t ns, int wait_status);

/* Bytes that are no record, or one that this file does not know. */
void trace_builder_bytes(trace_builder_t *b, uint32_t thread, const void *bytes, size_t n);

/* What the thread counted, lost and is called up to here. */
void trace_builder_counters(trace_builder_t *b, uint32_t thread, const cci_trace_counters_t *now);
void trace_builder_lost(trace_builder_t *b, uint32_t thread, uint64_t events);
void trace_builder_name(trace_builder_t *b, uint32_t thread, const char *name);

/* The thread's next record begins a new chunk. */
void trace_builder_next_chunk(trace_builder_t *b, uint32_t thread);

/* The file; valid until the next call. Chunks stand in the order in which they were begun. In
 * place those that were not ended by a next one are still OWNED, as after SIGKILL. */
uint8_t *trace_builder_file(trace_builder_t *b, size_t *bytes);
void     trace_builder_write(trace_builder_t *b, const char *path);

/* Where chunk i of the file begins, to damage it; valid after trace_builder_file. */
size_t trace_builder_chunk_count(const trace_builder_t *b);
size_t trace_builder_chunk_offset(const trace_builder_t *b, size_t i);

#endif
