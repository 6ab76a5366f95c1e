/* SPDX-License-Identifier: MIT */
/* source.c - see trace/source.h. */
#include "trace/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cc_result_t result_of_errno(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return CC_RESULT_NOT_FOUND;
    case EACCES:
    case EPERM:
        return CC_RESULT_DENIED;
    case ENOMEM:
        return CC_RESULT_NO_MEMORY;
    default:
        return CC_RESULT_IO;
    }
}

static cc_result_t refuse(cci_source_t *s, cc_result_t result, const char *text, const char **why)
{
    cci_source_close(s);
    *why = text;
    return result;
}

cc_result_t cci_source_open(cci_source_t *s, const char *path, const char **why)
{
    struct stat info;

    /* Not blocking: a FIFO without a writer is refused below, not waited for. */
    *s = (cci_source_t){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
    if (s->fd < 0 || fstat(s->fd, &info) != 0) {
        int error = errno;
        return refuse(s, result_of_errno(error), strerror(error), why);
    }
    if (!S_ISREG(info.st_mode))
        return refuse(s, CC_RESULT_IO, "not a regular file", why);
    s->size = (uint64_t)info.st_size;
    return CC_RESULT_OK;
}

void cci_source_memory(cci_source_t *s, const void *bytes, size_t size)
{
    *s = (cci_source_t){ .fd = -1, .bytes = bytes, .size = size };
}

void cci_source_close(cci_source_t *s)
{
    if (s->fd >= 0)
        close(s->fd);
    *s = (cci_source_t){ .fd = -1 };
}

static cc_result_t read_file(int fd, uint64_t offset, uint8_t *to, size_t n)
{
    while (n) {
        ssize_t got = pread(fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return CC_RESULT_IO;
        to += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return CC_RESULT_OK;
}

cc_result_t cci_source_read(const cci_source_t *s, uint64_t offset, void *to, size_t n)
{
    if (s->fd >= 0)
        return read_file(s->fd, offset, to, n);
    if (n)
        memcpy(to, s->bytes + offset, n);
    return CC_RESULT_OK;
}
