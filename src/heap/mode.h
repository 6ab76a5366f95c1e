/* SPDX-License-Identifier: MIT */
/* heap/mode.h - what the heap does between the program and the backend. Decided once. */
#ifndef CCI_HEAP_MODE_H
#define CCI_HEAP_MODE_H

typedef enum {
    CCI_HEAP_CACHE = 1, /* blocks are cached                                                   */
    CCI_HEAP_DIRECT,    /* nothing is: a memory checker watches, or CCMEM_MAGAZINES=0             */
    CCI_HEAP_CHECK /* nothing is, and every block is kept account of: CCMEM_HEAP_CHECK=1      */
} cci_heap_mode_t;

/* O(1). */
cci_heap_mode_t cci_heap_mode(void);

#endif
