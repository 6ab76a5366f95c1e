/* SPDX-License-Identifier: MIT */
/* ccmem/pool_inline.h - the short way through ccmem/pool.h, for the compiler to put in place.
 *
 * Included by ccmem/pool.h, of which everything here is a private part; programs use no name of
 * this file. Free blocks are a stack of pointers, apart from the blocks: who writes to a block
 * after its free does not break the pool. A byte a block says whether it is in use.
 *
 * One comparison sends all else to the library: an empty stack, where a NULL is on top; blocks of
 * another batch; blocks that a tool must be told about, since fast is 0 then. One multiplication by
 * the reciprocal gives both the number of a block, in its high half, and in the low one whether the
 * pointer is its start: there what is left of a block's bytes is below the reciprocal only when
 * there are none. Exact while bytes of a batch times stride are below 2^64, which init sees to.
 */
#ifndef CC_POOL_INLINE_H
#define CC_POOL_INLINE_H
#include <ccmem/api.h>

#ifdef CC_INLINE
CC_BEGIN

__extension__ typedef unsigned __int128 cc_pool_product_;

/* What the inline functions leave to the library. */
CC_API void       *cc_pool_alloc_slow_(cc_pool_t *pool);
CC_API cc_result_t cc_pool_free_slow_(cc_pool_t *pool, void *block);

CC_HELPER cc_pool_product_ cc_pool_locate_(const cc_pool_t *pool, uintptr_t offset)
{
    return (cc_pool_product_)offset * pool->reciprocal;
}

CC_INLINE void *cc_pool_alloc(cc_pool_t *pool)
{
    void     *block  = *pool->top;
    uintptr_t offset = (uintptr_t)block - pool->first.base;

    if (__builtin_expect(offset >= pool->fast, 0))
        return cc_pool_alloc_slow_(pool);
    pool->top--;
    pool->alloc_count++;
    pool->first.live[(size_t)(cc_pool_locate_(pool, offset) >> 64)] = 1;
    return block;
}

CC_INLINE cc_result_t cc_pool_free(cc_pool_t *pool, void *block)
{
    uintptr_t        offset = (uintptr_t)block - pool->first.base;
    cc_pool_product_ place  = cc_pool_locate_(pool, offset);
    size_t           number = (size_t)(place >> 64);

    if (__builtin_expect(offset >= pool->fast || (uint64_t)place >= pool->reciprocal ||
                             !pool->first.live[number],
                         0))
        return cc_pool_free_slow_(pool, block);
    pool->first.live[number] = 0;
    *++pool->top             = block;
    return CC_RESULT_OK;
}

CC_END
#endif
#endif
