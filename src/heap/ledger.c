/* SPDX-License-Identifier: MIT */
/* ledger.c - see ledger.h. */
#include "heap/ledger.h"
#include <stdio.h>
#include "heap/block_map.h"
#include "heap/lock.h"
#include "heap/size_class.h"
#include "prim/fault.h"

static cci_lock_t      lock;
static cci_block_map_t account; /* block to entry, doubled, plus 1 while it is live */

bool cci_ledger_add(const void *block, cci_entry_t entry)
{
    cci_lock_wait(&lock);
    bool added = cci_block_map_set(&account, block, 2 * entry + 1);
    cci_lock_release(&lock);
    return added;
}

/* "class 64", "class 64 aligned to 64", "50000 bytes". */
static const char *describe(cci_entry_t entry, char *text, size_t size)
{
    if (entry >= CC_HEAP_BINS_)
        snprintf(text, size, "%zu bytes", entry - CC_HEAP_BINS_);
    else if (cci_bin_is_plain(entry))
        snprintf(text, size, "class %zu", cci_bin_size(entry));
    else
        snprintf(text, size, "class %zu aligned to %zu", cci_bin_size(entry), cci_bin_align(entry));
    return text;
}

/* Mark a block as freed; what it was allocated as. */
static cci_entry_t retire(const void *block)
{
    cci_lock_wait(&lock);
    const size_t *found  = cci_block_map_find(&account, block);
    size_t        number = found ? *found : 0;
    if (number & 1)
        cci_block_map_set(&account, block, number - 1); /* is in: needs no memory */
    cci_lock_release(&lock);

    if (!found)
        cci_fault("heap", "block %p was freed and never allocated", block);
    if (!(number & 1))
        cci_fault("heap", "block %p was freed twice", block);
    return number / 2;
}

void cci_ledger_remove(const void *block, cci_entry_t entry)
{
    cci_entry_t was = retire(block);
    char        first[64], second[64];

    if (was != entry)
        cci_fault("heap", "block %p was allocated as %s and freed as %s", block,
                  describe(was, first, sizeof first), describe(entry, second, sizeof second));
}

void cci_ledger_remove_unsized(const void *block)
{
    retire(block);
}

void cci_ledger_lock(void)
{
    cci_lock_wait(&lock);
}

void cci_ledger_unlock(void)
{
    cci_lock_release(&lock);
}
