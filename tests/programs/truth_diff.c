/* SPDX-License-Identifier: MIT */
/* truth_diff.c - a program to build in several ways, for runs that differ by known amounts.
 *
 *     NODES=N    so many blocks of 48 bytes, every other one freed, and of 24, each freed at once
 *     NEW_WAY    instead of 10 blocks of 512, freed: 100 of 4096 that stay
 *     MOVED      the same code on other lines
 *     RENAMED    make_node is called build_node
 *     INLINED    a function in the middle of the stacks is inlined
 */
#include <stdlib.h>
#include "truth.h"

#ifndef NODES
#define NODES 1000
#endif

#ifdef RENAMED
#define make_node build_node
#endif

#ifdef INLINED
#define MAYBE_INLINED static inline __attribute__((always_inline))
#else
#define MAYBE_INLINED NOINLINE static
#endif

#ifdef MOVED
/*
 *
 *
 */
#endif

NOINLINE static void *load_table(void)
{
    void *p = malloc(4096);
    KEEP_FRAME();
    return p;
}

NOINLINE static void *make_node(void)
{
    void *p = malloc(48);
    KEEP_FRAME();
    return p;
}

NOINLINE static void *copy_name(void)
{
    void *p = malloc(24);
    KEEP_FRAME();
    return p;
}

#ifdef MOVED
/*
 */
#endif

MAYBE_INLINED void add_node(int i)
{
    void *node = make_node();

    free(copy_name());
    if (i % 2)
        free(node);
    KEEP_FRAME();
}

#ifdef NEW_WAY
NOINLINE static void *cache_entry(void)
{
    void *p = malloc(4096);
    KEEP_FRAME();
    return p;
}

static void *volatile cache;

NOINLINE static void finish(void)
{
    for (int i = 0; i < 100; i++)
        cache = cache_entry();
}
#else
NOINLINE static void *old_way(void)
{
    void *p = malloc(512);
    KEEP_FRAME();
    return p;
}

NOINLINE static void finish(void)
{
    for (int i = 0; i < 10; i++)
        free(old_way());
    KEEP_FRAME();
}
#endif

int main(void)
{
    void *table = load_table();

    for (int i = 0; i < NODES; i++)
        add_node(i);
    finish();
    free(table);
    return 0;
}
