/* SPDX-License-Identifier: MIT */
/* lockfree/bst.h - what a tree is made of, and when its nodes may be read.
 *
 * Entries are leaves; inner nodes only tell left from right: below key, or not. To put an entry in is
 * to put a leaf, or an inner node with two leaves, in the place of a leaf; to take one out is to put its
 * sibling in the place of both its parent and itself. So one pointer changes at a time.
 *
 * Who wants to change a child of a node first sets a flag in the node's word, and in removing a mark
 * in that of the node that goes, which stays for ever. A flag says what is to be done, so that whoever
 * is hindered by it does it himself. Without either the word is the number of changes that the node has
 * seen: who reads the word, then a child, and then sets the flag by comparing, knows that the child
 * is the same still.
 *
 * The rules of what may be read:
 *   A node without a mark is in the tree. What its child pointed to was in the tree then, too.
 *   A node with a mark is in the tree as long as its parent, which has no mark, points to it: while
 *   that is so the parent has a flag, and what has a flag cannot be marked.
 *   What a flag speaks of is not retired before the flag is taken away, by whoever does that, who is
 *   one: so what a flag speaks of can be read when the flag was read by cci_smr_read.
 *   What a mark points to is compared, and never followed.
 *
 * Which operation pairs with which; the words and children of one node, unless it says otherwise:
 *   child: release, set by compare and swap   child: acquire (cci_smr_read): the new node
 *   word: release, flag taken away            word: acquire, before a child is read: the child that the
 *                                             change set, or a later one
 *   word: release, flag or mark set           word: acquire (cci_smr_read): what the flag speaks of
 *   child: acquire (cci_smr_read)               then word: acquire. The mark that was set before the node
 *                                             went is seen by whoever entered after it was retired: the
 *                                             fences of the domain lie between
 */
#ifndef CCI_LOCKFREE_BST_H
#define CCI_LOCKFREE_BST_H
#include <ccmem/bst.h>
#include <stdatomic.h>
#include "lockfree/tally.h"
#include "smr/read.h"

/* An entry that the tree owns: the nodes that have its key or its value, and iterators. */
typedef struct cci_bst_owned {
    cc_smr_node_t   smr;
    _Atomic size_t  holders;
    const cc_bst_t *tree;
    uintptr_t       key, value;
} cci_bst_owned_t;

typedef struct cci_bst_node cci_bst_node_t;

typedef _Atomic(cci_bst_node_t *) cci_bst_child_t;

/* 64 bytes. A leaf has no children. */
struct cci_bst_node {
    cc_smr_node_t smr;
    uintptr_t     key;
    union {
        _Atomic uintptr_t word; /* of an inner node */
        uintptr_t         value;
    };
    cci_bst_child_t  child[2];
    cci_bst_owned_t *owned; /* or NULL */
    /* while a flag points to this node, which is to be put in: */
    cci_bst_node_t *instead_of;
    uintptr_t       number; /* the word of its parent before */
};

/* What is to be taken out, while a flag points to it. */
typedef struct cci_bst_removal {
    cc_smr_node_t   smr;
    cci_bst_node_t *parent, *leaf;
    uintptr_t       number;       /* the word of the parent before */
    uintptr_t       grand_number; /* that of the parent's parent */
} cci_bst_removal_t;

/* The lowest bits of a word; above them is a number, or a pointer. */
enum { CCI_BST_FREE, CCI_BST_PUTS, CCI_BST_REMOVES, CCI_BST_MARK, CCI_BST_BITS = 3, CCI_BST_ONE };

/* root.child[0] is a leaf without an entry in an empty tree. Otherwise it is an inner node, to the right
 * of which that leaf is, and to the left everything. So every entry has a parent and that has one. */
struct cc_bst {
    cc_bst_compare_fn *compare;
    cc_bst_destroy_fn *destroy;
    void              *context;
    cc_smr_t          *smr;
    bool               owns_smr;
    _Alignas(CC_CACHE_LINE_SIZE) cci_bst_node_t root;
    cci_tally_t tally;
};

/* Where a search ended: the leaf was the parent's child, the parent the grand's and that the great's, and
 * the words are those from before these were read. */
