/* SPDX-License-Identifier: MIT */
/* The contract of ccmem/ring.h in one thread: what fits, what does not, what is left unchanged. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include <ccmem/ring.h>

enum { SMALL = 64, LARGE = 4096 };

static _Alignas(64) unsigned char bytes[LARGE];

static const char text[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-+";

static void init_over(cc_ring_t *ring, size_t capacity, unsigned flags)
{
    assert_int_equal(cc_ring_init_over(ring, bytes, capacity, flags), CC_RESULT_OK);
}

static void init_mirrored(cc_ring_t *ring)
{
    assert_int_equal(cc_ring_init(ring, cc_allocator_system(), 1, CC_RING_MIRRORED),
                     CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init(ring, cc_allocator_system(), LARGE, CC_RING_MIRRORED),
                     CC_RESULT_OK);
    assert_true(cc_ring_stats(ring).is_mirrored);
}

/* ---- making ---- */

static void test_what_cannot_be_made(void **state)
{
    static const size_t wrong[] = { 0, 1, 8, 15, PTRDIFF_MAX, SIZE_MAX, SIZE_MAX / 2 + 1 };
    cc_ring_t           ring;
    cc_allocator_t      system = cc_allocator_system();

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(cc_ring_init(&ring, system, wrong[i], 0), CC_RESULT_INVALID);
        assert_int_equal(cc_ring_init_over(&ring, bytes, wrong[i], 0), CC_RESULT_INVALID);
    }
    assert_int_equal(cc_ring_init(&ring, system, PTRDIFF_MAX / 4, 0), CC_RESULT_NO_MEMORY);
    assert_int_equal(cc_ring_init(&ring, system, PTRDIFF_MAX / 4, CC_RING_MIRRORED),
                     CC_RESULT_NO_MEMORY);
    assert_int_equal(cc_ring_init(&ring, system, SMALL, 8), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_over(&ring, bytes, 24, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_over(&ring, bytes + 4, 64, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_over(&ring, NULL, 64, 0), CC_RESULT_INVALID);
    assert_int_equal(cc_ring_init_over(&ring, bytes, 64, CC_RING_MIRRORED), CC_RESULT_INVALID);
}

static void test_capacity_is_rounded_up(void **state)
{
    static const size_t asked[] = { 16, 17, 64, 65, 4096, 4097 },
                        got[]   = { 16, 32, 64, 128, 4096, 8192 };
    cc_ring_t ring;

    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        assert_int_equal(cc_ring_init(&ring, cc_allocator_system(), asked[i], 0), CC_RESULT_OK);
        assert_int_equal(cc_ring_stats(&ring).capacity, got[i]);
        cc_ring_fini(&ring);
    }
}

/* No descriptor left: no file to map twice. */
static void test_falls_back_where_the_system_refuses(void **state)
{
    struct rlimit before;
    cc_ring_t     ring;
    int           file;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, before.rlim_max });
    cc_result_t plain = cc_ring_init(&ring, cc_allocator_system(), LARGE, CC_RING_MIRRORED);
    cc_result_t other = cc_ring_init_file(&ring, LARGE, 0, &file);
    setrlimit(RLIMIT_NOFILE, &before);

    assert_int_equal(plain, CC_RESULT_OK);
    assert_false(cc_ring_stats(&ring).is_mirrored);
    assert_int_equal(other, CC_RESULT_UNSUPPORTED);
    assert_true(cc_ring_try_write(&ring, text, 10));
    cc_ring_fini(&ring);
}

/* ---- bytes ---- */

