/* SPDX-License-Identifier: MIT */
/* preload/real.c - see preload/real.h. */
#include "preload/real.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include "prim/module.h"
#include "record/recorder.h"
#include "record/thread.h"

/* ---- before the real ones are found ---- */

enum { EARLY_ALIGN_MAX = 4096, PAGE = 4096 };

/* A block's size stands before it. */
_Alignas(EARLY_ALIGN_MAX) unsigned char cci_real_early[CCI_EARLY_BYTES];
static _Atomic size_t early_used;

static void *early_aligned(size_t align, size_t size)
{
    const size_t head = align > sizeof(size_t) ? align : 2 * sizeof(size_t);

    if (align > EARLY_ALIGN_MAX || size > CCI_EARLY_BYTES || head + size + align > CCI_EARLY_BYTES)
        return NULL;
    size_t at = atomic_fetch_add(&early_used, head + size + align);
    if (at > CCI_EARLY_BYTES - (head + size + align))
        return NULL;
    size_t start = (at + head + align - 1) & ~(align - 1);
    memcpy(cci_real_early + start - sizeof(size_t), &size, sizeof size);
    return cci_real_early + start;
}

static size_t early_malloc_usable_size(void *ptr)
{
    size_t size = 0;
    if (ptr)
        memcpy(&size, (unsigned char *)ptr - sizeof size, sizeof size);
    return size;
}

static void *early_malloc(size_t size)
{
    return early_aligned(_Alignof(max_align_t), size);
}

/* The arena is zero, and never used twice. */
static void *early_calloc(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : early_malloc(bytes);
}

static void *early_realloc(void *ptr, size_t size)
{
    void  *p   = early_malloc(size);
    size_t old = early_malloc_usable_size(ptr);

    if (p && ptr)
        memcpy(p, ptr, old < size ? old : size);
    return p;
}

static void *early_reallocarray(void *ptr, size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL : early_realloc(ptr, bytes);
}

static int early_posix_memalign(void **out, size_t align, size_t size)
{
    void *p = early_aligned(align, size);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

static void *early_aligned_alloc(size_t align, size_t size)
{
    return early_aligned(align, size);
}
static void *early_memalign(size_t align, size_t size)
{
    return early_aligned(align, size);
}
static void *early_valloc(size_t size)
{
    return early_aligned(PAGE, size);
}
static void *early_pvalloc(size_t size)
{
    return early_aligned(PAGE, (size + PAGE - 1) & ~(size_t)(PAGE - 1));
}

/* ---- the table ---- */

/* dlsym may allocate: those calls are early ones. volatile, because dlsym is declared as a function
 * that never calls back. */
static __thread volatile bool finding;

#define FIRST_CALL(type, name, parameters, arguments) \
    static type first_##name parameters               \
    {                                                 \
        if (finding)                                  \
            return early_##name arguments;            \
        cci_real_find();                              \
        return cci_real.name arguments;               \
    }
CCI_REAL_LIST(FIRST_CALL)

static void first_free(void *ptr)
{
    if (finding)
        return; /* it can only be an early block */
    cci_real_find();
    cci_real.free(ptr);
}

static void free_unless_early(void *ptr)
{
    if (!cci_real_is_early(ptr))
        cci_real.free(ptr);
}

/* Newer than most C libraries: without a function of that name, free is what it means. They are looked
 * for when a program calls one, because dlsym allocates to say that there is none: then every free
 * would have to ask whether it is of such a block. */
static void plain_free_sized(void *ptr, size_t size)
{
    (void)size;
    cci_real.free(ptr);
}

static void plain_free_aligned_sized(void *ptr, size_t align, size_t size)
{
    (void)align;
    (void)size;
    cci_real.free(ptr);
}

static void find_newer(void *slot, const char *name);

static void first_free_sized(void *ptr, size_t size)
{
    cci_real.free_sized = plain_free_sized;
    find_newer(&cci_real.free_sized, "free_sized");
    cci_real.free_sized(ptr, size);
}

static void first_free_aligned_sized(void *ptr, size_t align, size_t size)
{
    cci_real.free_aligned_sized = plain_free_aligned_sized;
    find_newer(&cci_real.free_aligned_sized, "free_aligned_sized");
    cci_real.free_aligned_sized(ptr, align, size);
}

static int first_dlclose(void *handle)
{
    cci_real_find();
    return cci_real.dlclose(handle);
}

cci_real_t cci_real = {
#define FIRST_ENTRY(type, name, parameters, arguments) .name = first_##name,
    CCI_REAL_LIST(FIRST_ENTRY).free = first_free,
    .free_any                       = free_unless_early,
    .free_sized                     = first_free_sized,
    .free_aligned_sized             = first_free_aligned_sized,
    .dlclose                        = first_dlclose,
};

/* A function pointer out of dlsym, as POSIX wants it done. */
static void find(void *slot, const char *name)
{
    void *p = dlsym(RTLD_NEXT, name);
    if (p)
        memcpy(slot, &p, sizeof p);
}

static void find_newer(void *slot, const char *name)
{
    cci_thread_t *suspended = cci_thread_suspend();
    find(slot, name);
    cci_thread_resume(suspended);
}

/* Whether two functions are of one file. */
static bool same_module(uintptr_t a, uintptr_t b)
{
    cci_module_t of_a, of_b;
    return cci_module_find(a, &of_a) && cci_module_find(b, &of_b) && of_a.start == of_b.start;
}

void cci_real_find(void)
{
    cci_real_t    found     = cci_real;
    cci_thread_t *suspended = cci_thread_suspend();

    finding = true;
#define FIND(type, name, parameters, arguments) find(&found.name, #name);
    CCI_REAL_LIST(FIND)
    find(&found.free, "free");
    find(&found.dlclose, "dlclose");
    finding        = false;
    found.free_any = atomic_load(&early_used) ? free_unless_early : found.free;
    if (same_module((uintptr_t)found.malloc, (uintptr_t)found.malloc_usable_size))
        found.usable_size = found.malloc_usable_size;
    cci_real = found;
    cci_recorder_set_allocator((uintptr_t)found.malloc);
    cci_thread_resume(suspended);
}

size_t cci_real_usable_size(void *ptr)
{
    if (!cci_real.usable_size)
        return 0;
    cci_thread_t *suspended = cci_thread_suspend();
    size_t        n         = cci_real.usable_size(ptr);
    cci_thread_resume(suspended);
    return n;
}

void *cci_real_symbol(const char *name, const char *library)
{
    cci_thread_t *suspended = cci_thread_suspend();
    void         *p         = dlsym(RTLD_NEXT, name);

    if (!p) {
        void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
        p            = handle ? dlsym(handle, name) : NULL;
    }
    cci_thread_resume(suspended);
    return p;
}
