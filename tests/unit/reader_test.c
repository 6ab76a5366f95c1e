/* SPDX-License-Identifier: MIT */
/* What a trace says is what the reader gives, in both layouts; what is damaged is told and passed
 * over, and never becomes something else. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/trace_builder.h"
#include "trace/reader.h"

/* --- helpers --- */

static const trace_builder_options_t layouts[] = {
    { .layout = CCI_LAYOUT_STORED },
    { .layout = CCI_LAYOUT_STORED, .codec = CCI_CODEC_ZSTD },
    { .layout = CCI_LAYOUT_IN_PLACE, .chunk_bytes = 1024 },
};

enum { LAYOUTS = sizeof layouts / sizeof layouts[0], EVENTS_MAX = 4096 };

static cci_trace_t *open_bytes(const uint8_t *bytes, size_t n)
{
    cci_trace_t *t = NULL;
    assert_int_equal(cci_trace_open_memory(&t, bytes, n), CC_RESULT_OK);
    return t;
}

static cci_trace_t *open_built(trace_builder_t *b)
{
    size_t         n;
    const uint8_t *bytes = trace_builder_file(b, &n);
    return open_bytes(bytes, n);
}

static size_t read_all(cci_trace_t *t, cci_event_t *events)
{
    size_t n = 0;

    while (n < EVENTS_MAX && cci_trace_next(t, &events[n]))
        n++;
    assert_int_equal(cci_trace_status(t), CC_RESULT_OK);
    assert_true(cci_trace_progress(t) == 1);
    return n;
}

/* Whether some warning has these words. */
static bool warned(const cci_trace_t *t, const char *words)
{
    for (size_t i = 0; i < cci_trace_warning_count(t); i++)
        if (strstr(cci_trace_warning(t, i), words))
            return true;
    return false;
}

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static void put32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}

static void put64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}

/* A field of chunk i in the bytes of a file. */
#define CHUNK_FIELD(b, file, i, field) \
    ((file) + trace_builder_chunk_offset(b, i) + offsetof(cci_chunk_header_t, field))

/* --- what is right --- */

static void check_one_thread(const trace_builder_options_t *options)
{
    trace_builder_t *b      = trace_builder_create(options);
    uint32_t         thread = trace_builder_thread(b, 1234, "worker");
    uint32_t libc  = trace_builder_module_with_id(b, thread, "/lib/libc.so.6", 0x7f0000000000, 0x1000,
                                                  0x7effffffe000, "\1\0\2", 3);
    uint32_t outer = trace_builder_node(b, thread, 0, 0, 0x401000);
    uint32_t inner = trace_builder_node(b, thread, outer, libc, 0x99);
    cci_event_t e[EVENTS_MAX];

    trace_builder_malloc(b, thread, 1000, 0x5000, 24, inner);
    trace_builder_calloc(b, thread, 1001, 0x6000, 0, outer);
    trace_builder_realloc(b, thread, 5000, 0x7000, 0x5000, 48, inner);
    trace_builder_aligned(b, thread, 5000, 0x8000, 4096, 0, 12);
    trace_builder_free(b, thread, 900000, 0x7000);
    trace_builder_end(b, 1000000, 256);

    cci_trace_t *t = open_built(b);
    assert_int_equal(read_all(t, e), 5);
    assert_int_equal(cci_trace_warning_count(t), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(e[i].thread, 0);
    assert_true(e[0].op == CCI_OP_MALLOC && e[0].time_ns == 1000 && e[0].ptr == 0x5000);
    assert_true(e[0].size == 24 && e[0].old_ptr == 0 && e[0].align_log2 == 0);
    assert_true(e[1].op == CCI_OP_CALLOC && e[1].time_ns == 1001 && e[1].size == 0);
    assert_true(e[2].op == CCI_OP_REALLOC && e[2].ptr == 0x7000 && e[2].old_ptr == 0x5000);
    assert_true(e[2].size == 48 && e[2].stack == e[0].stack);
    assert_true(e[3].op == CCI_OP_ALIGNED && e[3].align_log2 == 12 && e[3].stack == 0);
    assert_true(e[3].time_ns == 5000 && e[3].old_ptr == 0);
    assert_true(e[4].op == CCI_OP_FREE && e[4].time_ns == 900000 && e[4].ptr == 0x7000);
    assert_true(e[4].size == 0 && e[4].stack == 0 && e[4].align_log2 == 0);

    const cci_stack_node_t *node = cci_trace_node(t, e[0].stack);
    assert_true(node->offset == 0x99 && node->parent == e[1].stack);
    const cci_trace_module_t *m = cci_trace_module(t, node->module);
    assert_string_equal(m->path, "/lib/libc.so.6");
    assert_true(m->start == 0x7f0000000000 && m->end == 0x7f0000001000);
    assert_true(m->bias == 0x7effffffe000 && m->build_id_len == 3);
    assert_memory_equal(m->build_id, "\1\0\2", 3);
    node = cci_trace_node(t, node->parent);
    assert_true(node->offset == 0x401000 && node->parent == 0 && node->module == 0);

    const cci_trace_thread_t *who = cci_trace_thread(t, 0);
    assert_int_equal(cci_trace_thread_count(t), 1);
    assert_int_equal(who->tid, 1234);
    assert_string_equal(who->name, "worker");
    assert_true(who->last_ns == 900000);
    assert_true(cci_trace_info(t)->events == 5);
    assert_true(cci_trace_info(t)->end_ns == 1000000);
    assert_int_equal(cci_trace_info(t)->wait_status, 256);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void one_thread_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++)
        check_one_thread(&layouts[i]);
}

