/* SPDX-License-Identifier: MIT */
/* pool.c - see ccmem/pool.h for the contract, ccmem/pool_inline.h for how a block is found.
 *
 * A batch is one piece of memory: the blocks, then room for the stack of all free blocks there are
 * with this batch, then the bytes that say which are in use. Blocks that were never handed out are
 * in no stack: they follow those that were, so that init touches none of them, and the number of
 * blocks handed out so far is also the highest number in use, because a new one is taken only
 * when none is free.
 *
 * Rejected: free blocks as a list through the blocks themselves, 8 bytes a block less; a write
 * after a free would break it, and each free would touch a block that may be cold. A bit instead
 * of a byte a block: each change would have to read what the last one wrote before it can write.
 *
 * Invariants: cci_pool_is_valid.
 */
#include <string.h>
#include "prim/fault.h"
#include "prim/poison.h"
#include "region/pool.h"
#include "region/stride.h"

enum { LINE = 64 }; /* no block shares one with what is not of the pool */

/* ---- sizes ---- */

/* Where the stack begins: after the blocks. */
static size_t stack_offset(const cc_pool_t *pool, size_t count)
{
    return cci_round_up(count * pool->stride, sizeof(void *));
}

/* The bytes of a batch of count blocks with a stack for total of them and the NULL below; 0: too
 * many to be counted, or to be found by the reciprocal. */
static size_t batch_bytes(const cc_pool_t *pool, size_t count, size_t total)
{
    if (count > PTRDIFF_MAX / 4 / pool->stride || total > PTRDIFF_MAX / 4 / sizeof(void *) ||
        count * pool->stride > UINT64_MAX / pool->stride)
        return 0;
    return stack_offset(pool, count) + (total + 1) * sizeof(void *) + count;
}

/* How many blocks fit, when the bytes begin aligned. */
static size_t fitting(const cc_pool_t *pool, size_t bytes)
{
    const size_t once = 2 * sizeof(void *); /* the NULL, and what the stack is aligned by */
    const size_t each = pool->stride + sizeof(void *) + 1;

    return bytes < once ? 0 : (bytes - once) / each;
}

/* ---- batches ---- */

/* A batch of count blocks with a stack for total, in bytes of memory. */
static cc_pool_batch_ lay_out(const cc_pool_t *pool, unsigned char *memory, size_t bytes,
                              size_t count, size_t total)
{
    cc_pool_batch_ batch = {
        .base     = (uintptr_t)memory,
        .bytes    = count * pool->stride,
        .live     = memory + stack_offset(pool, count) + (total + 1) * sizeof(void *),
        .count    = count,
        .memory   = memory,
        .reserved = bytes,
    };

    memset(batch.live, 0, count);
    cci_poison(memory, batch.bytes);
    return batch;
}

/* Count the blocks of a batch in. Its stack has room for those that are free now, and becomes that
 * of the pool. */
static void add(cc_pool_t *pool, const cc_pool_batch_ *batch)
{
    size_t free_count = (size_t)(pool->top - pool->bottom);
    void **bottom     = (void **)(batch->base + stack_offset(pool, batch->count));

    if (free_count)
        memcpy(bottom + 1, pool->bottom + 1, free_count * sizeof *bottom);
    bottom[0]    = NULL;
    pool->bottom = bottom;
    pool->top    = bottom + free_count;
    pool->count += batch->count;
}

static void add_first(cc_pool_t *pool, unsigned char *memory, size_t bytes, size_t count)
{
    pool->first = lay_out(pool, memory, bytes, count, count);
    pool->fast  = pool->guarded ? 0 : pool->first.bytes;
    add(pool, &pool->first);
}

/* ---- life ---- */

/* All of a pool but its blocks. */
static cc_result_t prepare(cc_pool_t *pool, cc_allocator_t parent, size_t block_size, size_t align)
{
    bool guarded = cci_poison_active();

    if (block_size == 0 || block_size > PTRDIFF_MAX / 2 || align > CC_POOL_ALIGN_MAX ||
        (align & (align - 1)) != 0)
        return CC_RESULT_INVALID;
    if (align == 0)
        align = cci_natural_align(block_size);
    *pool = (cc_pool_t){
        .stride     = cci_stride(block_size, align, guarded),
        .block_size = block_size,
        .align      = align,
        .parent     = parent,
        .guarded    = guarded,
    };
    if (pool->stride == 1)
        pool->stride = 2; /* the reciprocal of 1 has 65 bits */
    pool->reciprocal = UINT64_MAX / pool->stride + 1;
    return CC_RESULT_OK;
}

static size_t batch_align(const cc_pool_t *pool)
{
    return pool->align > LINE ? pool->align : LINE;
}

