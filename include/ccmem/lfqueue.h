/* SPDX-License-Identifier: MIT */
/* ccmem/lfqueue.h - queues of words between any number of threads: first in, first out.
 *
 * Two of them. cc_lfqueue_t grows as it must. cc_lfqueue_bounded_t has room for so many words and no more,
 * allocates nothing once it is made, and is the faster one: take it wherever being full has an answer.
 * For bytes between two threads use a ring; a queue that threads touch rarely is simpler with a lock.
 *
 * Example:
 *   cc_lfqueue_t *queue = cc_lfqueue_create(NULL);
 *   if (queue) {
 *       uintptr_t word = 0;
 *       if (cc_lfqueue_push(queue, 42) == CC_RESULT_OK && cc_lfqueue_try_pop(queue, &word))
 *           assert(word == 42);
 *       if (cc_lfqueue_close(queue) == CC_RESULT_OK)
 *           assert(cc_lfqueue_pop(queue, CC_LFQUEUE_FOREVER, &word) == CC_RESULT_STALE);
 *       cc_lfqueue_destroy(queue);
 *   }
 *
 * Closed     a queue that is closed takes nothing more; what is in it comes out, and then whoever waits
 *            is told. So consumers end by themselves.
 * Batches    the words of a batch keep their order; those of other threads may come in between.
 *
 * Units      words; timeouts are nanoseconds, and are not over before their time.
 * Failure    push: NO_MEMORY, the queue unchanged. STALE: it is closed. FULL, NOT_FOUND: it was full, or
 *            empty, until the time was up. Outputs are written only on success.
 * Threads    any; make and destroy alone. Words of one thread come out in the order in which they went
 *            in. Every call takes effect at one moment between its beginning and its end, a batch word
 *            for word. Not for signal handlers.
 * Fork       in the child the unbounded queue works; a bounded one does unless another thread was within
 *            a call.
 * Progress   cc_lfqueue_t: lock-free. A consumer does not wait for a producer that was stopped within a
 *            push: it gives its place up, and the producer takes another. cc_lfqueue_bounded_t: not lock-free.
 *            Who was stopped within a call holds a place, and those who come to it wait. Calls with a
 *            timeout spin, then sleep; waking costs a system call only when somebody sleeps.
 * Memory     cc_lfqueue_t: segments of 4096 bytes for 406 words, nodes of a domain (ccmem/smr.h); one at least.
 *            cc_lfqueue_bounded_t: 16 bytes a word.
 * Source     Ramalhete, Correia, "FAAArrayQueue: MPMC lock-free queue", 2016, after Yang, Mellor-Crummey, "A
 *            wait-free queue as fast as fetch-and-add", PPoPP 2016; Vyukov, "Bounded MPMC queue", 2010.
 */
#ifndef CC_LFQUEUE_H
#define CC_LFQUEUE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
#include <ccmem/smr.h>
CC_BEGIN

/* A timeout that never ends; 0 does not wait at all. */
#define CC_LFQUEUE_FOREVER UINT64_MAX

/* ---- unbounded ---- */

typedef struct cc_lfqueue cc_lfqueue_t;

/* Begin with CC_LFQUEUE_OPTIONS_DEFAULT and change what is to be different. */
typedef struct cc_lfqueue_options {
    cc_smr_t
        *smr; /* the domain of its segments, which lives longer; NULL: one of its own. A program
                    * with a dozen queues and more should share one: threads find few at once quickly */
} cc_lfqueue_options_t;

#define CC_LFQUEUE_OPTIONS_DEFAULT \
    {                              \
        .smr = NULL                \
    }

/* An empty queue; options NULL: the default. NULL: out of memory. O(1). */
CC_API CC_NODISCARD cc_lfqueue_t *cc_lfqueue_create(const cc_lfqueue_options_t *options);

/* Words that are in it are forgotten; NULL is nothing. O(segments). */
CC_API void cc_lfqueue_destroy(cc_lfqueue_t *queue);

/* Put a word at the end. NO_MEMORY, STALE. O(1), and a segment in 406 calls. */
CC_API cc_result_t cc_lfqueue_push(cc_lfqueue_t *queue, uintptr_t word);

/* Put so many words at the end, in their order; returns how many of the first were: fewer when there
 * is no memory, or it was closed. O(count). */
