/* SPDX-License-Identifier: MIT */
/* flow.c - see profile/flow.h. */
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "base/hash.h"
#include "profile/flow.h"

static bool is_pair(const cci_flow_t *f, const cci_flow_t *pair)
{
    return f->from == pair->from && f->to == pair->to;
}

static bool same_pair(const void *items, uint32_t item, const void *key)
{
    return is_pair((const cci_flow_t *)items + item, key);
}

static bool add_pair(cci_flows_t *f, const cci_flow_t *pair, uint64_t hash, uint32_t *number)
{
    cci_flow_t *item = cci_array_room(f->item, f->count, &f->capacity, sizeof *item);

    if (!item)
        return false;
    f->item = item;
    *number = (uint32_t)f->count;
    if (*number == UINT32_MAX || !cci_index_add(&f->index, hash, *number))
        return false;
    f->item[f->count++] = *pair;
    return true;
}

static bool number_of(cci_flows_t *f, const cci_flow_t *pair, uint32_t *number)
{
    uint64_t hash = cci_hash_mix(0, (uint64_t)pair->from << 32 | pair->to);

    return cci_index_find(&f->index, hash, same_pair, f->item, pair, number) ||
           add_pair(f, pair, hash, number);
}

bool cci_flows_add(cci_flows_t *f, uint32_t from, uint32_t to, uint64_t count, uint64_t bytes)
{
    const cci_flow_t pair = { .from = from, .to = to };

    if ((f->count == 0 || !is_pair(&f->item[f->last], &pair)) && !number_of(f, &pair, &f->last))
        return false;
    f->item[f->last].count += count;
    f->item[f->last].bytes += bytes;
    return true;
}

void cci_flows_clear(cci_flows_t *f)
{
    for (size_t i = 0; i < f->count; i++)
        f->item[i].count = f->item[i].bytes = 0;
}

/* Most frees first, then in the order of threads, so that it is always the same. */
static int by_count(const void *left, const void *right)
{
    const cci_flow_t *a = left, *b = right;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->to > b->to) - (a->to < b->to);
}

bool cci_flows_collect(const cci_flows_t *f, cci_profile_t *p, uint64_t unit)
{
    p->flow_count = 0;
    p->flows      = calloc(f->count + 1, sizeof *p->flows);
    if (!p->flows)
        return false;
    for (size_t i = 0; i < f->count; i++) {
        cci_flow_t pair = f->item[i];
        if (pair.count == 0)
            continue;
        pair.count                = (pair.count + unit / 2) / unit;
        p->flows[p->flow_count++] = pair;
    }
    qsort(p->flows, p->flow_count, sizeof *p->flows, by_count);
    return true;
}

void cci_flows_fini(cci_flows_t *f)
{
    free(f->item);
    cci_index_fini(&f->index);
    *f = (cci_flows_t){ 0 };
}