static void the_process_is_known_before_the_first_event(void **state)
{
    trace_builder_t *b = trace_builder_create(&(trace_builder_options_t){ .pid             = 77,
                                                                          .ppid            = 66,
                                                                          .flags           = 1,
                                                                          .mode            = CCI_MODE_SAMPLE,
                                                                          .sample_interval = 512,
                                                                          .start_real_ns   = 1700000000 });
    const cci_rss_sample_t *rss;
    size_t                  len;

    (void)state;
    trace_builder_thread(b, 1, "");
    trace_builder_meta(b, 0, "exe", "/bin/prog", 9);
    trace_builder_meta(b, 0, "argv", "prog\0-x", 8);
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 0);
    trace_builder_meta(b, TRACE_BUILDER_PROCESS, "host", "here", 4);
    trace_builder_meta(b, TRACE_BUILDER_PROCESS, "host", "there", 5);
    trace_builder_rss(b, 500, 2 << 20);
    trace_builder_rss(b, 100, 1 << 20);
    trace_builder_end(b, 2000, 9);

    cci_trace_t *t = open_built(b);
    assert_string_equal(cci_trace_meta(t, "exe", NULL), "/bin/prog");
    assert_memory_equal(cci_trace_meta(t, "argv", &len), "prog\0-x", 9);
    assert_int_equal(len, 8);
    assert_string_equal(cci_trace_meta(t, "host", &len), "there");
    assert_int_equal(len, 5);
    assert_null(cci_trace_meta(t, "hos", NULL));
    assert_int_equal(cci_trace_rss(t, &rss), 2);
    assert_true(rss[0].time_ns == 100 && rss[0].bytes == 1 << 20);
    assert_true(rss[1].time_ns == 500 && rss[1].bytes == 2 << 20);

    const cci_trace_info_t *info = cci_trace_info(t);
    assert_true(info->pid == 77 && info->ppid == 66 && info->flags == 1);
    assert_true(info->mode == CCI_MODE_SAMPLE && info->sample_interval == 512);
    assert_true(info->start_real_ns == 1700000000 && info->end_ns == 2000);
    assert_int_equal(info->wait_status, 9);
    assert_true(info->file_bytes > 0 && info->lost_events == 0);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void threads_are_merged_by_time(void **state)
{
    enum { THREADS = 7, EACH = 100 };
    trace_builder_t *b = trace_builder_create(&layouts[2]);
    cci_event_t      e[EVENTS_MAX];

    (void)state;
    for (uint32_t i = 0; i < THREADS; i++)
        trace_builder_thread(b, 100 + i, "");
    for (uint64_t i = 0; i < THREADS * EACH; i++)
        trace_builder_malloc(b, (uint32_t)(i * i % THREADS), i / 3 * 10, 0x1000 + 16 * i, i, 0);

    cci_trace_t *t = open_built(b);
    assert_int_equal(cci_trace_thread_count(t), 4); /* squares modulo 7 */
    assert_int_equal(read_all(t, e), THREADS * EACH);
    for (size_t i = 1; i < THREADS * EACH; i++) {
        assert_true(e[i].time_ns == i / 3 * 10);
        assert_true(e[i - 1].time_ns < e[i].time_ns || e[i - 1].thread <= e[i].thread);
        assert_true(e[i - 1].thread != e[i].thread || e[i - 1].size < e[i].size);
    }
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void equal_stacks_of_threads_are_one(void **state)
{
    trace_builder_t *b = trace_builder_create(NULL);
    cci_event_t      e[EVENTS_MAX];

    (void)state;
    for (uint32_t thread = 0; thread < 2; thread++) {
        trace_builder_thread(b, thread, "");
        if (thread == 1) /* its numbers are others */
            trace_builder_node(b, thread, 0, trace_builder_module(b, thread, "/other", 1, 2), 3);
        uint32_t module = trace_builder_module(b, thread, "/bin/prog", 0x1000, 0x1000);
        uint32_t outer  = trace_builder_node(b, thread, 0, module, 0x10);
        uint32_t inner  = trace_builder_node(b, thread, outer, module, 0x20);
        trace_builder_malloc(b, thread, 10, 0x5000, 1, inner);
        trace_builder_malloc(b, thread, 20, 0x6000, 1, outer);
    }
    cci_trace_t *t = open_built(b);
    assert_int_equal(read_all(t, e), 4);
    assert_int_equal(e[0].stack, e[1].stack);
    assert_int_equal(e[2].stack, e[3].stack);
    assert_int_equal(cci_trace_node(t, e[0].stack)->parent, e[2].stack);
    assert_int_equal(cci_trace_node_count(t), 4);
    assert_int_equal(cci_trace_module_count(t), 3);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void threads_tell_names_losses_and_counters(void **state)
{
    cci_trace_counters_t counters = { .alloc_count = 5, .alloc_bytes = 55, .sizes = { 1, 4 } };
    trace_builder_t     *b        = trace_builder_create(&layouts[2]);
    cci_event_t          e[EVENTS_MAX];

    (void)state;
    trace_builder_thread(b, 10, "sixteen letters."); /* no room for a 0 */
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 0);
    trace_builder_lost(b, 0, 3);
    trace_builder_next_chunk(b, 0);
    trace_builder_counters(b, 0, &counters);
    trace_builder_thread(b, 11, "early");
    trace_builder_malloc(b, 1, 20, 0x5000, 1, 0);
    trace_builder_name(b, 1, "late");
    trace_builder_lost(b, 1, 4);
    trace_builder_next_chunk(b, 1);
    trace_builder_malloc(b, 1, 30, 0x5000, 1, 0);

    cci_trace_t *t = open_built(b);
    assert_int_equal(read_all(t, e), 3);
    assert_string_equal(cci_trace_thread(t, 0)->name, "sixteen letters.");
    assert_string_equal(cci_trace_thread(t, 1)->name, "late");
    assert_true(cci_trace_thread(t, 0)->lost == 3 && cci_trace_thread(t, 1)->lost == 4);
    assert_true(cci_trace_info(t)->lost_events == 7);
    assert_memory_equal(&cci_trace_thread(t, 0)->counters, &counters, sizeof counters);
    assert_true(cci_trace_thread(t, 1)->counters.alloc_count == 0);
    assert_true(cci_trace_thread(t, 1)->first_ns == 20 && cci_trace_thread(t, 1)->last_ns == 30);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

/* --- clocks --- */

static void ticks_become_nanoseconds(void **state)
{
    trace_builder_options_t o = { .clock        = CCI_CLOCK_TSC,
                                  .ticks_per_ns = 3.1,
                                  .tick_shift   = 5,
                                  .start_ticks  = UINT64_C(1) << 50 };
    trace_builder_t        *b = trace_builder_create(&o);
    cci_event_t             e[EVENTS_MAX];

    (void)state;
    trace_builder_thread(b, 1, "");
    for (uint64_t i = 0; i < 100; i++)
        trace_builder_malloc(b, 0, i * i * 1000003, 0x5000, 1, 0);
    trace_builder_end(b, UINT64_C(1) << 36, 0);

    cci_trace_t *t = open_built(b);
    assert_int_equal(read_all(t, e), 100);
    assert_int_equal(cci_trace_warning_count(t), 0);
    for (uint64_t i = 0; i < 100; i++)
        assert_in_range(e[i].time_ns + 12, i * i * 1000003, i * i * 1000003 + 13);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_rate_that_is_not_known_is_told(void **state)
{
    trace_builder_options_t o = { .clock = CCI_CLOCK_TSC, .ticks_per_ns = 2 };
    trace_builder_t        *b = trace_builder_create(&o);
    cci_event_t             e[EVENTS_MAX];

    (void)state;
    trace_builder_thread(b, 1, "");
    trace_builder_malloc(b, 0, 0, 0x5000, 1, 0);
    trace_builder_malloc(b, 0, 1000, 0x5000, 1, 0);
    cci_trace_t *t = open_built(b); /* the only chunk was opened at the start */
    assert_int_equal(read_all(t, e), 2);
    assert_true(warned(t, "rate is not known"));
    assert_true(e[1].time_ns == 2000);
    cci_trace_close(t);

    trace_builder_end(b, 5000, 0);
    t = open_built(b);
    assert_int_equal(read_all(t, e), 2);
    assert_true(warned(t, "too short"));
    assert_true(e[1].time_ns == 1000);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void times_do_not_fall_within_a_thread_nor_below_zero(void **state)
{
    trace_builder_t *b = trace_builder_create(&(trace_builder_options_t){ .start_ticks = 1000000 });
    cci_event_t      e[EVENTS_MAX];
    size_t           n;

    (void)state;
    trace_builder_thread(b, 1, "");
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 0);
    trace_builder_malloc(b, 0, 700, 0x5010, 1, 0);
    trace_builder_next_chunk(b, 0);
    trace_builder_malloc(b, 0, 800, 0x5020, 1, 0);
    trace_builder_malloc(b, 0, 900, 0x5030, 1, 0);
    uint8_t *file = trace_builder_file(b, &n);
    put64(CHUNK_FIELD(b, file, 0, base_time), 5);             /* long before the start */
    put64(CHUNK_FIELD(b, file, 1, base_time), 1000000 - 300); /* before the last event  */

    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 4);
    assert_true(e[0].time_ns == 0 && e[0].ptr == 0x5000);
    for (int i = 1; i < 4; i++)
        assert_true(e[i].time_ns >= e[i - 1].time_ns && e[i].ptr == 0x5000 + 16 * (unsigned)i);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

/* --- what is missing --- */

/* Three chunks of one thread; each defines a node of its own depth and uses all that there are. */
static trace_builder_t *three_chunks(const trace_builder_options_t *options)
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

static uint64_t offset_of_stack(const cci_trace_t *t, const cci_event_t *e)
{
    return cci_trace_node(t, e->stack)->offset;
}

static void stacks_of_a_lost_chunk_are_unknown_and_others_right(void **state)
{
    trace_builder_t *b = three_chunks(NULL);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);

    (void)state;
    put32(CHUNK_FIELD(b, file, 1, kind), 99); /* a kind of a later version: passed over */
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 4);
    assert_true(warned(t, "1 chunks are missing before chunk 2"));
    assert_true(warned(t, "some of its stacks are lost"));
    assert_true(offset_of_stack(t, &e[0]) == 0x100);
    assert_true(offset_of_stack(t, &e[1]) == 0x100); /* defined before the gap */
    assert_int_equal(e[2].stack, 0);                 /* in it   */
    assert_true(offset_of_stack(t, &e[3]) == 0x300); /* after it, without the outer end */
    assert_int_equal(cci_trace_node(t, e[3].stack)->parent, 0);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_node_without_its_module_is_unknown(void **state)
{
    trace_builder_t *b = trace_builder_create(NULL);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;

    (void)state;
    trace_builder_thread(b, 1, "");
    trace_builder_module(b, 0, "/lost", 0, 1);
    trace_builder_next_chunk(b, 0);
    trace_builder_node(b, 0, 0, 1, 0x100);
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 1);
    uint8_t *file = trace_builder_file(b, &n);
    put32(CHUNK_FIELD(b, file, 0, kind), 99);
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 1);
    assert_int_equal(e[0].stack, 0);
    assert_int_equal(cci_trace_node_count(t), 1);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_chunk_says_which_numbers_its_nodes_have(void **state)
{
    trace_builder_t *b = three_chunks(NULL);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);

    (void)state;
    put64(CHUNK_FIELD(b, file, 2, first_node), 2); /* so its node is 2 again */
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 6);
    assert_true(offset_of_stack(t, &e[2]) == 0x200);
    assert_true(offset_of_stack(t, &e[4]) == 0x300); /* node 2 */
    assert_int_equal(e[5].stack, 0);                 /* node 3 */
    cci_trace_close(t);

    put64(CHUNK_FIELD(b, file, 2, first_node), 0); /* no number */
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_true(warned(t, "senseless numbers"));
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_chunk_that_is_there_twice_counts_once(void **state)
{
    trace_builder_t *b = three_chunks(&layouts[2]);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);

    (void)state;
    memcpy(file + trace_builder_chunk_offset(b, 2), file + trace_builder_chunk_offset(b, 1), 1024);
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_true(warned(t, "chunk 1 is there twice"));
    assert_false(warned(t, "missing"));
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void free_and_empty_chunks_hold_nothing(void **state)
{
    trace_builder_t *b = three_chunks(&layouts[2]);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);

    (void)state;
    put64(CHUNK_FIELD(b, file, 2, used), 0); /* taken, and nothing written */
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_int_equal(cci_trace_warning_count(t), 0);
    cci_trace_close(t);

    put32(CHUNK_FIELD(b, file, 2, state), CCI_CHUNK_FREE);
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_int_equal(cci_trace_warning_count(t), 0);
    cci_trace_close(t);

    memset(file + trace_builder_chunk_offset(b, 2), 0, CCI_CHUNK_HEADER_BYTES); /* never used */
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 3);
    assert_int_equal(cci_trace_warning_count(t), 0);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_trace_of_nothing_is_a_trace(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        trace_builder_t        *b = trace_builder_create(&layouts[i]);
        cci_trace_t            *t = open_built(b);
        const cci_rss_sample_t *rss;
        cci_event_t             e;

        assert_false(cci_trace_next(t, &e));
        assert_false(cci_trace_next(t, &e));
        assert_int_equal(cci_trace_thread_count(t), 0);
        assert_int_equal(cci_trace_node_count(t), 1);
        assert_int_equal(cci_trace_module_count(t), 1);
        assert_int_equal(cci_trace_rss(t, &rss), 0);
        assert_int_equal(cci_trace_info(t)->wait_status, -1);
        assert_true(warned(t, "the end of the process was not recorded"));
        cci_trace_close(t);
        trace_builder_destroy(b);
    }
}

