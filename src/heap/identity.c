/* SPDX-License-Identifier: MIT */
/* identity.c - see identity.h. */
#include "heap/identity.h"
#include <stdatomic.h>
#include "backend/backend.h"
#include "heap/block_map.h"
#include "heap/lock.h"
#include "heap/size_class.h"
#include "prim/fault.h"

static cci_lock_t      lock;
static cci_block_map_t odd;       /* block to class */
static _Atomic size_t  odd_count; /* of the map, to be read without the lock */

static size_t class_by_bytes(size_t usable)
{
    return usable < CCI_LARGE_MIN ? cci_class_within(usable) : CCI_CLASS_NONE;
}

static bool reads_as(const cc_backend_t *backend, size_t class, const void *block)
{
    return class_by_bytes(backend->usable_size(block)) == class;
}

static bool note(const void *block, size_t class)
{
    cci_lock_wait(&lock);
    bool noted = cci_block_map_set(&odd, block, class);
    atomic_store_explicit(&odd_count, odd.count, memory_order_relaxed);
    cci_lock_release(&lock);
    return noted;
}

static bool any_odd(void)
{
    return atomic_load_explicit(&odd_count, memory_order_relaxed) != 0;
}

void cci_identity_forget(void *const *blocks, size_t n)
{
    if (!any_odd())
        return;
    cci_lock_wait(&lock);
    for (size_t i = 0; i < n; i++)
        cci_block_map_remove(&odd, blocks[i]);
    atomic_store_explicit(&odd_count, odd.count, memory_order_relaxed);
    cci_lock_release(&lock);
}

size_t cci_identity_learn(const cc_backend_t *backend, size_t bin, void **blocks, size_t n)
{
    size_t class = cci_bin_class(bin);

    cci_identity_forget(blocks, n); /* the program may have called the backend's own free */
    if (n && backend->uniform && cci_bin_is_plain(bin) && reads_as(backend, class, blocks[0]))
        return n;
    for (size_t i = 0; i < n; i++)
        if (!reads_as(backend, class, blocks[i]) && !note(blocks[i], class)) {
            for (size_t rest = i; rest < n; rest++)
                backend->free(blocks[rest]);
            return i;
        }
    return n;
}

static bool find_odd(const void *block, size_t *class)
{
    if (!any_odd())
        return false;
    cci_lock_wait(&lock);
    const size_t *found = cci_block_map_find(&odd, block);
    if (found)
        *class = *found;
    cci_lock_release(&lock);
    return found;
}

size_t cci_identity_of(const void *block, size_t usable)
{
    size_t class;

    return find_odd(block, &class) ? class : class_by_bytes(usable);
}

static _Noreturn void wrong_size(const void *block, size_t class)
{
    size_t usable = cci_backend_current()->usable_size(block);

    cci_fault("heap", "block %p of %zu bytes was freed as one of %u", block, usable,
              cci_class_size[class]);
}

void cci_identity_check(size_t bin, void *const *blocks, size_t n)
{
    const cc_backend_t *backend = cci_backend_current();
    size_t class                = cci_bin_class(bin), noted;

    for (size_t i = 0; i < n; i++)
        if (__builtin_expect(!reads_as(backend, class, blocks[i]), 0))
            if (!find_odd(blocks[i], &noted) || noted != class)
                wrong_size(blocks[i], class);
}

void cci_identity_lock(void)
{
    cci_lock_wait(&lock);
}

void cci_identity_unlock(void)
{
    cci_lock_release(&lock);
}
