/* SPDX-License-Identifier: MIT */
/* skipmap_number.c - searches as they are nearly always: keys are numbers, and nothing on the way was
 * taken out. What does not fit begins anew in lockfree/skipmap_search.c.
 *
 * As long as no link is marked, changes and reads walk alike: each link was read while its node was in,
 * and so was the one it points to. A step goes along to the next node or down to the next level, the one
 * as often as the other, so of two guesses of the processor one is wrong. In a list that is in its cache
 * that takes longer than the key takes to come: both links are read, and the key picks one. In a larger
 * one it guesses, and what it comes to meanwhile is fetched. Either way what both links lead to is.
 */
#include "lockfree/skipmap.h"
#include "prim/cpu.h"

/* ---- steps ---- */

/* Where a walk is: the links of the last node below the key, or those of the head, and what the one of
 * its level points to. */
typedef struct spot {
    cci_link_t  *links;
    cci_tower_t *next;
} spot_t;

/* Where it goes on: on which level, below 0 if nowhere, and what the link there was read to point to. */
typedef struct turn {
    intptr_t  level;
    uintptr_t next;
} turn_t;

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

/* cc_smr_protect, of a link that was read already. */
CCI_SPECIALISED uintptr_t protect(reader_t *r, const cci_link_t *link, uintptr_t read)
{
    if (__builtin_expect(__atomic_load_n(r->watched, __ATOMIC_RELAXED) == r->up, 1))
        return read;
    read  = (uintptr_t)cc_smr_protect_slow_(r->g, (const void *)link);
    r->up = __atomic_load_n(&r->g->up, __ATOMIC_RELAXED);
    return read;
}

/* Where a list ends there is a node behind all keys. */
static const union {
    cci_tower_t tower;
    char        bytes[sizeof(cci_tower_t) + CCI_LEVELS_MAX * sizeof(cci_link_t)];
} end = { .tower = { .key = UINTPTR_MAX } };

/* The end is met seldom enough to be guessed. */
CCI_SPECIALISED const cci_tower_t *tower_or_end(const cci_tower_t *t)
{
    if (__builtin_expect(t != NULL, 1))
        return t;
    __asm__ volatile(""); /* a jump: a choice would have the key wait for it */
    return &end.tower;
}

/* False: it is marked. */
CCI_SPECIALISED bool arrive(reader_t *r, spot_t *s, turn_t at)
{
    uintptr_t next = protect(r, &s->links[at.level], at.next);

    s->next = (cci_tower_t *)next;
    return !__builtin_expect(cci_is_marked(next), 0);
}

static inline void expect(uintptr_t link)
{
    __builtin_prefetch((const void *)link);
}

/* ---- the walk ---- */

/* The key picks one: it waits for the key. */
CCI_SPECIALISED turn_t choose(spot_t *s, const cci_tower_t *t, uintptr_t its_key, uintptr_t key,
                              uintptr_t along, turn_t down)
{
    uintptr_t links = cci_if_below(its_key, key, (uintptr_t)t->next, (uintptr_t)s->links);

    s->links = (cci_link_t *)links;
    return (turn_t){ down.level + (its_key < key), cci_if_below(its_key, key, along, down.next) };
}

/* The processor picks one: it has fetched that when the key comes. */
CCI_SPECIALISED turn_t guess(spot_t *s, const cci_tower_t *t, uintptr_t its_key, uintptr_t key,
                             uintptr_t along, turn_t down)
{
    if (its_key >= key)
        return down;
    s->links = (cci_link_t *)t->next;
    return (turn_t){ down.level + 1, along };
}

/* Along or down, from t, which is next and has that key. */
CCI_SPECIALISED turn_t step(spot_t *s, const cci_tower_t *t, uintptr_t its_key, uintptr_t key,
                            intptr_t level, bool is_large)
{
    uintptr_t along = cci_link_word(t->next, level);
    turn_t    down  = { level - 1, cci_link_word(s->links, level - 1) };

    expect(along);
    expect(down.next);
    expect(cci_link_word(s->links, level - 2));
    return is_large ? guess(s, t, its_key, key, along, down)
                    : choose(s, t, its_key, key, along, down);
}

CCI_SPECIALISED void note(cci_path_t *path, const spot_t *s, intptr_t level)
{
    if (path) {
        path->link[level] = &s->links[level];
        path->next[level] = s->next;
    }
}

/* To the last key below. path: filled in, unless it is NULL. stops: may end on an upper level, at the key.
 * False: something is marked. */
CCI_SPECIALISED bool walk(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, bool stops,
                          cci_path_t *path, spot_t *s)
{
    uint32_t   levels   = cci_skipmap_levels(map);
    const bool is_large = levels >= CCI_LEVELS_OF_LARGE;
    reader_t   r        = begin(g);
    turn_t     at       = { levels - 1, cci_link_word(map->head, levels - 1) };

    s->links = map->head;
    if (path)
        path->levels = levels;
    while (arrive(&r, s, at)) {
        note(path, s, at.level);
        const cci_tower_t *t       = tower_or_end(s->next);
        const uintptr_t    its_key = t->key;
        if (stops && __builtin_expect(its_key == key, 0))
            return true;
        at = step(s, t, its_key, key, at.level, is_large);
        if (at.level < 0)
            return true;
    }
    return false;
}

/* ---- what is found, in the one order of all changes ---- */

static inline bool is_at(const spot_t *s, uintptr_t key)
{
    return s->next && s->next->key == key;
}

static inline bool is_in(cci_tower_t *t)
{
    return !cci_is_marked(cci_look(&t->next[0]));
}

/* The walk ended on level 0, and nothing is between. */
static inline bool is_next(const spot_t *s)
{
    return cci_look(&s->links[0]) == cci_link_to(s->next);
}

static inline bool is_settled(const spot_t *s, uintptr_t key)
{
    return is_at(s, key) ? is_in(s->next) : is_next(s);
}

cci_tower_t *cci_skipmap_search(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                cci_path_t *path)
{
    spot_t s;

    if (!map->compare && walk(map, g, key, false, path, &s) && is_settled(&s, key))
        return is_at(&s, key) ? s.next : NULL;
    return cci_skipmap_search_any(map, g, key, path);
}

static inline cci_place_t place_at(const cc_skipmap_t *map, const spot_t *s)
{
    return (cci_place_t){ .before = s->links == map->head ? NULL : cci_tower_of(s->links),
                          .behind = s->next };
}

/* Where the keys below this one end. False: something is marked. */
static bool find_below(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, cci_place_t *place)
{
    spot_t s;

    if (!walk(map, g, key, false, NULL, &s))
        return false;
    *place = place_at(map, &s);
    return (!s.next || is_in(s.next)) && is_next(&s);
}

cci_place_t cci_skipmap_find(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, cci_side_t side)
{
    const bool  is_up_to = side == CCI_UP_TO && key < UINTPTR_MAX;
    cci_place_t place;

    if (!map->compare && (is_up_to || side == CCI_BELOW) &&
        find_below(map, g, is_up_to ? key + 1 : key, &place))
        return place;
    return cci_skipmap_find_any(map, g, key, side);
}

/* A node that is met on an upper level is found, unless it is marked: then another may have taken its
 * place, on level 0. */
cci_tower_t *cci_skipmap_find_key(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key)
{
    spot_t s;

    if (!map->compare && walk(map, g, key, true, NULL, &s) && is_settled(&s, key))
        return is_at(&s, key) ? s.next : NULL;
    return cci_skipmap_find_key_any(map, g, key);
}
