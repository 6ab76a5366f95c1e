/* SPDX-License-Identifier: MIT */
/* tables.c - see tables.h.
 *
 * Every file is written beside its place first; only when all are there and fit the disk are they
 * given their names.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tables.h"

typedef struct tables {
    const char  *command, *folder;
    bool         force, made; /* made: the folder is ours to remove */
    size_t       count;       /* of those that are open */
    char        *path[CCI_CSV_TABLES_MAX];
    cci_output_t file[CCI_CSV_TABLES_MAX];
} tables_t;

static int fail(const char *command, const char *folder, int error)
{
    return cci_fail(CCI_EXIT_SYSTEM, command, folder, "%s", strerror(error));
}

static char *name_file(const char *folder, const char *table)
{
    char *path;

    return asprintf(&path, "%s/%s.csv", folder, table) < 0 ? NULL : path;
}

static int check_table(const char *command, const char *folder, const char *table, bool force)
{
    char *path   = name_file(folder, table);
    int   status = path ? cci_output_check(command, path, force) : fail(command, folder, ENOMEM);

    free(path);
    return status;
}

int cci_tables_check(const char *command, const char *folder, bool force)
{
    size_t             count;
    const char *const *table  = cci_csv_tables(&count);
    int                status = CCI_GO_ON;
    struct stat        st;

    if (stat(folder, &st) != 0)
        return CCI_GO_ON;
    if (!S_ISDIR(st.st_mode))
        return fail(command, folder, ENOTDIR);
    for (size_t i = 0; i < count && status == CCI_GO_ON; i++)
        status = check_table(command, folder, table[i], force);
    return status;
}

static int make_folder(tables_t *t)
{
    t->made = mkdir(t->folder, 0777) == 0;
    return t->made || errno == EEXIST ? CCI_GO_ON : fail(t->command, t->folder, errno);
}

static int open_table(tables_t *t, const char *table)
{
    char *path = name_file(t->folder, table);

    if (!path)
        return fail(t->command, t->folder, ENOMEM);
    int status = cci_output_open(&t->file[t->count], t->command, path, t->force);
    if (status == CCI_GO_ON)
        t->path[t->count++] = path;
    else
        free(path);
    return status;
}

static int write_table(tables_t *t, cci_report_t *r, const char *table)
{
    int status = open_table(t, table);

    if (status != CCI_GO_ON)
        return status;
    cci_output_t *file = &t->file[t->count - 1];
    r->table           = table;
    return cci_report_csv(r, file->file) ? cci_output_flush(file)
                                         : fail(t->command, t->folder, ENOMEM);
}

static int write_all(tables_t *t, cci_report_t *r)
{
    size_t             count;
    const char *const *table  = cci_csv_tables(&count);
    int                status = make_folder(t);

    for (size_t i = 0; i < count && status == CCI_GO_ON; i++)
        status = write_table(t, r, table[i]);
    return status;
}

/* Those that have their names already stay: the system refused in the middle of renaming. */
static int commit_all(tables_t *t)
{
    int status = CCI_EXIT_DONE;

    for (size_t i = 0; i < t->count && status == CCI_EXIT_DONE; i++)
        status = cci_output_commit(&t->file[i]);
    return status;
}

/* What was committed is no longer there to be discarded. */
static void close_all(tables_t *t)
{
    for (size_t i = 0; i < t->count; i++) {
        cci_output_discard(&t->file[i]);
        free(t->path[i]);
    }
}

int cci_tables_write(cci_analysis_t *a, const char *folder, bool force)
{
    tables_t t      = { .command = a->command, .folder = folder, .force = force };
    int      status = write_all(&t, &a->report);

    if (status == CCI_GO_ON)
        status = commit_all(&t);
    close_all(&t);
    if (status != CCI_EXIT_DONE && t.made)
        rmdir(folder); /* unless something is in it */
    return status;
}
