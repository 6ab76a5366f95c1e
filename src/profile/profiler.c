/* SPDX-License-Identifier: MIT */
/* profiler.c - see ccmem/profiler.h. What the functions there do is done by the parts of a recording
 * (profiler_recording.h) and by the report plugin; here are options, and who may call what when. */
#include <ccmem/profiler.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "backend/backend.h"
#include "profile/plugin.h"
#include "profile/profiler_report.h"
#include "record/control.h"

enum { TYPICAL_BYTES = 64 };

struct cc_profiler {
    cc_profiler_options_t         options;
    cci_local_options_t           needs;
    cci_part_t                    part;
    cci_plugin_server_t          *server;
    _Atomic(cci_plugin_names_t *) names; /* NULL: there are none, or somebody uses them */
};

/* ---- options ---- */

static bool is_valid(const cc_profiler_options_t *o)
{
    return o->sample_rate > 0 && o->sample_rate <= 1 && o->latency_buckets > 0;
}

/* Bytes between samples at which a block of TYPICAL_BYTES is one with this probability. */
static uint64_t interval_of(double sample_rate)
{
    double bytes = -TYPICAL_BYTES / log1p(-sample_rate);
    return bytes < 1 ? 1 : bytes > 0x1p40 ? UINT64_C(1) << 40 : (uint64_t)bytes;
}

static cci_local_options_t needs_of(const cc_profiler_options_t *o)
{
    const bool all = o->sample_rate == 1;

    return (cci_local_options_t){ .mode            = all ? CCI_MODE_FULL : CCI_MODE_SAMPLE,
                                  .sample_interval = all ? 0 : interval_of(o->sample_rate),
                                  .stacks          = o->capture_stacks,
                                  .measure_every =
                                      o->track_latency ? CCI_MEASURE_EVERY_DEFAULT : 0 };
}

static cc_profiler_t *make(const cc_profiler_options_t *options)
{
    cc_profiler_t *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->options = *options;
    p->needs   = needs_of(options);
    return p;
}

cc_result_t cc_profiler_create(cc_profiler_t **out, const cc_profiler_options_t *options)
{
    static const cc_profiler_options_t DEFAULT = CC_PROFILER_OPTIONS_DEFAULT;

    options = options ? options : &DEFAULT;
    if (!is_valid(options))
        return CC_RESULT_INVALID;
    void          *suspended = cci_part_suspend();
    cc_profiler_t *p         = make(options);
    cci_part_resume(suspended);
    if (!p)
        return CC_RESULT_NO_MEMORY;
    *out = p;
    return CC_RESULT_OK;
}

/* ---- life ---- */

static void destroy(cc_profiler_t *p)
{
    cci_plugin_names_t *names = atomic_load(&p->names);

    if (p->server)
        cci_report_plugin_find()->end(p->server);
    if (names)
        cci_report_plugin_find()->forget(names);
    cci_part_fini(&p->part);
    free(p);
}

void cc_profiler_destroy(cc_profiler_t *p)
{
    if (!p)
        return;
    void *suspended = cci_part_suspend();
    destroy(p);
    cci_part_resume(suspended);
}

/* Any address in what serves the heap. */
static uintptr_t allocator_of_heap(void)
{
    return (uintptr_t)cci_backend_current()->alloc;
}

cc_result_t cc_profiler_start(cc_profiler_t *p)
{
    cci_local_options_t needs     = p->needs;
    void               *suspended = cci_part_suspend();

    needs.allocator = allocator_of_heap();
    cc_result_t r   = cci_part_join(&p->part, &needs);
    cci_part_resume(suspended);
    return r;
}

void cc_profiler_stop(cc_profiler_t *p)
{
    void *suspended = cci_part_suspend();
    cci_part_leave(&p->part);
    cci_part_resume(suspended);
}

cc_result_t cc_profiler_reset(cc_profiler_t *p)
{
    void       *suspended = cci_part_suspend();
    cc_result_t r         = cci_part_reset(&p->part);
    cci_part_resume(suspended);
    return r;
}

