/* SPDX-License-Identifier: MIT */
/* prim/pages.h - memory straight from the system, for what must not come from any heap. */
#ifndef CCI_PRIM_PAGES_H
#define CCI_PRIM_PAGES_H
#include <stddef.h>

/* The unit of addresses and sizes of mappings. O(1). */
size_t cci_page_size(void);

/* bytes of zeroed memory, aligned to a page; NULL: there is none. errno stays as it was. */
void *cci_pages_map(size_t bytes);

/* Give back what map returned, with the same size. */
void cci_pages_unmap(void *pages, size_t bytes);

#endif
