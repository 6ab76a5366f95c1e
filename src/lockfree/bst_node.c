/* SPDX-License-Identifier: MIT */
/* bst_node.c - nodes, and the entries that a tree owns.
 *
 * An inner node has the key of an entry that may have been removed long ago. So where the tree owns its
 * entries each is apart from the nodes, and goes with the last one that has its key: leaves, copies of
 * them, inner nodes, retired ones, too. Rejected: a key that goes with its leaf, for which a removal would
 * have to change the inner node above. */
#include "lockfree/bst.h"

static cci_bst_node_t *new_node(cc_smr_guard_t *g, uintptr_t key, cci_bst_owned_t *owned)
{
    cci_bst_node_t *n = cc_smr_alloc(g, sizeof *n);

    if (!n)
        return NULL;
    n->key   = key;
    n->owned = owned;
    atomic_init(&n->child[0], NULL);
    atomic_init(&n->child[1], NULL);
    return n;
}

static cci_bst_owned_t *own(const cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key, uintptr_t value)
{
    cci_bst_owned_t *o = cc_smr_alloc(g, sizeof *o);

    if (!o)
        return NULL;
    atomic_init(&o->holders, 1);
    o->tree  = tree;
    o->key   = key;
    o->value = value;
    return o;
}

cci_bst_node_t *cci_bst_new_leaf(cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key, uintptr_t value)
{
    cci_bst_owned_t *owned = NULL;

    if (tree->destroy) {
        owned = own(tree, g, key, value);
        if (!owned)
            return NULL;
    }
    cci_bst_node_t *leaf = new_node(g, key, owned);
    if (leaf)
        leaf->value = value;
    else
        cc_smr_free(owned, sizeof *owned);
    return leaf;
}

/* The leaf may be read, so it holds its entry. */
cci_bst_node_t *cci_bst_copy_leaf(cc_smr_guard_t *g, const cci_bst_node_t *leaf)
{
    cci_bst_node_t *n = new_node(g, leaf->key, leaf->owned);

    if (n) {
        n->value = leaf->value;
        cci_bst_hold(n->owned);
    }
    return n;
}

cci_bst_node_t *cci_bst_new_inner(cc_smr_guard_t *g, const cci_bst_node_t *key,
                                  cci_bst_node_t *left, cci_bst_node_t *right)
{
    cci_bst_node_t *n = new_node(g, key->key, key->owned);

    if (n) {
        atomic_init(&n->word, CCI_BST_FREE);
        atomic_init(&n->child[0], left);
        atomic_init(&n->child[1], right);
        cci_bst_hold(n->owned);
    }
    return n;
}

/* ---- holds ---- */

cci_bst_owned_t *cci_bst_hold(cci_bst_owned_t *owned)
{
    if (owned)
        atomic_fetch_add_explicit(&owned->holders, 1, memory_order_relaxed);
    return owned;
}

/* Release pairs with the acquire of the last holder, who destroys what the others read. */
static bool is_last(cci_bst_owned_t *owned)
{
    return owned && atomic_fetch_sub_explicit(&owned->holders, 1, memory_order_acq_rel) == 1;
}

static void destroy_owned(void *entry, size_t size)
{
    cci_bst_owned_t *o = entry;

    o->tree->destroy(o->key, o->value, o->tree->context);
    cc_smr_free(o, size);
}

void cci_bst_let_go(cc_smr_guard_t *g, cci_bst_owned_t *owned)
{
    if (is_last(owned))
        cc_smr_retire(g, owned, sizeof *owned, destroy_owned);
}

/* ---- the end of a node ---- */

void cci_bst_free(cci_bst_node_t *node)
{
    if (node && is_last(node->owned))
        destroy_owned(node->owned, sizeof *node->owned);
    cc_smr_free(node, sizeof *node);
}

void cci_bst_forget(cci_bst_node_t *node)
{
    if (node && is_last(node->owned))
        cc_smr_free(node->owned, sizeof *node->owned);
    cc_smr_free(node, sizeof *node);
}

static void free_retired(void *node, size_t size)
{
    (void)size;
    cci_bst_free(node);
}

void cci_bst_retire(cc_smr_guard_t *g, cci_bst_node_t *node)
{
    cc_smr_retire(g, node, sizeof *node, node->owned ? free_retired : NULL);
}
