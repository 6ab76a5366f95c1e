/* SPDX-License-Identifier: MIT */
/* fault.c - see fault.h. */
#include "prim/fault.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void cci_fault(const char *module, const char *format, ...)
{
    char    line[256];
    int     n = snprintf(line, sizeof line, "ccmem: %s: ", module);
    va_list arguments;

    va_start(arguments, format);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, arguments);
    va_end(arguments);
    if (n > (int)sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        abort(); /* there is nobody to tell */
    abort();
}
