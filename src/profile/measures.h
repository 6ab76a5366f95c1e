/* SPDX-License-Identifier: MIT */
/* profile/measures.h - what the recorder measured of one call in so many: how long it took, and how
 * much memory was given for how much asked for. Private to src/profile.
 *
 * A reader adds up what it has seen of a thread; a range is the difference between two moments.
 */
#ifndef CCI_PROFILE_MEASURES_H
#define CCI_PROFILE_MEASURES_H
#include "profile/profile.h"

/* What all threads' measures were at a moment. All zero is the start of the trace. */
typedef struct cci_measures_mark {
    cci_trace_measures_t **thread; /* NULL: nothing yet */
    size_t                 count;
} cci_measures_mark_t;

/* False: out of memory, nothing kept. */
CC_NODISCARD bool cci_measures_mark(cci_measures_mark_t *mark, const cci_trace_t *t);
void              cci_measures_unmark(cci_measures_mark_t *mark);

/* Fill in the profile's measures: what came after the mark; each: those of each thread, too. False: out
 * of memory. */
CC_NODISCARD bool cci_measures_collect(cci_profile_t *p, const cci_trace_t *t,
                                       const cci_measures_mark_t *since, bool each);

#endif
