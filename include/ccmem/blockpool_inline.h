/* SPDX-License-Identifier: MIT */
/* ccmem/blockpool_inline.h - the short way through ccmem/blockpool.h, for the compiler to put in place.
 *
 * Included by ccmem/blockpool.h, of which everything here is a private part; programs use no name of
 * this file. Each thread has a table with the bins it has in each pool, which are those of
 * ccmem/alloc_inline.h. An entry that is NULL sends the call to the library: so is the one of a pool
 * that the thread did not use yet, and entry 0, to which pools are sent that are watched.
 */
#ifndef CC_BLOCKPOOL_INLINE_H
#define CC_BLOCKPOOL_INLINE_H
#include <ccmem/api.h>

#ifdef CC_INLINE
CC_BEGIN

extern CC_API CC_THREAD cc_heap_bin_ **cc_blockpool_tables_;

/* What the inline functions leave to the library. block is no NULL. */
CC_API void *cc_blockpool_alloc_slow_(cc_blockpool_t *pool, size_t size, size_t align);
CC_API void  cc_blockpool_free_slow_(cc_blockpool_t *pool, void *block, size_t size, size_t align);

/* The bin for a size of the calling thread, NULL: there is none. */
CC_HELPER cc_heap_bin_ *cc_blockpool_bin_(const cc_blockpool_t *pool, size_t size)
{
    cc_heap_bin_ *bins = cc_blockpool_tables_[pool->table_index];

    if (__builtin_expect(!bins || size - 1 >= CC_HEAP_SMALL_MAX_, 0)) /* 0 wraps */
        return NULL;
    return &bins[cc_heap_class_(size)];
}

CC_INLINE void *cc_blockpool_alloc(cc_blockpool_t *pool, size_t size)
{
    cc_heap_bin_ *bin = cc_blockpool_bin_(pool, size);
    void         *block;

    if (__builtin_expect(bin && cc_heap_try_pop_(bin, &block), 1))
        return block;
    return cc_blockpool_alloc_slow_(pool, size, 16);
}

CC_INLINE void cc_blockpool_free(cc_blockpool_t *pool, void *block, size_t size)
{
    cc_heap_bin_ *bin = cc_blockpool_bin_(pool, size);

    if (__builtin_expect(!block, 0))
        return;
    if (__builtin_expect(!bin || !cc_heap_try_push_(bin, block), 0))
        cc_blockpool_free_slow_(pool, block, size, 16);
}

CC_END
#endif
#endif
