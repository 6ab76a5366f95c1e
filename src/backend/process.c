/* SPDX-License-Identifier: MIT */
/* backend/process.c - the malloc that the program itself calls, as a backend. */
#include <malloc.h>
#include <stdlib.h>
#include "backend/backend.h"

static void *process_alloc_aligned(size_t size, size_t align)
{
    return aligned_alloc(align, size);
}

static size_t process_usable_size(const void *ptr)
{
    return malloc_usable_size((void *)ptr);
}

const cc_backend_t cci_backend_process = {
    .name          = "process",
    .alloc         = malloc,
    .calloc        = calloc,
    .alloc_aligned = process_alloc_aligned,
    .realloc       = realloc,
    .free          = free,
    .usable_size   = process_usable_size,
};
