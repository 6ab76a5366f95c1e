/* SPDX-License-Identifier: MIT */
/* tower.c - see lockfree/tower.h. */
#include "lockfree/tower.h"

void cci_tower_mark_upper(cci_tower_t *t)
{
    for (uint32_t level = t->height; --level > 0;)
        atomic_fetch_or_explicit(&t->next[level], CCI_MARK, memory_order_acq_rel);
}

bool cci_tower_take(cci_tower_t *t)
{
    return !cci_is_marked(atomic_fetch_or_explicit(&t->next[0], CCI_MARK, memory_order_seq_cst));
}

bool cci_tower_replace(cci_tower_t *old, cci_tower_t *by)
{
    uintptr_t next = atomic_load_explicit(&old->next[0], memory_order_relaxed);

    while (!cci_is_marked(next)) {
        atomic_store_explicit(&by->next[0], next, memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&old->next[0], &next, cci_link_to(by) | CCI_MARK,
                                                  memory_order_seq_cst, memory_order_relaxed))
            return true;
    }
    return false;
}

/* Acquire pairs with letting go. A node without holds never gets any again. */
bool cci_tower_hold(cci_tower_t *t)
{
    uint32_t life = atomic_load_explicit(&t->life, memory_order_relaxed);

    while (life / CCI_HOLD > 0)
        if (atomic_compare_exchange_weak_explicit(&t->life, &life, life + CCI_HOLD,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}
