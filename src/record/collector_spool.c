/* SPDX-License-Identifier: MIT */
/* record/collector_spool.c - see record/collector_spool.h. */
#include "record/collector_spool.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* 0 when there is room for the pools of a few processes, else an errno. */
static int look_for_room(const char *place)
{
    enum { ROOM = 8 << 20 };
    struct statvfs s;

    if (statvfs(place, &s) != 0)
        return errno;
    bool unlimited = s.f_blocks == 0; /* a tmpfs may be */
    return unlimited || (uint64_t)s.f_bavail * s.f_frsize >= ROOM ? 0 : ENOSPC;
}

static int make_directory_in(const char *place, char *path)
{
    char made[PATH_MAX];
    int  error = look_for_room(place);
    int  n     = snprintf(made, sizeof made, "%s/ccmem-XXXXXX", place);

    if (error)
        return error;
    if (n < 0 || (size_t)n >= sizeof made)
        return ENAMETOOLONG;
    if (!mkdtemp(made) || !realpath(made, path)) /* as the system will name it in /proc/PID/maps */
        return errno;
    return 0;
}

/* Memory is the place for it; where there is no such file system, or it is full, a file will do. */
static int make_directory(char *path)
{
    const char *tmp      = getenv("TMPDIR");
    const char *places[] = { "/dev/shm", tmp && *tmp ? tmp : "/tmp", "/tmp" };
    int         error    = 0;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        error = make_directory_in(places[i], path);
        if (!error)
            return 0;
    }
    snprintf(path, PATH_MAX, "%s", places[1]);
    return error;
}

static int make_control(cci_spool_t *s)
{
    char         path[PATH_MAX + 16];
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    snprintf(path, sizeof path, "%s/" CCI_CONTROL_NAME, s->path);
    s->control_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (s->control_fd < 0 || ftruncate(s->control_fd, sizeof(cci_control_t)) != 0 ||
        fcntl(s->control_fd, F_OFD_SETLK, &lock) != 0)
        return errno;
    void *p =
        mmap(NULL, sizeof(cci_control_t), PROT_READ | PROT_WRITE, MAP_SHARED, s->control_fd, 0);
    if (p == MAP_FAILED)
        return errno;
    s->control            = p;
    s->control->collector = getpid();
    s->control->magic     = CCI_CONTROL_MAGIC;
    return 0;
}

int cci_spool_make(cci_spool_t *s)
{
    s->control    = NULL;
    s->control_fd = -1;
    int r         = make_directory(s->path);
    if (r)
        return r;
    r = make_control(s);
    if (r)
        cci_spool_remove(s);
    return r;
}

void cci_spool_remove(cci_spool_t *s)
{
    DIR           *d = opendir(s->path);
    struct dirent *e;

    while (d && (e = readdir(d)))
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    if (s->control)
        munmap(s->control, sizeof *s->control);
    if (s->control_fd >= 0)
        close(s->control_fd);
    rmdir(s->path);
}
