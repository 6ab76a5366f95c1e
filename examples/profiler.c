/* SPDX-License-Identifier: MIT */
/* A program that asks itself what its memory is doing: a table that is filled while it is profiled,
 * the sizes it asks for most, what a forgetful function leaves behind and where it came from, and who
 * frees what others allocated. Reports are written as files where the report plugin is installed. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <ccmem/alloc.h>
#include <ccmem/profiler.h>

enum { ENTRIES = 100000, KEY_BYTES = 24, VALUE_BYTES = 40, FORGOTTEN = 3, MESSAGES = 5000 };

/* ---- basic profiling ---- */

static void fill_table(void)
{
    static char *key[ENTRIES], *value[ENTRIES];

    for (int i = 0; i < ENTRIES; i++) {
        key[i]   = cc_alloc(KEY_BYTES);
        value[i] = cc_alloc(VALUE_BYTES);
        if (key[i] && value[i]) {
            snprintf(key[i], KEY_BYTES, "key_%d", i);
            snprintf(value[i], VALUE_BYTES, "value_%d", i);
        }
    }
    for (int i = 0; i < ENTRIES; i++) {
        cc_free(key[i], KEY_BYTES);
        cc_free(value[i], VALUE_BYTES);
    }
}

static void print_hot_sizes(const cc_profiler_report_t *r)
{
    cc_profiler_bucket_t hot[5];
    size_t               n = cc_profiler_hot_sizes(r, hot, 5);

    printf("\nHot allocation sizes:\n");
    for (size_t i = 0; i < n; i++)
        printf("  %zu-%zu: %llu allocations\n", hot[i].min, hot[i].max,
               (unsigned long long)hot[i].count);
}

static bool basic(void)
{
    const cc_profiler_report_t *r;
    cc_profiler_t              *p;

    if (cc_profiler_create(&p, NULL) != CC_RESULT_OK || cc_profiler_start(p) != CC_RESULT_OK)
        return false;
    fill_table();
    cc_profiler_stop(p);
    if (cc_profiler_report(p, &r) != CC_RESULT_OK)
        return false;
    printf("Peak memory: %.1f MB\n", (double)r->peak_allocated / (1024 * 1024));
    printf("Alloc latency P99: %.0f ns\n", r->alloc_latency_p99);
    printf("Cross-thread frees: %.1f%%\n", r->cross_thread_free_pct);
    print_hot_sizes(r);
    bool fine = r->alloc_count == 2 * ENTRIES && r->free_count == 2 * ENTRIES &&
                r->peak_allocated == (size_t)ENTRIES * (KEY_BYTES + VALUE_BYTES) &&
                r->current_allocated == 0 && !isnan(r->alloc_latency_p99);
    cc_profiler_report_destroy(r);
    cc_profiler_destroy(p);
    return fine;
}

/* ---- leak detection ---- */

static void *volatile last;

static __attribute__((noinline)) void forget(size_t size)
{
    last = cc_alloc(size);
}

static void print_leak(const cc_profiler_block_t *leak)
{
    printf("  %zu bytes at %.6f s\n", leak->size, leak->timestamp);
    for (size_t i = 0; i < leak->stack_depth && i < 3; i++)
        printf("    %p\n", leak->stack_trace[i]);
}

static bool leaks(void)
{
    cc_profiler_options_t       options = CC_PROFILER_OPTIONS_DEFAULT;
    const cc_profiler_report_t *r;
    cc_profiler_t              *p;

    options.detect_leaks = options.capture_stacks = true;
    if (cc_profiler_create(&p, &options) != CC_RESULT_OK || cc_profiler_start(p) != CC_RESULT_OK)
        return false;
    for (size_t i = 0; i < FORGOTTEN; i++)
        forget(100 * (i + 1));
    cc_free(cc_alloc(50), 50);
    cc_profiler_stop(p);
    if (cc_profiler_report(p, &r) != CC_RESULT_OK)
        return false;
    if (r->leaked_bytes > 0)
        printf("\nLEAK: %llu bytes in %llu allocations\n", (unsigned long long)r->leaked_bytes,
               (unsigned long long)r->leaked_count);
    for (size_t i = 0; i < r->leaked_listed && i < 5; i++)
        print_leak(&r->leaked_allocations[i]);
    bool fine = r->leaked_count == FORGOTTEN && r->leaked_bytes == 600 &&
                r->leaked_allocations[0].size == 300 && r->leaked_allocations[0].stack_depth > 0;
    cc_profiler_report_destroy(r);
    cc_profiler_destroy(p);
    return fine;
}

/* ---- per-thread analysis ---- */

static void *messages[MESSAGES];

static void *produce(void *unused)
{
    for (int i = 0; i < MESSAGES; i++)
        messages[i] = cc_alloc(64);
    return unused;
}

static bool threads(void)
{
    cc_profiler_options_t       options = CC_PROFILER_OPTIONS_DEFAULT;
    const cc_profiler_report_t *r;
    cc_profiler_t              *p;
    pthread_t                   producer;
    unsigned long long          sent = 0, received = 0;

    options.track_per_thread = true;
    if (cc_profiler_create(&p, &options) != CC_RESULT_OK || cc_profiler_start(p) != CC_RESULT_OK ||
        pthread_create(&producer, NULL, produce, NULL) != 0)
        return false;
    pthread_join(producer, NULL);
    for (int i = 0; i < MESSAGES; i++)
        cc_free(messages[i], 64);
    cc_profiler_stop(p);
    if (cc_profiler_report(p, &r) != CC_RESULT_OK)
        return false;
    printf("\n");
    for (size_t i = 0; i < r->thread_count; i++) {
        const cc_profiler_thread_stats_t *t = &r->thread_stats[i];
        printf("Thread %u: %llu allocs, %llu cross-thread frees sent\n", t->thread_id,
               (unsigned long long)t->alloc_count, (unsigned long long)t->cross_thread_frees_sent);
        sent += t->cross_thread_frees_sent;
        received += t->cross_thread_frees_received;
    }
    bool fine = r->thread_count == 2 && sent == MESSAGES && received == MESSAGES &&
                r->cross_thread_free_count == MESSAGES;
    cc_profiler_report_destroy(r);
    cc_profiler_destroy(p);
    return fine;
}

/* ---- documents ---- */

static bool documents(void)
{
    cc_profiler_t *p;
    FILE          *out = tmpfile();

    if (!out || cc_profiler_create(&p, NULL) != CC_RESULT_OK ||
        cc_profiler_start(p) != CC_RESULT_OK)
        return false;
    fill_table();
    cc_profiler_stop(p);
    cc_result_t r = cc_profiler_write(p, "prometheus", out);
    if (r == CC_RESULT_NOT_FOUND)
        printf("\nthe report plugin is not installed: no files\n");
    else
        printf("\n%ld bytes for Prometheus\n", ftell(out));
    bool fine = r == CC_RESULT_NOT_FOUND || (r == CC_RESULT_OK && ftell(out) > 0);
    cc_profiler_destroy(p);
    fclose(out);
    return fine;
}

int main(void)
{
    return basic() && leaks() && threads() && documents() ? 0 : 1;
}
