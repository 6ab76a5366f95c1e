/* SPDX-License-Identifier: MIT */
/* pages.c - see watch/pages.h. */
#include "watch/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include "prim/clock.h"
#include "report/html.h"

enum {
    KEEP_MS   = 100,
    UNREAD_MS = 2000, /* the server's thread may be off the processor that long */
    KEEP_COST = 20    /* a page is kept so many times as long as a processor worked on it */
};

static uint64_t now_ms(void)
{
    return cci_clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* ---- the pages that do not change ---- */

static void put_html(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '&' || *text == '<' || *text == '>' || *text == '"')
            fprintf(out, "&#%d;", *text);
        else
            fputc((unsigned char)*text < ' ' ? '?' : *text, out);
    }
}

static void put_links(FILE *out, const char *program)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>ccmem: ", out);
    put_html(out, program);
    fputs("</title>\n<h1>", out);
    put_html(out, program);
    fputs("</h1>\n<p>ccmem records what this program allocates.\n<ul>\n", out);
    if (!cci_html_missing())
        fputs("<li><a href=\"/\">/</a>, the dashboard\n", out);
    fputs("<li><a href=\"/metrics\">/metrics</a> for Prometheus\n"
          "<li><a href=\"/report.json\">/report.json</a>, the report so far\n</ul>\n</html>\n",
          out);
}

static void put_dashboard(FILE *out, const char *program)
{
    (void)program; /* is in the data */
    cci_html_live("/dashboard.json", out);
}

/* A document that does not change. NULL: out of memory. */
static cci_document_t *make(void (*put)(FILE *out, const char *program), const char *program)
{
    char  *bytes = NULL;
    size_t n     = 0;
    FILE  *out   = open_memstream(&bytes, &n);

    if (!out)
        return NULL;
    put(out, program);
    if (fclose(out) == 0)
        return cci_document_create(bytes, n, "text/html; charset=utf-8");
    free(bytes);
    return NULL;
}

bool cci_pages_init(cci_pages_t *p, const char *program, void (*ring)(void *), void *context)
{
    *p = (cci_pages_t){ .ring    = ring,
                        .context = context,
                        .home    = make(cci_html_missing() ? put_links : put_dashboard, program),
                        .links   = make(put_links, program) };
    if (p->home && p->links && pthread_mutex_init(&p->lock, NULL) == 0)
        return true;
    cci_document_release(p->home);
    cci_document_release(p->links);
    return false;
}

void cci_pages_fini(cci_pages_t *p)
{
    cci_document_release(p->home);
    cci_document_release(p->links);
    for (int i = 0; i < CCI_PAGE_KINDS; i++)
        cci_document_release(p->page[i].document);
    pthread_mutex_destroy(&p->lock);
}

/* ---- the server's side ---- */

/* -1: there is no such page. */
static int kind_of(const cci_request_t *r)
{
    if (cci_text_is(r->path, "/report.json"))
        return CCI_PAGE_REPORT;
    if (cci_text_is(r->path, "/dashboard.json"))
        return CCI_PAGE_DASHBOARD;
    if (!cci_text_is(r->path, "/metrics"))
        return -1;
    return cci_accept_prefers(r->accept, "application/openmetrics-text", "text/plain")
               ? CCI_PAGE_OPENMETRICS
               : CCI_PAGE_METRICS;
}

/* False: it is to be made, again. */
static bool find(cci_page_t *page, uint64_t now, cci_answer_t *out)
{
    uint64_t age  = now - page->made_ms;
    bool     kept = page->made_ms && (age < page->keep_ms || (page->unread && age < UNREAD_MS));

    if (kept)
        page->unread = false;
    if (kept)
        *out = page->failed ? (cci_answer_t){ 500, NULL }
                            : (cci_answer_t){ 200, cci_document_hold(page->document) };
    return kept;
}

bool cci_pages_answer(void *pages, const cci_request_t *request, cci_answer_t *out)
{
    cci_pages_t *p    = pages;
    int          kind = kind_of(request);

    if (cci_text_is(request->path, "/"))
        *out = (cci_answer_t){ 200, cci_document_hold(p->home) };
    else if (cci_text_is(request->path, "/links"))
        *out = (cci_answer_t){ 200, cci_document_hold(p->links) };
    if (kind < 0)
        return true;
    uint64_t now = now_ms();
    pthread_mutex_lock(&p->lock);
    cci_page_t *page  = &p->page[kind];
    bool        found = find(page, now, out);
    bool        asks  = !found && !page->asked_ms;
    if (asks)
        page->asked_ms = now;
    pthread_mutex_unlock(&p->lock);
    if (asks)
        p->ring(p->context);
    return found;
}

/* ---- the makers' side ---- */

bool cci_pages_asked(cci_pages_t *p, bool whole, cci_page_kind_t *kind)
{
    uint64_t since = UINT64_MAX;

    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < CCI_PAGE_KINDS; i++) {
        uint64_t asked = p->page[i].asked_ms;
        if (asked && asked < since && cci_page_is_whole((cci_page_kind_t)i) == whole) {
            *kind = (cci_page_kind_t)i;
            since = asked;
        }
    }
    pthread_mutex_unlock(&p->lock);
    return since != UINT64_MAX;
}

void cci_pages_put(cci_pages_t *p, cci_page_kind_t kind, cci_document_t *document, uint64_t cost_ms)
{
    pthread_mutex_lock(&p->lock);
    cci_page_t     *page   = &p->page[kind];
    cci_document_t *before = page->document;
    *page                  = (cci_page_t){ .document = document,
                                           .made_ms  = now_ms(),
                                           .keep_ms  = KEEP_MS + KEEP_COST * cost_ms,
                                           .unread   = true,
                                           .failed   = !document };
    pthread_mutex_unlock(&p->lock);
    cci_document_release(before);
}
