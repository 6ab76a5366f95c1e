/* SPDX-License-Identifier: MIT */
/* explore_shadow.h - comes before everything in the sources that support/explore.h runs: what waits goes
 * to the scheduler, and memory comes from functions that are not put in place. */
#ifndef TEST_EXPLORE_SHADOW_H
#define TEST_EXPLORE_SHADOW_H
#include <pthread.h>
#include <sched.h>
#include "prim/cpu.h"

void explore_relax(void);
int  explore_yield(void);
int  explore_mutex_lock(pthread_mutex_t *mutex);
int  explore_mutex_unlock(pthread_mutex_t *mutex);
int  explore_key_create(pthread_key_t *key, void (*destructor)(void *));

#define sched_yield          explore_yield
#define pthread_mutex_lock   explore_mutex_lock
#define pthread_mutex_unlock explore_mutex_unlock
#define pthread_key_create   explore_key_create
#define cci_cpu_relax        explore_relax

/* In the place of lockfree/lfqueue_slip.h: an empty queue is looked at once. */
#define CCI_LOCKFREE_LFQUEUE_SLIP_H
typedef int         cci_slip_t;
static inline _Bool cci_slip(cci_slip_t *slip, unsigned long taken)
{
    (void)slip;
    (void)taken;
    return 0;
}

/* In the place of ccmem/alloc_inline.h. */
#define CC_ALLOC_INLINE_H

#endif