static void test_full_is_not_empty(void **state)
{
    cc_ring_t ring;
    char      out[SMALL];

    (void)state;
    init_over(&ring, SMALL, 0);
    for (int shift = 0; shift < 2 * SMALL; shift++) {
        assert_int_equal(cc_ring_stats(&ring).used, 0);
        assert_false(cc_ring_try_read(&ring, out, 1));
        assert_true(cc_ring_try_write(&ring, text, SMALL));
        assert_int_equal(cc_ring_stats(&ring).used, SMALL);
        assert_false(cc_ring_try_write(&ring, text, 1));
        assert_int_equal(cc_ring_write(&ring, text, 1), 0);
        assert_true(cc_ring_try_read(&ring, out, SMALL));
        assert_memory_equal(out, text, SMALL);
        assert_true(cc_ring_try_write(&ring, text, 1));
        assert_true(cc_ring_try_advance(&ring, 1));
    }
    assert_int_equal(cc_ring_stats(&ring).wraps, 2 * (SMALL + 1));
    assert_int_equal(cc_ring_stats(&ring).refused, 4 * SMALL);
    cc_ring_fini(&ring);
}

static void test_partly(void **state)
{
    cc_ring_t ring;
    char      out[SMALL] = "";

    (void)state;
    init_over(&ring, 16, 0);
    assert_int_equal(cc_ring_write(&ring, text, 10), 10);
    assert_int_equal(cc_ring_write(&ring, text + 10, 10), 6);
    assert_int_equal(cc_ring_peek(&ring, out, 5), 5);
    assert_memory_equal(out, "01234", 6);
    assert_int_equal(cc_ring_read(&ring, out, 3), 3);
    assert_int_equal(cc_ring_write(&ring, "xyzzy", 5), 3);
    assert_int_equal(cc_ring_peek(&ring, out, sizeof out), 16);
    assert_memory_equal(out, "3456789abcdefxyz", 16);
    assert_false(cc_ring_try_advance(&ring, 17));
    assert_true(cc_ring_try_advance(&ring, 13));
    assert_int_equal(cc_ring_read(&ring, out, sizeof out), 3);
    assert_memory_equal(out, "xyz", 3);
    cc_ring_fini(&ring);
}

static void test_nothing_and_too_much(void **state)
{
    volatile size_t huge = SIZE_MAX; /* the compiler would refuse to copy as much */
    cc_ring_t       ring;
    char            out[1];

    (void)state;
    init_over(&ring, SMALL, 0);
    assert_true(cc_ring_try_write(&ring, NULL, 0));
    assert_true(cc_ring_try_read(&ring, NULL, 0));
    assert_true(cc_ring_try_advance(&ring, 0));
    assert_int_equal(cc_ring_peek(&ring, NULL, 0), 0);
    assert_false(cc_ring_try_write(&ring, text, SMALL + 1));
    assert_false(cc_ring_try_write(&ring, text, huge));
    assert_false(cc_ring_try_read(&ring, out, huge));
    assert_false(cc_ring_try_advance(&ring, huge));
    assert_int_equal(cc_ring_stats(&ring).used, 0);
    assert_int_equal(cc_ring_stats(&ring).written, 0);
    cc_ring_fini(&ring);
}

static void test_reset_drops_all(void **state)
{
    cc_ring_t ring;

    (void)state;
    init_over(&ring, SMALL, 0);
    assert_true(cc_ring_try_write(&ring, text, 40));
    cc_ring_reset(&ring);
    assert_int_equal(cc_ring_stats(&ring).used, 0);
    assert_true(cc_ring_try_write(&ring, text, SMALL));
    cc_ring_fini(&ring);
}

static void test_in_place(void **state)
{
    cc_ring_t ring;
    size_t    n = 99;

    (void)state;
    init_over(&ring, SMALL, 0);
    assert_null(cc_ring_view(&ring, &n));
    assert_int_equal(n, 0);
    assert_true(cc_ring_try_write(&ring, text, 40));
    assert_true(cc_ring_try_advance(&ring, 30));
    char *room = cc_ring_reserve(&ring, &n); /* up to the end */
    assert_int_equal(n, 24);
    memcpy(room, "abc", 3);
    cc_ring_commit(&ring, 2);
    cc_ring_commit(&ring, 1);
    assert_memory_equal(cc_ring_view(&ring, &n), "uvwxyzABCDabc", 13);
    assert_int_equal(n, 13);
    cc_ring_consume(&ring, 13);
    assert_null(cc_ring_view(&ring, &n));
    assert_true(cc_ring_try_write(&ring, text, SMALL));
    assert_null(cc_ring_reserve(&ring, &n));
    assert_int_equal(n, 0);
    cc_ring_fini(&ring);
}

