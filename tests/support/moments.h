/* SPDX-License-Identifier: MIT */
/* moments.h - moments of a program that is made up. Include cmocka.h before. */
#ifndef TEST_MOMENTS_H
#define TEST_MOMENTS_H
#include <link.h>
#include <unistd.h>

#include "prim/clock.h"
#include "profile/moment.h"
#include "support/trace_builder.h"

/* Functions to name; no two are the same, or the linker might make them one. */
static inline int first(int n)
{
    return n + 1;
}

static inline int second(int n)
{
    return n + 2;
}

typedef int function_t(int);

static inline uint64_t bias_of_this_program(void)
{
    return _r_debug.r_map->l_addr;
}

/* A program that has allocated once from each of these functions, which are in this module. */
static inline trace_builder_t *program_in(const char *path, cci_trace_mode_t mode,
                                          function_t *const *function, size_t n)
{
    const trace_builder_options_t options = { .mode = mode,
                                              .sample_interval =
                                                  mode == CCI_MODE_SAMPLE ? 4096 : 0 };
    trace_builder_t              *b       = trace_builder_create(&options);
    uint32_t                      thread  = trace_builder_thread(b, 100, "main");
    uint32_t module = trace_builder_module(b, thread, path, 0x400000, 0x1000000);

    for (size_t i = 0; i < n; i++) {
        uint64_t at   = (uint64_t)(uintptr_t)function[i] - bias_of_this_program() + 1;
        uint32_t node = trace_builder_node(b, thread, 0, module, at);
        trace_builder_malloc(b, thread, 1000 * (i + 1), 0x1000 * (i + 1), 100, node);
    }
    trace_builder_end(b, 1000000, 0);
    return b;
}

static inline trace_builder_t *program_of(cci_trace_mode_t mode, function_t *const *function,
                                          size_t n)
{
    char    exe[4096];
    ssize_t length = readlink("/proc/self/exe", exe, sizeof exe - 1);

    assert_true(length > 0);
    exe[length] = '\0';
    return program_in(exe, mode, function, n);
}

/* The builder may go only after the moment. */
static inline cci_moment_t moment_of(trace_builder_t *b, uint64_t run)
{
    cci_moment_t   m = { .run = run, .as_of_ns = cci_clock_ns(CLOCK_MONOTONIC) };
    size_t         n;
    const uint8_t *bytes = trace_builder_file(b, &n);

    assert_int_equal(cci_trace_open_memory(&m.trace, bytes, n), CC_RESULT_OK);
    assert_int_equal(cci_profile_create(&m.profile, m.trace, NULL), CC_RESULT_OK);
    return m;
}

#endif
