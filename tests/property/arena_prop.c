/* SPDX-License-Identifier: MIT */
/* Property: for any sequence of operations, live blocks are aligned, disjoint and keep their bytes;
 * cleanups run once, the latest first; the figures are those of a model; all that the parent gave
 * it has back. Then every sequence again with requests of the parent refused, one or all from there
 * on: what fails is NULL and changes nothing. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/arena.h>
#include "base/random.h"
#include "support/failing.h"

enum { SEEDS = CCMEM_INSTRUMENTED ? 10 : 40, STEPS = 250, BLOCKS = STEPS, MARKS = 12 };

typedef struct block {
    unsigned char *ptr;
    size_t         size, align;
    unsigned char  tag;
} block_t;

/* What there was when a mark was taken. */
typedef struct taken {
    cc_arena_mark_t mark;
    size_t          blocks, cleanups, used;
} taken_t;

/* A parent that refuses so many requests, after some. */
typedef struct moody {
    failing_t f;
    size_t    after, count, asked;
} moody_t;

static cc_arena_t arena;
static moody_t    parent;
static block_t    block[BLOCKS];
static taken_t    taken[MARKS];
static size_t     blocks, marks, cleanups, ran, refused, peak;
static uint64_t   rng;
static unsigned   seed, step;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, step %u, %zu refused after %zu: %s\n", __FILE__, line, seed,
            step, parent.count, parent.after, what);
    exit(1);
}

#define CHECK(e) ((e) ? (void)0 : fail_at(__LINE__, #e))

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

static void *moody_alloc(void *self, size_t size, size_t align)
{
    moody_t *m = self;

    if (m->asked++ - m->after < m->count) /* wraps before that */
        return NULL;
    return cc_allocator_alloc(failing_allocator(&m->f), size, align);
}

static void moody_free(void *self, void *ptr, size_t size, size_t align)
{
    cc_allocator_free(failing_allocator(&((moody_t *)self)->f), ptr, size, align);
}

static const cc_allocator_ops_t moody_ops = { moody_alloc, moody_free };

/* ---- the model ---- */

static size_t used(void)
{
    return cc_arena_stats(&arena).used;
}

static void check_bytes(const block_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK(b->ptr[i] == b->tag);
}

static void check_apart(const block_t *a, const block_t *b)
{
    CHECK(a->ptr + a->size <= b->ptr || b->ptr + b->size <= a->ptr || !a->size || !b->size);
}

static void check_figures(void)
{
    cc_arena_stats_t s   = cc_arena_stats(&arena);
    size_t           sum = 0;

    for (size_t i = 0; i < blocks; i++)
        sum += block[i].size;
    peak = s.used > peak ? s.used : peak;
    CHECK(s.peak == peak);
    CHECK(s.used >= sum);
    CHECK(s.reserved == parent.f.live_bytes && s.chunks == parent.f.live_blocks);
    CHECK(s.used <= s.reserved);
}

static void check_blocks(void)
{
    for (size_t i = 0; i < blocks; i++) {
        check_bytes(&block[i], block[i].size);
        CHECK(block[i].size == 0 || cc_arena_owns(&arena, block[i].ptr + block[i].size - 1));
    }
}

static void add(block_t b)
{
    CHECK(blocks < BLOCKS && (uintptr_t)b.ptr % b.align == 0);
    for (size_t i = 0; i < blocks; i++)
        check_apart(&b, &block[i]);
    b.tag = (unsigned char)(step * 7 + 1);
    memset(b.ptr, b.tag, b.size);
    block[blocks++] = b;
}

/* Only trouble is an excuse; nothing has changed. */
static void note_refusal(size_t before)
{
    refused++;
    CHECK(parent.count > 0);
    CHECK(used() == before);
}

static void run_cleanup(void *argument)
{
    CHECK((size_t)(uintptr_t)argument + ran + 1 == cleanups);
    ran++;
}

static void released(size_t blocks_left, size_t cleanups_left)
{
    CHECK(cleanups - ran == cleanups_left);
    cleanups = cleanups_left;
    ran      = 0;
    blocks   = blocks_left;
}

/* ---- operations ---- */

static size_t some_size(void)
{
    size_t kind = below(20);
    return below(kind < 10 ? 60 : kind < 18 ? 600 : 9000);
}

static void allocate(void)
{
    size_t  before = used();
    block_t b      = { .size = some_size(), .align = (size_t)1 << below(below(4) ? 5 : 13) };

    switch (below(6)) {
    case 0:
        b.ptr = cc_arena_alloc(&arena, b.size, b.align = 8);
        break;
    case 1:
        b.ptr = cc_arena_alloc(&arena, b.size, b.align = 64);
        break;
    case 2:
        b.ptr = cc_arena_alloc_zero(&arena, b.size, b.align);
        for (size_t i = 0; b.ptr && i < b.size; i++)
            CHECK(b.ptr[i] == 0);
        break;
    case 3:
        b.ptr = cc_allocator_alloc(cc_arena_allocator(&arena), b.size += !b.size, b.align);
        break;
    case 4:
        b.ptr = cc_allocator_alloc(cc_arena_allocator(&arena), b.size += !b.size, b.align = 16);
        break;
    default:
        b.ptr = cc_arena_alloc(&arena, b.size, b.align);
    }
    if (b.ptr)
        add(b);
    else
        note_refusal(before);
}

