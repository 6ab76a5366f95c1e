/* SPDX-License-Identifier: MIT */
/* truth_local.h - for programs that record themselves by the preload library they run under. */
#ifndef TRUTH_LOCAL_H
#define TRUTH_LOCAL_H
#include <dlfcn.h>
#include <stdlib.h>
#include "support/local_trace.h"
#include "truth.h"

enum { TOLD_BYTES = 99 };

static local_trace_t local_shown;

static const cci_local_t *local_table(void)
{
    const cci_local_t *table = dlsym(RTLD_DEFAULT, CCI_LOCAL_SYMBOL);

    if (!table || table->bytes != sizeof *table)
        _exit(6);
    return table;
}

static const char *local_start(void)
{
    const cci_local_options_t options = { .mode = CCI_MODE_FULL, .stacks = true };
    const cci_local_t        *table   = local_table();

    if (table->start(&options) != CC_RESULT_OK)
        return "busy";
    local_trace_begin(&local_shown, table->header());
    return "done";
}

/* What was recorded so far into a file. */
static const char *local_write(const char *path)
{
    const cci_local_t *table     = local_table();
    void              *suspended = table->suspend();
    cci_clock_pair_t   now;
    size_t             n;

    bool           exact = table->read(local_trace_take, &local_shown, &now);
    const uint8_t *bytes = local_trace_file(&local_shown, &n);
    FILE          *f     = fopen(path, "we");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        _exit(7);
    local_trace_free(&local_shown);
    table->resume(suspended);
    return exact ? "done" : "inexact";
}

/* Blocks of an allocator that has its memory of malloc, and tells of them itself. */
NOINLINE static void local_tell(unsigned n)
{
    const cci_local_t      *table = local_table();
    const cci_local_event_t e     = { CCI_OP_MALLOC, TOLD_BYTES, 0, __builtin_frame_address(0) };

    for (unsigned i = 0; i < n; i++) {
        uint64_t began = table->allocating();
        void    *p     = malloc(TOLD_BYTES + 1);
        table->allocated(began, p, TOLD_BYTES + 1, &e);
        began = table->freeing(p);
        free(p);
        table->freed(began);
    }
}

#endif
