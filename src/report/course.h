/* SPDX-License-Identifier: MIT */
/* report/course.h - the course of the run, interval by interval, as every report shows it: what
 * the events say, and the resident memory that was measured meanwhile. */
#ifndef CCI_REPORT_COURSE_H
#define CCI_REPORT_COURSE_H
#include "report/report.h"

typedef struct cci_course {
    const cci_report_t     *report;
    const cci_rss_sample_t *rss;
    size_t                  rss_count, rss_next, next;
} cci_course_t;

typedef struct cci_course_point {
    uint64_t             end_ns;
    double               seconds;   /* its length; 0 = a measurement of the resident memory only */
    cci_timeline_point_t heap;      /* all zero without blocks */
    uint64_t             rss_bytes; /* the last one measured, 0 = none */
} cci_course_point_t;

cci_course_t cci_course_begin(const cci_report_t *r);

/* The next interval; false: that was all. O(1) amortised. */
bool cci_course_next(cci_course_t *c, cci_course_point_t *out);

#endif
