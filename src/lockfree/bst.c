/* SPDX-License-Identifier: MIT */
/* bst.c - see ccmem/bst.h for the contract, lockfree/bst.h for the idea. This file makes and ends trees,
 * and has the operations on keys; lockfree/bst_iter.c goes from key to key. */
#include "lockfree/bst.h"
#include <string.h>

/* ---- making and ending ---- */

static bool set_domain(cc_bst_t *tree, const cc_bst_options_t *o)
{
    cc_smr_options_t own = CC_SMR_OPTIONS_DEFAULT;

    own.scheme     = o->scheme;
    tree->smr      = o->smr ? o->smr : cc_smr_create(&own);
    tree->owns_smr = !o->smr;
    return tree->smr;
}

/* The leaf without an entry. */
static bool plant(cc_bst_t *tree)
{
    const cci_bst_node_t blank = { .key = 0 };
    cc_smr_guard_t      *g     = cc_smr_enter(tree->smr);

    if (!g)
        return false;
    cci_bst_node_t *end = cci_bst_copy_leaf(g, &blank);
    atomic_init(&tree->root.child[0], end);
    cc_smr_leave(g);
    return end;
}

/* What is retired knows the tree, so that goes last. */
static void end(cc_bst_t *tree)
{
    if (tree->owns_smr)
        cc_smr_destroy(tree->smr);
    cc_free_aligned(tree, sizeof *tree, _Alignof(cc_bst_t));
}

cc_bst_t *cc_bst_create(const cc_bst_options_t *options)
{
    const cc_bst_options_t usual = { 0 };
    cc_bst_t              *tree  = cc_alloc_aligned(sizeof *tree, _Alignof(cc_bst_t));

    if (!options)
        options = &usual;
    if (!tree)
        return NULL;
    memset(tree, 0, sizeof *tree);
    tree->compare = options->compare;
    tree->destroy = options->destroy;
    tree->context = options->context;
    if (set_domain(tree, options) && plant(tree))
        return tree;
    end(tree);
    return NULL;
}

/* Nobody else knows the nodes, which are as many as they like one below the other: those that are to be
 * freed yet are a list. */
static void free_below(cci_bst_node_t *n, void free_node(cci_bst_node_t *))
{
    if (n)
        n->instead_of = NULL;
    for (cci_bst_node_t *next; n; n = next) {
        next = n->instead_of;
        for (int side = 0; side < 2; side++) {
            cci_bst_node_t *child = atomic_load_explicit(&n->child[side], memory_order_relaxed);
            if (child) {
                child->instead_of = next;
                next              = child;
            }
        }
        free_node(n);
    }
}

void cc_bst_destroy(cc_bst_t *tree)
{
    if (!tree)
        return;
    cc_smr_barrier(tree->smr);
    free_below(atomic_load_explicit(&tree->root.child[0], memory_order_acquire), cci_bst_free);
    end(tree);
}

cc_smr_t *cc_bst_smr(const cc_bst_t *tree)
{
    return tree->smr;
}

size_t cc_bst_len(const cc_bst_t *tree)
{
    return cci_tally_sum(&tree->tally);
}

/* ---- whether it is whole ---- */

static const cci_bst_node_t *leftmost(const cci_bst_node_t *n)
{
    while (!cci_bst_is_leaf(n))
        n = atomic_load_explicit(&n->child[0], memory_order_relaxed);
    return n;
}

/* What is below, from left to right: so far the last leaf, how many, and whether all was right. */
typedef struct survey {
    const cc_bst_t       *tree;
    const cci_bst_node_t *last;
    size_t                count;
    bool                  is_valid;
} survey_t;

static void visit_leaf(survey_t *s, const cci_bst_node_t *leaf)
{
    if (s->last && cci_bst_compare(s->tree, s->last->key, leaf->key) >= 0)
        s->is_valid = false;
    s->last = leaf;
    s->count++;
}

/* An inner node's key is above everything to its left, and not above anything to its right: when it is
 * passed, above the last leaf, and the next is looked at by who comes to it. */
