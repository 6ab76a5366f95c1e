/* SPDX-License-Identifier: MIT */
/* json_sites.c - see report/json_parts.h. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "report/json_parts.h"
#include "report/rank.h"

/* ---- figures ---- */

void cci_json_known(cci_json_t *w, const char *name, uint64_t value, bool known)
{
    if (known)
        cci_json_uint(w, name, value);
    else
        cci_json_null(w, name);
}

uint64_t cci_json_lower(const cci_interval_t *ci)
{
    return cci_report_whole(floor(ci->lo));
}

uint64_t cci_json_upper(const cci_interval_t *ci)
{
    return cci_report_whole(ceil(ci->hi));
}

static void put_interval(cci_json_t *w, const char *name, const cci_interval_t *ci)
{
    char full[64];

    snprintf(full, sizeof full, "%s_ci", name);
    cci_json_begin_array(w, full);
    cci_json_uint(w, NULL, cci_json_lower(ci));
    cci_json_uint(w, NULL, cci_json_upper(ci));
    cci_json_end_array(w);
}

void cci_json_figure(cci_json_t *w, const char *name, uint64_t value, const cci_interval_t *ci)
{
    cci_json_uint(w, name, value);
    if (ci)
        put_interval(w, name, ci);
}

/* ---- stacks ---- */

static void put_frame(cci_json_t *w, const cci_frame_t *f)
{
    cci_json_begin_object(w, NULL);
    cci_json_string(w, "function", f->function);
    cci_json_string(w, "file", f->file);
    cci_json_known(w, "line", f->line, f->line != 0);
    cci_json_string(w, "module", f->module);
    cci_json_bool(w, "inlined", f->inlined);
    cci_json_hex(w, "offset", f->offset);
    cci_json_end_object(w);
}

static bool put_frames(cci_json_t *w, const cci_report_t *r, uint32_t node)
{
    cci_stack_t stack;

    if (!cci_frames_of(r->frames, node, &stack))
        return false;
    cci_json_begin_array(w, "frames");
    for (size_t i = 0; i < stack.count; i++)
        put_frame(w, &stack.frame[i]);
    cci_json_end_array(w);
    return true;
}

/* "main (app.c:12)", "libz.so.1+0x2345" */
static void put_frame_line(cci_json_t *w, const cci_frame_t *f)
{
    char line[1024];

    if (f->function && f->file)
        snprintf(line, sizeof line, "%.600s (%.300s:%u)", f->function, f->file, f->line);
    else if (f->function)
        snprintf(line, sizeof line, "%.600s", f->function);
    else
        snprintf(line, sizeof line, "%.600s+0x%" PRIx64, f->module ? f->module : "", f->offset);
    cci_json_string(w, NULL, line);
}

static bool put_stack_trace(cci_json_t *w, const cci_report_t *r, uint32_t node)
{
    cci_stack_t stack;

    if (!cci_frames_of(r->frames, node, &stack))
        return false;
    cci_json_begin_array(w, "stack_trace");
    for (size_t i = 0; i < stack.count; i++)
        put_frame_line(w, &stack.frame[i]);
    cci_json_end_array(w);
    return true;
}

/* ---- leaks ---- */

static bool put_leak(cci_json_t *w, const cci_report_t *r, const cci_block_t *b, bool stack)
{
    uint64_t start = cci_trace_info(r->trace)->start_real_ns;

    cci_json_begin_object(w, NULL);
    cci_json_hex(w, "ptr", b->ptr);
    cci_json_uint(w, "size", b->size);
    cci_json_seconds(w, "timestamp", start + b->time_ns);
    cci_json_uint(w, "thread_id", cci_trace_thread(r->trace, b->thread)->tid);
    cci_json_uint(w, "site", b->site);
    bool done = !stack || put_stack_trace(w, r, r->profile->sites[b->site].stack);
    cci_json_end_object(w);
    return done;
}