/* --- what is damaged --- */

/* bytes in the middle of a first chunk; a second one follows. */
static cci_trace_t *open_with_bytes(const char *bytes, size_t n, uint8_t **file)
{
    trace_builder_t *b = trace_builder_create(NULL);
    size_t           size;

    trace_builder_thread(b, 1, "");
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 0);
    trace_builder_bytes(b, 0, bytes, n);
    trace_builder_malloc(b, 0, 20, 0x6000, 2, 0);
    trace_builder_next_chunk(b, 0);
    trace_builder_malloc(b, 0, 30, 0x7000, 3, 0);
    const uint8_t *built = trace_builder_file(b, &size);
    *file                = malloc(size);
    assert_non_null(*file);
    memcpy(*file, built, size);
    trace_builder_destroy(b);
    return open_bytes(*file, size);
}

#define BYTES(text) text, sizeof(text) - 1

static void a_damaged_record_ends_its_chunk_only(void **state)
{
    static const struct {
        const char *bytes;
        size_t      n;
    } cases[] = {
        { BYTES("\x06") },                                         /* no operation */
        { BYTES("\x0f") },                                         /* nor this */
        { BYTES("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") }, /* no number */
        { BYTES("\x08\xff\x7f") },                                 /* a node longer than the chunk */
        { BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") }, /* far longer */
        { BYTES("\x08\x01\x01") },                                 /* a node that is too short */
        { BYTES("\x10\x01\x01") },                                 /* a module of that kind */
        { BYTES("\x18\x02\x7f\x01") },                             /* a key beyond its record */
    };
    cci_event_t e[EVENTS_MAX];
    uint8_t    *file;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cci_trace_t *t = open_with_bytes(cases[i].bytes, cases[i].n, &file);
        assert_int_equal(read_all(t, e), 2);
        assert_true(warned(t, "chunk 0 is damaged"));
        assert_true(e[0].size == 1 && e[1].size == 3);
        cci_trace_close(t);
        free(file);
    }
}

