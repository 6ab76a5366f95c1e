/* SPDX-License-Identifier: MIT */
/* trace/freeze.h - what a trace that grows knows by now, as a trace that does not change: for whoever
 * takes long to look at it.
 *
 * It has everything but events: what the process and its threads were, nodes, modules, resident sizes,
 * readings, warnings. Numbers of threads, nodes and modules are those of the original.
 *
 * Failure  CC_RESULT_NO_MEMORY.
 */
#ifndef CCI_TRACE_FREEZE_H
#define CCI_TRACE_FREEZE_H
#include "trace/reader.h"

/* cci_trace_close releases it; it may outlive t. O(nodes + threads). */
CC_NODISCARD cc_result_t cci_trace_freeze(cci_trace_t **out, const cci_trace_t *t);

#endif
