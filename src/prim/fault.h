/* SPDX-License-Identifier: MIT */
/* prim/fault.h - the end of a process that broke a contract. */
#ifndef CCI_PRIM_FAULT_H
#define CCI_PRIM_FAULT_H

/* Write "ccmem: MODULE: ..." on stderr, as one line and without allocating, and abort. */
_Noreturn void cci_fault(const char *module, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
