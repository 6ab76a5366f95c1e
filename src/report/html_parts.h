/* SPDX-License-Identifier: MIT */
/* report/html_parts.h - the data of a dashboard in the making, and its parts. Private to html*.c. */
#ifndef CCI_REPORT_HTML_PARTS_H
#define CCI_REPORT_HTML_PARTS_H
#include "report/html_rows.h"
#include "report/html_tables.h"
#include "report/json_parts.h"

typedef struct cci_html_data {
    const cci_report_t      *report;
    const cci_diff_report_t *diff; /* NULL: of one run */
    cci_html_rows_t          rows;
    uint32_t                *stack; /* of each row, in the tables */
    cci_html_tables_t        tables;
} cci_html_data_t;

/* The fields `timeline`, `slices` and `diff`. False: out of memory. */
void cci_html_put_timeline(cci_json_t *w, const cci_report_t *r);
bool cci_html_put_slices(cci_json_t *w, const cci_html_data_t *h);
void cci_html_put_diff(cci_json_t *w, const cci_html_data_t *h);

/* All of a report but what is a table here. */
void cci_html_put_report(cci_json_t *w, const char *name, const cci_report_t *r);

#endif
