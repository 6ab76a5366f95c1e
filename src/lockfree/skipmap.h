/* SPDX-License-Identifier: MIT */
/* lockfree/skipmap.h - what the sources of ccmem/skipmap.h share. */
#ifndef CCI_LOCKFREE_SKIPMAP_H
#define CCI_LOCKFREE_SKIPMAP_H
#include <ccmem/skipmap.h>
#include "base/inline.h"
#include "lockfree/tally.h"
#include "lockfree/tower.h"

/* What heights of new nodes are drawn from: one a stripe. */
typedef struct cci_lot {
    _Alignas(CC_CACHE_LINE_SIZE) _Atomic uint64_t state;
} cci_lot_t;

struct cc_skipmap {
    /* never changes */
    cc_skipmap_compare_fn *compare;
    cc_skipmap_destroy_fn *destroy;
    void                  *context;
    cc_smr_t              *smr;
    bool                   owns_smr;
    _Atomic uint32_t       levels; /* in use, at least 1; never falls */
    _Alignas(CC_CACHE_LINE_SIZE) cci_link_t head[CCI_LEVELS_MAX];
    cci_tally_t tally;
    cci_lot_t   lot[CCI_STRIPES];
};
_Static_assert(offsetof(struct cc_skipmap, head) >= 2 * sizeof(cci_link_t), "cci_link_word");

/* Lists with as many levels are larger than the cache next to a processor. There, and only there, it is
 * worth while to have it guess where a walk goes on and, where keys are compared by a function, to fetch
 * what may come next. */
enum { CCI_LEVELS_OF_LARGE = 16 };

/* Where a key stands, or would: on each level the last link before it, and what that points to. The
 * node it is in, and what it points to, were in the list, and both may be read within the section. */
typedef struct cci_path {
    uint32_t     levels; /* that were searched */
    cci_link_t  *link[CCI_LEVELS_MAX];
    cci_tower_t *next[CCI_LEVELS_MAX];
} cci_path_t;

/* ---- nodes ---- */

/* A node that nobody knows; NULL: no memory. */
cci_tower_t *cci_skipmap_new(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, uintptr_t value,
                             uint32_t height);

/* Free it again; key and value are the caller's. */
void cci_skipmap_discard(const cc_skipmap_t *map, cci_tower_t *t);

/* Give up a hold. */
void cci_skipmap_let_go(cc_skipmap_t *map, cc_smr_guard_t *g, cci_tower_t *t);

/* A height for a new node, for which there are levels from now on. */
uint32_t cci_skipmap_height(cc_skipmap_t *map, cc_smr_guard_t *g);

/* Make sure that searches begin at that height or above. */
void cci_skipmap_raise(cc_skipmap_t *map, uint32_t height);

/* ---- searches: lockfree/skipmap_number.c ---- */

/* For changes. Returns the node with that key, path->next[0], or NULL. On upper levels the path may lead
 * to a node with that key that is marked. */
cci_tower_t *cci_skipmap_search(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                cci_path_t *path);

/* Which keys a reader passes by. */
typedef enum cci_side { CCI_NONE, CCI_BELOW, CCI_UP_TO, CCI_ALL } cci_side_t;

/* Two neighbours: no entry was between them, at one moment when both were there; NULL: the end. */
typedef struct cci_place {
    cci_tower_t *before, *behind;
} cci_place_t;

/* For readers: writes nothing. Where the keys end that are on that side of key. */
cci_place_t cci_skipmap_find(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, cci_side_t side);

/* The node with that key, or NULL. */
cci_tower_t *cci_skipmap_find_key(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key);

/* The same in lockfree/skipmap_search.c. The search unlinks what is marked on its way: a node with that
 * key that was marked before is on no level afterwards. */
cci_tower_t *cci_skipmap_search_any(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                    cci_path_t *path);
cci_place_t  cci_skipmap_find_any(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                  cci_side_t side);
cci_tower_t *cci_skipmap_find_key_any(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key);

/* The levels that have a node, at least 1. */
static inline uint32_t cci_skipmap_levels(const cc_skipmap_t *map)
{
    uint32_t levels = atomic_load_explicit(&map->levels, memory_order_relaxed);

    while (levels > 1 && !atomic_load_explicit(&map->head[levels - 1], memory_order_acquire))
        levels--;
    return levels;
}

/* The nodes where the way may go on below are on their way when it is known that it does. */
static inline void cci_skipmap_expect_down(const cci_link_t *link, uint32_t level)
{
    if (level > 0)
        __builtin_prefetch(
            cci_tower_at(atomic_load_explicit(&link[level - 1], memory_order_relaxed)));
    if (level > 1)
        __builtin_prefetch(
            cci_tower_at(atomic_load_explicit(&link[level - 2], memory_order_relaxed)));
}

/* Whether all is as it should be when nobody uses the map: on each level keys ascend and no node is
 * marked, each node is on all its levels and held by the map alone, and they are counted. O(n). */
bool cci_skipmap_is_valid(const cc_skipmap_t *map);

/* Whether a stands before b. */
static inline bool cci_skipmap_is_before(const cc_skipmap_t *map, uintptr_t a, uintptr_t b)
{
    return map->compare ? map->compare(a, b, map->context) < 0 : a < b;
}

#endif
