/* SPDX-License-Identifier: MIT */
/* watch/page.h - a moment as a page. Private to src/watch. */
#ifndef CCI_WATCH_PAGE_H
#define CCI_WATCH_PAGE_H
#include "report/names.h"
#include "watch/pages.h"

/* names: of this program. NULL: out of memory. */
cci_document_t *cci_page_of(const cci_moment_t *m, cci_page_kind_t kind, cci_names_t *names);

#endif