bool cci_json_leaks(cci_json_t *w, const cci_report_t *r, bool stacks)
{
    const cci_profile_t *p = r->profile;

    if (!p->has_blocks) {
        cci_json_null(w, "leaked_allocations");
        cci_json_null(w, "leaked_count");
        cci_json_null(w, "leaked_bytes");
        cci_json_null(w, "suppressed_count");
        cci_json_null(w, "suppressed_bytes");
        return true;
    }
    cci_json_begin_array(w, "leaked_allocations");
    for (size_t i = 0; i < p->leak_listed; i++)
        if (!put_leak(w, r, &p->leaks[i], stacks))
            return false;
    cci_json_end_array(w);
    cci_json_uint(w, "leaked_count", p->leaked_count);
    cci_json_figure(w, "leaked_bytes", p->leaked_bytes, p->estimated ? &p->ci.leaked_bytes : NULL);
    cci_json_uint(w, "suppressed_count", p->suppressed_count);
    cci_json_uint(w, "suppressed_bytes", p->suppressed_bytes);
    return true;
}

/* ---- sites ---- */

static void put_sizes(cci_json_t *w, const cci_site_t *s)
{
    bool any = s->distinct > 0;

    cci_json_begin_object(w, "sizes");
    cci_json_known(w, "min", s->min_size, any);
    cci_json_known(w, "max", s->max_size, any);
    cci_json_uint(w, "distinct", s->distinct);
    cci_json_bool(w, "distinct_is_more", s->distinct > CCI_SITE_SIZES);
    cci_json_end_object(w);
}

static void put_site_figures(cci_json_t *w, const cci_profile_t *p, uint32_t id)
{
    const cci_site_t    *s     = &p->sites[id];
    const cci_site_ci_t *ci    = p->estimated ? &p->site_ci[id] : NULL;
    bool                 exact = !p->estimated;

    cci_json_figure(w, "alloc_count", s->tally.alloc_count, ci ? &ci->alloc_count : NULL);
    cci_json_figure(w, "alloc_bytes", s->tally.alloc_bytes, ci ? &ci->alloc_bytes : NULL);
    cci_json_uint(w, "free_count", s->tally.free_count);
    cci_json_uint(w, "live_count", s->live_count);
    cci_json_figure(w, "live_bytes", s->live_bytes, ci ? &ci->live_bytes : NULL);
    cci_json_uint(w, "leaked_count", s->leaked_count);
    cci_json_uint(w, "leaked_bytes", s->leaked_bytes);
    cci_json_string(w, "suppressed_by", s->suppressed);
    cci_json_uint(w, "suppressed_bytes", s->suppressed_bytes);
    cci_json_uint(w, "peak_bytes", s->peak_bytes);
    cci_json_uint(w, "bytes_at_peak", s->bytes_at_peak);
    cci_json_known(w, "temporary_count", s->tally.temporary, exact);
    cci_json_known(w, "realloc_count", s->realloc_count, exact);
    cci_json_known(w, "realloc_moved_count", s->realloc_moved, exact);
    cci_json_double(w, "mean_lifetime_ns", s->tally.free_count ? round(s->lifetime_ns) : NAN);
    cci_json_uint(w, "cross_thread_free_count", s->tally.cross_thread_frees);
    cci_json_lifetimes(w, p, &s->lifetimes, s->tally.temporary);
    put_sizes(w, s);
}

static bool put_site(cci_json_t *w, const cci_report_t *r, uint32_t id)
{
    cci_json_begin_object(w, NULL);
    cci_json_uint(w, "id", id);
    cci_json_bool(w, "estimated", r->profile->estimated);
    bool done = put_frames(w, r, r->profile->sites[id].stack);
    put_site_figures(w, r->profile, id);
    cci_json_end_object(w);
    return done;
}

static bool put_chosen_sites(cci_json_t *w, const cci_report_t *r, const bool *chosen)
{
    cci_json_begin_array(w, "sites");
    for (uint32_t i = 0; i < r->profile->site_count; i++)
        if (chosen[i] && !put_site(w, r, i))
            return false;
    cci_json_end_array(w);
    return true;
}

bool cci_json_sites(cci_json_t *w, const cci_report_t *r)
{
    bool *chosen = cci_rank_choose(r->profile, r->top);
    bool  done   = chosen && put_chosen_sites(w, r, chosen);

    free(chosen);
    return done;
}