cc_result_t cc_pool_init(cc_pool_t *pool, cc_allocator_t parent, size_t block_size, size_t align,
                         size_t count)
{
    cc_pool_t   made;
    cc_result_t result = count ? prepare(&made, parent, block_size, align) : CC_RESULT_INVALID;

    if (result != CC_RESULT_OK)
        return result;
    size_t bytes  = batch_bytes(&made, count, count);
    void  *memory = cc_allocator_alloc(parent, bytes, batch_align(&made));
    if (!memory)
        return CC_RESULT_NO_MEMORY;
    *pool = made;
    add_first(pool, memory, bytes, count);
    return CC_RESULT_OK;
}

cc_result_t cc_pool_init_in(cc_pool_t *pool, void *memory, size_t bytes, size_t block_size,
                            size_t align)
{
    cc_pool_t   made;
    cc_result_t result = prepare(&made, (cc_allocator_t){ NULL, NULL }, block_size, align);

    if (result != CC_RESULT_OK)
        return result;
    size_t start_align = made.align > sizeof(void *) ? made.align : sizeof(void *);
    size_t gap         = (size_t) - (uintptr_t)memory & (start_align - 1);
    size_t count       = bytes < gap ? 0 : fitting(&made, bytes - gap);
    if (count == 0 || batch_bytes(&made, count, count) == 0)
        return CC_RESULT_FULL;
    *pool = made;
    add_first(pool, (unsigned char *)memory + gap, bytes - gap, count);
    return CC_RESULT_OK;
}

cc_result_t cc_pool_grow(cc_pool_t *pool, size_t count)
{
    size_t head  = cci_round_up(sizeof(cc_pool_batch_), batch_align(pool));
    size_t bytes = batch_bytes(pool, count, pool->count + count);

    if (count == 0)
        return CC_RESULT_INVALID;
    if (!pool->parent.ops)
        return CC_RESULT_UNSUPPORTED;
    if (bytes == 0)
        return CC_RESULT_NO_MEMORY;
    cc_pool_batch_ *batch = cc_allocator_alloc(pool->parent, head + bytes, batch_align(pool));
    if (!batch)
        return CC_RESULT_NO_MEMORY;
    *batch        = lay_out(pool, (unsigned char *)batch + head, bytes, count, pool->count + count);
    batch->memory = batch;
    batch->reserved      = head + bytes;
    cc_pool_batch_ *last = &pool->first;
    while (last->next)
        last = last->next;
    last->next = batch;
    add(pool, batch);
    return CC_RESULT_OK;
}

static void give_back(const cc_pool_t *pool, const cc_pool_batch_ *batch)
{
    cci_unpoison((void *)batch->base, batch->bytes);
    if (pool->parent.ops)
        cc_allocator_free(pool->parent, batch->memory, batch->reserved, batch_align(pool));
}

void cc_pool_fini(cc_pool_t *pool)
{
    cc_pool_batch_ *next;

    for (cc_pool_batch_ *batch = pool->first.next; batch; batch = next) {
        next = batch->next;
        give_back(pool, batch);
    }
    give_back(pool, &pool->first);
    *pool = (cc_pool_t){ 0 };
}

/* ---- blocks ---- */

/* The batch in whose memory a pointer is; NULL: none. */
static cc_pool_batch_ *batch_of(const cc_pool_t *pool, const void *ptr)
{
    const cc_pool_batch_ *batch = &pool->first;

    while (batch && (uintptr_t)ptr - (uintptr_t)batch->memory >= batch->reserved)
        batch = batch->next;
    return (cc_pool_batch_ *)batch;
}

/* What is wrong with a block that is to be freed; when nothing is, *live is its byte. */
static cc_result_t judge(const cc_pool_t *pool, const void *block, unsigned char **live)
{
    const cc_pool_batch_ *batch = batch_of(pool, block);

    if (!batch)
        return CC_RESULT_FOREIGN;
    uintptr_t offset = (uintptr_t)block - batch->base; /* wraps when it is before the blocks */
    if (offset >= batch->used * pool->stride)
        return CC_RESULT_OUT_OF_RANGE;
    cc_pool_product_ place = cc_pool_locate_(pool, offset);
    if ((uint64_t)place >= pool->reciprocal)
        return CC_RESULT_MISALIGNED;
    *live = &batch->live[(size_t)(place >> 64)];
    return **live ? CC_RESULT_OK : CC_RESULT_DOUBLE_FREE;
}

