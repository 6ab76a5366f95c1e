/* SPDX-License-Identifier: MIT */
/* backend/info.c - which allocator serves, in the words of ccmem/info.h. Libc only: also a part of
 * libccmem_verify.so. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ccmem/info.h>
#include "backend/evidence.h"
#include "backend/run.h"
#include "prim/checker.h"

/* The environment's strings may go away while the program runs; the known names stay. */
static const char *requested_by_run(void)
{
    static const char *const names[] = { "system", "mimalloc", "jemalloc", "tcmalloc" };
    const char              *asked   = getenv(CCI_ENV_RUN_ALLOCATOR);

    for (size_t i = 0; asked && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], asked) == 0)
            return names[i];
    return "";
}

static void find_claimed(char *out, size_t capacity)
{
    Dl_info where;
    void   *f = dlsym(RTLD_DEFAULT, "malloc");

    out[0] = '\0';
    if (f && dladdr(f, &where) && where.dli_fname)
        snprintf(out, capacity, "%s", where.dli_fname);
}

/* Why nobody is known to serve. */
static void explain_unknown(cci_verdict_t verdict, cc_allocator_info_t *out)
{
    const char *checker = cci_checker();

    if (checker)
        snprintf(out->reason, sizeof out->reason, "%s has put its own malloc in place", checker);
    else if (verdict == CCI_VERDICT_TORN)
        snprintf(out->reason, sizeof out->reason,
                 "more than one allocator takes malloc's blocks for its own");
    else
        snprintf(out->reason, sizeof out->reason,
                 "no known allocator takes malloc's blocks for its own; malloc is in %.160s",
                 out->claimed[0] ? out->claimed : "an unknown file");
}

/* What was asked for does not serve: there, but not in use, or not there at all. */
static const char *what_about(const char *requested)
{
    char version[CC_INFO_VERSION_MAX];

    cci_evidence_version(requested, version, sizeof version);
    return version[0] ? "is loaded but does not serve" : "is not loaded";
}

static void explain_known(const cci_evidence_t *e, cc_allocator_info_t *out)
{
    bool        system = strcmp(e->serving, "system") == 0;
    const char *owner  = system ? "the C library" : e->serving;

    if (out->verified)
        snprintf(out->reason, sizeof out->reason, "malloc's blocks are %s's: %s %s them", owner,
                 e->method, e->answer);
    else
        snprintf(out->reason, sizeof out->reason, "malloc's blocks are %s's: %s %s them; %.40s %s",
                 owner, e->method, e->answer, out->requested, what_about(out->requested));
}

void cc_allocator_info(const char *requested, cc_allocator_info_t *out)
{
    cci_evidence_t e = cci_evidence_gather();

    *out       = (cc_allocator_info_t){ .requested = requested ? requested : requested_by_run(),
                                        .serving   = e.serving,
                                        .method    = e.method };
    bool asked = out->requested[0] != '\0';
    out->verified =
        e.verdict == CCI_VERDICT_CLEAR && (!asked || strcmp(out->requested, e.serving) == 0);
    find_claimed(out->claimed, sizeof out->claimed);
    cci_evidence_version(e.serving, out->version, sizeof out->version);
    if (e.verdict == CCI_VERDICT_CLEAR)
        explain_known(&e, out);
    else
        explain_unknown(e.verdict, out);
}
