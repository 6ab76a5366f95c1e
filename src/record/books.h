/* SPDX-License-Identifier: MIT */
/* record/books.h - what the allocator says of its own heap, into the trace: how much it holds, how
 * much of that is in use. Read now and then, and at the end of the process.
 *
 * Reading takes the allocator's locks, so it is done where the thread holds none: behind a call that
 * has returned, and with no signal handler on the stack, which may have interrupted one that has
 * not. It also takes time, for some allocators walk through their free blocks to answer. It happens
 * once a second or so, costs 1/256 of the run at most, and when it once takes over a millisecond it
 * is left for the end.
 */
#ifndef CCI_RECORD_BOOKS_H
#define CCI_RECORD_BOOKS_H
#include "record/thread.h"

/* Reads the books; false: there are none. at_end: with what only a slow look can tell. */
typedef bool cci_books_reader_t(cci_books_t *out, bool at_end);

/* Whether it is time to. The thread that is told so does it. */
bool cci_books_due(uint64_t now_ticks);

/* It is, but this is no place for it: the next thread that asks is told the same. */
void cci_books_put_off(void);

/* Read and record them, if this is a place for it. caller: who called the interposed function. */
void cci_books_record(cci_books_reader_t *read, const cci_frame_t *caller, bool at_end);

/* Recording begins. */
void cci_books_start(cci_clock_kind_t clock);

#endif
