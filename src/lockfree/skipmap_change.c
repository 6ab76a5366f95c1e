/* SPDX-License-Identifier: MIT */
/* skipmap_change.c - putting in, replacing and taking out; see lockfree/tower.h for the protocol.
 *
 * A change has found where its key stands, and does one thing there that is atomic: link a node, mark
 * one, or mark one with another behind it. If somebody was faster it finds the place anew. What is left
 * to do then, on the upper levels and in unlinking, changes nothing that can be seen.
 */
#include "lockfree/skipmap.h"

/* An operation on one key. */
typedef struct change {
    cc_skipmap_t   *map;
    cc_smr_guard_t *g;
    uintptr_t       key;
    cci_tower_t    *found; /* the node with the key, or NULL */
    cci_tower_t    *fresh; /* a node to put in, made when first needed */
    cci_path_t      path;
} change_t;

static cc_result_t begin(change_t *c, cc_skipmap_t *map, uintptr_t key)
{
    c->map   = map;
    c->key   = key;
    c->fresh = NULL;
    c->g     = cc_smr_enter(map->smr);
    return c->g ? CC_RESULT_OK : CC_RESULT_NO_MEMORY;
}

static cc_result_t end(change_t *c, cc_result_t r)
{
    cci_skipmap_discard(c->map, c->fresh);
    cc_smr_leave(c->g);
    return r;
}

static cci_tower_t *search(change_t *c)
{
    return c->found = cci_skipmap_search(c->map, c->g, c->key, &c->path);
}

/* The same, and nodes with our key that are marked are on no level any more. */
static cci_tower_t *clear(change_t *c)
{
    return c->found = cci_skipmap_search_any(c->map, c->g, c->key, &c->path);
}

/* ---- upper levels ---- */

/* A search begins at the highest level that has a node; those above are empty. */
static void extend(change_t *c, uint32_t height)
{
    cci_path_t *p = &c->path;

    for (; p->levels < height; p->levels++) {
        p->link[p->levels] = &c->map->head[p->levels];
        p->next[p->levels] = NULL;
    }
}

/* Whether the path leads to a node with our key that stood here before, and is marked: in front of it
 * its remover would not find it. Its marks came before our node. */
static bool leads_to_former(const change_t *c, const cci_tower_t *next, uint32_t level)
{
    return next && cci_is_marked(atomic_load_explicit(&next->next[level], memory_order_acquire)) &&
           !cci_skipmap_is_before(c->map, c->key, next->key);
}

/* Have the node point to what it is linked in front of. False: it is marked. */
static bool aim(cci_tower_t *t, uint32_t level, const cci_tower_t *next)
{
    uintptr_t own = atomic_load_explicit(&t->next[level], memory_order_relaxed);

    return own == cci_link_to(next) ||
           (!cci_is_marked(own) &&
            cci_relink(&t->next[level], cci_tower_at(own), cci_link_to(next)));
}

/* False: t was taken out meanwhile. */
static bool link_level(change_t *c, cci_tower_t *t, uint32_t level)
{
    cci_path_t *p = &c->path;

    while (leads_to_former(c, p->next[level], level) || !aim(t, level, p->next[level]) ||
           !cci_relink(p->link[level], p->next[level], cci_link_to(t))) {
        if (cci_is_marked(atomic_load_explicit(&t->next[level], memory_order_relaxed)) ||
            clear(c) != t)
            return false;
        extend(c, t->height);
    }
    return true;
}

/* A node of level 0 gets to its height. It is our own, which our section protects since it was made; one
 * of a single level was raised before it was linked. */
static void raise(change_t *c, cci_tower_t *t)
{
    if (t->height == 1)
        return;
    extend(c, t->height);
    for (uint32_t level = 1; level < t->height && link_level(c, t, level); level++)
        ;
    if (atomic_fetch_or_explicit(&t->life, CCI_RAISED, memory_order_acq_rel) & CCI_REMOVED) {
        clear(c);
        cci_skipmap_let_go(c->map, c->g, t);
    }
}

/* ---- unlinking ---- */

/* From the levels where the path leads to it. False: not from all. */
static bool unlink_along(change_t *c, const cci_tower_t *t)
{
    cci_path_t *p = &c->path;

    if (t->height > p->levels)
        return false;
    for (uint32_t level = t->height; level-- > 0;) {
        uintptr_t next = cci_follow(c->g, &t->next[level]) & ~CCI_MARK;
        if (p->next[level] != t || !cci_relink(p->link[level], t, next))
            return false;
        p->next[level] = cci_tower_at(next);
    }
    return true;
}

/* What is marked and found by the path is unlinked and given up, here or by who still raises it. */
static void bury(change_t *c, cci_tower_t *t)
{
    bool is_raised = atomic_load_explicit(&t->life, memory_order_acquire) & CCI_RAISED;

    if (!is_raised)
        is_raised =
            atomic_fetch_or_explicit(&t->life, CCI_REMOVED, memory_order_acq_rel) & CCI_RAISED;
    if (!unlink_along(c, t))
        clear(c);
    if (is_raised)
        cci_skipmap_let_go(c->map, c->g, t);
}

/* ---- the three changes: false: somebody was faster ---- */

static cc_result_t make(change_t *c, uintptr_t value)
{
    if (!c->fresh)
        c->fresh = cci_skipmap_new(c->map, c->g, c->key, value, cci_skipmap_height(c->map, c->g));
    if (!c->fresh)
        return CC_RESULT_NO_MEMORY;
    c->fresh->value = value;
    return CC_RESULT_OK;
}

