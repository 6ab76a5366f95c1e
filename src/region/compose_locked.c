/* SPDX-License-Identifier: MIT */
/* compose_locked.c - see ccmem/compose.h.
 *
 * The mutex is one that checks who holds it: a thread that would wait for itself forever, because an
 * allocator below comes back up here, ends with a line instead.
 */
#define _GNU_SOURCE
#include <ccmem/compose.h>
#include "prim/fault.h"

void cc_locked_hold(cc_locked_t *l)
{
    if (pthread_mutex_lock(&l->mutex) != 0)
        cci_fault("locked", "this thread holds it already");
}

void cc_locked_release(cc_locked_t *l)
{
    if (pthread_mutex_unlock(&l->mutex) != 0)
        cci_fault("locked", "released by a thread that does not hold it");
}

static void *locked_alloc(void *self, size_t size, size_t align)
{
    cc_locked_t *l = self;

    cc_locked_hold(l);
    void *ptr = cc_allocator_alloc(l->parent, size, align);
    cc_locked_release(l);
    return ptr;
}

static void locked_free(void *self, void *ptr, size_t size, size_t align)
{
    cc_locked_t *l = self;

    cc_locked_hold(l);
    cc_allocator_free(l->parent, ptr, size, align);
    cc_locked_release(l);
}

cc_result_t cc_locked_init(cc_locked_t *l, cc_allocator_t parent)
{
    pthread_mutexattr_t checking;

    if (pthread_mutexattr_init(&checking) != 0)
        return CC_RESULT_NO_MEMORY;
    pthread_mutexattr_settype(&checking, PTHREAD_MUTEX_ERRORCHECK);
    int error = pthread_mutex_init(&l->mutex, &checking);
    pthread_mutexattr_destroy(&checking);
    if (error)
        return CC_RESULT_NO_MEMORY;
    l->parent = parent;
    return CC_RESULT_OK;
}

void cc_locked_fini(cc_locked_t *l)
{
    pthread_mutex_destroy(&l->mutex);
}

cc_allocator_t cc_locked_allocator(cc_locked_t *l)
{
    static const cc_allocator_ops_t ops = { locked_alloc, locked_free };

    return (cc_allocator_t){ &ops, l };
}
