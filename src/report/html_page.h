/* SPDX-License-Identifier: MIT */
/* report/html_page.h - the page of the dashboard as the build embedded it. Private to html*.c. */
#ifndef CCI_REPORT_HTML_PAGE_H
#define CCI_REPORT_HTML_PAGE_H
#include <stddef.h>

/* *n bytes; 0: this build has none. */
const char *cci_html_page(size_t *n);

#endif
