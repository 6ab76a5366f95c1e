/* SPDX-License-Identifier: MIT */
/* bst_change.c - the protocol of changes; see lockfree/bst.h for what flags and marks are.
 *
 * A child never points again to what it pointed to once: what is put in is new, a leaf next to which
 * something is put is copied, and what is left by a removal moves up, where it never was. So a helper
 * that comes late compares in vain. The same holds for words: numbers count up, and a flag has the
 * address of what is protected by whoever compares it. */
#include "lockfree/bst.h"

static uintptr_t flag(const void *subject, unsigned state)
{
    return (uintptr_t)subject | state;
}

/* Release: what the word speaks of, and what was done before. Acquire: when another was faster, what he
 * did. */
static bool change_word(cci_bst_node_t *n, uintptr_t from, uintptr_t to)
{
    return atomic_compare_exchange_strong_explicit(&n->word, &from, to, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* Take the flag away: true for one. */
static bool finish(cci_bst_node_t *n, uintptr_t flagged, uintptr_t number)
{
    return change_word(n, flagged, number + CCI_BST_ONE);
}

/* Release: what is in the new node, also when another one wrote it, whose release was acquired. */
static void change_child(cci_bst_node_t *n, cci_bst_node_t *from, cci_bst_node_t *to)
{
    int side = atomic_load_explicit(&n->child[0], memory_order_relaxed) != from;

    atomic_compare_exchange_strong_explicit(&n->child[side], &from, to, memory_order_release,
                                            memory_order_relaxed);
}

/* ---- putting in ---- */

static void finish_put(cc_smr_guard_t *g, cci_bst_node_t *parent, cci_bst_node_t *node)
{
    cci_bst_node_t *old = node->instead_of;

    change_child(parent, old, node);
    if (finish(parent, flag(node, CCI_BST_PUTS), node->number))
        cci_bst_retire(g, old);
}

bool cci_bst_put_at(cc_smr_guard_t *g, const cci_bst_place_t *at, cci_bst_node_t *node)
{
    node->instead_of = at->leaf;
    node->number     = at->parent_word;
    if (!change_word(at->parent, at->parent_word, flag(node, CCI_BST_PUTS)))
        return false;
    finish_put(g, at->parent, node);
    return true;
}

/* ---- taking out ---- */

static cci_bst_node_t *sibling(const cci_bst_removal_t *r)
{
    cci_bst_node_t *left = atomic_load_explicit(&r->parent->child[0], memory_order_acquire);

    return left == r->leaf ? atomic_load_explicit(&r->parent->child[1], memory_order_acquire)
                           : left;
}

/* Whether the parent has the mark of this removal. */
static bool mark(const cci_bst_removal_t *r)
{
    const uintptr_t marked = flag(r, CCI_BST_MARK);

    return change_word(r->parent, r->number, marked) ||
           atomic_load_explicit(&r->parent->word, memory_order_acquire) == marked;
}

/* False: the parent was changed before it was marked, and nothing happened. A parent that has a mark has
 * children that do not change any more. */
static bool finish_removal(cc_smr_guard_t *g, cci_bst_node_t *grand, cci_bst_removal_t *r)
{
    cci_bst_node_t *parent = r->parent, *leaf = r->leaf;
    const bool      is_marked = mark(r);

    if (is_marked)
        change_child(grand, parent, sibling(r));
    if (!finish(grand, flag(r, CCI_BST_REMOVES), r->grand_number))
        return is_marked;
    if (is_marked) {
        cci_bst_retire(g, parent);
        cci_bst_retire(g, leaf);
    }
    cc_smr_retire(g, r, sizeof *r, NULL);
    return is_marked;
}

cc_result_t cci_bst_remove_at(cc_smr_guard_t *g, const cci_bst_place_t *at)
{
    cci_bst_removal_t *r = cc_smr_alloc(g, sizeof *r);

    if (!r)
        return CC_RESULT_NO_MEMORY;
    r->parent       = at->parent;
    r->leaf         = at->leaf;
    r->number       = at->parent_word;
    r->grand_number = at->grand_word;
    if (!change_word(at->grand, at->grand_word, flag(r, CCI_BST_REMOVES))) {
        cc_smr_free(r, sizeof *r);
        return CC_RESULT_BUSY;
    }
    return finish_removal(g, at->grand, r) ? CC_RESULT_OK : CC_RESULT_BUSY;
}

/* ---- helping ---- */

/* A flag that is read here is not taken away yet: what it speaks of may be read. */
static void help(cc_smr_guard_t *g, cci_bst_node_t *n)
{
    uintptr_t word    = cci_smr_read(g, &n->word);
    void     *subject = cci_bst_subject(word);

    if (cci_bst_state(word) == CCI_BST_PUTS)
        finish_put(g, n, subject);
    if (cci_bst_state(word) == CCI_BST_REMOVES)
        finish_removal(g, n, subject);
}

/* A mark goes when the flag of the node above does: of the grand, or, for a removal, of the great. */
void cci_bst_help(cc_smr_guard_t *g, const cci_bst_place_t *at)
{
    if (at->great)
        help(g, at->great);
    if (at->grand)
        help(g, at->grand);
    help(g, at->parent);
}
