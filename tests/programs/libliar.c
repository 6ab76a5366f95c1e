/* SPDX-License-Identifier: MIT */
/* libliar.c - says that every block is mimalloc's. */
#include <stdbool.h>

bool mi_is_in_heap_region(const void *ptr);
bool mi_is_in_heap_region(const void *ptr)
{
    return ptr != 0;
}
