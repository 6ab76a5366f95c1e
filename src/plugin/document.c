/* SPDX-License-Identifier: MIT */
/* document.c - see plugin/document.h. */
#include "plugin/document.h"

#include <stdlib.h>
#include <string.h>
#include "report/names.h"
#include "report/plain.h"
#include "report/report.h"

struct cci_plugin_names {
    cci_names_t names;
};

/* ---- formats ---- */

/* "csv:TABLE" -> "csv" and TABLE. */
typedef struct wanted {
    const cci_report_format_t *format;
    const char                *table;
} wanted_t;

static bool is_table(const char *name)
{
    size_t             n;
    const char *const *tables = cci_csv_tables(&n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(tables[i], name) == 0)
            return true;
    return false;
}

/* False: there is no such format. */
static bool find_format(const char *name, wanted_t *out)
{
    const bool table = strncmp(name, "csv:", 4) == 0;

    out->format = cci_report_format(table ? "csv" : name);
    out->table  = table ? name + 4 : "summary";
    return out->format && is_table(out->table);
}

/* Whether there are blocks, and a stack of none is known. Where there are no blocks at all, what is
 * made of stacks is an empty document. */
static bool lacks_stacks(const cci_profile_t *p)
{
    for (size_t i = 0; i < p->site_count; i++)
        if (p->sites[i].stack != 0)
            return false;
    return p->site_count > 0 || !p->has_blocks;
}

/* ---- writing ---- */

static cci_frames_t *frames_of(const cci_moment_t *m, cci_plugin_names_t **names)
{
    if (!*names)
        *names = calloc(1, sizeof **names);
    return *names ? cci_names_of(&(*names)->names, m) : NULL;
}

static bool write_plain(const cci_report_t *r, cci_report_writer_t write, FILE *out)
{
    cci_plain_t plain;

    if (!cci_plain_begin(&plain))
        return false;
    bool done = write(r, out);
    cci_plain_end(&plain);
    return done;
}

static cc_result_t write_report(const cci_report_t *r, const wanted_t *w, FILE *out)
{
    if (!r->frames || !write_plain(r, w->format->write, out))
        return CC_RESULT_NO_MEMORY;
    return fflush(out) == 0 && !ferror(out) ? CC_RESULT_OK : CC_RESULT_IO;
}

cc_result_t cci_plugin_write(const cci_moment_t *m, cci_plugin_names_t **names, const char *format,
                             FILE *out)
{
    wanted_t w;

    if (!find_format(format, &w))
        return CC_RESULT_INVALID;
    if (w.format->missing && w.format->missing())
        return CC_RESULT_UNSUPPORTED;
    if (w.format->stacks && lacks_stacks(m->profile))
        return CC_RESULT_UNSUPPORTED;
    const cci_report_t r = { .trace   = m->trace,
                             .profile = m->profile,
                             .frames  = frames_of(m, names),
                             .table   = w.table,
                             .value   = CCI_AMOUNT_BYTES_AT_PEAK };
    return write_report(&r, &w, out);
}

void cci_plugin_forget(cci_plugin_names_t *names)
{
    if (!names)
        return;
    cci_names_fini(&names->names);
    free(names);
}
