/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of operations on several pools, blocks are aligned, apart and keep their
 * bytes, the figures are those of a model, the parent gives no more than the limit, and everything comes
 * back. Then again with a limit, in storage of the caller, and with each request of the parent, and each
 * of the books for pages, refused once: only the call that met it may fail. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/blockpool.h>
#include "base/random.h"
#include "support/failing.h"
#include "support/failing_pages.h"

enum {
    SEEDS   = CCMEM_INSTRUMENTED ? 2 : 4,
    STEPS   = 1200,
    POOLS   = 3,
    BLOCKS  = 400, /* of all pools, at a time */
    STORAGE = 1 << 20,
    LIMIT   = 40 * CC_BLOCKPOOL_UNIT + 100
};

typedef enum { UNLIMITED, LIMITED, STORED, KINDS } kind_t;

typedef struct model {
    cc_blockpool_t pool;
    failing_t      parent;
    char          *storage;
    uint64_t       allocs, frees, refused;
    size_t         live, bytes, peak; /* blocks, as they were asked for; the most of the parent */
} model_t;

typedef struct block {
    unsigned char *at; /* NULL: none */
    model_t       *of;
    size_t         size, align;
    unsigned char  tag;
} block_t;

static model_t  models[POOLS];
static block_t  blocks[BLOCKS];
static kind_t   kind;
static uint64_t rng;
static unsigned seed, step;
static size_t   refused_request, refused_pages;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, kind %u, step %u, request %zd, pages %zd refused: %s\n",
            __FILE__, line, seed, kind, step, (ssize_t)refused_request, (ssize_t)refused_pages,
            what);
    exit(1);
}

#define CHECK(e) ((e) ? (void)0 : fail_at(__LINE__, #e))

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

/* ---- the model ---- */

static void check_figures(model_t *m)
{
    cc_blockpool_stats_t s = cc_blockpool_stats(&m->pool);

    if (kind != STORED) {
        CHECK(s.reserved_bytes == m->parent.live_bytes);
        if (m->parent.live_bytes > m->peak)
            m->peak = m->parent.live_bytes;
        CHECK(s.peak_bytes >= m->peak);
    }
    CHECK(s.reserved_bytes <= s.peak_bytes);
    CHECK(kind == UNLIMITED || s.peak_bytes <= (kind == LIMITED ? LIMIT : STORAGE));
    CHECK(s.alloc_count - s.free_count == m->live && s.live_bytes >= m->bytes);
    CHECK(s.live_bytes + s.cached_bytes <= s.reserved_bytes);
    CHECK(s.exhausted_count == m->refused);
    if (refused_pages == 0) { /* else one may have been served and taken back */
        CHECK(s.alloc_count == m->allocs && s.free_count == m->frees);
    }
}

static void check_block(const block_t *b)
{
    CHECK(cc_blockpool_owns(&b->of->pool, b->at));
    for (size_t i = 0; i < b->size; i++)
        CHECK(b->at[i] == b->tag);
}

static void check_blocks(void)
{
    for (size_t i = 0; i < BLOCKS; i++)
        if (blocks[i].at)
            check_block(&blocks[i]);
}

/* ---- operations ---- */

/* Mostly small, few large; all classes, and their edges. */
static size_t choose_size(void)
{
    size_t most = (size_t)16 << below(kind == STORED ? 12 : 14);

    return below(4) ? 1 + below(most) : most - below(2);
}

/* Whether a refusal excuses that there is no block. */
typedef struct moment {
    size_t requests, pages_at;
} moment_t;

static moment_t moment_of(const model_t *m)
{
    return (moment_t){ m->parent.requests, failing_pages_at };
}

static bool was_refused(const model_t *m, moment_t before)
{
    return (before.requests <= m->parent.fail_at && m->parent.fail_at < m->parent.requests) ||
           (before.pages_at && !failing_pages_at);
}

