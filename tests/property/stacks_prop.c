/* SPDX-License-Identifier: MIT */
/* Property: a captured node stands for exactly the stack that a walk without any memory finds. Two
 * captures give the same node if and only if all their return addresses are the same, however often
 * the stack changed a little, or much, in between.
 *
 *     stacks_prop         some seeds, each printed when it fails
 *     stacks_prop SEED    that one
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/thread.h"
#include "support/maze.h"
#include "support/scratch.h"

enum { SEEDS = 5, THREADS = 4, VISITS = CCMEM_INSTRUMENTED ? 5000 : 100000 };

/* A stack that was seen: its innermost address under the stack of its caller. */
typedef struct seen {
    uintptr_t pc;
    uint32_t  caller; /* number of a stack, 0 = none */
    uint32_t  number; /* from 1; 0 = empty slot */
} seen_t;

typedef struct visitor {
    uint64_t           seed, visits;
    cci_thread_t      *thread;
    cci_unwind_cache_t cache;
    maze_path_t        path;
    seen_t            *table;
    uint32_t           size, used;
    uint32_t          *node_of, *stack_of; /* a stack's node, a node's stack; 0 = not known */
    uint32_t           nodes;
} visitor_t;

static void fail(const visitor_t *v, const char *what)
{
    fprintf(stderr, "seed %llu, %llu visits to go: %s\n", (unsigned long long)v->seed,
            (unsigned long long)v->visits, what);
    exit(1);
}

static void *checked(void *p)
{
    if (!p)
        abort();
    return p;
}

static seen_t *slot(const visitor_t *v, uint32_t caller, uintptr_t pc)
{
    uint64_t at = (pc * 31 + caller) * UINT64_C(0x9E3779B97F4A7C15) >> 20;

    for (;; at++) {
        seen_t *s = &v->table[at & (v->size - 1)];
        if (s->number == 0 || (s->pc == pc && s->caller == caller))
            return s;
    }
}

static void grow(visitor_t *v)
{
    seen_t  *old  = v->table;
    uint32_t size = v->size;

    v->size    = size ? 2 * size : 1 << 14;
    v->table   = checked(calloc(v->size, sizeof *v->table));
    v->node_of = checked(realloc(v->node_of, v->size * sizeof *v->node_of));
    memset(v->node_of + size, 0, (v->size - size) * sizeof *v->node_of);
    for (uint32_t i = 0; i < size; i++)
        if (old[i].number)
            *slot(v, old[i].caller, old[i].pc) = old[i];
    free(old);
}

static uint32_t number_of_path(visitor_t *v)
{
    uint32_t number = 0;

    for (unsigned i = v->path.length; i-- > 0;) {
        if (2 * v->used + 2 >= v->size)
            grow(v);
        seen_t *s = slot(v, number, v->path.pc[i]);
        if (s->number == 0)
            *s = (seen_t){ v->path.pc[i], number, ++v->used };
        number = s->number;
    }
    return number;
}

static uint32_t *stack_of_node(visitor_t *v, uint32_t node)
{
    if (node >= v->nodes) {
        uint32_t more = 2 * node + 1024;
        v->stack_of   = checked(realloc(v->stack_of, more * sizeof *v->stack_of));
        memset(v->stack_of + v->nodes, 0, (more - v->nodes) * sizeof *v->stack_of);
        v->nodes = more;
    }
    return &v->stack_of[node];
}

static void check(maze_t *m, const cci_frame_t *innermost)
{
    visitor_t *v = m->self;
    uint32_t   node;

    v->visits = m->visits;
    if (!cci_stacks_capture(v->thread, innermost, &node))
        fail(v, "no room for a node");
    maze_walk(&v->cache, &v->thread->stacks->bounds, *innermost, CCI_STACK_MAX, &v->path);

    uint32_t  number = number_of_path(v);
    uint32_t *stack  = stack_of_node(v, node);
    if (v->node_of[number] == 0 && *stack == 0) {
        v->node_of[number] = node;
        *stack             = number;
    }
    if (v->node_of[number] != node)
        fail(v, "another node than the last time");
    if (*stack != number)
        fail(v, "the node of another stack");
}

static void *wander(void *self)
{
    visitor_t *v = self;
    /* Mostly shallow, so that stacks come again; now and then deeper than is kept. */
    maze_t m = { .seed      = v->seed,
                 .visits    = VISITS,
                 .visit     = check,
                 .self      = v,
                 .depth_max = v->seed % 8 == 7 ? CCI_STACK_MAX : 6 + (unsigned)v->seed % 4 * 4 };

    v->thread = cci_thread_attach();
    if (!v->thread->stacks)
        fail(v, "not recording");
    maze_run(&m);
    return NULL;
}

static void run(uint64_t seed)
{
    visitor_t *v = checked(calloc(THREADS, sizeof *v));
    pthread_t  thread[THREADS];

    for (uint64_t i = 0; i < THREADS; i++) {
        v[i].seed = seed * THREADS + i + 1;
        grow(&v[i]);
        if (pthread_create(&thread[i], NULL, wander, &v[i]) != 0)
            abort();
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        free(v[i].table);
        free(v[i].node_of);
        free(v[i].stack_of);
    }
    free(v);
}

int main(int argc, char **argv)
{
    scratch_enter();
    setenv(CCI_ENV_OUTPUT, "stacks.ccm", 1);
    if (argc > 1)
        run(strtoull(argv[1], NULL, 10));
    else
        for (uint64_t seed = 0; seed < SEEDS; seed++)
            run(seed);
    puts("ok");
    return 0;
}
