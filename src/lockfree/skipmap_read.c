/* SPDX-License-Identifier: MIT */
/* skipmap_read.c - looking up, and iteration. An iterator holds the node it is at (cci_tower_hold), so
 * that it needs no section between two calls, and knows where to go on when that was removed. */
#include "lockfree/skipmap.h"

/* ---- one key ---- */

cc_result_t cc_skipmap_get(cc_skipmap_t *map, uintptr_t key, uintptr_t *value)
{
    cc_smr_guard_t *g = cc_smr_enter(map->smr);

    if (!g)
        return CC_RESULT_NO_MEMORY;
    const cci_tower_t *t = cci_skipmap_find_key(map, g, key);
    if (t && value)
        *value = t->value;
    cc_smr_leave(g);
    return t ? CC_RESULT_OK : CC_RESULT_NOT_FOUND;
}

cc_result_t cc_skipmap_contains(cc_skipmap_t *map, uintptr_t key, bool *is)
{
    cc_result_t r = cc_skipmap_get(map, key, NULL);

    if (r == CC_RESULT_NO_MEMORY)
        return r;
    if (is)
        *is = r == CC_RESULT_OK;
    return CC_RESULT_OK;
}

/* ---- by order ---- */

typedef enum which { BEFORE, BEHIND } which_t;

static cc_result_t find(cc_skipmap_t *map, uintptr_t key, cci_side_t side, which_t which,
                        cc_skipmap_entry_t *entry)
{
    cc_smr_guard_t *g = cc_smr_enter(map->smr);

    if (!g)
        return CC_RESULT_NO_MEMORY;
    cci_place_t        place = cci_skipmap_find(map, g, key, side);
    const cci_tower_t *t     = which == BEFORE ? place.before : place.behind;
    if (t && entry)
        *entry = (cc_skipmap_entry_t){ t->key, t->value };
    cc_smr_leave(g);
    return t ? CC_RESULT_OK : CC_RESULT_NOT_FOUND;
}

cc_result_t cc_skipmap_first(cc_skipmap_t *map, cc_skipmap_entry_t *entry)
{
    return find(map, 0, CCI_NONE, BEHIND, entry);
}

cc_result_t cc_skipmap_last(cc_skipmap_t *map, cc_skipmap_entry_t *entry)
{
    return find(map, 0, CCI_ALL, BEFORE, entry);
}

cc_result_t cc_skipmap_floor(cc_skipmap_t *map, uintptr_t key, cc_skipmap_entry_t *entry)
{
    return find(map, key, CCI_UP_TO, BEFORE, entry);
}

cc_result_t cc_skipmap_lower(cc_skipmap_t *map, uintptr_t key, cc_skipmap_entry_t *entry)
{
    return find(map, key, CCI_BELOW, BEFORE, entry);
}

cc_result_t cc_skipmap_ceiling(cc_skipmap_t *map, uintptr_t key, cc_skipmap_entry_t *entry)
{
    return find(map, key, CCI_BELOW, BEHIND, entry);
}

cc_result_t cc_skipmap_higher(cc_skipmap_t *map, uintptr_t key, cc_skipmap_entry_t *entry)
{
    return find(map, key, CCI_UP_TO, BEHIND, entry);
}

/* ---- iteration ---- */

void cc_skipmap_iter_init(cc_skipmap_iter_t *iter, cc_skipmap_t *map, const uintptr_t *from,
                          const uintptr_t *to)
{
    *iter = (cc_skipmap_iter_t){
        .map = map, .from = from ? *from : 0, .to = to ? *to : 0, .has_from = from, .has_to = to
    };
}

static cci_tower_t *find_start(const cc_skipmap_iter_t *it, cc_smr_guard_t *g)
{
    return cci_skipmap_find(it->map, g, it->from, it->has_from ? CCI_BELOW : CCI_NONE).behind;
}

/* One step suffices as long as both nodes are in. */
static cci_tower_t *find_next(const cc_skipmap_iter_t *it, cc_smr_guard_t *g, cci_tower_t *t)
{
    uintptr_t    next   = cci_follow(g, &t->next[0]);
    cci_tower_t *behind = cci_tower_at(next);

    if (!cci_is_marked(next) && (!behind || !cci_is_marked(cci_follow(g, &behind->next[0]))))
        return behind;
    return cci_skipmap_find(it->map, g, t->key, CCI_UP_TO).behind;
}

static bool is_within(const cc_skipmap_iter_t *it, const cci_tower_t *t)
{
    return t && (!it->has_to || cci_skipmap_is_before(it->map, t->key, it->to));
}

/* A node that cannot be held any more may have been replaced, and its key is there: it is not gone on
 * from, but looked for again. */
static cci_tower_t *hold_next(const cc_skipmap_iter_t *it, cc_smr_guard_t *g)
{
    cci_tower_t *t;

    do
        t = it->node ? find_next(it, g, it->node) : find_start(it, g);
    while (is_within(it, t) && !cci_tower_hold(t));
    return is_within(it, t) ? t : NULL;
}

static void move_to(cc_skipmap_iter_t *it, cc_smr_guard_t *g, cci_tower_t *t)
{
    if (it->node)
        cci_skipmap_let_go(it->map, g, it->node);
    it->node = t;
}

cc_result_t cc_skipmap_iter_next(cc_skipmap_iter_t *iter, cc_skipmap_entry_t *entry)
{
    if (iter->is_done)
        return CC_RESULT_NOT_FOUND;
    cc_smr_guard_t *g = cc_smr_enter(iter->map->smr);
    if (!g)
        return CC_RESULT_NO_MEMORY;
    cci_tower_t *t = hold_next(iter, g);
    move_to(iter, g, t);
    cc_smr_leave(g);
    iter->is_done = !t;
    if (t && entry)
        *entry = (cc_skipmap_entry_t){ t->key, t->value };
    return t ? CC_RESULT_OK : CC_RESULT_NOT_FOUND;
}

/* The thread is known to the domain, since it has an entry. */
void cc_skipmap_iter_fini(cc_skipmap_iter_t *iter)
{
    cc_smr_guard_t *g = iter->node ? cc_smr_enter(iter->map->smr) : NULL;

    if (g) {
        move_to(iter, g, NULL);
        cc_smr_leave(g);
    }
    iter->is_done = true;
}