static void test_mirrored_is_in_one_piece(void **state)
{
    static char data[LARGE];
    cc_ring_t   ring;
    size_t      n;

    (void)state;
    init_mirrored(&ring);
    for (size_t i = 0; i < LARGE; i++)
        data[i] = (char)(i * 7 + i / 256);
    for (size_t shift = 0; shift < LARGE; shift += 509) {
        void *room = cc_ring_reserve(&ring, &n);
        assert_int_equal(n, LARGE);
        memcpy(room, data, LARGE);
        cc_ring_commit(&ring, LARGE);
        assert_memory_equal(cc_ring_view(&ring, &n), data, LARGE);
        assert_int_equal(n, LARGE);
        cc_ring_consume(&ring, LARGE);
        assert_true(cc_ring_try_write(&ring, data, 509));
        assert_true(cc_ring_try_advance(&ring, 509));
    }
    cc_ring_fini(&ring);
}

/* Whatever comes after a read that took all there was finds nothing, and then what is new. */
static void test_after_all_was_read(void **state)
{
    cc_ring_t ring;
    char      out[SMALL];
    size_t    n;

    (void)state;
    init_over(&ring, SMALL, 0);
    for (int i = 0; i < 2 * SMALL; i++) {
        assert_true(cc_ring_try_write(&ring, text, 5));
        assert_true(cc_ring_try_read(&ring, out, 5));
        switch (i % 6) {
        case 0:
            assert_int_equal(cc_ring_peek(&ring, out, SMALL), 0);
            break;
        case 1:
            assert_int_equal(cc_ring_read(&ring, out, SMALL), 0);
            break;
        case 2:
            assert_null(cc_ring_view(&ring, &n));
            break;
        case 3:
            assert_false(cc_ring_try_advance(&ring, 1));
            break;
        case 4:
            cc_ring_consume(&ring, 0);
            break;
        default:
            cc_ring_reset(&ring);
        }
        assert_false(cc_ring_try_read(&ring, out, 1));
        assert_true(cc_ring_try_write(&ring, text, SMALL));
        assert_int_equal(cc_ring_read(&ring, out, SMALL), SMALL);
        assert_memory_equal(out, text, SMALL);
    }
    assert_false(cc_ring_stats(&ring).damaged);
    cc_ring_fini(&ring);
}

/* ---- records ---- */

static void expect_record(cc_ring_t *ring, const char *data, size_t size)
{
    char   out[LARGE];
    size_t n = 99;

    assert_int_equal(cc_ring_read_record(ring, out, sizeof out, &n), CC_RESULT_OK);
    assert_int_equal(n, size);
    assert_memory_equal(out, data, size);
}

static void test_records(void **state)
{
    cc_ring_t ring;
    size_t    n = 99;
    char      out[4];

    (void)state;
    init_over(&ring, SMALL, 0);
    assert_int_equal(cc_ring_read_record(&ring, out, sizeof out, &n), CC_RESULT_NOT_FOUND);
    assert_null(cc_ring_view_record(&ring, &n));
    assert_int_equal(n, 99);
    assert_true(cc_ring_try_write_record(&ring, "hello", 5));
    assert_true(cc_ring_try_write_record(&ring, NULL, 0));
    assert_true(cc_ring_try_write_record(&ring, text, 9));
    assert_int_equal(cc_ring_stats(&ring).used, 16 + 8 + 24);
    assert_int_equal(cc_ring_read_record(&ring, out, sizeof out, &n), CC_RESULT_FULL);
    assert_int_equal(n, 99);
    expect_record(&ring, "hello", 5);
    expect_record(&ring, "", 0);
    assert_memory_equal(cc_ring_view_record(&ring, &n), text, 9);
    assert_int_equal(n, 9);
    cc_ring_consume_record(&ring);
    assert_null(cc_ring_view_record(&ring, &n));
    cc_ring_fini(&ring);
}

