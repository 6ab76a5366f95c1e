/* SPDX-License-Identifier: MIT */
/* symbols/demangle.h - names of functions as people write them: C++ and Rust.
 *
 * Failure  NULL: out of memory. A name that is not mangled, or damaged, is its own answer.
 * Threads  one at a time a store.
 * Source   Itanium C++ ABI, section 5.1; Rust RFC 2603.
 */
#ifndef CCI_SYMBOLS_DEMANGLE_H
#define CCI_SYMBOLS_DEMANGLE_H
#include <ccmem/api.h>

#include "symbols/store.h"

/* Longest name that is demangled, and longest that is answered; longer answers end in "...". */
enum { CCI_DEMANGLE_INPUT_MAX = 2048, CCI_DEMANGLE_OUTPUT_MAX = 4096 };

/* The name demangled, kept in store; Rust's hash is left out. Time is bounded by the two limits,
 * not by what the name claims to be. */
CC_NODISCARD const char *cci_demangle(cci_store_t *store, const char *name);

#endif
