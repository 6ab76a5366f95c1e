/* SPDX-License-Identifier: MIT */
/* Property: any tree of the allocators of ccmem/compose.h is an allocator. Blocks are aligned and keep
 * their bytes; each goes back to the leaf that it came from, with its size and alignment; the figures
 * are what a model counts; nothing is left in the end. Then the same with each request failing that a
 * leaf gets, once each: what fails is NULL and changes nothing. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ccmem/compose.h>
#include "base/random.h"
#include "support/failing.h"

enum {
    SEEDS     = CCMEM_INSTRUMENTED ? 60 : 400,
    STEPS     = 150,
    BLOCKS    = 60,
    DEPTH_MAX = 4,
    PARTS     = 3,
    NODES_MAX = 1 << 8,
    SIZE_MOST = 300
};

typedef enum { LEAF, FALLBACK, SEGREGATE, LIMIT, TRACK, LOCKED, FAILING, KINDS } kind_t;

typedef struct node {
    kind_t kind;
    union {
        failing_t     leaf;
        cc_fallback_t fallback;
        struct {
            cc_segregate_t      by_size;
            cc_segregate_part_t parts[PARTS];
        } segregate;
        cc_limit_t   limit;
        cc_track_t   track;
        cc_locked_t  locked;
        cc_failing_t failing;
    } as;
} node_t;

typedef struct block {
    unsigned char *ptr; /* NULL: none */
    size_t         size, align;
    unsigned char  tag;
} block_t;

static node_t    node[NODES_MAX];
static size_t    nodes;
static failing_t books; /* of every fallback */
static bool      may_refuse;
static block_t   block[BLOCKS];
static size_t    live_count, live_bytes;
static uint64_t  rng;
static unsigned  seed, step;

static _Noreturn void fail_at(int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, step %u: %s\n", __FILE__, line, seed, step, what);
    exit(1);
}

#define CHECK(e) ((e) ? (void)0 : fail_at(__LINE__, #e))

static size_t below(size_t n)
{
    return (size_t)(cci_random_next(&rng) >> 33) % n;
}

/* ---- the tree ---- */

static cc_allocator_t make_tree(unsigned depth);

static node_t *new_node(kind_t kind)
{
    CHECK(nodes < NODES_MAX);
    node_t *n = &node[nodes++];
    n->kind   = kind;
    return n;
}

static cc_allocator_t make_leaf(void)
{
    node_t *n  = new_node(LEAF);
    n->as.leaf = (failing_t){ .fail_at = FAILING_NEVER };
    return failing_allocator(&n->as.leaf);
}

static cc_allocator_t make_fallback(unsigned depth)
{
    node_t        *n     = new_node(FALLBACK);
    cc_allocator_t first = make_tree(depth), second = make_tree(depth);

    cc_fallback_init(&n->as.fallback, first, second, failing_allocator(&books));
    return cc_fallback_allocator(&n->as.fallback);
}

static cc_allocator_t make_segregate(unsigned depth)
{
    node_t *n   = new_node(SEGREGATE);
    size_t  max = 0;

    for (int i = 0; i < PARTS; i++) {
        max                      = max + 1 + below(SIZE_MOST / 2);
        n->as.segregate.parts[i] = (cc_segregate_part_t){ max, make_tree(depth) };
    }
    if (below(2))
        n->as.segregate.parts[PARTS - 1].max = SIZE_MAX;
    else
        may_refuse = true;
    CHECK(cc_segregate_init(&n->as.segregate.by_size, n->as.segregate.parts, PARTS) ==
          CC_RESULT_OK);
    return cc_segregate_allocator(&n->as.segregate.by_size);
}

static cc_allocator_t make_limit(unsigned depth)
{
    node_t *n = new_node(LIMIT);

    may_refuse = true;
    cc_limit_init(&n->as.limit, make_tree(depth), below(BLOCKS * SIZE_MOST / 4));
    return cc_limit_allocator(&n->as.limit);
}

static cc_allocator_t make_track(unsigned depth)
{
    node_t *n = new_node(TRACK);

    cc_track_init(&n->as.track, make_tree(depth));
    return cc_track_allocator(&n->as.track);
}

static cc_allocator_t make_locked(unsigned depth)
{
    node_t *n = new_node(LOCKED);

    CHECK(cc_locked_init(&n->as.locked, make_tree(depth)) == CC_RESULT_OK);
    return cc_locked_allocator(&n->as.locked);
}

static cc_allocator_t make_failing(unsigned depth)
{
    node_t *n = new_node(FAILING);

    may_refuse = true;
    cc_failing_init(&n->as.failing, make_tree(depth));
    cc_failing_at(&n->as.failing, below(STEPS));
    cc_failing_every(&n->as.failing, below(STEPS / 4));
    cc_failing_randomly(&n->as.failing, (double)below(100) / 300, seed);
    return cc_failing_allocator(&n->as.failing);
}

