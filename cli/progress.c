/* SPDX-License-Identifier: MIT */
/* progress.c - how far a long job is. */
#include <time.h>
#include <unistd.h>
#include "cli.h"

static const uint64_t PATIENCE_NS = 500000000; /* nobody asks before */
static const uint64_t REDRAW_NS   = 100000000;
enum { BAR_COLUMNS = 30 };

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void cci_progress_begin(cci_progress_t *p, const char *label, bool quiet)
{
    *p = (cci_progress_t){ .label    = label,
                           .on       = !quiet && isatty(STDERR_FILENO),
                           .style    = cci_style_of(stderr),
                           .start_ns = now_ns() };
}

static void draw(const cci_progress_t *p, double done)
{
    fprintf(stderr, "\r%s %3.0f %% ", p->label, 100 * done);
    cci_put_bar(stderr, &p->style, done, 1, BAR_COLUMNS);
    fputs("\033[K", stderr);
    fflush(stderr);
}

void cci_progress_update(void *progress, double done)
{
    cci_progress_t *p = progress;

    if (!p->on)
        return;
    uint64_t now = now_ns();
    if (now - p->start_ns < PATIENCE_NS || now - p->last_ns < REDRAW_NS)
        return;
    draw(p, done);
    p->last_ns = now;
    p->shown   = true;
}

void cci_progress_end(cci_progress_t *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