typedef struct cci_bst_place {
    cci_bst_node_t *great, *grand, *parent, *leaf;
    uintptr_t       grand_word, parent_word;
} cci_bst_place_t;

/* The last nodes that a search left to the left and to the right, and their parents. */
typedef struct cci_bst_turn {
    cci_bst_node_t *grand, *parent;
} cci_bst_turn_t;

/* ---- searches: lockfree/bst_search.c ---- */

/* Where the key is, or would be. turns: two, or NULL. */
void cci_bst_search(cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key, cci_bst_place_t *at,
                    cci_bst_turn_t *turns);

/* Whether the leaf of the place has the key. */
bool cci_bst_is_found(const cc_bst_t *tree, uintptr_t key, const cci_bst_place_t *at);

/* The leaf without a smaller one (side 0), or a greater one (1); NULL: there is no entry. */
cci_bst_node_t *cci_bst_outermost(cc_bst_t *tree, cc_smr_guard_t *g, int side, cci_bst_place_t *at);

/* The leaf that is next to key on that side, 0: below; is_equal_too: or that has it. NULL: none. */
cci_bst_node_t *cci_bst_next_to(cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key, int side,
                                bool is_equal_too);

/* ---- changes: lockfree/bst_change.c ---- */

/* Take away the flags that were met at the place, by doing what they say. */
void cci_bst_help(cc_smr_guard_t *g, const cci_bst_place_t *at);

/* Put a node in the place of the leaf. False: the place is not as it was; the node is the caller's. */
bool cci_bst_put_at(cc_smr_guard_t *g, const cci_bst_place_t *at, cci_bst_node_t *node);

/* Take the leaf out. BUSY: the place is not as it was. NO_MEMORY. */
cc_result_t cci_bst_remove_at(cc_smr_guard_t *g, const cci_bst_place_t *at);

/* ---- nodes: lockfree/bst_node.c ---- */

/* A leaf with a new entry; one like the other leaf; an inner node with the key of a leaf, above
 * both. NULL: no memory. */
cci_bst_node_t *cci_bst_new_leaf(cc_bst_t *tree, cc_smr_guard_t *g, uintptr_t key, uintptr_t value);
cci_bst_node_t *cci_bst_copy_leaf(cc_smr_guard_t *g, const cci_bst_node_t *leaf);
cci_bst_node_t *cci_bst_new_inner(cc_smr_guard_t *g, const cci_bst_node_t *key,
                                  cci_bst_node_t *left, cci_bst_node_t *right);

/* Free a node that nobody else knows; its entry when that was the last holder, destroyed or, if forgotten,
 * left to the caller. NULL is nothing. */
void cci_bst_free(cci_bst_node_t *node);
void cci_bst_forget(cci_bst_node_t *node);

/* Retire one that was taken out. */
void cci_bst_retire(cc_smr_guard_t *g, cci_bst_node_t *node);

/* Hold the entry of a leaf that may be read, and give up a hold. NULL is nothing. */
cci_bst_owned_t *cci_bst_hold(cci_bst_owned_t *owned);
void             cci_bst_let_go(cc_smr_guard_t *g, cci_bst_owned_t *owned);

/* ---- tests ---- */

/* Whether the tree is in order and as large as it says; nobody uses it. O(n). */
bool cci_bst_is_valid(cc_bst_t *tree);

/* ---- small things ---- */

static inline bool cci_bst_is_leaf(const cci_bst_node_t *n)
{
    return !atomic_load_explicit(&n->child[0], memory_order_relaxed);
}

static inline bool cci_bst_is_root(const cc_bst_t *tree, const cci_bst_node_t *n)
{
    return n == &tree->root;
}

static inline int cci_bst_compare(const cc_bst_t *tree, uintptr_t a, uintptr_t b)
{
    return tree->compare ? tree->compare(a, b, tree->context) : (a > b) - (a < b);
}

static inline unsigned cci_bst_state(uintptr_t word)
{
    return word & CCI_BST_BITS;
}

static inline void *cci_bst_subject(uintptr_t word)
{
    return (void *)(word & ~(uintptr_t)CCI_BST_BITS);
}

#endif
