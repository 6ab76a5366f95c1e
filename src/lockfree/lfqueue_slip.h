/* SPDX-License-Identifier: MIT */
/* lockfree/lfqueue_slip.h - how consumers keep away from producers.
 *
 * Consumers that are faster than the producers find the queue empty after every word or two, and each
 * word costs both sides that the lines it is in go to and fro. Who lets the producers get ahead finds
 * many words in lines that nobody writes any more. So who finds the queue empty after words were taken
 * waits a little and looks once more (temporal slipping: Giacomoni, Moseley, Vachharajani, FastForward,
 * PPoPP 2008). How long is learned: longer while many words come meanwhile, and not at all
 * where they come one by one and somebody waits for each.
 *
 * All consumers of a queue share it. What one of two at the same time writes is lost, which does no harm.
 */
#ifndef CCI_LOCKFREE_LFQUEUE_SLIP_H
#define CCI_LOCKFREE_LFQUEUE_SLIP_H
#include <ccmem/alloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct cci_slip {
    _Alignas(CC_CACHE_LINE_SIZE) _Atomic uint64_t taken; /* words, when it was empty last */
    _Atomic uint32_t looks;  /* in vain since then; not many are counted */
    _Atomic uint32_t pauses; /* that a wait has */
} cci_slip_t;

/* The queue is empty, and so many words were taken from it since it was made. Waits, perhaps. True: it is
 * worth while to look once more. */
bool cci_slip(cci_slip_t *s, uint64_t taken);

#endif