static void records_of_a_later_version_are_passed_over(void **state)
{
    static const struct {
        const char *bytes;
        size_t      n;
    } cases[] = { { BYTES("\xf8\x00") },
                  { BYTES("\x00\x03\xff\xff\xff") },
                  { BYTES("\x08\x05\x00\x00\x07\xaa\xbb") } }; /* a node with one field more */
    cci_event_t e[EVENTS_MAX];
    uint8_t    *file;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cci_trace_t *t = open_with_bytes(cases[i].bytes, cases[i].n, &file);
        assert_int_equal(read_all(t, e), 3);
        assert_false(warned(t, "damaged"));
        assert_true(e[1].size == 2 && e[1].time_ns == 20);
        cci_trace_close(t);
        free(file);
    }
}

static void a_packed_body_that_is_damaged_is_left_out(void **state)
{
    trace_builder_t *b = three_chunks(&layouts[1]);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;
    uint8_t         *file = trace_builder_file(b, &n);
    uint8_t         *body = file + trace_builder_chunk_offset(b, 1) + CCI_CHUNK_HEADER_BYTES;
    uint64_t         used;

    (void)state;
    body[0] ^= 1; /* no frame of zstd any more */
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 4);
    assert_true(warned(t, "chunk 1 is damaged"));
    cci_trace_close(t);
    body[0] ^= 1;

    memcpy(&used, CHUNK_FIELD(b, file, 1, used), sizeof used);
    for (int by = -1; by <= 1; by += 2) { /* unpacks to more or less than it says */
        put64(CHUNK_FIELD(b, file, 1, used), used + (uint64_t)by);
        t = open_bytes(file, n);
        assert_int_equal(read_all(t, e), 4);
        assert_true(warned(t, "chunk 1 is damaged"));
        cci_trace_close(t);
    }
    trace_builder_destroy(b);
}

