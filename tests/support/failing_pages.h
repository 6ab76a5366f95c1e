/* SPDX-License-Identifier: MIT */
/* failing_pages.h - lets the system refuse pages to the program.
 *
 * Include it in one source of a test program: it defines mmap for all of it. What libc's own malloc
 * maps is not affected.
 *
 * Example:
 *   failing_pages = true;
 *   CHECK(!cci_pages_map(4096));
 *   failing_pages = false;
 *   failing_pages_at = 2;
 *   CHECK(cci_pages_map(4096) && !cci_pages_map(4096) && cci_pages_map(4096));
 */
#ifndef TEST_FAILING_PAGES_H
#define TEST_FAILING_PAGES_H
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile bool   failing_pages;    /* every request fails */
static volatile size_t failing_pages_at; /* so many requests from now one fails; 0: none */

static bool failing_pages_refuse(void)
{
    size_t at = failing_pages_at;

    if (at)
        failing_pages_at = at - 1;
    return failing_pages || at == 1;
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset)
{
    if (!address && flags & MAP_ANONYMOUS && failing_pages_refuse()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

#endif
