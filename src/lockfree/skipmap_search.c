/* SPDX-License-Identifier: MIT */
/* skipmap_search.c - the two walks through the list, for any keys and past whatever is marked; see
 * lockfree/skipmap.h. Those for numbers try the short way first (lockfree/skipmap_number.c).
 *
 * What a link says counts only if the node that has it is in the list. Its mark tells, since marks come
 * before a node is unlinked: an unmarked link was read while its node was in, and so was the one it
 * points to. Behind a marked link the two walks differ.
 *
 * A search for a change unlinks the node. When that succeeds, on the link of a node that is in, what
 * stood behind is in, too; when not, it begins anew (Michael 2002).
 *
 * A reader goes on through marked nodes, and each time looks whether the last link that was not marked
 * still is the same. While it is, nobody unlinked the first of the marked nodes, nor any behind, for
 * their links do not change (Arovi, Nikolaev 2025). To stop on the way and take the chain out would
 * make readers write to lines that others read.
 *
 * A node that was found on one level to stand at the key or behind is known on the next, and not
 * compared again.
 */
#include "lockfree/skipmap.h"

/* Below 0, 0, above 0. */
static int compare(const cc_skipmap_t *map, uintptr_t a, uintptr_t b)
{
    return map->compare ? map->compare(a, b, map->context) : (a > b) - (a < b);
}

/* What may come behind t, to which the link leads, is on its way while the key of t is, which may be
 * elsewhere, and compared. */
static inline void expect(const cci_link_t *link, const cci_tower_t *t, uint32_t level)
{
    cci_skipmap_expect_down(link, level);
    __builtin_prefetch(cci_tower_at(atomic_load_explicit(&t->next[level], memory_order_relaxed)));
}

/* ---- for changes ---- */

/* Along a level to the first node at the key that is not marked, or behind it. False: begin anew. */
static bool search_along(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, uint32_t level,
                         bool is_large, cci_link_t **link, cci_tower_t **found)
{
    const cci_tower_t *known = *found;
    uintptr_t          here  = cci_follow(g, &(*link)[level]);

    if (cci_is_marked(here))
        return false;
    for (cci_tower_t *t; (t = *found = cci_tower_at(here)) && t != known;) {
        if (is_large)
            expect(*link, t, level);
        int where = compare(map, t->key, key);
        if (where > 0)
            break;
        here = cci_follow(g, &t->next[level]);
        if (cci_is_marked(here)) {
            if (!cci_relink(&(*link)[level], t, here & ~CCI_MARK))
                return false;
        } else if (where == 0) {
            break;
        } else {
            *link = t->next;
        }
    }
    return true;
}

static bool search_once(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, cci_path_t *path)
{
    cci_link_t  *link  = map->head;
    cci_tower_t *found = NULL;

    path->levels        = cci_skipmap_levels(map);
    const bool is_large = path->levels >= CCI_LEVELS_OF_LARGE;
    for (uint32_t level = path->levels; level-- > 0;) {
        if (!search_along(map, g, key, level, is_large, &link, &found))
            return false;
        path->link[level] = &link[level];
        path->next[level] = found;
    }
    return true;
}

/* What was found is in, or nothing is between, in the one order of all changes. */
static inline bool is_settled(const cci_path_t *path, cci_tower_t *found)
{
    return found ? !cci_is_marked(cci_look(&found->next[0]))
                 : cci_look(path->link[0]) == cci_link_to(path->next[0]);
}

cci_tower_t *cci_skipmap_search_any(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                    cci_path_t *path)
{
    cci_tower_t *found;

    do {
        while (!search_once(map, g, key, path))
            ;
        found = path->next[0];
        if (found && compare(map, found->key, key) != 0)
            found = NULL;
    } while (!is_settled(path, found));
    return found;
}

/* ---- for readers ---- */

/* Where a reader is on a level. */
typedef struct walk {
    cci_link_t  *link;  /* of the last node that was in, or the head */
    cci_tower_t *first; /* what it points to */
    cci_tower_t *t;     /* that, or a node behind it, and marked ones between */
    bool         is_at; /* t was found to have the key; of a walk to below it */
    bool         is_large;
} walk_t;

