/* SPDX-License-Identifier: MIT */
/* Property: from wherever malloc is called, cci_unwind_step finds the frames that the compiler's
 * own unwinder finds (backtrace), all of them and no others. And the shapes of frame that the maze
 * promises are there: every kind of rule was used.
 *
 *     unwind_prop         some seeds, each printed when it fails
 *     unwind_prop SEED    that one
 */
#include <execinfo.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prim/stack_bounds.h"
#include "support/maze.h"

enum { SEEDS = 8, VISITS = CCMEM_INSTRUMENTED ? 1000 : 4000, THREADS = 2 };

typedef struct visitor {
    uint64_t           seed;
    cci_unwind_cache_t cache;
    cci_stack_bounds_t bounds;
    maze_path_t        path;
    void              *other[MAZE_PATH_MAX];
    unsigned           kinds; /* bits of cci_cfa_kind_t, and above them of cci_bp_kind_t */
} visitor_t;

static void note_kinds(visitor_t *v)
{
    for (unsigned i = 0; i < v->path.length; i++) {
        cci_unwind_rule_t r = cci_unwind_rule_at(v->path.pc[i] - 1);
        v->kinds |= 1u << r.cfa | 256u << r.bp;
    }
}

static void fail(const visitor_t *v, int n, int first)
{
    fprintf(stderr, "seed %llu:\n", (unsigned long long)v->seed);
    for (int i = 0; i < n || i < (int)v->path.length; i++)
        fprintf(stderr, "  %p %p\n", i < (int)v->path.length ? (void *)v->path.pc[i] : NULL,
                i + first < n ? v->other[i + first] : NULL);
    exit(1);
}

/* backtrace() begins somewhere below; it names where a signal came, and not the byte behind. */
static void check(maze_t *m, const cci_frame_t *innermost)
{
    visitor_t *v     = m->self;
    int        n     = backtrace(v->other, MAZE_PATH_MAX);
    int        first = 0;

    maze_walk(&v->cache, &v->bounds, *innermost, MAZE_PATH_MAX, &v->path);
    while (first < n && (uintptr_t)v->other[first] != innermost->pc)
        first++;
    if (n - first != (int)v->path.length)
        fail(v, n, first);
    for (unsigned i = 0; i < v->path.length; i++)
        if (v->path.pc[i] - v->path.interrupted[i] != (uintptr_t)v->other[(unsigned)first + i])
            fail(v, n, first);
    note_kinds(v);
}

static void *wander(void *self)
{
    visitor_t *v = self;
    maze_t     m = { .seed      = v->seed,
                     .visits    = VISITS,
                     .depth_max = 12 + (unsigned)v->seed % 5 * 16,
                     .visit     = check,
                     .self      = v };

    v->bounds = cci_stack_bounds_own();
    maze_run(&m);
    return NULL;
}

static unsigned run(uint64_t seed)
{
    static visitor_t v[THREADS];
    pthread_t        thread[THREADS];

    memset(v, 0, sizeof v);
    for (uint64_t i = 0; i < THREADS; i++)
        v[i].seed = seed * THREADS + i + 1;
    for (int i = 1; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, wander, &v[i]) != 0)
            abort();
    wander(&v[0]);
    for (int i = 1; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    return v[0].kinds & v[1].kinds;
}

int main(int argc, char **argv)
{
    const unsigned all = 1u << CCI_CFA_NONE | 1u << CCI_CFA_SP | 1u << CCI_CFA_BP |
                         1u << CCI_CFA_BP_DEREF | 1u << CCI_CFA_SIGNAL | 256u << CCI_BP_SAME |
                         256u << CCI_BP_AT_CFA | 256u << CCI_BP_AT_BP;
    unsigned kinds = 0;

    if (argc > 1) {
        run(strtoull(argv[1], NULL, 10));
        return 0;
    }
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        kinds |= run(seed);
    if (kinds != all) {
        fprintf(stderr, "kinds of rule met: %#x of %#x\n", kinds, all);
        return 1;
    }
    puts("ok");
    return 0;
}
