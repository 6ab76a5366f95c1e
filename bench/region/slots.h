/* SPDX-License-Identifier: MIT */
/* slots.h - one allocator of objects that are all of one size, as its users call it, behind the
 * names that slab.c and pool.c use. For how contestants are compiled see regions.h.
 *
 *   slots_begin(n)                 before anything is measured: objects have n bytes
 *   slots_key_t                    what a program keeps of an object
 *   INSERT(key)                    an object; its key goes to *key
 *   INSERT_ZEROED(n, key)          the same, all zero
 *   INSERT_FROM(from, size, n, key)  the same with a copy of size bytes, and zeroes behind
 *   REMOVE(key)                    the object ends
 */
#ifndef SLOTS_H
#define SLOTS_H
#include <stdlib.h>
#include <string.h>

#include <ccbench.h>
#include <random.h>

#include "rust.h"

enum { LIVE = 4096 };

/* An odd number below n, which is even: what leads from one place to another. */
static inline uint32_t random_odd(uint64_t *state, uint32_t n)
{
    return random_below(state, n) | 1;
}

#if defined(CONTESTANT_rust_slab)
#define CONTESTANT_IN_RUST rust_slab

#elif defined(CONTESTANT_cc) && defined(SLOTS_HAVE_KEYS)
#include <ccmem/slab.h>

typedef cc_slab_key_t slots_key_t;

static cc_slab_t slots;

#define INSERT_ZEROED(n, key)           cc_slab_insert_zeroed(&slots, key)
#define INSERT_FROM(from, size, n, key) cc_slab_insert_from(&slots, from, size, key)
#define REMOVE(key)                     slots_remove(key)

static inline void slots_begin(size_t n)
{
    if (cc_slab_init(&slots, cc_allocator_heap(), n, 0, 0) != CC_RESULT_OK)
        ccbench_fail("slab", "no memory");
}

static inline void slots_remove(cc_slab_key_t key)
{
    if (cc_slab_remove(&slots, key) != CC_RESULT_OK)
        ccbench_fail("slab", "a key was refused");
}

#elif defined(CONTESTANT_cc)
#include <ccmem/pool.h>

static cc_pool_t slots;

#define POINTER_INSERT() cc_pool_alloc(&slots)
#define REMOVE(key)      slots_remove(key)

static inline void slots_begin(size_t n)
{
    if (cc_pool_init(&slots, cc_allocator_heap(), n, 0, LIVE) != CC_RESULT_OK)
        ccbench_fail("pool", "no memory");
}

static inline void slots_remove(void *p)
{
    if (cc_pool_free(&slots, p) != CC_RESULT_OK)
        ccbench_fail("pool", "a free was refused");
}

#elif defined(CONTESTANT_bare)
/* No allocator but what is left without one: the same place again and again. */
static unsigned char slot[4096] __attribute__((aligned(64)));

#define POINTER_INSERT() ((void *)slot)
#define REMOVE(key)      ((void)(key))

static inline void slots_begin(size_t n)
{
    (void)n;
}

#elif defined(CONTESTANT_glibc)
static size_t slot_size;

#define POINTER_INSERT() malloc(slot_size)
#define REMOVE(key)      free(key)

static inline void slots_begin(size_t n)
{
    slot_size = n;
}

#elif defined(CONTESTANT_gslice)
#include <glib.h>

static size_t slot_size;

#define POINTER_INSERT() g_slice_alloc(slot_size)
#define REMOVE(key)      g_slice_free1(slot_size, key)

static inline void slots_begin(size_t n)
{
    slot_size = n;
}

#elif defined(CONTESTANT_boost)
#include <boost/pool/pool.hpp>

static boost::pool<> *slots;

#define POINTER_INSERT() slots->malloc()
#define REMOVE(key)      slots->free(key)

static inline void slots_begin(size_t n)
{
    slots = new boost::pool<>(n);
}

#elif defined(CONTESTANT_pmr_pool)
#include <memory_resource>

static std::pmr::unsynchronized_pool_resource slots;
static size_t                                 slot_size;

#define POINTER_INSERT() slots.allocate(slot_size, 8)
#define REMOVE(key)      slots.deallocate(key, slot_size, 8)

static inline void slots_begin(size_t n)
{
    slot_size = n;
}

#else
#error "which contestant?"
#endif

/* Where a pointer is the key, and zeroing and copying is up to the program. */
#ifdef POINTER_INSERT
typedef void *slots_key_t;

#define INSERT(key)                     (*(key) = POINTER_INSERT())
#define INSERT_ZEROED(n, key)           memset(INSERT(key), 0, n)
#define INSERT_FROM(from, size, n, key) slots_from(INSERT(key), from, size, n)

static inline void *slots_from(void *into, const void *from, size_t size, size_t n)
{
    memcpy(into, from, size);
    memset((char *)into + size, 0, n - size);
    return into;
}
#endif

#endif
