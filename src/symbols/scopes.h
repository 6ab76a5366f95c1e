/* SPDX-License-Identifier: MIT */
/* symbols/scopes.h - functions, inlined functions and lines of a module, from its DWARF.
 *
 * Opening reads the head of every compilation unit; the functions of a unit are read when the
 * first address in it is looked up, its line table too.
 *
 * Failure  false: out of memory, nothing changed. Damaged DWARF: what can be read is used.
 * Threads  one at a time.
 * Source   DWARF version 5, sections 2.17 (ranges), 3.3.8 (inlined subroutines), 6.2 (lines).
 */
#ifndef CCI_SYMBOLS_SCOPES_H
#define CCI_SYMBOLS_SCOPES_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

#include <ccmem/api.h>

#include "symbols/image.h"
#include "symbols/span.h"
#include "symbols/store.h"
#include "symbols/symbolizer.h"
#include "symbols/symtab.h"

struct cci_unit;

/* All zero knows nothing. Fields are private. */
typedef struct cci_scopes {
    const cci_spans_t *code;
    uint64_t           bias;  /* address of the file + bias = address in the DWARF */
    cci_spans_t        spans; /* the value is an index of units */
    struct cci_unit   *unit;
    size_t             count, capacity;
} cci_scopes_t;

/* Find the DWARF of an open image, which outlives s. O(units). */
CC_NODISCARD bool cci_scopes_open(cci_scopes_t *s, const cci_image_t *image);

/* The frames at vaddr, kept in store; count 0 when there are none. symtab names the functions
 * that the DWARF does not know or not fully. O(log n), after the unit was read. */
CC_NODISCARD bool cci_scopes_find(cci_scopes_t *s, cci_store_t *store, const cci_symtab_t *symtab,
                                  uint64_t vaddr, cci_symbol_frames_t *out);

/* Release it; it knows nothing again. */
void cci_scopes_close(cci_scopes_t *s);

#endif
