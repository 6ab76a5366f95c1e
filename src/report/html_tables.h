/* SPDX-License-Identifier: MIT */
/* report/html_tables.h - strings, frames and stacks of the dashboard, each once. Private to html*.c.
 *
 * Stacks are a tree: sites share their callers, so each call stands there once however many sites are
 * below it. A call is known by what the page shows of it. Two addresses on the same line are therefore one,
 * and those of functions without a name are told apart by the address.
 *
 * Failure  false: out of memory.
 */
#ifndef CCI_REPORT_HTML_TABLES_H
#define CCI_REPORT_HTML_TABLES_H
#include "report/json_writer.h"
#include "report/numbers.h"
#include "report/report.h"

typedef struct cci_html_tables {
    cci_texts_t texts;
    cci_pairs_t places; /* of texts: function and file */
    cci_pairs_t codes;  /* a module, of texts, and the address in it or 0 */
    cci_pairs_t frames; /* a place and a code in one; the line and whether it is inlined */
    cci_pairs_t stacks; /* a parent of these, and a frame */
} cci_html_tables_t;

/* The numbers of a trace's stacks in the tables, as far as they were asked for. All zero is none. */
typedef struct cci_html_stacks {
    uint32_t *number; /* by node; 0 = not asked for */
    size_t    count;
} cci_html_stacks_t;

/* With the empty string and the root, before all else; t is all zero. */
CC_NODISCARD bool cci_html_tables_begin(cci_html_tables_t *t);

/* The number of a stack (node of the report's trace). known: of this trace. Amortised O(1). */
CC_NODISCARD bool cci_html_stack(cci_html_tables_t *t, cci_html_stacks_t *known,
                                 const cci_report_t *r, uint32_t node, uint32_t *number);

/* The fields strings, frames and stacks. */
void cci_html_put_tables(cci_json_t *w, const cci_html_tables_t *t);

void cci_html_tables_fini(cci_html_tables_t *t);
void cci_html_stacks_fini(cci_html_stacks_t *s);

#endif
