/* SPDX-License-Identifier: MIT */
/* report/html_rows.h - which sites the dashboard's table has, in which order. Private to html*.c.
 *
 * Of one run: those that its report has. Of two: those of the new run, and for each place (places.h)
 * that only the old one has, one site of it with no figures of its own. What the old run had at a place
 * stands at the first row of the place.
 *
 * Failure  false: out of memory.
 */
#ifndef CCI_REPORT_HTML_ROWS_H
#define CCI_REPORT_HTML_ROWS_H
#include "report/diff_report.h"

typedef struct cci_html_row {
    uint32_t   site;
    uint32_t   id;    /* the site's; of the old run's they begin behind those of the new one */
    cci_side_t side;  /* whose site */
    bool       first; /* of its place */
} cci_html_row_t;

typedef struct cci_html_rows {
    cci_html_row_t *item;
    size_t          count;
} cci_html_rows_t;

/* Without --top a run of more sites has so many of each order: a browser does not hold any number. */
enum { CCI_HTML_SITES = 20000 };

/* d NULL: of one run. */
CC_NODISCARD bool cci_html_rows_collect(cci_html_rows_t *out, const cci_report_t *r,
                                        const cci_diff_report_t *d);

#endif