static void test_a_record_is_in_one_piece(void **state)
{
    cc_ring_t ring;
    size_t    n;

    (void)state;
    init_over(&ring, SMALL, 0);
    assert_int_equal(cc_ring_record_max(&ring), 24);
    assert_int_equal(cc_ring_record_room(&ring, 25), SIZE_MAX);
    for (int i = 0; i < 3; i++)
        assert_true(cc_ring_try_write_record(&ring, text + i, 8));
    expect_record(&ring, text, 8); /* now 16 bytes are free at the end, and 16 at the start */
    assert_int_equal(cc_ring_record_room(&ring, 8), 16);
    assert_int_equal(cc_ring_record_room(&ring, 16), 16 + 24);
    assert_false(cc_ring_try_write_record(&ring, text, 16));
    expect_record(&ring, text + 1, 8);
    assert_true(cc_ring_try_write_record(&ring, text + 5, 16));
    expect_record(&ring, text + 2, 8);
    const unsigned char *record = cc_ring_view_record(&ring, &n);
    assert_ptr_equal(record, bytes + 8);
    assert_memory_equal(record, text + 5, 16);
    assert_int_equal(cc_ring_stats(&ring).used, 24); /* what was left over is passed */
    cc_ring_consume_record(&ring);
    assert_int_equal(cc_ring_stats(&ring).used, 0);
    assert_false(cc_ring_stats(&ring).damaged);
    cc_ring_fini(&ring);
}

/* A header without its bytes. */
static void test_what_is_no_record(void **state)
{
    static const uint64_t sizes[] = { 1, 8, 24, 25, UINT64_MAX, UINT64_MAX - 7 };
    cc_ring_t             ring;
    char                  out[SMALL];
    size_t                n = 99;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        init_over(&ring, SMALL, 0);
        assert_true(cc_ring_try_write(&ring, &sizes[i], 8));
        assert_int_equal(cc_ring_read_record(&ring, out, SIZE_MAX / 2, &n), CC_RESULT_DAMAGED);
        assert_null(cc_ring_view_record(&ring, &n));
        assert_int_equal(n, 99);
        assert_true(cc_ring_stats(&ring).damaged);
        cc_ring_fini(&ring);
    }
}

/* Wherever it begins, the largest one fits into an empty ring. */
static void test_the_largest_record(void **state)
{
    cc_ring_t mirrored, plain;

    (void)state;
    init_mirrored(&mirrored);
    init_over(&plain, SMALL, 0);
    assert_int_equal(cc_ring_record_max(&mirrored), LARGE - 8);
    for (int i = 0; i < 20; i++) {
        assert_true(cc_ring_try_write_record(&plain, text, 24));
        expect_record(&plain, text, 24);
        assert_true(cc_ring_try_write_record(&plain, text, 1));
        expect_record(&plain, text, 1);
        void *place = cc_ring_try_reserve_record(&mirrored, LARGE - 8);
        assert_non_null(place);
        memset(place, i, LARGE - 8);
        cc_ring_commit_record(&mirrored, LARGE - 8 - (size_t)i);
        cc_ring_reset(&mirrored);
    }
    assert_null(cc_ring_try_reserve_record(&mirrored, LARGE - 7));
    assert_null(cc_ring_try_reserve_record(&mirrored, SIZE_MAX));
    assert_null(cc_ring_try_reserve_record(&plain, SIZE_MAX - 7));
    assert_false(cc_ring_try_write_record(&plain, text, 25));
    for (volatile size_t huge = SIZE_MAX; huge > SIZE_MAX - 9; huge--)
        assert_false(cc_ring_try_write_record(&plain, text, huge));
    cc_ring_fini(&plain);
    cc_ring_fini(&mirrored);
}

static void test_records_can_be_cut_and_given_up(void **state)
{
    cc_ring_t ring;

    (void)state;
    init_over(&ring, SMALL, 0);
    char *place = cc_ring_try_reserve_record(&ring, 20);
    memcpy(place, "abc", 3);
    cc_ring_commit_record(&ring, 3);
    assert_non_null(cc_ring_try_reserve_record(&ring, 20)); /* never committed */
    assert_true(cc_ring_try_write_record(&ring, "next", 4));
    expect_record(&ring, "abc", 3);
    expect_record(&ring, "next", 4);
    cc_ring_fini(&ring);
}

