/* SPDX-License-Identifier: MIT */
/* Slots and blocks hide nothing from AddressSanitizer: a use after the end of an object, or past
 * its bytes, is reported. The program runs itself again to be wrong; tests/integration runs it
 * under Valgrind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

static const poisoning_bug_t bugs[] = {
    { "slab_past", slab_past },
    { "slab_after_remove", slab_after_remove },
    { "slab_after_clear", slab_after_clear },
    { "slab_before_insert", slab_before_insert },
    { "pool_past", pool_past },
    { "pool_after_free", pool_after_free },
    { "pool_after_reset", pool_after_reset },
    { NULL, NULL },
};

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
}

int main(int argc, char **argv)
{
    return poisoning_main(argc, argv, bugs, be_right);
}