static void visit(survey_t *s, const cci_bst_node_t *n)
{
    while (!cci_bst_is_leaf(n)) {
        visit(s, atomic_load_explicit(&n->child[0], memory_order_acquire));
        const cci_bst_node_t *right = atomic_load_explicit(&n->child[1], memory_order_acquire);
        if (cci_bst_state(n->word) != CCI_BST_FREE ||
            cci_bst_compare(s->tree, s->last->key, n->key) >= 0 ||
            cci_bst_compare(s->tree, n->key, leftmost(right)->key) > 0)
            s->is_valid = false;
        n = right;
    }
    visit_leaf(s, n);
}

bool cci_bst_is_valid(cc_bst_t *tree)
{
    survey_t              s     = { .tree = tree, .is_valid = true };
    const cci_bst_node_t *first = atomic_load_explicit(&tree->root.child[0], memory_order_acquire);

    if (cci_bst_state(tree->root.word) != CCI_BST_FREE)
        return false;
    if (!cci_bst_is_leaf(first)) {
        visit(&s, atomic_load_explicit(&first->child[0], memory_order_acquire));
        s.is_valid = s.is_valid && cci_bst_state(first->word) == CCI_BST_FREE &&
                     cci_bst_is_leaf(atomic_load_explicit(&first->child[1], memory_order_acquire));
    }
    return s.is_valid && s.count == cc_bst_len(tree);
}

/* ---- loading ---- */

static bool are_ascending(const cc_bst_t *tree, const cc_bst_entry_t *e, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (cci_bst_compare(tree, e[i - 1].key, e[i].key) >= 0)
            return false;
    return true;
}

static cci_bst_node_t *build(cc_bst_t *tree, cc_smr_guard_t *g, const cc_bst_entry_t *e,
                             size_t count)
{
    const size_t half = count / 2;

    if (count == 1)
        return cci_bst_new_leaf(tree, g, e->key, e->value);
    cci_bst_node_t *left  = build(tree, g, e, half);
    cci_bst_node_t *right = left ? build(tree, g, e + half, count - half) : NULL;
    cci_bst_node_t *inner = right ? cci_bst_new_inner(g, leftmost(right), left, right) : NULL;
    if (!inner) {
        free_below(left, cci_bst_forget);
        free_below(right, cci_bst_forget);
    }
    return inner;
}

/* All of it becomes what is to the left of the first node. */
static cc_result_t load(cc_bst_t *tree, cc_smr_guard_t *g, const cc_bst_entry_t *e, size_t count)
{
    cci_bst_node_t *end = atomic_load_explicit(&tree->root.child[0], memory_order_relaxed);

    if (!cci_bst_is_leaf(end) || !are_ascending(tree, e, count))
        return CC_RESULT_INVALID;
    if (count == 0)
        return CC_RESULT_OK;
    cci_bst_node_t *all   = build(tree, g, e, count);
    cci_bst_node_t *first = all ? cci_bst_new_inner(g, end, all, end) : NULL;
    if (!first) {
        free_below(all, cci_bst_forget);
        return CC_RESULT_NO_MEMORY;
    }
    /* Release: for those who are told of the tree without more ado. */
    atomic_store_explicit(&tree->root.child[0], first, memory_order_release);
    cci_tally_add(&tree->tally, cci_stripe_of(g), (int64_t)count);
    return CC_RESULT_OK;
}

cc_result_t cc_bst_load(cc_bst_t *tree, const cc_bst_entry_t *entries, size_t count)
{
    cc_smr_guard_t *g = cc_smr_enter(tree->smr);

    if (!g)
        return CC_RESULT_NO_MEMORY;
    cc_result_t r = load(tree, g, entries, count);
    cc_smr_leave(g);
    return r;
}

/* ---- reading ---- */

static cc_result_t find(cc_bst_t *tree, uintptr_t key, uintptr_t *value)
{
    cc_smr_guard_t *g = cc_smr_enter(tree->smr);
    cci_bst_place_t at;

    if (!g)
        return CC_RESULT_NO_MEMORY;
    cci_bst_search(tree, g, key, &at, NULL);
    bool is_found = cci_bst_is_found(tree, key, &at);
    if (is_found)
        *value = at.leaf->value;
    cc_smr_leave(g);
    return is_found ? CC_RESULT_OK : CC_RESULT_NOT_FOUND;
}

