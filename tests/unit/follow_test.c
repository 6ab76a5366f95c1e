/* SPDX-License-Identifier: MIT */
/* A trace that is followed, at its edges: measures that go on rising, events that come too late,
 * chunks that make no sense, and files that do. What follows in general is tests/property/follow_prop.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/scratch.h"
#include "support/trace_reading.h"
#include "trace/follow.h"

#define MS   UINT64_C(1000000)
#define PATH "follow.ccm"

/* ---- a collector ---- */

static trace_builder_t    *builder;
static cci_trace_t        *trace;
static uint8_t            *file; /* as the builder has it now */
static size_t              file_bytes;
static cci_trace_header_t *header;
static bool                live; /* chunks are looked at where they stand */

static void look(void)
{
    file   = trace_builder_file(builder, &file_bytes);
    header = (cci_trace_header_t *)file;
}

static void follow(const trace_builder_options_t *options)
{
    builder = trace_builder_create(options);
    trace_builder_thread(builder, 7, "one");
    look();
    if (live) {
        assert_int_equal(cci_trace_follow_live(&trace, header), CC_RESULT_OK);
        return;
    }
    int fd = open(PATH, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, file, header->header_bytes) == (ssize_t)header->header_bytes);
    close(fd);
    assert_int_equal(cci_trace_follow(&trace, header, PATH), CC_RESULT_OK);
}

static cci_chunk_header_t *chunk(size_t i)
{
    return (cci_chunk_header_t *)(file + trace_builder_chunk_offset(builder, i));
}

static cc_result_t give_bytes(const cci_chunk_header_t *h, const void *body, size_t used)
{
    if (live)
        return cci_trace_take_live(trace, h, body, used, false);
    uint8_t *copy = calloc(1, used + CCI_RECORD_MAX);
    assert_non_null(copy);
    memcpy(copy, body, used);
    return cci_trace_take_open(trace, h, copy, used);
}

/* Chunk i as it is now. */
static void give_open(size_t i)
{
    look();
    assert_int_equal(give_bytes(chunk(i), chunk(i) + 1, chunk(i)->used), CC_RESULT_OK);
}

static void give_whole(size_t i)
{
    assert_int_equal(
        cci_trace_take_live(trace, chunk(i), (uint8_t *)(chunk(i) + 1), chunk(i)->used, true),
        CC_RESULT_OK);
}

/* Chunks up to i are in the file, as looked at. */
static void write_up_to(size_t i)
{
    for (size_t k = 0; live && k <= i; k++)
        give_whole(k);
    if (live)
        return;
    size_t end = trace_builder_chunk_offset(builder, i) + sizeof(cci_chunk_header_t) +
                 ((chunk(i)->stored + 7) & ~UINT64_C(7));
    int fd = open(PATH, O_WRONLY);
    assert_true(fd >= 0 && pwrite(fd, file, end, 0) == (ssize_t)end);
    close(fd);
    assert_int_equal(cci_trace_take_stored(trace, end), CC_RESULT_OK);
}

static void store_up_to(size_t i)
{
    look();
    write_up_to(i);
}

static void advance(uint64_t ns)
{
    uint64_t start = header->start.ticks;
    assert_int_equal(cci_trace_advance(trace, (cci_clock_pair_t){ start + ns, start + ns }),
                     CC_RESULT_OK);
}

static cci_event_t next(void)
{
    cci_event_t e;
    assert_true(cci_trace_next(trace, &e));
    return e;
}

static void assert_no_more(void)
{
    cci_event_t e;
    assert_false(cci_trace_next(trace, &e));
    assert_int_equal(cci_trace_status(trace), CC_RESULT_OK);
}

static void read_rest(void)
{
    cci_event_t e;
    while (cci_trace_next(trace, &e)) {
    }
    assert_int_equal(cci_trace_status(trace), CC_RESULT_OK);
}

static int done(void **state)
{
    (void)state;
    cci_trace_close(trace);
    trace_builder_destroy(builder);
    unlink(PATH);
    return 0;
}

/* ---- tests ---- */

static const trace_builder_options_t monotonic = { .clock = CCI_CLOCK_MONOTONIC };