CC_API size_t cc_lfqueue_push_many(cc_lfqueue_t *queue, const uintptr_t *words, size_t count);

/* Take the first word. False: it is empty. False, too, when the thread is new to the domain and there
 * is no memory: cc_lfqueue_pop tells. O(1). Consumers that catch up with a stream of words let it get
 * ahead: the first call that finds none may take up to 256 pauses of the processor, some microseconds. */
CC_API CC_NODISCARD bool cc_lfqueue_try_pop(cc_lfqueue_t *queue, uintptr_t *out);

/* Take up to max of the first words; returns how many, which may be fewer than there are. 0: as
 * try_pop. O(max). */
CC_API size_t cc_lfqueue_pop_many(cc_lfqueue_t *queue, uintptr_t *out, size_t max);

/* Take the first word, and wait for one. NOT_FOUND: none came in time. STALE: it is closed, and empty.
 * NO_MEMORY: the thread is new to the domain. O(1) and the time. */
CC_API cc_result_t cc_lfqueue_pop(cc_lfqueue_t *queue, uint64_t timeout, uintptr_t *out);

/* Take nothing more, and wake who waits. NO_MEMORY: the thread is new to the domain. O(1). */
CC_API cc_result_t cc_lfqueue_close(cc_lfqueue_t *queue);

/* Whether a call of close has ended. O(1). */
CC_API bool cc_lfqueue_is_closed(const cc_lfqueue_t *queue);

/* Words in it, about: calls that go on meanwhile may count or not, and places that were given up do
 * until they are passed. 0 of an empty queue that nobody uses. O(1). */
CC_API size_t cc_lfqueue_len(cc_lfqueue_t *queue);

/* ---- bounded ---- */

typedef struct cc_lfqueue_bounded cc_lfqueue_bounded_t;

/* An empty queue for at least so many words, a power of two. NULL: out of memory, or 0. O(capacity). */
CC_API CC_NODISCARD cc_lfqueue_bounded_t *cc_lfqueue_bounded_create(size_t capacity);

/* Words that are in it are forgotten; NULL is nothing. O(1). */
CC_API void cc_lfqueue_bounded_destroy(cc_lfqueue_bounded_t *queue);

/* Put a word at the end. False: it is full, or closed. O(1). */
CC_API CC_NODISCARD bool cc_lfqueue_bounded_try_push(cc_lfqueue_bounded_t *queue, uintptr_t word);

/* Put as many of the words at the end as there is room for when that is looked at, in their order; returns
 * how many of the first were. Words that are taken meanwhile make room for the next call. O(count). */
CC_API size_t cc_lfqueue_bounded_push_many(cc_lfqueue_bounded_t *queue, const uintptr_t *words,
                                           size_t count);

/* Take the first word. False: it is empty. O(1). */
CC_API CC_NODISCARD bool cc_lfqueue_bounded_try_pop(cc_lfqueue_bounded_t *queue, uintptr_t *out);

/* Take up to max of the first words that there are when that is looked at; returns how many. O(max). */
CC_API size_t cc_lfqueue_bounded_pop_many(cc_lfqueue_bounded_t *queue, uintptr_t *out, size_t max);

/* Put a word at the end, and wait for room. FULL: there was none in time. STALE. O(1) and the time. */
CC_API cc_result_t cc_lfqueue_bounded_push(cc_lfqueue_bounded_t *queue, uint64_t timeout,
                                           uintptr_t word);

/* Take the first word, and wait for one. NOT_FOUND, STALE as above. O(1) and the time. */
CC_API cc_result_t cc_lfqueue_bounded_pop(cc_lfqueue_bounded_t *queue, uint64_t timeout,
                                          uintptr_t *out);

/* Take nothing more, and wake who waits. O(1). */
CC_API void cc_lfqueue_bounded_close(cc_lfqueue_bounded_t *queue);

/* Whether it is closed. O(1). */
CC_API bool cc_lfqueue_bounded_is_closed(const cc_lfqueue_bounded_t *queue);

/* Words in it, about, when others use it meanwhile. O(1). */
CC_API size_t cc_lfqueue_bounded_len(const cc_lfqueue_bounded_t *queue);

/* How many words it holds when full. O(1). */
CC_API size_t cc_lfqueue_bounded_capacity(const cc_lfqueue_bounded_t *queue);

CC_END
#endif