cc_result_t cc_bst_get(cc_bst_t *tree, uintptr_t key, uintptr_t *value)
{
    uintptr_t unwanted;

    return find(tree, key, value ? value : &unwanted);
}

cc_result_t cc_bst_contains(cc_bst_t *tree, uintptr_t key, bool *is)
{
    uintptr_t   unwanted;
    cc_result_t r = find(tree, key, &unwanted);

    if (r == CC_RESULT_NO_MEMORY)
        return r;
    if (is)
        *is = r == CC_RESULT_OK;
    return CC_RESULT_OK;
}

/* ---- one change ---- */

static bool is_free(uintptr_t word)
{
    return cci_bst_state(word) == CCI_BST_FREE;
}

/* A leaf in the place of another with its key. */
static cc_result_t swap(cc_bst_t *tree, cc_smr_guard_t *g, const cci_bst_place_t *at, uintptr_t key,
                        uintptr_t value)
{
    cci_bst_node_t *leaf = cci_bst_new_leaf(tree, g, key, value);

    if (!leaf)
        return CC_RESULT_NO_MEMORY;
    if (cci_bst_put_at(g, at, leaf))
        return CC_RESULT_OK;
    cci_bst_forget(leaf);
    return CC_RESULT_BUSY;
}

/* Above a leaf and another: the key of the right one. The first node of all has nothing to the right. */
static cci_bst_node_t *join(cc_bst_t *tree, cc_smr_guard_t *g, const cci_bst_place_t *at,
                            cci_bst_node_t *leaf, cci_bst_node_t *other)
{
    if (cci_bst_is_root(tree, at->parent) || cci_bst_compare(tree, leaf->key, other->key) < 0)
        return cci_bst_new_inner(g, other, leaf, other);
    return cci_bst_new_inner(g, leaf, other, leaf);
}

/* An inner node with a new leaf and a copy of the old one in its place. */
static cc_result_t insert(cc_bst_t *tree, cc_smr_guard_t *g, const cci_bst_place_t *at,
                          uintptr_t key, uintptr_t value)
{
    cci_bst_node_t *leaf  = cci_bst_new_leaf(tree, g, key, value);
    cci_bst_node_t *copy  = leaf ? cci_bst_copy_leaf(g, at->leaf) : NULL;
    cci_bst_node_t *inner = copy ? join(tree, g, at, leaf, copy) : NULL;

    if (inner && cci_bst_put_at(g, at, inner)) {
        cci_tally_add(&tree->tally, cci_stripe_of(g), 1);
        return CC_RESULT_OK;
    }
    cc_result_t r = inner ? CC_RESULT_BUSY : CC_RESULT_NO_MEMORY;
    cci_bst_forget(inner);
    cci_bst_forget(copy);
    cci_bst_forget(leaf);
    return r;
}

static cc_result_t take_out(cc_bst_t *tree, cc_smr_guard_t *g, const cci_bst_place_t *at)
{
    cc_result_t r = is_free(at->grand_word) ? cci_bst_remove_at(g, at) : CC_RESULT_BUSY;

    if (r == CC_RESULT_OK)
        cci_tally_add(&tree->tally, cci_stripe_of(g), -1);
    return r;
}

typedef struct change {
    uintptr_t          key;
    cc_bst_compute_fn *compute;
    void              *context;
} change_t;

/* BUSY: the place is not as it was. */
static cc_result_t try_change(cc_bst_t *tree, cc_smr_guard_t *g, const change_t *c,
                              const cci_bst_place_t *at)
{
    bool             is_found = cci_bst_is_found(tree, c->key, at);
    uintptr_t        put      = 0;
    const uintptr_t  found    = is_found ? at->leaf->value : 0;
    cc_bst_verdict_t verdict  = c->compute(c->key, is_found ? &found : NULL, &put, c->context);

    if (verdict == CC_BST_KEEP || (verdict == CC_BST_REMOVE && !is_found))
        return CC_RESULT_OK;
    if (!is_free(at->parent_word))
        return CC_RESULT_BUSY;
    if (verdict == CC_BST_REMOVE)
        return take_out(tree, g, at);
    return is_found ? swap(tree, g, at, c->key, put) : insert(tree, g, at, c->key, put);
}