static void an_event_is_given_once_its_time_is_over(void **state)
{
    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 10 * MS, 0x5000, 8, 0);
    trace_builder_malloc(builder, 0, 12 * MS, 0x6000, 8, 0);
    give_open(0);
    advance(14 * MS);
    assert_no_more();
    advance(16 * MS);
    assert_int_equal(next().ptr, 0x5000);
    assert_no_more();
    assert_int_equal(cci_trace_given_ns(trace), 10 * MS);
    give_open(0); /* nothing is new in it */
    advance(18 * MS);
    assert_int_equal(next().ptr, 0x6000);
    store_up_to(0);
    advance(100 * MS);
    assert_no_more();
    assert_int_equal(cci_trace_info(trace)->events, 2);
    assert_int_equal(cci_trace_info(trace)->end_ns, 100 * MS);
    assert_int_equal(cci_trace_warning_count(trace), 0);
}

/* A thread that was off the processor for longer than is waited for. */
static void a_late_event_is_given_late(void **state)
{
    (void)state;
    follow(&monotonic);
    trace_builder_thread(builder, 8, "two");
    trace_builder_malloc(builder, 0, 50 * MS, 0x5000, 8, 0);
    give_open(0);
    advance(60 * MS);
    assert_int_equal(next().time_ns, 50 * MS);
    trace_builder_malloc(builder, 1, 10 * MS, 0x6000, 8, 0);
    trace_builder_malloc(builder, 1, 51 * MS, 0x7000, 8, 0);
    give_open(1);
    advance(61 * MS);
    cci_event_t e = next();
    assert_true(e.ptr == 0x6000 && e.time_ns == 50 * MS && e.thread == 1);
    assert_int_equal(next().time_ns, 51 * MS);
    assert_no_more();
    assert_int_equal(cci_trace_thread(trace, 1)->tid, 8);
    assert_string_equal(cci_trace_thread(trace, 1)->name, "two");
}

/* A chunk that is known whole has nothing to add, whether it is read or not. */
static void a_chunk_is_taken_once(void **state)
{
    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 10 * MS, 0x5000, 8, 0);
    store_up_to(0);
    give_open(0);
    advance(20 * MS);
    assert_int_equal(next().ptr, 0x5000);
    assert_no_more();
    give_open(0);
    advance(21 * MS);
    assert_no_more();
    trace_builder_next_chunk(builder, 0);
    trace_builder_malloc(builder, 0, 12 * MS, 0x6000, 8, 0);
    give_open(1);
    advance(22 * MS);
    assert_int_equal(next().ptr, 0x6000);
    assert_int_equal(cci_trace_warning_count(trace), 0);
}

static void time_does_not_go_back(void **state)
{
    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 10 * MS, 0x5000, 8, 0);
    give_open(0);
    advance(16 * MS);
    advance(12 * MS);
    assert_int_equal(next().ptr, 0x5000);
}

/* What is no chunk is passed over once, and said once. */
static void a_hole_in_the_file_is_passed_over(void **state)
{
    static const uint8_t zeros[256];

    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 10 * MS, 0x5000, 8, 0);
    look();
    size_t at = header->header_bytes, n = file_bytes - at;
    int    fd = open(PATH, O_WRONLY);
    assert_true(fd >= 0 && pwrite(fd, zeros, sizeof zeros, (off_t)at) == sizeof zeros);
    assert_int_equal(cci_trace_take_stored(trace, at + sizeof zeros), CC_RESULT_OK);
    assert_true(pwrite(fd, file + at, n, (off_t)(at + sizeof zeros)) == (ssize_t)n);
    close(fd);
    assert_int_equal(cci_trace_take_stored(trace, at + sizeof zeros + n), CC_RESULT_OK);
    advance(20 * MS);
    assert_int_equal(next().ptr, 0x5000);
    assert_int_equal(cci_trace_warning_count(trace), 1);
    assert_true(warned(trace, "no chunk at byte 4096"));
}

static size_t add_measures(void)
{
    _Alignas(8) uint8_t   bytes[sizeof(cci_trace_measured_t) + 64];
    cci_trace_measured_t *m;
    size_t                n = (size_t)(cci_put_measured(bytes, &m) - bytes);

    m->every = 64;
    trace_builder_bytes(builder, 0, bytes, n);
    look();
    return chunk(0)->used - sizeof *m; /* where they are counted in the body */
}

