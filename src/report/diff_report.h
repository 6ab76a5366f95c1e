/* SPDX-License-Identifier: MIT */
/* report/diff_report.h - the difference of two runs as text for people and data for programs, and
 * what the gates say to it. docs/diff.md describes both to users. */
#ifndef CCI_REPORT_DIFF_REPORT_H
#define CCI_REPORT_DIFF_REPORT_H
#include "profile/diff.h"
#include "profile/gate.h"
#include "report/places.h"
#include "report/report.h"

/* What a gate says. */
typedef struct cci_verdict {
    const cci_gate_t *gate;
    cci_change_t      change;
    cci_outcome_t     outcome;
    const char       *why;      /* CCI_GATE_UNKNOWN, for people        */
    bool              doubtful; /* it would fail if estimates were sure */
    size_t            places;   /* CCI_GATE_SITES: places like the pattern */
} cci_verdict_t;

typedef struct cci_diff_report {
    const cci_report_t  *side[CCI_SIDES];
    const char          *path[CCI_SIDES];
    const cci_places_t  *places;
    const cci_diff_t    *diff;
    const cci_verdict_t *verdict;
    size_t               verdict_count;
    size_t               top; /* places of each order; 0 = as many as the format thinks right */
    cci_style_t          style;
} cci_diff_report_t;

/* Evaluate a gate; r needs no verdicts. False: out of memory. */
bool cci_verdict_find(const cci_diff_report_t *r, const cci_gate_t *gate, cci_verdict_t *out);

/* "1.20 MiB (1258291 B), was 1.00 MiB (1048576 B), +20.0 %", or why it is unknown. */
enum { CCI_VERDICT_BYTES = 256 };
const char *cci_verdict_text(const cci_verdict_t *v, char out[CCI_VERDICT_BYTES]);

/* Up to n places where an amount changed significantly, the largest change first; *count of them in
 * *out, which the caller frees. *all: how many there are. False: out of memory. */
bool cci_diff_rank(const cci_diff_t *d, cci_amount_t m, size_t n, uint32_t **out, size_t *count,
                   size_t *all);

/* The site to show for a place: of NEW where it has one, the one that allocated most. */
typedef struct cci_shown_site {
    cci_side_t side;
    uint32_t   site;
} cci_shown_site_t;

cci_shown_site_t cci_diff_shown_site(const cci_diff_t *d, uint32_t place);

/* The exporters. False: out of memory; a failed write is kept by the FILE. */
bool cci_diff_text(const cci_diff_report_t *r, FILE *out);
bool cci_diff_json(const cci_diff_report_t *r, FILE *out);
bool cci_diff_html(const cci_diff_report_t *r, FILE *out);

#endif
