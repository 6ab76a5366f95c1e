/* SPDX-License-Identifier: MIT */
/* profile/findings.h - where a change of the program is worth a look.
 *
 * Rules over exact figures only, each with the bounds that it takes; docs/report.md lists them.
 * They say what was seen, never what a change would gain: that is for a measurement to say. What
 * is only about time is not told unless the calls in question take a part of the run that could
 * be felt; how long calls take is measured (profile.h), and without that nobody knows.
 */
#ifndef CCI_PROFILE_FINDINGS_H
#define CCI_PROFILE_FINDINGS_H
#include "profile/profile.h"

enum {
    CCI_FINDINGS_MAX          = 20,
    CCI_FINDING_COUNT_MIN     = 1000, /* events of the kind at the site               */
    CCI_FINDING_PROGRAM_PCT   = 1,    /* of all allocations of the program             */
    CCI_FINDING_TIME_PCT      = 1,    /* of its threads' time, where it is about time  */
    CCI_FINDING_TEMPORARY_PCT = 90,   /* of the site's allocations                     */
    CCI_FINDING_REALLOC_PCT   = 93,   /* of the site's allocations resize again      */
    CCI_FINDING_CROSS_PCT     = 50,   /* of the site's frees                           */
    CCI_FINDING_UNIFORM_PCT   = 90,   /* of the site's blocks are freed                */
    CCI_FINDING_UNIFORM_MAX   = 4096, /* bytes of a block                              */
    CCI_FINDING_ALIGN_PCT     = 50,   /* of the site's allocations are over-aligned    */
    CCI_FINDING_LEAK_PCT      = 25,   /* least growth in a period, of the mean         */
    CCI_FINDING_LEAK_BYTES    = 1 << 20,
    CCI_FINDING_INTERNAL_PCT  = 30, /* of the usable bytes                             */
    CCI_FINDING_EXTERNAL_PCT  = 40, /* of used bytes and those between                 */
    CCI_FINDING_WASTE_BYTES   = 16 << 20
};

/* Calls that took less in all are nothing to save. */
#define CCI_FINDING_TIME_NS 1000000

/* A run that is shorter shows no growth that would go on. */
#define CCI_FINDING_LEAK_NS UINT64_C(10000000000)

/* Fill in p->findings, those of the most events first. False: out of memory. O(sites). */
bool cci_findings_collect(cci_profile_t *p);

/* How often what the finding is about happened: blocks, frees, bytes. */
uint64_t cci_finding_events(const cci_profile_t *p, const cci_finding_t *f);

/* What to call it in a report ("temporary-allocations"), and what it may mean. */
const char *cci_finding_name(cci_finding_kind_t kind);
const char *cci_finding_text(cci_finding_kind_t kind);

/* Whether it is told only where the calls take CCI_FINDING_TIME_PCT of the time. */
bool cci_finding_is_about_time(cci_finding_kind_t kind);

#endif