/* What a thread counts in a record that it wrote before. */
static void count(size_t at, unsigned bucket, unsigned calls, uint64_t ticks)
{
    cci_trace_measured_t m;
    uint8_t             *place = (uint8_t *)(chunk(0) + 1) + at;

    memcpy(&m, place, sizeof m);
    m.calls[CCI_MEASURED_ALLOC][bucket] = (uint16_t)(m.calls[CCI_MEASURED_ALLOC][bucket] + calls);
    m.ticks[CCI_MEASURED_ALLOC] += ticks;
    m.requested += calls;
    memcpy(place, &m, sizeof m);
}

static void assert_measured(uint64_t calls, uint64_t ticks)
{
    const cci_trace_measures_t *m = cci_trace_thread(trace, 0)->measures;

    assert_non_null(m);
    assert_int_equal(m->ticks[CCI_MEASURED_ALLOC].count, calls);
    assert_int_equal(m->ticks[CCI_MEASURED_ALLOC].sum, ticks);
    assert_int_equal(m->requested, calls);
}

/* The builder makes its file anew, without what was counted in the one before. */
static void give_counted(size_t at, unsigned calls, uint64_t ticks)
{
    look();
    count(at, 5, calls, ticks);
    assert_int_equal(give_bytes(chunk(0), chunk(0) + 1, chunk(0)->used), CC_RESULT_OK);
}

static void measures_go_on_rising(void **state)
{
    (void)state;
    follow(&monotonic);
    size_t first = add_measures();
    give_counted(first, 10, 100);
    advance(20 * MS);
    assert_no_more();
    assert_measured(10, 100);
    give_counted(first, 13, 140);
    advance(21 * MS);
    assert_measured(13, 140);
    trace_builder_malloc(builder, 0, 12 * MS, 0x5000, 8, 0);
    give_counted(first, 13, 140);
    advance(30 * MS);
    assert_measured(13, 140);
    assert_int_equal(next().ptr, 0x5000);
}

static void a_second_record_of_measures_leaves_the_first(void **state)
{
    (void)state;
    follow(&monotonic);
    size_t first = add_measures();
    give_counted(first, 10, 100);
    advance(20 * MS);
    size_t second = add_measures();
    count(first, 5, 11, 120); /* once more, before the second was begun */
    count(second, 5, 4, 7);
    assert_int_equal(give_bytes(chunk(0), chunk(0) + 1, chunk(0)->used), CC_RESULT_OK);
    advance(21 * MS);
    assert_measured(15, 127);
}

/* The next chunk has none, where the last one had its own. */
static void measures_end_with_their_chunk(void **state)
{
    (void)state;
    follow(&monotonic);
    size_t at = add_measures();
    give_counted(at, 10, 100);
    advance(20 * MS);
    trace_builder_next_chunk(builder, 0);
    for (uint64_t i = 0; i < 2000; i++)
        trace_builder_malloc(builder, 0, 10 * MS + i, 16 * i * i, i, 0);
    look();
    count(at, 5, 12, 130);
    write_up_to(0);
    assert_true(chunk(1)->used > chunk(0)->used);
    give_open(1);
    advance(21 * MS);
    read_rest();
    trace_builder_malloc(builder, 0, 11 * MS, 0x5000, 8, 0);
    give_open(1);
    advance(22 * MS);
    read_rest();
    assert_measured(12, 130);
}

static void chunks_that_make_no_sense_are_left_out(void **state)
{
    cci_chunk_header_t h;
    uint8_t            body[1024] = { 0 };

    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 1 * MS, 0x5000, 8, 0);
    look();
    h       = *chunk(0);
    h.magic = 1;
    assert_int_equal(give_bytes(&h, body, sizeof body), CC_RESULT_OK);
    h      = *chunk(0);
    h.kind = CCI_CHUNK_PROCESS;
    assert_int_equal(give_bytes(&h, body, sizeof body), CC_RESULT_OK);
    h            = *chunk(0);
    h.first_node = 0;
    assert_int_equal(give_bytes(&h, body, sizeof body), CC_RESULT_OK);
    assert_int_equal(give_bytes(chunk(0), body, 100), CC_RESULT_OK); /* less than the counters */
    advance(20 * MS);
    assert_no_more();
    assert_int_equal(cci_trace_thread_count(trace), 0);
    give_open(0);
    advance(21 * MS);
    assert_int_equal(next().ptr, 0x5000);
}

