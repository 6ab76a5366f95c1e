/* SPDX-License-Identifier: MIT */
/* bst_search.c - ways through the tree; see lockfree/bst.h for what may be read.
 *
 * A search is right although it does not look at all nodes at once: the keys that belong below a node
 * become more as long as the node is in the tree, for what is removed above it goes out of the way, and
 * what is put in is put in at leaves. So the leaf that a search arrives at is, at the moment when it was
 * read, the one below which the key belongs.
 *
 * The next leaf is found from the last node that the search left to the other side. A key that is put
 * between two leaves takes the place of one of them, which is gone then: that one was found while the
 * other was still there shows that there was none between. */
#include "lockfree/bst.h"
#include "base/inline.h"
#include "prim/cpu.h"
#include "smr/check.h"

/* ---- one step ---- */

static inline bool is_marked(const cci_bst_node_t *n)
{
    return cci_bst_state(atomic_load_explicit(&n->word, memory_order_acquire)) == CCI_BST_MARK;
}

static bool has_child(const cci_bst_node_t *n, const cci_bst_node_t *child)
{
    return atomic_load_explicit(&n->child[0], memory_order_acquire) == child ||
           atomic_load_explicit(&n->child[1], memory_order_acquire) == child;
}

static __attribute__((noinline)) bool is_still_there(const cci_bst_node_t *grand,
                                                     const cci_bst_node_t *parent)
{
    return has_child(grand, parent) && !is_marked(grand);
}

/* Whether the node, whose parent was grand, was in the tree when whatever was read before was read. */
static inline bool was_in(const cci_bst_node_t *grand, const cci_bst_node_t *parent)
{
    return __builtin_expect(!is_marked(parent), 1) || is_still_there(grand, parent);
}

/* Onto the node where the place is now. The word comes before the child: see lockfree/bst.h. */
CCI_SPECIALISED void enter(cci_bst_place_t *at)
{
    at->great       = at->grand;
    at->grand       = at->parent;
    at->grand_word  = at->parent_word;
    at->parent      = at->leaf;
    at->parent_word = atomic_load_explicit(&at->parent->word, memory_order_acquire);
}

/* A child of the parent was read. False: that is out, and what it points to may be freed. */
CCI_SPECIALISED bool arrive(cc_smr_guard_t *g, cci_bst_place_t *at, uintptr_t child)
{
    at->leaf = (cci_bst_node_t *)child;
    if (!was_in(at->grand, at->parent))
        return false;
    if (cci_guard_of(g)->domain->check)
        cci_check_read(cci_guard_of(g), at->leaf);
    return true;
}

/* To that side of the node where the place is now. */
CCI_SPECIALISED bool go(cc_smr_guard_t *g, cci_bst_place_t *at, int side)
{
    enter(at);
    return arrive(g, at, cci_smr_read(g, &at->parent->child[side]));
}

/* To the side where a number belongs. No processor can guess which that is: both children are read and
 * fetched, and the key picks one. */
CCI_SPECIALISED bool go_towards(cc_smr_guard_t *g, cci_bst_place_t *at, uintptr_t key)
{
    enter(at);
    const cci_bst_child_t *child   = at->parent->child;
    const uintptr_t        its_key = at->parent->key;
    const uintptr_t        left    = cci_smr_word(&child[0]);
    const uintptr_t        right   = cci_smr_word(&child[1]);
    __builtin_prefetch((const void *)left);
    __builtin_prefetch((const void *)right);
    uintptr_t read = cci_if_below(key, its_key, left, right);
    return arrive(g, at, cci_smr_settle(g, &child[key >= its_key], read));
}

/* The root, which is never marked. */
CCI_SPECIALISED void begin(cc_bst_t *tree, cc_smr_guard_t *g, cci_bst_place_t *at)
{
    *at             = (cci_bst_place_t){ .parent = &tree->root };
    at->parent_word = atomic_load_explicit(&tree->root.word, memory_order_acquire);
    at->leaf        = (cci_bst_node_t *)cci_smr_read(g, &tree->root.child[0]);
}

