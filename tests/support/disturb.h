/* SPDX-License-Identifier: MIT */
/* disturb.h - stops threads between any two instructions, for others to get in between.
 *
 * Threads that race are seldom stopped where it matters: within a window of a few instructions. Here
 * another thread sends them signals without end, and the handler gives the processor away for a while.
 * A library whose threads may be stopped at any time is none the wiser.
 *
 * Example:
 *   worker_t worker[THREADS];
 *   ...
 *   disturb_run(THREADS, work, worker, sizeof *worker); // work(&worker[0]), work(&worker[1]), ...
 */
#ifndef TEST_DISTURB_H
#define TEST_DISTURB_H
#include <stddef.h>

/* Run count threads on arguments of that size, one behind the other, and disturb them until the last
 * one has ended. Ends the test when there are no threads. */
void disturb_run(unsigned count, void *work(void *), void *arguments, size_t size);

#endif
