/* SPDX-License-Identifier: MIT */
/* profile/findings.h - sites where a change of the program is worth a look.
 *
 * Rules over exact figures only, each with the bounds that it takes; docs/report.md lists them.
 * They say what was seen, never what a change would gain: that is for a measurement to say.
 */
#ifndef CCI_PROFILE_FINDINGS_H
#define CCI_PROFILE_FINDINGS_H
#include "profile/profile.h"

enum {
    CCI_FINDINGS_MAX          = 20,
    CCI_FINDING_COUNT_MIN     = 1000, /* events of the kind at the site            */
    CCI_FINDING_PROGRAM_PCT   = 1,    /* of all allocations of the program          */
    CCI_FINDING_TEMPORARY_PCT = 90,   /* of the site's allocations                  */
    CCI_FINDING_REALLOC_PCT   = 50,   /* of the site's allocations                  */
    CCI_FINDING_CROSS_PCT     = 50    /* of the site's frees                        */
};

/* Fill in p->findings, those of the most events first. False: out of memory. O(sites). */
bool cci_findings_collect(cci_profile_t *p);

/* How often what the finding is about happened at its site. */
uint64_t cci_finding_events(const cci_profile_t *p, const cci_finding_t *f);

/* What to call it in a report ("temporary-allocations"), and what it may mean. */
const char *cci_finding_name(cci_finding_kind_t kind);
const char *cci_finding_text(cci_finding_kind_t kind);

#endif
