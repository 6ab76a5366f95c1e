/* SPDX-License-Identifier: MIT */
/* trace/warnings.h - what was wrong with a trace and was passed over.
 *
 * The lines have fixed room and number, so that complaining cannot fail and a file with a million
 * damages says so in one more line.
 */
#ifndef CCI_TRACE_WARNINGS_H
#define CCI_TRACE_WARNINGS_H
#include <stdbool.h>
#include <stddef.h>

enum { CCI_WARNINGS_MAX = 32, CCI_WARNING_BYTES = 160 };

/* All zero is none. */
typedef struct cci_warnings {
    size_t count; /* of lines; at most CCI_WARNINGS_MAX */
    size_t more;  /* told by the last line, when there are all of them */
    bool   incomplete;
    char   line[CCI_WARNINGS_MAX][CCI_WARNING_BYTES];
} cci_warnings_t;

void cci_warn(cci_warnings_t *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same where something of the trace is missing because of it. */
void cci_warn_missing(cci_warnings_t *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
