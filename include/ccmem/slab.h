/* SPDX-License-Identifier: MIT */
/* ccmem/slab.h - slots of one size, told apart by keys that are never used again.
 *
 * Use a slab for objects of one kind that others refer to for longer than they may live: the key of
 * an object that was removed is refused for ever, also after clear and shrink, where a pointer
 * would lead to whatever came next. A slot does not move while its object lives. When nobody asks
 * for objects that are gone, ccmem/pool.h costs less; when all die together, ccmem/arena.h does.
 *
 * Example:
 *   cc_slab_t     slab;
 *   cc_slab_key_t key;
 *   assert(cc_slab_init(&slab, cc_allocator_heap(), sizeof(double), 0, 0) == CC_RESULT_OK);
 *   double *d = cc_slab_insert_zeroed(&slab, &key);
 *   if (d) {
 *       *d = 0.5;
 *       assert(cc_slab_get(&slab, key) == d);
 *       assert(cc_slab_remove(&slab, key) == CC_RESULT_OK);
 *       assert(cc_slab_get(&slab, key) == NULL);
 *       assert(cc_slab_remove(&slab, key) == CC_RESULT_STALE);
 *   }
 *   cc_slab_fini(&slab);
 *
 * Units    sizes are bytes, capacities are slots.
 * Failure  NULL or CC_RESULT_NO_MEMORY: the parent has no memory, or there are 2^32
 *          slots, less a page; the slab is unchanged. A wrong key is a result, or NULL. As an
 *          allocator, which has no results: one line on stderr and abort.
 * Threads  one thread at a time a slab; slabs share nothing.
 */
#ifndef CC_SLAB_H
#define CC_SLAB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/allocator.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
CC_BEGIN

/* Names one object of one slab. 0 is no key. The low half is the index of the slot, which others
 * have before and after; the high half, its generation, makes the key unique. */
typedef uint64_t cc_slab_key_t;

/* Reuse the slot that was vacant for longest, and rather a new one of a page there is: a pointer
 * that was kept too long meets nothing for longer, and no slot runs out of generations early.
 * Otherwise the slot vacated last is the next, which is faster. */
#define CC_SLAB_FIFO 1u

/* Storage is the caller's. Fields are private. */
typedef struct cc_slab {
    uint64_t      *words; /* one a slot; see ccmem/slab_inline.h */
    uintptr_t     *pages;
    size_t         stride, slot_size;
    cc_slab_key_t  vacant;            /* the next key */
    uint32_t       fast;              /* slots below this are handled inline: used, or 0 */
    uint32_t       fast_lines;        /* the same if they are lines of 64 bytes, or 0 */
    uint32_t       used;              /* slots below this have a word */
    uint32_t       live, peak;        /* objects */
    uint32_t       circulating;       /* slots that are live or in the list */
    uint32_t       page_count, holes; /* entries of pages; those without memory */
    uint32_t       last_vacant;       /* where a FIFO appends */
    uint32_t       generation;        /* of keys to slots from used on */
    uint32_t       words_room, pages_room;
    uint8_t        page_shift; /* a page has 1 << page_shift slots */
    bool           fifo, guarded;
    size_t         align;
    cc_allocator_t parent;
} cc_slab_t;

#define CC_SLAB_ALIGN_MAX 4096

/* Make an empty slab for objects of slot_size bytes at a multiple of align; align 0 is what an
 * object of that size can need. flags is 0 or CC_SLAB_FIFO. Takes no memory yet.
 * CC_RESULT_INVALID: slot_size 0 or beyond PTRDIFF_MAX / 2, an align that is no power of two or
 * above CC_SLAB_ALIGN_MAX, other flags. O(1). */
CC_API CC_NODISCARD cc_result_t cc_slab_init(cc_slab_t *slab, cc_allocator_t parent,
                                             size_t slot_size, size_t align, unsigned flags);

/* Give everything back to the parent, whatever still lives; it may be init-ed again. O(pages). */
CC_API void cc_slab_fini(cc_slab_t *slab);

/* A slot for a new object, uninitialised, and its key. Amortised O(1). */
CC_API CC_NODISCARD void *cc_slab_insert(cc_slab_t *slab, cc_slab_key_t *key);

/* The same, all zero. Amortised O(slot_size). */
CC_API CC_NODISCARD void *cc_slab_insert_zeroed(cc_slab_t *slab, cc_slab_key_t *key);

/* The same with a copy of size bytes at what, and zeroes behind; NULL also when they are more than
 * slot_size. Amortised O(slot_size). */
CC_API CC_NODISCARD void *cc_slab_insert_from(cc_slab_t *slab, const void *what, size_t size,
                                              cc_slab_key_t *key);

/* The object, until it is removed; NULL: there is none of that key, 0 among them. O(1). */
CC_API void *cc_slab_get(const cc_slab_t *slab, cc_slab_key_t key);

/* Whether there is an object of that key. O(1). */
CC_API bool cc_slab_contains(const cc_slab_t *slab, cc_slab_key_t key);

/* End an object. CC_RESULT_STALE: it was removed before; CC_RESULT_OUT_OF_RANGE: the slab never had
 * such a slot. O(1). */
CC_API cc_result_t cc_slab_remove(cc_slab_t *slab, cc_slab_key_t key);

/* The key of the object that follows the one of a key, by slot; after 0 the first, and after the
 * last 0. Objects may be removed between two calls, that of the key too; inserted ones may be met
 * or not. A whole round is O(slots). */
CC_API cc_slab_key_t cc_slab_iterate(const cc_slab_t *slab, cc_slab_key_t key);

/* Objects that live. O(1). */
CC_API size_t cc_slab_len(const cc_slab_t *slab);

/* Objects that may live before the slab needs memory again, those that do included. O(1). */
CC_API size_t cc_slab_capacity(const cc_slab_t *slab);

/* Take memory for slots objects, those that live included. CC_RESULT_NO_MEMORY: some of it may be
 * had. O(slots). */
CC_API CC_NODISCARD cc_result_t cc_slab_reserve(cc_slab_t *slab, size_t slots);

/* Remove all objects, keep the memory. O(slots). */
CC_API void cc_slab_clear(cc_slab_t *slab);

/* Give pages without an object back to the parent, and hand out low slots first from now on.
 * O(slots). */
CC_API void cc_slab_shrink(cc_slab_t *slab);

/* The key of the object whose slot begins at ptr; 0: there is none. O(pages). */
CC_API cc_slab_key_t cc_slab_key_of(const cc_slab_t *slab, const void *ptr);

/* Whether a pointer leads into the slab's slots, live or not. O(pages). */
CC_API bool cc_slab_owns(const cc_slab_t *slab, const void *ptr);

/* The slab as an allocator of blocks: each a slot, which holds the block and, in its last 8 bytes,
 * its key. NULL for what does not fit. A block that is not of the slab, or is freed twice, ends the
 * process. O(1). */
CC_API cc_allocator_t cc_slab_allocator(cc_slab_t *slab);

typedef struct cc_slab_stats {
    size_t live, peak;     /* objects, now and at most */
    size_t capacity;       /* as cc_slab_capacity */
    size_t worn;           /* slots whose generations are used up: never used again */
    size_t used_bytes;     /* live * slot_size */
    size_t page_bytes;     /* reserved for slots */
    size_t reserved_bytes; /* of the parent, in all */
} cc_slab_stats_t;

/* The figures now. O(slots). */
CC_API cc_slab_stats_t cc_slab_stats(const cc_slab_t *slab);

CC_END
#include <ccmem/slab_inline.h>
#endif
