/* SPDX-License-Identifier: MIT */
/* ccmem/bst.h - a search tree that any number of threads read and change without a lock.
 *
 * An ordered map, as ccmem/skipmap.h is, and with the same functions. A change touches two or three
 * nodes, whatever the size of the tree, and a search fewer lines than in a skip list. But nothing
 * balances the tree: it is as deep as the order of insertions makes it, about 2 log2 n when that is
 * random, and n when it is ascending. Take the skip list whenever somebody else decides which keys come.
 *
 * Example:
 *   cc_bst_t *tree = cc_bst_create(NULL);
 *   if (tree) {
 *       uintptr_t price;
 *       if (cc_bst_put(tree, 1907, 25) == CC_RESULT_OK &&
 *           cc_bst_get(tree, 1907, &price) == CC_RESULT_OK)
 *           assert(price == 25);
 *       cc_bst_entry_t e;
 *       if (cc_bst_ceiling(tree, 1900, &e) == CC_RESULT_OK)
 *           assert(e.key == 1907);
 *       cc_bst_destroy(tree);
 *   }
 *
 * Pointers  with a destroy callback the tree owns keys and values. An entry that was removed or replaced
 *           is destroyed once no thread can be reading it and no inner node needs its key to tell left from
 *           right, which may be only when a neighbour is removed. Without one, keys that compare
 *           looks into stay as long as the tree. What get and its like return is the tree's: to use a
 *           pointer, be in a section of cc_bst_smr from before the call until the end of the use. An
 *           iterator needs none: its entry stays until it moves on.
 * Failure   NO_MEMORY: nothing changed, and key and value are the caller's still. Any function that
 *           returns a result says so, too, when the thread is new to the tree's domain and there is no
 *           memory. Outputs are written on OK alone; those that are not wanted are NULL.
 * Threads   any, at any time, but for create, load and destroy. Each operation takes place at one moment
 *           between its begin and its end. A section that goes on for long holds entries that were
 *           removed: see ccmem/smr.h.
 * Progress  all lock-free. Reading writes nothing shared, and begins anew only when a node that it stood
 *           on was removed.
 * Cost      search: O(depth). An entry takes 128 bytes, one in 64 more with destroy.
 * Source    Ellen, Fatourou, Ruppert, van Breugel, "Non-blocking binary search trees", PODC 2010, with other
 *           rules for what is freed when: docs/design/bst.md.
 */
#ifndef CC_BST_H
#define CC_BST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
#include <ccmem/smr.h>
CC_BEGIN

typedef struct cc_bst cc_bst_t;

typedef struct cc_bst_entry {
    uintptr_t key, value;
} cc_bst_entry_t;

/* Below 0, 0, above 0: a stands before b, is b, stands behind b. Runs within sections. */
typedef int cc_bst_compare_fn(uintptr_t a, uintptr_t b, void *context);

/* What an entry had is not needed any more. Runs where cc_smr_free_fn may: not in a section. */
typedef void cc_bst_destroy_fn(uintptr_t key, uintptr_t value, void *context);

/* All 0 is the default. */
typedef struct cc_bst_options {
    cc_bst_compare_fn *compare; /* NULL: as unsigned numbers, faster */
    cc_bst_destroy_fn *destroy; /* NULL: nothing is to be done */
    void              *context; /* of both */
    cc_smr_t          *smr;     /* the domain; NULL: one of its own */
    cc_smr_scheme_t    scheme;  /* of its own */
} cc_bst_options_t;

/* An empty tree; options NULL: the default. NULL: out of memory. O(1). */
CC_API CC_NODISCARD cc_bst_t *cc_bst_create(const cc_bst_options_t *options);

/* Destroy all entries, and the tree; NULL is nothing. Nobody uses it any more, and the thread is in no
 * section of its domain, of which this is a cc_smr_barrier. O(n), and that. */
CC_API void cc_bst_destroy(cc_bst_t *tree);

/* The domain of the tree. O(1). */
CC_API cc_smr_t *cc_bst_smr(const cc_bst_t *tree);

/* Fill an empty tree that nobody else uses yet with count entries in ascending order, so that it is
 * balanced. INVALID: they are not, or it is not; NO_MEMORY. Nothing changed then. O(count). */
CC_API CC_NODISCARD cc_result_t cc_bst_load(cc_bst_t *tree, const cc_bst_entry_t *entries,
                                            size_t count);