/* The next block that was never handed out; NULL: there is none. */
static void *take_new(cc_pool_t *pool)
{
    cc_pool_batch_ *batch = &pool->first;

    while (batch && batch->used == batch->count)
        batch = batch->next;
    if (!batch)
        return NULL;
    if (++pool->used > pool->peak)
        pool->peak = pool->used;
    return (void *)(batch->base + batch->used++ * pool->stride);
}

void *cc_pool_alloc_slow_(cc_pool_t *pool)
{
    void                 *block = pool->top == pool->bottom ? take_new(pool) : *pool->top--;
    const cc_pool_batch_ *batch = batch_of(pool, block);

    if (!block) {
        pool->exhausted_count++;
        return NULL;
    }
    batch->live[cc_pool_locate_(pool, (uintptr_t)block - batch->base) >> 64] = 1;
    pool->alloc_count++;
    cci_unpoison(block, pool->block_size);
    return block;
}

cc_result_t cc_pool_take(cc_pool_t *pool, void **out)
{
    void *block = cc_pool_alloc(pool);

    if (!block)
        return CC_RESULT_EXHAUSTED;
    *out = block;
    return CC_RESULT_OK;
}

cc_result_t cc_pool_free_slow_(cc_pool_t *pool, void *block)
{
    unsigned char *live;

    if (!block)
        return CC_RESULT_OK;
    cc_result_t result = judge(pool, block, &live);
    if (result != CC_RESULT_OK) {
        pool->refused_count++;
        return result;
    }
    *live        = 0;
    *++pool->top = block;
    cci_poison(block, pool->block_size);
    return CC_RESULT_OK;
}

void cc_pool_reset(cc_pool_t *pool)
{
    for (cc_pool_batch_ *batch = &pool->first; batch; batch = batch->next) {
        memset(batch->live, 0, batch->used);
        cci_poison((void *)batch->base, batch->bytes);
        batch->used = 0;
    }
    pool->top  = pool->bottom;
    pool->used = 0;
}

bool cc_pool_owns(const cc_pool_t *pool, const void *block)
{
    unsigned char *live;

    return judge(pool, block, &live) == CC_RESULT_OK;
}

/* ---- figures ---- */

cc_pool_stats_t cc_pool_stats(const cc_pool_t *pool)
{
    size_t          live  = pool->used - (size_t)(pool->top - pool->bottom);
    cc_pool_stats_t stats = {
        .count           = pool->count,
        .live            = live,
        .peak            = pool->peak,
        .alloc_count     = pool->alloc_count,
        .reuse_count     = pool->alloc_count - pool->peak,
        .free_count      = pool->alloc_count - live,
        .exhausted_count = pool->exhausted_count,
        .refused_count   = pool->refused_count,
        .used_bytes      = live * pool->block_size,
    };

    for (const cc_pool_batch_ *batch = &pool->first; batch; batch = batch->next)
        stats.reserved_bytes += batch->reserved;
    return stats;
}

/* Whether batches are used in order, none after one that is not used up, and the counts agree. */
static bool batches_agree(const cc_pool_t *pool)
{
    size_t used = 0, count = 0;

    for (const cc_pool_batch_ *batch = &pool->first; batch; batch = batch->next) {
        if (batch->used > batch->count || (batch->used && used != count))
            return false;
        used += batch->used;
        count += batch->count;
    }
    return used == pool->used && count == pool->count && used <= pool->peak;
}

static size_t count_live(const cc_pool_t *pool)
{
    size_t live = 0;

    for (const cc_pool_batch_ *batch = &pool->first; batch; batch = batch->next)
        for (size_t i = 0; i < batch->count; i++)
            live += batch->live[i];
    return live;
}

bool cci_pool_is_valid(const cc_pool_t *pool)
{
    unsigned char *live;

    for (void **place = pool->top; place != pool->bottom; place--)
        if (judge(pool, *place, &live) != CC_RESULT_DOUBLE_FREE)
            return false;
    return !*pool->bottom && batches_agree(pool) &&
           count_live(pool) == pool->used - (size_t)(pool->top - pool->bottom);
}

/* ---- as an allocator ---- */

static void *pool_alloc(void *self, size_t size, size_t align)
{
    cc_pool_t *pool = self;

    return size <= pool->block_size && align <= pool->align ? cc_pool_alloc(pool) : NULL;
}

static void pool_free(void *self, void *block, size_t size, size_t align)
{
    cc_result_t result = cc_pool_free(self, block);

    (void)size;
    (void)align;
    if (result != CC_RESULT_OK)
        cci_fault("pool", "free of %p: %s", block, cc_result_text(result));
}

cc_allocator_t cc_pool_allocator(cc_pool_t *pool)
{
    static const cc_allocator_ops_t ops = { pool_alloc, pool_free };

    return (cc_allocator_t){ &ops, pool };
}
