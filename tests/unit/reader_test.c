/* SPDX-License-Identifier: MIT */
/* What a trace says is what the reader gives, in both layouts, from memory and from files. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/trace_reading.h"

static void check_one_thread(const trace_builder_options_t *options)
{
    trace_builder_t *b      = trace_builder_create(options);
    uint32_t         thread = trace_builder_thread(b, 1234, "worker");
    uint32_t    libc  = trace_builder_module_with_id(b, thread, "/lib/libc.so.6", 0x7f0000000000,
                                                     0x1000, 0x7effffffe000, "\1\0\2", 3);
    uint32_t    outer = trace_builder_node(b, thread, 0, 0, 0x401000);
    uint32_t    inner = trace_builder_node(b, thread, outer, libc, 0x99);
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
    trace_builder_t *b =
        trace_builder_create(&(trace_builder_options_t){ .pid             = 77,
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
    assert_memory_equal(cci_trace_meta(t, "argv", &len), "prog\0-x\0", 9);
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
    trace_builder_t *b = trace_builder_create(&layouts[IN_PLACE]);
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
    trace_builder_t     *b        = trace_builder_create(&layouts[IN_PLACE]);
    cci_event_t          e[EVENTS_MAX];

    (void)state;
    trace_builder_thread(b, 10, "sixteen letters."); /* no room for a 0 */
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 0);
    trace_builder_lost(b, 0, 3);
    trace_builder_next_chunk(b, 0);
    trace_builder_name(b, 0, "");
    trace_builder_counters(b, 0, &counters);
    trace_builder_thread(b, 11, "early");
    trace_builder_malloc(b, 1, 20, 0x5000, 1, 0);
    trace_builder_name(b, 1, "late");
    trace_builder_lost(b, 1, 4);
    for (uint64_t ns = 30; ns <= 40; ns += 10) { /* lost counts from the thread's start */
        trace_builder_next_chunk(b, 1);
        trace_builder_malloc(b, 1, ns, 0x5000, 1, 0);
    }

    cci_trace_t *t = open_built(b);
    assert_int_equal(read_all(t, e), 4);
    assert_string_equal(cci_trace_thread(t, 0)->name, "sixteen letters.");
    assert_string_equal(cci_trace_thread(t, 1)->name, "late");
    assert_true(cci_trace_thread(t, 0)->lost == 3 && cci_trace_thread(t, 1)->lost == 4);
    assert_true(cci_trace_info(t)->lost_events == 7);
    assert_memory_equal(&cci_trace_thread(t, 0)->counters, &counters, sizeof counters);
    assert_true(cci_trace_thread(t, 1)->counters.alloc_count == 0);
    assert_true(cci_trace_thread(t, 1)->first_ns == 20 && cci_trace_thread(t, 1)->last_ns == 40);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void check_measures(const trace_builder_options_t *options)
{
    trace_builder_options_t wide = *options;
    cci_trace_measured_t    m    = {
              .every = 64, .timer_ticks = 9, .sized = 2, .requested = 5, .usable = 8
    };
    cci_event_t e[EVENTS_MAX];
    wide.chunk_bytes   = 0; /* a record of them fills several small chunks */
    trace_builder_t *b = trace_builder_create(&wide);

    m.ticks[CCI_MEASURED_ALLOC]                                  = 700;
    m.calls[CCI_MEASURED_ALLOC][cci_histogram_bucket(100)]       = 7;
    m.calls[CCI_MEASURED_FREE][cci_histogram_bucket(UINT64_MAX)] = 65535;
    trace_builder_thread(b, 1, "one");
    trace_builder_thread(b, 2, "two");
    trace_builder_thread(b, 3, "none");
    trace_builder_measured(b, 0, &m);
    trace_builder_malloc(b, 0, 10, 0x5000, 1, 0);
    trace_builder_measured(b, 0, &m);
    trace_builder_next_chunk(b, 0);
    trace_builder_measured(b, 0, &m);
    trace_builder_measured(b, 1, &m);
    trace_builder_malloc(b, 2, 20, 0x6000, 1, 0);
    trace_builder_end(b, 1000, 0);

    cci_trace_t *t = open_built(b);
    assert_int_equal(read_all(t, e), 2);
    assert_int_equal(cci_trace_warning_count(t), 0);
    for (uint32_t i = 0; i < 3; i++) {
        const cci_trace_thread_t *k     = cci_trace_thread(t, i);
        const uint64_t            times = k->tid == 1 ? 3 : 1;
        assert_int_equal(k->measures != NULL, k->tid != 3);
        if (!k->measures)
            continue;
        const cci_histogram_t *allocs = &k->measures->ticks[CCI_MEASURED_ALLOC];
        assert_int_equal(allocs->count, 7 * times);
        assert_int_equal(allocs->sum, 700 * times);
        assert_int_equal(allocs->bucket[cci_histogram_bucket(100)], 7 * times);
        assert_int_equal(k->measures->ticks[CCI_MEASURED_FREE].count, 65535 * times);
        assert_int_equal(k->measures->sized, 2 * times);
        assert_true(k->measures->requested == 5 * times && k->measures->usable == 8 * times);
    }
    assert_int_equal(cci_trace_info(t)->measured_every, 64);
    assert_int_equal(cci_trace_info(t)->timer_ticks, 9);
    cci_trace_close(t);
    trace_builder_destroy(b);
}