static cc_allocator_t make_tree(unsigned depth)
{
    kind_t kind = depth == 0 ? LEAF : (kind_t)below(KINDS);

    switch (kind) {
    case FALLBACK:
        return make_fallback(depth - 1);
    case SEGREGATE:
        return make_segregate(depth - 1);
    case LIMIT:
        return make_limit(depth - 1);
    case TRACK:
        return make_track(depth - 1);
    case LOCKED:
        return make_locked(depth - 1);
    case FAILING:
        return make_failing(depth - 1);
    default:
        return make_leaf();
    }
}

static void end_tree(void)
{
    for (size_t i = 0; i < nodes; i++)
        if (node[i].kind == FALLBACK)
            cc_fallback_fini(&node[i].as.fallback);
        else if (node[i].kind == LOCKED)
            cc_locked_fini(&node[i].as.locked);
}

/* ---- what must hold ---- */

static void check_track(const cc_track_t *t)
{
    cc_track_stats_t s     = cc_track_stats(t);
    uint64_t         sizes = 0;

    for (unsigned i = 0; i < CC_TRACK_SIZES; i++)
        sizes += s.size_counts[i];
    CHECK(sizes == s.alloc_count);
    CHECK(s.live_count == s.alloc_count - s.free_count);
    CHECK(s.live_bytes == s.alloc_bytes - s.free_bytes);
    CHECK(s.peak_count >= s.live_count && s.peak_bytes >= s.live_bytes);
}

static void check_limit(const cc_limit_t *l)
{
    cc_limit_stats_t s = cc_limit_stats(l);

    CHECK(s.used <= s.peak && s.peak <= s.limit);
}

/* The leaves have together what is live in the model. */
static void check_nodes(void)
{
    size_t count = 0, bytes = 0;

    for (size_t i = 0; i < nodes; i++)
        if (node[i].kind == LEAF) {
            count += node[i].as.leaf.live_blocks;
            bytes += node[i].as.leaf.live_bytes;
        } else if (node[i].kind == TRACK) {
            check_track(&node[i].as.track);
        } else if (node[i].kind == LIMIT) {
            check_limit(&node[i].as.limit);
        }
    CHECK(count == live_count && bytes == live_bytes);
}

static void check_block(const block_t *b)
{
    CHECK((uintptr_t)b->ptr % b->align == 0);
    for (size_t i = 0; i < b->size; i++)
        CHECK(b->ptr[i] == b->tag);
}

/* ---- a run ---- */

static bool try_alloc(cc_allocator_t a, block_t *b)
{
    b->size  = 1 + below(SIZE_MOST);
    b->align = (size_t)1 << below(9);
    b->tag   = (unsigned char)step;
    b->ptr   = cc_allocator_alloc(a, b->size, b->align);
    if (!b->ptr)
        return false;
    memset(b->ptr, b->tag, b->size);
    live_count++;
    live_bytes += b->size;
    return true;
}

static void give_back(cc_allocator_t a, block_t *b)
{
    check_block(b);
    cc_allocator_free(a, b->ptr, b->size, b->align);
    b->ptr = NULL;
    live_count--;
    live_bytes -= b->size;
}

static size_t use(cc_allocator_t a)
{
    size_t refused = 0;

    for (step = 0; step < STEPS; step++) {
        block_t *b = &block[below(BLOCKS)];
        if (b->ptr)
            give_back(a, b);
        else
            refused += !try_alloc(a, b);
        check_nodes();
    }
    for (size_t i = 0; i < BLOCKS; i++)
        if (block[i].ptr)
            give_back(a, &block[i]);
    return refused;
}

/* What takes memory from malloc, number i: a leaf, or behind all nodes the books. NULL: no leaf. */
static failing_t *source(size_t i)
{
    if (i == nodes)
        return &books;
    return node[i].kind == LEAF ? &node[i].as.leaf : NULL;
}

static void make_root(cc_track_t *root)
{
    rng        = cci_random_seed(seed);
    nodes      = 0;
    may_refuse = false;
    books      = (failing_t){ .fail_at = FAILING_NEVER };
    cc_track_init(root, make_tree(1 + seed % DEPTH_MAX));
}

/* Request k of source i fails. Returns how many requests that one got. */
static size_t run(size_t i, size_t k)
{
    cc_track_t root;

    make_root(&root);
    source(i)->fail_at       = k;
    size_t           refused = use(cc_track_allocator(&root));
    cc_track_stats_t s       = cc_track_stats(&root);
    CHECK(s.refused_count == refused && s.live_count == 0 && s.live_bytes == 0);
    CHECK(may_refuse || refused <= (k != FAILING_NEVER));
    check_nodes();
    end_tree();
    CHECK(books.live_blocks == 0);
    return source(i)->requests;
}

int main(void)
{
    cc_track_t root;
    size_t     runs = 0;

    for (seed = 1; seed <= SEEDS; seed++) {
        make_root(&root);
        for (size_t i = 0; i <= nodes; i++) {
            const size_t requests = source(i) ? run(i, FAILING_NEVER) : 0;
            for (size_t k = 0; k < requests; k++, runs++)
                run(i, k);
        }
    }
    printf("%zu runs\n", runs);
    return runs == 0;
}