/* ---- reports ---- */

typedef struct wanted {
    const cc_profiler_options_t *options;
    const cc_profiler_report_t  *report;
} wanted_t;

static cc_result_t make_report(void *context, const cci_part_view_t *view)
{
    wanted_t *w = context;
    return cci_profiler_report_create(&w->report, w->options, view);
}

cc_result_t cc_profiler_snapshot(cc_profiler_t *p, const cc_profiler_report_t **out)
{
    wanted_t    w         = { &p->options, NULL };
    void       *suspended = cci_part_suspend();
    cc_result_t r         = cci_part_look(&p->part, p->options.detect_leaks, make_report, &w);

    cci_part_resume(suspended);
    if (r == CC_RESULT_OK)
        *out = w.report;
    return r;
}

cc_result_t cc_profiler_report(cc_profiler_t *p, const cc_profiler_report_t **out)
{
    return cci_part_is_running(&p->part) ? CC_RESULT_BUSY : cc_profiler_snapshot(p, out);
}

/* ---- documents ---- */

/* Names are kept for the next time, those of one writer where there are several at once. */
static cc_result_t write_moment(cc_profiler_t *p, const cci_report_plugin_t *plugin,
                                const cci_moment_t *m, const char *format, FILE *out)
{
    cci_plugin_names_t *names = atomic_exchange(&p->names, NULL);
    cc_result_t         r     = plugin->write(m, &names, format, out);

    plugin->forget(atomic_exchange(&p->names, names));
    return r;
}

static cc_result_t write_report(cc_profiler_t *p, const char *format, FILE *out)
{
    const cci_report_plugin_t *plugin = cci_report_plugin_find();
    cci_moment_t               m;

    if (!plugin)
        return CC_RESULT_NOT_FOUND;
    cc_result_t r = cci_part_moment(&p->part, true, &m);
    if (r != CC_RESULT_OK)
        return r;
    r = write_moment(p, plugin, &m, format, out);
    cci_moment_close(&m);
    return r;
}

cc_result_t cc_profiler_write(cc_profiler_t *p, const char *format, FILE *out)
{
    void       *suspended = cci_part_suspend();
    cc_result_t r         = write_report(p, format, out);

    cci_part_resume(suspended);
    return r;
}

static cc_result_t take_moment(void *profiler, bool whole, cci_moment_t *out)
{
    cc_profiler_t *p = profiler;
    return cci_part_moment(&p->part, whole, out);
}

/* Threads of the server are ours; they end unrecorded. */
static void thread_begins(void *profiler)
{
    (void)profiler;
    (void)cci_part_suspend();
}

static cc_result_t serve_with(cc_profiler_t *p, const cci_report_plugin_t *plugin,
                              const char *address, uint16_t *port)
{
    const cci_moments_t from = { .context       = p,
                                 .program       = program_invocation_short_name,
                                 .take          = take_moment,
                                 .thread_begins = thread_begins };
    cc_result_t         r    = plugin->shows_slices() ? cci_part_slice(&p->part) : CC_RESULT_OK;

    if (r != CC_RESULT_OK)
        return r;
    r = plugin->serve(&p->server, &from, address, port);
    if (r != CC_RESULT_OK)
        cci_part_unslice(&p->part); /* nobody is going to look at them */
    return r;
}

static cc_result_t serve(cc_profiler_t *p, const char *address, uint16_t *port)
{
    const cci_report_plugin_t *plugin = cci_report_plugin_find();

    if (!plugin)
        return CC_RESULT_NOT_FOUND;
    return p->server ? CC_RESULT_EXISTS : serve_with(p, plugin, address, port);
}

cc_result_t cc_profiler_serve(cc_profiler_t *p, const char *address, uint16_t *port)
{
    void       *suspended = cci_part_suspend();
    cc_result_t r         = serve(p, address, port);

    cci_part_resume(suspended);
    return r;
}