static void senseless_headers_of_chunks_are_left_out(void **state)
{
    trace_builder_t *b = three_chunks(&layouts[1]);
    cci_event_t      e[EVENTS_MAX];
    size_t           n;

    (void)state;
    static const uint64_t lengths[] = { UINT64_MAX, (64 << 20) + 1, 4 << 20 }; /* the last: a bomb */
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t *file = trace_builder_file(b, &n);
        put64(CHUNK_FIELD(b, file, 1, used), lengths[i]);
        cci_trace_t *t = open_bytes(file, n);
        assert_int_equal(read_all(t, e), 4);
        assert_true(warned(t, "senseless length"));
        cci_trace_close(t);
    }

    uint8_t *file = trace_builder_file(b, &n);
    put32(CHUNK_FIELD(b, file, 1, codec), 7);
    cci_trace_t *t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 4);
    assert_true(warned(t, "unknown packing"));
    cci_trace_close(t);

    file = trace_builder_file(b, &n);
    put64(CHUNK_FIELD(b, file, 1, used), 100); /* less than the counters, and not 0 */
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 4);
    assert_true(warned(t, "chunk 1 is damaged"));
    cci_trace_close(t);

    file = trace_builder_file(b, &n);
    put64(CHUNK_FIELD(b, file, 1, stored), UINT64_MAX - 3); /* the way to the next one is lost */
    t = open_bytes(file, n);
    assert_int_equal(read_all(t, e), 1);
    assert_true(warned(t, "cut, or damaged"));
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void a_chunk_without_its_magic_is_told(void **state)
{
    static const size_t events[LAYOUTS] = { 1, 1, 4 }; /* in place, the next one is where it is */
    cci_event_t         e[EVENTS_MAX];
    size_t              n;

    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        trace_builder_t *b    = three_chunks(&layouts[i]);
        uint8_t         *file = trace_builder_file(b, &n);
        put32(CHUNK_FIELD(b, file, 1, magic), 0);
        cci_trace_t *t = open_bytes(file, n);
        assert_int_equal(read_all(t, e), events[i]);
        assert_true(warned(t, "no chunk at byte"));
        cci_trace_close(t);
        trace_builder_destroy(b);
    }
}