static void measures_add_up(void **state)
{
    (void)state;
    for (int i = 0; i < LAYOUTS; i++)
        check_measures(&layouts[i]);
}

static void books_come_back_with_their_times(void **state)
{
    static const cci_books_t books = { CCI_BOOKS_JEMALLOC, 100, 50, CCI_BOOKS_UNKNOWN, 7, 0 };
    cci_event_t              e[EVENTS_MAX];

    (void)state;
    for (int i = 0; i < LAYOUTS; i++) {
        trace_builder_t *b = trace_builder_create(&layouts[i]);
        trace_builder_thread(b, 1, "one");
        trace_builder_books(b, 0, 500, &books);
        trace_builder_malloc(b, 0, 600, 0x5000, 1, 0);
        trace_builder_books(b, 0, 700, &books);
        trace_builder_end(b, 1000, 0);
        cci_trace_t *t = open_built(b);
        assert_int_equal(read_all(t, e), 1);
        assert_int_equal(cci_trace_books_count(t), 2);
        cci_books_reading_t last = cci_trace_books(t, 1);
        assert_int_equal(cci_trace_books(t, 0).time_ns, 500);
        assert_int_equal(last.time_ns, 700);
        assert_memory_equal(&last.books, &books, sizeof books);
        cci_trace_close(t);
        trace_builder_destroy(b);
    }
}

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

/* Two chunks with two events each; the second chunk's begin at 800 ns. */
static cci_trace_t *open_with_base_time(size_t chunk, uint64_t base_time, cci_event_t *e)
{
    static uint8_t   copy[16384];
    trace_builder_t *b = trace_builder_create(&(trace_builder_options_t){ .start_ticks = 1000000 });
    size_t           n;

    trace_builder_thread(b, 1, "");
    trace_builder_malloc(b, 0, 600, 0x5000, 1, 0);
    trace_builder_malloc(b, 0, 700, 0x5010, 1, 0);
    trace_builder_next_chunk(b, 0);
    trace_builder_malloc(b, 0, 800, 0x5020, 1, 0);
    trace_builder_malloc(b, 0, 1000, 0x5030, 1, 0);
    uint8_t *file = trace_builder_file(b, &n);
    put64(CHUNK_FIELD(b, file, chunk, base_time), base_time);
    assert_true(n <= sizeof copy);
    memcpy(copy, file, n);
    trace_builder_destroy(b);

    cci_trace_t *t = open_bytes(copy, n);
    assert_int_equal(read_all(t, e), 4);
    for (uint64_t i = 0; i < 4; i++)
        assert_true(e[i].ptr == 0x5000 + 16 * i);
    return t;
}

