/* SPDX-License-Identifier: MIT */
/* libtruth_one.c - loaded and unloaded by truth_life; of the size of libtruth_two. */
#include <stdlib.h>

void *plugin_allocate(void);

__attribute__((noinline)) static void *allocates_in_one(void)
{
    void *p = malloc(111);
    __asm__ volatile("" ::: "memory");
    return p;
}

void *plugin_allocate(void)
{
    void *p = allocates_in_one();
    __asm__ volatile("" ::: "memory");
    return p;
}
