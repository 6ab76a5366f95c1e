/* SPDX-License-Identifier: MIT */
/* Every row of the unwind tables of real files, against what readelf makes of them: libc,
 * libstdc++, the loader, libzstd and this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "prim/module.h"
#include "prim/unwind.h"

/* Where a function's entry stands in readelf's text. */
typedef struct reading {
    FILE        *text;
    const char  *path;
    cci_module_t module;
    int          bp, ra; /* columns; -1: not among them */
    bool         signal_frame;
    uintptr_t    end; /* of the function */
    uintptr_t    row; /* where the row before began, 0 at first */
    char         cfa[32], bp_rule[32], ra_rule[32];
    unsigned     rows, followed;
} reading_t;

/* "c-16" is -16. */
static bool is_offset(const char *rule, char base, long *offset)
{
    char *end;
    if (rule[0] != base || (rule[1] != '-' && rule[1] != '+'))
        return false;
    *offset = strtol(rule + 1, &end, 10);
    return *end == '\0';
}

static bool cfa_agrees(const char *cfa, const cci_unwind_rule_t *r)
{
    if (strncmp(cfa, "rsp+", 4) == 0)
        return r->cfa == CCI_CFA_SP && r->cfa_offset == atol(cfa + 4);
    if (strncmp(cfa, "rbp+", 4) == 0)
        return r->cfa == CCI_CFA_BP && r->cfa_offset == atol(cfa + 4);
    if (strcmp(cfa, "exp") == 0) /* of which one form is known */
        return r->cfa == CCI_CFA_NONE || r->cfa == CCI_CFA_BP_DEREF;
    return r->cfa == CCI_CFA_NONE; /* by another register */
}

static bool bp_agrees(const char *rule, const cci_unwind_rule_t *r)
{
    long offset;

    if (is_offset(rule, 'c', &offset))
        return r->bp == CCI_BP_AT_CFA && r->bp_offset == offset;
    if (strcmp(rule, "exp") == 0)
        return r->bp == CCI_BP_AT_BP;
    return r->bp == CCI_BP_SAME && (strcmp(rule, "u") == 0 || strcmp(rule, "s") == 0);
}

/* A rule that ends the walk is right where something is asked for that is not followed. */
static bool agrees(const reading_t *t, const cci_unwind_rule_t *r)
{
    if (t->signal_frame)
        return r->cfa == CCI_CFA_SIGNAL;
    if (strcmp(t->ra_rule, "c-8") != 0)
        return r->cfa == CCI_CFA_NONE;
    if (r->cfa == CCI_CFA_NONE && strcmp(t->bp_rule, "exp") == 0)
        return true;
    return cfa_agrees(t->cfa, r) && (r->cfa == CCI_CFA_NONE || bp_agrees(t->bp_rule, r));
}

static void check_site(reading_t *t, uintptr_t site)
{
    cci_unwind_rule_t r = cci_unwind_rule_at(t->module.bias + site);

    if (!agrees(t, &r))
        fail_msg("%s: %#lx: CFA %s, rbp %s, ra %s; rule: cfa %d%+d, bp %d%+d", t->path, site,
                 t->cfa, t->bp_rule, t->ra_rule, r.cfa, r.cfa_offset, r.bp, r.bp_offset);
    t->followed += r.cfa != CCI_CFA_NONE;
}

/* The row goes up to `end`: its first and its last byte. */
static void finish_row(reading_t *t, uintptr_t end)
{
    if (t->row && end > t->row) {
        check_site(t, t->row);
        check_site(t, end - 1);
        t->rows++;
    }
    t->row = 0;
}

static void read_columns(reading_t *t, char *line)
{
    int column = 0;

    t->bp = t->ra = -1;
    for (char *name = strtok(line, " \n"); name; name = strtok(NULL, " \n"), column++) {
        t->bp = strcmp(name, "rbp") == 0 ? column : t->bp;
        t->ra = strcmp(name, "ra") == 0 ? column : t->ra;
    }
}

