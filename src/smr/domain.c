/* SPDX-License-Identifier: MIT */
/* domain.c - see ccmem/smr.h for the contract; domain.h for what a domain is made of. */
#include "smr/domain.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "prim/barrier.h"
#include "smr/check.h"
#include "smr/registry.h"
#include "smr/sweep.h"

/* What up of no guard is: each protected read goes to the library. */
static const uint64_t never;

static bool are_valid(const cc_smr_options_t *o)
{
    return (o->scheme == CC_SMR_IBR || o->scheme == CC_SMR_EBR) && o->era_step >= 1 &&
           o->scan_step >= 1;
}

static bool environment_says(const char *name)
{
    const char *value = getenv(name);

    return value && strcmp(value, "1") == 0;
}

/* cc_smr_leave comes here, and is nothing after which one looks at errno. */
void cci_smr_fence_all(cci_domain_t *d)
{
    int kept = errno;

    if (d->is_fenced)
        cci_smr_fence(d);
    else
        cci_barrier_process();
    errno = kept;
}

void cci_domain_init_barrier(cci_domain_t *d)
{
    pthread_mutexattr_t knows_its_thread;

    pthread_mutexattr_init(&knows_its_thread);
    pthread_mutexattr_settype(&knows_its_thread, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&d->barrier, &knows_its_thread);
    pthread_mutexattr_destroy(&knows_its_thread);
    atomic_store_explicit(&d->barriers, 0, memory_order_relaxed);
}

static void fill(cci_domain_t *d, const cc_smr_options_t *o)
{
    *d = (cci_domain_t){
        .check     = o->check || environment_says("CCMEM_SMR_CHECK"),
        .is_fenced = environment_says("CCMEM_SMR_FENCES") || !cci_barrier_process_is_quick(),
        .scan_step = o->scan_step,
        .tick_step = o->era_step / 2 + o->era_step % 2, /* see cc_smr_tick_ */
        .is_ebr    = o->scheme == CC_SMR_EBR,
        .head.era  = 1,
    };
    d->watched = d->check ? &never : d->is_ebr ? NULL : &d->head.era;
    cci_domain_init_barrier(d);
}

cc_smr_t *cc_smr_create(const cc_smr_options_t *options)
{
    const cc_smr_options_t usual = CC_SMR_OPTIONS_DEFAULT;

    if (!options)
        options = &usual;
    if (!are_valid(options))
        return NULL;
    cci_domain_t *d = cc_alloc_aligned(sizeof *d, 128);
    if (!d)
        return NULL;
    fill(d, options);
    if (!cci_registry_add(d)) {
        cc_free_aligned(d, sizeof *d, 128);
        return NULL;
    }
    if (d->check)
        cci_check_begin();
    return &d->head;
}

/* What is freed is counted first, and acquired: so it was counted as retired by then. */
cc_smr_stats_t cc_smr_stats(cc_smr_t *domain)
{
    cci_domain_t  *d = cci_domain_of(domain);
    cc_smr_stats_t s = { .freed_count = atomic_load_explicit(&d->freed, memory_order_acquire) };

    for (cci_guard_t *g = cci_domain_guards(d); g; g = g->next)
        s.freed_count += __atomic_load_n(&g->freed, __ATOMIC_ACQUIRE);
    s.era        = __atomic_load_n(&d->head.era, __ATOMIC_RELAXED);
    s.oldest_era = s.era;
    for (cci_guard_t *g = cci_domain_guards(d); g; g = g->next) {
        uint64_t lo = __atomic_load_n(&g->head.lo, __ATOMIC_ACQUIRE);
        s.reader_count += lo != CC_SMR_IDLE_;
        s.thread_count += __atomic_load_n(&g->is_used, __ATOMIC_RELAXED);
        if (lo < s.oldest_era)
            s.oldest_era = lo;
        s.retired_count += __atomic_load_n(&g->head.retired, __ATOMIC_RELAXED);
        s.lost_count += __atomic_load_n(&g->lost, __ATOMIC_RELAXED);
        for (unsigned i = 0; i < CC_SMR_AGES; i++)
            s.ages[i] += __atomic_load_n(&g->ages[i], __ATOMIC_RELAXED);
    }
    s.pending_count = s.retired_count - s.freed_count - d->forgotten;
    s.retired_count += s.lost_count;
    s.lost_count += d->forgotten;
    return s;
}

static void free_guards(cci_guard_t *g)
{
    for (cci_guard_t *next; g; g = next) {
        next = g->next;
        cci_guard_drop_blocks(g);
        cc_free_aligned(g, sizeof *g, 128);
    }
}

/* Callbacks may retire other nodes; but where none ran, there are none. */
void cc_smr_destroy(cc_smr_t *domain)
{
    cci_domain_t *d = cci_domain_of(domain);

    if (!domain)
        return;
    while (cci_sweep_all(d, "cc_smr_destroy") > 0) {
    }
    cci_registry_remove(d);
    cci_check_let_go();
    free_guards(cci_domain_guards(d));
    pthread_mutex_destroy(&d->barrier);
    cc_free_aligned(d, sizeof *d, 128);
}
