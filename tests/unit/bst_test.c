/* SPDX-License-Identifier: MIT */
/* A tree: what its functions promise at their edges, and that nobody waits for a change that another
 * thread has begun and does not end. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ccmem/alloc.h>
#include <ccmem/bst.h>
#include "lockfree/bst.h"

enum { MANY = 4000 };

#define OK(call)   assert_int_equal(call, CC_RESULT_OK)
#define NONE(call) assert_int_equal(call, CC_RESULT_NOT_FOUND)

static uint64_t live_before;

static cc_bst_t *begin(const cc_bst_options_t *options)
{
    cc_alloc_stats_enable(true);
    live_before    = cc_alloc_stats_snapshot().current_allocated;
    cc_bst_t *tree = cc_bst_create(options);
    assert_non_null(tree);
    return tree;
}

static void end(cc_bst_t *tree)
{
    assert_true(cci_bst_is_valid(tree));
    cc_bst_destroy(tree);
    assert_int_equal(cc_alloc_stats_snapshot().current_allocated, live_before);
}

static uintptr_t value_of(cc_bst_t *tree, uintptr_t key)
{
    uintptr_t value = 0;

    OK(cc_bst_get(tree, key, &value));
    return value;
}

/* ---- the contract ---- */

static void test_an_empty_tree_has_nothing(void **state)
{
    (void)state;
    cc_bst_t      *tree = begin(NULL);
    cc_bst_entry_t e    = { 1, 2 };
    uintptr_t      old  = 3;
    bool           is   = true;
    cc_bst_iter_t  i;

    NONE(cc_bst_get(tree, 0, &old));
    NONE(cc_bst_remove(tree, 0, &old));
    NONE(cc_bst_replace(tree, 0, 1, &old));
    NONE(cc_bst_first(tree, &e));
    NONE(cc_bst_last(tree, &e));
    NONE(cc_bst_floor(tree, UINTPTR_MAX, &e));
    NONE(cc_bst_ceiling(tree, 0, &e));
    NONE(cc_bst_pop_first(tree, &e));
    OK(cc_bst_contains(tree, 0, &is));
    assert_false(is);
    cc_bst_iter_init(&i, tree, NULL, NULL);
    NONE(cc_bst_iter_next(&i, &e));
    assert_true(old == 3 && e.key == 1 && e.value == 2);
    assert_int_equal(cc_bst_len(tree), 0);
    end(tree);
}

static void test_keys_and_values_are_any_word(void **state)
{
    (void)state;
    cc_bst_t      *tree    = begin(NULL);
    const uint64_t words[] = { 0, UINTPTR_MAX, 1, UINTPTR_MAX - 1, (uintptr_t)1 << 63 };
    cc_bst_entry_t e;

    for (int i = 0; i < 5; i++)
        OK(cc_bst_put(tree, words[i], ~words[i]));
    for (int i = 0; i < 5; i++)
        assert_int_equal(value_of(tree, words[i]), ~words[i]);
    OK(cc_bst_first(tree, &e));
    assert_int_equal(e.key, 0);
    OK(cc_bst_last(tree, &e));
    assert_int_equal(e.key, UINTPTR_MAX);
    NONE(cc_bst_higher(tree, UINTPTR_MAX, &e));
    NONE(cc_bst_lower(tree, 0, &e));
    end(tree);
}

static void test_outputs_may_be_unwanted(void **state)
{
    (void)state;
    cc_bst_t *tree = begin(NULL);

    OK(cc_bst_put(tree, 1, 2));
    OK(cc_bst_get(tree, 1, NULL));
    OK(cc_bst_contains(tree, 1, NULL));
    OK(cc_bst_replace(tree, 1, 3, NULL));
    OK(cc_bst_first(tree, NULL));
    OK(cc_bst_floor(tree, 1, NULL));
    OK(cc_bst_pop_first(tree, NULL));
    NONE(cc_bst_remove(tree, 1, NULL));
    end(tree);
}

/* Deeper than any stack. */
static void test_ascending_keys_make_a_list(void **state)
{
    (void)state;
    cc_bst_t     *tree = begin(NULL);
    cc_bst_iter_t i;
    uintptr_t     next = 0;

    for (uintptr_t k = 0; k < MANY; k++)
        OK(cc_bst_put_if_absent(tree, k, k));
    cc_bst_iter_init(&i, tree, NULL, NULL);
    for (cc_bst_entry_t e; cc_bst_iter_next(&i, &e) == CC_RESULT_OK; next++)
        assert_int_equal(e.key, next);
    assert_int_equal(next, MANY);
    end(tree);
}