static void damage_in_the_process_chunk_keeps_what_stands_before(void **state)
{
    trace_builder_t        *b = trace_builder_create(NULL);
    const cci_rss_sample_t *rss;

    (void)state;
    trace_builder_rss(b, 10, 4096);
    trace_builder_bytes(b, TRACE_BUILDER_PROCESS, "\x01", 1); /* an event of nobody */
    trace_builder_end(b, 100, 0);
    cci_trace_t *t = open_built(b);
    assert_int_equal(cci_trace_rss(t, &rss), 1);
    assert_int_equal(cci_trace_info(t)->wait_status, -1);
    assert_true(warned(t, "is damaged"));
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void many_warnings_end_in_their_number(void **state)
{
    trace_builder_t *b = trace_builder_create(NULL);
    cci_event_t      e[EVENTS_MAX];

    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        trace_builder_thread(b, i, "");
        trace_builder_bytes(b, i, "\x06", 1);
    }
    trace_builder_end(b, 100, 0);
    cci_trace_t *t = open_built(b);
    assert_int_equal(read_all(t, e), 0);
    assert_int_equal(cci_trace_warning_count(t), 32);
    assert_string_equal(cci_trace_warning(t, 31), "69 more warnings");
    cci_trace_close(t);
    trace_builder_destroy(b);
}

