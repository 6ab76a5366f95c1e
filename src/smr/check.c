/* SPDX-License-Identifier: MIT */
/* check.c - see smr/check.h. */
#include "smr/check.h"
#include <string.h>
#include "heap/lock.h"
#include "prim/fault.h"

enum { KEPT = 1024, FILLING = 0xdd };

typedef struct cci_kept {
    unsigned char *node;
    size_t         size;
} cci_kept_t;

static atomic_bool is_on;

static cci_lock_t lock;
static cci_kept_t kept[KEPT]; /* a ring: the oldest is at next */
static size_t     next;

void cci_check_begin(void)
{
    atomic_store_explicit(&is_on, true, memory_order_relaxed);
}

static void fill(cci_kept_t dead)
{
    cc_smr_node_t *n = (cc_smr_node_t *)dead.node;

    __atomic_store_n(&n->era_, CCI_SMR_DEAD, __ATOMIC_RELAXED);
    memset(dead.node + sizeof *n, FILLING, dead.size - sizeof *n);
}

static void expect_filled(cci_kept_t dead)
{
    for (size_t i = sizeof(cc_smr_node_t); i < dead.size; i++)
        if (dead.node[i] != FILLING)
            cci_fault("smr", "node %p was written after it was freed", (void *)dead.node);
}

/* Of the one that is kept for the longest time the room. */
static cci_kept_t keep(cci_kept_t dead)
{
    cci_lock_wait(&lock);
    cci_kept_t oldest = kept[next];
    kept[next]        = dead;
    next              = (next + 1) % KEPT;
    cci_lock_release(&lock);
    return oldest;
}

static void free_kept(cci_kept_t dead)
{
    if (dead.node)
        expect_filled(dead);
    cc_free_node(dead.node, dead.size);
}

void cc_smr_free(void *node, size_t size)
{
    cci_kept_t dead = { node, size };

    if (node && atomic_load_explicit(&is_on, memory_order_relaxed)) {
        fill(dead);
        free_kept(keep(dead));
    } else {
        cc_free_node(node, size);
    }
}

void cci_check_let_go(void)
{
    for (size_t i = 0; i < KEPT && atomic_load_explicit(&is_on, memory_order_relaxed); i++)
        free_kept(keep((cci_kept_t){ NULL, 0 }));
}

void cci_check_lock(void)
{
    cci_lock_wait(&lock);
}

void cci_check_unlock(void)
{
    cci_lock_release(&lock);
}

static unsigned age_class(uint64_t eras)
{
    unsigned c = eras ? 64 - (unsigned)__builtin_clzll(eras) : 0;

    return c < CC_SMR_AGES ? c : CC_SMR_AGES - 1;
}

void cci_check_read(cci_guard_t *g, const void *pointer)
{
    const uintptr_t      bits = CC_CACHE_LINE_SIZE - 1;
    const cc_smr_node_t *n    = (const cc_smr_node_t *)((uintptr_t)pointer & ~bits);

    if (!n || (uintptr_t)pointer & 1)
        return;
    uint64_t word = __atomic_load_n(&n->era_, __ATOMIC_RELAXED);
    if (word == CCI_SMR_DEAD)
        cci_fault("smr", "node %p is read after it was freed", (const void *)n);
    uint64_t  birth = word & ~CC_SMR_RETIRED_;
    uint64_t  now   = __atomic_load_n(&g->domain->head.era, __ATOMIC_RELAXED);
    uint64_t *age   = &g->ages[age_class(now - birth)];
    __atomic_store_n(age, *age + 1, __ATOMIC_RELAXED); /* others read it */
}