/* The rest of a damaged chunk is left out, also when it comes again; the next one is read. */
static void a_damaged_chunk_ends_where_it_is_damaged(void **state)
{
    static const uint8_t wrong = 7; /* no operation */

    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 1 * MS, 0x5000, 8, 0);
    trace_builder_bytes(builder, 0, &wrong, 1);
    give_open(0);
    advance(20 * MS);
    assert_int_equal(next().ptr, 0x5000);
    assert_no_more();
    assert_true(warned(trace, "chunk 0 is damaged"));
    assert_true(cci_trace_info(trace)->incomplete);
    trace_builder_malloc(builder, 0, 2 * MS, 0x6000, 8, 0);
    give_open(0);
    advance(21 * MS);
    assert_no_more();
    trace_builder_next_chunk(builder, 0);
    trace_builder_malloc(builder, 0, 3 * MS, 0x7000, 8, 0);
    store_up_to(0);
    give_open(1);
    advance(22 * MS);
    assert_int_equal(next().ptr, 0x7000);
    assert_no_more();
    trace_builder_malloc(builder, 0, 4 * MS, 0x8000, 8, 0);
    give_open(1);
    advance(23 * MS);
    assert_int_equal(next().ptr, 0x8000);
    assert_int_equal(cci_trace_warning_count(trace), 1);
}

/* A body that is shorter than it was. */
static void a_chunk_that_shrinks_is_damaged(void **state)
{
    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 1 * MS, 0x5000, 8, 0);
    give_open(0);
    advance(20 * MS);
    next();
    look();
    assert_int_equal(give_bytes(chunk(0), chunk(0) + 1, chunk(0)->used - 1), CC_RESULT_OK);
    advance(21 * MS);
    assert_no_more();
    assert_true(warned(trace, "damaged"));
}

static void counters_lost_events_and_names_are_the_latest(void **state)
{
    cci_trace_counters_t c = { .alloc_count = 3 };

    (void)state;
    follow(&(trace_builder_options_t){ .clock = CCI_CLOCK_MONOTONIC, .mode = CCI_MODE_COUNT });
    trace_builder_counters(builder, 0, &c);
    give_open(0);
    advance(10 * MS);
    assert_no_more();
    assert_int_equal(cci_trace_thread(trace, 0)->counters.alloc_count, 3);
    c.alloc_count = 8;
    trace_builder_counters(builder, 0, &c);
    look();
    chunk(0)->lost = 5;
    memcpy(chunk(0)->name, "renamed", 8);
    assert_int_equal(give_bytes(chunk(0), chunk(0) + 1, chunk(0)->used), CC_RESULT_OK);
    advance(11 * MS);
    assert_int_equal(cci_trace_thread(trace, 0)->counters.alloc_count, 8);
    assert_string_equal(cci_trace_thread(trace, 0)->name, "renamed");
    assert_int_equal(cci_trace_info(trace)->lost_events, 5);
}

static void the_resident_size_is_replaced(void **state)
{
    const cci_rss_sample_t samples[] = { { .time_ns = 3 * MS, .bytes = 30 },
                                         { .time_ns = 1 * MS, .bytes = 10 } },
                           *rss;

    (void)state;
    follow(&monotonic);
    assert_int_equal(cci_trace_take_rss(trace, samples, 1), CC_RESULT_OK);
    assert_int_equal(cci_trace_take_rss(trace, samples, 2), CC_RESULT_OK);
    assert_int_equal(cci_trace_rss(trace, &rss), 2);
    assert_true(rss[0].bytes == 10 && rss[1].bytes == 30 && rss[1].time_ns == 3 * MS);
}

/* The chunk is in the file as far as the collector says, but somebody cut it. */
static void a_file_that_was_cut_ends_it(void **state)
{
    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 1 * MS, 0x5000, 8, 0);
    look();
    assert_int_equal(cci_trace_take_stored(trace, file_bytes), CC_RESULT_IO);
    assert_int_equal(cci_trace_status(trace), CC_RESULT_IO);
    assert_int_equal(give_bytes(chunk(0), chunk(0) + 1, chunk(0)->used), CC_RESULT_IO);
    assert_int_equal(cci_trace_advance(trace, (cci_clock_pair_t){ 20 * MS, 20 * MS }),
                     CC_RESULT_IO);
}

