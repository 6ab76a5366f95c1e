/* SPDX-License-Identifier: MIT */
/* explore_hooks.c - what the compiler calls before accesses to memory, and instead of atomic operations, when
 * it instruments for ThreadSanitizer: the interface of its run-time library, which is not linked.
 *
 * One thread runs at a time, and a switch is before the access, so plain accesses are atomic. */
#include "support/explore_parts.h"

#define HOOK __attribute__((visibility("default")))

HOOK void __tsan_init(void);
HOOK void __tsan_init(void)
{
}

HOOK void __tsan_func_entry(void *caller);
HOOK void __tsan_func_entry(void *caller)
{
    (void)caller;
}

HOOK void __tsan_func_exit(void);
HOOK void __tsan_func_exit(void)
{
}

/* ---- plain accesses ---- */

#define PLAIN(name, size, writes)       \
    HOOK void __tsan_##name(void *p);   \
    HOOK void __tsan_##name(void *p)    \
    {                                   \
        explore_touch(p, size, writes); \
    }

#define PLAIN_OF(size)                       \
    PLAIN(read##size, size, false)           \
    PLAIN(write##size, size, true)           \
    PLAIN(unaligned_read##size, size, false) \
    PLAIN(unaligned_write##size, size, true)

PLAIN_OF(1)
PLAIN_OF(2)
PLAIN_OF(4)
PLAIN_OF(8)
PLAIN_OF(16)

HOOK void __tsan_read_range(void *p, size_t size);
HOOK void __tsan_read_range(void *p, size_t size)
{
    explore_touch(p, size, false);
}

HOOK void __tsan_write_range(void *p, size_t size);
HOOK void __tsan_write_range(void *p, size_t size)
{
    explore_touch(p, size, true);
}

/* ---- atomic operations ---- */

#define LOAD(bits, type)                                                     \
    HOOK type __tsan_atomic##bits##_load(const volatile type *p, int order); \
    HOOK type __tsan_atomic##bits##_load(const volatile type *p, int order)  \
    {                                                                        \
        (void)order;                                                         \
        explore_touch((const void *)p, sizeof *p, false);                    \
        explore_found((const void *)p, *p);                                  \
        return *p;                                                           \
    }

#define STORE(bits, type)                                                           \
    HOOK void __tsan_atomic##bits##_store(volatile type *p, type value, int order); \
    HOOK void __tsan_atomic##bits##_store(volatile type *p, type value, int order)  \
    {                                                                               \
        (void)order;                                                                \
        explore_touch((const void *)p, sizeof *p, true);                            \
        explore_found((const void *)p, value);                                      \
        *p = value;                                                                 \
    }

/* change: of `old` by `value`. */
#define READ_WRITE(bits, type, name, change)                                         \
    HOOK type __tsan_atomic##bits##_##name(volatile type *p, type value, int order); \
    HOOK type __tsan_atomic##bits##_##name(volatile type *p, type value, int order)  \
    {                                                                                \
        (void)order;                                                                 \
        explore_touch((const void *)p, sizeof *p, true);                             \
        const type old = *p;                                                         \
        explore_found((const void *)p, old);                                         \
        *p = (type)(change);                                                         \
        return old;                                                                  \
    }

/* Weak ones do not fail by chance. */
#define COMPARE(bits, type, name)                                                              \
    HOOK int __tsan_atomic##bits##_compare_exchange_##name(volatile type *p, type *expected,   \
                                                           type value, int order, int failed); \
    HOOK int __tsan_atomic##bits##_compare_exchange_##name(volatile type *p, type *expected,   \
                                                           type value, int order, int failed)  \
    {                                                                                          \
        (void)order, (void)failed;                                                             \
        explore_touch((const void *)p, sizeof *p, true);                                       \
        const type old = *p;                                                                   \
        explore_found((const void *)p, old);                                                   \
        const bool is = old == *expected;                                                      \
        if (is)                                                                                \
            *p = value;                                                                        \
        else                                                                                   \
            *expected = old;                                                                   \
        return is;                                                                             \
    }

/* The same, which returns what it found. */
#define COMPARE_VALUE(bits, type)                                                            \
    HOOK type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected,    \
                                                         type value, int order, int failed); \
    HOOK type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected,    \
                                                         type value, int order, int failed)  \
    {                                                                                        \
        (void)order, (void)failed;                                                           \
        explore_touch((const void *)p, sizeof *p, true);                                     \
        const type old = *p;                                                                 \
        explore_found((const void *)p, old);                                                 \
        if (old == expected)                                                                 \
            *p = value;                                                                      \
        return old;                                                                          \
    }

#define ATOMIC(bits, type)                         \
    LOAD(bits, type)                               \
    STORE(bits, type)                              \
    READ_WRITE(bits, type, exchange, value)        \
    READ_WRITE(bits, type, fetch_add, old + value) \
    READ_WRITE(bits, type, fetch_sub, old - value) \
    READ_WRITE(bits, type, fetch_and, old &value)  \
    READ_WRITE(bits, type, fetch_or, old | value)  \
    READ_WRITE(bits, type, fetch_xor, old ^ value) \
    COMPARE(bits, type, strong)                    \
    COMPARE(bits, type, weak)                      \
    COMPARE_VALUE(bits, type)

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

/* All is sequentially consistent. */
HOOK void __tsan_atomic_thread_fence(int order);
HOOK void __tsan_atomic_thread_fence(int order)
{
    (void)order;
}

HOOK void __tsan_atomic_signal_fence(int order);
HOOK void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}
