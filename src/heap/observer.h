/* SPDX-License-Identifier: MIT */
/* heap/observer.h - who is told of every block of ccmem/alloc.h while somebody wants to know.
 *
 * Nobody is, at first, and then it costs nothing: the bins that programs pop from and push to are
 * hidden from all threads while there is an observer, so that every call comes to the library
 * (alloc.c), which tells the observer and serves it from the same bins. What a thread does in the
 * moment in which that changes may be missed; a block may be seen to go that was not seen to come.
 *
 * Blocks are told as the program sees them: the size it asked for, once. What the heap itself asks
 * the backend for is not told.
 *
 * An allocation is told before the program has the address, a free before the block is given back,
 * so that the events of one address are in the order of its lives.
 */
#ifndef CCI_HEAP_OBSERVER_H
#define CCI_HEAP_OBSERVER_H
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { CCI_BLOCK_PLAIN, CCI_BLOCK_ZEROED, CCI_BLOCK_ALIGNED } cci_block_kind_t;

/* What was asked for, and where: `frame` is the frame address of the function that the program
 * called, whose return address is the caller's. An alignment that every block has, of up to 16, is
 * PLAIN; a node is ALIGNED to a line. A product that overflows is a size of SIZE_MAX. */
typedef struct cci_request {
    cci_block_kind_t kind;
    size_t           size, align; /* align: of CCI_BLOCK_ALIGNED */
    const void      *frame;
} cci_request_t;

/* Functions of any thread; none may call those of ccmem/alloc.h. What the first of a pair returns
 * goes to the second, which is always called. usable: bytes of the block. ptr NULL: it failed. */
typedef struct cci_observer {
    uint64_t (*allocating)(void);
    void (*allocated)(uint64_t began, void *ptr, size_t usable, const cci_request_t *request);
    uint64_t (*freeing)(void *ptr);
    void (*freed)(uint64_t began);
    /* Of a block that is there, to a size that a block can have; without one the block stays as it
     * is, and that is told as an allocation that failed. ptr NULL: it failed, old is there. */
    uint64_t (*resizing)(void *old);
    void (*resized)(uint64_t began, void *old, void *ptr, size_t usable,
                    const cci_request_t *request);
} cci_observer_t;

/* Tell o from now on; NULL: nobody. One at a time: whoever calls sees to that. Calls that are under way
 * end with the observer that they began with, so it stays where it is. In the child of a fork nobody is
 * told. O(threads). */
void cci_heap_observe(const cci_observer_t *o);

extern _Atomic(const cci_observer_t *) cci_heap_observer_now; /* behind the next */

/* NULL: nobody is told. O(1). */
static inline const cci_observer_t *cci_heap_observer(void)
{
    return atomic_load_explicit(&cci_heap_observer_now, memory_order_acquire); /* pairs: observe */
}

#endif