static void files_that_cannot_be_followed(void **state)
{
    cci_trace_header_t h = { .header_bytes = 4096 };

    (void)state;
    builder = NULL;
    trace   = NULL;
    assert_int_equal(cci_trace_follow(&trace, &h, "none.ccm"), CC_RESULT_NOT_FOUND);
    assert_int_equal(cci_trace_follow(&trace, &h, "/dev/null"), CC_RESULT_IO);
    assert_null(trace);
}

/* Events that are all there need not be held back. */
static void nothing_is_held_back_that_is_exact(void **state)
{
    (void)state;
    follow(&monotonic);
    trace_builder_malloc(builder, 0, 10 * MS, 0x5000, 8, 0);
    trace_builder_malloc(builder, 0, 12 * MS, 0x6000, 8, 0);
    give_open(0);
    uint64_t now = header->start.ticks + 11 * MS;
    assert_int_equal(cci_trace_advance_exactly(trace, (cci_clock_pair_t){ now, now }),
                     CC_RESULT_OK);
    assert_int_equal(next().ptr, 0x5000);
    assert_no_more();
}

/* The rate of the clock becomes known better, and what was called 20 ms was 10. */
static void a_mark_is_not_undercut(void **state)
{
    const trace_builder_options_t counter = { .clock = CCI_CLOCK_TSC, .start_ticks = 1000 };
    (void)state;
    follow(&counter);
    const uint64_t start = header->start.ticks, mono = header->start.mono_ns;
    trace_builder_malloc(builder, 0, 5 * MS, 0x5000, 8, 0);
    give_open(0);
    assert_int_equal(
        cci_trace_advance_exactly(trace, (cci_clock_pair_t){ start + 10 * MS, mono + 20 * MS }),
        CC_RESULT_OK);
    assert_int_equal(next().ptr, 0x5000);
    uint64_t mark = cci_trace_mark_ns(trace);
    assert_in_range(mark, 20 * MS - 100, 20 * MS + 100);
    trace_builder_malloc(builder, 0, 11 * MS, 0x6000, 8, 0);
    give_open(0);
    assert_int_equal(
        cci_trace_advance_exactly(trace, (cci_clock_pair_t){ start + 30 * MS, mono + 30 * MS }),
        CC_RESULT_OK);
    assert_true(next().time_ns >= mark);
}

static int run(bool in_memory)
{
    const struct CMUnitTest either[] = {
        cmocka_unit_test_teardown(an_event_is_given_once_its_time_is_over, done),
        cmocka_unit_test_teardown(nothing_is_held_back_that_is_exact, done),
        cmocka_unit_test_teardown(a_mark_is_not_undercut, done),
        cmocka_unit_test_teardown(a_late_event_is_given_late, done),
        cmocka_unit_test_teardown(a_chunk_is_taken_once, done),
        cmocka_unit_test_teardown(time_does_not_go_back, done),
        cmocka_unit_test_teardown(measures_go_on_rising, done),
        cmocka_unit_test_teardown(measures_end_with_their_chunk, done),
        cmocka_unit_test_teardown(a_second_record_of_measures_leaves_the_first, done),
        cmocka_unit_test_teardown(chunks_that_make_no_sense_are_left_out, done),
        cmocka_unit_test_teardown(counters_lost_events_and_names_are_the_latest, done),
    };
    live = in_memory;
    return cmocka_run_group_tests(either, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_hole_in_the_file_is_passed_over, done),
        cmocka_unit_test_teardown(a_damaged_chunk_ends_where_it_is_damaged, done),
        cmocka_unit_test_teardown(a_chunk_that_shrinks_is_damaged, done),
        cmocka_unit_test_teardown(the_resident_size_is_replaced, done),
        cmocka_unit_test_teardown(a_file_that_was_cut_ends_it, done),
        cmocka_unit_test(files_that_cannot_be_followed),
    };
    scratch_enter();
    int failed = run(false) + run(true);
    live       = false;
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
