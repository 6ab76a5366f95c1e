/* SPDX-License-Identifier: MIT */
/* Property: a dashboard for which there is no memory, wherever it runs out, is none, and nothing is left
 * of it: the data of one run and of two, and the pages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "support/failing_malloc.h"
#include "support/trace_builder.h"

enum { SITES = 40, DEPTH = 6 };

#define CHECK(e)                                                    \
    do {                                                            \
        if (!(e)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #e); \
            exit(1);                                                \
        }                                                           \
    } while (0)

typedef struct run {
    trace_builder_t *b;
    cci_trace_t     *trace;
    cci_profile_t   *profile;
    cci_report_t     report;
} run_t;

/* Sites that share callers, in a module that nobody has. */
static void build(run_t *r, uint64_t shift)
{
    r->b            = trace_builder_create(NULL);
    uint32_t thread = trace_builder_thread(r->b, 1, "main");
    uint32_t module = trace_builder_module(r->b, thread, "/none/app", 0x400000, 0x100000);
    uint32_t node   = 0;
    for (uint64_t i = 0; i < SITES; i++) {
        node = i % DEPTH == 0 ? 0 : node;
        node = trace_builder_node(r->b, thread, node, module, 0x1000 * (i + shift));
        trace_builder_malloc(r->b, thread, 1000 * (i + 1), 0x1000 * (i + 1), 100 + i, node);
        if (i % 3 == 0)
            trace_builder_free(r->b, thread, 1000 * (i + 1) + 500, 0x1000 * (i + 1));
    }
    trace_builder_end(r->b, 1000000, 0);
}

static void load(run_t *r, uint64_t shift)
{
    const cci_profile_options_t options = { .slices = true };
    size_t                      n;

    build(r, shift);
    const uint8_t *bytes = trace_builder_file(r->b, &n);
    CHECK(cci_trace_open_memory(&r->trace, bytes, n) == CC_RESULT_OK);
    CHECK(cci_profile_create(&r->profile, r->trace, &options) == CC_RESULT_OK);
    r->report = (cci_report_t){ .trace   = r->trace,
                                .profile = r->profile,
                                .frames  = cci_frames_create(r->trace, NULL) };
    CHECK(r->report.frames);
}

static void unload(run_t *r)
{
    cci_frames_destroy(r->report.frames);
    cci_profile_destroy(r->profile);
    cci_trace_close(r->trace);
    trace_builder_destroy(r->b);
}

typedef bool writer_t(const void *of, FILE *out);

static bool data_of_one(const void *report, FILE *out)
{
    return cci_html_data(report, NULL, out);
}

static bool data_of_two(const void *diff, FILE *out)
{
    const cci_diff_report_t *d = diff;
    return cci_html_data(d->side[CCI_NEW], d, out);
}

static bool page_of_one(const void *report, FILE *out)
{
    return cci_report_html(report, out);
}

static bool page_of_two(const void *diff, FILE *out)
{
    return cci_diff_html(diff, out);
}

/* What is asked for once, the names of frames, is there before. */
static void try(writer_t *write, const void *of, size_t least)
{
    FILE  *out    = fopen("/dev/null", "w");
    bool   failed = true;
    size_t told   = 0;

    CHECK(out && write(of, out));
    for (size_t at = 0; failed; at++) {
        failing_malloc_begin(at);
        bool done = write(of, out);
        failed    = failing_malloc_end();
        CHECK(done || failed);
        CHECK(failing_malloc_live() <= 0);
        told += !done;
    }
    CHECK(told >= least); /* or the test tests nothing */
    fclose(out);
}

static void try_two(const run_t *old, const run_t *new)
{
    cci_places_t           *places = cci_places_create(&old->report, &new->report);
    const cci_run_t         run[]  = { cci_report_run(&old->report), cci_report_run(&new->report) };
    const uint32_t *const   place[] = { cci_places_of(places, CCI_OLD),
                                        cci_places_of(places, CCI_NEW) };
    cci_diff_t             *diff    = cci_diff_create(run, place, cci_places_count(places));
    const cci_diff_report_t d       = { .side   = { &old->report, &new->report },
                                        .path   = { "old", "new" },
                                        .places = places,
                                        .diff   = diff };

    CHECK(diff);
    try(data_of_two, &d, 20);
    try(page_of_two, &d, cci_html_missing() ? 0 : 20);
    cci_diff_destroy(diff);
    cci_places_destroy(places);
}

int main(void)
{
    run_t old = { 0 }, new = { 0 };

    load(&old, 1);
    load(&new, 5);
    try(data_of_one, &new.report, 20);
    try(page_of_one, &new.report, cci_html_missing() ? 0 : 20);
    try_two(&old, &new);
    unload(&old);
    unload(&new);
    puts("ok");
    return 0;
}
