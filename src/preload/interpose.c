/* SPDX-License-Identifier: MIT */
/* preload/interpose.c - the functions of libc that a program calls instead of libc's, in a thread
 * that is awake; entry.c is what the program sees.
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
#include "preload/books.h"
#include "preload/recording.h"
#include "record/books.h"
#include "record/events.h"
#include "record/measure.h"
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

/* Ends the interposed function that this stands in, whose result is ptr. */
#define RETURN_RECORDED(op, ptr, size, align)                              \
    do {                                                                   \
        if (__builtin_expect(!(ptr) || cci_record_alloc_briefly(size), 1)) \
            return (ptr);                                                  \
        return record((op), (ptr), (size), (align), CCI_CALLER());         \
    } while (0)

/* ---- measured calls ---- */

static __attribute__((noinline)) void read_books(const void *frame, bool at_end)
{
    cci_frame_t caller = cci_caller_of(frame);
    cci_books_record(cci_books_read, &caller, at_end);
}

/* Apart, and recorded here, so that they cost the others nothing but the question. */
static inline __attribute__((always_inline)) void *measured(cci_op_t op, uint64_t begun, void *ptr,
                                                            size_t size, const void *frame)
{
    uint64_t ticks = cci_measure_end(begun);

    if (!ptr)
        return NULL;
    if (!cci_record_alloc_briefly(size))
        record(op, ptr, size, 0, cci_caller_of(frame));
    size_t usable = cci_measure_wants_size(size) ? cci_real_usable_size(ptr) : 0;
    if (cci_measure_alloc(ticks, size, usable))
        read_books(frame, false);
    return ptr;
}

static __attribute__((noinline)) void *measured_malloc(size_t size, const void *frame)
{
    uint64_t begun = cci_measure_begin();
    return measured(CCI_OP_MALLOC, begun, cci_real.malloc(size), size, frame);
}

static __attribute__((noinline)) void *measured_calloc(size_t count, size_t size, const void *frame)
{
    uint64_t begun = cci_measure_begin();
    return measured(CCI_OP_CALLOC, begun, cci_real.calloc(count, size), count * size, frame);
}

static __attribute__((noinline)) void measured_free(void *ptr)
{
    uint64_t begun = cci_measure_begin();
    cci_real.free(ptr);
    if (cci_measure_free(cci_measure_end(begun)))
        read_books(__builtin_frame_address(0), false);
}

static inline void give_back(void *ptr)
{
    if (cci_measure_due())
        measured_free(ptr);
    else
        cci_real.free(ptr);
}

/* ---- by function ---- */

void *cci_recording_malloc(size_t size)
{
    if (cci_measure_due())
        return measured_malloc(size, __builtin_frame_address(0));
    void *p = cci_real.malloc(size);
    RETURN_RECORDED(CCI_OP_MALLOC, p, size, 0);
}

void *cci_recording_calloc(size_t count, size_t size)
{
    if (cci_measure_due())
        return measured_calloc(count, size, __builtin_frame_address(0));
    void *p = cci_real.calloc(count, size);
    RETURN_RECORDED(CCI_OP_CALLOC, p, count * size, 0);
}

static __attribute__((noinline)) void record_and_release(void *ptr)
{
    cci_record_free(ptr);
    give_back(ptr);
}

static inline void release(void *ptr)
{
    if (!ptr || __builtin_expect(cci_real_is_early(ptr), 0))
        return;
    if (cci_record_free_briefly(ptr))
        give_back(ptr);
    else
        record_and_release(ptr);
}

void cci_recording_free(void *ptr)
{
    release(ptr);
}

void cci_recording_free_sized(void *ptr, size_t size)
{
    if (!ptr || cci_real_is_early(ptr)) {
        release(ptr);
        return;
    }
    cci_record_free(ptr);
    cci_real.free_sized(ptr, size);
}

void cci_recording_free_aligned_sized(void *ptr, size_t align, size_t size)
{
    if (!ptr || cci_real_is_early(ptr)) {
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

void *cci_recording_realloc(void *old, size_t size)
{
    cci_frame_t caller = CCI_CALLER();
    return resize(old, size, &caller);
}

/* Not forwarded: where an allocator lacks it, libc's would come back through our realloc. */
void *cci_recording_reallocarray(void *old, size_t count, size_t size)
{
    cci_frame_t caller = CCI_CALLER();
    size_t      bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return resize(old, bytes, &caller);
}

int cci_recording_posix_memalign(void **out, size_t align, size_t size)
{
    int r = cci_real.posix_memalign(out, align, size);
    if (r == 0 && !cci_record_alloc_briefly(size))
        record(CCI_OP_ALIGNED, *out, size, align, CCI_CALLER());
    return r;
}

void *cci_recording_aligned_alloc(size_t align, size_t size)
{
    void *p = cci_real.aligned_alloc(align, size);
    RETURN_RECORDED(CCI_OP_ALIGNED, p, size, align);
}

void *cci_recording_memalign(size_t align, size_t size)
{
    void *p = cci_real.memalign(align, size);
    RETURN_RECORDED(CCI_OP_ALIGNED, p, size, align);
}

void *cci_recording_valloc(size_t size)
{
    void *p = cci_real.valloc(size);
    RETURN_RECORDED(CCI_OP_ALIGNED, p, size, 4096);
}

void *cci_recording_pvalloc(size_t size)
{
    void *p = cci_real.pvalloc(size);
    RETURN_RECORDED(CCI_OP_ALIGNED, p, size, 4096);
}

size_t cci_recording_malloc_usable_size(void *ptr)
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
    cci_books_find();
    cci_recorder_init();
}

/* What the program left allocated is a part of its heap's state. */
__attribute__((destructor)) static void end(void)
{
    read_books(__builtin_frame_address(0), true);
    cci_recorder_fini();
}
