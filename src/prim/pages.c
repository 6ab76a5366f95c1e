/* SPDX-License-Identifier: MIT */
/* pages.c - see pages.h. */
#include "prim/pages.h"
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

size_t cci_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

void *cci_pages_map(size_t bytes)
{
    int   error = errno;
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    errno = error;
    return pages == MAP_FAILED ? NULL : pages;
}

void cci_pages_unmap(void *pages, size_t bytes)
{
    int error = errno;

    munmap(pages, bytes);
    errno = error;
}
