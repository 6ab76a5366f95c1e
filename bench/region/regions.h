/* SPDX-License-Identifier: MIT */
/* regions.h - one allocator whose blocks are released together, as its users call it, behind the
 * names that batch.c, fill.c, copy.c and vector.c use.
 *
 * A workload is compiled once for each contestant, with CONTESTANT_NAME defined; for those of C++
 * as C++. Loops of Rust peers are in rust/src, made like those here. Macros, so that what is a
 * constant in the workload is one for the allocator.
 *
 *   REGION_BEGIN()         before anything is measured
 *   REGION_OF(n)           declared in a loop whose blocks have n bytes
 *   ALLOC(n)               n bytes, aligned to 8
 *   COPY(source, n)        the same with those of source
 *   RESIZE(p, old, n)      the block p, NULL at first, with n bytes instead of old
 *   RELEASE()              all blocks
 *   FREES_EACH, FREE(p,n)  1 where there is no such thing and each block goes by itself
 */
#ifndef REGIONS_H
#define REGIONS_H
#include <stdlib.h>
#include <string.h>

#include <ccbench.h>

#include "rust.h"

enum { REGION_BYTES = 64 * 1024 }; /* more than any loop has at a time */

#if defined(CONTESTANT_bumpalo)
#define CONTESTANT_IN_RUST bumpalo

#elif defined(CONTESTANT_rust_vec)
#define CONTESTANT_IN_RUST rust_vec

#elif defined(CONTESTANT_cc) || defined(CONTESTANT_cc_interface)
#include <ccmem/arena.h>

static cc_arena_t region;

#define RELEASE() cc_arena_reset(&region, CC_ARENA_KEEP_ALL)

#if defined(CONTESTANT_cc)
#define ALLOC(n)          cc_arena_alloc(&region, n, 8)
#define COPY(source, n)   cc_arena_copy(&region, source, n, 8)
#define RESIZE(p, old, n) cc_arena_resize(&region, p, old, n, 8)
#else
static cc_allocator_t region_allocator;

#define ALLOC(n) cc_allocator_alloc(region_allocator, n, 8)
#endif

#define REGION_BEGIN() region_begin()

static inline void region_begin(void)
{
    cc_arena_init(&region, cc_allocator_heap(), NULL);
#if defined(CONTESTANT_cc_interface)
    region_allocator = cc_arena_allocator(&region);
#endif
}

#elif defined(CONTESTANT_bare)
/* No allocator but the floor of one: a pointer that is moved without a check, and not even kept in
 * memory. */
static unsigned char region[REGION_BYTES] __attribute__((aligned(64)));

#define REGION_OF(n) unsigned char *at = region
#define ALLOC(n)     (at += ((n) + 7) / 8 * 8, at - ((n) + 7) / 8 * 8)
#define RELEASE()    (at = region)

#elif defined(CONTESTANT_glibc)
#define FREES_EACH        1
#define ALLOC(n)          malloc(n)
#define FREE(p, n)        free(p)
#define RESIZE(p, old, n) ((void)(old), realloc(p, n))

#elif defined(CONTESTANT_obstack)
#include <obstack.h>

#define obstack_chunk_alloc malloc
#define obstack_chunk_free  free

static struct obstack region;
static void          *region_start;

#define ALLOC(n)        obstack_alloc(&region, n)
#define COPY(source, n) obstack_copy(&region, source, n)
#define RELEASE()       obstack_free(&region, region_start)

#define REGION_BEGIN() region_begin()

/* The first object is what a free of everything since goes back to. */
static inline void region_begin(void)
{
    obstack_begin(&region, REGION_BYTES);
    region_start = obstack_alloc(&region, 0);
}

#elif defined(CONTESTANT_apr)
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

static apr_pool_t *region;

#define ALLOC(n)        apr_palloc(region, n)
#define COPY(source, n) apr_pmemdup(region, source, n)
#define RELEASE()       apr_pool_clear(region)

#define REGION_BEGIN() region_begin()

static inline void region_begin(void)
{
    if (apr_initialize() || apr_pool_create(&region, NULL))
        ccbench_fail("apr", "no pool to be had");
}

#elif defined(CONTESTANT_talloc)
#include <talloc.h>

static void *region;

#define ALLOC(n)        talloc_size(region, n)
#define COPY(source, n) talloc_memdup(region, source, n)
#define RELEASE()       talloc_free_children(region)

#define REGION_BEGIN() region_begin()

static inline void region_begin(void)
{
    region = talloc_pool(NULL, REGION_BYTES);
    if (!region)
        ccbench_fail("talloc", "no pool to be had");
}

#elif defined(CONTESTANT_gslice)
#include <glib.h>

#define FREES_EACH 1
#define ALLOC(n)   g_slice_alloc(n)
#define FREE(p, n) g_slice_free1(n, p)

#elif defined(CONTESTANT_boost)
#include <boost/pool/pool.hpp>

#define FREES_EACH   1
#define REGION_OF(n) static boost::pool<> region(n)
#define ALLOC(n)     region.malloc()
#define FREE(p, n)   region.free(p)

#elif defined(CONTESTANT_pmr)
#include <memory_resource>

static char                                region_bytes[REGION_BYTES] __attribute__((aligned(64)));
static std::pmr::monotonic_buffer_resource region(region_bytes, REGION_BYTES);

#define ALLOC(n)  region.allocate(n, 8)
#define RELEASE() region.release()

#elif defined(CONTESTANT_pmr_pool)
#include <memory_resource>

static std::pmr::unsynchronized_pool_resource region;

#define FREES_EACH 1
#define ALLOC(n)   region.allocate(n, 8)
#define FREE(p, n) region.deallocate(p, n, 8)

#else
#error "which contestant?"
#endif

#ifndef FREES_EACH
#define FREES_EACH 0
#define FREE(p, n) ((void)(p))
#else
#define RELEASE() ((void)0)
#endif
#ifndef REGION_BEGIN
#define REGION_BEGIN() ((void)0)
#endif
#ifndef REGION_OF
#define REGION_OF(n) ((void)0)
#endif
#ifndef COPY
#define COPY(source, n) memcpy(ALLOC(n), source, n)
#endif

#endif
