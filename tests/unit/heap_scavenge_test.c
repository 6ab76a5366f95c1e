/* SPDX-License-Identifier: MIT */
/* What nobody needs goes back as time goes by, and what is used stays. Time is this test's own: it
 * defines the function that the library asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include "heap/scavenge.h"
#include "support/test_backend.h"

static uint64_t now_ns = 1;

int clock_gettime(clockid_t clock, struct timespec *out)
{
    (void)clock;
    out->tv_sec  = (time_t)(now_ns / 1000000000);
    out->tv_nsec = (long)(now_ns % 1000000000);
    return 0;
}

static void an_interval_passes(void)
{
    now_ns += CCI_SCAVENGE_INTERVAL_NS + 1;
}

/* As many blocks of a size as make every bin of theirs run empty and full. */
static void use(size_t size)
{
    enum { BLOCKS = 8 * CCI_MAGAZINE_SLOTS };
    void *p[BLOCKS];

    for (int i = 0; i < BLOCKS; i++)
        assert_non_null(p[i] = cc_alloc(size));
    for (int i = 0; i < BLOCKS; i++)
        cc_free(p[i], size);
}

/* Until the thread has looked at the clock. */
static void work_a_while(size_t size)
{
    for (int i = 0; i < CCI_SCAVENGE_SLOW_A_CLOCK; i++)
        use(size);
}

static uint64_t cached(size_t size)
{
    cc_alloc_class_stats_t all[256];
    size_t                 n = cc_alloc_stats_classes(all, 256);

    for (size_t i = 0; i < n; i++)
        if (all[i].size == size && all[i].align == 16)
            return all[i].cached_count;
    fail_msg("no class of %zu", size);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    an_interval_passes(); /* no test begins in the interval of another */
    work_a_while(16);
    cc_trim();
    assert_int_equal(cc_alloc_stats_snapshot().cached_bytes, 0);
    return 0;
}

static void test_unused_goes_back(void **state)
{
    (void)state;
    use(512);
    cc_thread_idle(); /* it lies in the depot now */
    uint64_t had = cached(512);
    assert_true(had >= 4 * CCI_MAGAZINE_SLOTS);
    for (int i = 0; i < 3; i++) {
        an_interval_passes();
        work_a_while(64);
    }
    assert_int_equal(cached(512), 0);
    assert_true(cached(64) > 0);
}

static void test_own_bins_too(void **state)
{
    (void)state;
    use(512);
    assert_true(cached(512) > 0);
    for (int i = 0; i < 4; i++) {
        an_interval_passes();
        work_a_while(64);
    }
    assert_int_equal(cached(512), 0);
}

static void test_not_before_its_time(void **state)
{
    (void)state;
    an_interval_passes();
    work_a_while(64); /* an interval begins */
    use(512);
    uint64_t had = cached(512);
    for (int i = 0; i < 10; i++) {
        now_ns += CCI_SCAVENGE_INTERVAL_NS / 20;
        work_a_while(64);
    }
    assert_int_equal(cached(512), had);
}

/* Every interval each of them is used: what is used stays. */
static void test_used_stays(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        use(512);
        work_a_while(64);
    }
    size_t served = test_backend.served;
    for (int i = 0; i < 10; i++) {
        an_interval_passes();
        use(512);
        work_a_while(64);
    }
    assert_int_equal(test_backend.served, served);
}

/* Of what is there, only what nobody took in the whole interval. */
static void test_half_used(void **state)
{
    enum { MANY = 40 * CCI_MAGAZINE_SLOTS };
    static void *p[MANY];

    (void)state;
    for (int i = 0; i < MANY; i++)
        assert_non_null(p[i] = cc_alloc(256));
    for (int i = 0; i < MANY; i++)
        cc_free(p[i], 256);
    assert_true(cached(256) >= MANY);
    for (int i = 0; i < 4; i++) {
        an_interval_passes();
        use(256);
        work_a_while(64);
    }
    assert_in_range(cached(256), 8 * CCI_MAGAZINE_SLOTS, 16 * CCI_MAGAZINE_SLOTS);
}

