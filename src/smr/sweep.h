/* SPDX-License-Identifier: MIT */
/* smr/sweep.h - frees what is retired and what no reader can have. */
#ifndef CCI_SMR_SWEEP_H
#define CCI_SMR_SWEEP_H
#include "smr/domain.h"

/* Of a guard of the calling thread, outside of sections. others: of all guards that are idle, too,
 * not only of those that threads left behind. Returns the nodes freed. Within another sweep of the
 * guard: nothing. */
size_t cci_sweep(cci_guard_t *g, bool others);

/* Of all guards, once their threads are in no section; waits until all is freed that was retired before.
 * Returns how many. It is asked for by `what`, which must not be within a section or a callback. */
size_t cci_sweep_all(cci_domain_t *d, const char *what);

/* Whether the calling thread is in a callback of one, of whatever domain. */
bool cci_sweep_all_runs(void);

/* The calling thread ends within a callback: so does the process. */
_Noreturn void cci_sweep_fault_end(void *unused);

/* How many nodes a thread retires before it looks whether to free. */
size_t cci_sweep_step(cci_domain_t *d);

/* Whether the calling thread is in a callback of a sweep of the guard. */
static inline bool cci_sweep_runs(const cci_guard_t *g)
{
    return g->sweeps % 2 == 1;
}

/* Give the blocks back, nodes and all: at the end, when there are none, or when it is not known what
 * is in them. */
void cci_guard_drop_blocks(cci_guard_t *g);
void cci_guard_forget_blocks(cci_guard_t *g);

#endif
