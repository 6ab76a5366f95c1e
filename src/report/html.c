/* SPDX-License-Identifier: MIT */
/* html.c - see report/html.h. */
#define _GNU_SOURCE
#include "report/html.h"

#include <string.h>
#include "report/base64.h"
#include "report/gzip.h"
#include "report/html_page.h"

/* What web/build.mjs leaves in the page, each once. */
#define DATA_MARKER "<!--ccmem-data-->"
#define NO_REQUESTS "connect-src 'none'"

/* A page, or what is left of it. */
typedef struct page {
    const char *at;
    size_t      left;
} page_t;

static page_t whole_page(void)
{
    page_t page;

    page.at = cci_html_page(&page.left);
    return page;
}

static void put_some(page_t *page, size_t n, FILE *out)
{
    fwrite(page->at, 1, n, out);
    page->at += n;
    page->left -= n;
}

/* Up to the marker, which is left out. */
static void put_before(page_t *page, const char *marker, FILE *out)
{
    const char  *found  = memmem(page->at, page->left, marker, strlen(marker));
    const size_t length = found ? strlen(marker) : 0;

    put_some(page, found ? (size_t)(found - page->at) : page->left, out);
    page->at += length;
    page->left -= length;
}

static bool has(page_t page, const char *marker)
{
    return memmem(page.at, page.left, marker, strlen(marker)) != NULL;
}

const char *cci_html_missing(void)
{
    const page_t page = whole_page();

    if (page.left == 0)
        return "this build has no dashboard: it was made without Node.js, or before `npm ci "
               "--prefix "
               "web`; build it again with both, or with -DCCMEM_DASHBOARD=FILE, FILE the "
               "dashboard.html of a release";
    if (!has(page, DATA_MARKER) || !has(page, NO_REQUESTS))
        return "the dashboard in this build is none of ccmem's: it has no place for data";
    return NULL;
}

/* ---- with data ---- */

static bool put_packed(const cci_report_t *r, const cci_diff_report_t *d, FILE *out)
{
    FILE *gzip = cci_gzip_open(out);

    if (!gzip)
        return false;
    bool done = cci_html_data(r, d, gzip);
    return fclose(gzip) == 0 && done;
}

static bool put_text(const cci_report_t *r, const cci_diff_report_t *d, FILE *out)
{
    FILE *base64 = cci_base64_open(out);

    if (!base64)
        return false;
    bool done = put_packed(r, d, base64);
    return fclose(base64) == 0 && done;
}

static bool put_page(const cci_report_t *r, const cci_diff_report_t *d, FILE *out)
{
    page_t page = whole_page();

    if (cci_html_missing())
        return true;
    put_before(&page, DATA_MARKER, out);
    fputs("<script id=\"ccmem-data\" type=\"application/octet-stream\">", out);
    bool done = put_text(r, d, out);
    fputs("</script>", out);
    put_some(&page, page.left, out);
    return done;
}

bool cci_report_html(const cci_report_t *r, FILE *out)
{
    return put_page(r, NULL, out);
}

bool cci_diff_html(const cci_diff_report_t *d, FILE *out)
{
    return put_page(d->side[CCI_NEW], d, out);
}

/* ---- live ---- */

void cci_html_live(const char *path, FILE *out)
{
    page_t page = whole_page();

    if (cci_html_missing())
        return;
    put_before(&page, NO_REQUESTS, out);
    fputs("connect-src 'self'", out);
    put_before(&page, DATA_MARKER, out);
    fprintf(out, "<meta name=\"ccmem-live\" content=\"%s\">", path);
    put_some(&page, page.left, out);
}
