/* SPDX-License-Identifier: MIT */
/* bst_iter.c - from key to key: the first, the last, neighbours, ranges.
 *
 * An iterator knows the key where it is and looks for the next one each time. Rejected: to keep the path,
 * which others change, and whose nodes would stay as long as the iterator. */
#include "lockfree/bst.h"

static cc_result_t tell(const cci_bst_node_t *leaf, cc_bst_entry_t *entry)
{
    if (!leaf)
        return CC_RESULT_NOT_FOUND;
    if (entry)
        *entry = (cc_bst_entry_t){ leaf->key, leaf->value };
    return CC_RESULT_OK;
}

static cc_result_t outermost(cc_bst_t *tree, int side, cc_bst_entry_t *entry)
{
    cc_smr_guard_t *g = cc_smr_enter(tree->smr);
    cci_bst_place_t at;

    if (!g)
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = tell(cci_bst_outermost(tree, g, side, &at), entry);
    cc_smr_leave(g);
    return r;
}

static cc_result_t next_to(cc_bst_t *tree, uintptr_t key, int side, bool is_equal_too,
                           cc_bst_entry_t *entry)
{
    cc_smr_guard_t *g = cc_smr_enter(tree->smr);

    if (!g)
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = tell(cci_bst_next_to(tree, g, key, side, is_equal_too), entry);
    cc_smr_leave(g);
    return r;
}

cc_result_t cc_bst_first(cc_bst_t *tree, cc_bst_entry_t *entry)
{
    return outermost(tree, 0, entry);
}

cc_result_t cc_bst_last(cc_bst_t *tree, cc_bst_entry_t *entry)
{
    return outermost(tree, 1, entry);
}

cc_result_t cc_bst_floor(cc_bst_t *tree, uintptr_t key, cc_bst_entry_t *entry)
{
    return next_to(tree, key, 0, true, entry);
}

cc_result_t cc_bst_lower(cc_bst_t *tree, uintptr_t key, cc_bst_entry_t *entry)
{
    return next_to(tree, key, 0, false, entry);
}

cc_result_t cc_bst_ceiling(cc_bst_t *tree, uintptr_t key, cc_bst_entry_t *entry)
{
    return next_to(tree, key, 1, true, entry);
}

cc_result_t cc_bst_higher(cc_bst_t *tree, uintptr_t key, cc_bst_entry_t *entry)
{
    return next_to(tree, key, 1, false, entry);
}

/* ---- iteration ---- */

void cc_bst_iter_init(cc_bst_iter_t *iter, cc_bst_t *tree, const uintptr_t *from,
                      const uintptr_t *to)
{
    *iter = (cc_bst_iter_t){
        .tree = tree, .at = from ? *from : 0, .to = to ? *to : 0, .has_from = from, .has_to = to
    };
}

/* NULL: the end. */
static cci_bst_node_t *next_leaf(const cc_bst_iter_t *iter, cc_smr_guard_t *g)
{
    cc_bst_t       *tree = iter->tree;
    cci_bst_place_t at;
    cci_bst_node_t *leaf;

    if (iter->is_within || iter->has_from)
        leaf = cci_bst_next_to(tree, g, iter->at, 1, !iter->is_within);
    else
        leaf = cci_bst_outermost(tree, g, 0, &at);
    return leaf && iter->has_to && cci_bst_compare(tree, leaf->key, iter->to) >= 0 ? NULL : leaf;
}

cc_result_t cc_bst_iter_next(cc_bst_iter_t *iter, cc_bst_entry_t *entry)
{
    if (!iter->tree)
        return CC_RESULT_NOT_FOUND;
    cc_smr_guard_t *g = cc_smr_enter(iter->tree->smr);
    if (!g)
        return CC_RESULT_NO_MEMORY;
    cci_bst_node_t *leaf = next_leaf(iter, g);
    cci_bst_let_go(g, iter->held);
    iter->held      = leaf ? cci_bst_hold(leaf->owned) : NULL;
    iter->at        = leaf ? leaf->key : 0;
    iter->is_within = true;
    if (!leaf)
        iter->tree = NULL;
    cc_result_t r = tell(leaf, entry);
    cc_smr_leave(g);
    return r;
}

/* The thread is known to the domain already: it held the entry there. */
void cc_bst_iter_fini(cc_bst_iter_t *iter)
{
    cc_smr_guard_t *g = iter->held ? cc_smr_enter(iter->tree->smr) : NULL;

    if (!g)
        return;
    cci_bst_let_go(g, iter->held);
    iter->held = NULL;
    cc_smr_leave(g);
}
