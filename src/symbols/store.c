/* SPDX-License-Identifier: MIT */
/* store.c - see symbols/store.h for the contract.
 *
 * A stack of chunks to cut from; space left in an older chunk is given up. Texts are cut from
 * the chunks too, with their length before them, and found again by an index.
 *
 * Invariant: the index knows exactly the numbers below count.
 */
#include "symbols/store.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

enum { CHUNK_BYTES = 64 * 1024 };

struct cci_store_chunk {
    struct cci_store_chunk *older;
    size_t                  used, size;
    _Alignas(max_align_t) unsigned char bytes[];
};

struct cci_store_text {
    size_t length;
    char   bytes[];
};

struct slice {
    const char *bytes;
    size_t      length;
};

static bool push_chunk(cci_store_t *s, size_t size)
{
    size_t                  room = size > CHUNK_BYTES / 4 ? size : CHUNK_BYTES;
    struct cci_store_chunk *c    = calloc(1, sizeof *c + room);

    if (!c)
        return false;
    c->older = s->chunk;
    c->size  = room;
    s->chunk = c;
    return true;
}

void *cci_store_alloc(cci_store_t *s, size_t size)
{
    const size_t align = _Alignof(max_align_t);

    if (size > PTRDIFF_MAX - align - sizeof(struct cci_store_chunk))
        return NULL;
    size = (size + align - 1) & ~(align - 1);
    if ((!s->chunk || size > s->chunk->size - s->chunk->used) && !push_chunk(s, size))
        return NULL;
    void *p = s->chunk->bytes + s->chunk->used;
    s->chunk->used += size;
    return p;
}

static bool same_text(const void *items, uint32_t item, const void *key)
{
    const struct cci_store_text *t = ((struct cci_store_text *const *)items)[item];
    const struct slice          *k = key;

    return t->length == k->length && memcmp(t->bytes, k->bytes, k->length) == 0;
}

static const char *add_text(cci_store_t *s, const struct slice *key, uint64_t hash)
{
    if (s->count >= UINT32_MAX || key->length > PTRDIFF_MAX / 2)
        return NULL;
    struct cci_store_text **grown = cci_array_room(s->text, s->count, &s->capacity, sizeof *grown);
    if (!grown)
        return NULL;
    s->text                  = grown;
    struct cci_store_text *t = cci_store_alloc(s, sizeof *t + key->length + 1);
    if (!t || !cci_index_add(&s->index, hash, (uint32_t)s->count))
        return NULL;
    t->length = key->length;
    memcpy(t->bytes, key->bytes, key->length); /* what follows is zero, as all of the store */
    grown[s->count++] = t;
    return t->bytes;
}

const char *cci_store_text(cci_store_t *s, const char *bytes, size_t length)
{
    struct slice key  = { bytes, length };
    uint64_t     hash = cci_hash_bytes(0, bytes, length);
    uint32_t     found;

    if (cci_index_find(&s->index, hash, same_text, s->text, &key, &found))
        return s->text[found]->bytes;
    return add_text(s, &key, hash);
}

void cci_store_fini(cci_store_t *s)
{
    while (s->chunk) {
        struct cci_store_chunk *c = s->chunk;
        s->chunk                  = c->older;
        free(c);
    }
    free(s->text);
    cci_index_fini(&s->index);
    *s = (cci_store_t){ 0 };
}