static void aim_all(change_t *c, cci_tower_t *t)
{
    extend(c, t->height);
    for (uint32_t level = 0; level < t->height; level++)
        atomic_init(&t->next[level], cci_link_to(c->path.next[level]));
}

static bool insert(change_t *c)
{
    cci_tower_t *t = c->fresh;

    aim_all(c, t);
    if (!cci_relink(c->path.link[0], c->path.next[0], cci_link_to(t)))
        return false;
    c->fresh = NULL;
    cci_tally_add(&c->map->tally, cci_stripe_of(c->g), 1);
    raise(c, t);
    return true;
}

static bool replace(change_t *c)
{
    cci_tower_t *old = c->found, *t = c->fresh;

    aim_all(c, t);
    cci_tower_mark_upper(old);
    if (!cci_tower_replace(old, t))
        return false;
    c->fresh = NULL;
    bury(c, old);
    raise(c, t);
    return true;
}

static bool take(change_t *c)
{
    cci_tower_t *t = c->found;

    cci_tower_mark_upper(t);
    if (!cci_tower_take(t))
        return false;
    cci_tally_add(&c->map->tally, cci_stripe_of(c->g), -1);
    bury(c, t);
    return true;
}

/* ---- public ---- */

cc_result_t cc_skipmap_put(cc_skipmap_t *map, uintptr_t key, uintptr_t value)
{
    change_t    c;
    cc_result_t r = begin(&c, map, key);

    if (r != CC_RESULT_OK)
        return r;
    do {
        search(&c);
        r = make(&c, value);
    } while (r == CC_RESULT_OK && !(c.found ? replace(&c) : insert(&c)));
    return end(&c, r);
}

cc_result_t cc_skipmap_put_if_absent(cc_skipmap_t *map, uintptr_t key, uintptr_t value)
{
    change_t    c;
    cc_result_t r = begin(&c, map, key);

    if (r != CC_RESULT_OK)
        return r;
    do
        r = search(&c) ? CC_RESULT_EXISTS : make(&c, value);
    while (r == CC_RESULT_OK && !insert(&c));
    return end(&c, r);
}

static void tell(uintptr_t *out, uintptr_t value)
{
    if (out)
        *out = value;
}

cc_result_t cc_skipmap_replace(cc_skipmap_t *map, uintptr_t key, uintptr_t value, uintptr_t *old)
{
    change_t           c;
    const cci_tower_t *t = NULL;
    cc_result_t        r = begin(&c, map, key);

    if (r != CC_RESULT_OK)
        return r;
    do {
        t = search(&c);
        r = t ? make(&c, value) : CC_RESULT_NOT_FOUND;
    } while (r == CC_RESULT_OK && !replace(&c));
    if (r == CC_RESULT_OK)
        tell(old, t->value);
    return end(&c, r);
}

cc_result_t cc_skipmap_remove(cc_skipmap_t *map, uintptr_t key, uintptr_t *old)
{
    change_t     c;
    cci_tower_t *t = NULL;
    cc_result_t  r = begin(&c, map, key);

    if (r != CC_RESULT_OK)
        return r;
    while ((t = search(&c)) && !take(&c))
        ;
    if (t)
        tell(old, t->value);
    return end(&c, t ? CC_RESULT_OK : CC_RESULT_NOT_FOUND);
}

/* False: ask again. */
static bool compute_once(change_t *c, cc_skipmap_compute_fn *compute, void *context, cc_result_t *r)
{
    const cci_tower_t *t   = search(c);
    uintptr_t          put = 0;

    switch (compute(c->key, t ? &t->value : NULL, &put, context)) {
    case CC_SKIPMAP_PUT:
        *r = make(c, put);
        return *r != CC_RESULT_OK || (t ? replace(c) : insert(c));
    case CC_SKIPMAP_REMOVE:
        return !t || take(c);
    default:
        return true;
    }
}

cc_result_t cc_skipmap_compute(cc_skipmap_t *map, uintptr_t key, cc_skipmap_compute_fn *compute,
                               void *context)
{
    change_t    c;
    cc_result_t r = begin(&c, map, key);

    if (r != CC_RESULT_OK)
        return r;
    while (!compute_once(&c, compute, context, &r))
        ;
    return end(&c, r);
}

/* The path to the first node is the head on all its levels. */
static cci_tower_t *search_first(change_t *c)
{
    c->found = cci_skipmap_find(c->map, c->g, 0, CCI_NONE).behind;
    if (!c->found)
        return NULL;
    c->key         = c->found->key;
    c->path.levels = c->found->height;
    for (uint32_t level = 0; level < c->found->height; level++) {
        c->path.link[level] = &c->map->head[level];
        c->path.next[level] = c->found;
    }
    return c->found;
}

cc_result_t cc_skipmap_pop_first(cc_skipmap_t *map, cc_skipmap_entry_t *entry)
{
    change_t     c;
    cci_tower_t *t = NULL;
    cc_result_t  r = begin(&c, map, 0);

    if (r != CC_RESULT_OK)
        return r;
    while ((t = search_first(&c)) && !take(&c))
        ;
    if (t && entry)
        *entry = (cc_skipmap_entry_t){ t->key, t->value };
    return end(&c, t ? CC_RESULT_OK : CC_RESULT_NOT_FOUND);
}
