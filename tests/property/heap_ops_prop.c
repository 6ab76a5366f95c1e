/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of operations, blocks are aligned, keep their bytes and are disjoint;
 * the statistics are what a model counts; and in the end the backend has everything back. Then every
 * sequence again with each request refused that it makes of the backend, one, a few or all from there
 * on, and with the heap's own memory running out: what fails is NULL and changes nothing. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/alloc.h>
#include "base/random.h"
#include "support/again.h"
#include "support/scarce_cells.h"
#include "support/test_backend.h"

enum {
    SEEDS = CCMEM_INSTRUMENTED ? 3 : 10,
    STEPS = 160,
    SLOTS = 40,
    MUCH  = 400, /* blocks of a flood */
};

typedef enum { PLAIN, ZEROED, ALIGNED, NODE, KINDS } kind_t;

typedef struct block {
    unsigned char *ptr; /* NULL: none */
    size_t         size, align;
    kind_t         kind;
    unsigned char  tag;
    uint64_t       bytes; /* that it counts for */
} block_t;

/* What is refused in a run. */
typedef struct trouble {
    size_t after, count; /* requests of the backend */
    size_t cells;        /* that the heap has for itself; SIZE_MAX: no end of them */
} trouble_t;

static block_t   slot[SLOTS];
static uint64_t  rng, allocs, frees, unsized, alloc_bytes, free_bytes;
static unsigned  seed, step;
static size_t    failures;
static bool      irregular;
static trouble_t trouble;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, step %u, %s backend: %s\n", __FILE__, line, seed, step,
            irregular ? "irregular" : "regular", what);
    fprintf(stderr, "refused %zu requests after %zu; cells left: %zd\n", trouble.count,
            trouble.after, (ssize_t)trouble.cells);
    exit(1);
}

#define CHECK(e) ((e) ? (void)0 : fail_at(__LINE__, #e))

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

/* ---- the model ---- */

static uint64_t live(void)
{
    return cc_alloc_stats_snapshot().current_allocated;
}

static void check_statistics(void)
{
    cc_alloc_snapshot_t s = cc_alloc_stats_snapshot();

    CHECK(s.alloc_count == allocs && s.free_count == frees);
    CHECK(s.alloc_bytes == alloc_bytes && s.free_bytes == free_bytes);
    CHECK(s.current_allocated == alloc_bytes - free_bytes);
    CHECK(s.unsized_free_count == unsized);
}

static void check_bytes(const block_t *b, size_t n)
{
    CHECK(b->ptr[0] == b->tag && memcmp(b->ptr, b->ptr + 1, n - 1) == 0);
}

static void check_blocks(void)
{
    for (int i = 0; i < SLOTS; i++)
        if (slot[i].ptr)
            check_bytes(&slot[i], slot[i].size);
}

/* Only trouble is an excuse. A regular backend is all that an allocation needs. */
static void note_failure(void)
{
    failures++;
    CHECK(trouble.count || (irregular && trouble.cells != SIZE_MAX));
    check_statistics();
}

static void note_block(block_t *b, uint64_t before)
{
    CHECK((uintptr_t)b->ptr % b->align == 0);
    CHECK(cc_usable_size(b->ptr) >= b->size);
    b->bytes = live() - before;
    CHECK(b->bytes <= cc_usable_size(b->ptr) && b->bytes >= b->size - b->size / 4);
    allocs++;
    alloc_bytes += b->bytes;
    b->tag = (unsigned char)(allocs * 37);
    memset(b->ptr, b->tag, b->size);
}

/* ---- operations ---- */

static size_t some_size(void)
{
    size_t kind = below(10);
    return 1 + below(kind < 5 ? 200 : kind < 9 ? 5000 : 200000);
}

static void allocate(block_t *b)
{
    uint64_t before = live();

    *b = (block_t){ .size = some_size(), .align = 16, .kind = (kind_t)below(KINDS) };
    switch (b->kind) {
    case PLAIN:
        b->ptr = cc_alloc(b->size);
        break;
    case ZEROED:
        b->ptr = cc_calloc(1, b->size);
        break;
    case NODE:
        b->align = CC_CACHE_LINE_SIZE;
        b->ptr   = cc_alloc_node(b->size);
        break;
    default:
        b->align = (size_t)1 << below(14);
        b->ptr   = cc_alloc_aligned(b->size, b->align);
    }
    if (!b->ptr) {
        note_failure();
        return;
    }
    if (b->kind == ZEROED)
        check_bytes(b, b->size);
    note_block(b, before);
}

static void release(block_t *b)
{
    check_bytes(b, b->size);
    if (below(3) == 0) {
        cc_free_unsized(b->ptr);
        unsized++;
    } else if (b->kind == NODE) {
        cc_free_node(b->ptr, b->size);
    } else if (b->kind == ALIGNED) {
        cc_free_aligned(b->ptr, b->size, b->align);
    } else {
        cc_free(b->ptr, b->size);
    }
    frees++;
    free_bytes += b->bytes;
    b->ptr = NULL;
}