static void times_do_not_fall_within_a_thread_nor_below_zero(void **state)
{
    cci_event_t e[EVENTS_MAX];

    (void)state;
    cci_trace_close(open_with_base_time(0, 5, e)); /* long before the start */
    assert_true(e[0].time_ns == 0 && e[1].time_ns == 0 && e[2].time_ns == 800);
    cci_trace_close(open_with_base_time(1, 1000550, e)); /* before the chunk before ended */
    assert_true(e[0].time_ns == 600 && e[1].time_ns == 700);
    assert_true(e[2].time_ns == 700 && e[3].time_ns == 750);
    cci_trace_close(open_with_base_time(1, UINT64_MAX - 50, e)); /* at the end of time */
    assert_true(e[1].time_ns == 700 && e[2].time_ns > 700 && e[3].time_ns == e[2].time_ns);
}

/* The bytes that the specification shows: "OFFSET  BYTES  | words", between ```hex and ```. */
static size_t read_dump(const char *name, uint8_t *out, size_t room)
{
    FILE  *file = fopen(name, "r");
    char   line[256];
    bool   inside = false;
    size_t end    = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "```", 3) == 0) {
            inside = strncmp(line, "```hex", 6) == 0;
            continue;
        }
        char *p = line, *after;
        if (!inside || line[0] == '\n')
            continue;
        size_t at = strtoul(p, &p, 16);
        for (unsigned long byte = strtoul(p, &after, 16); after != p;
             byte               = strtoul(p, &after, 16)) {
            assert_true(at < room && byte < 256);
            out[at++] = (uint8_t)byte;
            p         = after;
        }
        assert_int_equal(strspn(p, " "), strcspn(p, "|")); /* all of it was read */
        end = at;
    }
    fclose(file);
    return end;
}

static void the_example_of_the_specification_is_what_it_says(void **state)
{
    static uint8_t bytes[8192];
    size_t         n = read_dump(CCMEM_SOURCE_DIR "/docs/formats/trace.md", bytes, sizeof bytes);
    cci_trace_t   *t = open_bytes(bytes, n);
    cci_event_t    e[EVENTS_MAX];
    const cci_rss_sample_t *rss;

    (void)state;
    assert_int_equal(read_all(t, e), 3);
    assert_int_equal(cci_trace_warning_count(t), 0);
    assert_true(e[0].op == CCI_OP_MALLOC && e[0].time_ns == 320 && e[0].size == 24);
    assert_true(e[1].op == CCI_OP_REALLOC && e[1].time_ns == 960 && e[1].size == 4096);
    assert_true(e[1].old_ptr == 0x5555555592a0 && e[1].ptr == 0x5555555592c0);
    assert_true(e[2].op == CCI_OP_FREE && e[2].time_ns == 640960 && e[2].ptr == e[1].ptr);
    assert_true(cci_trace_node(t, e[0].stack)->offset == 0x1180);
    assert_string_equal(cci_trace_meta(t, "exe", NULL), "/bin/demo");
    assert_string_equal(cci_trace_thread(t, 0)->name, "demo");
    assert_int_equal(cci_trace_rss(t, &rss), 1);
    assert_true(rss[0].time_ns == 320000 && rss[0].bytes == 3 << 20);
    assert_true(cci_trace_info(t)->end_ns == 2000000 && cci_trace_info(t)->wait_status == 0);
    cci_trace_close(t);
}

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
    trace_builder_t *b = three_chunks(&layouts[IN_PLACE]);
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
        cmocka_unit_test(measures_add_up),
        cmocka_unit_test(books_come_back_with_their_times),
        cmocka_unit_test(ticks_become_nanoseconds),
        cmocka_unit_test(a_rate_that_is_not_known_is_told),
        cmocka_unit_test(times_do_not_fall_within_a_thread_nor_below_zero),
        cmocka_unit_test(the_example_of_the_specification_is_what_it_says),
        cmocka_unit_test(a_file_reads_like_memory),
        cmocka_unit_test(a_file_that_shrinks_is_an_error),
        cmocka_unit_test(files_that_cannot_be_read_say_why),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
