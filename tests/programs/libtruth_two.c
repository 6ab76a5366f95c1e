/* SPDX-License-Identifier: MIT */
/* libtruth_two.c - loaded and unloaded by truth_life; of the size of libtruth_one. */
#include <stdlib.h>

void *plugin_allocate(void);

__attribute__((noinline)) static void *allocates_in_two(void)
{
    void *p = malloc(222);
    __asm__ volatile("" ::: "memory");
    return p;
}

void *plugin_allocate(void)
{
    void *p = allocates_in_two();
    __asm__ volatile("" ::: "memory");
    return p;
}
