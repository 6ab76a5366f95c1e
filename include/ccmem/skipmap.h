/* SPDX-License-Identifier: MIT */
/* ccmem/skipmap.h - an ordered map that any number of threads read and change without a lock.
 *
 * Keys and values are words: numbers, or pointers that a comparison of the caller's understands. A map
 * that one thread uses at a time is better off as a tree or a sorted array; when order is of no use a
 * hash table is several times faster.
 *
 * Example:
 *   cc_skipmap_t *map = cc_skipmap_create(NULL);
 *   if (map) {
 *       uintptr_t price;
 *       if (cc_skipmap_put(map, 1907, 25) == CC_RESULT_OK &&
 *           cc_skipmap_get(map, 1907, &price) == CC_RESULT_OK)
 *           assert(price == 25);
 *       cc_skipmap_entry_t e;
 *       if (cc_skipmap_ceiling(map, 1900, &e) == CC_RESULT_OK)
 *           assert(e.key == 1907);
 *       cc_skipmap_destroy(map);
 *   }
 *
 * Pointers  with a destroy callback the map owns keys and values. An entry that was removed or replaced
 *           is destroyed once no thread can be reading it. What get and its like return is the map's: to
 *           use a pointer, be in a section of cc_skipmap_smr from before the call until the end of the
 *           use. An iterator needs none: its entry stays until it moves on.
 * Failure   NO_MEMORY: nothing changed, and key and value are the caller's still. Any function that
 *           returns a result says so, too, when the thread is new to the map's domain and there is no
 *           memory. Outputs are written on OK alone; those that are not wanted are NULL.
 * Threads   any, at any time, but for create, load and destroy. Each operation takes place at one moment
 *           between its begin and its end. A section that goes on for long holds entries that were
 *           removed: see ccmem/smr.h.
 * Progress  all lock-free. Reading writes nothing shared, and begins anew only when it meets a node that
 *           is being removed.
 * Cost      search: O(log n) expected. An entry takes 64 bytes, one in 16 more.
 * Source    Fraser, "Practical lock-freedom", 2004; Herlihy, Shavit, "The Art of Multiprocessor
 *           Programming", ch. 14; Michael, "High performance dynamic lock-free hash tables and list-based
 *           sets", SPAA 2002; Arovi, Nikolaev, "SCOT: fix non-blocking data structures, not memory
 *           reclamation", SPAA 2025. docs/design/skipmap.md.
 */
#ifndef CC_SKIPMAP_H
#define CC_SKIPMAP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
#include <ccmem/smr.h>
CC_BEGIN

typedef struct cc_skipmap cc_skipmap_t;

typedef struct cc_skipmap_entry {
    uintptr_t key, value;
} cc_skipmap_entry_t;

/* Below 0, 0, above 0: a stands before b, is b, stands behind b. Runs within sections. */
typedef int cc_skipmap_compare_fn(uintptr_t a, uintptr_t b, void *context);

/* What an entry had is not needed any more. Runs where cc_smr_free_fn may: not in a section. */
typedef void cc_skipmap_destroy_fn(uintptr_t key, uintptr_t value, void *context);

/* All 0 is the default. */
typedef struct cc_skipmap_options {
    cc_skipmap_compare_fn *compare; /* NULL: as unsigned numbers, faster */
    cc_skipmap_destroy_fn *destroy; /* NULL: nothing is to be done */
    void                  *context; /* of both */
    cc_smr_t              *smr;     /* the domain; NULL: one of its own */
    cc_smr_scheme_t        scheme;  /* of its own */
} cc_skipmap_options_t;

/* An empty map; options NULL: the default. NULL: out of memory. O(1). */
CC_API CC_NODISCARD cc_skipmap_t *cc_skipmap_create(const cc_skipmap_options_t *options);

/* Destroy all entries, and the map; NULL is nothing. Nobody uses it any more, and the thread is in no
 * section of its domain, of which this is a cc_smr_barrier. O(n), and that. */
CC_API void cc_skipmap_destroy(cc_skipmap_t *map);

/* The domain of the map. O(1). */
CC_API cc_smr_t *cc_skipmap_smr(const cc_skipmap_t *map);

/* Add count entries in ascending order, all above those that are there, to a map that nobody else uses
 * yet. INVALID: they are not; NO_MEMORY. Nothing changed then. O(count). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_load(cc_skipmap_t             *map,
                                                const cc_skipmap_entry_t *entries, size_t count);

/* ---- one key ---- */

