/* SPDX-License-Identifier: MIT */
/* moment.c - see profile/moment.h. */
#include "profile/moment.h"

void cci_moment_close(cci_moment_t *m)
{
    cci_profile_destroy(m->profile);
    cci_trace_close(m->trace);
    *m = (cci_moment_t){ 0 };
}