/* ---- one key ---- */

/* NOT_FOUND. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_get(cc_bst_t *tree, uintptr_t key, uintptr_t *value);

/* Whether the key is there. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_contains(cc_bst_t *tree, uintptr_t key, bool *is);

/* Whatever the key had, it has this value now; there is no moment without one. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_put(cc_bst_t *tree, uintptr_t key, uintptr_t value);

/* Only a key that is not there. EXISTS: it is; key and value are the caller's. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_put_if_absent(cc_bst_t *tree, uintptr_t key,
                                                     uintptr_t value);

/* Only a key that is there; old: the value it had. NOT_FOUND: it is not; key and value are the
 * caller's. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_replace(cc_bst_t *tree, uintptr_t key, uintptr_t value,
                                               uintptr_t *old);

/* Take the key out; old: the value it had. NOT_FOUND. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_remove(cc_bst_t *tree, uintptr_t key, uintptr_t *old);

typedef enum cc_bst_verdict {
    CC_BST_KEEP,  /* as it is; the key given is the caller's */
    CC_BST_PUT,   /* *put, which is the tree's if nothing fails */
    CC_BST_REMOVE /* the key, if it is there; the one given is the caller's */
} cc_bst_verdict_t;

/* What is to become of a key that has *value, or none: value is NULL. It is in a section. With CC_BST_PUT
 * *put is set. */
typedef cc_bst_verdict_t cc_bst_compute_fn(uintptr_t key, const uintptr_t *value, uintptr_t *put,
                                           void *context);

/* Ask compute, and do so, if the key has that value still; otherwise ask again: only the last answer
 * counts, and what others put is the caller's. NO_MEMORY. O(depth) each time. */
CC_API CC_NODISCARD cc_result_t cc_bst_compute(cc_bst_t *tree, uintptr_t key,
                                               cc_bst_compute_fn *compute, void *context);

/* ---- by order ---- */

/* The entry with the least key. NOT_FOUND: the tree is empty. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_first(cc_bst_t *tree, cc_bst_entry_t *entry);

/* With the greatest. NOT_FOUND: the tree is empty. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_last(cc_bst_t *tree, cc_bst_entry_t *entry);

/* With the greatest that is <= key. NOT_FOUND. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_floor(cc_bst_t *tree, uintptr_t key, cc_bst_entry_t *entry);

/* With the greatest that is < key. NOT_FOUND. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_lower(cc_bst_t *tree, uintptr_t key, cc_bst_entry_t *entry);

/* With the least that is >= key. NOT_FOUND. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_ceiling(cc_bst_t *tree, uintptr_t key,
                                               cc_bst_entry_t *entry);

/* With the least that is > key. NOT_FOUND. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_higher(cc_bst_t *tree, uintptr_t key, cc_bst_entry_t *entry);

/* Take the first entry out; of those that do it at the same time each gets another. NOT_FOUND.
 * O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_pop_first(cc_bst_t *tree, cc_bst_entry_t *entry);

/* Entries; when others put and remove meanwhile, about as many. O(1), a few cache lines. */
CC_API size_t cc_bst_len(const cc_bst_t *tree);

/* ---- iteration ---- */

/* A place in a range of keys, in ascending order. Storage is the caller's, fields are private; of one
 * thread. It is in no section between two calls and holds one entry, however long. */
typedef struct cc_bst_iter {
    cc_bst_t *tree;
    void     *held; /* the entry, when the tree owns it */
    uintptr_t at, to;
    bool      is_within, has_from, has_to;
} cc_bst_iter_t;

/* The keys from *from on and below *to; NULL: all on that side. O(1). */
CC_API void cc_bst_iter_init(cc_bst_iter_t *iter, cc_bst_t *tree, const uintptr_t *from,
                             const uintptr_t *to);

/* The next entry, which stays until the next call, also when it is removed. Keys that are there all the
 * time are met once, others once or not. NOT_FOUND: there is none any more. O(depth). */
CC_API CC_NODISCARD cc_result_t cc_bst_iter_next(cc_bst_iter_t *iter, cc_bst_entry_t *entry);

/* Let go of the entry; needed whenever iteration does not go to the end. O(1). */
CC_API void cc_bst_iter_fini(cc_bst_iter_t *iter);

CC_END
#endif