/* A trace cut anywhere is a shorter trace, or none; what remains is what was there. */
static void check_cuts(const trace_builder_options_t *options)
{
    trace_builder_t *b = trace_builder_create(options);
    cci_event_t      whole[EVENTS_MAX], cut[EVENTS_MAX];
    size_t           n, opened = 0;

    for (uint32_t thread = 0; thread < 2; thread++) {
        trace_builder_thread(b, thread, "thread");
        trace_builder_module(b, thread, "/bin/prog", 0x1000, 0x1000);
        trace_builder_node(b, thread, 0, 1, 0x10);
    }
    for (uint32_t i = 0; i < 60; i++) {
        trace_builder_malloc(b, i % 2, 10 * i, 0x5000 + 1000003 * i, i, 1);
        if (i % 20 == 19)
            trace_builder_next_chunk(b, i % 2);
    }
    trace_builder_meta(b, TRACE_BUILDER_PROCESS, "exe", "/bin/prog", 9);
    trace_builder_end(b, 1000, 0);
    const uint8_t *file = trace_builder_file(b, &n);
    cci_trace_t   *t    = open_bytes(file, n);
    assert_int_equal(read_all(t, whole), 60);
    cci_trace_close(t);

    for (size_t length = 0; length < n; length++) {
        uint8_t *copy = malloc(length ? length : 1); /* exactly so long, for a sanitizer */
        assert_non_null(copy);
        memcpy(copy, file, length);
        cc_result_t r = cci_trace_open_memory(&t, copy, length);
        if (r == CC_RESULT_OK) {
            size_t found = read_all(t, cut);
            assert_true(found <= 60);
            for (size_t i = 0, j = 0; i < found; i++, j++) { /* a part of the whole, in order */
                while (j < 60 && whole[j].ptr != cut[i].ptr)
                    j++;
                assert_true(j < 60 && whole[j].size == cut[i].size &&
                            whole[j].time_ns == cut[i].time_ns);
            }
            assert_true(found == 60 || cci_trace_warning_count(t) > 0);
            opened++;
            cci_trace_close(t);
        } else {
            assert_int_equal(r, CC_RESULT_DAMAGED);
        }
        free(copy);
    }
    assert_true(opened == n - CCI_TRACE_HEADER_BYTES);
    trace_builder_destroy(b);
}

static void cut_anywhere_it_is_shorter_or_refused(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++)
        check_cuts(&layouts[i]);
}

/* --- what is no trace --- */

static void check_refused(const uint8_t *bytes, size_t n, cc_result_t why, const char *words)
{
    cci_trace_t *t = NULL;

    assert_int_equal(cci_trace_open_memory(&t, bytes, n), why);
    assert_null(t);
    assert_non_null(strstr(cci_trace_open_error(), words));
}

static void what_is_no_trace_is_refused(void **state)
{
    static const uint8_t text[4096] = "#!/bin/sh\n";
    trace_builder_t     *b          = three_chunks(&layouts[2]);
    size_t               n;
    uint8_t             *file = trace_builder_file(b, &n);

    (void)state;
    check_refused((const uint8_t *)"", 0, CC_RESULT_DAMAGED, "not a ccmem trace");
    check_refused(text, sizeof text, CC_RESULT_DAMAGED, "not a ccmem trace");
    check_refused(file, 50, CC_RESULT_DAMAGED, "not a ccmem trace");
    check_refused(file, 4095, CC_RESULT_DAMAGED, "cut in its header");

    static const struct {
        size_t      offset;
        uint32_t    value;
        cc_result_t result;
        const char *words;
    } cases[] = {
        { offsetof(cci_trace_header_t, version), 2, CC_RESULT_UNSUPPORTED, "another version" },
        { offsetof(cci_trace_header_t, endian), 0x04030201, CC_RESULT_UNSUPPORTED, "machine" },
        { offsetof(cci_trace_header_t, layout), 3, CC_RESULT_DAMAGED, "layout" },
        { offsetof(cci_trace_header_t, header_bytes), 80, CC_RESULT_DAMAGED, "length" },
        { offsetof(cci_trace_header_t, header_bytes), 4097, CC_RESULT_DAMAGED, "length" },
        { offsetof(cci_trace_header_t, chunk_bytes), 0, CC_RESULT_DAMAGED, "chunks" },
        { offsetof(cci_trace_header_t, chunk_bytes), 632, CC_RESULT_DAMAGED, "chunks" },
        { offsetof(cci_trace_header_t, chunk_bytes), UINT32_MAX - 7, CC_RESULT_DAMAGED, "chunks" },
        { offsetof(cci_trace_header_t, mode), 0, CC_RESULT_DAMAGED, "mode" },
        { offsetof(cci_trace_header_t, clock_kind), 4, CC_RESULT_DAMAGED, "clock" },
        { offsetof(cci_trace_header_t, tick_shift), 64, CC_RESULT_DAMAGED, "clock" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *field = file + cases[i].offset;
        uint32_t was   = get32(field);
        put32(field, cases[i].value);
        check_refused(file, n, cases[i].result, cases[i].words);
        put32(field, was);
    }
    cci_trace_close(open_bytes(file, n));
    trace_builder_destroy(b);
}

/* --- files --- */

static char folder[] = "/tmp/ccmem-reader-XXXXXX";
static char path[sizeof folder + 16];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/test.ccm", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void a_file_reads_like_memory(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        trace_builder_t *b = three_chunks(&layouts[i]);
        cci_event_t      e[EVENTS_MAX];
        cci_trace_t     *t;

        trace_builder_write(b, path);
        assert_int_equal(cci_trace_open(&t, path), CC_RESULT_OK);
        assert_int_equal(read_all(t, e), 6);
        assert_int_equal(cci_trace_warning_count(t), 0);
        cci_trace_close(t);
        trace_builder_destroy(b);
    }
}

