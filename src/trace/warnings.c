/* SPDX-License-Identifier: MIT */
/* warnings.c - see trace/warnings.h. */
#include "trace/warnings.h"

#include <stdarg.h>
#include <stdio.h>

/* The last line counts what found no room, itself included. */
static void warn_without_room(cci_warnings_t *w)
{
    w->more++;
    w->count = CCI_WARNINGS_MAX;
    snprintf(w->line[CCI_WARNINGS_MAX - 1], CCI_WARNING_BYTES, "%zu more warnings", w->more);
}

static __attribute__((format(printf, 2, 0))) void warn(cci_warnings_t *w, const char *format,
                                                       va_list arguments)
{
    if (w->count >= CCI_WARNINGS_MAX - 1)
        warn_without_room(w);
    else
        vsnprintf(w->line[w->count++], CCI_WARNING_BYTES, format, arguments);
}

void cci_warn(cci_warnings_t *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    warn(w, format, arguments);
    va_end(arguments);
}

void cci_warn_missing(cci_warnings_t *w, const char *format, ...)
{
    va_list arguments;

    w->incomplete = true;
    va_start(arguments, format);
    warn(w, format, arguments);
    va_end(arguments);
}
