/* SPDX-License-Identifier: MIT */
/* report/suppress.h - blocks that are not freed, and that nobody wants to hear of.
 *
 * A file of suppressions has one a line; blank lines, and those that begin with '#', are passed over:
 *
 *     leak:PATTERN     a stack with a frame whose function, file or module matches
 *     caller:PATTERN   a stack whose innermost call, that which called malloc, does;
 *                      caller:PATTERN < PATTERN: and its caller the second, and so on
 *
 * A pattern matches any part of a name; '*' is any characters, '^' at its start and '$' at its end
 * hold it to the name's. Suppressed blocks are taken out of the profile's leaks and counted apart.
 *
 * Those of the C library itself (the loader's tables, the buffers of stdio, locales) are
 * suppressed from the start.
 *
 * Failure  CC_RESULT_NO_MEMORY; CC_RESULT_DAMAGED: a line is none; _NOT_FOUND, _DENIED, _IO. With
 *          *line and *why, which outlives the call.
 */
#ifndef CCI_REPORT_SUPPRESS_H
#define CCI_REPORT_SUPPRESS_H
#include <ccmem/result.h>
#include "profile/profile.h"
#include "report/frames.h"

/* All zero is none. */
typedef struct cci_suppressions {
    struct cci_suppression *item;
    size_t                  count, capacity;
} cci_suppressions_t;

void cci_suppressions_fini(cci_suppressions_t *s);

/* Those of the C library. */
CC_NODISCARD cc_result_t cci_suppressions_add_defaults(cci_suppressions_t *s);

/* Those of a text, and of a file. On failure some may have been added. */
CC_NODISCARD cc_result_t cci_suppressions_add_text(cci_suppressions_t *s, const char *text,
                                                   size_t n, size_t *line, const char **why);
CC_NODISCARD cc_result_t cci_suppressions_add_file(cci_suppressions_t *s, const char *path,
                                                   size_t *line, const char **why);

/* Take what they suppress out of the profile's leaks: p->suppressed, and each site's, say how much
 * and by which. Names are asked for only where a suppression may need them. O(sites that leak). */
CC_NODISCARD cc_result_t cci_suppressions_apply(const cci_suppressions_t *s, cci_profile_t *p,
                                                cci_frames_t *frames);

/* Whether a pattern of n bytes matches a name; see above. O(product of the lengths). */
bool cci_pattern_matches(const char *pattern, size_t n, const char *name);

#endif
