/* SPDX-License-Identifier: MIT */
/* smr/read.h - a protected read of a word that need be no pointer to a node, or of one that may be freed
 * already: whoever reads one finds that out before he follows it. */
#ifndef CCI_SMR_READ_H
#define CCI_SMR_READ_H
#include <ccmem/smr.h>

/* In another era than the last, or where reads are checked, which this is not. */
uintptr_t cci_smr_read_slow(cc_smr_guard_t *g, const void *slot);

/* What was read before counts when the era is found to be that of the reservation now; otherwise it is read
 * again. */
static inline uintptr_t cci_smr_settle(cc_smr_guard_t *g, const void *slot, uintptr_t word)
{
    uint64_t era = __atomic_load_n(g->watched, __ATOMIC_RELAXED);

    if (__builtin_expect(era == __atomic_load_n(&g->up, __ATOMIC_RELAXED), 1))
        return word;
    return cci_smr_read_slow(g, slot);
}

/* As it is in memory, to be settled. */
static inline uintptr_t cci_smr_word(const void *slot)
{
    return (uintptr_t)__atomic_load_n((cc_smr_pointer_ const *)slot, __ATOMIC_ACQUIRE);
}

/* As cc_smr_protect. */
static inline uintptr_t cci_smr_read(cc_smr_guard_t *g, const void *slot)
{
    return cci_smr_settle(g, slot, cci_smr_word(slot));
}

#endif
