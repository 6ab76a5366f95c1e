/* SPDX-License-Identifier: MIT */
/* symbols/symtab.h - the function symbols of a module by address.
 *
 * Made of all tables that libdwfl finds: .symtab, here or in the separate debug file, else
 * .dynsym and .gnu_debugdata. An address outside every symbol has no name: the nearest one
 * before it would be a guess.
 *
 * Threads  one at a time.
 */
#ifndef CCI_SYMBOLS_SYMTAB_H
#define CCI_SYMBOLS_SYMTAB_H
#include <stdbool.h>
#include <stdint.h>

#include <ccmem/api.h>

#include "symbols/image.h"
#include "symbols/span.h"

/* All zero is an empty table. Names stay those of the image. Fields are private. */
typedef struct cci_symtab {
    cci_spans_t  spans; /* the value is an index of names */
    const char **names;
} cci_symtab_t;

/* Read the symbols of an open image. false: out of memory, the table is empty. O(n log n). */
CC_NODISCARD bool cci_symtab_read(cci_symtab_t *t, const cci_image_t *image);

/* The mangled name of the function at vaddr, or NULL. O(log n). */
const char *cci_symtab_find(const cci_symtab_t *t, uint64_t vaddr);

/* Release it; it is empty again. */
void cci_symtab_fini(cci_symtab_t *t);

#endif
