/* SPDX-License-Identifier: MIT */
/* What is told to the recorder is in the trace, in each mode: operations, order, sizes, stacks,
 * counters, losses; errno stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "support/recording.h"

static chain_t     chain;
static cci_frame_t caller;

static void *at(uintptr_t n)
{
    return (void *)(0x5000000 + 16 * n);
}

static void start(void)
{
    const uintptr_t callers[] = { chain_pc(2), chain_pc(3) };

    caller = chain_make(&chain, chain_pc(1), callers, 2);
    if (cci_thread_self()->stacks)
        chain_adopt(&chain);
}

static void record(cci_op_t op, uintptr_t n, size_t size, unsigned align_log2)
{
    cci_record_alloc(op, at(n), size, align_log2, &caller);
}

static void resize(uintptr_t old, uintptr_t n, size_t size, bool fails, bool frees)
{
    bool was_sample = cci_record_realloc_begin(at(old));
    cci_record_realloc_end(at(old), was_sample, fails ? NULL : at(n), size, frees, &caller);
}

/* ---- full ---- */

static void all_operations(void)
{
    start();
    record(CCI_OP_MALLOC, 1, 100, 0);
    record(CCI_OP_CALLOC, 2, 0, 0);
    record(CCI_OP_ALIGNED, 3, SIZE_MAX / 2, 12);
    resize(1, 4, 200, false, false);
    resize(4, 4, 300, false, false);
    resize(4, 0, SIZE_MAX, true, false);
    resize(4, 0, 0, true, true);
    cci_record_free(at(2));
    cci_record_free(at(3));
}

static void check_event(cci_trace_t *t, cci_op_t op, uintptr_t ptr, uintptr_t old, uint64_t size)
{
    cci_event_t e;

    assert_true(cci_trace_next(t, &e));
    assert_int_equal(e.op, op);
    assert_ptr_equal((void *)e.ptr, at(ptr));
    assert_true(e.old_ptr == (old ? (uintptr_t)at(old) : 0));
    assert_true(e.size == size);
    assert_int_equal(e.align_log2, op == CCI_OP_ALIGNED ? 12 : 0);
    if (op == CCI_OP_FREE)
        return;
    for (unsigned i = 1; i <= 3; i++) {
        const cci_stack_node_t *n = cci_trace_node(t, e.stack);
        assert_true(n->module == 0 && n->offset == chain_pc(i));
        e.stack = n->parent;
    }
    assert_int_equal(e.stack, 0);
}

static void test_full(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("full", "1", all_operations), 0);
    cci_trace_t *t = open_recording();
    cci_event_t  e;

    check_event(t, CCI_OP_MALLOC, 1, 0, 100);
    check_event(t, CCI_OP_CALLOC, 2, 0, 0);
    check_event(t, CCI_OP_ALIGNED, 3, 0, SIZE_MAX / 2);
    check_event(t, CCI_OP_REALLOC, 4, 1, 200);
    check_event(t, CCI_OP_REALLOC, 4, 4, 300);
    check_event(t, CCI_OP_FREE, 4, 0, 0);
    check_event(t, CCI_OP_FREE, 2, 0, 0);
    check_event(t, CCI_OP_FREE, 3, 0, 0);
    assert_false(cci_trace_next(t, &e));
    assert_int_equal(cci_trace_info(t)->lost_events, 0);
    assert_int_equal(cci_trace_thread(t, 0)->counters.alloc_count, 0);
    cci_trace_close(t);
}

/* Every event has a stack that was not there before, so chunks end before nodes, between a node and
 * its event, and before events. The ptr says which stack it must be. */
enum { NEW_STACKS = 60000 };

static void new_stacks(void)
{
    start();
    for (unsigned i = 0; i < NEW_STACKS; i++) {
        const uintptr_t callers[] = { chain_pc(10 + i), chain_pc(3) };
        caller                    = chain_make(&chain, chain_pc(1), callers, 2);
        record(CCI_OP_MALLOC, i, 8, 0);
    }
}

static void test_no_node_is_lost_between_chunks(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("full", "1", new_stacks), 0);
    cci_trace_t *t = open_recording();
    cci_event_t  e;
    unsigned     n = 0;

    for (; cci_trace_next(t, &e); n++) {
        uint32_t outer = cci_trace_node(t, e.stack)->parent;
        assert_ptr_equal((void *)e.ptr, at(n));
        assert_true(cci_trace_node(t, outer)->offset == chain_pc(10 + n));
    }
    assert_int_equal(n, NEW_STACKS);
    /* A file without a collector does not say how the process ended. */
    assert_string_equal(cci_trace_warning(t, 0), "the end of the process was not recorded");
    assert_int_equal(cci_trace_warning_count(t), 1);
    assert_true(cci_trace_info(t)->file_bytes > 4 * CCI_CHUNK_BYTES);
    cci_trace_close(t);
}

/* ---- count ---- */

static void counting(void)
{
    start();
    for (unsigned i = 0; i < 1000; i++)
        record(CCI_OP_MALLOC, i, i, 0);
    for (unsigned i = 0; i < 400; i++)
        cci_record_free(at(i));
    resize(500, 1500, 5000, false, false);
    resize(501, 0, 0, true, true);
    resize(502, 0, SIZE_MAX, true, false);
}

