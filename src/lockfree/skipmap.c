/* SPDX-License-Identifier: MIT */
/* skipmap.c - see ccmem/skipmap.h: making and ending a map, its nodes, and filling it from sorted
 * entries. */
#include "lockfree/skipmap.h"
#include <string.h>

/* ---- nodes ---- */

/* Behind the links is the map, if it has to be told. */
static size_t size_of(const cc_skipmap_t *map, uint32_t height)
{
    return offsetof(cci_tower_t, next) + height * sizeof(cci_link_t) +
           (map->destroy ? sizeof map : 0);
}

static cc_skipmap_t **owner_of(cci_tower_t *t)
{
    return (cc_skipmap_t **)&t->next[t->height];
}

/* A node of one level has no upper ones to be raised. */
cci_tower_t *cci_skipmap_new(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, uintptr_t value,
                             uint32_t height)
{
    cci_tower_t *t = cc_smr_alloc(g, size_of(map, height));

    if (!t)
        return NULL;
    t->key    = key;
    t->value  = value;
    t->height = height;
    atomic_init(&t->life, CCI_HOLD | (height == 1 ? CCI_RAISED : 0));
    if (map->destroy)
        *owner_of(t) = map;
    return t;
}

void cci_skipmap_discard(const cc_skipmap_t *map, cci_tower_t *t)
{
    if (t)
        cc_smr_free(t, size_of(map, t->height));
}

static void destroy_node(void *node, size_t size)
{
    cci_tower_t        *t   = node;
    const cc_skipmap_t *map = *owner_of(t);

    map->destroy(t->key, t->value, map->context);
    cc_smr_free(node, size);
}

void cci_skipmap_let_go(cc_skipmap_t *map, cc_smr_guard_t *g, cci_tower_t *t)
{
    if (cci_tower_let_go(t))
        cc_smr_retire(g, t, size_of(map, t->height), map->destroy ? destroy_node : NULL);
}

/* ---- heights ---- */

