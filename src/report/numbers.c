/* SPDX-License-Identifier: MIT */
/* numbers.c - see report/numbers.h.
 *
 * Invariant: every item is in its index, under the hash of its value.
 */
#include <stdlib.h>
#include <string.h>
#include "base/array.h"
#include "base/hash.h"
#include "report/numbers.h"

/* ---- texts ---- */

static bool same_text(const void *items, uint32_t item, const void *key)
{
    return strcmp(((const char *const *)items)[item], key) == 0;
}

static bool add_text(cci_texts_t *t, uint64_t hash, const char *text)
{
    void *room = cci_array_room(t->item, t->count, &t->capacity, sizeof *t->item);

    if (!room)
        return false;
    t->item           = room;
    t->item[t->count] = cci_store_text(&t->store, text, strlen(text));
    bool complete     = t->item[t->count] && cci_index_add(&t->index, hash, (uint32_t)t->count);
    t->count += complete;
    return complete;
}

bool cci_texts_number(cci_texts_t *t, const char *text, uint32_t *number)
{
    uint64_t hash = cci_hash_bytes(0, text, strlen(text));

    if (cci_index_find(&t->index, hash, same_text, t->item, text, number))
        return true;
    if (!add_text(t, hash, text))
        return false;
    *number = (uint32_t)(t->count - 1);
    return true;
}

void cci_texts_fini(cci_texts_t *t)
{
    free(t->item);
    cci_index_fini(&t->index);
    cci_store_fini(&t->store);
    *t = (cci_texts_t){ 0 };
}

/* ---- pairs ---- */

static bool same_pair(const void *items, uint32_t item, const void *key)
{
    const cci_pair_t *a = (const cci_pair_t *)items + item, *b = key;
    return a->first == b->first && a->second == b->second;
}

static bool add_pair(cci_pairs_t *p, uint64_t hash, cci_pair_t pair)
{
    void *room = cci_array_room(p->item, p->count, &p->capacity, sizeof *p->item);

    if (!room)
        return false;
    p->item           = room;
    p->item[p->count] = pair;
    bool complete     = cci_index_add(&p->index, hash, (uint32_t)p->count);
    p->count += complete;
    return complete;
}

bool cci_pairs_number(cci_pairs_t *p, cci_pair_t pair, uint32_t *number)
{
    uint64_t hash = cci_hash_mix(cci_hash_mix(0, pair.first), pair.second);

    if (cci_index_find(&p->index, hash, same_pair, p->item, &pair, number))
        return true;
    if (!add_pair(p, hash, pair))
        return false;
    *number = (uint32_t)(p->count - 1);
    return true;
}

void cci_pairs_fini(cci_pairs_t *p)
{
    free(p->item);
    cci_index_fini(&p->index);
    *p = (cci_pairs_t){ 0 };
}