static void check_counters(const cci_trace_counters_t *c)
{
    assert_int_equal(c->alloc_count, 1001);
    assert_int_equal(c->free_count, 402);
    assert_int_equal(c->alloc_bytes, 999 * 1000 / 2 + 5000);
    assert_int_equal(c->sizes[0], 1);
    assert_int_equal(c->sizes[1], 8);
    assert_int_equal(c->sizes[2], 8);
    assert_int_equal(c->sizes[cci_size_bucket(5000)], 1);
}

static void test_count(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("count", "1", counting), 0);
    cci_trace_t *t = open_recording();
    cci_event_t  e;

    assert_false(cci_trace_next(t, &e));
    check_counters(&cci_trace_thread(t, 0)->counters);
    cci_trace_close(t);
}

/* ---- sample ---- */

static void test_sample_counts_all(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("sample", "1000000000000", counting), 0);
    cci_trace_t *t = open_recording();
    cci_event_t  e;

    assert_false(cci_trace_next(t, &e));
    check_counters(&cci_trace_thread(t, 0)->counters);
    cci_trace_close(t);
}

/* With a mean of one byte, a block of 1000 is always a sample and one of none never. */
static void sampling(void)
{
    start();
    record(CCI_OP_MALLOC, 1, 1000, 0);
    record(CCI_OP_MALLOC, 2, 0, 0);
    record(CCI_OP_MALLOC, 3, SIZE_MAX / 2, 0);
    cci_record_free(at(2));
    resize(1, 0, 2000, true, false);
    resize(1, 4, 2000, false, false);
    resize(2, 5, 0, false, false);
    cci_record_free(at(4));
    cci_record_free(at(3));
    cci_record_free(at(4));
}

static void test_sample(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("sample", "1", sampling), 0);
    cci_trace_t *t = open_recording();
    cci_event_t  e;

    check_event(t, CCI_OP_MALLOC, 1, 0, 1000);
    check_event(t, CCI_OP_MALLOC, 3, 0, SIZE_MAX / 2);
    check_event(t, CCI_OP_FREE, 1, 0, 0);
    check_event(t, CCI_OP_MALLOC, 4, 0, 2000);
    check_event(t, CCI_OP_FREE, 4, 0, 0);
    check_event(t, CCI_OP_FREE, 3, 0, 0);
    assert_false(cci_trace_next(t, &e));
    assert_int_equal(cci_trace_thread(t, 0)->counters.alloc_count, 5);
    assert_int_equal(cci_trace_thread(t, 0)->counters.free_count, 6);
    cci_trace_close(t);
}

/* The counters go from chunk to chunk. */
static void sampling_much(void)
{
    start();
    for (unsigned i = 0; i < NEW_STACKS; i++)
        record(CCI_OP_MALLOC, i, 1000, 0);
}

static void test_counters_over_chunks(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("sample", "1", sampling_much), 0);
    cci_trace_t *t = open_recording();
    cci_event_t  e;
    unsigned     n = 0;

    while (cci_trace_next(t, &e))
        n++;
    assert_int_equal(n + cci_trace_info(t)->lost_events, NEW_STACKS); /* a place may be full */
    assert_int_equal(cci_trace_thread(t, 0)->counters.alloc_count, NEW_STACKS);
    assert_int_equal(cci_trace_thread(t, 0)->counters.alloc_bytes, NEW_STACKS * 1000);
    assert_true(cci_trace_info(t)->file_bytes > 2 * CCI_CHUNK_BYTES);
    cci_trace_close(t);
}

/* ---- all modes ---- */

/* A handler that comes in the middle of a record. */
static void interrupted(void)
{
    start();
    cci_thread_t *t = cci_thread_self();
    t->busy         = 1;
    for (unsigned i = 0; i < 5; i++)
        record(CCI_OP_MALLOC, i, 8, 0);
    t->busy = 0;
    cci_thread_next_chunk(t, 0);
    record(CCI_OP_MALLOC, 9, 8, 0);
}

static void test_what_is_lost_is_counted(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("full", "1", interrupted), 0);
    cci_trace_t *t = open_recording();
    cci_event_t  e;

    check_event(t, CCI_OP_MALLOC, 9, 0, 8);
    assert_false(cci_trace_next(t, &e));
    assert_int_equal(cci_trace_info(t)->lost_events, 5);
    cci_trace_close(t);
}

/* Chunks, modules, the tree, and memory that cannot be read: all that asks the system. */
static void keep_errno(void)
{
    static chain_t elsewhere;

    errno = EXDEV;
    start();
    new_stacks();
    caller.sp = (uintptr_t)&elsewhere;
    record(CCI_OP_MALLOC, 1, 8, 0);
    caller.pc = (uintptr_t)keep_errno + 1;
    record(CCI_OP_MALLOC, 2, 8, 0);
    if (errno != EXDEV)
        _exit(1);
}

static void test_errno_stays(void **state)
{
    (void)state;
    assert_int_equal(record_in_child("full", "1", keep_errno), 0);
    assert_int_equal(record_in_child("sample", "1", keep_errno), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_no_node_is_lost_between_chunks),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_sample_counts_all),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_counters_over_chunks),
        cmocka_unit_test(test_what_is_lost_is_counted),
        cmocka_unit_test(test_errno_stays),
    };
    scratch_enter();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