/* ---- overwriting ---- */

static void test_the_oldest_bytes_give_way(void **state)
{
    cc_ring_t ring;
    char      out[SMALL];

    (void)state;
    init_over(&ring, 16, CC_RING_OVERWRITE);
    assert_true(cc_ring_try_write(&ring, text, 10));
    assert_true(cc_ring_try_write(&ring, text + 10, 10));
    assert_int_equal(cc_ring_peek(&ring, out, sizeof out), 16);
    assert_memory_equal(out, text + 4, 16);
    assert_true(cc_ring_try_read(&ring, out, 3));
    assert_memory_equal(out, text + 4, 3);
    assert_true(cc_ring_try_advance(&ring, 2));
    assert_false(cc_ring_try_advance(&ring, 12));
    assert_int_equal(cc_ring_stats(&ring).lost, 4);
    assert_int_equal(cc_ring_stats(&ring).used, 11);
    assert_false(cc_ring_try_write(&ring, text, 17));
    assert_int_equal(cc_ring_write(&ring, text, 17), 16);
    assert_int_equal(cc_ring_read(&ring, out, sizeof out), 16);
    assert_memory_equal(out, text, 16);
    assert_int_equal(cc_ring_stats(&ring).lost, 4 + 11);
    assert_true(cc_ring_try_write(&ring, text, 5));
    cc_ring_reset(&ring);
    assert_int_equal(cc_ring_read(&ring, out, sizeof out), 0);
    cc_ring_fini(&ring);
}

static void test_the_oldest_records_give_way(void **state)
{
    volatile size_t huge = SIZE_MAX;
    cc_ring_t       ring;
    size_t          n = 99;
    char            out[4];

    (void)state;
    init_over(&ring, SMALL, CC_RING_OVERWRITE);
    assert_int_equal(cc_ring_record_max(&ring), SMALL - 8);
    assert_int_equal(cc_ring_read_record(&ring, out, sizeof out, &n), CC_RESULT_NOT_FOUND);
    assert_true(cc_ring_try_write_record(&ring, text, 10));
    assert_true(cc_ring_try_write_record(&ring, text + 1, 11));
    assert_true(cc_ring_try_write_record(&ring, text + 2, 16)); /* 72: the first gives way */
    assert_int_equal(cc_ring_stats(&ring).used, 48);
    assert_int_equal(cc_ring_read_record(&ring, out, sizeof out, &n), CC_RESULT_FULL);
    assert_int_equal(n, 99);
    expect_record(&ring, text + 1, 11);
    expect_record(&ring, text + 2, 16);
    assert_int_equal(cc_ring_stats(&ring).lost, 24);
    assert_true(cc_ring_try_write_record(&ring, text, 3));
    assert_true(cc_ring_try_write_record(&ring, text, SMALL - 8)); /* all others give way */
    assert_false(cc_ring_try_write_record(&ring, text, SMALL - 7));
    assert_false(cc_ring_try_write_record(&ring, text, huge));
    expect_record(&ring, text, SMALL - 8);
    assert_int_equal(cc_ring_stats(&ring).lost, 24 + 16);
    assert_false(cc_ring_stats(&ring).damaged);
    cc_ring_fini(&ring);
}

/* The reader copies to a page that is not there; while it is being made, the writer overtakes. */
static cc_ring_t      overtaken;
static unsigned char *late_page;

static void overtake(int signal)
{
    (void)signal;
    mprotect(late_page, LARGE, PROT_READ | PROT_WRITE);
    for (int i = 0; i < 3; i++)
        (void)!cc_ring_try_write_record(&overtaken, text + i, 24);
}