static unsigned depth_of(const cci_bst_node_t *n)
{
    if (cci_bst_is_leaf(n))
        return 0;
    unsigned left  = depth_of(atomic_load(&n->child[0])),
             right = depth_of(atomic_load(&n->child[1]));
    return 1 + (left > right ? left : right);
}

static void test_what_is_loaded_is_balanced(void **state)
{
    (void)state;
    static cc_bst_entry_t e[MANY];
    cc_bst_t             *tree = begin(NULL);

    for (uintptr_t k = 0; k < MANY; k++)
        e[k] = (cc_bst_entry_t){ 2 * k, k };
    OK(cc_bst_load(tree, e, 0));
    assert_int_equal(cc_bst_load(tree, (cc_bst_entry_t[]){ { 1, 1 }, { 1, 2 } }, 2),
                     CC_RESULT_INVALID);
    assert_int_equal(cc_bst_len(tree), 0);
    OK(cc_bst_load(tree, e, MANY));
    assert_int_equal(cc_bst_len(tree), MANY);
    assert_true(depth_of(atomic_load(&tree->root.child[0])) <= 1 + 12);
    assert_int_equal(cc_bst_load(tree, e, 1), CC_RESULT_INVALID);
    for (uintptr_t k = 0; k < MANY; k++)
        assert_int_equal(value_of(tree, 2 * k), k);
    end(tree);
}

/* ---- what others have begun ---- */

/* Three keys, the tree's own domain, and a place in it. */
static cc_bst_t *begin_change(cc_smr_guard_t **g, cci_bst_place_t *at)
{
    cc_bst_t *tree = begin(NULL);

    OK(cc_bst_put(tree, 20, 2));
    OK(cc_bst_put(tree, 10, 1));
    OK(cc_bst_put(tree, 30, 3));
    *g = cc_smr_enter(cc_bst_smr(tree));
    assert_non_null(*g);
    cci_bst_search(tree, *g, 20, at, NULL);
    return tree;
}

static void expect_three(cc_bst_t *tree, uintptr_t value_of_20)
{
    assert_int_equal(value_of(tree, 10), 1);
    assert_int_equal(value_of(tree, 20), value_of_20);
    assert_int_equal(value_of(tree, 30), 3);
}

/* Of a put the flag is set; then the child is changed, too. The next one that comes by ends it. */
static void test_a_put_that_stands_still_is_ended(void **state)
{
    (void)state;
    for (int stage = 0; stage < 2; stage++) {
        cc_smr_guard_t *g;
        cci_bst_place_t at;
        cc_bst_t       *tree = begin_change(&g, &at);
        cci_bst_node_t *leaf = cci_bst_new_leaf(tree, g, 20, 7);

        leaf->instead_of = at.leaf;
        leaf->number     = at.parent_word;
        atomic_store(&at.parent->word, (uintptr_t)leaf | CCI_BST_PUTS);
        assert_int_equal(value_of(tree, 20), 2);
        if (stage > 0)
            atomic_store(&at.parent->child[atomic_load(&at.parent->child[0]) != at.leaf], leaf);
        OK(cc_bst_put(tree, 21, 4));
        expect_three(tree, 7);
        cc_smr_leave(g);
        end(tree);
    }
}

static cci_bst_removal_t *begin_removal(cc_smr_guard_t *g, const cci_bst_place_t *at)
{
    cci_bst_removal_t *r = cc_smr_alloc(g, sizeof *r);

    assert_non_null(r);
    r->parent       = at->parent;
    r->leaf         = at->leaf;
    r->number       = at->parent_word;
    r->grand_number = at->grand_word;
    atomic_store(&at->grand->word, (uintptr_t)r | CCI_BST_REMOVES);
    return r;
}

static void lead_past(cci_bst_node_t *grand, const cci_bst_node_t *parent,
                      const cci_bst_node_t *leaf)
{
    int side = atomic_load(&grand->child[0]) != parent;

    atomic_store(&grand->child[side],
                 atomic_load(&parent->child[atomic_load(&parent->child[0]) == leaf]));
}

/* Of a removal the flag is set; then the mark; then the child is changed. Readers pass by, and find the key
 * until that; changes of the same nodes end it. */