/* ---- the limit ---- */

enum { THREADS = 10 };

static pthread_barrier_t in, out;

static void *use_and_wait(void *unused)
{
    (void)unused;
    use(64);
    pthread_barrier_wait(&in);
    pthread_barrier_wait(&out);
    return NULL;
}

static void test_limit_follows_the_threads(void **state)
{
    pthread_t thread[THREADS];

    (void)state;
    assert_int_equal(cci_scavenge_limit(&cci_heap_main), CCI_DEPOT_BYTES_A_THREAD);
    for (unsigned n = 1; n <= THREADS; n += THREADS - 1) {
        size_t limit = (n + 1) * CCI_DEPOT_BYTES_A_THREAD;
        pthread_barrier_init(&in, NULL, n + 1);
        pthread_barrier_init(&out, NULL, n + 1);
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(pthread_create(&thread[i], NULL, use_and_wait, NULL), 0);
        pthread_barrier_wait(&in);
        assert_int_equal(cci_scavenge_limit(&cci_heap_main),
                         limit < CCI_DEPOT_BYTES_MOST ? limit : CCI_DEPOT_BYTES_MOST);
        pthread_barrier_wait(&out);
        for (unsigned i = 0; i < n; i++)
            pthread_join(thread[i], NULL);
        assert_int_equal(cci_scavenge_limit(&cci_heap_main), CCI_DEPOT_BYTES_A_THREAD);
    }
}

/* ---- the ceiling ---- */

/* While more is freed than the depots may hold, what goes back is what lies high in memory; what
 * stays is the low end. Afterwards blocks are served as ever. */
static void test_low_end_stays(void **state)
{
    enum { SIZE = 1024, MANY = 3 * CCI_DEPOT_BYTES_A_THREAD / SIZE };
    void   **p      = malloc(MANY * sizeof *p);
    uint64_t sum[2] = { 0, 0 };

    (void)state;
    assert_non_null(p);
    for (size_t i = 0; i < MANY; i++)
        assert_non_null(p[i] = cc_alloc(SIZE));
    for (size_t i = 0; i < MANY; i++)
        sum[0] += (uintptr_t)p[i] / 1024;
    for (size_t k = 0; k < MANY; k++)
        cc_free(p[k * 7919 % MANY], SIZE);
    size_t stayed = cached(SIZE), asked = test_backend.asked;
    assert_in_range(stayed, 1, (CCI_DEPOT_BYTES_A_THREAD + 2 * CCI_MAGAZINE_BYTES) / SIZE);
    assert_true(stayed > MANY / 4);
    for (size_t i = 0; i < stayed; i++) {
        assert_non_null(p[i] = cc_alloc(SIZE));
        sum[1] += (uintptr_t)p[i] / 1024;
    }
    assert_int_equal(test_backend.asked, asked);
    assert_true(sum[1] / stayed < sum[0] / MANY); /* lower on average */
    for (size_t i = 0; i < stayed; i++)
        cc_free(p[i], SIZE);
    assert_int_equal(cached(SIZE), stayed); /* there is room for them, so all stay */
    free(p);
}

static void test_nothing_is_left(void **state)
{
    (void)state;
    cc_trim();
    assert_int_equal(test_backend.live, 0);
}

int main(void)
{
#define TIMED_TEST(test) cmocka_unit_test_setup(test, begin)
    const struct CMUnitTest tests[] = {
        TIMED_TEST(test_unused_goes_back),    TIMED_TEST(test_own_bins_too),
        TIMED_TEST(test_not_before_its_time), TIMED_TEST(test_used_stays),
        TIMED_TEST(test_half_used),           TIMED_TEST(test_limit_follows_the_threads),
        TIMED_TEST(test_low_end_stays),       cmocka_unit_test(test_nothing_is_left),
    };
    test_backend_use(false);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