static void resize(block_t *b)
{
    size_t   size   = some_size();
    uint64_t before = live() - b->bytes;
    size_t   kept   = size < b->size ? size : b->size;
    void    *moved  = cc_realloc(b->ptr, b->size, size);

    if (!moved) {
        note_failure();
        check_bytes(b, b->size);
        return;
    }
    b->ptr = moved;
    check_bytes(b, kept);
    uint64_t counted = cc_alloc_stats_snapshot().alloc_count - allocs;
    CHECK(counted <= 1);
    if (counted) {
        frees++;
        free_bytes += b->bytes;
        b->size = size;
        note_block(b, before);
    } else { /* it stayed */
        CHECK(cc_good_size(size) == cc_good_size(b->size));
        b->size = size;
        memset(b->ptr, b->tag, size);
    }
}

/* Enough of one size to go through magazines and depots, in and out. */
static void flood(void)
{
    static void *p[MUCH];
    size_t       size = 1 + below(600), n = 0;
    uint64_t     before = live();

    while (n < MUCH && (p[n] = cc_alloc(size)) != NULL)
        n++;
    failures += n < MUCH;
    uint64_t bytes = live() - before;
    CHECK(bytes == n * cc_good_size(size));
    for (size_t i = 0; i < n; i++)
        memset(p[i], (unsigned char)((uintptr_t)p[i] >> 4), size);
    while (n > 0) {
        size_t  i = below(n);
        block_t b = { .ptr = p[i], .tag = (unsigned char)((uintptr_t)p[i] >> 4) };
        check_bytes(&b, size);
        cc_free(p[i], size);
        p[i] = p[--n];
        allocs++;
        frees++;
    }
    alloc_bytes += bytes;
    free_bytes += bytes;
}

static void do_step(void)
{
    block_t *b    = &slot[below(SLOTS)];
    size_t   what = below(100);

    if (what < 2)
        cc_trim();
    else if (what < 5)
        cc_thread_idle();
    else if (what < 8)
        flood();
    else if (!b->ptr)
        allocate(b);
    else if ((b->kind == PLAIN || b->kind == ZEROED) && what < 40)
        resize(b);
    else
        release(b);
    check_statistics();
}

/* ---- runs ---- */

/* Returns how many requests the backend got. */
static size_t run(trouble_t t)
{
    cc_trim();
    cc_alloc_stats_reset();
    trouble = t;
    rng     = cci_random_seed(seed);
    allocs = frees = unsized = alloc_bytes = free_bytes = 0;

    size_t asked = test_backend.asked;
    test_backend_refuse(t.after, t.count);
    if (t.cells != SIZE_MAX)
        scarce_cells_begin(t.cells);
    for (step = 0; step < STEPS; step++)
        do_step();
    check_blocks();
    for (int i = 0; i < SLOTS; i++)
        if (slot[i].ptr)
            release(&slot[i]);
    check_statistics();
    asked = test_backend.asked - asked;
    cc_trim();
    scarce_cells_end();
    test_backend_refuse(0, 0);
    CHECK(live() == 0);
    CHECK(cc_alloc_stats_snapshot().cached_bytes == 0);
    CHECK(test_backend.live == 0 && test_backend.live_bytes == 0);
    return asked;
}

static int run_all(bool odd)
{
    static const trouble_t none = { 0, 0, SIZE_MAX };
    size_t                 runs = 0, least;

    irregular = odd;
    test_backend_use(odd);
    cc_alloc_stats_enable(true);
    for (seed = 1; seed <= SEEDS; seed++) {
        size_t asked = run(none);
        CHECK(failures == 0);
        for (size_t k = 0; k < asked; k += 1 + asked / 50, runs += 3) {
            run((trouble_t){ k, 1, SIZE_MAX });
            run((trouble_t){ k, 3, SIZE_MAX });
            run((trouble_t){ k, SIZE_MAX / 2, SIZE_MAX });
        }
        least = failures;
        for (size_t cells = 0; cells < 30; cells += 1 + cells / 4, runs++)
            run((trouble_t){ 0, 0, cells });
        CHECK(least > 0);
        CHECK(run(none) == asked); /* nothing is the worse for it */
        failures = 0;
    }
    printf("%s: %d seeds, %zu runs with trouble\n", odd ? "irregular" : "regular", SEEDS, runs);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const variables[] = { "CCMEM_MAGAZINES=1", "CCMEM_HEAP_CHECK=0", NULL };
    static again_t           done;
    int                      status = 0;

    if (argc > 1)
        return run_all(strcmp(argv[1], "irregular") == 0);
    for (int i = 0; i < 2; i++) {
        again_run(&done, i ? "irregular" : "regular", variables);
        printf("%s%s", done.out, done.err);
        status |= done.status;
    }
    return status != 0;
}
