/* SPDX-License-Identifier: MIT */
/* inside.c - a program that profiles itself (ccmem/profiler.h): what a snapshot takes while 64 threads
 * have something to tell, and what cc_alloc and cc_free take while somebody looks. */
#include <ccbench.h>
#include <ccphase.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include <ccmem/alloc.h>
#include <ccmem/profiler.h>

enum { THREADS = 64, BLOCKS = 2000, SNAPSHOTS = 300, PAIRS = 1 << 19, PAIR_BYTES = 64 };

static cc_profiler_t *begin(cc_profiler_options_t options)
{
    cc_profiler_t *p;

    if (cc_profiler_create(&p, &options) != CC_RESULT_OK || cc_profiler_start(p) != CC_RESULT_OK)
        ccbench_fail("a profiler", "it does not start");
    return p;
}

/* ---- snapshots ---- */

static pthread_barrier_t barrier;
static _Atomic bool      over, busy;

static void work(void)
{
    void *block[BLOCKS];

    for (size_t i = 0; i < BLOCKS; i++)
        block[i] = cc_alloc(16 + i % 200);
    for (size_t i = 0; i < BLOCKS; i++)
        cc_free(block[i], 16 + i % 200);
}

static void *have_something_to_tell(void *unused)
{
    work();
    pthread_barrier_wait(&barrier);
    while (busy && !over)
        work();
    pthread_barrier_wait(&barrier);
    return unused;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double take_snapshot(cc_profiler_t *p)
{
    const cc_profiler_report_t *r;
    uint64_t                    begun = ccbench_now_ns();

    if (cc_profiler_snapshot(p, &r) != CC_RESULT_OK)
        ccbench_fail("a snapshot", "there is none");
    double ns = (double)(ccbench_now_ns() - begun);
    cc_profiler_report_destroy(r);
    return ns;
}

static void take_snapshots(cc_profiler_t *p)
{
    static double ns[SNAPSHOTS];

    for (size_t i = 0; i < SNAPSHOTS; i++)
        ns[i] = take_snapshot(p);
    qsort(ns, SNAPSHOTS, sizeof *ns, by_value);
    ccphase_say("median", ns[SNAPSHOTS / 2]);
    ccphase_say("p95", ns[SNAPSHOTS * 95 / 100]);
}

static void measure_snapshots(bool while_busy)
{
    cc_profiler_options_t options = CC_PROFILER_OPTIONS_DEFAULT;
    pthread_t             thread[THREADS];

    options.track_per_thread = true;
    cc_profiler_t *p         = begin(options);
    busy                     = while_busy;
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, have_something_to_tell, NULL) != 0)
            ccbench_fail("a thread", "it does not start");
    pthread_barrier_wait(&barrier);
    take_snapshots(p);
    over = true;
    pthread_barrier_wait(&barrier);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    cc_profiler_destroy(p);
}

static void snapshots_at_rest(void)
{
    measure_snapshots(false);
}

static void snapshots_while_busy(void)
{
    measure_snapshots(true);
}

/* ---- pairs ---- */

static double time_pairs(void)
{
    uint64_t begun = ccbench_now_ns();

    for (size_t i = 0; i < PAIRS; i++) {
        void *block = cc_alloc(PAIR_BYTES);
        ccbench_escape(block);
        cc_free(block, PAIR_BYTES);
    }
    return (double)(ccbench_now_ns() - begun) / PAIRS;
}

static void pairs_with(const char *figure, cc_profiler_options_t options)
{
    cc_profiler_t *p = begin(options);
    ccphase_say(figure, time_pairs());
    cc_profiler_destroy(p);
}

static void pairs(void)
{
    cc_profiler_options_t options = CC_PROFILER_OPTIONS_DEFAULT;

    (void)time_pairs(); /* memory is there */
    ccphase_say("off", time_pairs());
    pairs_with("default", options);
    options.capture_stacks = options.detect_leaks = true;
    pairs_with("stacks", options);
    options             = (cc_profiler_options_t)CC_PROFILER_OPTIONS_DEFAULT;
    options.sample_rate = 0.001;
    pairs_with("sample", options);
    ccphase_say("off-again", time_pairs());
}

int main(int argc, char **argv)
{
    static const ccphase_case_t CASES[] = {
        { "rest", "snapshots of 64 threads that have allocated", snapshots_at_rest },
        { "busy", "snapshots of 64 threads that allocate", snapshots_while_busy },
        { "pairs", "cc_alloc and cc_free of 64 bytes", pairs },
    };
    return ccphase_main(argc, argv, CASES, sizeof CASES / sizeof *CASES);
}
