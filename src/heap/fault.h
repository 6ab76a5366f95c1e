/* SPDX-License-Identifier: MIT */
/* heap/fault.h - the program broke the contract of ccmem/alloc.h. */
#ifndef CCI_HEAP_FAULT_H
#define CCI_HEAP_FAULT_H

/* Write "ccmem: heap: ..." on stderr, as one line and without allocating, and abort. */
_Noreturn void cci_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
