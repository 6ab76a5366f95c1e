/* SPDX-License-Identifier: MIT */
/* report/text_stack.h - stacks as text: one line each in the summary, one line a frame elsewhere. */
#ifndef CCI_REPORT_TEXT_STACK_H
#define CCI_REPORT_TEXT_STACK_H
#include "report/report.h"

/* "inner (file.c:12) <- caller <- caller" in at most `columns`, no newline. False: out of memory. */
bool cci_put_stack_line(const cci_report_t *r, FILE *out, uint32_t node, unsigned columns);

/* One line a frame, each behind `indent` blanks. False: out of memory. */
bool cci_put_stack_lines(const cci_report_t *r, FILE *out, uint32_t node, unsigned indent);

#endif
