/* SPDX-License-Identifier: MIT */
/* preload/interpose.c - the functions of libc that a program calls instead of libc's.
 *
 * Each forwards to the next one in the search order and tells the recorder. The family is
 * interposed together: a program that links its own allocator gets every block back where it came
 * from, and asks its size where it is known. Compiled with frame pointers, which is how the
 * caller's registers are found.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "preload/real.h"
#include "record/events.h"
#include "record/recorder.h"

#define EXPORT __attribute__((visibility("default")))

static inline unsigned log2_of(size_t align)
{
    return align ? (unsigned)__builtin_ctzll(align) : 0;
}

/* What is rarely done, or always in full mode: apart, so that the rest needs few registers. */
static __attribute__((noinline)) void *record(cci_op_t op, void *ptr, size_t size, size_t align,
                                              cci_frame_t caller)
{
    cci_record_alloc(op, ptr, size, log2_of(align), &caller);
    return ptr;
}

/* ptr, the result of the interposed function that this stands in. */
#define RECORDED(op, ptr, size, align)               \
    ((ptr) == NULL || cci_record_alloc_briefly(size) \
         ? (ptr)                                     \
         : record((op), (ptr), (size), (align), CCI_CALLER()))

EXPORT void *malloc(size_t size)
{
    void *p = cci_real.malloc(size);
    return RECORDED(CCI_OP_MALLOC, p, size, 0);
}

EXPORT void *calloc(size_t count, size_t size)
{
    void *p = cci_real.calloc(count, size);
    return RECORDED(CCI_OP_CALLOC, p, count * size, 0);
}

static __attribute__((noinline)) void record_and_release(void *ptr)
{
    cci_record_free(ptr);
    cci_real.free(ptr);
}

static inline void release(void *ptr)
{
    if (!ptr || __builtin_expect(cci_real_is_early(ptr), 0))
        return;
    if (cci_record_free_briefly(ptr))
        cci_real.free(ptr);
    else
        record_and_release(ptr);
}

EXPORT void free(void *ptr)
{
    release(ptr);
}

/* Newer than most C libraries: without a function of that name, free is what it means. */
EXPORT void free_sized(void *ptr, size_t size)
{
    if (!cci_real.free_sized || !ptr || cci_real_is_early(ptr)) {
        release(ptr);
        return;
    }
    cci_record_free(ptr);
    cci_real.free_sized(ptr, size);
}

EXPORT void free_aligned_sized(void *ptr, size_t align, size_t size)
{
    if (!cci_real.free_aligned_sized || !ptr || cci_real_is_early(ptr)) {
        release(ptr);
        return;
    }
    cci_record_free(ptr);
    cci_real.free_aligned_sized(ptr, align, size);
}

/* A block from before the real functions were found moves to where it can be freed. */
static void *move_early(void *old, size_t size)
{
    size_t had = ((size_t *)old)[-1];
    void  *p   = cci_real.malloc(size);

    if (p)
        memcpy(p, old, had < size ? had : size);
    return p;
}

static inline __attribute__((always_inline)) void *resize(void *old, size_t size,
                                                          const cci_frame_t *caller)
{
    void *p;

    if (!old || __builtin_expect(cci_real_is_early(old), 0)) {
        p = old ? move_early(old, size) : cci_real.realloc(NULL, size);
        if (p)
            cci_record_alloc(CCI_OP_MALLOC, p, size, 0, caller);
        return p;
    }
    bool was_sample = cci_record_realloc_begin(old);
    p               = cci_real.realloc(old, size);
    cci_record_realloc_end(old, was_sample, p, size, !p && size == 0, caller);
    return p;
}

EXPORT void *realloc(void *old, size_t size)
{
    cci_frame_t caller = CCI_CALLER();
    return resize(old, size, &caller);
}

/* Not forwarded: where an allocator lacks it, libc's would come back through our realloc. */
EXPORT void *reallocarray(void *old, size_t count, size_t size)
{
    cci_frame_t caller = CCI_CALLER();
    size_t      bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return resize(old, bytes, &caller);
}

EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
    int r = cci_real.posix_memalign(out, align, size);
    if (r == 0)
        (void)RECORDED(CCI_OP_ALIGNED, *out, size, align);
    return r;
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
    void *p = cci_real.aligned_alloc(align, size);
    return RECORDED(CCI_OP_ALIGNED, p, size, align);
}

EXPORT void *memalign(size_t align, size_t size)
{
    void *p = cci_real.memalign(align, size);
    return RECORDED(CCI_OP_ALIGNED, p, size, align);
}

EXPORT void *valloc(size_t size)
{
    void *p = cci_real.valloc(size);
    return RECORDED(CCI_OP_ALIGNED, p, size, 4096);
}

EXPORT void *pvalloc(size_t size)
{
    void *p = cci_real.pvalloc(size);
    return RECORDED(CCI_OP_ALIGNED, p, size, 4096);
}

EXPORT size_t malloc_usable_size(void *ptr)
{
    return cci_real_is_early(ptr) ? ((size_t *)ptr)[-1] : cci_real.malloc_usable_size(ptr);
}

EXPORT int dlclose(void *handle)
{
    int r = cci_real.dlclose(handle);
    cci_modules_changed();
    return r;
}

__attribute__((constructor)) static void begin(void)
{
    cci_real_find();
    cci_recorder_init();
}