void cci_skipmap_raise(cc_skipmap_t *map, uint32_t height)
{
    uint32_t levels = atomic_load_explicit(&map->levels, memory_order_relaxed);

    while (levels < height &&
           !atomic_compare_exchange_weak_explicit(&map->levels, &levels, height,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

/* Two threads of one stripe may draw the same number, which does no harm. */
static uint64_t draw(cci_lot_t *lot)
{
    uint64_t x = atomic_load_explicit(&lot->state, memory_order_relaxed);

    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    atomic_store_explicit(&lot->state, x, memory_order_relaxed);
    return x >> 32;
}

/* Half of the nodes of a level are on the next. One level more than there are at most. */
uint32_t cci_skipmap_height(cc_skipmap_t *map, cc_smr_guard_t *g)
{
    uint32_t levels = atomic_load_explicit(&map->levels, memory_order_relaxed);
    uint64_t bits   = draw(&map->lot[cci_stripe_of(g)]) | UINT64_C(1) << (CCI_LEVELS_MAX - 1);
    uint32_t height = 1 + (uint32_t)__builtin_ctzll(bits);

    if (height <= levels)
        return height;
    if (levels == CCI_LEVELS_MAX)
        return levels;
    cci_skipmap_raise(map, levels + 1);
    return levels + 1;
}

/* ---- making and ending ---- */

static bool set_domain(cc_skipmap_t *map, const cc_skipmap_options_t *o)
{
    cc_smr_options_t own = CC_SMR_OPTIONS_DEFAULT;

    own.scheme    = o->scheme;
    map->smr      = o->smr ? o->smr : cc_smr_create(&own);
    map->owns_smr = !o->smr;
    return map->smr;
}

static void seed(cc_skipmap_t *map)
{
    for (unsigned i = 0; i < CCI_STRIPES; i++)
        atomic_init(&map->lot[i].state, (uintptr_t)&map->lot[i]);
}

cc_skipmap_t *cc_skipmap_create(const cc_skipmap_options_t *options)
{
    const cc_skipmap_options_t usual = { 0 };
    cc_skipmap_t              *map   = cc_alloc_aligned(sizeof *map, _Alignof(cc_skipmap_t));

    if (!options)
        options = &usual;
    if (!map)
        return NULL;
    memset(map, 0, sizeof *map);
    map->compare = options->compare;
    map->destroy = options->destroy;
    map->context = options->context;
    atomic_init(&map->levels, 1);
    seed(map);
    if (set_domain(map, options))
        return map;
    cc_free_aligned(map, sizeof *map, _Alignof(cc_skipmap_t));
    return NULL;
}

/* Of what nobody else knows. */
static cci_tower_t *next_of(const cci_link_t *link)
{
    return cci_tower_at(atomic_load_explicit(link, memory_order_relaxed));
}

/* With destroy the map's entries, otherwise nodes whose entries are the caller's. */
static void free_list(const cc_skipmap_t *map, cci_tower_t *t, bool destroy)
{
    for (cci_tower_t *next; t; t = next) {
        next = next_of(&t->next[0]);
        if (destroy && map->destroy)
            map->destroy(t->key, t->value, map->context);
        cci_skipmap_discard(map, t);
    }
}

/* What is retired knows the map, so that goes last. */
void cc_skipmap_destroy(cc_skipmap_t *map)
{
    if (!map)
        return;
    cc_smr_barrier(map->smr);
    free_list(map, next_of(&map->head[0]), true);
    if (map->owns_smr)
        cc_smr_destroy(map->smr);
    cc_free_aligned(map, sizeof *map, _Alignof(cc_skipmap_t));
}

cc_smr_t *cc_skipmap_smr(const cc_skipmap_t *map)
{
    return map->smr;
}

size_t cc_skipmap_len(const cc_skipmap_t *map)
{
    return cci_tally_sum(&map->tally);
}

/* ---- loading ---- */

/* A list that nobody knows: its head, and the last link of each level. */
typedef struct chain {
    cci_link_t  head[CCI_LEVELS_MAX];
    cci_link_t *end[CCI_LEVELS_MAX];
    uint32_t    levels;
} chain_t;

/* As in a tree of all nodes: every other node is on the next level. */
static uint32_t height_of(uint64_t number)
{
    return 1 + (uint32_t)__builtin_ctzll(number | UINT64_C(1) << (CCI_LEVELS_MAX - 1));
}

static void append(chain_t *c, cci_tower_t *t)
{
    for (uint32_t level = 0; level < t->height; level++) {
        atomic_init(&t->next[level], 0);
        atomic_store_explicit(c->end[level], cci_link_to(t), memory_order_relaxed);
        c->end[level] = &t->next[level];
    }
    if (c->levels < t->height)
        c->levels = t->height;
}

static cc_result_t append_new(cc_skipmap_t *map, chain_t *c, cc_skipmap_entry_t e, uint64_t number)
{
    cc_smr_guard_t *g = cc_smr_enter(map->smr);
    cci_tower_t    *t = g ? cci_skipmap_new(map, g, e.key, e.value, height_of(number)) : NULL;

    if (g)
        cc_smr_leave(g);
    if (!t)
        return CC_RESULT_NO_MEMORY;
    t->life = CCI_HOLD | CCI_RAISED;
    append(c, t);
    return CC_RESULT_OK;
}

/* The last link of each level of the map, and the last node, if any. */
static cci_tower_t *find_ends(cc_skipmap_t *map, cci_link_t **end)
{
    cci_link_t *link = map->head;

    for (uint32_t level = CCI_LEVELS_MAX; level-- > 0;) {
        for (cci_tower_t *t; (t = next_of(&link[level]));)
            link = t->next;
        end[level] = &link[level];
    }
    return link == map->head ? NULL : cci_tower_of(link);
}

static bool is_ascending(const cc_skipmap_t *map, const cci_tower_t *last,
                         const cc_skipmap_entry_t *e, size_t count)
{
    if (count > 0 && last && !cci_skipmap_is_before(map, last->key, e[0].key))
        return false;
    for (size_t i = 1; i < count; i++)
        if (!cci_skipmap_is_before(map, e[i - 1].key, e[i].key))
            return false;
    return true;
}

static void splice(cc_skipmap_t *map, cci_link_t **end, const chain_t *c, size_t count)
{
    for (uint32_t level = 0; level < c->levels; level++)
        atomic_store_explicit(end[level], cci_link_to(next_of(&c->head[level])),
                              memory_order_release);
    cci_skipmap_raise(map, c->levels);
    cci_tally_add(&map->tally, 0, (int64_t)count);
}

cc_result_t cc_skipmap_load(cc_skipmap_t *map, const cc_skipmap_entry_t *entries, size_t count)
{
    cci_link_t *end[CCI_LEVELS_MAX];
    chain_t     c = { .levels = 1 };
    size_t      n = cc_skipmap_len(map);

    if (!is_ascending(map, find_ends(map, end), entries, count))
        return CC_RESULT_INVALID;
    for (uint32_t level = 0; level < CCI_LEVELS_MAX; level++)
        c.end[level] = &c.head[level];
    for (size_t i = 0; i < count; i++) {
        cc_result_t r = append_new(map, &c, entries[i], n + i + 1);
        if (r != CC_RESULT_OK) {
            free_list(map, next_of(&c.head[0]), false);
            return r;
        }
    }
    splice(map, end, &c, count);
    return CC_RESULT_OK;
}
