/* SPDX-License-Identifier: MIT */
/* cell.c - see cell.h. */
#include "heap/cell.h"
#include "prim/pages.h"

enum { CHUNK_BYTES = 64 * 1024 };

typedef struct cell {
    struct cell *next;
} cell_t;

cci_lock_t            cci_cell_lock;
static cell_t        *free_cells;
static unsigned char *fresh, *fresh_end; /* of the newest chunk, never used */

static void *carve(void)
{
    if ((size_t)(fresh_end - fresh) < CCI_CELL_BYTES) {
        unsigned char *chunk = cci_pages_map(CHUNK_BYTES);
        if (!chunk)
            return NULL;
        fresh     = chunk;
        fresh_end = chunk + CHUNK_BYTES;
    }
    void *cell = fresh;
    fresh += CCI_CELL_BYTES;
    return cell;
}

/* The lock is held. */
static void *take(void)
{
    cell_t *cell = free_cells;

    if (cell)
        free_cells = cell->next;
    else
        cell = carve();
    return cell;
}

void *cci_cell_take(void)
{
    if (!cci_lock_try(&cci_cell_lock))
        return NULL;
    void *cell = take();
    cci_lock_release(&cci_cell_lock);
    return cell;
}

void *cci_cell_await(void)
{
    cci_lock_wait(&cci_cell_lock);
    void *cell = take();
    cci_lock_release(&cci_cell_lock);
    return cell;
}

/* A cell must find its way back, so this waits; whoever holds the lock is about to let go. */
void cci_cell_give(void *cell)
{
    cell_t *c = cell;

    cci_lock_wait(&cci_cell_lock);
    c->next    = free_cells;
    free_cells = c;
    cci_lock_release(&cci_cell_lock);
}
