/* SPDX-License-Identifier: MIT */
/* lfqueue_either.h - one shape for both queues of ccmem/lfqueue.h, so that a test runs with either: the one
 * that `it` has. Include it in one source of a test program. */
#ifndef TEST_LFQUEUE_EITHER_H
#define TEST_LFQUEUE_EITHER_H
#include <stdlib.h>
#include <ccmem/lfqueue.h>

static struct {
    cc_lfqueue_t         *queue; /* or */
    cc_lfqueue_bounded_t *bounded;
} it;

static inline size_t push_many(const uintptr_t *words, size_t n)
{
    return it.queue ? cc_lfqueue_push_many(it.queue, words, n)
                    : cc_lfqueue_bounded_push_many(it.bounded, words, n);
}

static inline bool push(uintptr_t word)
{
    return it.queue ? cc_lfqueue_push(it.queue, word) == CC_RESULT_OK
                    : cc_lfqueue_bounded_try_push(it.bounded, word);
}

static inline size_t pop_many(uintptr_t *out, size_t max)
{
    return it.queue ? cc_lfqueue_pop_many(it.queue, out, max)
                    : cc_lfqueue_bounded_pop_many(it.bounded, out, max);
}

static inline bool pop(uintptr_t *out)
{
    return it.queue ? cc_lfqueue_try_pop(it.queue, out)
                    : cc_lfqueue_bounded_try_pop(it.bounded, out);
}

static inline cc_result_t push_waiting(uintptr_t word)
{
    return it.queue ? cc_lfqueue_push(it.queue, word)
                    : cc_lfqueue_bounded_push(it.bounded, CC_LFQUEUE_FOREVER, word);
}

static inline cc_result_t pop_waiting(uintptr_t *out)
{
    return it.queue ? cc_lfqueue_pop(it.queue, CC_LFQUEUE_FOREVER, out)
                    : cc_lfqueue_bounded_pop(it.bounded, CC_LFQUEUE_FOREVER, out);
}

static inline void close_it(void)
{
    if (!it.queue)
        cc_lfqueue_bounded_close(it.bounded);
    else if (cc_lfqueue_close(it.queue) != CC_RESULT_OK)
        abort();
}

#endif
