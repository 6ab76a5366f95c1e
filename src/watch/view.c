/* SPDX-License-Identifier: MIT */
/* view.c - see watch/view.h. */
#include "watch/view.h"

#include "prim/clock.h"
#include "report/html.h"
#include "trace/freeze.h"

enum { EVENTS_AT_ONCE = 8192 };

cc_result_t cci_view_open(cci_view_t *v, const cci_trace_header_t *header, const char *path)
{
    const cci_profile_options_t options = { .slices = !cci_html_missing() };
    cc_result_t                 r       = cci_trace_follow(&v->trace, header, path);

    if (r == CC_RESULT_OK)
        r = cci_feed_create(&v->feed, v->trace, &options);
    v->start_ns = v->known_ns = header->start.mono_ns;
    return r;
}

void cci_view_close(cci_view_t *v)
{
    cci_feed_destroy(v->feed);
    cci_trace_close(v->trace);
    *v = (cci_view_t){ 0 };
}

cc_result_t cci_view_advance(cci_view_t *v, cci_clock_pair_t now)
{
    v->known_ns = now.mono_ns;
    v->backlog  = true;
    return cci_trace_advance(v->trace, now);
}

cc_result_t cci_view_read(cci_view_t *v)
{
    return cci_feed_read(v->feed, EVENTS_AT_ONCE, &v->backlog);
}

/* Up to here events are read. */
static uint64_t read_ns(const cci_view_t *v)
{
    return v->backlog ? v->start_ns + cci_trace_given_ns(v->trace) : v->known_ns;
}

cc_result_t cci_view_moment(const cci_view_t *v, bool whole, cci_moment_t *out)
{
    uint64_t     begun = cci_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    cci_moment_t m     = { .as_of_ns = read_ns(v) };
    cc_result_t  r     = cci_feed_snapshot(v->feed, whole, &m.profile);

    if (r == CC_RESULT_OK)
        r = cci_trace_freeze(&m.trace, v->trace);
    m.work_ns = cci_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
    if (r == CC_RESULT_OK)
        *out = m;
    else
        cci_moment_close(&m);
    return r;
}
