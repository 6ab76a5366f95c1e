/* SPDX-License-Identifier: MIT */
/* profile/profiler_report.h - the public report of a profiler (ccmem/profiler.h) out of a profile. */
#ifndef CCI_PROFILE_PROFILER_REPORT_H
#define CCI_PROFILE_PROFILER_REPORT_H
#include <ccmem/profiler.h>
#include "profile/profiler_recording.h"

/* Of what the options ask for. cc_profiler_report_destroy releases it. CC_RESULT_NO_MEMORY. The
 * profile is destroyed. */
CC_NODISCARD cc_result_t cci_profiler_report_create(const cc_profiler_report_t **out,
                                                    const cc_profiler_options_t *options,
                                                    const cci_part_view_t       *view);

#endif
