/* SPDX-License-Identifier: MIT */
/* course.c - see report/course.h. */
#include "report/course.h"

cci_course_t cci_course_begin(const cci_report_t *r)
{
    cci_course_t c = { .report = r };

    c.rss_count = cci_trace_rss(r->trace, &c.rss);
    return c;
}

/* Without events there are the measurements of the resident memory, not more of them than there
 * would be intervals. */
static bool next_measurement(cci_course_t *c, cci_course_point_t *out)
{
    if (c->rss_next >= c->rss_count)
        return false;
    *out = (cci_course_point_t){ .end_ns    = c->rss[c->rss_next].time_ns,
                                 .rss_bytes = c->rss[c->rss_next].bytes };
    c->rss_next += c->rss_count / CCI_TIMELINE_MAX + 1;
    return true;
}

bool cci_course_next(cci_course_t *c, cci_course_point_t *out)
{
    const cci_profile_t  *p  = c->report->profile;
    const cci_timeline_t *tl = &p->timeline;

    if (!p->has_blocks)
        return next_measurement(c, out);
    if (c->next >= tl->count)
        return false;
    uint64_t begin = tl->start_ns + ((uint64_t)c->next << tl->step_log2);
    uint64_t end   = begin + (UINT64_C(1) << tl->step_log2);
    end            = end < p->to_ns ? end : p->to_ns;
    while (c->rss_next < c->rss_count && c->rss[c->rss_next].time_ns <= end)
        c->rss_next++;
    *out = (cci_course_point_t){ .end_ns    = end,
                                 .seconds   = (double)(end - begin) / 1e9,
                                 .heap      = tl->point[c->next++],
                                 .rss_bytes = c->rss_next ? c->rss[c->rss_next - 1].bytes : 0 };
    return true;
}
