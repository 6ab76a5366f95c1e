/* SPDX-License-Identifier: MIT */
/* Slabs, pools and block pools hide nothing from AddressSanitizer: a use after the end of an object, or
 * past its bytes, is reported. The program runs itself again to be wrong; tests/integration runs it
 * under Valgrind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ccmem/blockpool.h>
#include <ccmem/pool.h>
#include <ccmem/slab.h>
#include "support/poisoning.h"

/* ---- the bugs: each returns a place that must not be written to ---- */

static cc_slab_t     slab;
static cc_slab_key_t key;

static unsigned char *object(void)
{
    if (cc_slab_init(&slab, cc_allocator_system(), 64, 0, 0) != CC_RESULT_OK)
        exit(0);
    return cc_slab_insert_zeroed(&slab, &key);
}

static unsigned char *slab_past(void)
{
    return object() + 64;
}

static unsigned char *slab_after_remove(void)
{
    unsigned char *p = object();

    (void)cc_slab_remove(&slab, key);
    return p;
}

static unsigned char *slab_after_clear(void)
{
    unsigned char *p = object();

    cc_slab_clear(&slab);
    return p;
}

static unsigned char *slab_before_insert(void)
{
    return object() + 96; /* the next slot */
}

static cc_pool_t pool;

static unsigned char *block(void)
{
    if (cc_pool_init(&pool, cc_allocator_system(), 64, 0, 8) != CC_RESULT_OK)
        exit(0);
    return cc_pool_alloc(&pool);
}

static unsigned char *pool_past(void)
{
    return block() + 64;
}

static unsigned char *pool_after_free(void)
{
    unsigned char *p = block();

    (void)cc_pool_free(&pool, p);
    return p;
}

static unsigned char *pool_after_reset(void)
{
    unsigned char *p = block();

    cc_pool_reset(&pool);
    return p;
}

static cc_blockpool_t blockpool;

/* Its neighbours of the same class are in use, too. */
static unsigned char *message(size_t size)
{
    unsigned char *p = NULL;

    if (cc_blockpool_init(&blockpool, cc_allocator_system(), 0) != CC_RESULT_OK)
        exit(0);
    for (int i = 0; i < 3; i++) {
        unsigned char *q = cc_blockpool_alloc(&blockpool, size);
        if (i == 1)
            p = q;
    }
    return p;
}

/* Past the bytes that were asked for, which are fewer than the class has. */
static unsigned char *blockpool_past(void)
{
    return message(104) + 104;
}

/* As many as a class has. */
static unsigned char *blockpool_past_class(void)
{
    return message(112) + 112;
}

static unsigned char *blockpool_past_aligned(void)
{
    message(1);
    return (unsigned char *)cc_blockpool_alloc_aligned(&blockpool, 256, 256) + 256;
}

static unsigned char *blockpool_after_free(void)
{
    unsigned char *p = message(100);

    cc_blockpool_free(&blockpool, p, 100);
    return p + 99;
}

static unsigned char *blockpool_after_idle(void)
{
    unsigned char *p = message(100);

    cc_blockpool_free(&blockpool, p, 100);
    cc_blockpool_thread_idle(&blockpool);
    return p;
}

/* The rest of its chunk is in use. */
static unsigned char *blockpool_after_trim(void)
{
    unsigned char *p = message(100), *q = cc_blockpool_alloc(&blockpool, 5000);

    cc_blockpool_free(&blockpool, q, 5000);
    cc_blockpool_trim(&blockpool);
    return p ? q : NULL;
}

/* Freed in one size, it is used in another. */
static unsigned char *blockpool_past_reused(void)
{
    unsigned char *p = message(100), *q = cc_blockpool_alloc(&blockpool, 5000);

    cc_blockpool_free(&blockpool, q, 5000);
    cc_blockpool_trim(&blockpool);
    q = cc_blockpool_alloc(&blockpool, 200);
    return p ? q + 200 : NULL;
}

static unsigned char *blockpool_never_allocated(void)
{
    return message(100) + 10000;
}

static unsigned char storage[4 * CC_BLOCKPOOL_UNIT];

static unsigned char *blockpool_in_past(void)
{
    if (cc_blockpool_init_in(&blockpool, storage, sizeof storage) != CC_RESULT_OK)
        exit(0);
    return (unsigned char *)cc_blockpool_alloc(&blockpool, 16) + 16;
}

static const poisoning_bug_t bugs[] = {
    { "slab_past", slab_past },
    { "slab_after_remove", slab_after_remove },
    { "slab_after_clear", slab_after_clear },
    { "slab_before_insert", slab_before_insert },
    { "pool_past", pool_past },
    { "pool_after_free", pool_after_free },
    { "pool_after_reset", pool_after_reset },
    { "blockpool_past", blockpool_past },
    { "blockpool_past_class", blockpool_past_class },
    { "blockpool_past_aligned", blockpool_past_aligned },
    { "blockpool_after_free", blockpool_after_free },
    { "blockpool_after_idle", blockpool_after_idle },
    { "blockpool_after_trim", blockpool_after_trim },
    { "blockpool_past_reused", blockpool_past_reused },
    { "blockpool_never_allocated", blockpool_never_allocated },
    { "blockpool_in_past", blockpool_in_past },
    { NULL, NULL },
};

/* Of all sizes and twice over; what was the pool's may be used when it has ended. */
static void use_blockpool(void)
{
    static unsigned char *p[3000];

    message(100);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 3000; i++) {
            p[i] = cc_blockpool_alloc(&blockpool, i * 17 + 1);
            memset(p[i], 1, i * 17 + 1);
        }
        for (size_t i = 0; i < 3000; i++)
            cc_blockpool_free(&blockpool, p[i], i * 17 + 1);
        if (round == 1)
            cc_blockpool_trim(&blockpool);
    }
    cc_blockpool_fini(&blockpool);
    blockpool_in_past();
    cc_blockpool_fini(&blockpool);
    memset(storage, 0, sizeof storage);
}

/* The first and the last byte of an object, and its neighbours, may be used: no report. */
static void be_right(void)
{
    unsigned char *p = object(), *q = block();

    p[0] = p[63] = q[0] = q[63] = 1;
    (void)cc_slab_remove(&slab, key);
    p    = cc_slab_insert(&slab, &key);
    p[0] = p[63] = 1;
    cc_slab_fini(&slab);
    cc_pool_fini(&pool);
    use_blockpool();
}

int main(int argc, char **argv)
{
    return poisoning_main(argc, argv, bugs, be_right);
}
