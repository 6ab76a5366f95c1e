/* SPDX-License-Identifier: MIT */
/* prim/thread_id.h - threads as the system knows them, also those that end without a word. */
#ifndef CCI_PRIM_THREAD_ID_H
#define CCI_PRIM_THREAD_ID_H
#include <stdbool.h>
#include <stdint.h>

/* The calling thread's; another one in the child of a fork. */
uint32_t cci_thread_id(void);

/* Whether this process has a thread of that number. The number of one that ended is given to
 * another some day. */
bool cci_thread_lives(uint32_t id);

#endif
