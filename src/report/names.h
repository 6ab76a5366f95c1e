/* SPDX-License-Identifier: MIT */
/* report/names.h - the stacks of a program that runs, with their names: read once, for all moments. */
#ifndef CCI_REPORT_NAMES_H
#define CCI_REPORT_NAMES_H
#include "profile/moment.h"
#include "report/frames.h"

/* All zero is none yet. */
typedef struct cci_names {
    cci_frames_t *frames;
    uint64_t      run; /* that they are of */
} cci_names_t;

/* For the stacks of m, until it is closed or they are asked for another's. NULL: out of memory. */
cci_frames_t *cci_names_of(cci_names_t *names, const cci_moment_t *m);

void cci_names_fini(cci_names_t *names);

#endif
