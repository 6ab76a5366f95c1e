/* SPDX-License-Identifier: MIT */
/* scarce_cells.h - the heap's own memory, cells and pages, runs out after a number of cells. */
#ifndef TEST_SCARCE_CELLS_H
#define TEST_SCARCE_CELLS_H
#include "heap/cell.h"
#include "support/failing_pages.h"

static struct scarce_cell {
    struct scarce_cell *next;
} * scarce_cells; /* that are out of the pool */

static inline void scarce_cells_begin(size_t left)
{
    struct scarce_cell *c;

    failing_pages = true;
    while ((c = cci_cell_take()) != NULL) {
        c->next      = scarce_cells;
        scarce_cells = c;
    }
    for (; left > 0 && scarce_cells; left--) {
        c            = scarce_cells;
        scarce_cells = c->next;
        cci_cell_give(c);
    }
}

static inline void scarce_cells_end(void)
{
    failing_pages = false;
    while (scarce_cells) {
        struct scarce_cell *c = scarce_cells;
        scarce_cells          = c->next;
        cci_cell_give(c);
    }
}

#endif
