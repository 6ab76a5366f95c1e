/* SPDX-License-Identifier: MIT */
/* backend/version.c - see backend/version.h. */
#include "backend/version.h"
#include <stdio.h>
#include <string.h>

/* 209 is 2.0.9; since that became too narrow, 20401 is 2.4.1. */
void cci_version_mimalloc(cci_mi_version_t *ask, char *out, size_t capacity)
{
    int v    = ask ? ask() : 0;
    int base = v < 10000 ? 10 : 100;

    out[0] = '\0';
    if (v > 0)
        snprintf(out, capacity, "%d.%d.%d", v / (base * base), v / base % base, v % base);
}

/* "5.3.0-0-g54eaed1": what stands behind the number is of the source it was built from. */
void cci_version_jemalloc(cci_mallctl_t *ask, char *out, size_t capacity)
{
    const char *text = NULL;
    size_t      size = sizeof text;

    if (!ask || ask("version", &text, &size, NULL, 0) != 0)
        text = "";
    snprintf(out, capacity, "%.*s", (int)strcspn(text, "-"), text);
}

void cci_version_tcmalloc(cci_tc_version_t *ask, char *out, size_t capacity)
{
    int         major, minor;
    const char *patch;

    snprintf(out, capacity, "%s", ask ? ask(&major, &minor, &patch) : "");
}

void cci_version_libc(cci_libc_version_t *ask, char *out, size_t capacity)
{
    snprintf(out, capacity, "%s", ask ? ask() : "");
}
