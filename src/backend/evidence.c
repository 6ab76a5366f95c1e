/* SPDX-License-Identifier: MIT */
/* backend/evidence.c - see backend/evidence.h.
 *
 * A witness is a function of an allocator whose answer depends on who made a block: an ownership
 * test, or a count of bytes that moves when the allocator works. Witnesses are looked up where an
 * allocator must be to serve malloc: in the program itself (weak references find what is linked
 * statically) or among what is visible to all. A library that was opened privately, as our backends
 * are, has no say.
 *
 * Never asked: jemalloc's arenas.lookup, and any malloc_usable_size, which read around blocks of
 * others and crash.
 *
 * Some counts are of the whole process. Such a witness is heard only when those that know a block,
 * or count for one thread, are silent, and in rounds where it rises by what was allocated and falls
 * by the same. tcmalloc has one of each kind: its ownership test knows nothing before its constructors
 * have run, which can be later than ours.
 */
#define _GNU_SOURCE
#include "backend/evidence.h"
#include <dlfcn.h>
#include <malloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend/version.h"
#include "prim/libc.h"

typedef bool            mi_owns_t(const void *ptr);
typedef int             tc_owns_t(const void *ptr);
typedef struct mallinfo tc_mallinfo_t(void);

#define WEAK __attribute__((weak))
WEAK mi_owns_t        mi_is_in_heap_region;
WEAK cci_mi_version_t mi_version;
WEAK cci_mallctl_t    mallctl;
WEAK tc_owns_t        MallocExtension_GetOwnership;
WEAK tc_mallinfo_t    tc_mallinfo;
WEAK cci_tc_version_t tc_version;

/* find_NAME: the function in the program or visible to it, or NULL. The weak reference is NULL in a
 * program that was linked without the allocator and is started on it. */