/* The first block that a rewind to the newest mark would release. */
static size_t oldest_loose(void)
{
    return marks ? taken[marks - 1].blocks : 0;
}

/* Where it is, or as another block, which belongs to the newest mark. */
static void put_resized(block_t *b, unsigned char *p, size_t size)
{
    block_t moved = { .ptr = p, .size = size, .align = b->align };

    if (p != b->ptr) {
        *b = (block_t){ .align = 1 };
        add(moved);
        return;
    }
    CHECK(size <= b->size || b >= block + oldest_loose());
    b->size = size;
    memset(p, b->tag, size);
    for (size_t i = 0; i < blocks; i++)
        if (&block[i] != b)
            check_apart(b, &block[i]);
}

static void resize(void)
{
    if (blocks == 0)
        return;
    size_t   at = below(3) ? blocks - 1 : below(blocks), before = used(), size = some_size();
    block_t *b = &block[at], now = *b;

    now.ptr = cc_arena_resize(&arena, b->ptr, b->size, size, b->align);
    if (!now.ptr) {
        note_refusal(before);
        return;
    }
    now.size = size < b->size ? size : b->size;
    check_bytes(&now, now.size);
    put_resized(b, now.ptr, size);
    size_t reached = cc_arena_stats(&arena).peak;
    CHECK(reached == peak || (reached > peak && reached <= before + size + 2 * CC_ARENA_ALIGN_MAX));
    peak = reached; /* both were there for a moment */
}

static void release_last(void)
{
    if (blocks > oldest_loose()) {
        block_t b = block[--blocks];
        cc_arena_free(&arena, b.ptr, b.size);
    }
}

static void mark(void)
{
    size_t before = used();

    if (marks == MARKS)
        return;
    taken_t t = { cc_arena_mark(&arena), blocks, cleanups, used() };
    if (t.used == before) { /* there was no memory: it is none to go back to */
        note_refusal(before);
        cc_arena_rewind(&arena, t.mark);
        CHECK(used() == before);
        return;
    }
    taken[marks++] = t;
}

static void rewind_to(size_t at)
{
    cc_arena_rewind(&arena, taken[at].mark);
    released(taken[at].blocks, taken[at].cleanups);
    CHECK(used() == taken[at].used);
    marks = at + 1;
}

static void add_cleanup(void)
{
    size_t before = used();

    if (cc_arena_add_cleanup(&arena, run_cleanup, (void *)(uintptr_t)cleanups))
        cleanups++;
    else
        note_refusal(before);
}

static void reset(void)
{
    size_t keep = below(3) ? CC_ARENA_KEEP_ALL : below(40000);

    cc_arena_reset(&arena, keep);
    released(0, 0);
    marks = 0;
    CHECK(used() == 0);
    CHECK(cc_arena_stats(&arena).reserved <= keep);
}

static void do_step(void)
{
    size_t what = below(100);

    if (what < 55)
        allocate();
    else if (what < 68)
        resize();
    else if (what < 74)
        release_last();
    else if (what < 82)
        mark();
    else if (what < 88)
        add_cleanup();
    else if (what < 95 && marks)
        rewind_to(below(marks));
    else if (what < 97)
        reset();
    else if (what < 98)
        cc_arena_trim(&arena, below(20000));
    else
        cc_arena_decommit(&arena);
    check_figures();
    check_blocks();
}

/* ---- runs ---- */

/* Returns how many requests the parent got. */
static size_t run(size_t after, size_t count)
{
    rng    = cci_random_seed(seed);
    parent = (moody_t){ .f = { .fail_at = FAILING_NEVER }, .after = after, .count = count };
    blocks = marks = cleanups = ran = peak = 0;
    cc_arena_init(
        &arena, (cc_allocator_t){ &moody_ops, &parent },
        &(cc_arena_options_t){ .chunk_size = 512 + below(3000), .chunk_max = below(20000) });
    for (step = 0; step < STEPS; step++)
        do_step();
    cc_arena_fini(&arena);
    released(0, 0);
    CHECK(parent.f.live_blocks == 0 && parent.f.live_bytes == 0);
    return parent.asked;
}

int main(void)
{
    size_t runs = 0;

    for (seed = 1; seed <= SEEDS; seed++) {
        size_t asked = run(0, 0);
        for (size_t k = 0; k < asked; k++, runs += 3) {
            run(k, 1);
            run(k, 4);
            run(k, SIZE_MAX);
        }
    }
    printf("%d seeds, %zu runs with trouble, %zu refusals\n", SEEDS, runs, refused);
    return refused ? 0 : 1;
}
