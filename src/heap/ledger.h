/* SPDX-License-Identifier: MIT */
/* heap/ledger.h - an account of every block there ever was, for CCI_HEAP_CHECK.
 *
 * A free is right when the block is live and was allocated as what it is freed as; anything else
 * ends the process with a line. Freed blocks stay in the account until their address is allocated
 * again, so a second free is told from a block that never was.
 *
 * Threads  any, one at a time.
 */
#ifndef CCI_HEAP_LEDGER_H
#define CCI_HEAP_LEDGER_H
#include <stdbool.h>
#include <stddef.h>

/* What a block was allocated as: its bin, or CC_HEAP_BINS_ + its size. */
typedef size_t cci_entry_t;

/* A block was allocated. False: no memory to note it. */
bool cci_ledger_add(const void *block, cci_entry_t entry);

/* A block is freed as this, or without its size. */
void cci_ledger_remove(const void *block, cci_entry_t entry);
void cci_ledger_remove_unsized(const void *block);

/* For a fork. */
void cci_ledger_lock(void);
void cci_ledger_unlock(void);

#endif
