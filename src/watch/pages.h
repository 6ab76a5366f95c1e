/* SPDX-License-Identifier: MIT */
/* watch/pages.h - what there is to be read over HTTP while a program runs, and who asks for it.
 *
 * The server's thread asks, others make: nobody ever waits for another. A page is made when it was
 * asked for, and kept for a while: however many ask, it is made so often and no more.
 *
 *     /                the dashboard, which asks for its data; without one, the page of links
 *     /links           a page of links
 *     /metrics         for Prometheus; in the format of OpenMetrics for who prefers that
 *     /report.json     ccmem-report/1
 *     /dashboard.json  ccmem-dashboard/1
 *
 * Threads  answer: the server's; asked and put: of each kind one.
 */
#ifndef CCI_WATCH_PAGES_H
#define CCI_WATCH_PAGES_H
#include <pthread.h>
#include <stdint.h>
#include "serve/server.h"

typedef enum {
    CCI_PAGE_METRICS,
    CCI_PAGE_OPENMETRICS,
    CCI_PAGE_REPORT,
    CCI_PAGE_DASHBOARD
} cci_page_kind_t;
enum { CCI_PAGE_KINDS = CCI_PAGE_DASHBOARD + 1 };

/* It is made of a whole moment, and takes longer than the others. */
static inline bool cci_page_is_whole(cci_page_kind_t kind)
{
    return kind == CCI_PAGE_REPORT || kind == CCI_PAGE_DASHBOARD;
}

typedef struct cci_page {
    cci_document_t *document; /* NULL: never made, or it could not be */
    uint64_t        made_ms, keep_ms;
    uint64_t        asked_ms; /* 0 = nobody waits for a new one */
    bool            unread;   /* who asked for it has not got it yet */
    bool            failed;
} cci_page_t;

typedef struct cci_pages {
    pthread_mutex_t lock;
    cci_document_t *home, *links;
    cci_page_t      page[CCI_PAGE_KINDS];
    void (*ring)(void *context); /* somebody asks */
    void *context;
} cci_pages_t;

/* program: a name for people. False: out of memory. */
bool cci_pages_init(cci_pages_t *p, const char *program, void (*ring)(void *), void *context);
void cci_pages_fini(cci_pages_t *p);

/* A cci_answer_fn_t; pages is a cci_pages_t. */
bool cci_pages_answer(void *pages, const cci_request_t *request, cci_answer_t *out);

/* Is one waited for, of those that are whole, or of the others? The one that is for the longest. */
bool cci_pages_asked(cci_pages_t *p, bool whole, cci_page_kind_t *kind);

/* It is made, with so many milliseconds of a processor: where it had to wait for one, it is not kept
 * the longer. document, NULL: it could not be, goes over to the pages. */
void cci_pages_put(cci_pages_t *p, cci_page_kind_t kind, cci_document_t *document,
                   uint64_t cost_ms);

#endif