#define FINDER(name)                                             \
    static void *find_##name(void)                               \
    {                                                            \
        return name ? (void *)name : dlsym(RTLD_DEFAULT, #name); \
    }
FINDER(mi_is_in_heap_region)
FINDER(mi_version)
FINDER(mallctl)
FINDER(MallocExtension_GetOwnership)
FINDER(tc_mallinfo)
FINDER(tc_version)

/* ---- what witnesses say ---- */

static bool mimalloc_owns(void *function, const void *ptr)
{
    return ((mi_owns_t *)function)(ptr);
}

static bool tcmalloc_owns(void *function, const void *ptr)
{
    enum { OWNED = 1 };
    return ((tc_owns_t *)function)(ptr) == OWNED;
}

/* Bytes that the calling thread ever allocated; 0 when jemalloc was built without figures. */
static uint64_t jemalloc_count(void *function)
{
    uint64_t bytes = 0;
    size_t   size  = sizeof bytes;

    ((cci_mallctl_t *)function)("thread.allocated", &bytes, &size, NULL, 0);
    return bytes;
}

/* Modulo 2^32, as the type has it. */
static uint64_t tcmalloc_count(void *function)
{
    return (uint64_t)((tc_mallinfo_t *)function)().uordblks;
}

/* Either owns, or counts. */
typedef struct witness {
    const char *allocator, *method, *answer;
    void *(*find)(void);
    bool (*owns)(void *function, const void *ptr);
    uint64_t (*count)(void *function);
    bool shared; /* the count is of what is live, of all threads */
} witness_t;

/* Those that are not shared come first. */
enum { EXACT_WITNESSES = 3, WITNESSES = 5 };

static const witness_t witnesses[WITNESSES] = {
    { .allocator = "mimalloc",
      .method    = "mi_is_in_heap_region",
      .answer    = "knows",
      .find      = find_mi_is_in_heap_region,
      .owns      = mimalloc_owns },
    { .allocator = "jemalloc",
      .method    = "mallctl thread.allocated",
      .answer    = "counts",
      .find      = find_mallctl,
      .count     = jemalloc_count },
    { .allocator = "tcmalloc",
      .method    = "MallocExtension_GetOwnership",
      .answer    = "knows",
      .find      = find_MallocExtension_GetOwnership,
      .owns      = tcmalloc_owns },
    { .allocator = "tcmalloc",
      .method    = "tc_mallinfo",
      .answer    = "counts",
      .find      = find_tc_mallinfo,
      .count     = tcmalloc_count,
      .shared    = true },
    { .allocator = "system",
      .method    = "mallinfo2",
      .answer    = "counts",
      .find      = cci_libc_find_mallinfo2,
      .count     = cci_libc_heap_bytes,
      .shared    = true },
};

/* ---- hearing them ---- */

/* The witnesses that could be found; found once, for a look-up that fails allocates its message. */
typedef struct panel {
    void *function[WITNESSES];
} panel_t;

static panel_t find_panel(int count)
{
    panel_t panel = { { NULL } };

    for (int i = 0; i < count; i++)
        panel.function[i] = witnesses[i].find();
    return panel;
}

typedef struct counts {
    uint64_t bytes[WITNESSES];
} counts_t;

static counts_t count(const panel_t *panel)
{
    counts_t c = { { 0 } };

    for (int i = 0; i < WITNESSES; i++)
        if (panel->function[i] && witnesses[i].count)
            c.bytes[i] = witnesses[i].count(panel->function[i]);
    return c;
}

/* Large enough for no per-thread cache to hold, small enough for no allocator to map alone, and
 * odd. Together they count twice their sizes at most. */
enum { FIRST = 70001, SECOND = 70003, BOTH = FIRST + SECOND };

/* Read through a volatile: the compiler knows malloc, and may leave out a pair whose block it sees
 * unused. */
static void *(*volatile program_malloc)(size_t) = malloc;
static void (*volatile program_free)(void *)    = free;

static bool owns_both(const panel_t *panel, int i, const void *first, const void *second)
{
    void *function = panel->function[i];

    return function && witnesses[i].owns && witnesses[i].owns(function, first) &&
           witnesses[i].owns(function, second);
}

static bool has_moved(int i, const counts_t *before, const counts_t *between, const counts_t *after)
{
    uint32_t rise = (uint32_t)(between->bytes[i] - before->bytes[i]);

    return rise >= BOTH && rise <= 2 * BOTH &&
           (!witnesses[i].shared || after->bytes[i] == before->bytes[i]);
}

/* One round: bit i is set when witness i answers for two fresh blocks. */
static unsigned hear(const panel_t *panel)
{
    unsigned heard  = 0;
    counts_t before = count(panel);
    void    *first = program_malloc(FIRST), *second = program_malloc(SECOND);
    counts_t between = count(panel);

    for (int i = 0; i < WITNESSES && first && second; i++)
        heard |= (unsigned)owns_both(panel, i, first, second) << i;
    program_free(first);
    program_free(second);
    counts_t after = count(panel);
    for (int i = 0; i < WITNESSES; i++)
        heard |= (unsigned)has_moved(i, &before, &between, &after) << i;
    return heard;
}

/* ---- the verdict ---- */

static cci_evidence_t verdict_for(int i)
{
    return (cci_evidence_t){ CCI_VERDICT_CLEAR, witnesses[i].allocator, witnesses[i].method,
                             witnesses[i].answer };
}

static cci_evidence_t verdict_unknown(cci_verdict_t verdict)
{
    return (cci_evidence_t){ verdict, "unknown", "", "" };
}

static bool is_one(unsigned bits)
{
    return bits != 0 && (bits & (bits - 1)) == 0;
}

/* Those that are not disturbed by other threads: one round is enough. */
static unsigned hear_exact(void)
{
    panel_t panel = find_panel(EXACT_WITNESSES);
    return hear(&panel);
}

/* The others, until one of them alone answers. */
static unsigned hear_shared(void)
{
    enum { ROUNDS = 100 };
    panel_t  panel = find_panel(WITNESSES);
    unsigned heard = 0;

    for (int round = 0; round < ROUNDS && !is_one(heard); round++) {
        if (round > 0)
            sched_yield();
        heard = hear(&panel);
    }
    return heard;
}

cci_evidence_t cci_evidence_gather(void)
{
    unsigned heard = hear_exact();

    if (!heard)
        heard = hear_shared();
    if (is_one(heard))
        return verdict_for(__builtin_ctz(heard));
    return verdict_unknown(heard ? CCI_VERDICT_TORN : CCI_VERDICT_SILENT);
}

void cci_evidence_version(const char *name, char *out, size_t capacity)
{
    out[0] = '\0';
    if (strcmp(name, "mimalloc") == 0)
        cci_version_mimalloc((cci_mi_version_t *)find_mi_version(), out, capacity);
    else if (strcmp(name, "jemalloc") == 0)
        cci_version_jemalloc((cci_mallctl_t *)find_mallctl(), out, capacity);
    else if (strcmp(name, "tcmalloc") == 0)
        cci_version_tcmalloc((cci_tc_version_t *)find_tc_version(), out, capacity);
    else if (strcmp(name, "system") == 0)
        snprintf(out, capacity, "%s", cci_libc_version());
}
