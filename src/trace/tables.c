/* SPDX-License-Identifier: MIT */
/* tables.c - see trace/tables.h.
 *
 * Invariant: every item but number 0 is in its index, under the hash of its value.
 */
#include "trace/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/hash.h"

static uint64_t hash_node(uint64_t seed, const cci_stack_node_t *n)
{
    uint64_t hash = cci_hash_mix(seed, (uint64_t)n->parent << 32 | n->module);
    return cci_hash_mix(hash, n->offset);
}

static bool same_node(const void *nodes, uint32_t item, const void *key)
{
    const cci_stack_node_t *a = (const cci_stack_node_t *)nodes + item, *b = key;
    return a->parent == b->parent && a->module == b->module && a->offset == b->offset;
}

static uint64_t hash_module(uint64_t seed, const cci_trace_module_t *m)
{
    uint64_t hash = cci_hash_mix(seed, m->start);
    hash          = cci_hash_mix(hash, m->end);
    hash          = cci_hash_mix(hash, m->bias);
    hash          = cci_hash_bytes(hash, m->path, strlen(m->path));
    return cci_hash_bytes(hash, m->build_id, m->build_id_len);
}

static bool same_module(const void *modules, uint32_t item, const void *key)
{
    const cci_trace_module_t *a = (const cci_trace_module_t *)modules + item, *b = key;
    return a->start == b->start && a->end == b->end && a->bias == b->bias &&
           strcmp(a->path, b->path) == 0 && a->build_id_len == b->build_id_len &&
           memcmp(a->build_id, b->build_id, a->build_id_len) == 0;
}

/* Room for one more of both arrays, so that what follows fails at one place. */
static bool reserve(void **items, size_t count, size_t *capacity, size_t item_size)
{
    void *moved =
        count < UINT32_MAX - 1 ? cci_array_room(*items, count, capacity, item_size) : NULL;
    if (!moved)
        return false;
    *items = moved;
    return true;
}

static bool reserve_node(cci_tables_t *t)
{
    void *items = t->nodes;
    bool  done  = reserve(&items, t->node_count, &t->node_capacity, sizeof *t->nodes);
    t->nodes    = items;
    return done;
}

static bool reserve_module(cci_tables_t *t)
{
    void *items = t->modules;
    bool  done  = reserve(&items, t->module_count, &t->module_capacity, sizeof *t->modules);
    t->modules  = items;
    return done;
}

/* The strings in one block, the path first, so that releasing the path releases both. */
static bool copy_strings(cci_trace_module_t *m, size_t path_len)
{
    char *block = malloc(path_len + 1 + m->build_id_len);
    if (!block)
        return false;
    memcpy(block, m->path, path_len);
    block[path_len] = '\0';
    if (m->build_id_len)
        memcpy(block + path_len + 1, m->build_id, m->build_id_len);
    m->path     = block;
    m->build_id = (uint8_t *)block + path_len + 1;
    return true;
}

static void free_strings(cci_trace_module_t *m)
{
    free((char *)m->path);
}

bool cci_tables_init(cci_tables_t *t, uint64_t seed)
{
    cci_trace_module_t none = { .path = "" };

    *t = (cci_tables_t){ .seed = seed };
    if (!reserve_node(t) || !reserve_module(t) || !copy_strings(&none, 0)) {
        cci_tables_fini(t);
        return false;
    }
    t->nodes[t->node_count++]     = (cci_stack_node_t){ 0 };
    t->modules[t->module_count++] = none;
    return true;
}

void cci_tables_fini(cci_tables_t *t)
{
    for (size_t i = 0; i < t->module_count; i++)
        free_strings(&t->modules[i]);
    free(t->modules);
    free(t->nodes);
    cci_index_fini(&t->node_index);
    cci_index_fini(&t->module_index);
    *t = (cci_tables_t){ 0 };
}

bool cci_tables_node(cci_tables_t *t, cci_stack_node_t node, uint32_t *number)
{
    uint64_t hash = hash_node(t->seed, &node);

    if (cci_index_find(&t->node_index, hash, same_node, t->nodes, &node, number))
        return true;
    if (!reserve_node(t) || !cci_index_add(&t->node_index, hash, (uint32_t)t->node_count))
        return false;
    *number                   = (uint32_t)t->node_count;
    t->nodes[t->node_count++] = node;
    return true;
}

/* On failure the strings stay the caller's. */
static bool add_module(cci_tables_t *t, const cci_trace_module_t *m, uint32_t *number)
{
    uint64_t hash = hash_module(t->seed, m);

    if (!reserve_module(t) || !cci_index_add(&t->module_index, hash, (uint32_t)t->module_count))
        return false;
    *number                       = (uint32_t)t->module_count;
    t->modules[t->module_count++] = *m;
    return true;
}

bool cci_tables_module(cci_tables_t *t, cci_trace_module_t module, size_t path_len,
                       uint32_t *number)
{
    /* Modules are few: copying before looking costs nothing, and makes the path a string. */
    if (!copy_strings(&module, path_len))
        return false;
    bool known = cci_index_find(&t->module_index, hash_module(t->seed, &module), same_module,
                                t->modules, &module, number);
    bool added = !known && add_module(t, &module, number);
    if (!added)
        free_strings(&module);
    return known || added;
}
