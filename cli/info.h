/* SPDX-License-Identifier: MIT */
/* info.h - what `ccmem info` tells: found out first, written in one of several forms then. */
#ifndef CCI_INFO_H
#define CCI_INFO_H
#include <stdbool.h>
#include <stdio.h>
#include <ccmem/info.h>
#include "report/style.h"

enum { CCI_INFO_BACKENDS_MAX = 8 };

/* An allocator that has a name here. */
typedef struct cci_info_backend {
    const char *name;
    bool        available; /* a program can be started under it */
    bool        cc_alloc;  /* cc_alloc can serve from it in a process like this one */
    char        version[CC_INFO_VERSION_MAX]; /* "" unknown */
    const char *path;                         /* "" unknown */
    const char *reason;                       /* why it is not to be had, "" when it is */
} cci_info_backend_t;

typedef struct cci_info {
    cc_allocator_info_t allocator;
    const char         *backend, *backend_reason; /* of cc_alloc */
    const char         *platform, *policy;
    cc_system_info_t    system;
    cci_info_backend_t  backends[CCI_INFO_BACKENDS_MAX];
    size_t              backend_count;
} cci_info_t;

/* May start processes, to see what can be loaded only at the start of one. */
void cci_info_collect(cci_info_t *info);

/* ---- the forms (info_write.c); failed writes are left in the FILE ---- */

void cci_info_json(const cci_info_t *info, FILE *out);
void cci_info_text(const cci_info_t *info, const cci_style_t *style, FILE *out);

/* One line: what serves, its version, the file that malloc is in, apart by tabs; "-" is unknown. */
void cci_info_line(const cc_allocator_info_t *allocator, FILE *out);

#endif
