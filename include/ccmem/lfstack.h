/* SPDX-License-Identifier: MIT */
/* ccmem/lfstack.h - a stack of words between any number of threads: last in, first out.
 *
 * For what is as good as anything else of its kind, and best while it is warm: free buffers, idle
 * workers, tasks without an order. Words that come out in the order in which they went in are a
 * queue's; a stack that threads touch rarely is simpler with a lock.
 *
 * Example:
 *   cc_lfstack_t *stack = cc_lfstack_create(NULL);
 *   if (stack) {
 *       uintptr_t word = 0;
 *       if (cc_lfstack_push(stack, 42) == CC_RESULT_OK && cc_lfstack_try_pop(stack, &word))
 *           assert(word == 42);
 *       cc_lfstack_destroy(stack);
 *   }
 *
 * Failure  push: NO_MEMORY, the stack unchanged. Outputs are written only on success.
 * Threads  any, at any time; create and destroy alone. Every call takes effect at one moment between its
 *          beginning and its end, a batch as a whole. Not for signal handlers.
 * Progress lock-free. Where threads get into each other's way a push waits for some hundred
 *          nanoseconds for a pop that takes the word from its hand, without going by the stack.
 * Memory   64 bytes a word, nodes of a domain (ccmem/smr.h), and a kilobyte.
 * Source   Treiber, "Systems programming: coping with parallelism", 1986; Hendler, Shavit, Yerushalmi, "A
 *          scalable lock-free stack algorithm", SPAA 2004. docs/design/lfstack.md.
 */
#ifndef CC_LFSTACK_H
#define CC_LFSTACK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ccmem/api.h>
#include <ccmem/result.h>
#include <ccmem/smr.h>
CC_BEGIN

typedef struct cc_lfstack cc_lfstack_t;

/* All 0 is the default. */
typedef struct cc_lfstack_options {
    cc_smr_t *smr; /* the domain of its nodes, which lives longer; NULL: one of its own */
} cc_lfstack_options_t;

/* An empty stack; options NULL: the default. NULL: out of memory. O(1). */
CC_API CC_NODISCARD cc_lfstack_t *cc_lfstack_create(const cc_lfstack_options_t *options);

/* Words that are in it are forgotten; NULL is nothing. The thread is in no section of the stack's own
 * domain. O(words). */
CC_API void cc_lfstack_destroy(cc_lfstack_t *stack);

/* The domain of the stack. O(1). */
CC_API cc_smr_t *cc_lfstack_smr(const cc_lfstack_t *stack);

/* Put a word on top. NO_MEMORY. O(1). */
CC_API CC_NODISCARD cc_result_t cc_lfstack_push(cc_lfstack_t *stack, uintptr_t word);

/* Put so many words on top, at once: the last one is uppermost then. NO_MEMORY: none was. O(count). */
CC_API CC_NODISCARD cc_result_t cc_lfstack_push_all(cc_lfstack_t *stack, const uintptr_t *words,
                                                    size_t count);

/* Take the uppermost word. False: it is empty; or the thread is new to the domain and there is no memory.
 * O(1). */
CC_API CC_NODISCARD bool cc_lfstack_try_pop(cc_lfstack_t *stack, uintptr_t *out);

/* The uppermost word, which stays; others may take it at once. False as above. O(1). */
CC_API CC_NODISCARD bool cc_lfstack_try_peek(cc_lfstack_t *stack, uintptr_t *out);

/* A word that was taken. */
typedef void cc_lfstack_visit_fn(uintptr_t word, void *context);

/* Take all words at once, and visit each, from the uppermost on; in no section but those the thread is in
 * already. Returns how many. 0: it is empty; or as above. O(words). */
CC_API size_t cc_lfstack_pop_all(cc_lfstack_t *stack, cc_lfstack_visit_fn *visit, void *context);

/* Whether there is no word now. O(1). */
CC_API bool cc_lfstack_is_empty(const cc_lfstack_t *stack);

CC_END
#endif
