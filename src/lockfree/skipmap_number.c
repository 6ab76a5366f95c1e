/* SPDX-License-Identifier: MIT */
/* skipmap_number.c - searches as they are nearly always: keys are numbers, and nothing on the way was
 * taken out. What does not fit begins anew in lockfree/skipmap_search.c.
 *
 * As long as no link is marked, changes and reads walk alike: each link was read while its node was in,
 * and so was the one it points to. What a step costs is a link, the era and a key; what a search costs
 * is mostly the guesses of the processor whether a step goes along or down, every other of
 * which is wrong, so the key that decides it has to be there soon.
 */
#include "lockfree/skipmap.h"

/* ---- steps ---- */

/* What cc_smr_protect looks at, for the compiler to keep in registers. */
typedef struct reader {
    cc_smr_guard_t *g;
    const uint64_t *watched;
    uint64_t        up;
} reader_t;

static inline reader_t begin(cc_smr_guard_t *g)
{
    return (reader_t){ g, g->watched, __atomic_load_n(&g->up, __ATOMIC_RELAXED) };
}

/* cc_smr_protect. */
CCI_SPECIALISED uintptr_t follow(reader_t *r, const cci_link_t *link)
{
    uintptr_t next = atomic_load_explicit(link, memory_order_acquire);

    if (__builtin_expect(__atomic_load_n(r->watched, __ATOMIC_RELAXED) == r->up, 1))
        return next;
    next  = (uintptr_t)cc_smr_protect_slow_(r->g, (const void *)link);
    r->up = __atomic_load_n(&r->g->up, __ATOMIC_RELAXED);
    return next;
}

/* ---- the walk ---- */

/* Where it is: the link before the key, and what that points to. */
typedef struct spot {
    cci_link_t  *link;
    cci_tower_t *next;
} spot_t;

CCI_SPECIALISED bool passes(const cci_tower_t *t, uintptr_t key, cci_side_t side)
{
    return t && (side == CCI_BELOW ? t->key < key : t->key <= key);
}

/* Along a level. False: something is marked. */
CCI_SPECIALISED bool go_along(reader_t *r, uintptr_t key, cci_side_t side, uint32_t level,
                              bool is_large, spot_t *s)
{
    for (;;) {
        if (is_large)
            cci_skipmap_expect_down(s->link, level);
        uintptr_t next = follow(r, &s->link[level]);
        if (__builtin_expect(cci_is_marked(next), 0))
            return false;
        s->next = (cci_tower_t *)next;
        if (!passes(s->next, key, side))
            return true;
        s->link = s->next->next;
    }
}

static inline bool is_at(const spot_t *s, uintptr_t key)
{
    return s->next && s->next->key == key;
}

/* To where the keys end that are on that side of key. path: filled in, unless it is NULL. stops: may
 * end on an upper level, at the key. False: something is marked. */
CCI_SPECIALISED bool walk(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, cci_side_t side,
                          bool stops, cci_path_t *path, spot_t *s)
{
    uint32_t   levels   = cci_skipmap_levels(map);
    const bool is_large = levels >= CCI_LEVELS_OF_LARGE;
    reader_t   r        = begin(g);

    *s = (spot_t){ .link = map->head };
    if (path)
        path->levels = levels;
    for (uint32_t level = levels; level-- > 0;) {
        if (!go_along(&r, key, side, level, is_large, s))
            return false;
        if (stops && is_at(s, key))
            return true;
        if (path) {
            path->link[level] = &s->link[level];
            path->next[level] = s->next;
        }
    }
    return true;
}

/* ---- what is found, in the one order of all changes ---- */

static inline bool is_in(cci_tower_t *t)
{
    return !cci_is_marked(cci_look(&t->next[0]));
}

/* The walk ended on level 0, and nothing is between. */
static inline bool is_next(const spot_t *s)
{
    return cci_look(&s->link[0]) == cci_link_to(s->next);
}

static inline bool is_settled(const spot_t *s, uintptr_t key)
{
    return is_at(s, key) ? is_in(s->next) : is_next(s);
}

cci_tower_t *cci_skipmap_search(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                cci_path_t *path)
{
    spot_t s;

    if (!map->compare && walk(map, g, key, CCI_BELOW, false, path, &s) && is_settled(&s, key))
        return is_at(&s, key) ? s.next : NULL;
    return cci_skipmap_search_any(map, g, key, path);
}

static inline cci_place_t place_at(const cc_skipmap_t *map, const spot_t *s)
{
    return (cci_place_t){ .before = s->link == map->head ? NULL : cci_tower_of(s->link),
                          .behind = s->next };
}

/* Below the key and up to it are two walks for the compiler. */
CCI_SPECIALISED bool find_numbers(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                  cci_side_t side, cci_place_t *place)
{
    spot_t s;

    if (!walk(map, g, key, side, false, NULL, &s))
        return false;
    *place = place_at(map, &s);
    return (!s.next || is_in(s.next)) && is_next(&s);
}

cci_place_t cci_skipmap_find(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, cci_side_t side)
{
    cci_place_t place;

    if (!map->compare && side == CCI_BELOW && find_numbers(map, g, key, CCI_BELOW, &place))
        return place;
    if (!map->compare && side == CCI_UP_TO && find_numbers(map, g, key, CCI_UP_TO, &place))
        return place;
    return cci_skipmap_find_any(map, g, key, side);
}

/* A node that is met on an upper level is found, unless it is marked: then another may have taken its
 * place, on level 0. */
cci_tower_t *cci_skipmap_find_key(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key)
{
    spot_t s;

    if (!map->compare && walk(map, g, key, CCI_BELOW, true, NULL, &s) && is_settled(&s, key))
        return is_at(&s, key) ? s.next : NULL;
    return cci_skipmap_find_key_any(map, g, key);
}
