/* SPDX-License-Identifier: MIT */
/* contestant.h - one allocator, as its users call it, behind the names that the workloads use.
 *
 * A workload is compiled once for each contestant, with CONTESTANT_NAME defined. These are macros
 * and no functions, so that a size that is a constant in the workload is one for the allocator. No
 * contestant goes through a pointer, and each is linked to its shared library in the ordinary way.
 *
 *   ALLOC(n)          FREE(p, n)              n bytes
 *   ZEROED(n)         FREE(p, n)              n bytes, all zero
 *   ALIGNED(n, a)     FREE_ALIGNED(p, n, a)   n bytes at a multiple of a
 *   NODE(n)           FREE_NODE(p, n)         n bytes on cache lines of their own
 *   contestant_begin()                        before anything is measured
 *
 * An allocator that goes by the name malloc is only there when nothing stands before it:
 * contestant_begin asks the allocator's own counter, and ends the process when another serves.
 */
#ifndef CONTESTANT_H
#define CONTESTANT_H
#include <stdlib.h>
#include <string.h>

#include <ccbench.h>

enum { LINE = 64, PROBE_BYTES = 50000 };

#define UP_TO_LINE(n) (((n) + LINE - 1) / LINE * LINE)

#if defined(CONTESTANT_cc)
#include <ccmem/alloc.h>
#include <ccmem/backend.h>

#define ALLOC(n)              cc_alloc(n)
#define FREE(p, n)            cc_free(p, n)
#define ZEROED(n)             cc_calloc(1, n)
#define ALIGNED(n, a)         cc_alloc_aligned(n, a)
#define FREE_ALIGNED(p, n, a) cc_free_aligned(p, n, a)
#define NODE(n)               cc_alloc_node(n)
#define FREE_NODE(p, n)       cc_free_node(p, n)

/* Over another backend than the one that was asked for it would be another contestant. */
static inline void contestant_begin(void)
{
    const char *why, *wanted = getenv("CCMEM_BACKEND");

    if (strcmp(cc_backend_current(&why)->name, wanted ? wanted : "mimalloc"))
        ccbench_fail("cc", why);
    if (getenv("CCMEM_BENCH_STATISTICS"))
        cc_alloc_stats_enable(true);
}

#elif defined(CONTESTANT_mimalloc)
#include <mimalloc.h>

#define ALLOC(n)      mi_malloc(n)
#define FREE(p, n)    mi_free(p)
#define ZEROED(n)     mi_calloc(1, n)
#define ALIGNED(n, a) mi_malloc_aligned(n, a)

static inline void contestant_begin(void)
{
}

#elif defined(CONTESTANT_jemalloc) || defined(CONTESTANT_jemalloc_sized)
#include <jemalloc/jemalloc.h>

#define ALLOC(n)      malloc(n)
#define ZEROED(n)     calloc(1, n)
#define ALIGNED(n, a) aligned_alloc(a, n)
#if defined(CONTESTANT_jemalloc_sized)
#define FREE(p, n)            sdallocx(p, n, 0)
#define FREE_ALIGNED(p, n, a) sdallocx(p, n, MALLOCX_ALIGN(a))
#else
#define FREE(p, n) free(p)
#endif

static inline uint64_t contestant_bytes(void)
{
    uint64_t bytes = 0;
    size_t   size  = sizeof bytes;

    if (mallctl("thread.allocated", &bytes, &size, NULL, 0))
        ccbench_fail("jemalloc", "it does not count");
    return bytes;
}

#elif defined(CONTESTANT_tcmalloc) || defined(CONTESTANT_tcmalloc_sized)
#include <gperftools/tcmalloc.h>

#define ALLOC(n)      tc_malloc(n)
#define ZEROED(n)     tc_calloc(1, n)
#define ALIGNED(n, a) tc_memalign(a, n)
#if defined(CONTESTANT_tcmalloc_sized)
#define FREE(p, n)            tc_free_sized(p, n)
#define FREE_ALIGNED(p, n, a) tc_free(p) /* it refuses the size of an aligned block */
#else
#define FREE(p, n) tc_free(p)
#endif

static inline void contestant_begin(void)
{
}

#elif defined(CONTESTANT_glibc)
#include <malloc.h>

#define ALLOC(n)      malloc(n)
#define FREE(p, n)    free(p)
#define ZEROED(n)     calloc(1, n)
#define ALIGNED(n, a) aligned_alloc(a, n)

static inline uint64_t contestant_bytes(void)
{
    return mallinfo2().uordblks;
}

#elif defined(CONTESTANT_bare)
/* No allocator but the floor of one: a list in thread-local memory, popped and pushed without a
 * check. It has one block of each size. */
enum { BARE_MAX = 4096 };

static _Thread_local struct bare_block {
    struct bare_block *next;
} * bare_list[BARE_MAX / 16 + 1];

static inline void bare_free(void *p, size_t n)
{
    struct bare_block *b    = p;
    size_t             list = (n + 15) / 16;

    b->next         = bare_list[list];
    bare_list[list] = b;
}

static inline void *bare_alloc(size_t n)
{
    size_t             list = (n + 15) / 16;
    struct bare_block *b    = bare_list[list];

    bare_list[list] = b->next;
    return b;
}

#define ALLOC(n)   bare_alloc(n)
#define FREE(p, n) bare_free(p, n)

static inline void contestant_begin(void)
{
    for (size_t n = 16; n <= BARE_MAX; n += 16) {
        void *p = malloc(n);
        if (!p)
            ccbench_fail("bare", "no memory");
        bare_free(p, n);
    }
}

#elif defined(CONTESTANT_lines)
/* No allocator but the memory that moves under one: lines of an array in turn. A block that one
 * thread writes and another does cannot travel faster than its cache line. */
enum { LINES = 8192 };

static _Alignas(LINE) char lines[LINES][LINE];
static _Thread_local unsigned lines_at;

#define ALLOC(n)   ((void *)lines[lines_at++ % LINES])
#define FREE(p, n) ((void)(p))

static inline void contestant_begin(void)
{
}

#elif defined(CONTESTANT_none)
/* What the loop around an allocation costs. */
static _Alignas(64) char none_block[4096];

#define ALLOC(n)   ((void *)none_block)
#define FREE(p, n) ((void)(p))

static inline void contestant_begin(void)
{
}

#else
#error "which contestant?"
#endif

#if defined(CONTESTANT_glibc) || defined(CONTESTANT_jemalloc) || defined(CONTESTANT_jemalloc_sized)
static inline void contestant_begin(void)
{
    uint64_t before = contestant_bytes();
    void    *probe  = malloc(PROBE_BYTES);

    ccbench_escape(probe);
    if (contestant_bytes() < before + PROBE_BYTES)
        ccbench_fail("malloc", "another allocator than the contestant serves it");
    free(probe);
}
#endif

#ifndef FREE_ALIGNED
#define FREE_ALIGNED(p, n, a) FREE(p, n)
#endif
#ifndef NODE
#define NODE(n)         ALIGNED(UP_TO_LINE(n), LINE)
#define FREE_NODE(p, n) FREE_ALIGNED(p, UP_TO_LINE(n), LINE)
#endif

/* The block, written to as a user would; where there is no memory the process ends here. */
static inline void *touched(void *p)
{
    *(volatile char *)p = 1;
    return p;
}

#endif
