/* SPDX-License-Identifier: MIT */
/* preload/operators.c - C++'s operator new and delete.
 *
 * libstdc++'s and libc++'s call malloc and free: there we only pass the call on, and it is recorded
 * where it arrives. Which those are shows in that they are not in the same file as malloc. What an
 * allocator brings itself (tcmalloc, jemalloc, mimalloc) mostly does not come back to malloc and is
 * recorded here; but some does (jemalloc's aligned ones), and must not be recorded twice. A new is
 * therefore looked at afterwards, for exceptions pass through these frames; a delete, through which
 * none may pass, is called with the recording suspended.
 */
#include <stdlib.h>
#include "preload/real.h"
#include "prim/module.h"
#include "record/events.h"
#include "record/measure.h"

#define EXPORT __attribute__((visibility("default")))

typedef struct cci_operator {
    void *function;
    bool  is_allocators; /* out of the same file as malloc */
} cci_operator_t;

static void find_operator(cci_operator_t *o, const char *name)
{
    cci_module_t mine, mallocs;
    void        *p = cci_real_symbol(name, "libstdc++.so.6");

    if (!p)
        p = cci_real_symbol(name, "libc++.so.1");
    if (!p)
        abort(); /* a program that calls an operator has one; there is nothing to return to */
    cci_real_find();
    o->is_allocators = cci_module_find((uintptr_t)p, &mine) &&
                       cci_module_find((uintptr_t)cci_real.malloc, &mallocs) &&
                       mine.start == mallocs.start;
    __atomic_store_n(&o->function, p, __ATOMIC_RELEASE); /* pairs: operator_of */
}

static inline const cci_operator_t *operator_of(cci_operator_t *o, const char *name)
{
    if (__builtin_expect(!__atomic_load_n(&o->function, __ATOMIC_ACQUIRE), 0))
        find_operator(o, name);
    return o;
}

/* How far this thread's record is; only to be compared. */
typedef struct cci_record_mark {
    const uint8_t *at;
    uint64_t       chunks, lost, allocs;
} cci_record_mark_t;

static cci_record_mark_t mark_record(void)
{
    const cci_thread_t *t       = cci_thread_self();
    bool                counted = t->mode != CCI_MODE_OFF;
    return (cci_record_mark_t){ t->at, t->seq, t->lost, counted ? t->counters->alloc_count : 0 };
}

static bool is_at(const cci_record_mark_t *mark)
{
    cci_record_mark_t now = mark_record();
    return now.at == mark->at && now.chunks == mark->chunks && now.lost == mark->lost &&
           now.allocs == mark->allocs;
}

/* Of this call, if it is one that is measured. The compiler is not to see which, or it makes two
 * calls of the next operator, for either case one, and two stacks out of a program's one. */
static inline uint64_t begin_measure(void)
{
    uint64_t begun = cci_measure_due() ? cci_measure_begin() : CCI_MEASURE_NONE;

    __asm__("" : "+r"(begun));
    return begun;
}

/* Of this call, if it was one. */
static void end_measure_of_new(uint64_t ticks, void *ptr, size_t size)
{
    if (ptr && ticks != CCI_MEASURE_NONE)
        (void)cci_measure_alloc(ticks, size,
                                cci_measure_wants_size(size) ? cci_real_usable_size(ptr) : 0);
}

/* X(symbol, more parameters, their names, the alignment asked for) */
#define NEW_LIST(X)                                                                     \
    X(_Znwm, (size_t size), (size), 0)                                                  \
    X(_Znam, (size_t size), (size), 0)                                                  \
    X(_ZnwmRKSt9nothrow_t, (size_t size, const void *tag), (size, tag), 0)              \
    X(_ZnamRKSt9nothrow_t, (size_t size, const void *tag), (size, tag), 0)              \
    X(_ZnwmSt11align_val_t, (size_t size, size_t align), (size, align), align)          \
    X(_ZnamSt11align_val_t, (size_t size, size_t align), (size, align), align)          \
    X(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t align, const void *tag), \
      (size, align, tag), align)                                                        \
    X(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t align, const void *tag), \
      (size, align, tag), align)

#define DELETE_LIST(X)                                                                    \
    X(_ZdlPv, (void *ptr), (ptr))                                                         \
    X(_ZdaPv, (void *ptr), (ptr))                                                         \
    X(_ZdlPvm, (void *ptr, size_t size), (ptr, size))                                     \
    X(_ZdaPvm, (void *ptr, size_t size), (ptr, size))                                     \
    X(_ZdlPvRKSt9nothrow_t, (void *ptr, const void *tag), (ptr, tag))                     \
    X(_ZdaPvRKSt9nothrow_t, (void *ptr, const void *tag), (ptr, tag))                     \
    X(_ZdlPvSt11align_val_t, (void *ptr, size_t align), (ptr, align))                     \
    X(_ZdaPvSt11align_val_t, (void *ptr, size_t align), (ptr, align))                     \
    X(_ZdlPvmSt11align_val_t, (void *ptr, size_t size, size_t align), (ptr, size, align)) \
    X(_ZdaPvmSt11align_val_t, (void *ptr, size_t size, size_t align), (ptr, size, align)) \
    X(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *ptr, size_t align, const void *tag),    \
      (ptr, align, tag))                                                                  \
    X(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *ptr, size_t align, const void *tag),    \
      (ptr, align, tag))

#define RECORD_NEW(p, size, alignment)                                                          \
    do {                                                                                        \
        cci_frame_t caller = CCI_CALLER();                                                      \
        cci_record_alloc((alignment) ? CCI_OP_ALIGNED : CCI_OP_MALLOC, (p), (size),             \
                         (alignment) ? (unsigned)__builtin_ctzll((alignment) | 1ull << 63) : 0, \
                         &caller);                                                              \
    } while (0)

#define DEFINE_NEW(symbol, parameters, arguments, alignment)        \
    EXPORT void *symbol parameters;                                 \
    EXPORT void *symbol parameters                                  \
    {                                                               \
        static cci_operator_t self;                                 \
        const cci_operator_t *o = operator_of(&self, #symbol);      \
        void *(*next)parameters = (void *(*)parameters)o->function; \
        if (!o->is_allocators || cci_thread_is_asleep())            \
            return next arguments;                                  \
        cci_record_mark_t before = mark_record();                   \
        uint64_t          begun  = begin_measure();                 \
        void *p                  = next arguments;                  \
        uint64_t       ticks     = cci_measure_end(begun);          \
        if (p && is_at(&before))                                    \
            RECORD_NEW(p, size, alignment);                         \
        end_measure_of_new(ticks, p, size);                         \
        return p;                                                   \
    }
NEW_LIST(DEFINE_NEW)

#define DEFINE_DELETE(symbol, parameters, arguments)               \
    EXPORT void symbol parameters;                                 \
    EXPORT void symbol parameters                                  \
    {                                                              \
        static cci_operator_t self;                                \
        const cci_operator_t *o = operator_of(&self, #symbol);     \
        void(*next) parameters  = (void(*) parameters)o->function; \
        if (!o->is_allocators || !ptr || cci_thread_is_asleep()) { \
            next arguments;                                        \
            return;                                                \
        }                                                          \
        cci_record_free(ptr);                                      \
        uint64_t      begun     = begin_measure();                 \
        cci_thread_t *suspended = cci_thread_suspend();            \
        next          arguments;                                   \
        cci_thread_resume(suspended);                              \
        (void)cci_measure_free(cci_measure_end(begun));            \
    }
DELETE_LIST(DEFINE_DELETE)
