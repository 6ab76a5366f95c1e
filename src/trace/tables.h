/* SPDX-License-Identifier: MIT */
/* trace/tables.h - the stack nodes and modules of all threads, equal ones kept once.
 *
 * A node's parent is added before it and so has the smaller number: walks outward end.
 *
 * Failure  false: out of memory, or 2^32 items; nothing changed.
 * Threads  one at a time.
 */
#ifndef CCI_TRACE_TABLES_H
#define CCI_TRACE_TABLES_H
#include "base/index.h"
#include "trace/reader.h"

typedef struct cci_tables {
    cci_stack_node_t   *nodes;
    cci_trace_module_t *modules;
    size_t              node_count, node_capacity;
    size_t              module_count, module_capacity;
    cci_index_t         node_index, module_index;
    uint64_t            seed;
} cci_tables_t;

/* Node 0, the root, and module 0, none. seed: any number, better one that a trace cannot know. */
CC_NODISCARD bool cci_tables_init(cci_tables_t *t, uint64_t seed);

void cci_tables_fini(cci_tables_t *t);

/* The number of the node with this value, of a new one if need be. O(1). */
CC_NODISCARD bool cci_tables_node(cci_tables_t *t, cci_stack_node_t node, uint32_t *number);

/* The same for a module. Its strings are copied; path has path_len bytes. O(their length). */
CC_NODISCARD bool cci_tables_module(cci_tables_t *t, cci_trace_module_t module, size_t path_len,
                                    uint32_t *number);

#endif
