/* SPDX-License-Identifier: MIT */
/* skipmap_valid.c - what holds of a map that nobody uses; see lockfree/skipmap.h. */
#include "lockfree/skipmap.h"

static uintptr_t read_link(const cci_link_t *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

/* Whether a node that is on the level above comes next here, with shorter ones before it. */
static bool leads_to(uintptr_t here, const cci_tower_t *upper, uint32_t level)
{
    while (here && cci_tower_at(here) != upper && cci_tower_at(here)->height == level + 1)
        here = read_link(&cci_tower_at(here)->next[level]);
    return cci_tower_at(here) == upper;
}

static bool is_level_valid(const cc_skipmap_t *map, uint32_t level, uint64_t *count)
{
    const cci_tower_t *last = NULL;

    for (uintptr_t here = read_link(&map->head[level]); here; (*count)++) {
        const cci_tower_t *t = cci_tower_at(here);
        if (cci_is_marked(here) || t->height <= level || t->height > map->levels ||
            t->life != (CCI_HOLD | CCI_RAISED) ||
            (last && !cci_skipmap_is_before(map, last->key, t->key)))
            return false;
        last = t;
        here = read_link(&t->next[level]);
        if (level > 0 && !leads_to(read_link(&t->next[level - 1]), cci_tower_at(here), level - 1))
            return false;
    }
    return level == 0 || leads_to(read_link(&map->head[level - 1]),
                                  cci_tower_at(read_link(&map->head[level])), level - 1);
}

bool cci_skipmap_is_valid(const cc_skipmap_t *map)
{
    for (uint32_t level = 0; level < CCI_LEVELS_MAX; level++) {
        uint64_t count = 0;
        if (!is_level_valid(map, level, &count) || (level >= map->levels && count > 0) ||
            (level == 0 && count != cc_skipmap_len(map)))
            return false;
    }
    return true;
}