static void test_a_copy_that_was_overtaken_is_made_again(void **state)
{
    struct sigaction before, during = { .sa_handler = overtake };
    unsigned char   *pages =
        mmap(NULL, 2 * LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t n = 0;

    (void)state;
    init_over(&overtaken, SMALL, CC_RING_OVERWRITE);
    assert_true(cc_ring_try_write_record(&overtaken, text + 9, 24));
    late_page = pages + LARGE;
    assert_int_equal(mprotect(late_page, LARGE, PROT_NONE), 0);
    sigaction(SIGSEGV, &during, &before);
    unsigned char *out = late_page - 8;
    assert_int_equal(cc_ring_read_record(&overtaken, out, 24, &n), CC_RESULT_OK);
    sigaction(SIGSEGV, &before, NULL);
    assert_int_equal(n, 24);
    assert_memory_equal(out, text + 1, 24);
    assert_int_equal(cc_ring_stats(&overtaken).lost, 64);
    expect_record(&overtaken, text + 2, 24);
    munmap(pages, 2 * LARGE);
    cc_ring_fini(&overtaken);
}

/* ---- waiting ---- */

static void test_waiting_ends(void **state)
{
    cc_ring_t ring;

    (void)state;
    init_over(&ring, SMALL, CC_RING_WAITS);
    assert_false(cc_ring_wait_used(&ring, 1, 0));
    assert_false(cc_ring_wait_used(&ring, 1, 5));
    assert_true(cc_ring_wait_room(&ring, SMALL, CC_RING_FOREVER));
    assert_true(cc_ring_try_write(&ring, text, 1));
    assert_true(cc_ring_wait_used(&ring, 1, CC_RING_FOREVER));
    assert_false(cc_ring_wait_room(&ring, SMALL, 5));
    assert_false(cc_ring_wait_room(&ring, SMALL + 1, CC_RING_FOREVER));
    assert_false(cc_ring_wait_used(&ring, SIZE_MAX, CC_RING_FOREVER));
    cc_ring_fini(&ring);
}

static long ms_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

static void test_waiting_is_sleeping(void **state)
{
    const long start = ms_of(CLOCK_MONOTONIC), work = ms_of(CLOCK_THREAD_CPUTIME_ID);
    cc_ring_t  ring;

    (void)state;
    init_over(&ring, SMALL, CC_RING_WAITS);
    assert_false(cc_ring_wait_used(&ring, 1, 200));
    assert_true(ms_of(CLOCK_MONOTONIC) - start >= 200);
    assert_true(ms_of(CLOCK_THREAD_CPUTIME_ID) - work < 100);
    cc_ring_fini(&ring);
}

static void test_waiting_for_what_is_overwritten(void **state)
{
    cc_ring_t ring;

    (void)state;
    init_over(&ring, SMALL, CC_RING_WAITS | CC_RING_OVERWRITE);
    assert_false(cc_ring_wait_used(&ring, 1, 5));
    assert_true(cc_ring_try_write(&ring, text, SMALL));
    assert_true(cc_ring_wait_used(&ring, SMALL, CC_RING_FOREVER));
    assert_true(cc_ring_wait_room(&ring, SMALL, CC_RING_FOREVER));
    assert_false(cc_ring_wait_room(&ring, SMALL + 1, CC_RING_FOREVER));
    cc_ring_fini(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be_made),
        cmocka_unit_test(test_capacity_is_rounded_up),
        cmocka_unit_test(test_falls_back_where_the_system_refuses),
        cmocka_unit_test(test_full_is_not_empty),
        cmocka_unit_test(test_partly),
        cmocka_unit_test(test_nothing_and_too_much),
        cmocka_unit_test(test_after_all_was_read),
        cmocka_unit_test(test_reset_drops_all),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_mirrored_is_in_one_piece),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_a_record_is_in_one_piece),
        cmocka_unit_test(test_what_is_no_record),
        cmocka_unit_test(test_the_largest_record),
        cmocka_unit_test(test_records_can_be_cut_and_given_up),
        cmocka_unit_test(test_the_oldest_bytes_give_way),
        cmocka_unit_test(test_the_oldest_records_give_way),
        cmocka_unit_test(test_a_copy_that_was_overtaken_is_made_again),
        cmocka_unit_test(test_waiting_ends),
        cmocka_unit_test(test_waiting_is_sleeping),
        cmocka_unit_test(test_waiting_for_what_is_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
