/* SPDX-License-Identifier: MIT */
/* backend/library.c - see backend/library.h.
 *
 * Wherever a library's function has the arguments of cc_backend_t it stands in the table itself:
 * nothing between the heap and the allocator. Wrappers are left for alloc_aligned and for
 * trim. What a wrapper calls is a word of its own, written before the table is published and
 * always with the same value, so that relaxed order is enough.
 */
#define _GNU_SOURCE
#include "backend/library.h"
#include <dlfcn.h>
#include <stdatomic.h>
#include "backend/version.h"

/* ---- alloc_aligned where the arguments are others ---- */

typedef void *align_first_t(size_t align, size_t size);
typedef void *aligned_at_t(size_t size, size_t align, size_t offset);

/* NAME_wrap_aligned remembers the library's function, which NAME_alloc_aligned calls, and returns
 * the latter. */
#define WRAP_ALIGNED(name, type, ...)                                                    \
    static _Atomic(type *) name##_aligned;                                               \
    static void           *name##_alloc_aligned(size_t size, size_t align)               \
    {                                                                                    \
        return atomic_load_explicit(&name##_aligned, memory_order_relaxed)(__VA_ARGS__); \
    }                                                                                    \
    static void *(*name##_wrap_aligned(void *function))(size_t, size_t)                  \
    {                                                                                    \
        atomic_store_explicit(&name##_aligned, (type *)function, memory_order_relaxed);  \
        return name##_alloc_aligned;                                                     \
    }
WRAP_ALIGNED(libc, align_first_t, align, size)
WRAP_ALIGNED(jemalloc, align_first_t, align, size)
WRAP_ALIGNED(tcmalloc, align_first_t, align, size)
/* mi_malloc_aligned of 2.0.9 takes blocks of 256 to 1024 bytes for aligned to their size, which they
 * are not. Its sibling with an offset looks at each. */
WRAP_ALIGNED(mimalloc, aligned_at_t, size, align, 0)

/* ---- trim and version ---- */

typedef int  malloc_trim_t(size_t pad);
typedef void mi_collect_t(bool force);

static _Atomic(malloc_trim_t *) libc_malloc_trim;
static _Atomic(mi_collect_t *)  mimalloc_collect;
static _Atomic(cci_mallctl_t *) jemalloc_mallctl;

static void libc_trim(void)
{
    atomic_load_explicit(&libc_malloc_trim, memory_order_relaxed)(0);
}

static void mimalloc_trim(void)
{
    atomic_load_explicit(&mimalloc_collect, memory_order_relaxed)(true);
}

/* 4096 stands for all arenas. */
static void jemalloc_trim(void)
{
    cci_mallctl_t *mallctl = atomic_load_explicit(&jemalloc_mallctl, memory_order_relaxed);

    mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    mallctl("arena.4096.purge", NULL, NULL, NULL, 0);
}

static void adapt_libc(void *handle, cc_backend_t *backend, char *version, size_t capacity)
{
    malloc_trim_t *trim = (malloc_trim_t *)dlsym(handle, "malloc_trim");

    atomic_store_explicit(&libc_malloc_trim, trim, memory_order_relaxed);
    backend->trim = trim ? libc_trim : NULL;
    cci_version_libc((cci_libc_version_t *)dlsym(handle, "gnu_get_libc_version"), version,
                     capacity);
}

static void adapt_mimalloc(void *handle, cc_backend_t *backend, char *version, size_t capacity)
{
    mi_collect_t *collect = (mi_collect_t *)dlsym(handle, "mi_collect");

    atomic_store_explicit(&mimalloc_collect, collect, memory_order_relaxed);
    backend->trim = collect ? mimalloc_trim : NULL;
    cci_version_mimalloc((cci_mi_version_t *)dlsym(handle, "mi_version"), version, capacity);
}

static void adapt_jemalloc(void *handle, cc_backend_t *backend, char *version, size_t capacity)
{
    cci_mallctl_t *mallctl = (cci_mallctl_t *)dlsym(handle, "mallctl");

    atomic_store_explicit(&jemalloc_mallctl, mallctl, memory_order_relaxed);
    backend->trim = mallctl ? jemalloc_trim : NULL;
    cci_version_jemalloc(mallctl, version, capacity);
}

/* The C library and tcmalloc both take memory by moving the break of the program, under locks that
 * know nothing of each other, and one gives away what the other just took. tcmalloc can do without
 * once its constructor has run. */
static void leave_break_to_libc(void *handle)
{
    bool *skip_sbrk = dlsym(handle, "_ZN60FLAG__namespace_do_not_use_directly_use_DECLARE_bool_"
                                    "instead22FLAGS_malloc_skip_sbrkE");

    if (skip_sbrk)
        __atomic_store_n(skip_sbrk, true, __ATOMIC_RELAXED);
}

static void adapt_tcmalloc(void *handle, cc_backend_t *backend, char *version, size_t capacity)
{
    leave_break_to_libc(handle);
    backend->trim = (void (*)(void))dlsym(handle, "MallocExtension_ReleaseFreeMemory");
    cci_version_tcmalloc((cci_tc_version_t *)dlsym(handle, "tc_version"), version, capacity);
}

/* ---- the table ---- */

const cci_library_t cci_libraries[CCI_LIBRARIES] = {
    {
        .name          = "system",
        .files         = { "libc.so.6" },
        .alloc         = "malloc",
        .calloc        = "calloc",
        .alloc_aligned = "aligned_alloc",
        .realloc       = "realloc",
        .free          = "free",
        .usable_size   = "malloc_usable_size",
        .wrap_aligned  = libc_wrap_aligned,
        .adapt         = adapt_libc,
        .always_there  = true,
    },
    {
        .name          = "mimalloc",
        .files         = { "libmimalloc.so.2", "libmimalloc.so.3", "libmimalloc.so" },
        .alloc         = "mi_malloc",
        .calloc        = "mi_calloc",
        .alloc_aligned = "mi_malloc_aligned_at",
        .realloc       = "mi_realloc",
        .free          = "mi_free",
        .usable_size   = "mi_usable_size",
        .wrap_aligned  = mimalloc_wrap_aligned,
        .adapt         = adapt_mimalloc,
        .uniform       = true,
    },
    {
        .name          = "jemalloc",
        .files         = { "libjemalloc.so.2" },
        .alloc         = "malloc",
        .calloc        = "calloc",
        .alloc_aligned = "aligned_alloc",
        .realloc       = "realloc",
        .free          = "free",
        .usable_size   = "malloc_usable_size",
        .wrap_aligned  = jemalloc_wrap_aligned,
        .adapt         = adapt_jemalloc,
        .uniform       = true,
    },
    {
        .name          = "tcmalloc",
        .files         = { "libtcmalloc_minimal.so.4", "libtcmalloc.so.4" },
        .alloc         = "tc_malloc",
        .calloc        = "tc_calloc",
        .alloc_aligned = "tc_memalign",
        .realloc       = "tc_realloc",
        .free          = "tc_free",
        .usable_size   = "tc_malloc_size",
        .wrap_aligned  = tcmalloc_wrap_aligned,
        .adapt         = adapt_tcmalloc,
        .uniform       = true,
    },
};