/* NOT_FOUND. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_get(cc_skipmap_t *map, uintptr_t key, uintptr_t *value);

/* Whether the key is there. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_contains(cc_skipmap_t *map, uintptr_t key, bool *is);

/* Whatever the key had, it has this value now; there is no moment without one. An entry that is
 * replaced is destroyed with its key. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_put(cc_skipmap_t *map, uintptr_t key, uintptr_t value);

/* Only a key that is not there. EXISTS: it is; key and value are the caller's. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_put_if_absent(cc_skipmap_t *map, uintptr_t key,
                                                         uintptr_t value);

/* Only a key that is there; old: the value it had. NOT_FOUND: it is not; key and value are the
 * caller's. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_replace(cc_skipmap_t *map, uintptr_t key,
                                                   uintptr_t value, uintptr_t *old);

/* Take the key out; old: the value it had. NOT_FOUND. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_remove(cc_skipmap_t *map, uintptr_t key, uintptr_t *old);

typedef enum cc_skipmap_verdict {
    CC_SKIPMAP_KEEP,  /* as it is; the key given is the caller's */
    CC_SKIPMAP_PUT,   /* *value, which is the map's if nothing fails */
    CC_SKIPMAP_REMOVE /* the key, if it is there; the one given is the caller's */
} cc_skipmap_verdict_t;

/* What is to become of a key that has *value, or none: value is NULL. It is in a section. With
 * CC_SKIPMAP_PUT *put is set. */
typedef cc_skipmap_verdict_t cc_skipmap_compute_fn(uintptr_t key, const uintptr_t *value,
                                                   uintptr_t *put, void *context);

/* Ask compute, and do so, if the key has that value still; otherwise ask again: only the last answer
 * counts, and what others put is the caller's. NO_MEMORY. O(log n) each time. */
CC_API CC_NODISCARD cc_result_t cc_skipmap_compute(cc_skipmap_t *map, uintptr_t key,
                                                   cc_skipmap_compute_fn *compute, void *context);

/* ---- by order ---- */

/* The entry with the least key. NOT_FOUND: the map is empty. O(1). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_first(cc_skipmap_t *map, cc_skipmap_entry_t *entry);

/* With the greatest. NOT_FOUND: the map is empty. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_last(cc_skipmap_t *map, cc_skipmap_entry_t *entry);

/* With the greatest that is <= key. NOT_FOUND. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_floor(cc_skipmap_t *map, uintptr_t key,
                                                 cc_skipmap_entry_t *entry);

/* With the greatest that is < key. NOT_FOUND. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_lower(cc_skipmap_t *map, uintptr_t key,
                                                 cc_skipmap_entry_t *entry);

/* With the least that is >= key. NOT_FOUND. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_ceiling(cc_skipmap_t *map, uintptr_t key,
                                                   cc_skipmap_entry_t *entry);

/* With the least that is > key. NOT_FOUND. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_higher(cc_skipmap_t *map, uintptr_t key,
                                                  cc_skipmap_entry_t *entry);

/* Take the first entry out; of those that do it at the same time each gets another. What is put in
 * front of it after it was found stays. NOT_FOUND. O(log n). */
CC_API CC_NODISCARD cc_result_t cc_skipmap_pop_first(cc_skipmap_t *map, cc_skipmap_entry_t *entry);

/* Entries; when others put and remove meanwhile, about as many. O(1), a few cache lines. */
CC_API size_t cc_skipmap_len(const cc_skipmap_t *map);

/* ---- iteration ---- */

/* A place in a range of keys, in ascending order. Storage is the caller's, fields are private; of one
 * thread. It is in no section between two calls and holds one entry, however long. */
typedef struct cc_skipmap_iter {
    cc_skipmap_t *map;
    void         *node;
    uintptr_t     from, to;
    bool          has_from, has_to, is_done;
} cc_skipmap_iter_t;

/* The keys from *from on and below *to; NULL: all on that side. O(1). */
CC_API void cc_skipmap_iter_init(cc_skipmap_iter_t *iter, cc_skipmap_t *map, const uintptr_t *from,
                                 const uintptr_t *to);

/* The next entry, which stays until the next call, also when it is removed. Keys that are there all the
 * time are met once, others once or not. NOT_FOUND: there is none any more. O(1), O(log n) when the
 * one before was removed. */
CC_API CC_NODISCARD cc_result_t cc_skipmap_iter_next(cc_skipmap_iter_t  *iter,
                                                     cc_skipmap_entry_t *entry);

/* Let go of the entry; needed whenever iteration does not go to the end. O(1). */
CC_API void cc_skipmap_iter_fini(cc_skipmap_iter_t *iter);

CC_END
#endif
