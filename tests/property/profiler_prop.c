/* SPDX-License-Identifier: MIT */
/* Property: if any one allocation of a process that profiles itself is refused, the call that needed it
 * says so, the program goes on, figures that are given are right all the same, and nothing is left
 * behind.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include <ccmem/alloc.h>
#include <ccmem/profiler.h>
#include "support/failing_malloc.h"

enum { BLOCKS = 300, BYTES = 48, STRIDE = CCMEM_INSTRUMENTED ? 9 : 1 };

static size_t at;

#define CHECK(e)                                                                             \
    do {                                                                                     \
        if (!(e)) {                                                                          \
            fprintf(stderr, "%s:%d: request %zu refused: %s\n", __FILE__, __LINE__, at, #e); \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

static bool is_fine(cc_result_t r)
{
    CHECK(r == CC_RESULT_OK || r == CC_RESULT_NO_MEMORY);
    return r == CC_RESULT_OK;
}

/* How many blocks there were. */
static uint64_t churn(void)
{
    uint64_t served = 0;

    for (size_t i = 0; i < BLOCKS; i++) {
        void *block = cc_alloc(BYTES);
        served += block != NULL;
        cc_free(block, BYTES);
    }
    return served;
}

static void *work(void *count)
{
    *(uint64_t *)count = churn();
    return NULL;
}

static uint64_t churn_in_thread(void)
{
    pthread_t thread;
    uint64_t  count = 0;

    if (pthread_create(&thread, NULL, work, &count) == 0)
        pthread_join(thread, NULL);
    return count;
}

static void check_report(cc_profiler_t *p, uint64_t count)
{
    const cc_profiler_report_t *r;

    if (!is_fine(cc_profiler_snapshot(p, &r)))
        return;
    if (r->lost_events == 0) {
        CHECK(r->alloc_count == count && r->free_count == count);
        CHECK(r->current_allocated == 0);
        CHECK(r->leaked_count == 0 && r->peak_allocated <= 2 * BYTES);
    }
    cc_profiler_report_destroy(r);
}

static void profile(cc_profiler_t *p, cc_profiler_t *other)
{
    if (!is_fine(cc_profiler_start(p)))
        return;
    uint64_t count = churn() + churn_in_thread();
    bool     two   = is_fine(cc_profiler_start(other));
    uint64_t more  = churn();
    check_report(p, count + more);
    if (two)
        check_report(other, more);
    bool reset = is_fine(cc_profiler_reset(p));
    count      = churn() + (reset ? 0 : count + more);
    cc_profiler_stop(p);
    check_report(p, count);
}

static void session(void)
{
    cc_profiler_options_t options = CC_PROFILER_OPTIONS_DEFAULT;
    cc_profiler_t        *p = NULL, *other = NULL;

    options.detect_leaks = options.capture_stacks = options.track_per_thread = true;
    if (is_fine(cc_profiler_create(&p, &options)) && is_fine(cc_profiler_create(&other, NULL)))
        profile(p, other);
    cc_profiler_destroy(other);
    cc_profiler_destroy(p);
}

int main(void)
{
    bool   refused = true;
    size_t count   = 0;

    session(); /* what is made once is there */
    session();
    for (at = 0; refused; at += STRIDE) {
        failing_malloc_begin(at);
        session();
        refused = failing_malloc_end();
        CHECK(failing_malloc_live() == 0);
        count += refused;
    }
    CHECK(count > 20); /* or the test tests nothing */
    return 0;
}