static bool is_empty(const cc_bst_t *tree, const cci_bst_place_t *at)
{
    return cci_bst_is_root(tree, at->parent) && cci_bst_is_leaf(at->leaf);
}

/* As far to that side as it goes. */
static bool go_down(cc_smr_guard_t *g, cci_bst_place_t *at, int side)
{
    while (!cci_bst_is_leaf(at->leaf))
        if (!go(g, at, side))
            return false;
    return true;
}

/* ---- to a key ---- */

static int side_of(const cc_bst_t *tree, uintptr_t key, const cci_bst_node_t *n)
{
    return tree->compare ? tree->compare(key, n->key, tree->context) >= 0 : key >= n->key;
}

static bool turn(cc_smr_guard_t *g, cci_bst_place_t *at, int side, cci_bst_turn_t *turns)
{
    if (turns)
        turns[side] = (cci_bst_turn_t){ at->parent, at->leaf };
    return go(g, at, side);
}

/* What is not empty is to the left of the first node. */
static bool try_search(cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key, cci_bst_place_t *at,
                       cci_bst_turn_t *turns)
{
    begin(tree, g, at);
    if (is_empty(tree, at))
        return true;
    if (!turn(g, at, 0, turns))
        return false;
    while (!cci_bst_is_leaf(at->leaf))
        if (!turn(g, at, side_of(tree, key, at->leaf), turns))
            return false;
    return true;
}

/* The same for a number, with the place in registers. */
static bool try_search_number(cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key,
                              cci_bst_place_t *out)
{
    cci_bst_place_t at;

    begin(tree, g, &at);
    bool is_right = is_empty(tree, &at) || go(g, &at, 0);
    while (is_right && !cci_bst_is_leaf(at.leaf))
        is_right = go_towards(g, &at, key);
    *out = at;
    return is_right;
}

void cci_bst_search(cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key, cci_bst_place_t *at,
                    cci_bst_turn_t *turns)
{
    const bool is_short = !tree->compare && !turns;

    while (!(is_short ? try_search_number(tree, g, key, at) : try_search(tree, g, key, at, turns)))
        ;
}

bool cci_bst_is_found(const cc_bst_t *tree, uintptr_t key, const cci_bst_place_t *at)
{
    return !is_empty(tree, at) && cci_bst_compare(tree, key, at->leaf->key) == 0;
}

/* ---- by order ---- */

cci_bst_node_t *cci_bst_outermost(cc_bst_t *tree, cc_smr_guard_t *g, int side, cci_bst_place_t *at)
{
    do {
        begin(tree, g, at);
        if (is_empty(tree, at))
            return NULL;
    } while (!go(g, at, 0) || !go_down(g, at, side));
    return at->leaf;
}

/* The leaf of the place is a child of its parent still, and that is in. */
static bool is_there(const cci_bst_place_t *at)
{
    return has_child(at->parent, at->leaf) && was_in(at->grand, at->parent);
}

/* The leaf beyond a turn: one step to the other side, and back as far as it goes. */
static bool find_beyond(cc_smr_guard_t *g, const cci_bst_turn_t *t, int side, cci_bst_place_t *at)
{
    *at = (cci_bst_place_t){ .parent = t->grand, .leaf = t->parent };
    return go(g, at, side) && go_down(g, at, 1 - side);
}

/* To the right of the first node is nothing. */
static bool leads_nowhere(const cc_bst_t *tree, const cci_bst_turn_t *t)
{
    return !t->parent || cci_bst_is_root(tree, t->grand);
}

cci_bst_node_t *cci_bst_next_to(cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key, int side,
                                bool is_equal_too)
{
    for (;;) {
        cci_bst_turn_t  turns[2] = { 0 };
        cci_bst_place_t at, beyond;
        cci_bst_search(tree, g, key, &at, turns);
        if (is_empty(tree, &at))
            return NULL;
        int order = cci_bst_compare(tree, at.leaf->key, key);
        if (order == 0 ? is_equal_too : (order > 0) == side)
            return at.leaf;
        if (leads_nowhere(tree, &turns[1 - side]))
            return NULL;
        if (find_beyond(g, &turns[1 - side], side, &beyond) && is_there(&at))
            return beyond.leaf;
    }
}