static void test_a_removal_that_stands_still_is_ended(void **state)
{
    (void)state;
    for (int stage = 0; stage < 3; stage++) {
        cc_smr_guard_t    *g;
        cci_bst_place_t    at;
        cc_bst_entry_t     e;
        cc_bst_t          *tree = begin_change(&g, &at);
        cci_bst_removal_t *r    = begin_removal(g, &at);

        if (stage > 0)
            atomic_store(&at.parent->word, (uintptr_t)r | CCI_BST_MARK);
        if (stage > 1)
            lead_past(at.grand, at.parent, at.leaf);
        OK(cc_bst_higher(tree, 10, &e));
        assert_int_equal(e.key, stage > 1 ? 30 : 20);
        OK(cc_bst_remove(tree, 10, NULL));
        OK(cc_bst_put(tree, 10, 1));
        NONE(cc_bst_get(tree, 20, NULL));
        cci_tally_add(&tree->tally, 0, -1); /* the one who began would have */
        assert_int_equal(cc_bst_len(tree), 2);
        cc_smr_leave(g);
        end(tree);
    }
}

/* The parent is changed before it is marked: nothing happened, and nobody's flag is left. */
static void test_a_removal_that_comes_too_late_is_taken_back(void **state)
{
    (void)state;
    cc_smr_guard_t *g;
    cci_bst_place_t at;
    cc_bst_t       *tree = begin_change(&g, &at);

    begin_removal(g, &at);
    atomic_fetch_add(&at.parent->word, CCI_BST_ONE); /* as if by a put that has ended */
    OK(cc_bst_remove(tree, 10, NULL));
    OK(cc_bst_put(tree, 10, 1));
    expect_three(tree, 2);
    cc_smr_leave(g);
    end(tree);
}

/* What was found is not as it was, though all nodes are there still. */
static void test_a_place_that_was_changed_is_refused(void **state)
{
    (void)state;
    cc_smr_guard_t *g;
    cci_bst_place_t at;
    cc_bst_t       *tree = begin_change(&g, &at);
    cci_bst_node_t *leaf = cci_bst_new_leaf(tree, g, 20, 7);

    OK(cc_bst_put(tree, 20, 5));
    assert_false(cci_bst_put_at(g, &at, leaf));
    cci_bst_forget(leaf);
    assert_int_equal(cci_bst_remove_at(g, &at), CC_RESULT_BUSY);
    expect_three(tree, 5);
    cc_smr_leave(g);
    end(tree);
}

/* ---- what a reader holds ---- */

/* The last one is of an era that was not there before. */
static void *put_5(void *tree)
{
    bool is_put = true;

    for (uintptr_t v = 48; v <= 50; v++)
        is_put = is_put && cc_bst_put(tree, 5, v) == CC_RESULT_OK;
    return is_put ? tree : NULL;
}

static void *remove_5(void *tree)
{
    bool is_removed = cc_bst_remove(tree, 5, NULL) == CC_RESULT_OK;

    cc_smr_poll(cc_bst_smr(tree));
    return is_removed ? tree : NULL;
}

static void in_another_thread(void *work(void *), cc_bst_t *tree)
{
    pthread_t thread;
    void     *done = NULL;

    assert_int_equal(pthread_create(&thread, NULL, work, tree), 0);
    pthread_join(thread, &done);
    assert_ptr_equal(done, tree);
}

/* Also what was put in after it entered: the search says that it has come to later eras. */
static void test_a_reader_holds_what_it_found(void **state)
{
    (void)state;
    const cc_smr_options_t eager = { .era_step = 1, .scan_step = 1, .check = true };
    cc_smr_t              *smr   = cc_smr_create(&eager);
    cc_bst_t              *tree  = cc_bst_create(&(cc_bst_options_t){ .smr = smr });
    cci_bst_place_t        at;

    cc_smr_guard_t *g = cc_smr_enter(smr);
    in_another_thread(put_5, tree);
    cci_bst_search(tree, g, 5, &at, NULL);
    in_another_thread(remove_5, tree);
    assert_int_equal(at.leaf->key, 5);
    assert_int_equal(at.leaf->value, 50);
    cc_smr_leave(g);
    cc_bst_destroy(tree);
    cc_smr_destroy(smr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_tree_has_nothing),
        cmocka_unit_test(test_keys_and_values_are_any_word),
        cmocka_unit_test(test_outputs_may_be_unwanted),
        cmocka_unit_test(test_ascending_keys_make_a_list),
        cmocka_unit_test(test_what_is_loaded_is_balanced),
        cmocka_unit_test(test_a_put_that_stands_still_is_ended),
        cmocka_unit_test(test_a_removal_that_stands_still_is_ended),
        cmocka_unit_test(test_a_removal_that_comes_too_late_is_taken_back),
        cmocka_unit_test(test_a_place_that_was_changed_is_refused),
        cmocka_unit_test(test_a_reader_holds_what_it_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
