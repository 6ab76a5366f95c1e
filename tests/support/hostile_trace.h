/* SPDX-License-Identifier: MIT */
/* hostile_trace.h - a small trace with known figures whose names are made to break formats. */
#ifndef TEST_HOSTILE_TRACE_H
#define TEST_HOSTILE_TRACE_H
#include "support/trace_builder.h"

/* The name of a module that nobody can open, as it is and as each format shows its last part. */
#define HOSTILE_NAME "e;v,i\"l\n 7\t12\\\xfe\033[2J"
#define HOSTILE_PATH "/nowhere/" HOSTILE_NAME

enum { HOSTILE_START_S = 1700000000 };

/* What the threads of a sample counted: more than is in it. */
static inline void hostile_counters(trace_builder_t *b, uint32_t t, uint32_t u)
{
    const cci_trace_counters_t some = { .alloc_count = 50, .free_count = 40, .alloc_bytes = 50000 };

    trace_builder_counters(b, t, &some);
    trace_builder_counters(b, u, &some);
}

/* Four sites: 1024 bytes, freed; 3072 bytes, kept; 10 bytes of the hostile module, freed by the
 * other thread; 6 bytes without a stack, kept. */
static inline trace_builder_t *hostile_trace(trace_builder_options_t options)
{
    static const unsigned char BUILD_ID[] = { 0xde, 0xad, 0xbe, 0xef };

    options.start_real_ns = HOSTILE_START_S * UINT64_C(1000000000);
    options.pid           = 4711;
    trace_builder_t *b    = trace_builder_create(&options);
    uint32_t         t    = trace_builder_thread(b, 4711, "main");
    uint32_t         u    = trace_builder_thread(b, 4712, "w,\"\n\xff;");
    uint32_t         evil = trace_builder_module(b, u, HOSTILE_PATH, 0x500000, 0x1000);
    uint32_t         lib  = trace_builder_module(b, t, "/nowhere/lib.so", 0x600000, 0x1000);
    uint32_t app  = trace_builder_module_with_id(b, t, "/nowhere/app", 0x400000, 0x10000, 0x400000,
                                                 BUILD_ID, sizeof BUILD_ID);
    uint32_t root = trace_builder_node(b, t, 0, app, 0x10);
    uint32_t one  = trace_builder_node(b, t, root, app, 0x20);
    uint32_t two  = trace_builder_node(b, t, root, lib, 0x30);
    uint32_t far  = trace_builder_node(b, u, 0, evil, 0x40);

    trace_builder_meta(b, TRACE_BUILDER_PROCESS, "exe", "/nowhere/app", 12);
    trace_builder_meta(b, TRACE_BUILDER_PROCESS, "argv", "app\0a,\"\n\xff", 10);
    trace_builder_rss(b, 1000, 1 << 20);
    trace_builder_malloc(b, t, 1000000, 0x1000, 1024, one);
    trace_builder_malloc(b, t, 2000000, 0x2000, 3072, two); /* the peak: 4 KiB */
    trace_builder_free(b, t, 3000000, 0x1000);
    trace_builder_malloc(b, u, 4000000, 0x3000, 10, far);
    trace_builder_free(b, t, 5000000, 0x3000);
    trace_builder_malloc(b, u, 6000000, 0x4000, 6, 0);
    if (options.mode == CCI_MODE_SAMPLE || options.mode == CCI_MODE_COUNT)
        hostile_counters(b, t, u);
    trace_builder_end(b, 2000000000, 0);
    return b;
}

#endif
