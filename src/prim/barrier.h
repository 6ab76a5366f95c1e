/* SPDX-License-Identifier: MIT */
/* prim/barrier.h - a memory barrier in every other thread, by the one that asks for it.
 *
 * For a protocol of two sides of which one is hot: each stores its own word and then reads the
 * other's, so that one of them sees the other. Both would need a fence between the two; here the
 * rare side pays for both.
 */
#ifndef CCI_PRIM_BARRIER_H
#define CCI_PRIM_BARRIER_H
#include <stdbool.h>

/* When this returns, what any thread of any process stored before a load that it had done when this
 * was called is there for all to see. Milliseconds. */
void cci_barrier_everywhere(void);

/* The same, of the threads of this process only. Microseconds, but for the first time, where the
 * system can. */
void cci_barrier_process(void);

/* Whether it is a matter of microseconds. */
bool cci_barrier_process_is_quick(void);

#endif
