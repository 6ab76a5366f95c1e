/* SPDX-License-Identifier: MIT */
/* explore_either_map.h - what plans of explore_map.h do to a map, which has the same calls whether it is a
 * tree or a list: MAP(name) says which. */
#ifndef TEST_EXPLORE_EITHER_MAP_H
#define TEST_EXPLORE_EITHER_MAP_H
#include "support/explore_map.h"

static MAP(t) * it;

/* ---- what plans do ---- */

static cc_result_t put(uintptr_t key, uintptr_t value)
{
    return MAP(put)(it, key, value);
}

static cc_result_t add(uintptr_t key, uintptr_t value)
{
    return MAP(put_if_absent)(it, key, value);
}

static cc_result_t replace(uintptr_t key, uintptr_t value, uintptr_t *old)
{
    return MAP(replace)(it, key, value, old);
}

static cc_result_t take(uintptr_t key, pair_t *found)
{
    found->key = key;
    return MAP(remove)(it, key, &found->value);
}

static cc_result_t get(uintptr_t key, pair_t *found)
{
    found->key = key;
    return MAP(get)(it, key, &found->value);
}

/* An entry and a pair are alike. */
static MAP(entry_t) * entry_of(pair_t *found)
{
    _Static_assert(sizeof(pair_t) == sizeof(MAP(entry_t)), "key and value");
    return (MAP(entry_t) *)found;
}

static cc_result_t pop(uintptr_t key, pair_t *found)
{
    (void)key;
    return MAP(pop_first)(it, entry_of(found));
}

static cc_result_t ceiling_of(uintptr_t key, pair_t *found)
{
    return MAP(ceiling)(it, key, entry_of(found));
}

static cc_result_t floor_of(uintptr_t key, pair_t *found)
{
    return MAP(floor)(it, key, entry_of(found));
}

static cc_result_t first(uintptr_t key, pair_t *found)
{
    (void)key;
    return MAP(first)(it, entry_of(found));
}

static cc_result_t last(uintptr_t key, pair_t *found)
{
    (void)key;
    return MAP(last)(it, entry_of(found));
}

static __thread MAP(iter_t) walker;

static cc_result_t next(uintptr_t key, pair_t *found)
{
    (void)key;
    return MAP(iter_next)(&walker, entry_of(found));
}

static void walk(void)
{
    uintptr_t key = 0;

    MAP(iter_init)(&walker, it, NULL, NULL);
    while (call_next(next, &key))
        ;
    MAP(iter_fini)(&walker);
}

#endif
