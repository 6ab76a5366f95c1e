/* SPDX-License-Identifier: MIT */
/* blocks.h - one allocator of blocks of any size for any thread, as its users call it, behind the names
 * that blockpool.c and flat.c use. For how contestants are compiled see regions.h.
 *
 *   blocks_begin()     before anything is measured
 *   ALLOC(n)           n bytes
 *   FREE(p, n)         the block ends, on whichever thread
 *   blocks_reserved()  bytes that it has of whoever is under it
 */
#ifndef BLOCKS_H
#define BLOCKS_H
#include <stdlib.h>

#include <ccbench.h>

#if defined(CONTESTANT_cc)
#include <ccmem/blockpool.h>

static cc_blockpool_t blocks;

#define ALLOC(n)   cc_blockpool_alloc(&blocks, n)
#define FREE(p, n) cc_blockpool_free(&blocks, p, n)

static inline void blocks_begin(void)
{
    if (cc_blockpool_init(&blocks, cc_allocator_heap(), 0) != CC_RESULT_OK)
        ccbench_fail("blockpool", "no memory");
}

static inline size_t blocks_reserved(void)
{
    return cc_blockpool_stats(&blocks).reserved_bytes;
}

#elif defined(CONTESTANT_glibc)
#include <malloc.h>

#define ALLOC(n)   malloc(n)
#define FREE(p, n) free(p)

static inline void blocks_begin(void)
{
}

static inline size_t blocks_reserved(void)
{
    return mallinfo2().arena;
}

#elif defined(CONTESTANT_gslice)
#include <glib.h>

#define ALLOC(n)   g_slice_alloc(n)
#define FREE(p, n) g_slice_free1(n, p)

static inline void blocks_begin(void)
{
}

#elif defined(CONTESTANT_pmr_sync)
#include <memory_resource>

static std::pmr::synchronized_pool_resource blocks;

#define ALLOC(n)   blocks.allocate(n, 8)
#define FREE(p, n) blocks.deallocate(p, n, 8)

static inline void blocks_begin(void)
{
}

#else
#error "which contestant?"
#endif

static inline void *touched(void *p)
{
    *(volatile char *)p = 1;
    return p;
}

#endif
