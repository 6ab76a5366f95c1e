/* SPDX-License-Identifier: MIT */
/* discard.c - see discard.h. */
#include "prim/pages.h"
#include "prim/discard.h"
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include "prim/system.h"

size_t cci_discard(void *start, size_t bytes)
{
    size_t page  = cci_page_size();
    size_t head  = (size_t)(-(uintptr_t)start & (page - 1));
    int    error = errno;

    if (bytes < head + page)
        return 0;
    bytes = (bytes - head) & ~(page - 1);
    if (madvise((char *)start + head, bytes, MADV_DONTNEED) != 0)
        bytes = 0;
    errno = error;
    return bytes;
}
