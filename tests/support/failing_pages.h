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

static volatile bool failing_pages;

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset)
{
    if (failing_pages && !address && flags & MAP_ANONYMOUS) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

#endif