cc_result_t cc_bst_compute(cc_bst_t *tree, uintptr_t key, cc_bst_compute_fn *compute, void *context)
{
    const change_t  c = { key, compute, context };
    cc_smr_guard_t *g = cc_smr_enter(tree->smr);
    cci_bst_place_t at;

    if (!g)
        return CC_RESULT_NO_MEMORY;
    cci_bst_search(tree, g, key, &at, NULL);
    cc_result_t r;
    while ((r = try_change(tree, g, &c, &at)) == CC_RESULT_BUSY) {
        cci_bst_help(g, &at);
        cci_bst_search(tree, g, key, &at, NULL);
    }
    cc_smr_leave(g);
    return r;
}

/* ---- what the changes compute ---- */

typedef struct request {
    uintptr_t   value, old;
    cc_result_t answer;
} request_t;

static cc_bst_verdict_t keep(request_t *r, cc_result_t answer)
{
    r->answer = answer;
    return CC_BST_KEEP;
}

static cc_bst_verdict_t put(uintptr_t key, const uintptr_t *value, uintptr_t *put, void *request)
{
    const request_t *r = request;

    (void)key, (void)value;
    *put = r->value;
    return CC_BST_PUT;
}

static cc_bst_verdict_t put_if_absent(uintptr_t key, const uintptr_t *value, uintptr_t *out,
                                      void *request)
{
    return value ? keep(request, CC_RESULT_EXISTS) : put(key, value, out, request);
}

static cc_bst_verdict_t replace(uintptr_t key, const uintptr_t *value, uintptr_t *out,
                                void *request)
{
    request_t *r = request;

    if (!value)
        return keep(r, CC_RESULT_NOT_FOUND);
    r->old = *value;
    return put(key, value, out, request);
}

static cc_bst_verdict_t take(uintptr_t key, const uintptr_t *value, uintptr_t *out, void *request)
{
    request_t *r = request;

    (void)key, (void)out;
    if (!value)
        return keep(r, CC_RESULT_NOT_FOUND);
    r->old = *value;
    return CC_BST_REMOVE;
}

/* An answer of an attempt that was in vain is not the answer. */
static cc_result_t ask(cc_bst_t *tree, uintptr_t key, cc_bst_compute_fn *what, uintptr_t value,
                       uintptr_t *old)
{
    request_t   request = { .value = value, .answer = CC_RESULT_OK };
    cc_result_t r       = cc_bst_compute(tree, key, what, &request);

    if (r != CC_RESULT_OK)
        return r;
    if (request.answer == CC_RESULT_OK && old)
        *old = request.old;
    return request.answer;
}

cc_result_t cc_bst_put(cc_bst_t *tree, uintptr_t key, uintptr_t value)
{
    return ask(tree, key, put, value, NULL);
}

cc_result_t cc_bst_put_if_absent(cc_bst_t *tree, uintptr_t key, uintptr_t value)
{
    return ask(tree, key, put_if_absent, value, NULL);
}

cc_result_t cc_bst_replace(cc_bst_t *tree, uintptr_t key, uintptr_t value, uintptr_t *old)
{
    return ask(tree, key, replace, value, old);
}

cc_result_t cc_bst_remove(cc_bst_t *tree, uintptr_t key, uintptr_t *old)
{
    return ask(tree, key, take, 0, old);
}

/* ---- the first one ---- */

cc_result_t cc_bst_pop_first(cc_bst_t *tree, cc_bst_entry_t *entry)
{
    cc_smr_guard_t *g = cc_smr_enter(tree->smr);
    cci_bst_place_t at;
    cc_result_t     r;

    if (!g)
        return CC_RESULT_NO_MEMORY;
    cci_bst_node_t *leaf = cci_bst_outermost(tree, g, 0, &at);
    while ((r = !leaf                     ? CC_RESULT_NOT_FOUND
                : is_free(at.parent_word) ? take_out(tree, g, &at)
                                          : CC_RESULT_BUSY) == CC_RESULT_BUSY) {
        cci_bst_help(g, &at);
        leaf = cci_bst_outermost(tree, g, 0, &at);
    }
    if (r == CC_RESULT_OK && entry)
        *entry = (cc_bst_entry_t){ leaf->key, leaf->value };
    cc_smr_leave(g);
    return r;
}
