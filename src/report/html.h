/* SPDX-License-Identifier: MIT */
/* report/html.h - the dashboard: one HTML file that shows a report, whole in itself.
 *
 * Its page is made of web/ by the build and embedded here as a template; the data takes the place of a
 * marker in it, compressed with gzip and written as base64. docs/formats/dashboard.md describes the data.
 * A build without the page makes no dashboards, and says so.
 *
 * Failure  false: out of memory; a failed write is kept by the FILE. Without the page nothing is written.
 */
#ifndef CCI_REPORT_HTML_H
#define CCI_REPORT_HTML_H
#include <stdbool.h>
#include <stdio.h>
#include "report/diff_report.h"
#include "report/report.h"

/* Why there is no page to show anything in, and what to do, in words; NULL: there is one. */
const char *cci_html_missing(void);

/* The data alone, as JSON. d NULL: of one run; else r is the new one of the two. */
bool cci_html_data(const cci_report_t *r, const cci_diff_report_t *d, FILE *out);

/* The page without data, which reads them from a path of the server that it comes from, again and
 * again. */
void cci_html_live(const char *path, FILE *out);

/* The page: cci_report_html (report.h), cci_diff_html (diff_report.h). */

#endif
