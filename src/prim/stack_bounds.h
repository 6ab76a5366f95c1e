/* SPDX-License-Identifier: MIT */
/* prim/stack_bounds.h - where stacks lie. */
#ifndef CCI_PRIM_STACK_BOUNDS_H
#define CCI_PRIM_STACK_BOUNDS_H
#include "prim/unwind.h"

/* The calling thread's own stack. May call malloc. Empty bounds when they cannot be known. */
cci_stack_bounds_t cci_stack_bounds_own(void);

/* What may be read at and above sp on a stack nobody told us of (a coroutine's, a signal's): at most
 * a few pages, each tried without risk. One system call a page. */
cci_stack_bounds_t cci_stack_bounds_probe(uintptr_t sp);

#endif