/* Whether the walk passes by t. */
CCI_SPECIALISED bool passes(const cc_skipmap_t *map, uintptr_t key, cci_side_t side, walk_t *w)
{
    int where;

    switch (side) {
    case CCI_NONE:
        return false;
    case CCI_BELOW:
        where    = compare(map, w->t->key, key);
        w->is_at = where == 0;
        return where < 0;
    case CCI_UP_TO:
        return compare(map, w->t->key, key) <= 0;
    default:
        return true;
    }
}

/* To next, which was read from a marked link. False: begin anew. */
static inline bool step_over(walk_t *w, uint32_t level, uintptr_t next)
{
    w->t = cci_tower_at(next);
    return atomic_load_explicit(&w->link[level], memory_order_acquire) == cci_link_to(w->first);
}

/* Onto the level, and along it. False: begin anew. */
CCI_SPECIALISED bool walk_along(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                cci_side_t side, uint32_t level, walk_t *w)
{
    const cci_tower_t *known = w->t;
    uintptr_t          here  = cci_follow(g, &w->link[level]);

    if (cci_is_marked(here))
        return false;
    w->first = w->t = cci_tower_at(here);
    while (w->t && w->t != known) {
        if (w->is_large)
            expect(w->link, w->t, level);
        if (!passes(map, key, side, w))
            return true;
        uintptr_t next = cci_follow(g, &w->t->next[level]);
        if (cci_is_marked(next)) {
            if (!step_over(w, level, next))
                return false;
        } else {
            w->link  = w->t->next;
            w->first = w->t = cci_tower_at(next);
        }
    }
    w->is_at = false;
    return true;
}

/* To the next node that is in; and both it and the one before were, at one moment. False: begin anew. */
static inline bool settle(cc_smr_guard_t *g, walk_t *w)
{
    while (w->t) {
        uintptr_t next = cci_follow(g, &w->t->next[0]);
        if (!cci_is_marked(next))
            break;
        if (!step_over(w, 0, next))
            return false;
    }
    return !(w->t && cci_is_marked(cci_look(&w->t->next[0]))) &&
           cci_look(&w->link[0]) == cci_link_to(w->first);
}

static bool find_once(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, cci_side_t side,
                      walk_t *w)
{
    uint32_t levels = side == CCI_NONE ? 1 : cci_skipmap_levels(map);

    *w = (walk_t){ .link = map->head, .is_large = levels >= CCI_LEVELS_OF_LARGE };
    for (uint32_t level = levels; level-- > 0;)
        if (!walk_along(map, g, key, side, level, w))
            return false;
    return settle(g, w);
}

cci_place_t cci_skipmap_find_any(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key,
                                 cci_side_t side)
{
    walk_t w;

    while (!find_once(map, g, key, side, &w))
        ;
    return (cci_place_t){ .before = w.link == map->head ? NULL : cci_tower_of(w.link),
                          .behind = w.t };
}

/* False: begin anew. found: a node that is met on an upper level, too, unless it is marked: then another may
 * have taken its place, on level 0. */
static bool find_key_once(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key, cci_tower_t **found)
{
    uint32_t levels = cci_skipmap_levels(map);
    walk_t   w      = { .link = map->head, .is_large = levels >= CCI_LEVELS_OF_LARGE };

    for (uint32_t level = levels; level-- > 0;) {
        if (!walk_along(map, g, key, CCI_BELOW, level, &w))
            return false;
        *found = w.t;
        if (w.is_at && !cci_is_marked(cci_look(&w.t->next[0])))
            return true;
    }
    if (!settle(g, &w))
        return false;
    *found = w.t && compare(map, w.t->key, key) == 0 ? w.t : NULL;
    return true;
}

cci_tower_t *cci_skipmap_find_key_any(cc_skipmap_t *map, cc_smr_guard_t *g, uintptr_t key)
{
    cci_tower_t *found;

    while (!find_key_once(map, g, key, &found))
        ;
    return found;
}
