/* SPDX-License-Identifier: MIT */
/* preload/entry.c - what a program's call of malloc comes to first.
 *
 * While nothing is recorded, that is all of us: two words are compared and the call goes on to the
 * next allocator. So that this takes only a handful of instructions, these functions have no frame
 * (they are compiled without frame pointers) and leave by a jump, to whichever it is.
 */
#include <malloc.h>
#include <stdlib.h>
#include "preload/recording.h"
#include "record/thread.h"

#define EXPORT __attribute__((visibility("default")))

#define ON_ITS_OWN __attribute__((noinline)) static

/* The word has changed: apart, so that the rest needs no registers. */
#define TURN(type, name, parameters, arguments) \
    ON_ITS_OWN type turn_##name parameters      \
    {                                           \
        if (cci_thread_is_asleep())             \
            return cci_real.name arguments;     \
        return cci_recording_##name arguments;  \
    }

#define ENTRY(type, name, parameters, arguments)   \
    TURN(type, name, parameters, arguments)        \
    EXPORT type name parameters                    \
    {                                              \
        uint32_t lag = cci_thread_lag();           \
        if (__builtin_expect(lag == 0, 1))         \
            return cci_recording_##name arguments; \
        if (lag == CCI_LAG_RESTING)                \
            return cci_real.name arguments;        \
        return turn_##name arguments;              \
    }
CCI_REAL_FRESH_LIST(ENTRY)

/* A block from before the real functions were found is not theirs. */
#define ENTRY_OLD(type, name, parameters, arguments)           \
    EXPORT type name parameters                                \
    {                                                          \
        if (!cci_thread_is_asleep() || cci_real_is_early(ptr)) \
            return cci_recording_##name arguments;             \
        return cci_real.name arguments;                        \
    }
CCI_REAL_OLD_LIST(ENTRY_OLD)

ON_ITS_OWN void turn_free(void *ptr)
{
    if (cci_thread_is_asleep())
        cci_real.free_any(ptr);
    else
        cci_recording_free(ptr);
}

EXPORT void free(void *ptr)
{
    uint32_t lag = cci_thread_lag();

    if (__builtin_expect(lag == 0, 1))
        cci_recording_free(ptr);
    else if (lag == CCI_LAG_RESTING)
        cci_real.free_any(ptr);
    else
        turn_free(ptr);
}

/* Too rare to be worth a way of their own: they record nothing of a thread that is asleep. */

EXPORT void free_sized(void *ptr, size_t size)
{
    (void)cci_thread_is_asleep();
    cci_recording_free_sized(ptr, size);
}

EXPORT void free_aligned_sized(void *ptr, size_t align, size_t size)
{
    (void)cci_thread_is_asleep();
    cci_recording_free_aligned_sized(ptr, align, size);
}