static void a_file_that_shrinks_is_an_error(void **state)
{
    trace_builder_t *b = three_chunks(&layouts[2]);
    cci_event_t      e;
    cci_trace_t     *t;
    size_t           n = 0;

    (void)state;
    trace_builder_write(b, path);
    assert_int_equal(cci_trace_open(&t, path), CC_RESULT_OK);
    assert_int_equal(truncate(path, CCI_TRACE_HEADER_BYTES + 1024), 0);
    while (cci_trace_next(t, &e))
        n++;
    assert_int_equal(n, 1); /* what was read already */
    assert_int_equal(cci_trace_status(t), CC_RESULT_IO);
    assert_false(cci_trace_next(t, &e));
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void check_not_opened(const char *name, cc_result_t why)
{
    cci_trace_t *t = NULL;
    assert_int_equal(cci_trace_open(&t, name), why);
    assert_null(t);
    assert_true(strlen(cci_trace_open_error()) > 5);
}

static void files_that_cannot_be_read_say_why(void **state)
{
    char fifo[sizeof path + 8];

    (void)state;
    check_not_opened("/nonexistent/file.ccm", CC_RESULT_NOT_FOUND);
    check_not_opened("", CC_RESULT_NOT_FOUND);
    check_not_opened("/", CC_RESULT_IO);
    assert_string_equal(cci_trace_open_error(), "not a regular file");
    snprintf(fifo, sizeof fifo, "%s.fifo", path);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    check_not_opened(fifo, CC_RESULT_IO); /* without waiting for a writer */
    unlink(fifo);
    if (geteuid() == 0)
        return; /* may read everything */
    close(open(path, O_WRONLY | O_CREAT, 0200));
    chmod(path, 0200);
    check_not_opened(path, CC_RESULT_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_comes_back),
        cmocka_unit_test(the_process_is_known_before_the_first_event),
        cmocka_unit_test(threads_are_merged_by_time),
        cmocka_unit_test(equal_stacks_of_threads_are_one),
        cmocka_unit_test(threads_tell_names_losses_and_counters),
        cmocka_unit_test(ticks_become_nanoseconds),
        cmocka_unit_test(a_rate_that_is_not_known_is_told),
        cmocka_unit_test(times_do_not_fall_within_a_thread_nor_below_zero),
        cmocka_unit_test(stacks_of_a_lost_chunk_are_unknown_and_others_right),
        cmocka_unit_test(a_node_without_its_module_is_unknown),
        cmocka_unit_test(a_chunk_says_which_numbers_its_nodes_have),
        cmocka_unit_test(a_chunk_that_is_there_twice_counts_once),
        cmocka_unit_test(free_and_empty_chunks_hold_nothing),
        cmocka_unit_test(a_trace_of_nothing_is_a_trace),
        cmocka_unit_test(a_damaged_record_ends_its_chunk_only),
        cmocka_unit_test(records_of_a_later_version_are_passed_over),
        cmocka_unit_test(a_packed_body_that_is_damaged_is_left_out),
        cmocka_unit_test(senseless_headers_of_chunks_are_left_out),
        cmocka_unit_test(a_chunk_without_its_magic_is_told),
        cmocka_unit_test(damage_in_the_process_chunk_keeps_what_stands_before),
        cmocka_unit_test(many_warnings_end_in_their_number),
        cmocka_unit_test(cut_anywhere_it_is_shorter_or_refused),
        cmocka_unit_test(what_is_no_trace_is_refused),
        cmocka_unit_test(a_file_reads_like_memory),
        cmocka_unit_test(a_file_that_shrinks_is_an_error),
        cmocka_unit_test(files_that_cannot_be_read_say_why),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