static void read_row(reading_t *t, char *line)
{
    uintptr_t at     = strtoul(line, NULL, 16);
    int       column = 0;

    if (t->end == 0) /* a CIE's */
        return;
    finish_row(t, at);
    t->row = at;
    strcpy(t->bp_rule, "u");
    strcpy(t->ra_rule, "u");
    for (char *rule = strtok(line, " \n"); rule; rule = strtok(NULL, " \n")) {
        if (rule[0] == '(') /* "r10 (r10)" is one rule */
            continue;
        if (column == 1)
            snprintf(t->cfa, sizeof t->cfa, "%s", rule);
        else if (column == t->bp)
            snprintf(t->bp_rule, sizeof t->bp_rule, "%s", rule);
        else if (column == t->ra)
            snprintf(t->ra_rule, sizeof t->ra_rule, "%s", rule);
        column++;
    }
}

static void read_entry(reading_t *t, const char *line)
{
    const char *range = strstr(line, " pc=");
    uintptr_t   start;

    finish_row(t, t->end);
    t->end = 0;
    if (range && sscanf(range, " pc=%lx..%lx", &start, &t->end) != 2)
        fail_msg("%s: %s", t->path, line);
}

/* Which CIE is a signal frame's: one function of one file has it. */
static bool is_signal_return(const reading_t *t)
{
    const uint8_t       *code         = (const uint8_t *)(t->module.bias + t->row + 1);
    static const uint8_t restore_rt[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };

    return t->row + 1 + sizeof restore_rt <= t->end &&
           memcmp(code, restore_rt, sizeof restore_rt) == 0;
}

static void read_text(reading_t *t)
{
    char line[1024];

    while (fgets(line, sizeof line, t->text)) {
        if (strstr(line, " FDE ") || strstr(line, " CIE "))
            read_entry(t, line);
        else if (strncmp(line, "   LOC", 6) == 0)
            read_columns(t, line);
        else if (strspn(line, "0123456789abcdef") == 16 && strstr(line, "ZERO") == NULL)
            read_row(t, line);
        t->signal_frame = t->row && is_signal_return(t);
    }
    finish_row(t, t->end);
}

static void check_module(const void *inside, unsigned rows_min)
{
    reading_t t = { 0 };
    char      self[64], command[4200];

    assert_true(cci_module_find((uintptr_t)inside, &t.module));
    snprintf(self, sizeof self, "/proc/%d/exe", (int)getpid());
    t.path = t.module.path[0] ? t.module.path : self;
    snprintf(command, sizeof command,
             "LC_ALL=C readelf --debug-dump=frames-interp -- '%s' 2>/dev/null", t.path);
    t.text = popen(command, "r");
    assert_non_null(t.text);
    read_text(&t);
    if (WEXITSTATUS(pclose(t.text)) == 127)
        skip(); /* no readelf */
    print_message("%s: %u rows, %u of %u sites lead on\n", t.path, t.rows, t.followed, 2 * t.rows);
    assert_true(t.rows >= rows_min);
}

static void check_library(const char *name, const char *symbol)
{
    void *library = dlopen(name, RTLD_LAZY);

    assert_non_null(library);
    check_module(dlsym(library, symbol), 500);
    dlclose(library);
}

static void test_this_program(void **state)
{
    (void)state;
    check_module((void *)(uintptr_t)check_library, 50);
}

static void test_libc(void **state)
{
    (void)state;
    check_library("libc.so.6", "qsort");
}

static void test_loader(void **state)
{
    (void)state;
    check_module((void *)getauxval(AT_BASE), 500);
}

static void test_libstdcxx(void **state)
{
    (void)state;
    check_library("libstdc++.so.6", "__cxa_throw");
}

static void test_libzstd(void **state)
{
    (void)state;
    check_library("libzstd.so.1", "ZSTD_createCCtx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_this_program), cmocka_unit_test(test_libc),
        cmocka_unit_test(test_loader),       cmocka_unit_test(test_libstdcxx),
        cmocka_unit_test(test_libzstd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
