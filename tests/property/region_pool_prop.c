/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of operations, blocks in use are apart and keep their bytes, what is
 * no block in use is not freed, and the figures are those of a model. Then every sequence again
 * with each request refused once: what fails is a result and changes nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "region/pool.h"
#include "support/failing.h"

enum {
    SEEDS  = CCMEM_INSTRUMENTED ? 8 : 24,
    STEPS  = 400,
    BLOCKS = 400, /* at most, with all that it grows by */
};

/* What was handed out: in use, or freed. */
typedef struct block {
    unsigned char *at;
    bool           live;
    unsigned char  tag;
} block_t;

static block_t   blocks[BLOCKS]; /* one a block that was ever in use */
static size_t    known, live, peak, size, align, capacity;
static uint64_t  allocs, frees, reuses, exhausted, refusals, rng;
static unsigned  seed, step;
static failing_t parent;
static cc_pool_t pool;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, step %u, request %zd refused: %s\n", __FILE__, line, seed,
            step, (ssize_t)parent.fail_at, what);
    exit(1);
}

#define CHECK(e) ((e) ? (void)0 : fail_at(__LINE__, #e))

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

/* ---- the model ---- */

static block_t *find(const unsigned char *at)
{
    for (size_t i = 0; i < known; i++)
        if (blocks[i].at == at)
            return &blocks[i];
    return NULL;
}

static void check_blocks(void)
{
    for (size_t i = 0; i < known; i++) {
        CHECK(cc_pool_owns(&pool, blocks[i].at) == blocks[i].live);
        for (size_t n = 0; blocks[i].live && n < size; n++)
            CHECK(blocks[i].at[n] == blocks[i].tag);
    }
}

static void check_figures(void)
{
    cc_pool_stats_t s = cc_pool_stats(&pool);

    CHECK(cci_pool_is_valid(&pool));
    CHECK(s.count == capacity && s.live == live && s.peak == peak);
    CHECK(s.alloc_count == allocs && s.free_count == frees && s.reuse_count == reuses);
    CHECK(s.exhausted_count == exhausted && s.refused_count == refusals);
    CHECK(s.used_bytes == live * size && s.reserved_bytes == parent.live_bytes);
}

/* ---- operations ---- */

static void allocate(void)
{
    unsigned char *p = cc_pool_alloc(&pool);

    CHECK(!p == (live == capacity));
    if (!p) {
        exhausted++;
        return;
    }
    block_t *b = find(p);
    CHECK((uintptr_t)p % align == 0 && !(b && b->live));
    allocs++;
    reuses += b != NULL;
    if (!b)
        b = &blocks[known++];
    *b = (block_t){ p, true, (unsigned char)allocs };
    memset(p, b->tag, size);
    if (++live > peak)
        peak = live;
}

static void release(void)
{
    block_t *b = &blocks[below(known)];

    if (b->live) {
        CHECK(cc_pool_free(&pool, b->at) == CC_RESULT_OK);
        frees++;
        live--;
        b->live = false;
    } else { /* after a reset it counts as one that was never handed out */
        cc_result_t r = cc_pool_free(&pool, b->at);
        CHECK(r == CC_RESULT_DOUBLE_FREE || r == CC_RESULT_OUT_OF_RANGE);
        refusals++;
    }
}

static void release_wrong(void)
{
    static unsigned char other;
    cc_result_t          r = cc_pool_free(&pool, &other);

    CHECK(r == CC_RESULT_FOREIGN);
    refusals++;
    if (known && size > 1) {
        r = cc_pool_free(&pool, blocks[below(known)].at + 1 + below(size - 1));
        CHECK(r == CC_RESULT_MISALIGNED || r == CC_RESULT_OUT_OF_RANGE);
        refusals++;
    }
}

static void reset(void)
{
    cc_pool_reset(&pool);
    frees += live;
    live = 0;
    for (size_t i = 0; i < known; i++)
        blocks[i].live = false;
}

static void grow(void)
{
    size_t more = 1 + below(20);

    if (capacity + more > BLOCKS)
        return;
    cc_result_t r = cc_pool_grow(&pool, more);
    CHECK(r == CC_RESULT_OK || (r == CC_RESULT_NO_MEMORY && parent.fail_at < parent.requests));
    capacity += r == CC_RESULT_OK ? more : 0;
}

static void do_step(void)
{
    size_t kind = below(100);

    if (kind < 50)
        allocate();
    else if (kind < 90 && known)
        release();
    else if (kind < 95)
        release_wrong();
    else if (kind < 97)
        reset();
    else
        grow();
}

/* Runs a sequence; returns the requests it made of the parent. */
static size_t run(size_t refused_request)
{
    rng    = cci_random_seed(seed);
    parent = (failing_t){ .fail_at = refused_request };
    known = live = peak = 0;
    allocs = frees = reuses = exhausted = refusals = 0;
    size                                           = 1 + below(200);
    align                                          = (size_t)1 << below(8);
    capacity                                       = 1 + below(60);
    cc_result_t r = cc_pool_init(&pool, failing_allocator(&parent), size, align, capacity);
    if (r != CC_RESULT_OK) {
        CHECK(r == CC_RESULT_NO_MEMORY && refused_request == 0 && parent.live_blocks == 0);
        return 1;
    }
    for (step = 0; step < STEPS; step++) {
        do_step();
        check_figures();
        check_blocks();
    }
    cc_pool_fini(&pool);
    CHECK(parent.live_blocks == 0 && parent.live_bytes == 0);
    return parent.requests;
}

int main(void)
{
    for (seed = 1; seed <= SEEDS; seed++) {
        size_t requests = run(FAILING_NEVER);
        for (size_t k = 0; k < requests; k++)
            run(k);
    }
    puts("ok");
    return 0;
}
