/* SPDX-License-Identifier: MIT */
/* mirror.c - see prim/mirror.h.
 *
 * Twice the addresses are reserved first, and each half is replaced by a mapping of the file: so
 * nothing else can come to lie between, and what was reserved is given back as a whole.
 */
#define _GNU_SOURCE
#include "prim/mirror.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prim/pages.h"

void cci_memory_file_close(int file)
{
    int error = errno;

    close(file);
    errno = error;
}

/* A file that got its size, for good. */
static bool settle(int file, size_t bytes)
{
    return ftruncate(file, (off_t)bytes) == 0 &&
           fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
}

int cci_memory_file(size_t bytes)
{
    int error = errno;
    int file  = memfd_create("ccmem", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (file >= 0 && !settle(file, bytes)) {
        close(file);
        file = -1;
    }
    errno = error;
    return file;
}

bool cci_memory_file_holds(int file, size_t bytes)
{
    int         error = errno;
    struct stat s;
    int         seals = fcntl(file, F_GET_SEALS);
    bool        holds =
        seals >= 0 && (seals & F_SEAL_SHRINK) && fstat(file, &s) == 0 && (size_t)s.st_size >= bytes;

    errno = error;
    return holds;
}

void *cci_shared_map(int file, size_t bytes)
{
    int   error = errno;
    void *p     = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

    errno = error;
    return p == MAP_FAILED ? NULL : p;
}

static bool put(void *at, size_t size, int file, size_t offset)
{
    const int flags = MAP_SHARED | MAP_FIXED;

    return mmap(at, size, PROT_READ | PROT_WRITE, flags, file, (off_t)offset) != MAP_FAILED;
}

void *cci_mirror_map(int file, size_t offset, size_t size)
{
    int            error = errno;
    const int      flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    unsigned char *both  = mmap(NULL, 2 * size, PROT_NONE, flags, -1, 0);

    if (both == MAP_FAILED) {
        both = NULL;
    } else if (!put(both, size, file, offset) || !put(both + size, size, file, offset)) {
        cci_mirror_unmap(both, size);
        both = NULL;
    }
    errno = error;
    return both;
}

void cci_mirror_unmap(void *mirror, size_t size)
{
    cci_pages_unmap(mirror, 2 * size);
}