static void allocate(block_t *b)
{
    model_t *m      = &models[below(POOLS)];
    moment_t before = moment_of(m);
    bool     plain  = below(3);

    *b       = (block_t){ .of = m, .size = choose_size(), .tag = (unsigned char)step };
    b->align = plain ? 16 : (size_t)1 << below(14);
    b->at    = plain ? cc_blockpool_alloc(&m->pool, b->size)
                     : cc_blockpool_alloc_aligned(&m->pool, b->size, b->align);
    if (!b->at) {
        CHECK(kind != UNLIMITED || was_refused(m, before));
        m->refused++;
        return;
    }
    CHECK((uintptr_t)b->at % b->align == 0 && (uintptr_t)b->at % 16 == 0);
    m->allocs++;
    m->live++;
    m->bytes += b->size;
    memset(b->at, b->tag, b->size);
}

static void release(block_t *b)
{
    check_block(b);
    if (b->align <= 16 && below(2))
        cc_blockpool_free(&b->of->pool, b->at, b->size);
    else
        cc_blockpool_free_aligned(&b->of->pool, b->at, b->size, b->align);
    b->at = NULL;
    b->of->frees++;
    b->of->live--;
    b->of->bytes -= b->size;
}

/* Without a block in use nothing of the parent is left. */
static void trim(model_t *m)
{
    cc_blockpool_trim(&m->pool);
    if (m->live == 0 && kind != STORED)
        CHECK(m->parent.live_blocks == 0);
}

static void release_all_of(model_t *m)
{
    for (size_t i = 0; i < BLOCKS; i++)
        if (blocks[i].at && blocks[i].of == m)
            release(&blocks[i]);
}

static void do_step(void)
{
    size_t   what = below(1000);
    block_t *b    = &blocks[below(BLOCKS)];
    model_t *m    = &models[below(POOLS)];

    if (what < 3)
        trim(m);
    else if (what < 6)
        cc_blockpool_thread_idle(&m->pool);
    else if (what < 8)
        release_all_of(m);
    else if (b->at)
        release(b);
    else
        allocate(b);
}

/* ---- sequences ---- */

static cc_result_t init(model_t *m)
{
    if (kind != STORED)
        return cc_blockpool_init(&m->pool, failing_allocator(&m->parent),
                                 kind == LIMITED ? LIMIT : 0);
    m->storage = malloc(STORAGE);
    return cc_blockpool_init_in(&m->pool, m->storage, STORAGE);
}

static bool begin(void)
{
    memset(blocks, 0, sizeof blocks);
    memset(models, 0, sizeof models);
    for (size_t i = 0; i < POOLS; i++) {
        models[i]     = (model_t){ .parent.fail_at = i == 0 ? refused_request : FAILING_NEVER };
        cc_result_t r = init(&models[i]);
        CHECK(r == CC_RESULT_OK || (r == CC_RESULT_NO_MEMORY && refused_pages));
        if (r != CC_RESULT_OK)
            return false;
    }
    return true;
}

/* The last pool ends with blocks in use. */
static void end(void)
{
    check_blocks();
    for (size_t i = 0; i < POOLS; i++) {
        model_t *m = &models[i];
        if (i < POOLS - 1 && m->pool.shared) {
            release_all_of(m);
            check_figures(m);
            trim(m);
            CHECK(cc_blockpool_stats(&m->pool).live_bytes == 0);
            CHECK(cc_blockpool_stats(&m->pool).cached_bytes == 0);
        }
        cc_blockpool_fini(&m->pool);
        CHECK(m->parent.live_blocks == 0 && m->parent.live_bytes == 0);
        free(m->storage);
    }
}

/* Returns how many requests the first parent had. */
static size_t run(size_t request, size_t pages)
{
    rng              = cci_random_seed(seed);
    refused_request  = request;
    refused_pages    = pages;
    failing_pages_at = pages;
    if (begin())
        for (step = 0; step < STEPS; step++) {
            do_step();
            check_figures(&models[step % POOLS]);
            if (step % 256 == 0)
                check_blocks();
        }
    end();
    return models[0].parent.requests;
}

int main(void)
{
    for (seed = 1; seed <= SEEDS; seed++)
        for (kind = UNLIMITED; kind < KINDS; kind++) {
            size_t requests = run(FAILING_NEVER, 0);
            for (size_t k = 0; k < requests; k += 1 + requests / 40)
                run(k, 0);
            for (size_t k = 1; k == 1 || failing_pages_at == 0; k++)
                run(FAILING_NEVER, k);
            failing_pages_at = 0;
        }
    puts("ok");
    return 0;
}
