/* SPDX-License-Identifier: MIT */
/* names.c - see report/names.h. */
#include "report/names.h"

cci_frames_t *cci_names_of(cci_names_t *names, const cci_moment_t *m)
{
    if (names->run != m->run)
        cci_names_fini(names);
    names->run = m->run;
    if (names->frames)
        cci_frames_rebind(names->frames, m->trace);
    else
        names->frames = cci_frames_create(m->trace, NULL);
    return names->frames;
}

void cci_names_fini(cci_names_t *names)
{
    cci_frames_destroy(names->frames);
    *names = (cci_names_t){ 0 };
}
